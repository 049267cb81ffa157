"""A warm session of an Isabelle server: theories are written, asked for, and purged.

`use` asks for theories and gives back what the server said of every node. Nothing of it is taken for success: whether a
node is clean (consolidated, not cancelled, nothing unprocessed or running, nothing failed, no error) is asked of each
node, since a task that met its limit ends FINISHED with whatever there is, even with `ok` true.

A task has two clocks: the server's own limit, and ours, a little later, that cancels it. After a timeout the session
is stopped, and a server of ours killed, because a method that loops keeps its thread. A session that the server no
longer knows is started anew, once.

Invariant: a name of a theory is used once in a session, and its nodes are purged after.

Layer: the server.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from domain import OutsideError
from verifiers.audit import scratch
from verifiers.audit.isabelle.client import CommandError, Ended, Identity, ServerGone
from verifiers.audit.isabelle.server import IsabelleSettings, Server

CHECK_DELAY = 0.05
"""Seconds between two looks of the server at its theories."""

GRACE_SECONDS = 2.0
"""Between the server's limit and ours, and for a cancelled task to end."""

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


class NodeMessage(NamedTuple):
    """A message of a node; offsets count Isabelle's symbols from 1, or are -1."""

    kind: str
    text: str
    start: int = -1
    end: int = -1


class Node(NamedTuple):
    """What the server says of one theory."""

    theory: str
    settled: bool
    """Nothing of it is unprocessed, running or cancelled, and all forked proofs have ended."""
    failed: bool
    messages: tuple[NodeMessage, ...]

    @property
    def errors(self) -> tuple[NodeMessage, ...]:
        return tuple(one for one in self.messages if one.kind == "error")

    @property
    def clean(self) -> bool:
        return self.settled and not self.failed and not self.errors


@dataclass(frozen=True, slots=True)
class Used:
    """The end of a question. `failed`: the whole task failed (a missing import, say), `message` says how."""

    kind: Literal["finished", "failed", "timeout", "gone"]
    nodes: Mapping[str, Node] = field(default_factory=dict[str, Node])
    ok: bool = False
    errors: tuple[NodeMessage, ...] = ()
    message: str = ""
    seconds: float = 0.0


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
        if server is None:
            return
        if session is not None and not server.ours and not server.client.closed:
            with suppress(OutsideError, TimeoutError):
                task = server.client.start("session_stop", {"session_id": session}, GRACE_SECONDS)
                server.client.wait(task, GRACE_SECONDS)
        server.close()
        self._closed_cpu_seconds += server.cpu_seconds()

    def use(self, theories: Mapping[str, str], asked: Sequence[str], seconds: float) -> Used:
        """Write theories (text by name), ask for those in `asked` with all they import, and purge them.

        Raises:
            OutsideError: there is no server, or no session can be started.
        """
        used = self._use(theories, asked, seconds)
        if used.kind == "failed" and used.message.startswith("No session"):
            self.close()
            used = self._use(theories, asked, seconds)
        if used.kind in ("timeout", "gone"):
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
        argument = {
            "session_id": session,
            "theories": list(asked),
            "master_dir": str(server.folder),
            "pretty_margin": 1_000_000.0,
            "unicode_symbols": False,
            "check_delay": CHECK_DELAY,
            "check_limit": max(1, math.ceil(seconds / CHECK_DELAY)),
            "watchdog_timeout": seconds,
        }
        try:
            task = server.client.start("use_theories", argument, ANSWER_SECONDS)
            try:
                ended = server.client.wait(task, seconds + GRACE_SECONDS)
            except TimeoutError:
                ended = server.client.cancel(task, GRACE_SECONDS)
            self._purge(server, session, list(theories))
        except ServerGone as error:
            return Used("gone", message=str(error), seconds=time.monotonic() - started)
        except CommandError as error:
            return Used("failed", message=str(error), seconds=time.monotonic() - started)
        finally:
            for name in theories:
                (server.folder / f"{name}.thy").unlink(missing_ok=True)
        took = time.monotonic() - started
        if ended is None or (not ended.finished and ended.message == "Interrupt"):
            return Used("timeout", message="cancelled", seconds=took)
        if not ended.finished:
            return Used("failed", message=ended.message, seconds=took)
        return _read(ended.answer, server.folder, took)

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


def _read(answer: Mapping[str, Any], folder: Path, seconds: float) -> Used:
    """The result of `use_theories`, believed as far as it can be understood.

    A node that is not in our folder is left out; one that occurs twice is not settled.
    """
    nodes: dict[str, Node] = {}
    listed = answer.get("nodes")
    for entry in listed if isinstance(listed, list) else []:
        node = _node(entry, folder)
        if node is not None:
            twice = node.theory in nodes
            nodes[node.theory] = node._replace(settled=node.settled and not twice)
    errors = answer.get("errors")
    read = (
        tuple(_said(one) for one in errors)
        if isinstance(errors, list)
        else (NodeMessage("error", "no list of errors"),)
    )
    return Used("finished", nodes, answer.get("ok") is True, read, seconds=seconds)


def _node(entry: Any, folder: Path) -> Node | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("theory_name"), str):
        return None
    name: str = entry["theory_name"].rpartition(".")[2]
    if not _is_ours(entry.get("node_name"), folder, f"{name}.thy"):
        return None
    status: Any = entry.get("status")
    known: dict[str, Any] = status if isinstance(status, dict) else {}
    settled = known.get("consolidated") is True and known.get("canceled") is False
    settled = settled and known.get("unprocessed") == 0 and known.get("running") == 0
    failed = known.get("ok") is not True or known.get("failed") != 0
    messages = entry.get("messages")
    if not isinstance(messages, list):
        return Node(name, False, failed, ())
    return Node(name, settled, failed, tuple(_said(one) for one in messages))


def _is_ours(node_name: Any, folder: Path, file: str) -> bool:
    """Whether a node is of a file of ours. A path that is not absolute is an abbreviation: only its end can be read."""
    if not isinstance(node_name, str):
        return False
    path = Path(node_name)
    if not path.is_absolute():
        return path.name == file
    return path == folder / file or path.resolve() == (folder / file).resolve()


def _said(entry: Any) -> NodeMessage:
    """A message; one that is not understood counts as an error."""
    if not isinstance(entry, dict) or not isinstance(entry.get("message"), str):
        return NodeMessage("error", f"not understood: {entry!r}"[:200])
    position: Any = entry.get("pos")
    known: dict[str, Any] = position if isinstance(position, dict) else {}
    start, end = known.get("offset"), known.get("end_offset")
    return NodeMessage(
        str(entry.get("kind")),
        entry["message"],
        start if isinstance(start, int) else -1,
        end if isinstance(end, int) else -1,
    )
