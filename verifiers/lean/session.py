"""A warm Lean session: a process that has read a *base* (imports and definitions), and texts that come after it.

Every `run` replaces the whole document by the base and a new text. Lean keeps what it knows of the part that did not
change, so imports and the header are elaborated once; the environment after the base is a value that no later text can
change. A process is renewed after `RUNS_PER_PROCESS` runs, when it has grown, and when it died or had to be killed,
unseen by the caller.

Invariant: a run that dies in a process that had others before is repeated in a fresh one, so that it is charged for its
own doings only. What a session accepts is *elaborated* and never enters the library.

Not safe for use from several threads at once.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from domain import Message, OutsideError, Reason
from verifiers.audit.lean.toolchain import Toolchain
from verifiers.audit.sandbox import GIBIBYTE, MEBIBYTE, Sandbox
from verifiers.lean.server import Place, Server, ServerMessage, Stopped

RUNS_PER_PROCESS = 2000
"""Runs after which a process is renewed."""

GROWTH_BYTES = 700 * MEBIBYTE
"""Resident size beyond that of the fresh process with its base, at which a process is renewed."""

OPTIONS = "set_option format.width 100000\n"
"""Said after every base: terms are printed on one line, and imports of a text that follows come too late."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a text. `ok` says that there was no error, `reason` otherwise says why not.

    Positions in `messages` and `failed_at` (where the first error begins) are in characters of the text, negative
    before it, at least its length after it. `unsolved` are the errors that only say that goals are left.
    """

    ok: bool
    reason: Reason | None = None
    messages: tuple[Message, ...] = ()
    unsolved: tuple[Message, ...] = ()
    failed_at: int | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def error(self) -> str:
        """The first error message, or the empty string."""
        return next((message.text for message in self.messages if message.level == "error"), "")


class Lines:
    """The places of a text: offsets in characters, lines from 0, columns in UTF-16 code units."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    def offset(self, place: Place) -> int:
        """The offset of a place; one beyond the end of its line is that end."""
        if place.line >= len(self._starts):
            return len(self._text)
        start = self._starts[place.line]
        end = self._starts[place.line + 1] - 1 if place.line + 1 < len(self._starts) else len(self._text)
        line = self._text[start:end]
        if line.isascii():
            return min(start + place.column, end)
        return start + len(line.encode("utf-16-le")[: 2 * place.column].decode("utf-16-le", "ignore"))

    def place(self, offset: int) -> Place:
        """The place of an offset."""
        offset = max(0, min(offset, len(self._text)))
        line = bisect_right(self._starts, offset) - 1
        return Place(line, len(self._text[self._starts[line] : offset].encode("utf-16-le")) // 2)


class Session:
    """A warm process with a base."""

    def __init__(
        self, toolchain: Toolchain, *, sandbox: Sandbox | None = None, memory_bytes: int = 4 * GIBIBYTE
    ) -> None:
        self.toolchain = toolchain
        self.base = ""
        self.processes = 0
        self._sandbox = sandbox or Sandbox()
        self._memory_bytes = memory_bytes
        self._server: Server | None = None
        self._document, self._text_at = "", 0
        self._runs = 0
        self._settled_bytes = 0
        self._spent = 0.0

    def load(self, text: str) -> Outcome:
        """Make `text` the base of the runs that follow; if it has errors, the session is of no use."""
        self._stop()
        try:
            _ = text.encode()
        except UnicodeEncodeError as error:
            return _unreadable(error)
        self.base = text
        started = time.monotonic()
        try:
            outcome = _outcome(self._start().base_said, Lines(self._based), 0)
        except Stopped as stopped:
            outcome = Outcome(False, stopped.reason, (Message("error", str(stopped)),), (), 0)
        return replace(outcome, seconds=time.monotonic() - started)

    def run(self, text: str, seconds: float = 5.0, *, before: str = "", after: str = "") -> Outcome:
        """What Lean says of `text` after the base.

        Args:
            text: Commands, to their end; errors do not stop Lean.
            seconds: CPU seconds that it may take. The wall limit is four times as much, plus two seconds.
            before: What is put in front (assumed lemmas, say, or the beginning of a theorem).
            after: What is put behind.
        """
        try:
            _ = (before + text + after).encode()
        except UnicodeEncodeError as error:
            return _unreadable(error)
        started = time.monotonic()
        head = self._based + before
        self._document, self._text_at = head + text + after, len(head)
        messages: list[ServerMessage] = []
        reason: Reason | None = None
        said = ""
        cpu = 0.0
        for fresh_only in (False, True):
            server = self._ready(renew=fresh_only)
            others = self._runs > 0
            self._runs += 1
            cpu_started = server.own_cpu_seconds()
            server.clock(seconds)
            try:
                messages = server.put(self._document)
                reason = None
            except Stopped as stopped:
                reason, said = stopped.reason, str(stopped)
            cpu = (server.own_cpu_seconds() if server.alive else server.cpu_seconds) - cpu_started
            if reason not in ("prover_error", "memory") or not others:
                break
        took = time.monotonic() - started
        if reason is not None:
            return Outcome(False, reason, (Message("error", said),), (), 0, took, cpu)
        outcome = _outcome(messages, Lines(self._document), len(head))
        return replace(outcome, seconds=took, cpu_seconds=cpu)

    def goals(self, offset: int, seconds: float = 5.0) -> list[str]:
        """The open goals, as text, at an offset of the text that was run last; none if Lean does not say."""
        if self._server is None or not self._server.alive:
            return []
        self._server.clock(seconds)
        try:
            return self._server.goals(Lines(self._document).place(self._text_at + offset))
        except Stopped:
            return []

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all processes that this session has had."""
        return self._spent + (self._server.cpu_seconds if self._server else 0.0)

    @property
    def server(self) -> Server | None:
        """The process, while there is one."""
        return self._server

    def close(self) -> None:
        """End the process and remove its folder."""
        self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _based(self) -> str:
        return f"{self.base}\n{OPTIONS}"

    def _ready(self, *, renew: bool) -> Server:
        """The process with the base read: the one at hand, unless it is dead or worn out."""
        server = self._server
        if server is not None and server.alive and not renew:
            worn = self._runs >= RUNS_PER_PROCESS or server.resident_bytes > self._settled_bytes + GROWTH_BYTES
            if not worn:
                return server
        self._stop()
        try:
            return self._start()
        except Stopped as stopped:
            raise OutsideError(f"the base of a session no longer loads: {stopped}") from None

    def _start(self) -> Server:
        self._server = Server(self.toolchain, self._sandbox, self._memory_bytes, self._based)
        self.processes += 1
        self._runs = 0
        self._settled_bytes = self._server.resident_bytes
        return self._server

    def _stop(self) -> None:
        if self._server is not None:
            self._spent += self._server.stop()
            self._server = None


def _unreadable(error: UnicodeEncodeError) -> Outcome:
    return Outcome(False, "does_not_compile", (Message("error", str(error)),), (), 0)


def _outcome(said: list[ServerMessage], lines: Lines, start: int) -> Outcome:
    """What messages about a document mean for the text in it that begins at `start`."""
    messages: list[tuple[Message, bool]] = []
    for one in said:
        begins, ends = (lines.offset(place) - start for place in (one.start, one.end))
        messages.append((Message(one.level, one.text, begins, max(begins, ends)), one.unsolved))
    messages.sort(key=lambda pair: (pair[0].start, pair[0].end))
    errors = [message for message, _ in messages if message.level == "error"]
    out_of_memory = any("excessive memory consumption" in message.text for message in errors)
    reason: Reason | None = ("memory" if out_of_memory else "does_not_compile") if errors else None
    everything = tuple(message for message, _ in messages)
    unsolved = tuple(message for message, is_unsolved in messages if is_unsolved)
    return Outcome(not errors, reason, everything, unsolved, errors[0].start if errors else None)
