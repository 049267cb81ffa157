"""Rocq text cut into sentences and identifiers, without a prover.

Invariant: what `split` calls one sentence is what the prover reads as one sentence, whatever comments and strings it
contains; text that the prover's lexer would refuse (a comment or string without an end) raises `Unterminated`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Unterminated(ValueError):  # noqa: N818 (a claim about the text)
    """A comment or a string of the text has no end."""


class Sentence(NamedTuple):
    """One sentence with its final full stop, or a bullet or brace; offsets are in characters of the whole text."""

    text: str
    start: int
    end: int


class Identifier(NamedTuple):
    """A maximal (perhaps qualified) name, for example `x'` or `Nat.add`."""

    text: str
    start: int
    end: int


_BULLET = re.compile(r"-+|\++|\*+|\}|(?:(?:\d+|\[[^\W\d][\w']*\]|all|!)\s*:\s*)?\{(?!\|)")
_NAME = r"(?:[^\W\d]|_)[\w']*"
_IDENTIFIER = re.compile(rf"{_NAME}(?:\.{_NAME})*")
_NUMBER = re.compile(r"\d[\w']*(?:\.\d[\w']*)?")
_BLANK = re.compile(r"\s")


def _skip_string(text: str, start: int) -> int:
    """The offset after the string that begins at `start`; a doubled quote inside stands for one."""
    at = start + 1
    while True:
        at = text.find('"', at)
        if at < 0:
            raise Unterminated(f"the string that begins at character {start} has no end")
        if not text.startswith('""', at):
            return at + 1
        at += 2


_IN_COMMENT = re.compile(r'\(\*|\*\)|"')


def _skip_comment(text: str, start: int) -> int:
    """The offset after the (nested) comment that begins at `start`; strings inside hide its delimiters."""
    depth, at = 1, start + 2
    while depth:
        found = _IN_COMMENT.search(text, at)
        if found is None:
            raise Unterminated(f"the comment that begins at character {start} has no end")
        if found.group() == '"':
            at = _skip_string(text, found.start())
        else:
            depth += 1 if found.group() == "(*" else -1
            at = found.end()
    return at


class _Piece(NamedTuple):
    kind: str
    """`blank`, `comment`, `string`, `name`, `number` or `other`."""
    start: int
    end: int


def _pieces(text: str, start: int = 0) -> Iterator[_Piece]:
    """The text in consecutive pieces; anything that is not named is an `other` of one character."""
    at = start
    while at < len(text):
        if text.startswith("(*", at):
            kind, end = "comment", _skip_comment(text, at)
        elif text[at] == '"':
            kind, end = "string", _skip_string(text, at)
        elif found := _IDENTIFIER.match(text, at):
            kind, end = "name", found.end()
        elif found := _NUMBER.match(text, at):
            kind, end = "number", found.end()
        else:
            kind, end = ("blank" if text[at].isspace() else "other"), at + 1
        yield _Piece(kind, at, end)
        at = end


def _sentence_end(text: str, start: int) -> int:
    """The offset after the sentence that begins at `start` (a full stop or an ellipsis, then a blank or the end)."""
    stops = 0
    for piece in _pieces(text, start):
        if piece.kind == "other" and text[piece.start] == ".":
            stops += 1
            closed = piece.end == len(text) or _BLANK.match(text, piece.end) is not None
            if closed and stops in (1, 3):
                return piece.end
        else:
            stops = 0
    return len(text)


def split(text: str) -> list[Sentence]:
    """The sentences of a text in order; what is left after the last full stop is a sentence without one.

    Comments and blanks between sentences belong to none of them. Raises `Unterminated`.
    """
    sentences: list[Sentence] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text.startswith("(*", at):
            at = _skip_comment(text, at)
        else:
            bullet = _BULLET.match(text, at)
            end = bullet.end() if bullet else _sentence_end(text, at)
            sentences.append(Sentence(text[at:end].rstrip(), at, end))
            at = end
    return sentences


def identifiers(text: str) -> list[Identifier]:
    """The names in a text, outside comments, strings and scope keys (`%nat`)."""
    return [
        Identifier(text[piece.start : piece.end], piece.start, piece.end)
        for piece in _pieces(text)
        if piece.kind == "name" and not text.startswith("%", max(piece.start - 1, 0))
    ]


def rename(text: str, table: Mapping[str, str]) -> str:
    """Replaces every name that is a key of `table`; a qualified name is replaced only as a whole."""
    parts: list[str] = []
    at = 0
    for name in identifiers(text):
        if name.text in table:
            parts += [text[at : name.start], table[name.text]]
            at = name.end
    return "".join([*parts, text[at:]])


def normal_text(text: str) -> str:
    """The text without comments and with single blanks: equal for texts that differ only in layout."""
    parts: list[str] = []
    for piece in _pieces(text):
        if piece.kind in ("blank", "comment"):
            if parts and parts[-1] != " ":
                parts.append(" ")
        else:
            parts.append(text[piece.start : piece.end])
    return "".join(parts).strip()
