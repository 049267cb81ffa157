"""Choosing the few lemmas that may help with a statement (BM25 over the constants of statements).

A lemma is eligible for a statement when it has the same prelude and all of its definitions are among those that the
statement's problem has. Lemmas are kept in one small inverted index per set of definitions, so eligibility is
decided set by set and scores are computed only where a token occurs. An unselected library helps nobody, and the
smallest relevant lemmas were what helped in experiments on inductive problems: equal scores are ordered by size, and
`order="small"` puts size first among all lemmas that share a token with the statement.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from domain import App, Const, Lemma, Term
from term_algebra import subterms

Order: TypeAlias = Literal["score", "small"]

K1 = 1.2
"""How fast further occurrences of one token stop counting (Robertson and Zaragoza 2009, section 3)."""
B = 0.75
"""How much long statements are discounted, from 0 to 1 (same source)."""

_WORDS = re.compile(r"[^\W\d][\w'.]*|[^\w\s\"()]+")


class Retrieved(NamedTuple):
    """A lemma and its BM25 score for the statement."""

    lemma: Lemma
    score: float


def statement_tokens(term: Term) -> list[str]:
    """The constants of a statement, and each application of one constant to another as `outer inner`.

    Of a statement that is kept as text, its words.
    """
    tokens: list[str] = []
    for part in subterms(term):
        match part:
            case Const(name):
                tokens.append(name)
                if " " in name:  # a statement in its author's own words
                    tokens += _WORDS.findall(name)
            case App(Const(outer), arguments):
                for argument in arguments:
                    match argument:
                        case App(Const(inner), _):
                            tokens.append(f"{outer} {inner}")
                        case _:
                            pass
            case _:
                pass
    return tokens


def size(term: Term) -> int:
    """How many nodes a term has."""
    return sum(1 for _ in subterms(term))


@dataclass(slots=True)
class _Shelf:
    """The lemmas of one prelude over one set of definitions."""

    postings: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    lengths: dict[str, int] = field(default_factory=dict[str, int])


class LemmaIndex:
    """An incremental index. It holds what it was given: take retired lemmas out with `remove`."""

    def __init__(self, lemmas: Iterable[Lemma] = ()) -> None:
        self._shelves: dict[tuple[str, frozenset[str]], _Shelf] = {}
        self._lemmas: dict[str, Lemma] = {}
        self._sizes: dict[str, int] = {}
        for lemma in lemmas:
            if lemma.retired_by is None:
                self.add(lemma)

    def __len__(self) -> int:
        return len(self._lemmas)

    def add(self, lemma: Lemma) -> None:
        """Put a lemma in, or replace its earlier revision."""
        self.remove(lemma.id)
        shelf = self._shelves.setdefault((lemma.prelude_id, frozenset(lemma.definition_ids)), _Shelf())
        counts = Counter(statement_tokens(lemma.term))
        for token, count in counts.items():
            shelf.postings.setdefault(token, {})[lemma.id] = count
        shelf.lengths[lemma.id] = counts.total()
        self._lemmas[lemma.id] = lemma
        self._sizes[lemma.id] = size(lemma.term)

    def remove(self, lemma_id: str) -> None:
        lemma = self._lemmas.pop(lemma_id, None)
        if lemma is None:
            return
        shelf = self._shelves[lemma.prelude_id, frozenset(lemma.definition_ids)]
        for token in set(statement_tokens(lemma.term)):
            del shelf.postings[token][lemma_id]
        del shelf.lengths[lemma_id], self._sizes[lemma_id]

    def retrieve(
        self,
        tokens: Sequence[str],
        definition_ids: Collection[str],
        prelude_id: str,
        k: int,
        *,
        at_round: int | None = None,
        order: Order = "score",
        visible: Collection[str] | None = None,
    ) -> list[Retrieved]:
        """The `k` best eligible lemmas that share a token with the statement, best first.

        Args:
            tokens: of the statement, from `statement_tokens`.
            definition_ids: of the definitions that the problem has.
            prelude_id: of the problem.
            k: at most so many.
            at_round: leave out lemmas that were admitted later.
            order: by score, then size, then id; or by size, then score, then id.
            visible: ids of the only lemmas that may be seen; None for all.
        """
        known = frozenset(definition_ids)
        shelves = [s for (prelude, needs), s in self._shelves.items() if prelude == prelude_id and needs <= known]
        total = sum(len(shelf.lengths) for shelf in shelves)
        if not total:
            return []
        mean = sum(sum(shelf.lengths.values()) for shelf in shelves) / total
        scores: dict[str, float] = {}
        for token, weight in sorted(Counter(tokens).items()):
            frequency = sum(len(shelf.postings.get(token, ())) for shelf in shelves)
            rarity = weight * math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
            for shelf in shelves:
                for lemma_id, count in shelf.postings.get(token, {}).items():
                    norm = K1 * (1 - B + B * shelf.lengths[lemma_id] / mean)
                    scores[lemma_id] = scores.get(lemma_id, 0.0) + rarity * count * (K1 + 1) / (count + norm)
        found = [
            (round(score, 9), self._sizes[lemma_id], lemma_id)
            for lemma_id, score in scores.items()
            if (at_round is None or self._lemmas[lemma_id].round <= at_round)
            and (visible is None or lemma_id in visible)
        ]
        if order == "score":
            found.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
        else:
            found.sort(key=lambda entry: (entry[1], -entry[0], entry[2]))
        return [Retrieved(self._lemmas[lemma_id], score) for score, _, lemma_id in found[:k]]


def retrieve(
    lemmas: Iterable[Lemma],
    tokens: Sequence[str],
    definition_ids: Collection[str],
    prelude_id: str,
    k: int,
    at_round: int | None = None,
    order: Order = "score",
) -> list[Retrieved]:
    """`LemmaIndex.retrieve` over lemmas that are not indexed yet."""
    return LemmaIndex(lemmas).retrieve(tokens, definition_ids, prelude_id, k, at_round=at_round, order=order)
