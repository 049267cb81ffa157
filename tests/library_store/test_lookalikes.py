"""Lemmas that read alike are grouped under the first of them, and none is refused for it."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from domain import Lemma, Var
from library_store import snapshot
from library_store.admission import Proposal
from library_store.library import Library
from library_store.lookalikes import LookAlikes, coded, sketch, words
from tests.library_store.samples import AUDITED, equal, for_all, lemma, opened, plus, sha

LONG = "forall (x0 x1 x2 : nat), eq nat (plus (plus x0 x1) (plus x2 x0)) (plus x0 (plus x1 (plus x2 x0)))"


def stated(name: str, statement: str, **changes: object) -> Lemma:
    return replace(lemma(name), statement_exact=statement, dedup_key=sha(statement), **changes)


def leader(alike: LookAlikes, one: Lemma) -> str | None:
    return alike.leader_of(sketch(one, one.dedup_key))


def test_one_that_reads_like_an_earlier_one_is_kept_and_says_so(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        first = library.insert(stated("a", LONG), AUDITED)
        second = library.insert(stated("b", LONG.replace("plus x2 x0)))", "plus x2 x1)))")), AUDITED)
        other = library.insert(stated("c", "forall (x0 : nat), eq nat (plus x0 zero) x0"), AUDITED)
        assert (first.near, second.near, other.near) == (None, first.id, None)
        assert second.new
        assert library.lemmas[second.id].near == first.id
        library.snapshot()
    assert snapshot.read(tmp_path).lemmas[second.id].near == first.id


def test_a_look_alike_by_key_is_near_whatever_its_words(tmp_path: Path) -> None:
    left = for_all("x0 x1", equal(plus(Var("x0"), Var("x1")), Var("x0")))
    right = for_all("x0 x1", equal(Var("x1"), plus(Var("x1"), Var("x0"))))
    with opened(tmp_path) as library:
        answers = library.insert_many([Proposal(lemma("p", left), AUDITED), Proposal(lemma("q", right), AUDITED)])
        assert [answer.near for answer in answers] == [None, sha("lemma p")], "also within one group"


def test_only_lemmas_over_the_same_definitions_and_prelude_are_near() -> None:
    alike = LookAlikes()
    alike.add(stated("a", LONG))
    assert leader(alike, stated("b", LONG + " ")) == sha("lemma a")
    assert leader(alike, stated("b", LONG + " ", definition_ids=(sha("nat"),))) is None
    assert leader(alike, stated("b", LONG + " ", prelude_id=sha("other"))) is None


def test_a_group_is_what_reads_like_its_first_lemma(tmp_path: Path) -> None:
    """The third is near the second, not near the first, so it leads a group of its own; so it is after reopening."""
    parts = LONG.split()
    second = " ".join([*parts[:-3], "(mul", "x9", "x8)"])
    third = " ".join([*second.split()[:-6], "(mul", "x7", "x6)", "(mul", "x9", "x8)"])
    with opened(tmp_path) as library:
        answers = [library.insert(stated(str(n), text), AUDITED) for n, text in enumerate([LONG, second, third])]
        assert [answer.near for answer in answers] == [None, answers[0].id, None]
        library.snapshot()
    with Library(tmp_path) as library:
        again = library.insert(stated("again", third.replace("x6", "x5")), AUDITED)
        assert again.near == answers[2].id


def test_most_pairs_that_share_nine_of_ten_words_are_found() -> None:
    """MinHash may miss some: of 200 statements of 20 to 40 words with one word changed, at most 10."""
    draw = random.Random(0)
    alike = LookAlikes()
    missed = 0
    for number in range(200):
        text = [f"w{draw.randrange(50)}" for _ in range(draw.randint(20, 40))]
        alike.add(stated(f"a{number}", " ".join(text)))
        text[draw.randrange(len(text))] = "changed"
        missed += leader(alike, stated(f"b{number}", " ".join(text))) != sha(f"lemma a{number}")
    assert missed <= 10


def test_words_are_names_and_signs() -> None:
    text = "forall (x0 : nat), @eq nat (S' x0) x.y"
    assert words(text) == ["forall", "(", "x0", ":", "nat", ")", ",", "@", "eq", "nat", "(", "S'", "x0", ")", "x.y"]


@pytest.mark.parametrize("space", [" ", "\n", "\t", "\u00a0", "\u3000", "\x1c"])
def test_a_statement_has_a_character_for_each_word_whatever_is_between_them(space: str) -> None:
    statement = space.join(("forall", "n:nat,", "(f n)", "=", "Δ'x"))
    found = words(statement)
    assert found == ["forall", "n", ":", "nat", ",", "(", "f", "n", ")", "=", "Δ'x"]
    assert coded(statement) == "".join(map(coded, found))
