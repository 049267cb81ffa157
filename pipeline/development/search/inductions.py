"""Inductions that a proof may begin with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count

from pipeline.development.search.moves import EQUATION, Move, View
from pipeline.development.search.triggers import applied_to

_HEAD = re.compile(r"@?[\w.']+")
_WORD = re.compile(r"[\w.']+")

_ORDERS = re.compile(r"@?(?:eq|not|iff|and|or|ex|[lg][et]|(?:Nat|N|Z|Pos|BinInt\.Z)\.\w+|[QR]\w+) ")
"""What facts begin with on which no induction with remembered terms is worth its seconds."""

MOST_REMEMBERED = 2
"""Compound terms of a fact that are remembered."""


def structures(goal: View, principles: Sequence[str]) -> list[Move]:
    """Inductions that a proof may begin with: on each variable and fact, with and without generalising the others.

    Last on what facts say of variables: `induction (wf x)`.
    """
    variables = goal.variables
    facts = [name for name, type_ in goal.hypotheses if name not in variables and not EQUATION.search(type_)]
    found: list[Move] = []
    for name in variables:
        found.append(Move(f"induction {name}", 2))
        others = [
            other
            for other, type_ in goal.hypotheses
            if other != name and type_ not in ("Type", "Set", "Prop") and other in variables
        ]
        if others:
            general = [f"generalize dependent {other}" for other in reversed(others)]
            found.append(Move("; ".join([*general, f"induction {name}"]), 2))
            found.append(Move("; ".join([*(f"try {one}" for one in general), f"induction {name}"]), 2))
    found += [Move(f"induction {fact}", 2) for fact in facts]
    found += [Move(f"induction {name} using {principle}", 2) for principle in principles for name in variables]
    found += [Move(f"induction ({fact} {name})", 2) for fact in facts[-4:] for name in variables[-3:]]
    return found


def remembering(goal: View) -> list[Move]:
    """Inductions on facts about compound terms, like `Sorted (a :: l)`, which an induction alone forgets."""
    facts = [(name, type_) for name, type_ in goal.hypotheses if name not in goal.variables]
    return [move for name, type_ in facts if not _ORDERS.match(type_) for move in _remembering(name, type_, goal)]


def _remembering(fact: str, type_: str, goal: View) -> Iterator[Move]:
    head = _HEAD.match(type_)
    terms = [one for one in applied_to(type_, head.end()) if one.startswith("(")] if head is not None else []
    if not 0 < len(terms) <= MOST_REMEMBERED:
        return
    taken = {name for name, _ in goal.hypotheses}
    spoken = {word for one in terms for word in _WORD.findall(one)}
    inside = [name for name in goal.variables if name in spoken]
    data = [name for name, kind in goal.hypotheses if name in inside and kind not in ("Type", "Set", "Prop")]
    if not data:
        return
    steps: list[str] = []
    for term in terms:
        name = next(one for one in (f"x{number}" for number in count()) if one not in taken)
        taken.add(name)
        steps.append(f"remember {term} as {name} eqn:E{name}")
    steps += [f"generalize dependent {name}" for name in reversed(data)]
    yield Move("; ".join([*steps, f"induction {fact}", "intros", "subst"]), 2)
