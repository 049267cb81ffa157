"""Lemmas chosen by E: what its formulas say, and that the chosen lemmas prove the statement in Rocq."""

from collections.abc import Iterator
from itertools import islice

import pytest

from domain import Forall, Lemma, Problem, Sort, Term, Var
from pipeline.proposers.automation import saturation
from pipeline.proposers.automation.first_order import Formulas
from pipeline.proposers.automation.portfolio import Portfolio
from pipeline.proposers.automation.saturation import Selection, ask, equates_a_variable, select
from term_algebra.theory import Theory, equation
from tests.pipeline.elaborated import elaborate, lemma_of
from tests.pipeline.small_theory import Checker, definitions, portfolio, statement, theory
from verifiers.rocq.automation import RocqAutomation
from verifiers.rocq.terms import render
from verifiers.scripts import Script

needs_e = pytest.mark.skipif(not saturation.available(), reason="eprover is not installed")


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    checker = Checker()
    yield checker
    checker.session.close()


def lemmas(*names: str) -> list[Lemma]:
    return [lemma_of(theory()[name], "") for name in names]


def names(selection: Selection) -> set[str]:
    told = {lemma_of(one, "").id: name for name, one in theory().items()}
    return {told[lemma.id] for lemma in selection.lemmas or ()}


def proves(checker: Checker, goal: Term, script: Script) -> bool:
    """Whether a script is a proof in Rocq, its lemmas assumed."""
    before = "\n".join(f"Axiom {one.canonical_name} : {one.statement_exact}." for one in script.uses_lemmas)
    return checker.session.run(f"Goal {render(goal)}.\nProof.\n{script.text}\nQed.", 3.0, before=before, goals=False).ok


TRUE = (
    *("join_stop", "join_join", "flip_join", "onto_join", "sum_next", "sum_comm", "sum_assoc", "weight_join"),
    "same_sound",
)


@needs_e
@pytest.mark.parametrize(
    ("goal", "needed"),
    [("flip_flip", {"flip_join"}), ("flip_is_flip_onto", {"onto_join", "join_stop"}), ("weight_flip", {"weight_join"})],
)
def test_what_is_chosen_among_many_is_needed_and_proves_the_statement(
    checker: Checker, goal: str, needed: set[str]
) -> None:
    automation = portfolio()
    choices = [one for one in select(statement(goal), automation, lemmas(*TRUE)) if one.lemmas is not None]
    assert any(needed <= names(one) for one in choices)
    assert all(len(names(one)) < len(TRUE) for one in choices)
    scripts = [
        one for choice in choices for one in islice(automation.scripts(statement(goal), choice.lemmas or ()), 12)
    ]
    assert any(proves(checker, statement(goal), script) for script in scripts)


@needs_e
@pytest.mark.parametrize("name", [name for name in theory() if name.startswith("false_")])
def test_nothing_false_follows_from_what_is_true(name: str) -> None:
    choices = list(select(statement(name), portfolio(), lemmas(*TRUE)))
    assert choices
    assert all(one.lemmas is None for one in choices)


@needs_e
def test_a_false_lemma_proves_what_is_false() -> None:
    choices = list(select(statement("false_flip"), portfolio(), lemmas("false_comm", *TRUE)))
    assert any("false_comm" in names(one) for one in choices)


@needs_e
def test_functions_compute_by_their_equations_and_an_induction_has_its_hypothesis() -> None:
    without, *with_induction = select(statement("below_two"), portfolio(), [])
    assert without.lemmas is None
    assert [one.lemmas for one in with_induction] == [()]


def test_functions_as_values_and_matches_that_are_split_again_have_equations() -> None:
    header = """
Inductive num : Set := zero : num | next : num -> num.
Fixpoint half (x : num) : num := match x with next (next y) => next (half y) | _ => zero end.
Definition third (f : num -> num) (x : num) : num :=
  match f x with next y => match y with next z => z | zero => x end | zero => zero end."""
    (read,) = elaborate(Problem("law", "rocq", header, "Theorem law : forall x, third half x = zero."))
    formulas = Formulas(Theory(read.definitions))
    formulas.formula(read.statement, {})
    axioms = formulas.axioms()
    paths = [axiom for axiom in axioms if "ap(" in axiom and "=>" in axiom]
    assert len(paths) == 3
    assert any("ap(X" in path for path in paths)


@needs_e
def test_an_induction_has_its_hypothesis_for_all_values_of_the_other_variables() -> None:
    for name in ("sum_assoc", "join_join"):
        choices = list(select(statement(name), portfolio(), []))
        assert any(one.variable is not None and one.lemmas == () for one in choices), name


def test_equal_texts_for_equal_statements() -> None:
    one, other = (Formulas(Theory(definitions())) for _ in range(2))
    assert one.formula(statement("sum_assoc"), {}) == other.formula(statement("sum_assoc"), {})
    assert one.axioms() == other.axioms()


def test_what_would_make_all_values_equal_is_seen() -> None:
    x, y, type_ = Var("x"), Var("y"), Var("A")
    collapse: Term = Forall("A", Sort("Type"), Forall("x", type_, Forall("y", type_, equation(type_, x, y))))
    assert equates_a_variable(collapse)
    assert not equates_a_variable(statement("join_stop"))
    assert not equates_a_variable(statement("same_sound"))


@needs_e
def test_functions_over_integers_have_equations_too() -> None:
    header = (
        "From Coq Require Import ZArith.\nFixpoint up (n : nat) : Z := match n with O => 0 | S m => 1 + up m end%Z."
    )
    (read,) = elaborate(Problem("two", "rocq", header, "Theorem two : up 2 = (1 + (1 + 0))%Z."))
    (choice,) = select(read.statement, Portfolio(read.definitions, RocqAutomation()), [])
    assert choice.lemmas == ()


def test_a_program_that_is_not_there_is_told_and_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saturation, "PROGRAM", "no-such-prover")
    assert saturation.version() == "absent"
    assert ask("fof(g, conjecture, a = a).\n").used is None


@needs_e
def test_the_answer_tells_no_lemma_that_is_not_in_the_proof() -> None:
    axioms = "fof(l0, axiom, ![X]: f(X) = X).\nfof(l1, axiom, ![X]: g(X) = X).\n"
    assert ask(axioms + "fof(g, conjecture, f(f(c)) = c).\n").used == {0}
    assert ask(axioms + "fof(g, conjecture, f(h(c)) = c).\n").used is None
    assert ask("this is no TPTP").used is None
