"""Tests as statements: `(n =? m) && b = true` is rewritten to `n = m /\\ b = true`, wherever it stands in a goal.

Invariant: each rule is an equivalence, so a goal says the same before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from pipeline.development.search.moves import Move

_ORDERS = ("Nat", "N", "Z", "Pos")
_TESTS: Mapping[str, tuple[str, str]] = {
    "andb": ("Bool.andb_true_iff", "Bool.andb_false_iff"),
    "orb": ("Bool.orb_true_iff", "Bool.orb_false_iff"),
    "negb": ("Bool.negb_true_iff", "Bool.negb_false_iff"),
} | {
    f"{order}.{test}": (f"{order}.{yes}", f"{order}.{no}")
    for order in _ORDERS
    for test, yes, no in (("eqb", "eqb_eq", "eqb_neq"), ("leb", "leb_le", "leb_gt"), ("ltb", "ltb_lt", "ltb_ge"))
}
"""Rules of the standard library by the function of which they tell."""


def moves(symbols: AbstractSet[str], knows: Callable[[str], bool]) -> list[Move]:
    """Rewriting with the rules about the tests that a goal speaks of, as far as they are known there."""
    rules = [rule for test, each in _TESTS.items() if test in symbols for rule in _about(each, symbols) if knows(rule)]
    return [Move(f"rewrite {', '.join([f'?{rule}' for rule in rules])} in *", 0)] if rules else []


def _about(rules: tuple[str, str], symbols: AbstractSet[str]) -> list[str]:
    """Of the rules when a test says yes and when it says no, those whose answer the goal speaks of."""
    return [rule for rule, answer in zip(rules, ("true", "false"), strict=True) if answer in symbols]
