"""A lemma's name says what it states."""

from __future__ import annotations

from typing import Any

import pytest

from domain import App, Const, Forall, Term, Var
from term_algebra.naming import lemma_names, statement_name
from tests.library_store.samples import equal, for_all, lemma, plus, successor

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


def test_names_are_unlike_each_other_and_those_taken_and_stay_when_lemmas_are_added() -> None:
    term = for_all("x y", equal(plus(X, Y), plus(Y, X)))
    lemmas = [lemma(name, term) for name in "abc"]
    names = lemma_names(lemmas, NAMES, {}, ["add_comm_2"])
    assert list(names.values()) == ["add_comm", "add_comm_3", "add_comm_4"]
    assert lemma_names(lemmas[:2], NAMES, {}, ["add_comm_2"]).items() <= names.items()


@pytest.mark.parametrize("odd", ["x'", "a.b.c", "2nd", "é", "+", "a b", "forall (n : nat), n = n"])
def test_whatever_a_constant_is_called_the_name_is_one_identifier(odd: Any) -> None:
    name = statement_name(for_all("x", equal(call(odd, X, Y), call(odd, Y, X))), {}, {})
    assert name.replace("'", "").isidentifier()
    assert len(name) <= 48
