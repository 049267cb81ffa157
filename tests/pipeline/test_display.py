"""Statements as people write them."""

from __future__ import annotations

from domain import App, Const, Forall, Lambda, Sort, Var
from term_algebra.display import Display

NUM = Const("nat")


def equation(left: object, right: object) -> App:
    return App(Const("eq"), (NUM, left, right))  # pyright: ignore[reportArgumentType]


def test_an_equation_needs_no_brackets_round_applications() -> None:
    sides = App(Const("f"), (Var("x"), App(Const("g"), (Var("y"),)))), Var("x")
    term = Forall("x", NUM, Forall("y", NUM, equation(*sides)))
    assert Display([]).statement(term) == "forall x y, f x (g y) = x"


def test_connectives_bracket_what_is_looser() -> None:
    inner = equation(Var("x"), Var("y"))
    assert Display([]).statement(App(Const("and"), (inner, inner))) == "(x = y) /\\ (x = y)"
    assert Display([]).statement(Forall("_", inner, inner)) == "(x = y) -> x = y"
    some = App(Const("ex"), (NUM, Lambda("z", NUM, inner)))
    assert Display([]).statement(App(Const("or"), (some, Sort("Prop")))) == "(exists z, x = y) \\/ Prop"
