"""The words of a text that a prover printed, read one after the other; parsers of terms derive from it.

Invariant: every character but blanks is in a word; what the pattern does not know raises `ParseError`.

Layer: recursion.
"""

from __future__ import annotations

import re


class ParseError(ValueError):
    """The text is not in the fragment of terms that is understood; the message shows where it departs."""


class Words:
    """A text cut into words by a pattern, and a place in it. Behind the last word there are empty ones."""

    def __init__(self, text: str, pattern: re.Pattern[str]) -> None:
        """Raises `ParseError` where the pattern does not match."""
        self.text = text
        self.words: list[str] = []
        self.offsets: list[int] = []
        at, stripped = 0, text.rstrip()
        while at < len(stripped):
            found = pattern.match(stripped, at)
            if found is None:
                raise ParseError(f"unexpected text at: {stripped[at : at + 40]!r}")
            self.words.append(found.group().lstrip())
            self.offsets.append(at)
            at = found.end()
        self.words += [""] * 3
        self.offsets += [at] * 3
        self.at = 0

    @property
    def word(self) -> str:
        return self.words[self.at]

    def error(self, expected: str) -> ParseError:
        return ParseError(f"expected {expected} at: {self.text[self.offsets[self.at] :].strip()[:60]!r}")

    def take(self, expected: str) -> None:
        if self.word != expected:
            raise self.error(repr(expected))
        self.at += 1

    def accept(self, *words: str) -> bool:
        if self.word not in words:
            return False
        self.at += 1
        return True

    def end(self) -> None:
        if self.word:
            raise self.error("the end")
