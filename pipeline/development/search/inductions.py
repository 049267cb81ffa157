"""Inductions that a proof may begin with.

Invariant: what is told here is a guess about what helps; a wrong one costs seconds, never a proof.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.development.search.moves import EQUATION, Move, View


def inductions(goal: View, principles: Sequence[str]) -> list[Move]:
    """On each variable and fact, with and without generalising the others.

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
