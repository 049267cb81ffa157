"""Lean's tokens, as far as they can be told without its extensible grammar: words, strings, symbols, comments.

A word is an identifier with its dots (`Nat.add`, `«any thing».x`) or a keyword: Lean gives both the same shape. Every
character that cannot be in a word, a number or a literal is a symbol by itself.

Invariant: where this module sees a string, a character or a comment, Lean sees one too, or the text is refused. What
might be read otherwise is reported as `doubtful`: a string that might be interpolated, or raw; a character that might
open a string; a sign right before a comment, because Lean's signs are longer than ours (`<--x` is `<-` and `-x` there,
and `//-1` is `//` and `-1`).

Layer: lint.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from verifiers.audit.refusals import Unterminated

Kind = Literal["word", "number", "string", "character", "symbol"]

_LETTERS = "a-zA-Z_À-ÖØ-öø-ſα-κμ-ωΑ-ΟΡΤ-Ωϊ-ϻἀ-῾℀-⅏\U0001d49c-\U0001d59f"
_PART = rf"(?:[{_LETTERS}][{_LETTERS}0-9'!?\u2080-\u2089\u2090-\u209c\u1d62-\u1d6a\u2c7c]*|«[^»\n]*»)"
_WORD = re.compile(rf"{_PART}(?:\.{_PART})*")
_NUMBER = re.compile(r"0[xXbBoO][0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_RAW = re.compile(r'r(#*)"')
_CHARACTER = re.compile(r"'(?:\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|[^\\'\n])'")
_OPENS_OR_CLOSES = re.compile(r"/-|-/")
_SINGLE = frozenset("()[]{}⟨⟩,;·")
_SPACE = re.compile(r"\s+")


class Token(NamedTuple):
    """A token and its place. `doubtful`: Lean might read this literal, or what follows, in another way."""

    kind: Kind
    text: str
    start: int
    end: int
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """The tokens of a text, comments left out."""

    text: str
    tokens: tuple[Token, ...]

    def at_line_start(self, token: Token) -> bool:
        """Whether a token stands in the first column."""
        return token.start == 0 or self.text[token.start - 1] == "\n"


@lru_cache(maxsize=1024)
def scan(text: str) -> Scan:
    """The tokens of a text. Raises `Unterminated`."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        space = _SPACE.match(text, at)
        if space:
            at = space.end()
        elif text.startswith("--", at):
            _doubt_sign(tokens, at)
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif text.startswith("/-", at):
            _doubt_sign(tokens, at)
            at = _end_of_comment(text, at)
        else:
            tokens.append(_token(text, at, tokens))
            at = tokens[-1].end
    return Scan(text, tuple(tokens))


def _doubt_sign(tokens: list[Token], comment: int) -> None:
    """Mark a sign that ends where a comment begins, unless it is one that no longer sign begins with."""
    if tokens and tokens[-1].end == comment and tokens[-1].kind == "symbol" and tokens[-1].text not in _SINGLE:
        tokens[-1] = tokens[-1]._replace(doubtful=True)


def _token(text: str, at: int, before: Sequence[Token]) -> Token:
    raw = _RAW.match(text, at)
    if raw:
        end = text.find(f'"{raw.group(1)}', raw.end())
        if end < 0:
            raise Unterminated("a string has no end", at)
        end += 1 + len(raw.group(1))
        return Token("string", text[at:end], at, end, bool(raw.group(1)) or "\\" in text[at:end])
    found = _WORD.match(text, at)
    if found:
        return Token("word", found.group(), at, found.end())
    character = text[at]
    if character == '"':
        found = _STRING.match(text, at)
        if found is None:
            raise Unterminated("a string has no end", at)
        return Token("string", found.group(), at, found.end(), "{" in found.group())
    if character == "«":
        raise Unterminated("a quoted name has no end", at)
    found = _NUMBER.match(text, at)
    if found:
        return Token("number", found.group(), at, found.end())
    if character == "'":
        found = _CHARACTER.match(text, at)
        glued = bool(before) and before[-1].end == at
        if found and not glued:
            return Token("character", found.group(), at, found.end(), '"' in found.group())
        return Token("symbol", character, at, at + 1, bool(found) and '"' in text[at : at + 4])
    return Token("symbol", character, at, at + 1)


def _end_of_comment(text: str, at: int) -> int:
    depth, begin = 0, at
    while True:
        found = _OPENS_OR_CLOSES.search(text, at)
        if found is None:
            raise Unterminated("a comment has no end", begin)
        depth += 1 if found.group() == "/-" else -1
        at = found.end()
        if depth == 0:
            return at


def normal_text(tokens: Sequence[Token]) -> str:
    """Tokens as one line: equal for texts that differ in comments and white space only."""
    words: list[str] = []
    for number, token in enumerate(tokens):
        glued = number and tokens[number - 1].end == token.start
        words.append(token.text if glued or not number else f" {token.text}")
    return "".join(words)
