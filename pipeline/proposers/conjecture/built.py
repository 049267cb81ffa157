"""Terms that exploration has built, and which of the Bool ones are seen to imply one another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain import Term
from term_algebra.values import Value

VALUATIONS = 40
"""Random valuations on which terms are compared."""

IMPLICATION_SIZE = 8
"""Symbols of both sides of an implication between Bool terms."""

MOST_IMPLICATIONS = 40
"""Implications between Bool terms that one exploration proposes, smallest first."""


class _Missing:
    """The result of an evaluation that was cut off."""


Missing: Any = _Missing()


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """An enumerated term with its results."""

    term: Term
    type: Term
    size: int
    results: tuple[Value, ...]
    variables: frozenset[str]


class Found(NamedTuple):
    """A new term and the older one with the same results."""

    size: int
    variables: int
    built: Built
    old: Built


class Implication(NamedTuple):
    """`premise` = true → `claim` = true, and the symbols of both."""

    size: int
    premise: Built
    claim: Built


def implications(terms: Iterable[Built]) -> list[Implication]:
    """Between Bool terms, the smallest first; no premise has a variable that its claim has not, or a weaker one."""
    pool = [one for one in terms if 1 < one.size < IMPLICATION_SIZE]
    found: list[Implication] = []
    for q in pool:
        weakest = [p for p in pool if _implies(p, q) and p.size + q.size <= IMPLICATION_SIZE]
        weakest = [p for p in weakest if not any(o is not p and _implies(p, o) for o in weakest)]
        found.extend(Implication(p.size + q.size, p, q) for p in weakest)
    return sorted(found, key=lambda one: one.size)[:MOST_IMPLICATIONS]


def _implies(p: Built, q: Built) -> bool:
    """Whether `q` holds wherever `p` does, as far as was seen, and speaks of all that `p` speaks of."""
    if p is q or not p.variables <= q.variables:
        return False
    held = [b for a, b in zip(p.results, q.results, strict=True) if a == (0,)]
    return len(held) >= VALUATIONS // 10 and all(b == (0,) for b in held)
