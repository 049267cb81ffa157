"""Pieces of Rocq text: how strongly they bind, applications with `@`, and integers by their constructors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

ATOM, APPLICATION, EQUATION, NEGATION, CONJUNCTION, DISJUNCTION, EQUIVALENCE, ARROW, OPEN = range(9)
"""How strongly a text binds: what has a higher number needs parentheses where a lower one is expected."""


class Text(NamedTuple):
    text: str
    level: int

    def at(self, level: int) -> str:
        return self.text if self.level <= level else f"({self.text})"


def application(head: str, arguments: Sequence[str]) -> Text:
    return Text(" ".join([head, *arguments]), APPLICATION) if arguments else Text(head, ATOM)


def explicit(name: str, types: Sequence[str]) -> str:
    """`name`, with `@` if it takes types."""
    return f"@{name}" if types else name


def integer(value: int) -> Text:
    """An integer, by its constructors."""
    if value == 0:
        return Text("Z0", ATOM)
    digits = f"{abs(value):b}"
    text = "xH"
    for digit in digits[1:]:
        text = f"{'xI' if digit == '1' else 'xO'} {text if text == 'xH' else f'({text})'}"
    return Text(f"{'Zpos' if value > 0 else 'Zneg'} {text if text == 'xH' else f'({text})'}", APPLICATION)
