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
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args
from xml.etree.ElementTree import Element, ParseError, fromstring

from domain import OutsideError, Reason
from verifiers.audit.rocq.version import program
from verifiers.audit.sandbox import Limits, Sandbox
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

Level = Literal["error", "warning", "notice", "info", "debug"]

_ROUTINE = re.compile(
    rb'<feedback object="state" route="\d+"><state_id val="\d+"/><feedback_content val="'
    rb'(?:processed"/>|processingin"><string>master</string></feedback_content>)</feedback>'
)
"""What the prover says of every sentence. Text of a candidate cannot look like it: there, `<` is always escaped."""
_ADDED = re.compile(rb'<value val="good"><pair><state_id val="(\d+)"/><union val="in_l"><unit/></union></pair></value>')
"""The answer to almost every addition."""

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


class Stopped(Exception):  # noqa: N818 (an event, not an error of ours)
    """The process was interrupted or died; `reason` says why, `state` where if that is known."""

    def __init__(self, reason: Reason, text: str, state: int = 0) -> None:
        super().__init__(text)
        self.reason: Reason = reason
        self.state = state


@dataclass(frozen=True, slots=True)
class IdetopMessage:
    """A message about the sentence of `state`; `start` and `end` are byte offsets into it, or -1."""

    state: int
    level: Level
    text: str
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and what was said before it. A failure's own message is the last of `said`."""

    value: Element
    said: tuple[IdetopMessage, ...]

    @property
    def good(self) -> bool:
        return self.value.get("val") == "good"

    @property
    def state(self) -> int:
        """The state that an addition made, or that a failure is about; 0 when that is unknown."""
        if not self.good:
            return self.said[-1].state
        found = self.value.find(".//state_id")
        return int(found.get("val", "0")) if found is not None else 0


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

    def edit_at(self, state: int) -> Answer:
        """Forget what was added after `state`."""
        answer = self._call(f'<call val="Edit_at"><state_id val="{state}"/></call>')
        self.tip = state
        return answer

    # --------------------------------------------------------------------------------------------- protocol

    def _call(self, request: str) -> Answer:
        try:
            self._write(request.encode())
        except (BrokenPipeError, ConnectionResetError):
            raise self._died() from None
        while True:
            end = self._buffer.find(b"</value>")
            if end >= 0:
                reply = bytes(self._buffer[: end + 8])
                del self._buffer[: end + 8]
                answer = _parse(reply)
                if self._interrupted and not answer.good:
                    raise Stopped("timeout", "Timeout: the limit of CPU seconds was reached", answer.state)
                return answer
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


def text_of(element: Element) -> str:
    """The text of a pretty-printer's document, laid out without a margin: only vertical boxes and newlines break.

    The documents come unformatted (`--xml_format=Ppcmds`), because the prover's own formatting for this protocol cuts
    off what is nested deeper than fifty boxes, whatever `Printing Depth` says.
    """
    parts: list[str] = []
    waiting = [(element, False)]
    while waiting:
        node, vertical = waiting.pop()
        match node.get("val") if node.tag == "ppdoc" else None:
            case "break":
                parts.append("\n" if vertical else " " * int(node[0][0].text or "1"))
            case "newline":
                parts.append("\n")
            case "box":
                waiting.append((node[0][1], node[0][0].get("val") == "vbox"))
            case "tag":
                waiting.append((node[0][1], vertical))
            case None if not len(node):
                parts.append(node.text or "")
            case _:
                waiting += [(child, vertical) for child in reversed(node)]
    return "".join(parts)


def _parse(data: bytes) -> Answer:
    data = _ROUTINE.sub(b"", data)
    added = _ADDED.fullmatch(data)
    if added:
        value = Element("value", val="good")
        value.append(Element("state_id", val=added[1].decode()))
        return Answer(value, ())
    try:
        # Wrapped in an element, the answer cannot declare a document type, hence no entities.
        root = fromstring(b"<r>" + data.replace(b"&nbsp;", b" ") + b"</r>")  # noqa: S314
    except ParseError as error:
        raise Stopped("prover_error", f"the prover's answer is not XML: {error}") from None
    said: list[IdetopMessage] = []
    for feedback in root.iterfind("feedback"):
        message = feedback.find("feedback_content[@val='message']/message")
        if message is None:
            continue
        level = message.find("message_level")
        location = message.find("option/loc")
        state = feedback.find("state_id")
        said.append(
            IdetopMessage(
                int(state.get("val", "0")) if state is not None else 0,
                _level(level.get("val", "") if level is not None else ""),
                text_of(message[-1]),
                *(_offsets(location, "start", "stop") if location is not None else (-1, -1)),
            )
        )
    value = root[-1]
    if value.get("val") == "fail":
        # The failure repeats the error of its feedback, but names the last good state instead of the one that failed.
        failed = [one.state for one in said if one.level == "error"] or [0]
        said = [one for one in said if one.level != "error"]
        said.append(IdetopMessage(failed[-1], "error", text_of(value[-1]), *_offsets(value, "loc_s", "loc_e")))
    return Answer(value, tuple(said))


def _offsets(element: Element, start: str, end: str) -> tuple[int, int]:
    return int(element.get(start, "-1")), int(element.get(end, "-1"))


def _level(name: str) -> Level:
    return cast("Level", name) if name in get_args(Level) else "info"
