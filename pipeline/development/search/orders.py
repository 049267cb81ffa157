"""Orders of numbers as what decides them, so that statements with inequalities can be tested on values.

Invariant: a test is a guess. What it finds is a refutation only if the prover proves the negation of the statement
itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import App, Const, Forall, Lambda, Term, Var
from term_algebra import subterms
from term_algebra.reduction import unfold
from term_algebra.standard import BOOL, INTEGER, NAT
from term_algebra.theory import Theory, head_name

_A, _B = Var("a"), Var("b")


def _decided(type_: Term, function: str, left: Term, right: Term, value: str) -> Term:
    said = App(Const("eq"), (BOOL, App(Const(function), (left, right)), Const(value)))
    return Lambda("a", type_, Lambda("b", type_, said))


def _orders(type_: Term, function: str) -> dict[str, Term]:
    return {
        "le": _decided(type_, function, _A, _B, "true"),
        "lt": _decided(type_, function, _B, _A, "false"),
        "ge": _decided(type_, function, _B, _A, "true"),
        "gt": _decided(type_, function, _A, _B, "false"),
    }


OF_NATURALS: Mapping[str, Term] = _orders(NAT, "Nat.leb")
OF_INTEGERS: Mapping[str, Term] = {
    f"{module}Z.{name}": one for module in ("", "BinInt.") for name, one in _orders(INTEGER, "Z.leb").items()
}
"""The relations, under the names that the prover prints, as functions to propositions."""


def decided(statement: Term, theory: Theory) -> Term:
    """A statement with equations of truth values in place of inequalities.

    A file's own relation may have the name of that of the naturals, which says nothing of its module.
    """
    types = {part.name: part.type for part in subterms(statement) if isinstance(part, Forall | Lambda)}
    calls = [part for part in subterms(statement) if isinstance(part, App) and head_name(part) in OF_NATURALS]
    naturals = all(any(theory.type_of(side, types) == NAT for side in call.arguments) for call in calls)
    return unfold(statement, {**OF_INTEGERS, **OF_NATURALS} if naturals else OF_INTEGERS)
