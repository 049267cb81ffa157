"""Splits on what a goal looks at, chosen by the prover: one text for all goals, and by name what it came to in one.

Invariant: a split by name is written only where it leaves the same goals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

_GOAL, _ABOVE = "|- context [match ?x with _ => _ end]", "H : context [match ?x with _ => _ end] |- _"
_ANY, _VARIABLE = "destruct x eqn:?", "is_var x; destruct x"
_INNERMOST = "lazymatch x with context [match _ with _ => _ end] => fail | _ => destruct x eqn:? end"

HERE = f"match goal with {_GOAL} => {_ANY} end"
"""What a match of the goal looks at."""

ABOVE = f"match goal with {_ABOVE} => {_ANY} end"
"""What a match of a hypothesis looks at."""

ANYWHERE = f"match goal with {_GOAL} => {_ANY} | {_ABOVE} => {_ANY} end"

IN_ORDER = (
    f"match goal with {_GOAL} => {_VARIABLE} | {_ABOVE} => {_VARIABLE} "
    f"| {_GOAL} => {_INNERMOST} | {_ABOVE} => {_INNERMOST} end"
)
"""A variable, or else what has no match inside."""

COMPARED = (
    "match goal with |- context [@eq bool ?b _] => "
    "lazymatch b with true => fail | false => fail | _ => destruct b eqn:? end end"
)
"""A truth value that the goal compares."""

TEST = (
    "match goal with |- context [?b] => lazymatch type of b with bool => lazymatch b with true => fail | false => fail "
    "| context [match _ with _ => _ end] => fail | _ => destruct b eqn:? end end end"
)
"""A truth value that the goal speaks of."""


def is_split(tactic: str) -> bool:
    """Whether a tactic is one of these."""
    return tactic in (HERE, ABOVE, IN_ORDER, COMPARED, TEST)


def by_name(known: AbstractSet[str], left: Mapping[str, str]) -> Iterator[str]:
    """What a split may have been: on a variable that is gone, or on what a new equation is about.

    `known` are the names of hypotheses before it, `left` those of the first goal behind it, with their types.
    """
    yield from (f"destruct {name}" for name in sorted(known - left.keys()))
    for name, type_ in left.items():
        if name not in known and " = " in type_:
            looked_at = type_.rpartition(" = ")[0]
            yield f"destruct {looked_at} eqn:?" if looked_at in known else f"destruct ({looked_at}) eqn:?"
