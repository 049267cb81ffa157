"""Goals rewritten to what they mean: `(n =? m) && b = true` to `n = m /\\ b = true`, and `n + S m` to `S (n + m)`.

Invariant: each rule is an equation or an equivalence, so a goal says the same before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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


_SUMS = {
    "Nat.add": ("Nat.add_0_r", "Nat.add_succ_r"),
    "Nat.mul": ("Nat.mul_0_r", "Nat.mul_succ_r"),
    "Nat.sub": ("Nat.sub_0_r",),
}
"""What a function computes on the argument by which it does not recur."""


def moves(symbols: AbstractSet[str], knows: Callable[[str], bool]) -> list[Move]:
    """Rewriting with the rules about the tests that a goal speaks of, as far as they are known there."""
    return _rewriting(
        [rule for test, each in _TESTS.items() if test in symbols for rule in _about(each, symbols)], knows
    )


def sums(symbols: AbstractSet[str], knows: Callable[[str], bool]) -> list[Move]:
    """Rewriting with what functions on natural numbers compute."""
    if symbols.isdisjoint(("S", "O")):
        return []
    return _rewriting([rule for name, each in _SUMS.items() if name in symbols for rule in each], knows)


def _rewriting(rules: Sequence[str], knows: Callable[[str], bool]) -> list[Move]:
    """One step with all rules that are known; `Nat.add_0_r` is another module's where `PeanoNat` is not imported."""
    names = [next((one for one in (rule, f"PeanoNat.{rule}") if knows(one)), None) for rule in rules]
    said = [f"?{name}" for name in names if name is not None]
    return [Move(f"rewrite {', '.join(said)} in *", 0)] if said else []


def _about(rules: tuple[str, str], symbols: AbstractSet[str]) -> list[str]:
    """Of the rules when a test says yes and when it says no, those whose answer the goal speaks of."""
    return [rule for rule, answer in zip(rules, ("true", "false"), strict=True) if answer in symbols]
