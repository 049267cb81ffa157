"""Lemmas at the terms of a goal: `destruct (Z.max_spec x y)` where the goal speaks of `Z.max x y`.

Invariant: what is told here is a guess about what helps; a wrong one costs seconds, never a proof.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.development.search.moves import Move, View
from pipeline.development.search.premises import Premise
from pipeline.development.search.triggers import instances

TAKEN_APART = frozenset(
    {"and", "or", "ex", "sumbool", "sumor", "sum", "prod", "sig", "sigT", "Bool.reflect", "reflect", "BoolSpec"}
    | {"CompareSpec", "CompareSpecT", "Datatypes.CompareSpec"}
)
"""What a lemma concludes that is to be taken apart; anything else becomes a hypothesis."""


def moves(goal: View, premises: Sequence[Premise]) -> list[Move]:
    """Lemmas at the terms of the goal of which they tell."""
    text = "\n".join([*(type_ for _, type_ in goal.hypotheses), goal.conclusion])
    found: list[Move] = []
    for premise in premises:
        if premise.trigger is None or (premise.rewrites and premise.left_size != premise.right_size):
            continue
        apart = "destruct" if premise.concludes in TAKEN_APART else "pose proof"
        tactic = "rewrite" if premise.rewrites else apart
        types = premise.trigger.types
        for values in instances(premise.trigger, text):
            found.append(Move(f"{tactic} ({' '.join([premise.name, *values[types:]])})", 1))
            if types:
                found.append(Move(f"{tactic} ({' '.join([premise.name, *values])})", 1))
    return found
