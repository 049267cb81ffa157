"""Orders of numbers as what decides them, so that statements with inequalities can be tested on values.

Invariant: a test is a guess. What it finds is a refutation only if the prover proves the negation of the statement
itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import App, Const, Lambda, Term, Var
from term_algebra.reduction import unfold
from term_algebra.standard import BOOL, INTEGER, NAT

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


ORDERS: Mapping[str, Term] = {
    **_orders(NAT, "Nat.leb"),
    **{f"{module}Z.{name}": one for module in ("", "BinInt.") for name, one in _orders(INTEGER, "Z.leb").items()},
}
"""The relations, under the names that the prover prints, as functions to propositions."""


def decided(statement: Term) -> Term:
    """A statement with equations of truth values in place of inequalities."""
    return unfold(statement, ORDERS)
