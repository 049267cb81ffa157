"""Lean terms: what the real prover prints is read, and what is written is read back as the same term."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import App, Branch, Const, Forall, Lambda, Let, Match, Sort, Term, Var
from term_algebra import alpha_normal, apply
from verifiers.audit.lean.toolchain import find
from verifiers.audit.lean.uses import SHOW_ALL
from verifiers.audit.words import ParseError
from verifiers.lean import matches, operators
from verifiers.lean.asking import run_commands
from verifiers.lean.printed import Reading, definition_body
from verifiers.lean.reader import parse, term_name
from verifiers.lean.session import Session
from verifiers.lean.terms import render

_TYPES = st.sampled_from([Const("nat"), Const("bool"), Forall("_", Const("nat"), Const("bool"))])
_NAMES = st.sampled_from(["x", "y", "f", "α", "n'", "a₁"])


def _terms() -> st.SearchStrategy[Term]:
    leaves = st.one_of(
        _NAMES.map(Var), st.sampled_from([Const("g"), Const("Nat.add"), Const("nil"), Const("7"), Sort("Prop")])
    )

    def larger(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        return st.one_of(
            st.tuples(inner, st.lists(inner, min_size=1, max_size=3)).map(lambda pair: apply(pair[0], pair[1])),
            st.tuples(_NAMES, _TYPES, inner).map(lambda parts: Lambda(*parts)),
            st.tuples(_NAMES, _TYPES, inner).map(lambda parts: Forall(*parts)),
            st.tuples(_TYPES, inner).map(lambda pair: Forall("_", *pair)),
            st.tuples(_NAMES, inner, _TYPES, inner).map(lambda parts: Let(*parts)),
        )

    return st.recursive(leaves, larger, max_leaves=12)


@settings(max_examples=300, deadline=None)
@given(_terms())
def test_what_is_written_is_read_as_the_same_term(term: Term) -> None:
    text = render(term).replace("nat_lit ", "")
    assert alpha_normal(parse(text, _free())) == alpha_normal(term)


def _free() -> list[str]:
    return ["x", "y", "f", "α", "n'", "a₁"]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    toolchain = find()
    with Session(toolchain) as session:
        assert session.load(toolchain.header("")).ok
        yield session


STATEMENTS = [
    "∀ (n : Nat), Eq (Nat.add n Nat.zero) n",
    "∀ {α : Type} (x y : α), Eq x y → Eq y x",
    "∀ (p q : Prop), Iff (And p q) (And q p)",
    "∀ (f : Nat → Nat), Exists (fun n => Eq (f n) n) → Not (∀ n, Not (Eq (f n) n))",
    "Eq (fun (n : Nat) => Nat.succ n) Nat.succ",
    "∀ (b : Bool), Eq (match b with | true => Nat.zero | false => Nat.succ Nat.zero) Nat.zero",
    "∀ (n m : Nat), Eq (match n, m with | .zero, .zero => true | .succ _, .succ k => Nat.beq k m | _, _ => false) true",
    "∀ (n : Nat), let k : Nat := Nat.succ n; Eq k (Nat.succ n)",
    "∀ (α : Type) (p : α → Prop), (∀ x, p x) → ∀ y, p y",
]


def test_statements_survive_a_round_trip_through_the_prover(session: Session) -> None:
    """Printed in full, read, written, and printed again: the same term each time."""
    first = _read(session, STATEMENTS)
    written = [render(term) for term in first]
    assert [render(alpha_normal(term)) for term in _read(session, written)] == [
        render(alpha_normal(term)) for term in first
    ]


def _read(session: Session, statements: list[str]) -> list[Term]:
    commands = [
        *[f"theorem asked{index} : {statement} := sorry" for index, statement in enumerate(statements)],
        *SHOW_ALL,
        *[f"#check @asked{index}" for index in range(len(statements))],
    ]
    bodies: dict[str, Term] = {}
    while True:
        ran = run_commands(session, commands, 60.0)
        assert not [answer.error for answer in ran.answers if answer.error]
        reading = Reading(bodies)
        terms = [reading.statement(answer.output) for answer in ran.answers[-len(statements) :]]
        if not reading.missing:
            return terms
        names = sorted(reading.missing)
        told = run_commands(session, [*commands, *[f"#print {name}" for name in names]], 60.0)
        bodies |= {n: definition_body(a.output) for n, a in zip(names, told.answers[-len(names) :], strict=True)}


def test_matches_are_read_from_what_lean_compiles_them_to() -> None:
    scrutinee, zero = Var("n"), Const("O")
    printed = "@Nat.casesOn.{1} (fun (x : Nat) => Nat) n Nat.zero fun (k : Nat) => Nat.succ k"
    found = matches.read(parse(printed, ["n"]), {}, {})
    step = Branch("S", ("k",), App(Const("S"), (Var("k"),)))
    assert found == Match(scrutinee, (Branch("O", (), zero), step))


def test_core_names_are_the_same_for_every_prover_and_never_taken_for_a_files_own() -> None:
    assert parse("@Eq.{1} Nat Nat.zero (Nat.succ n)", ["n"]) == App(
        Const("eq"), (Const("nat"), Const("O"), App(Const("S"), (Var("n"),)))
    )
    assert (term_name("eq"), term_name("Bool.true"), term_name("mine")) == ("_root_.eq", "true", "mine")
    assert render(parse("eq")) == "@_root_.eq"


@pytest.mark.parametrize("text", ["", "fun x => x", "(a", "a b)", "∀ x, p", "match x with | a => b", "x.{u", "a ⟨b⟩"])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


@pytest.mark.parametrize("name", ["Int.div", "Int.tdiv", "Int.fdiv", "Int.mod", "Int.tmod", "Int.fmod"])
def test_a_function_that_rounds_in_another_way_is_not_written_as_the_sign(name: str) -> None:
    """`Int.div` once rounded towards zero: written as `/`, a statement about it would be another statement."""
    sign = parse("@HDiv.hDiv.{0, 0, 0} Int Int Int (@instHDiv.{0} Int Int.instDivInt) a b", ["a", "b"])
    assert sign == App(Const("Int.ediv"), (Var("a"), Var("b")))
    other = App(Const(name), (Var("a"), Var("b")))
    assert operators.written(other) == other
