"""What a goal is known by: numbers for the names in it, and for how they stand to one another.

A goal is read as the prover prints it in full, so what is applied to what is seen by the parentheses alone. Of the
claim these count: each global name; two that follow one another; what is an argument of what, and of what that is an
argument itself; the head of the claim, behind all that it quantifies and supposes. Of the hypotheses: their global
names, the head of each, alone and with the head of the claim.

Invariant: the same goal has the same features in every process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from pipeline.development.search.moves import View
from pipeline.development.search.premises import LOGIC, bound_names

FEATURES_VERSION = "1"
"""Changes when the features of a goal do."""

MOST = 128
"""Features of a goal, those of its claim first."""

LONGEST = 4_000
"""Characters of a claim or of a hypothesis that are read."""

HYPOTHESES = 24
"""Hypotheses that are read, the last ones."""

LOCAL = "_"
"""Stands for every name of a variable or hypothesis."""

_TOKEN = re.compile(r"@?((?:[^\W\d]|_)[\w']*(?:\.(?:[^\W\d]|_)[\w']*)*)|([(\[{])|([)\]}])|(?:=>|->|,|:=|:)")
_SILENT = LOGIC - {"eq", "and", "or", "not", "iff", "ex", "True", "False"}


class Spoken(NamedTuple):
    """A name in a text, with what it is an argument of, and what that is an argument of; "" where there is none."""

    name: str
    under: str
    above: str
    argument: int
    """Which argument it is, from 1."""


def spoken(text: str) -> Iterator[Spoken]:
    """The names in a text that the prover printed in full, bound ones too."""
    heads, counts = ["", "", ""], [0, 0, 0]
    for token in _TOKEN.finditer(text[:LONGEST]):
        kind = token.lastindex
        if kind == 1:
            name = token[1]
            if name in _SILENT:
                continue
            if heads[-1]:
                counts[-1] += 1
                yield Spoken(name, heads[-1], heads[-2], counts[-1])
            else:
                heads[-1] = name
                counts[-2] += 1
                yield Spoken(name, heads[-2], heads[-3], counts[-2])
        elif kind == 2:
            heads.append("")
            counts.append(0)
        elif kind == 3:
            if len(heads) > 3:
                heads.pop()
                counts.pop()
        else:
            heads[-1], counts[-1] = "", 0


def features(goal: View) -> list[int]:
    """The features of a goal, none of them twice."""
    local = {name for name, _ in goal.hypotheses}
    claim = goal.conclusion
    said = list(_without(spoken(claim), local.union(bound_names(claim[:LONGEST]))))
    head = next((one.name for one in reversed(said) if not one.under), "")
    found = dict.fromkeys([f"head {head}"])
    names = [one.name for one in said if one.name != LOCAL]
    found |= dict.fromkeys(names)
    found |= dict.fromkeys(f"{one} {other}" for one, other in pairwise(names))
    found |= dict.fromkeys(f"{one.under}>{one.name}" for one in said if one.under)
    found |= dict.fromkeys(f"{one.above}>{one.under}>{one.name}" for one in said if one.above)
    for _, type_ in reversed(goal.hypotheses[-HYPOTHESES:]):
        above = list(_without(spoken(type_), local.union(bound_names(type_[:LONGEST]))))
        over = next((one.name for one in reversed(above) if not one.under), "")
        found |= dict.fromkeys([f"over {over}", f"over {over} {head}"])
        found |= dict.fromkeys(f"above {one.name}" for one in above if one.name != LOCAL)
        if len(found) >= MOST:
            break
    numbers = dict.fromkeys(crc32(one.encode()) for one in found)
    return list(numbers)[:MOST]


def _without(said: Iterable[Spoken], local: set[str]) -> Iterator[Spoken]:
    """With variables and hypotheses as one."""
    for one in said:
        name, under, above, argument = one
        yield Spoken(
            LOCAL if name in local else name,
            LOCAL if under in local else under,
            LOCAL if above in local else above,
            argument,
        )
