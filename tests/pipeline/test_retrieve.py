"""Lemmas for a prompt: by statement and informal text, and by what the plan asks for, in turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from domain import Elaboration, Problem
from library_store.admission import Proposal
from pipeline.config import ProveSettings, RetrievalSettings, RunSettings
from pipeline.loop.context import CanonicalStatement
from pipeline.loop.retrieve import by_words, for_prompt, fused, rediscovered, retrieve
from tests.library_store.samples import AUDITED, ZERO, Var, equal, for_all, lemma, opened, plus, sha, successor
from tests.pipeline.contexts import context_of

VISIBLE = (sha("nat"), sha("plus"))


def statement(name: str, term: Any) -> CanonicalStatement:
    return CanonicalStatement(sha(name), term, f"exact {name}", sha(""), VISIBLE)


def test_words_count_by_how_rare_they_are_and_names_are_cut_into_words() -> None:
    lemmas = [
        replace(lemma("a"), statement="reverse x = x"),
        replace(lemma("b"), statement="x = x", name="joinEmpty"),
        replace(lemma("c"), statement="reverse x = reverse y"),
    ]
    assert [one.id for one in by_words("Reverse it, then join.", lemmas)] == [sha(f"lemma {x}") for x in "bac"]
    assert by_words("Nothing of the kind.", lemmas) == []


def test_two_rankings_become_one_and_the_first_breaks_ties() -> None:
    a, b, c = lemma("a"), lemma("b"), lemma("c")
    assert fused([a, b, c], [c]) == [c, a, b]
    assert fused([a, b], []) == [a, b]


def test_a_prompt_gets_the_papers_numbers_in_turn_and_never_its_own_statement(tmp_path: Path) -> None:
    x, y = Var("x"), Var("y")
    sums = {f"sum {k}": for_all("x y", equal(plus(x, y), plus(y, x))) for k in range(8)}
    zeros = {f"zero {k}": for_all("x", equal(successor(ZERO), ZERO)) for k in range(4)}
    goal = statement("lemma sum 0", sums["sum 0"])
    elaboration = Elaboration(Problem("p", "rocq", "", ""), sha(""), "", (), {}, goal.term, goal.exact, VISIBLE)
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma(name, term), AUDITED) for name, term in (sums | zeros).items()])

        class Everything:
            """The library, as if the problem had all definitions."""

            def retrieve(self, term: Any, visible: Any, prelude_id: str, k: int, **how: Any) -> Any:
                del visible
                return library.retrieve(term, VISIBLE, prelude_id, k, **how)

        context = context_of([], library=Everything())
        wanted = [statement("wanted", zeros["zero 0"])]
        names = [one.name.split()[0] for one in for_prompt(context, elaboration, goal, wanted)]
        assert names == ["sum", "zero", "sum", "zero", "sum", "sum", "sum", "sum"]
        settings = RunSettings(prove=ProveSettings(retrieved_for_problem=1, retrieved_for_request=0))
        (only,) = for_prompt(replace(context, settings=settings), elaboration, goal, wanted)
        assert only.id != goal.id


def test_the_proof_of_a_lemma_that_states_a_problem_is_found_if_the_run_made_it_in_an_earlier_round(
    tmp_path: Path,
) -> None:
    x, y = Var("x"), Var("y")
    term = for_all("x y", equal(plus(x, y), plus(y, x)))
    elaboration = Elaboration(Problem("p", "rocq", "", ""), sha(""), "", (), {}, term, "exact itself", VISIBLE)
    context = context_of([elaboration])
    itself = lemma("itself", term, id=context.of_problem("p").id, uses=(sha("lemma used"),), operator="exploration")
    with opened(tmp_path) as library:
        context = context_of([elaboration], library=library)
        assert rediscovered(context, "p", 2) is None
        library.insert_many([Proposal(one, AUDITED) for one in (lemma("used"), itself)])
        assert rediscovered(context, "p", 1) is None
        found = rediscovered(context, "p", 2)
        assert found is not None
        assert (found.proof, [one.name for one in found.lemmas], found.source) == (
            itself.proof,
            ["used"],
            "rediscovered",
        )
        alone = replace(context, settings=RunSettings(retrieval=RetrievalSettings(visibility="none")))
        assert rediscovered(alone, "p", 2) is None


def test_an_imported_lemma_does_not_prove_the_problem_that_it_states(tmp_path: Path) -> None:
    term = for_all("x", equal(Var("x"), Var("x")))
    elaboration = Elaboration(Problem("p", "rocq", "", ""), sha(""), "", (), {}, term, "exact itself", VISIBLE)
    context = context_of([elaboration])
    with opened(tmp_path) as library:
        context = context_of([elaboration], library=library)
        library.insert_many([Proposal(lemma("itself", term, id=context.of_problem("p").id), AUDITED, imported=True)])
        assert rediscovered(context, "p", 2) is None


def test_the_rankings_of_the_settings_decide_the_order(tmp_path: Path) -> None:
    x, y = Var("x"), Var("y")
    goal = statement("goal", for_all("x y", equal(plus(x, successor(y)), plus(successor(x), y))))
    with opened(tmp_path) as library:
        zero = lemma("zero", for_all("x", equal(plus(x, ZERO), x)))
        comm = lemma("comm", for_all("x y", equal(plus(x, y), plus(y, x))))
        library.insert_many([Proposal(zero, AUDITED), Proposal(comm, AUDITED)])
        similar = for_all("x y", equal(plus(x, successor(y)), successor(plus(y, x))))
        library.insert(replace(lemma("similar", similar), uses=(zero.id,)), AUDITED)

        def given(**changed: Any) -> list[str]:
            context = context_of([], RunSettings(retrieval=RetrievalSettings(**changed)), library=library)
            return [one.name for one in retrieve(context, goal, VISIBLE, 3)]

        assert given() == ["similar", "comm", "zero"]
        assert given(rankings=("proofs",)) == ["zero"]
        assert given(rankings=("lexical", "proofs")).index("zero") < 2
        assert given(visibility="none", rankings=("proofs",)) == []
