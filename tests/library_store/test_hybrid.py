"""Several rankings as one: BM25 and proofs of similar statements, fused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from domain import App, Const, Term, Var
from library_store.admission import Proposal
from library_store.library import Library
from library_store.retrieval.bm25 import IndexedStatement
from library_store.retrieval.hybrid import HybridIndex, Ranking, SimilarProofs, fused
from library_store.retrieval.lexical import LemmaIndex, statement_tokens, text_tokens
from tests.library_store.samples import AUDITED, equal, for_all, lemma, opened, plus, problem, sha, successor

NAT, PLUS = sha("nat"), sha("plus")
PRELUDE = sha("")
X, Y = Var("x"), Var("y")
EVERY: tuple[Ranking, ...] = ("lexical", "proofs")


def statement(text: str) -> IndexedStatement:
    words = text.split()
    return IndexedStatement({word: words.count(word) for word in words}, len(words))


# ------------------------------------------------------------------------------------------------------------- proofs


def test_proofs_of_similar_statements_vote_and_those_of_later_rounds_do_not() -> None:
    proofs = SimilarProofs()
    proofs.add("p", statement("rev app rev"), ["rev_app"], 1)
    proofs.add("q", statement("rev app app"), ["rev_app", "app_assoc"], 2)
    proofs.add("r", statement("plus zero"), ["plus_zero"], 1)
    assert [vote.id for vote in proofs.votes(["rev", "app"])] == ["rev_app", "app_assoc"]
    assert [vote.id for vote in proofs.votes(["rev", "app"], at_round=1)] == ["rev_app"]
    assert [vote.id for vote in proofs.votes(["rev", "app"], without="q")] == ["rev_app"]
    assert proofs.votes(["unheard"]) == []


def test_a_proof_that_was_replaced_no_longer_votes() -> None:
    proofs = SimilarProofs()
    proofs.add("p", statement("rev app"), ["long"], 1)
    proofs.add("p", statement("rev app"), ["short"], 2)
    assert [vote.id for vote in proofs.votes(["rev"])] == ["short"]
    proofs.add("p", statement("rev app"), [], 3)
    assert proofs.votes(["rev"]) == []
    assert len(proofs) == 0


# ------------------------------------------------------------------------------------------------------------- fusion


def test_an_item_high_in_two_rankings_comes_before_the_first_of_one() -> None:
    assert list(fused([["a", "b", "c"], ["d", "b"]])) == ["b", "a", "d", "c"]
    assert fused([[], []]) == {}


# -------------------------------------------------------------------------------------------------------- the library


def terms() -> dict[str, Term]:
    zero = Const("dnat_1")
    return {
        "plus_zero": for_all("x", equal(plus(X, zero), X)),
        "plus_comm": for_all("x y", equal(plus(X, Y), plus(Y, X))),
        "plus_succ": for_all("x y", equal(plus(X, successor(Y)), successor(plus(X, Y)))),
        "goal": for_all("x y", equal(plus(X, successor(Y)), plus(successor(X), Y))),
        "near": for_all("x y", equal(plus(X, successor(Y)), successor(plus(Y, X)))),
    }


def test_what_a_similar_proof_used_comes_first_although_it_reads_otherwise() -> None:
    lemmas = {name: lemma(name, term) for name, term in terms().items() if name != "goal"}
    index = LemmaIndex(lemmas.values())
    hybrid = HybridIndex(index)
    goal = statement_tokens(terms()["goal"])
    before = [one.lemma.name for one in index.retrieve(goal, {NAT, PLUS}, PRELUDE, 4)]
    assert before.index("plus_zero") > before.index("plus_comm")
    hybrid.add_proof("near", PRELUDE, statement_tokens(terms()["near"]), [lemmas["plus_zero"].id], 1)
    after = [one.lemma.name for one in hybrid.retrieve(goal, {NAT, PLUS}, PRELUDE, 4, EVERY)]
    assert after.index("plus_zero") < after.index("plus_comm")
    unmoved = [one.lemma.name for one in hybrid.retrieve(goal, {NAT, PLUS}, PRELUDE, 4, EVERY, without="near")]
    assert unmoved == before


def test_only_eligible_lemmas_are_given_whatever_the_proofs_used() -> None:
    rev = lemma("rev_rev", for_all("x", equal(App(Const("drev"), (X,)), X)), definition_ids=(NAT, sha("rev")))
    late = replace(lemma("late", terms()["plus_comm"]), round=3)
    index = LemmaIndex([lemma("plus_zero", terms()["plus_zero"]), rev, late])
    hybrid = HybridIndex(index)
    goal = statement_tokens(terms()["goal"])
    hybrid.add_proof("near", PRELUDE, goal, [rev.id, late.id, sha("nobody")], 1)
    names = [one.lemma.name for one in hybrid.retrieve(goal, {NAT, PLUS}, PRELUDE, 9, EVERY, at_round=2)]
    assert names == ["plus_zero"]
    index.remove(late.id)
    assert "late" not in [one.lemma.name for one in hybrid.retrieve(goal, {NAT, PLUS}, PRELUDE, 9, EVERY)]
    assert hybrid.retrieve(goal, {NAT, PLUS}, "another prelude", 9, EVERY) == []
    assert hybrid.retrieve(goal, {NAT, PLUS}, PRELUDE, 0, EVERY) == []


def test_a_library_that_is_asked_early_and_one_that_is_opened_again_answer_alike(tmp_path: Path) -> None:
    def ask(library: Library) -> list[tuple[str, float]]:
        found = library.retrieve(terms()["goal"], {NAT, PLUS}, PRELUDE, 5, rankings=EVERY)
        return [(one.lemma.id, one.score) for one in found]

    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma(name, terms()[name]), AUDITED) for name in ("plus_comm", "plus_zero")])
        zero, comm = sha("lemma plus_zero"), sha("lemma plus_comm")
        asked = ask(library)
        library.insert(lemma("near", terms()["near"], uses=(zero,)), AUDITED)
        with_a_lemmas_proof = ask(library)
        library.add_problems([replace(problem("spoken"), statement_exact="@eq dplus dnat_2")])
        library.set_problem("spoken", "proved", proof="auto.", uses=[comm])
        with_a_problems_proof = ask(library)
    assert dict(with_a_lemmas_proof)[zero] > dict(asked)[zero]
    assert dict(with_a_problems_proof)[comm] > dict(with_a_lemmas_proof)[comm]
    with Library(tmp_path) as library:
        assert ask(library) == with_a_problems_proof


def test_names_of_a_statements_text_are_its_constants() -> None:
    assert text_tokens("forall (x0 : d1), @eq d1 (@d2 x0 d1_1) x0") == ["forall", "d1", "eq", "d1", "d2", "d1_1"]
