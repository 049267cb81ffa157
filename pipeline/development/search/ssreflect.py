"""What may be tried on a goal where the file has loaded SSReflect: its closing tactics, views and case analyses.

These come before the tactics of `moves`, of which most work under SSReflect too. Goals are read as the prover prints
them in full, where a Boolean `b` that is said to hold is `is_true b`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.development.search.moves import Closer, Move, View, fixed
from pipeline.development.search.premises import Premise

_HOLDS = {"eq_op": "eqP", "andb": "andP", "orb": "orP", "implb": "implyP", "negb": "negP"}
"""Boolean functions with the view that says what it means that they hold."""

_TRUTH = re.compile(r"is_true \(@?(\w+)[ )]")


def closers(goal: View, premises: Sequence[Premise], unfoldable: Sequence[str]) -> Iterator[Closer]:
    """Closing tactics, cheaper ones first."""
    yield fixed("by []")
    rules = [one.name for one in premises[:8] if one.rewrites or one.concludes == "is_true"]
    ways = [f"{arrow}{name}" for name in rules for arrow in ("", "-")]
    if ways:
        yield Closer(tuple(ways), lambda parts: f"by {_first([f'rewrite {part} //=' for part in parts])}")
    if len(rules) > 1:
        yield Closer(tuple(rules), lambda parts: f"by do 4 ?[{' | '.join([f'rewrite {part} //=' for part in parts])}]")
    names = tuple(one.name for one in premises[:8])
    if names:
        yield Closer(names, lambda parts: f"by {_first([f'apply: {part}' for part in parts])}")
        yield Closer(names, lambda parts: f"by {_first([f'apply/{part}' for part in parts])}")
    variables = tuple(goal.variables[-4:])
    if variables:
        yield Closer(variables, lambda parts: f"by {_first([f'case: {part}' for part in parts])}")
    if unfoldable:
        yield Closer(tuple(unfoldable), lambda parts: f"by rewrite {' '.join(f'?/{part}' for part in parts)} //=")


def _first(tactics: Sequence[str]) -> str:
    """The first of some tactics that works."""
    return tactics[0] if len(tactics) == 1 else f"first [{' | '.join(tactics)}]"


def moves(goal: View, premises: Sequence[Premise]) -> list[Move]:
    """Tactics that bring a goal forward, likelier ones first."""
    found: list[Move] = []
    conclusion = goal.conclusion
    facts = [(name, type_) for name, type_ in goal.hypotheses if name not in goal.variables]
    for name, type_ in facts:
        truth = _TRUTH.match(type_)
        if truth is None or truth[1] not in _HOLDS:
            continue
        view = _HOLDS[truth[1]]
        found.append(Move(f"case/{view}: {name}" if view in ("andP", "orP") else f"move/{view}: {name}", 0))
    truth = _TRUTH.match(conclusion)
    if truth is not None and truth[1] in _HOLDS:
        view = _HOLDS[truth[1]]
        if view == "orP":
            found += [Move("apply/orP; left", 1), Move("apply/orP; right", 1)]
        else:
            found.append(Move("apply/andP; split" if view == "andP" else f"apply/{view}", 0))
    if conclusion.startswith("@eq bool "):
        found.append(Move("apply/idP/idP", 1))
    if re.match(r"@?(?:Bool\.)?reflect ", conclusion):
        found.append(Move("apply: (iffP idP)", 1))
    found += [Move(f"rewrite {one.name}", 1) for one in premises[:6] if one.concludes == "is_true"]
    found += [Move(f"apply/{one.name}", 1) for one in premises[:6] if one.is_iff or "reflect" in one.concludes]
    if "match " in conclusion:
        found.append(Move("case: ifP", 1))
    if "@eq_op " in conclusion:
        found.append(Move("case: eqP", 1))
    if re.search(r"\bleq ", conclusion):
        found += [Move("case: leqP", 1), Move("case: ltngtP", 1)]
    found += [
        Move(f"move/{one.name}: {name}", 1)
        for one in premises[:4]
        if one.is_iff or "reflect" in one.concludes
        for name, type_ in facts
        if _TRUTH.match(type_)
    ]
    return found
