"""A lemma's name says what it states."""

from __future__ import annotations

from typing import Any

import pytest

from domain import App, Const, Forall, Term, Var
from term_algebra.naming import statement_name
from tests.library_store.samples import NAT, equal, for_all, plus, successor

X, Y, Z, TYPE = Var("x"), Var("y"), Var("z"), Var("x0")
ZERO = Const("dnat_1")
NAMES = {
    "dplus": "add",
    "dnat_1": "zero",
    "dnat_2": "succ",
    "drev": "rev",
    "dapp": "app",
    "dleb": "leb",
    "dlen": "length",
}


def call(name: str, *arguments: Term) -> Term:
    return App(Const(name), arguments)


def rev(term: Term) -> Term:
    return call("drev", TYPE, term)


def app(left: Term, right: Term) -> Term:
    return call("dapp", TYPE, left, right)


TYPES = {"drev": 1, "dapp": 1, "dnil": 1}
NIL = call("dnil", TYPE)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (equal(plus(X, Y), plus(Y, X)), "add_comm"),
        (equal(plus(plus(X, Y), Z), plus(X, plus(Y, Z))), "add_assoc"),
        (equal(plus(X, plus(Y, Z)), plus(plus(X, Y), Z)), "add_assoc"),
        (equal(plus(X, ZERO), X), "add_zero_r"),
        (equal(X, plus(ZERO, X)), "add_zero_l"),
        (equal(plus(X, successor(Y)), successor(plus(X, Y))), "add_succ_r"),
        (equal(plus(successor(X), Y), successor(plus(X, Y))), "add_succ_l"),
        (equal(plus(X, X), X), "add_idempotent"),
        (equal(rev(rev(X)), X), "rev_involutive"),
        (equal(rev(app(X, Y)), app(rev(Y), rev(X))), "rev_app_distr"),
        (equal(app(app(X, Y), Z), app(X, app(Y, Z))), "app_assoc"),
        (equal(app(X, NIL), X), "app_dnil_r"),
        (equal(call("dlen", app(X, Y)), plus(call("dlen", X), call("dlen", Y))), "length_app"),
        (equal(call("dleb", X, X), Const("true")), "leb_refl"),
        (equal(plus(plus(X, Y), Z), plus(plus(X, Z), Y)), "add_right_comm"),
        (equal(call("dlen", app(X, Y)), call("dlen", app(Y, X))), "length_app_comm"),
        (equal(call("dmul", X, ZERO), ZERO), "dmul_zero_r"),
        (equal(call("dmul", X, plus(Y, Z)), plus(call("dmul", X, Y), call("dmul", X, Z))), "dmul_add_distr_l"),
        (equal(call("dsub", X, X), ZERO), "dsub_diag"),
        (equal(plus(X, Const("O")), X), "add_0_r"),
        (equal(call("drev", TYPE, call("drev", TYPE, X)), rev(Y)), "rev_eq"),
        (call("dsorted", call("dinsert", X, Y)), "dsorted_dinsert"),
        (equal(X, Y), "equation"),
    ],
)
def test_laws_have_their_names_and_other_statements_those_of_their_functions(statement: Term, name: str) -> None:
    assert statement_name(for_all("x y z", statement), NAMES, TYPES) == name


def test_a_condition_is_part_of_the_name() -> None:
    condition = equal(call("dleb", X, Y), Const("true"))
    statement = for_all("x y", Forall("_", condition, equal(plus(X, Y), plus(Y, X))))
    assert statement_name(statement, NAMES, {}) == "add_comm_if_leb"


def leb(left: Term, right: Term) -> Term:
    return equal(call("dleb", left, right), Const("true"))


@pytest.mark.parametrize(
    ("premises", "conclusion", "name"),
    [
        ([leb(X, Y), leb(Y, Z)], leb(X, Z), "leb_trans"),
        ([leb(X, Y), leb(Y, X)], equal(X, Y), "leb_antisym"),
        ([leb(X, Y)], leb(plus(X, Z), plus(Y, Z)), "add_leb_mono"),
        ([leb(X, Y)], leb(X, plus(Y, Z)), "leb_add"),
        ([equal(call("dleb", X, Y), Const("false"))], leb(Y, X), "leb_total"),
        ([equal(successor(X), successor(Y))], equal(X, Y), "succ_inj"),
        ([equal(plus(X, Y), plus(X, Z))], equal(Y, Z), "add_cancel_l"),
    ],
)
def test_laws_under_premises_have_their_names_too(premises: list[Term], conclusion: Term, name: str) -> None:
    for premise in reversed(premises):
        conclusion = Forall("_", premise, conclusion)
    assert statement_name(for_all("x y z", conclusion), NAMES, TYPES) == name


def test_what_a_function_for_elements_goes_through_needs_no_side() -> None:
    law = equal(call("dmap", Var("f"), app(X, Y)), app(call("dmap", Var("f"), X), call("dmap", Var("f"), Y)))
    assert statement_name(Forall("f", Forall("_", NAT, NAT), for_all("x y", law)), NAMES, TYPES) == "dmap_app"


@pytest.mark.parametrize("odd", ["x'", "a.b.c", "2nd", "é", "+", "a b", "forall (n : nat), n = n"])
def test_whatever_a_constant_is_called_the_name_is_one_identifier(odd: Any) -> None:
    name = statement_name(for_all("x", equal(call(odd, X, Y), call(odd, Y, X))), {}, {})
    assert name.replace("'", "").isidentifier()
    assert len(name) <= 48
