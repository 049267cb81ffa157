"""A warm session of an Isabelle server: theories are written, asked for, and purged.

`use` asks for theories and gives back what the server said of every node (`answers`). A server ends a task when no
command is left to run, which may be before it has found the theories consolidated. So the same is asked again, without
purging, until that is said or a few seconds are over.

A task has two clocks: the server's own limit, and ours, a little later, that cancels it. Where anything is left
unprocessed or running, the session is stopped, and a server of ours killed, because a method that loops keeps its
thread, and whatever is asked next would wait behind it. A session that is no more (the server does not know it, or it
has answered before and now gives no sign of a theory: its ML process died) is started anew, once.

Invariant: a name of a theory is used once in a session, and its nodes are purged after.

Layer: the server.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain import OutsideError
from verifiers.audit import scratch
from verifiers.audit.isabelle.answers import Used, read_used
from verifiers.audit.isabelle.client import CommandError, Ended, Identity, ServerGone
from verifiers.audit.isabelle.server import Server
from verifiers.audit.isabelle.settings import IsabelleSettings

CHECK_DELAY = 0.05
"""Seconds between two looks of the server at its theories."""

GRACE_SECONDS = 2.0
"""Between the server's limit and ours, and for a cancelled task to end."""

CONSOLIDATION_SECONDS = 10.0
"""For theories with nothing left to run to be consolidated, wall time after the server's first answer."""

AGAIN_SECONDS = 0.1
"""Between two questions for the same theories."""

SILENCE_SECONDS = 5.0
"""How long a session that has answered before may give no sign of a question's theories, at least."""

STOP_SECONDS = 10.0
"""For a session to stop on a server that is not ours."""

ANSWER_SECONDS = 30.0
"""For what a server answers at once."""

OPTIONS = (
    "quick_and_dirty=false",
    "skip_proofs=false",
    "record_proofs=-1",
    "headless_consolidate_delay=0.1",
    "headless_prune_delay=5",
)
"""Options of every session: proofs are done and recorded, and theories are found finished soon after they are."""


class Session:
    """One session; it and its server are started when they are first needed."""

    def __init__(
        self, settings: IsabelleSettings, open_server: Callable[[], Server], include: Sequence[str] = ()
    ) -> None:
        self._settings = settings
        self._open_server = open_server
        self._include = sorted(set(include) - {settings.session})
        self._server: Server | None = None
        self._id: str | None = None
        self._has_answered = False
        self._closed_cpu_seconds = 0.0

    @property
    def identity(self) -> Identity:
        """What the server says it is; it is started for that."""
        return self._running().client.identity

    def cpu_seconds(self) -> float:
        """CPU seconds of this session's servers so far."""
        return self._closed_cpu_seconds + (self._server.cpu_seconds() if self._server is not None else 0.0)

    def close(self) -> None:
        """End the session, by ending its server if that is ours."""
        server, session = self._server, self._id
        self._server = self._id = None
        self._has_answered = False
        if server is None:
            return
        if session is not None and not server.ours and not server.client.closed:
            with suppress(OutsideError, TimeoutError):
                task = server.client.start("session_stop", {"session_id": session}, GRACE_SECONDS)
                server.client.wait(task, STOP_SECONDS)
                if server.keeper is not None:
                    server.keeper.stopped(session)
        server.close()
        self._closed_cpu_seconds += server.cpu_seconds()

    def use(self, theories: Mapping[str, str], asked: Sequence[str], seconds: float) -> Used:
        """Write theories (text by name), ask for those in `asked` with all they import, and purge them.

        Raises:
            OutsideError: there is no server, or no session can be started.
        """
        used = self._use(theories, asked, seconds)
        if used.kind == "lost":
            self.close()
            used = self._use(theories, asked, seconds)
        if used.kind in ("timeout", "gone", "lost") or any(node.busy for node in used.nodes.values()):
            self.close()
        return used

    # ------------------------------------------------------------------------------------------------------------

    def _running(self) -> Server:
        if self._server is None:
            self._server = self._open_server()
        return self._server

    def _session(self) -> str:
        if self._id is None:
            settings = self._settings
            argument: dict[str, Any] = {"session": settings.session, "options": [*OPTIONS]}
            if self._include:
                argument["include_sessions"] = self._include
            if settings.session_folders:
                argument["dirs"] = [str(folder) for folder in settings.session_folders]
            ended = self._task("session_start", argument, settings.start_seconds)
            session = ended.answer.get("session_id")
            if not ended.finished or not isinstance(session, str):
                said = ended.message or "no reason given"
                self.close()
                raise OutsideError(
                    f"the Isabelle session {settings.session} does not start ({said}): `isabelle build -b "
                    f"{settings.session}` builds it"
                )
            self._id = session
            keeper = self._running().keeper
            if keeper is not None:
                keeper.started(session)
        return self._id

    def _task(self, name: str, argument: dict[str, Any], seconds: float) -> Ended:
        """Run a task that must end in time."""
        client = self._running().client
        try:
            return client.wait(client.start(name, argument, ANSWER_SECONDS), seconds)
        except TimeoutError as error:
            self.close()
            raise OutsideError(f"Isabelle's `{name}` does not end within {seconds:.0f} s") from error

    def _use(self, theories: Mapping[str, str], asked: Sequence[str], seconds: float) -> Used:
        session = self._session()
        server = self._running()
        for name, text in theories.items():
            (server.folder / f"{name}.thy").write_text(text, encoding="utf-8")
        started = time.monotonic()
        try:
            used = self._ask(asked, seconds, started, silence=self._has_answered)
            patience = time.monotonic() + CONSOLIDATION_SECONDS
            while self._may_settle(used, started + seconds) and time.monotonic() < patience:
                time.sleep(AGAIN_SECONDS)
                used = self._ask(asked, 1.0, started)
            if used.kind == "lost":
                return used
            self._has_answered = self._has_answered or used.kind == "finished"
            self._purge(server, session, list(theories))
        except ServerGone as error:
            return Used("gone", message=str(error), seconds=time.monotonic() - started)
        except CommandError as error:
            return Used("failed", message=str(error), seconds=time.monotonic() - started)
        finally:
            for name in theories:
                (server.folder / f"{name}.thy").unlink(missing_ok=True)
        return used

    def _may_settle(self, used: Used, limit: float) -> bool:
        """Whether a theory is not yet consolidated; what is still at work when its time is over is not waited for."""
        return used.kind == "finished" and any(
            node.pending and (not node.busy or time.monotonic() < limit) for node in used.nodes.values()
        )

    def _ask(self, asked: Sequence[str], seconds: float, started: float, *, silence: bool = False) -> Used:
        """One question for theories that are written; those that are loaded are not run again.

        `silence`: a session that gives no sign of the theories is lost.
        """
        server = self._running()
        argument = {
            "session_id": self._session(),
            "theories": list(asked),
            "master_dir": str(server.folder),
            "pretty_margin": 1_000_000.0,
            "unicode_symbols": False,
            "check_delay": CHECK_DELAY,
            "check_limit": max(1, math.ceil(seconds / CHECK_DELAY)),
            "watchdog_timeout": seconds,
        }
        client = server.client
        try:
            task = client.start("use_theories", argument, ANSWER_SECONDS)
        except ServerGone as error:
            if not silence:
                raise
            return Used("lost", message=str(error))
        try:
            ended = client.wait(task, seconds + GRACE_SECONDS, max(SILENCE_SECONDS, seconds / 2) if silence else None)
        except TimeoutError:
            ended = client.cancel(task, GRACE_SECONDS)
        used = _used(ended, server.folder, time.monotonic() - started)
        unfinished = used.kind == "timeout" or any(node.busy for node in used.nodes.values())
        return replace(used, kind="lost") if silence and unfinished and not client.is_noted(task) else used

    def _purge(self, server: Server, session: str, theories: Sequence[str]) -> None:
        argument = {"session_id": session, "theories": list(theories), "master_dir": str(server.folder)}
        with suppress(CommandError):  # what it purges is named by the caller once; a session unknown is met elsewhere
            server.client.command("purge_theories", argument, ANSWER_SECONDS)

    def build(self, theories: Mapping[str, str], asked: str, seconds: float) -> Ended:
        """Build a session of these theories in a batch process of its own; `asked` imports the others.

        Raises:
            OutsideError: it does not end in time.
        """
        server = self._running()
        folder = server.folder / f"{asked}_build"
        folder.mkdir()
        for name, text in theories.items():
            (folder / f"{name}.thy").write_text(text, encoding="utf-8")
        sessions = "".join(f' "{one}"' for one in self._include)
        lines = [f'session "{asked}_build" = "{self._settings.session}" +']
        lines += [f"  sessions{sessions}"] if sessions else []
        lines += ["  theories", f'    "{asked}"']
        (folder / "ROOT").write_text("\n".join(lines) + "\n", encoding="utf-8")
        folders = [str(folder), *(str(one) for one in self._settings.session_folders)]
        argument = {"session": f"{asked}_build", "dirs": folders, "options": [*OPTIONS[:3]]}
        try:
            return self._task("session_build", argument, seconds)
        finally:
            scratch.remove(folder)


def _used(ended: Ended | None, folder: Path, seconds: float) -> Used:
    """What the end of a question says; None is the end of one that had to be given up."""
    if ended is None or (not ended.finished and ended.message == "Interrupt"):
        return Used("timeout", message="cancelled", seconds=seconds)
    if not ended.finished:
        return Used(
            "lost" if ended.message.startswith("No session") else "failed", message=ended.message, seconds=seconds
        )
    return read_used(ended.answer, folder, seconds)
