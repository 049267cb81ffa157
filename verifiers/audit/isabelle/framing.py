"""Messages of the Isabelle server as bytes: short ones are a line, long ones a length and a block.

A long message is a line of digits N followed by N bytes, of which a last line end may be part. The length counts bytes,
so nothing is decoded before a message is whole: a character that is cut in two by a packet is no special case.

Invariant: however a stream of bytes is cut into pieces, `Decoder` yields the same messages, and it holds no more than
`LARGEST` bytes and one piece.

Layer: the server.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from domain import OutsideError
from term_algebra import read_json

LARGEST = 256 << 20
"""Bytes of the longest message that is taken."""

SHORT = 100
"""Messages longer than this are sent in long form, as the server does it."""

_NAME = re.compile(rb"[A-Za-z0-9_.]*")
_LENGTH = re.compile(rb"[0-9]{1,18}\Z")


class ProtocolError(OutsideError):
    """What came over the wire is no message of the Isabelle server."""


class Reply(NamedTuple):
    """A message taken apart: `name` is OK, ERROR, NOTE, FINISHED or FAILED; `argument` is its JSON value or None."""

    name: str
    argument: Any


def encode(message: str) -> bytes:
    """A message as it is sent: long form where the short one would be misread or is not usual."""
    data = message.encode("utf-8") + b"\n"
    if len(data) > SHORT or b"\n" in data[:-1] or b"\r" in data or data.strip().isdigit():
        return b"%d\n%s" % (len(data), data)
    return data


class Decoder:
    """Puts messages together from pieces of any size."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._held = bytearray()
        self._searched = 0
        self._length: int | None = None

    @property
    def in_message(self) -> bool:
        """Whether the stream ended here would cut a message."""
        return bool(self._held) or self._length is not None

    def feed(self, piece: bytes) -> list[bytes]:
        """The messages that `piece` completes, without line ends.

        Raises:
            ProtocolError: a message is longer than the largest that is taken.
        """
        self._held += piece
        messages: list[bytes] = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> bytes | None:
        if self._length is None:
            line = self._line()
            if line is None:
                return None
            if _LENGTH.match(line) is None:
                return line
            self._length = int(line)
            if self._length > self._largest:
                raise ProtocolError(f"the Isabelle server announces {self._length} bytes; {self._largest} are taken")
        if len(self._held) < self._length:
            return None
        block = bytes(self._held[: self._length])
        del self._held[: self._length]
        self._length = None
        return _without_line_end(block)

    def _line(self) -> bytes | None:
        end = self._held.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._held)
            if self._searched > self._largest:
                raise ProtocolError(f"the Isabelle server sent a line of more than {self._largest} bytes")
            return None
        line = bytes(self._held[:end])
        del self._held[: end + 1]
        self._searched = 0
        return line.removesuffix(b"\r")


def parse(message: bytes) -> Reply:
    """A whole message taken apart.

    Raises:
        ProtocolError: its argument is not JSON, or it has no name.
    """
    found = _NAME.match(message)
    name = found.group() if found else b""
    argument = message[len(name) :].strip()
    if not name:
        raise ProtocolError(f"not a message of the Isabelle server: {_shown(message)}")
    if not argument:
        return Reply(name.decode("ascii"), None)
    try:
        return Reply(name.decode("ascii"), read_json(argument))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"the Isabelle server sent no JSON ({error}): {_shown(message)}") from error


def _without_line_end(block: bytes) -> bytes:
    return block.removesuffix(b"\n").removesuffix(b"\r")


def _shown(message: bytes) -> str:
    text = message[:80].decode("utf-8", "replace")
    return repr(text + ("…" if len(message) > len(text) else ""))
