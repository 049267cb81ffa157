"""How counts and lists of names are written in lines for people."""

from __future__ import annotations

from collections.abc import Sequence

MOST_SHOWN = 8
"""Names that a list shows before it says how many more there are."""


def counted(number: float, noun: str) -> str:
    """`1 lemma`, `2 lemmas`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def listed(names: Sequence[str]) -> str:
    """`a, b`; of many names the first, and how many more there are."""
    more = f", … and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return ", ".join(names[:MOST_SHOWN]) + more
