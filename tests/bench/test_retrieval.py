"""The retrieval bench: what is accessible, what is wanted, and how answers are counted."""

from __future__ import annotations

from collections import Counter

import pytest

from bench import retrieval
from bench.retrieval import Question, answers_to, judged, row
from bench.retrieval_leandojo import Corpus, state_words, words
from datasets.leandojo import Declaration, Premise, SourceFile, Step
from library_store.retrieval.hybrid import SimilarProofs

LOW, HIGH, ASIDE = "Low.lean", "High.lean", "Aside.lean"


def declared(name: str, line: int, says: str) -> Declaration:
    return Declaration(name, f"theorem {name} : {says}", (line, 1), (line + 1, 40))


@pytest.fixture
def corpus() -> Corpus:
    return Corpus(
        [
            SourceFile(LOW, [], [declared("mul_comm", 1, "a * b = b * a"), declared("add_comm", 5, "a + b = b + a")]),
            SourceFile(ASIDE, [], [declared("mul_self", 1, "a * b = b * a")]),
            SourceFile(HIGH, [LOW], [declared("mul_early", 1, "a * b = c"), declared("mul_late", 9, "a * b = b * a")]),
        ]
    )


def step(line: int, state: str, *premises: Premise) -> Step:
    return Step("here", HIGH, (line, 1), state, list(premises))


def test_only_what_is_imported_or_stands_before_is_given(corpus: Corpus) -> None:
    rankings = corpus.rankings(step(9, "⊢ a * b = b * a"), SimilarProofs())
    names = [one.rpartition(" ")[2] for one in rankings["lexical"]]
    assert names[0] == "mul_comm"
    assert set(names) == {"mul_comm", "add_comm", "mul_early"}


def test_what_is_wanted_is_the_declaration_at_the_place_that_the_premise_names(corpus: Corpus) -> None:
    alias, gone = Premise("mul_comm'", LOW, (2, 3)), Premise("gone", LOW, (8, 1))
    assert corpus.wanted(step(9, "", alias, gone)) == {f"{LOW}:1:1 mul_comm"}


def test_similar_states_vote_for_what_may_be_given_only(corpus: Corpus) -> None:
    proofs = SimilarProofs()
    ids = {name.rpartition(" ")[2]: name for name in corpus.declarations.ids}
    state = "⊢ a * b = b * a"
    proofs.add("1", retrieval.counted(state_words(state)), [ids["add_comm"], ids["mul_self"], ids["mul_late"]], 1)
    assert corpus.rankings(step(9, state), proofs)["proofs"] == [ids["add_comm"]]


def test_words_are_cut_and_goals_count_three_times() -> None:
    assert words("Nat.mul_comm x") == Counter(["Nat.mul_comm", "nat", "mul", "comm", "x"])
    assert state_words("h : p\n⊢ q x")["q"] == 3
    assert state_words("h : p\n⊢ q x")["p"] == 1


def test_recall_is_the_share_of_what_is_wanted_and_its_interval_is_over_groups() -> None:
    asked = Question("t", frozenset({"a", "b"}), lambda: {"lexical": ["x", "a"], "proofs": ["b"]})
    assert judged(asked, ["x", "a", "b"]) == ("t", (0.0, 1.0, 1.0), 0.5)
    answered = answers_to([asked], "")
    assert answered["BM25"][0].recall == (0.0, 0.5, 0.5)
    assert answered["BM25 + proofs"][0].recall == (0.0, 1.0, 1.0)
    good, bad = judged(asked, ["a", "b"]), judged(asked, [])
    mixed = row(
        [good._replace(group=str(at)) for at in range(30)] + [bad._replace(group=f"b{at}") for at in range(30)], 0
    )
    assert mixed["recall_at_10"] == 50.0
    low, high = mixed["recall_at_10_interval"]
    assert 30 < low < 50 < high < 70
    assert row([good, good._replace(group="u")], 0)["recall_at_10_interval"] == [100.0, 100.0]


def test_the_headline_is_that_of_both_rankings() -> None:
    facts = {"source": "LeanDojo, random", "method": "BM25 + proofs", "recall_at_10": 12.5}
    assert retrieval.headline([facts, facts | {"method": "BM25", "recall_at_10": 1.0}]) == {"recall_at_10": 12.5}
    assert retrieval.headline([]) == {}
