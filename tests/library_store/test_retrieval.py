"""Retrieval gives the few eligible lemmas that share something with a statement, best first."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import App, Const, Lemma, Term, Var
from library_store.retrieval import K1, B, LemmaIndex, retrieve, size, statement_tokens
from tests.library_store.samples import equal, for_all, lemma, plus, sha, successor

NAT, PLUS, REV = sha("nat"), sha("plus"), sha("rev")
PRELUDE = sha("")


def rev(term: Term) -> Term:
    return App(Const("drev"), (term,))


X, Y = Var("x"), Var("y")
LIBRARY = [
    lemma("plus_zero", for_all("x", equal(plus(X, Const("dnat_1")), X))),
    lemma("plus_comm", for_all("x y", equal(plus(X, Y), plus(Y, X)))),
    lemma("plus_succ", for_all("x y", equal(plus(X, successor(Y)), successor(plus(X, Y))))),
    lemma("rev_rev", for_all("x", equal(rev(rev(X)), X)), definition_ids=(NAT, REV)),
    lemma("rev_plus", for_all("x y", equal(rev(plus(X, Y)), plus(rev(Y), rev(X)))), definition_ids=(NAT, PLUS, REV)),
    lemma("reflexive", for_all("x", equal(X, X)), definition_ids=(NAT,)),
]
GOAL = statement_tokens(for_all("x", equal(plus(X, successor(X)), successor(plus(X, X)))))


def names(found: list[Any]) -> list[str]:
    return [entry.lemma.name for entry in found]


def test_a_statement_without_the_definitions_of_a_lemma_never_gets_it() -> None:
    assert set(names(retrieve(LIBRARY, GOAL, {NAT, PLUS}, PRELUDE, 10))) == {
        "plus_zero",
        "plus_comm",
        "plus_succ",
        "reflexive",
    }
    assert names(retrieve(LIBRARY, GOAL, {NAT}, PRELUDE, 10)) == ["reflexive"]
    assert names(retrieve(LIBRARY, GOAL, {NAT, PLUS}, "another prelude", 10)) == []


def test_the_lemma_with_the_shape_of_the_goal_comes_first() -> None:
    assert names(retrieve(LIBRARY, GOAL, {NAT, PLUS, REV}, PRELUDE, 10))[0] == "plus_succ"


def test_a_lemma_that_shares_nothing_is_left_out() -> None:
    tokens = ["drev"]
    assert set(names(retrieve(LIBRARY, tokens, {NAT, PLUS, REV}, PRELUDE, 10))) == {"rev_rev", "rev_plus"}
    assert retrieve(LIBRARY, ["unheard"], {NAT, PLUS, REV}, PRELUDE, 10) == []
    assert retrieve([], GOAL, {NAT, PLUS}, PRELUDE, 10) == []


def test_at_most_k_come_back_and_the_order_by_size_puts_small_ones_first() -> None:
    found = retrieve(LIBRARY, GOAL, {NAT, PLUS, REV}, PRELUDE, 3, order="small")
    assert len(found) == 3
    sizes = [size(entry.lemma.term) for entry in found]
    assert sizes == sorted(sizes)
    assert found[0].lemma.name == "reflexive"


def test_ties_go_by_size_then_id() -> None:
    small, large = for_all("x", equal(plus(X, X), X)), for_all("x", equal(plus(X, X), App(X, (X, X, X))))
    assert statement_tokens(small) == statement_tokens(large)
    twins = [lemma(name, small) for name in "abc"]
    bigger = [lemma(name, large) for name in "defg"]
    found = retrieve([*bigger, *twins], statement_tokens(small), {NAT, PLUS}, PRELUDE, 10)
    assert len({entry.score for entry in found}) == 1
    expected = [*sorted(twin.id for twin in twins), *sorted(twin.id for twin in bigger)]
    assert [entry.lemma.id for entry in found] == expected


def test_later_and_retired_and_hidden_lemmas_are_left_out() -> None:
    later = [replace(LIBRARY[0], round=3), replace(LIBRARY[1], retired_by="x"), LIBRARY[2]]
    assert names(retrieve(later, GOAL, {NAT, PLUS}, PRELUDE, 10, at_round=2)) == ["plus_succ"]
    index = LemmaIndex(LIBRARY)
    seen = index.retrieve(GOAL, {NAT, PLUS}, PRELUDE, 10, visible={LIBRARY[0].id})
    assert names(seen) == ["plus_zero"]


@pytest.mark.parametrize("order", ["score", "small"])
def test_an_index_that_grew_and_shrank_is_the_index_built_at_once(order: Any) -> None:
    index = LemmaIndex()
    for entry in [*LIBRARY, *LIBRARY[::-1]]:
        index.add(replace(entry, revision=2))
    index.remove(LIBRARY[1].id)
    index.remove("unknown")
    rest = [replace(entry, revision=2) for entry in LIBRARY if entry is not LIBRARY[1]]
    assert len(index) == len(rest)
    arguments = (GOAL, {NAT, PLUS, REV}, PRELUDE, 10)
    assert index.retrieve(*arguments, order=order) == LemmaIndex(rest).retrieve(*arguments, order=order)


def textbook_bm25(lemmas: list[Lemma], tokens: list[str]) -> dict[str, float]:
    """BM25 written out from its formula over all documents."""
    documents = {entry.id: Counter(statement_tokens(entry.term)) for entry in lemmas}
    mean = sum(d.total() for d in documents.values()) / len(documents)
    scores: dict[str, float] = {}
    for identity, document in documents.items():
        score = 0.0
        for token in tokens:
            holding = sum(token in other for other in documents.values())
            rarity = math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
            frequency = document[token]
            score += rarity * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * document.total() / mean))
        if any(token in document for token in tokens):
            scores[identity] = score
    return scores


@given(
    st.lists(st.sampled_from(LIBRARY), min_size=1, unique=True), st.lists(st.sampled_from([*GOAL, "drev"]), max_size=9)
)
@settings(deadline=None)
def test_scores_are_those_of_bm25(lemmas: list[Lemma], tokens: list[str]) -> None:
    found = retrieve(lemmas, tokens, {NAT, PLUS, REV}, PRELUDE, 100)
    expected = textbook_bm25(lemmas, tokens)
    assert {entry.lemma.id: entry.score for entry in found} == pytest.approx(expected)
    assert [entry.score for entry in found] == sorted((entry.score for entry in found), reverse=True)
