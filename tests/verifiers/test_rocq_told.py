"""A proof that automation found is written as the steps that did it, in Rocq's own tactics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pytest

from domain import Candidate, Definition, Elaboration, Lemma, Problem
from pipeline.proposers.automation.portfolio import Portfolio
from term_algebra.theory import open_statement
from tests.pipeline.elaborated import lemma_of
from tests.pipeline.small_theory import HEADER
from verifiers.canonical import canonical_header
from verifiers.rocq.automation import RocqAutomation
from verifiers.rocq.heard import HERE, plain
from verifiers.rocq.tactics import TACTICS
from verifiers.rocq.verifier import RocqVerifier
from verifiers.scripts import Plan

STATEMENTS = {
    "sum_zero": "forall x : num, sum x zero = x",
    "sum_next": "forall x y : num, sum x (next y) = next (sum x y)",
    "sum_comm": "forall x y : num, sum x y = sum y x",
    "sum_assoc": "forall x y z : num, sum (sum x y) z = sum x (sum y z)",
    "sum_pairs": "forall x y z w : num, sum (sum x y) (sum z w) = sum (sum w y) (sum z x)",
    "join_join": "forall (A : Type) (x y z : seq A), join A (join A x y) z = join A x (join A y z)",
    "join_stop": "forall (A : Type) (x : seq A), join A x (stop A) = x",
    "flip_back": "forall (A : Type) (x y : seq A), flip A (join A x (flip A y)) = join A y (flip A x)",
    "flip_flip": "forall (A : Type) (x : seq A), flip A (flip A x) = x",
    "even_sum": "forall x : num, even x = true -> even (next (next x)) = true",
    "same_sym": "forall x y : num, same x y = true -> same y x = true",
}


class Library(NamedTuple):
    lemmas: Mapping[str, Lemma]
    definitions: Sequence[Definition]
    verifier: RocqVerifier


@pytest.fixture(scope="module")
def library() -> Iterator[Library]:
    verifier = RocqVerifier()
    problems = [Problem(name, "rocq", HEADER, f"Lemma {name} : {text}.") for name, text in STATEMENTS.items()]
    read = [one for one in verifier.elaborate(problems) if isinstance(one, Elaboration)]
    yield Library({one.problem.name: lemma_of(one, "") for one in read}, read[0].definitions, verifier)
    verifier.close()


def plainer(library: Library, lemma: Lemma, plan: Plan, given: Sequence[Lemma]) -> str:
    """The plain proof; the prover takes it without a tactic of ours."""
    portfolio = Portfolio(library.definitions, RocqAutomation())
    header = canonical_header("", library.definitions)
    problem = Problem("goal", "rocq", header, f"Lemma goal : {lemma.statement_exact}.")

    def listen(text: str) -> list[str]:
        answer = library.verifier.replay(Candidate(problem, text, tuple(given), TACTICS), 5.0)
        return [one.text for one in answer.messages] if answer.ok and not answer.open else []

    plain = portfolio.plainer(lemma.term, portfolio.script(open_statement(lemma.term), plan, given), listen)
    if plain:
        (verdict,) = library.verifier.check([Candidate(problem, plain, tuple(given))])
        assert verdict.trust == "elaborated", (plain, verdict.messages)
    return plain


@pytest.mark.parametrize(
    ("name", "plan", "given", "steps"),
    [
        ("sum_comm", Plan("nested", "x0", "x1", general=True), (), "induction x1 as [|x1 IHx1]"),
        ("sum_comm", Plan("induction", "x0"), ("sum_zero", "sum_next"), "  rewrite SUM_ZERO."),
        ("sum_pairs", Plan("search"), ("sum_comm", "sum_assoc"), "rewrite (SUM_COMM x"),
        ("join_join", Plan("induction", "x1", general=True), (), "induction x1 as [|y0 x1 IHx1].\n- reflexivity.\n- "),
        ("flip_flip", Plan("instance"), ("join_stop", "flip_back"), "rewrite JOIN_STOP in e0."),
        ("same_sym", Plan("cases", "x0", "x1", general=True), (), "destruct x1 as [|x1].\n- "),
        ("even_sum", Plan("search"), (), "intros x0 h0.\n"),
    ],
)
def test_a_proof_is_written_as_its_steps(
    library: Library, name: str, plan: Plan, given: Sequence[str], steps: str
) -> None:
    plain = plainer(library, library.lemmas[name], plan, [library.lemmas[one] for one in given])
    for one in given:
        plain = plain.replace(library.lemmas[one].canonical_name, one.upper())
    assert steps in plain
    assert "lm_" not in plain


def test_what_the_search_does_not_close_has_no_such_proof(library: Library) -> None:
    assert plainer(library, library.lemmas["sum_comm"], Plan("search"), ()) == ""


def test_what_it_introduces_has_names_for_those_that_rocq_chooses_depend_on_the_file() -> None:
    said = ["G 0:", "H 0: e", "T 0: injection e ; clear e ; intros", "G 1:", "H 1: e", "T 1: intros"]
    said += ["G 2:", "H 2: h1", "H 2: h0", "H 2: e", "T 2: assumption"]
    assert plain(f"{HERE}.", said) == "injection e.\nclear e.\nintros e.\nintros h0 h1.\nassumption."
