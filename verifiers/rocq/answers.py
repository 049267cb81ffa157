"""What `coqidetop` answers, read: replies, what was said before them, and the text of pretty-printed documents."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Literal, cast, get_args
from xml.etree.ElementTree import Element, ParseError, fromstring

from domain import Reason

Level = Literal["error", "warning", "notice", "info", "debug"]

_ROUTINE = re.compile(
    rb'<feedback object="state" route="\d+"><state_id val="\d+"/><feedback_content val="'
    rb'(?:processed"/>|processingin"><string>master</string></feedback_content>)</feedback>'
)
"""What the prover says of every sentence. Text of a candidate cannot look like it: there, `<` is always escaped."""
_ADDED = re.compile(rb'<value val="good"><pair><state_id val="(\d+)"/><union val="in_l"><unit/></union></pair></value>')
"""The answer to almost every addition."""

_NOTICE = re.compile(
    rb'<feedback object="state" route="\d+"><state_id val="(\d+)"/><feedback_content val="message"><message>'
    rb'<message_level val="notice"/><option val="none"/>(.*?)</message></feedback_content></feedback>'
)
"""What a query answers. A search answers with thousands of these, so they are read without a tree."""
_TEXT = re.compile(
    rb'<ppdoc val="(?:string"><string>([^<]*)</string>|break"><pair><int>(\d+)</int>'
    rb'|newline()"|box"><pair><ppbox val="vbox()")'
)

_PIECE = re.compile(
    rb'<ppdoc val="(?:string"><string>([^<]*)</string></ppdoc>|break"><pair><int>(\d+)</int>.*?</ppdoc>'
    rb'|(newline)"/>|box"><pair><ppbox val="(\w+)"|(?:glue|tag)"()>)|(</ppdoc>)'
)
"""What a document in XML consists of, as far as `documents` needs it."""


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


def _flat(document: bytes) -> str | None:
    """What `text_of` says of a document in XML; None for one with vertical boxes, which it must lay out."""
    parts: list[bytes] = []
    for found in _TEXT.finditer(document):
        match found.lastindex:
            case 1:
                parts.append(found[1])
            case 2:
                parts.append(b" " * int(found[2]))
            case 3:
                parts.append(b"\n")
            case _:
                return None
    return unescape(b"".join(parts).replace(b"&nbsp;", b" ").decode())


def documents(data: bytes) -> list[str]:
    """The texts of the documents in XML that stand side by side in an answer, each as `text_of` lays it out."""
    found: list[str] = []
    parts: list[bytes] = []
    vertical = [False]
    """Of what is open, the outermost first: whether its breaks begin a new line."""
    for piece in _PIECE.finditer(data):
        match piece.lastindex:
            case 1:
                parts.append(piece[1])
            case 2:
                parts.append(b"\n" if vertical[-1] else b" " * int(piece[2]))
            case 3:
                parts.append(b"\n")
            case 4:
                vertical.append(piece[4] == b"vbox")
                continue
            case 5:
                vertical.append(vertical[-1])
                continue
            case _:
                vertical.pop()
        if len(vertical) == 1:
            found.append(unescape(b"".join(parts).replace(b"&nbsp;", b" ").decode()))
            parts.clear()
    return found


def notices(data: bytes) -> tuple[list[IdetopMessage], bytes]:
    """The notices with which an answer begins, if nothing else is said in it, and the answer without them."""
    found: list[IdetopMessage] = []
    for notice in _NOTICE.finditer(data):
        text = _flat(notice[2])
        if text is None:
            return [], data
        found.append(IdetopMessage(int(notice[1]), "notice", text))
    rest = _NOTICE.sub(b"", data) if found else data
    return (found, rest) if rest.startswith(b"<value") else ([], data)


def parse(data: bytes) -> Answer:
    said, data = notices(_ROUTINE.sub(b"", data))
    added = _ADDED.fullmatch(data)
    if added:
        value = Element("value", val="good")
        value.append(Element("state_id", val=added[1].decode()))
        return Answer(value, tuple(said))
    try:
        # Wrapped in an element, the answer cannot declare a document type, hence no entities.
        root = fromstring(b"<r>" + data.replace(b"&nbsp;", b" ") + b"</r>")  # noqa: S314
    except ParseError as error:
        raise Stopped("prover_error", f"the prover's answer is not XML: {error}") from None
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
