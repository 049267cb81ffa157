"""Linear inequalities over whole numbers: what follows from them, by Fourier's elimination.

A linear form maps what it is linear in to coefficients, and `UNIT` to its constant; it stands for the claim that it is
at least nought. `follows` is never wrong when it says yes; it may miss what needs more than rational reasoning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import gcd
from typing import TypeAlias

from datasets.tip.typed import Typed

UNIT = None
"""The key of the constant in a linear form."""

Linear: TypeAlias = Mapping[Typed | None, int]

LARGEST_SYSTEM = 400
"""Inequalities at which an elimination is given up."""

MOST_ROWS = 500
"""Inequalities that are made for one question before it is given up."""


def plus(one: Linear, other: Linear, factor: int = 1) -> dict[Typed | None, int]:
    """`one` and `factor` times `other`."""
    total = dict(one)
    for key, value in other.items():
        total[key] = total.get(key, 0) + factor * value
    return {key: value for key, value in total.items() if value}


def multiple(term: Typed, factor: int = 1) -> dict[Typed | None, int]:
    return {term: factor} if factor else {}


def constant(value: int) -> dict[Typed | None, int]:
    return {UNIT: value} if value else {}


def follows(claims: Iterable[Linear], conclusion: Linear) -> bool:
    """Whether claims about whole numbers imply another one."""
    rest, chosen = list(claims), [plus(constant(-1), conclusion, -1)]
    known = set(conclusion)
    while True:  # only what is connected with the conclusion by common terms
        near = [claim for claim in rest if not known.isdisjoint(key for key in claim if key is not None)]
        if not near:
            return contradict(chosen)
        chosen += near
        rest = [claim for claim in rest if known.isdisjoint(key for key in claim if key is not None)]
        known = known.union(*near)


def contradict(claims: Iterable[Linear]) -> bool:
    """Whether claims about whole numbers cannot all hold."""
    numbers: dict[Typed, int] = {}
    system: _System = {}
    for claim in claims:
        parts = {numbers.setdefault(key, len(numbers)): value for key, value in claim.items() if key is not None}
        if not _add(parts, claim.get(UNIT, 0), system):
            return True
    made = 0
    while system:
        lower, upper = Counter[int](), Counter[int]()
        for row in system:
            for key, value in row:
                (lower if value > 0 else upper)[key] += 1
        chosen = min(lower | upper, key=lambda key: (lower[key] * upper[key], key))
        rows = [(dict(row), bound) for row, bound in system.items()]
        system = {}
        for row, bound in rows:
            if chosen not in row and not _add(row, bound, system):
                return True
        lows = [(row, bound) for row, bound in rows if row.get(chosen, 0) > 0]
        highs = [(row, bound) for row, bound in rows if row.get(chosen, 0) < 0]
        made += len(lows) * len(highs)
        if made > MOST_ROWS:
            return False
        for low, low_bound in lows:
            for high, high_bound in highs:
                one, other = -high[chosen], low[chosen]
                total = {key: one * low.get(key, 0) + other * high.get(key, 0) for key in {**low, **high}}
                if not _add(total, one * low_bound + other * high_bound, system):
                    return True
        if len(system) > LARGEST_SYSTEM:
            return False
    return False


_System: TypeAlias = dict[tuple[tuple[int, int], ...], int]
"""Rows of coefficients with the constant of each; of equal rows only the strongest is kept."""


def _add(parts: Mapping[int, int], bound: int, system: _System) -> bool:
    """Adds a claim with the smallest whole coefficients; whether it can hold."""
    common = gcd(*parts.values())
    if not common:
        return bound >= 0
    row = tuple(sorted((key, value // common) for key, value in parts.items() if value))
    system[row] = min(system.get(row, bound // common), bound // common)
    return True
