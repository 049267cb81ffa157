"""A `coqidetop` process and its document: the XML protocol, clocks, interruption and death.

Every call either answers or raises `Stopped` with a reason of the verdict's vocabulary. A call that reaches the limit
of CPU seconds (or four times as much wall time) is interrupted by SIGINT; a process that does not answer that within
`GRACE_SECONDS` is killed, as is one that prints too much. A dead process is never revived here: see `session`.
"""

from __future__ import annotations

import os
import re
import select
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from domain import OutsideError
from verifiers.audit.rocq.version import program
from verifiers.audit.sandbox import Limits, Sandbox
from verifiers.rocq.answers import Answer, Stopped, parse
from verifiers.warm import WarmProcess, prover_pid

LEAST_WAIT, MOST_WAIT = 0.005, 0.05
"""Seconds between two looks at the clock of a prover that has not answered."""

GRACE_SECONDS = 0.25
"""CPU seconds in which an interrupted process has to answer before it is killed; `simpl`, for one, never does. The
wall limit is eight times as much."""

HEAP = "s=4M,o=200"
"""Sizes of the prover's heap: its own choice (256 MiB for what is young) doubles a process and makes it no faster."""

ARGUMENTS = (
    *("env", f"OCAMLRUNPARAM={HEAP}"),
    *(*program("coqidetop.opt"), "-q", "-main-channel", "stdfds", "-async-proofs", "off", "--xml_format=Ppcmds"),
    *("-async-proofs-tactic-error-resilience", "off", "-async-proofs-command-error-resilience", "off"),
)

_GOAL = re.compile(rb"<goal><string>[^<]*</string>(.*?)</goal>", re.DOTALL)
"""A goal without what it is called in this state."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


class Subgoals(NamedTuple):
    """Goals in focus as they come, how many are shelved where that was asked for, and whether a proof is open."""

    focused: tuple[bytes, ...]
    shelved: int
    proof_open: bool


class Idetop(WarmProcess):
    """A process that has answered `Init`."""

    def __init__(self, sandbox: Sandbox, limits: Limits, options: Sequence[str], readable: Sequence[Path]) -> None:
        super().__init__(sandbox, [*ARGUMENTS, *options], limits, readable)
        self.tip = 1
        self._limits = limits
        self._buffer = bytearray()
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN | select.POLLHUP)
        self.pid = self._box.pid
        self.clock(30.0)
        try:
            self._call('<call val="Init"><option val="none"/></call>')
        except Stopped as stopped:
            said = self._last_words()
            self.stop()
            raise OutsideError(f"coqidetop does not start: {said or stopped}") from None
        self.pid = prover_pid(self._box.pid)

    def clock(self, seconds: float) -> None:
        """As `WarmProcess.clock`; and sets the count of output to zero."""
        super().clock(seconds)
        self._received = 0
        self._interrupted = False

    # --------------------------------------------------------------------------------------------- document

    def add(self, sentence: str) -> Answer:
        """Append a sentence: it is parsed, and executed only if later parsing depends on it."""
        what = f"<pair><string>{sentence.translate(_ESCAPES)}</string><int>-1</int></pair>"
        where = f'<pair><state_id val="{self.tip}"/><bool val="false"/></pair>'
        origin = "<int>0</int></pair><pair><int>0</int><int>0</int></pair></pair>"
        answer = self._call(f'<call val="Add"><pair><pair><pair>{what}{where}</pair>{origin}</call>')
        if answer.good:
            self.tip = answer.state
        return answer

    def goals(self) -> Answer:
        """Execute all that was added; the goals at the tip."""
        return self._call('<call val="Goal"><unit/></call>')

    def status(self) -> Answer:
        """Execute all that was added; where the tip is, and the name of the proof that is open there."""
        return self._call('<call val="Status"><bool val="false"/></call>')

    def subgoals(self, *, shelved: bool = False) -> Subgoals | Answer:
        """The goals in focus at the tip, and how many are `shelved` if that is asked for; or a refusal.

        Goals out of focus are not printed. None is made into a tree: that takes longer than the prover takes to print.
        """
        flags = [f'<bool val="{str(one).lower()}"/>' for one in (True, False, shelved, False)]
        full = f"<string>full</string>{''.join(flags)}"
        reply = self._reply(f'<call val="Subgoals"><goal_flags>{full}</goal_flags></call>')
        value = reply.rfind(b"<value ")
        if not reply.startswith(b'<value val="good">', value):
            return self._read(reply)
        begin = reply.find(b"<goals>", value)
        if begin < 0:
            return Subgoals((), 0, proof_open=False)
        end = begin if reply.startswith(b"<goals><list/>", begin) else reply.find(b"</goal></list>", begin) + 7
        return Subgoals(tuple(_GOAL.findall(reply, begin, end)), reply.count(b"<goal>", end), proof_open=True)

    def ask(self, text: str) -> Answer:
        """What the prover says at the tip to questions, which are not added."""
        said = text.translate(_ESCAPES)
        where = f'<pair><string>{said}</string><state_id val="{self.tip}"/></pair>'
        return self._call(f'<call val="Query"><pair><route_id val="0"/>{where}</pair></call>')

    def edit_at(self, state: int) -> Answer:
        """Forget what was added after `state`."""
        answer = self._call(f'<call val="Edit_at"><state_id val="{state}"/></call>')
        self.tip = state
        return answer

    # --------------------------------------------------------------------------------------------- protocol

    def _call(self, request: str) -> Answer:
        return self._read(self._reply(request))

    def _read(self, reply: bytes) -> Answer:
        answer = parse(reply)
        if self._interrupted and not answer.good:
            raise Stopped("timeout", "Timeout: the limit of CPU seconds was reached", answer.state)
        return answer

    def _reply(self, request: str) -> bytes:
        try:
            self._write(request.encode())
        except (BrokenPipeError, ConnectionResetError):
            raise self._died() from None
        looked = 0
        while True:
            end = self._buffer.find(b"</value>", looked)
            if end >= 0:
                reply = bytes(self._buffer[: end + 8])
                del self._buffer[: end + 8]
                return reply
            looked = max(0, len(self._buffer) - 7)
            if not self._poll.poll(self._patience_ms()):
                over = self._over()
                if over and self._interrupted:
                    self._end()
                    raise Stopped("timeout", "Timeout: the limit was reached, and the prover did not answer")
                if over:
                    self._interrupted = True
                    self._deadline = time.monotonic() + 8 * GRACE_SECONDS
                    self._cpu_limit = self.own_cpu_seconds() + GRACE_SECONDS
                    with suppress(ProcessLookupError):
                        os.kill(self.pid, signal.SIGINT)
                continue
            chunk = os.read(self._output, 1 << 16)
            if not chunk:
                raise self._died()
            self._buffer += chunk
            self._received += len(chunk)
            if self._received > self._limits.output_bytes:
                self._end()
                raise Stopped("output", "the prover printed more than the limit of output")

    def _patience_ms(self) -> int:
        """How long to wait for an answer before the clock is looked at: as long as it cannot run out, within bounds."""
        left = self._cpu_limit - self.own_cpu_seconds()
        return int(1000 * min(max(left, LEAST_WAIT), MOST_WAIT))

    def _write(self, data: bytes) -> None:
        """Write a request; the prover reads it whole before it answers, so a blocking write is safe."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._input, view) :]

    def _died(self) -> Stopped:
        said = self._last_words()
        self._end()
        if killed := self._excess():
            return Stopped(*killed)
        if re.search(r"out of memory|Out_of_memory|cannot allocate", said, re.IGNORECASE):
            return Stopped("memory", "the prover ran out of memory")
        if self._interrupted:
            return Stopped("timeout", "Timeout: the limit was reached, and the prover died of its interruption")
        return Stopped("prover_error", f"the prover died: {said or 'it said nothing'}")

    def _last_words(self) -> str:
        """The last line of the prover's error output."""
        self._log.seek(0)
        lines = self._log.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""
