"""Look-alike keys ignore names, order and sides, and nothing else."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import App, Branch, Const, Fix, FixFunction, Forall, Lambda, Let, Match, Term, Var
from library_store.deduplication import DEDUP_VERSION, alike, dedup_key
from tests.library_store.samples import NAT, ZERO, equal, for_all, plus, successor
from tests.library_store.test_schema import TERMS

X, Y, Z = Var("x"), Var("y"), Var("z")


def implies(*parts: Term) -> Term:
    *hypotheses, conclusion = parts
    for hypothesis in reversed(hypotheses):
        conclusion = Forall("_", hypothesis, conclusion)
    return conclusion


def renamed(term: Term, names: dict[str, str]) -> Term:
    """A consistent renaming of binders and variables, by hand for the terms of these tests."""
    match term:
        case Var(name):
            return Var(names.get(name, name))
        case App(function, arguments):
            return App(renamed(function, names), tuple(renamed(a, names) for a in arguments))
        case Forall(name, of_type, body):
            return Forall(names.get(name, name), renamed(of_type, names), renamed(body, names))
        case Lambda(name, of_type, body):
            return Lambda(names.get(name, name), renamed(of_type, names), renamed(body, names))
        case _:
            return term


HYPOTHESES = (equal(plus(X, Y), Z), equal(X, ZERO), App(Const("dlt"), (X, Z)))
CONCLUSION = equal(plus(Z, X), successor(Y))


def test_hypotheses_variables_and_sides_may_change_places() -> None:
    keys = {
        dedup_key(for_all(" ".join(names), implies(*hypotheses, conclusion)))
        for names in itertools.permutations("xyz")
        for hypotheses in itertools.permutations(HYPOTHESES)
        for conclusion in (CONCLUSION, equal(successor(Y), plus(Z, X)))
    }
    assert len(keys) == 1


def test_variables_may_be_renamed_even_where_names_shadow_each_other() -> None:
    def statement(first: str, second: str, third: str) -> Term:
        inner = Lambda(second, NAT, Lambda(third, NAT, plus(Var(second), Var(third))))
        return Forall(first, NAT, equal(App(Const("f"), (Lambda("_", NAT, inner), Var(first))), ZERO))

    assert dedup_key(statement("x", "y", "z")) == dedup_key(statement("a", "b", "c"))
    shadowed = Lambda("x", NAT, Lambda("x", NAT, Lambda("y", NAT, plus(X, Y))))
    plain = Lambda("u", NAT, Lambda("x", NAT, Lambda("y", NAT, plus(X, Y))))
    assert dedup_key(shadowed) == dedup_key(plain)
    assert dedup_key(renamed(plain, {"x": "p", "y": "q"})) == dedup_key(plain)
    assert dedup_key(Lambda("x", NAT, Lambda("y", NAT, plus(X, X)))) != dedup_key(
        Lambda("x", NAT, Lambda("y", NAT, plus(X, Y)))
    )


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (for_all("x y", equal(plus(X, Y), plus(Y, X))), for_all("x y", equal(plus(X, Y), plus(X, Y)))),
        (for_all("x y", equal(plus(X, Y), Y)), for_all("x", equal(plus(X, X), X))),
        (for_all("x", equal(plus(X, ZERO), X)), for_all("x", equal(plus(ZERO, X), X))),
        (
            for_all("x y", implies(equal(X, ZERO), equal(Y, X))),
            for_all("x y", implies(equal(Y, X), equal(X, ZERO))),
        ),
        (for_all("x y", App(Const("dlt"), (X, plus(X, Y)))), for_all("x y", App(Const("dlt"), (plus(X, Y), X)))),
    ],
)
def test_different_statements_keep_different_keys(left: Term, right: Term) -> None:
    assert dedup_key(left) != dedup_key(right)


@given(TERMS)
@settings(deadline=None)
def test_every_term_has_a_key_and_it_is_stable(term: Term) -> None:
    assert dedup_key(term) == dedup_key(term)
    assert len(dedup_key(term)) == 32


def test_a_term_of_any_depth_has_a_key() -> None:
    term: Term = ZERO
    for _ in range(20_000):
        term = successor(term)
    assert len(dedup_key(equal(term, ZERO))) == 32


@given(st.sampled_from(["y", "z", "w"]))
@settings(deadline=None)
def test_matches_lets_and_fixpoints_bind_their_names(name: str) -> None:
    match = Lambda("x", NAT, Match(X, (Branch("dnat_1", (), ZERO), Branch("dnat_2", (name,), successor(Var(name))))))
    let = Let(name, ZERO, NAT, plus(Var(name), ZERO))
    fix = Fix((FixFunction("f", ((name, NAT),), name, NAT, App(Var("f"), (Var(name),))),), "f")
    keys = {
        (dedup_key(match), dedup_key(let), dedup_key(fix)),
        (
            dedup_key(
                Lambda("x", NAT, Match(X, (Branch("dnat_1", (), ZERO), Branch("dnat_2", ("q",), successor(Var("q"))))))
            ),
            dedup_key(Let("q", ZERO, NAT, plus(Var("q"), ZERO))),
            dedup_key(Fix((FixFunction("g", (("q", NAT),), "q", NAT, App(Var("g"), (Var("q"),))),), "g")),
        ),
    }
    assert len(keys) == 1


def test_difflibs_rule_is_a_share_of_matching_characters() -> None:
    text = "forall x, add x zero = x\nintros. induction x; simpl; congruence."
    assert alike(text, ["", text.replace("add", "sum")])
    assert not alike(text, ["forall x y, mul x y = mul y x\nauto."])
    assert not alike("abcdefghij", ["abcdefghXY"])
    assert alike("abcdefghij" * 2, ["abcdefghiX" * 2])
    assert not alike(text, [])


def test_keys_of_a_version_never_change() -> None:
    """They are in the tables of runs; another way to make them would need another `DEDUP_VERSION`."""
    assert DEDUP_VERSION == 1
    statement = for_all("x y z", implies(*HYPOTHESES, CONCLUSION))
    assert dedup_key(statement) == "8073e69f2ba78b584fd51549afec4697"
    match = Lambda("x", NAT, Match(X, (Branch("dnat_1", (), ZERO), Branch("dnat_2", ("y",), successor(Y)))))
    assert dedup_key(App(Const("f"), (match, Z))) == "3f262feaa0684a3d8238d858f046c2cf"
