"""A Lean process of the language server and its one document: framing, clocks, interruption and death.

The process is the *worker* that `lean --server` starts for every open file; started by ourselves it speaks the same
protocol over its standard streams, answers sooner, and its death is an end of file. Nothing else of the server is
needed: it would only watch the worker and index the compiled libraries.

Every call either answers or raises `Stopped` with a reason of the verdict's vocabulary. At the limit of CPU seconds (or
four times as much wall time) the text is taken away, which makes Lean give up what it was doing; a process that still
computes after `GRACE_SECONDS` is killed, as is one that prints too much. A dead process is never revived here: see
`session`.

Not covered: code that a candidate makes Lean run could write to the protocol's stream. `lint` refuses what would run
it, and no verdict from here is better than `elaborated`.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from domain import OutsideError, Reason
from verifiers.audit.lean.toolchain import Toolchain
from verifiers.audit.sandbox import Sandbox
from verifiers.lean.messages import Broken, Messages
from verifiers.warm import WarmProcess, prover_pid

GRACE_SECONDS = 0.25
"""How long an interrupted process may go on computing before it is killed."""

START_SECONDS = 120.0
"""Wall seconds for a process to start and to read its first text: imports may be large."""

STACK_KIBIBYTES = 65536
"""Stack of each thread; Lean's own choice, a gibibyte, would use up the address space."""

URI = "file:///candidate/Candidate.lean"
"""What the document is called. It is never a file; no project is looked for around it."""

CAPABILITIES = {"lean": {"incrementalDiagnosticSupport": True}}
"""What we can take: messages as they come, each once. A Lean that does not know of it sends all of them each time."""

Level = Literal["error", "warning", "info"]

_LEVELS: Mapping[int, Level] = {1: "error", 2: "warning"}
_UNSOLVED_GOALS, _GOALS_ACCOMPLISHED = 1, 2


class Stopped(Exception):  # noqa: N818 (an event, not an error of ours)
    """The process was interrupted or died; `reason` says why."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Place:
    """A position as the protocol has it: line from 0, column from 0 in UTF-16 code units."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """A message about a part of the document; `unsolved` marks an error that says nothing but that goals are left."""

    level: Level
    text: str
    start: Place
    end: Place
    unsolved: bool


class Server(WarmProcess):
    """A process whose document was read once, as `base`.

    Raises `OutsideError` when the process does not start, and `Stopped` when the base is too much for it.
    """

    def __init__(
        self, toolchain: Toolchain, sandbox: Sandbox, memory_bytes: int, base: str, seconds: float = START_SECONDS
    ) -> None:
        self._base = base
        self.limits = toolchain.limits(1.0, memory_bytes)
        options = ("-Dserver.reportDelayMs=0", f"-s{STACK_KIBIBYTES}", toolchain.memory_option(memory_bytes))
        super().__init__(sandbox, toolchain.argv("--worker", *options, URI), self.limits, toolchain.readable)
        self._version = self._requests = 0
        self._published: list[Mapping[str, Any]] = []
        self.messages = Messages(self._input, self._output, self.limits.output_bytes)
        self._deadline = time.monotonic() + seconds
        try:
            parameters = {"processId": os.getpid(), "rootUri": None, "capabilities": CAPABILITIES}
            self.messages.send({"id": 0, "method": "initialize", "params": parameters})
            self.base_said = self.put(base)
        except Stopped as stopped:
            self.stop()
            if stopped.reason != "prover_error":
                raise
            raise OutsideError(f"the Lean language server does not start: {stopped}") from None
        self.pid = prover_pid(self._box.pid)

    def clock(self, seconds: float) -> None:
        """As `WarmProcess.clock`; and sets the count of output to zero."""
        super().clock(seconds)
        self.messages.received = 0

    # --------------------------------------------------------------------------------------------- document

    def put(self, text: str) -> list[ServerMessage]:
        """Make `text` the document and wait until Lean is done with it; what Lean says of it."""
        self._write_document(text)
        self._ask("textDocument/waitForDiagnostics", {"uri": URI, "version": self._version})
        return [_said(one) for one in self._published if _GOALS_ACCOMPLISHED not in one.get("leanTags", ())]

    def goals(self, place: Place) -> list[str]:
        """The open goals at a place of the document, each as text; none where no tactic is."""
        position = {"line": place.line, "character": place.column}
        answer = self._ask("$/lean/plainGoal", {"textDocument": {"uri": URI}, "position": position})
        return [str(goal) for goal in (answer or {}).get("goals", ())]

    def _write_document(self, text: str) -> None:
        self._version += 1
        self._published = []
        if self._version == 1:
            document = {"uri": URI, "languageId": "lean4", "version": 1, "text": text}
            parameters = {"textDocument": document, "dependencyBuildMode": "never"}
            self.messages.send({"method": "textDocument/didOpen", "params": parameters})
            return
        document = {"uri": URI, "version": self._version}
        parameters = {"textDocument": document, "contentChanges": [{"text": text}]}
        self.messages.send({"method": "textDocument/didChange", "params": parameters})

    # --------------------------------------------------------------------------------------------- protocol

    def _ask(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """The result of a request; `Stopped` when it is not answered within the limits, or is refused."""
        number = self._request(method, parameters)
        while True:
            message = self._next()
            if message is None:
                if self._over():
                    self._interrupt()
                    raise Stopped("timeout", "Timeout: the limit of CPU seconds was reached")
                continue
            if self._take(message) != number:
                continue
            if "error" in message:
                raise Stopped("prover_error", f"the language server refuses: {message['error'].get('message', '')}")
            return message.get("result")

    def _request(self, method: str, parameters: Mapping[str, Any]) -> int:
        self._requests += 1
        self.messages.send({"id": self._requests, "method": method, "params": parameters})
        return self._requests

    def _interrupt(self) -> None:
        """Take the text away, and see that the process comes to rest; kill it if it does not."""
        if not self.pid:
            self._end()
            return
        end = time.monotonic() + GRACE_SECONDS
        try:
            self._write_document(self._base)
            number = self._request("textDocument/waitForDiagnostics", {"uri": URI, "version": self._version})
            answered = False
            while time.monotonic() < end:
                before = self.own_cpu_seconds()
                message = self._next()
                answered = answered or (message is not None and self._take(message) == number)
                if message is None and answered and self.own_cpu_seconds() - before < 0.002:
                    return
        except Stopped:
            pass
        self._end()

    def _take(self, message: Mapping[str, Any]) -> int | None:
        """Note what a message says; the number of the request that it answers, if it is an answer.

        The process sends requests too, whose numbers are its own: what has a method is never an answer.
        """
        method = message.get("method")
        if method is None:
            number = message.get("id")
            return number if isinstance(number, int) else None
        if "id" in message:
            self.messages.send({"id": message["id"], "result": None})
            return None
        parameters = message.get("params") or {}
        if method == "textDocument/publishDiagnostics" and parameters.get("version") == self._version:
            known = self._published if parameters.get("isIncremental") else []
            self._published = [*known, *parameters.get("diagnostics", ())]
        return None

    def _next(self) -> Mapping[str, Any] | None:
        """The next message, or None after a short while without one. A broken stream is the end of the process."""
        try:
            return self.messages.receive(self._over)
        except Broken as broken:
            if broken.reason is None:
                raise self._died() from None
            self._end()
            raise Stopped(broken.reason, str(broken)) from None

    def _died(self) -> Stopped:
        said = self._last_words()
        self._end()
        if killed := self._excess():
            return Stopped(*killed)
        if re.search(r"stack overflow", said, re.IGNORECASE):
            return Stopped("memory", "the prover's stack overflowed")
        if re.search(r"out of memory|excessive memory|bad_alloc|create thread", said, re.IGNORECASE):
            return Stopped("memory", "the prover ran out of memory")
        return Stopped("prover_error", f"the prover died: {said.strip() or 'it said nothing'}")

    def _last_words(self) -> str:
        """The end of the prover's error output."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - 500))
        return self._log.read(500).decode("utf-8", "replace")


def _said(diagnostic: Mapping[str, Any]) -> ServerMessage:
    where = diagnostic.get("fullRange") or diagnostic["range"]
    start, end = (Place(where[side]["line"], where[side]["character"]) for side in ("start", "end"))
    level = _LEVELS.get(diagnostic.get("severity", 1), "info")
    tags = diagnostic.get("leanTags", ())
    return ServerMessage(level, str(diagnostic["message"]), start, end, level == "error" and _UNSOLVED_GOALS in tags)
