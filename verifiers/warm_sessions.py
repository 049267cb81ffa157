"""Warm sessions: one for each header, the least recently used of them closed first.

Invariant: a session that was started is either kept here or closed, and its CPU seconds are counted once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from domain import Reason


class _Session(Protocol):
    @property
    def cpu_seconds(self) -> float: ...
    def close(self) -> None: ...


class _Outcome(Protocol):
    @property
    def ok(self) -> bool: ...
    @property
    def reason(self) -> Reason | None: ...


MOST_REFUSED = 1000
"""Headers that are remembered because they do not compile."""

Warm = TypeVar("Warm", bound=_Session)
Loaded = TypeVar("Loaded", bound=_Outcome)


class WarmSessions(Generic[Warm, Loaded]):
    """At most `most` sessions; `start` makes one that has loaded a header, and says what came of that."""

    def __init__(self, most: int, start: Callable[[str], tuple[Warm, Loaded]]) -> None:
        self._most = most
        self._start = start
        self._sessions: OrderedDict[str, Warm] = OrderedDict()
        self._refused: OrderedDict[str, Loaded] = OrderedDict()
        self._closed_cpu_seconds = 0.0

    def get(self, header: str) -> Warm | Loaded:
        """The session with this header, or what came of loading it; a header that does not compile is tried once."""
        if header in self._refused:
            return self._refused[header]
        if header in self._sessions:
            self._sessions.move_to_end(header)
            return self._sessions[header]
        session, outcome = self._start(header)
        self._sessions[header] = session
        if not outcome.ok:
            self._close(header)
            if outcome.reason == "does_not_compile":
                self._refused[header] = outcome
                if len(self._refused) > MOST_REFUSED:
                    self._refused.popitem(last=False)
            return outcome
        while len(self._sessions) > self._most:
            self._close(next(iter(self._sessions)))
        return session

    @contextmanager
    def borrowed(self, header: str, *, alone: bool) -> Generator[Warm | Loaded]:
        """As `get`; `alone`, with a session that nobody else has, before or after."""
        if not alone:
            yield self.get(header)
            return
        session, outcome = self._start(header)
        try:
            yield session if outcome.ok else outcome
        finally:
            session.close()
            self._closed_cpu_seconds += session.cpu_seconds

    @property
    def cpu_seconds(self) -> float:
        """Of all sessions so far."""
        return self._closed_cpu_seconds + sum(session.cpu_seconds for session in self._sessions.values())

    def close(self) -> None:
        """End all sessions; `get` starts new ones."""
        while self._sessions:
            self._close(next(iter(self._sessions)))

    def _close(self, header: str) -> None:
        session = self._sessions.pop(header)
        session.close()
        self._closed_cpu_seconds += session.cpu_seconds
