"""Retrieval gives the few eligible lemmas that share something with a statement, best first."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import App, Const, Lemma, Term, Var
from library_store.retrieval import bm25
from library_store.retrieval.bm25 import K1, B
from library_store.retrieval.lexical import LemmaIndex, Retrieved, size, statement_tokens
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


def retrieve(lemmas: Sequence[Lemma], *arguments: Any, **keywords: Any) -> list[Retrieved]:
    return LemmaIndex(lemmas).retrieve(*arguments, **keywords)


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


def test_at_most_k_come_back() -> None:
    everything = names(retrieve(LIBRARY, GOAL, {NAT, PLUS, REV}, PRELUDE, 10))
    for k in range(len(everything) + 1):
        assert names(retrieve(LIBRARY, GOAL, {NAT, PLUS, REV}, PRELUDE, k)) == everything[:k]


def test_ties_go_by_size_then_id() -> None:
    small, large = for_all("x", equal(plus(X, X), X)), for_all("x", equal(plus(X, X), App(X, (X, X, X))))
    assert statement_tokens(small) == statement_tokens(large)
    twins = [lemma(name, small) for name in "abc"]
    bigger = [lemma(name, large) for name in "defg"]
    found = retrieve([*bigger, *twins], statement_tokens(small), {NAT, PLUS}, PRELUDE, 10)
    assert len({entry.score for entry in found}) == 1
    expected = [*sorted(twin.id for twin in twins), *sorted(twin.id for twin in bigger)]
    assert [entry.lemma.id for entry in found] == expected


def test_later_and_retired_lemmas_are_left_out() -> None:
    later = [replace(LIBRARY[0], round=3), replace(LIBRARY[1], retired_by="x"), LIBRARY[2]]
    assert names(retrieve(later, GOAL, {NAT, PLUS}, PRELUDE, 10, at_round=2)) == ["plus_succ"]


@cache
def words_of(term: Term) -> Counter[str]:
    return Counter(statement_tokens(term))


def by_definition(
    lemmas: Sequence[Lemma], tokens: Sequence[str], known: Collection[str], k: int, at_round: int | None = None
) -> list[tuple[str, float]]:
    """What retrieval is: BM25 over the lemmas whose definitions are known, the best, small ones first among equals."""
    documents = {entry.id: words_of(entry.term) for entry in lemmas if set(entry.definition_ids) <= set(known)}
    total = len(documents)
    mean = sum(document.total() for document in documents.values()) / total if total else 0.0
    scores: dict[str, float] = {}
    for token, weight in sorted(Counter(tokens).items()):
        frequency = sum(token in document for document in documents.values())
        rarity = weight * math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
        for identity, document in documents.items():
            if token in document:
                norm = K1 * (1 - B + B * document.total() / mean)
                share = rarity * document[token] * (K1 + 1) / (document[token] + norm)
                scores[identity] = scores.get(identity, 0.0) + share
    found = [
        (-round(scores[entry.id], 9), size(entry.term), entry.id)
        for entry in lemmas
        if entry.id in scores and (at_round is None or entry.round <= at_round)
    ]
    return [(identity, -score) for score, _, identity in sorted(found)[:k]]


def grown(seed: int, count: int) -> list[Lemma]:
    """Lemmas with common and rare tokens, of any size, on shelves of any size, many with equal scores."""
    draw = random.Random(seed)
    words = [f"w{number}" for number in range(30)]
    chances = [1 / (1 + number) for number in range(30)]
    definitions = [sha(f"definition {number}") for number in range(6)]
    return [
        lemma(
            f"{seed} {number}",
            App(
                Const("eq"),
                tuple(App(Const(word), (X,)) for word in draw.choices(words, chances, k=draw.randint(1, 6))),
            ),
            definition_ids=tuple(sorted(draw.sample(definitions, draw.randrange(4)))),
            round=draw.randrange(3),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("few", [0, 5000], ids=["the best alone", "all scored"])
@pytest.mark.parametrize("seed", range(3))
def test_both_ways_find_what_the_definition_says(monkeypatch: pytest.MonkeyPatch, few: int, seed: int) -> None:
    """While the library grows, and lemmas go and come back."""
    monkeypatch.setattr(bm25, "FEW", few)
    draw = random.Random(seed)
    lemmas = grown(seed, 150)
    index = LemmaIndex()
    inside: dict[str, Lemma] = {}
    definitions = sorted({one for entry in lemmas for one in entry.definition_ids})
    for step, entry in enumerate(lemmas):
        index.add(entry)
        inside[entry.id] = entry
        if draw.random() < 0.2:
            gone = draw.choice(list(inside))
            index.remove(gone)
            del inside[gone]
        if draw.random() < 0.1 and (out := [one for one in lemmas[:step] if one.id not in inside]):
            back = draw.choice(out)
            index.add(back)
            inside[back.id] = back
        if step % 15 == 14:
            tokens = statement_tokens(draw.choice(lemmas).term)
            for known in (definitions, draw.sample(definitions, 3)):
                for k, at_round in ((1, None), (4, 1), (7, None), (1000, None)):
                    found = index.retrieve(tokens, known, PRELUDE, k, at_round=at_round)
                    expected = by_definition(list(inside.values()), tokens, known, k, at_round)
                    assert [(one.lemma.id, one.score) for one in found] == expected
    assert len(index) == len(inside)


def test_an_index_that_grew_and_shrank_is_the_index_built_at_once() -> None:
    index = LemmaIndex()
    for entry in [*LIBRARY, *LIBRARY[::-1]]:
        index.add(replace(entry, revision=2))
    index.remove(LIBRARY[1].id)
    index.remove("unknown")
    rest = [replace(entry, revision=2) for entry in LIBRARY if entry is not LIBRARY[1]]
    assert len(index) == len(rest)
    arguments = (GOAL, {NAT, PLUS, REV}, PRELUDE, 10)
    assert index.retrieve(*arguments) == LemmaIndex(rest).retrieve(*arguments)


@given(
    st.lists(st.sampled_from(LIBRARY), min_size=1, unique=True), st.lists(st.sampled_from([*GOAL, "drev"]), max_size=9)
)
@settings(deadline=None)
def test_scores_are_those_of_bm25(lemmas: list[Lemma], tokens: list[str]) -> None:
    found = retrieve(lemmas, tokens, {NAT, PLUS, REV}, PRELUDE, 100)
    expected = by_definition(lemmas, tokens, {NAT, PLUS, REV}, 100)
    assert [(entry.lemma.id, entry.score) for entry in found] == expected
