"""BM25 over the lemmas of one prelude, laid out in flat arrays so that many of them answer quickly.

Each lemma has a number. `_Posting` lists, for a token, the lemmas that have it; `_tokens` and `_counts` hold the
tokens of each lemma. A problem that may see few lemmas has all of them scored; one that may see many goes through
postings from the rarest token on, and stops where what is left cannot bring another lemma among the best (MaxScore:
Turtle and Flood 1995). Either way the best are scored once more, token by token in alphabetical order, so that scores
do not depend on the way that found them.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from library_store.retrieval.shelves import NOTHING, Numbers, Shelves, rows, view

K1 = 1.2
"""How fast further occurrences of one token stop counting (Robertson and Zaragoza 2009, section 3)."""
B = 0.75
"""How much long statements are discounted, from 0 to 1 (same source)."""

FEW, FEW_SHELVES = 5000, 1000
"""Up to so many lemmas, on so many shelves, all that a problem may see are scored."""

DIGITS = 9
"""Scores are equal if they agree to so many decimals; SLACK is far above what adding in another order changes."""
SLACK = 1e-7

Scores = NDArray[np.float64]


class Scored(NamedTuple):
    id: str
    score: float


class IndexedStatement(NamedTuple):
    """What is indexed of a lemma: how often each token occurs, and how large the statement is."""

    tokens: Mapping[str, int]
    size: int


@dataclass(slots=True)
class _Posting:
    """The lemmas that have a token, rising, and how often each has it."""

    lemmas: array[int] = field(default_factory=lambda: array("i"))
    counts: array[int] = field(default_factory=lambda: array("i"))


class _Query(NamedTuple):
    """A statement's tokens that some lemma has, in alphabetical order, and what the lemmas that it may see are like."""

    tokens: list[int]
    weights: list[int]
    total: int
    mean: float

    def rarity(self, at: int, frequency: int) -> float:
        return self.weights[at] * math.log(1 + (self.total - frequency + 0.5) / (frequency + 0.5))

    def share(self, rarity: float, counts: NDArray[np.int32], lengths: NDArray[np.int32]) -> Scores:
        """What a token adds to the scores of lemmas of these lengths that have it so often."""
        norm = K1 * (1 - B + B * lengths / self.mean)
        return rarity * counts * (K1 + 1) / (counts + norm)


class Postings:
    def __init__(self) -> None:
        self.ids: list[str] = []
        """By number; a lemma that was taken out leaves its number behind."""
        self._shelves = Shelves()
        self._shelf_of = array("i")
        self._lengths = array("i")
        self._sizes = array("i")
        self._rounds = array("i")
        self._tokens = array("i")
        self._counts = array("i")
        self._starts = array("q", [0])
        self._vocabulary: dict[str, int] = {}
        self._postings: list[_Posting] = []
        self._held = 0
        self._length = 0
        self._scores: Scores = np.zeros(0)

    def add(self, identity: str, statement: IndexedStatement, definition_ids: Collection[str], in_round: int) -> int:
        """Put a lemma in that is not there; returns its number."""
        number = len(self.ids)
        shelf = self._shelves.number(definition_ids)
        length = sum(statement.tokens.values())
        self._shelves.lemmas[shelf].append(number)
        self._shelves.counts[shelf] += 1
        self._shelves.lengths[shelf] += length
        self.ids.append(identity)
        self._shelf_of.append(shelf)
        self._lengths.append(length)
        self._sizes.append(statement.size)
        self._rounds.append(in_round)
        for word, count in statement.tokens.items():
            token = self._vocabulary.setdefault(word, len(self._postings))
            if token == len(self._postings):
                self._postings.append(_Posting())
            posting = self._postings[token]
            posting.lemmas.append(number)
            posting.counts.append(count)
            self._tokens.append(token)
            self._counts.append(count)
        self._starts.append(len(self._tokens))
        self._held += 1
        self._length += length
        return number

    def remove(self, number: int) -> None:
        """Take a lemma out."""
        for token in self._tokens[self._starts[number] : self._starts[number + 1]]:
            posting = self._postings[token]
            place = int(np.searchsorted(view(posting.lemmas), number))
            del posting.lemmas[place], posting.counts[place]
        shelf = self._shelf_of[number]
        self._shelves.lemmas[shelf].remove(number)
        self._shelves.counts[shelf] -= 1
        self._shelves.lengths[shelf] -= self._lengths[number]
        self._held -= 1
        self._length -= self._lengths[number]

    def retrieve(
        self, tokens: Sequence[str], definition_ids: Collection[str], k: int, at_round: int | None
    ) -> list[Scored]:
        """The `k` best, by score, then size, then id; see `LemmaIndex.retrieve`."""
        shelves = self._shelves.opened_by(definition_ids)
        total, length = self._seen_in_all(shelves)
        wanted = [
            (self._vocabulary[word], count)
            for word, count in sorted(Counter(tokens).items())
            if word in self._vocabulary
        ]
        if not total or not wanted or k < 1:
            return []
        query = _Query([token for token, _ in wanted], [count for _, count in wanted], total, length / total)
        if total <= FEW and len(shelves) <= FEW_SHELVES:
            lemmas = np.concatenate([NOTHING, *(view(self._shelves.lemmas[shelf]) for shelf in shelves.tolist())])
            counts = self._matrix(lemmas, query)
            rarities = [query.rarity(at, int(n)) for at, n in enumerate((counts > 0).sum(axis=0))]
            having = self._in_time(lemmas, at_round) & counts.any(axis=1)
            lemmas, counts = lemmas[having], counts[having]
        else:
            rarities, lemmas = self._best(query, shelves, k, at_round)
            counts = self._matrix(lemmas, query)
        return self._ranked(lemmas, self._exact(query, rarities, lemmas, counts), k)

    def eligible(self, definition_ids: Collection[str], at_round: int | None) -> Numbers:
        """The numbers of all lemmas that a statement over these definitions may see, rising."""
        shelves = self._shelves.opened_by(definition_ids).tolist()
        lemmas = np.sort(np.concatenate([NOTHING, *(view(self._shelves.lemmas[shelf]) for shelf in shelves)]))
        return lemmas[self._in_time(lemmas, at_round)]

    def _seen_in_all(self, shelves: Numbers) -> tuple[int, int]:
        """How many lemmas the shelves hold, and how many tokens these have."""
        if len(shelves) == len(self._shelves.counts):
            return self._held, self._length
        lengths = np.frombuffer(self._shelves.lengths, np.int64)
        return int(view(self._shelves.counts)[shelves].sum()), int(lengths[shelves].sum())

    def _in_time(self, lemmas: Numbers, at_round: int | None) -> NDArray[np.bool_]:
        if at_round is None:
            return np.ones(len(lemmas), np.bool_)
        return view(self._rounds)[lemmas] <= at_round

    def _matrix(self, lemmas: Numbers, query: _Query) -> NDArray[np.int32]:
        """How often each of the lemmas (rows) has each of the query's tokens (columns)."""
        starts = np.frombuffer(self._starts, np.int64)
        found = rows(starts[lemmas], starts[lemmas + 1])
        order = np.argsort(query.tokens)
        numbers = np.array(query.tokens)[order]
        tokens = view(self._tokens)[found.members]
        places = np.minimum(np.searchsorted(numbers, tokens), len(numbers) - 1)
        hits = numbers[places] == tokens
        of = np.repeat(np.arange(len(lemmas)), np.diff(found.ends))
        matrix = np.zeros((len(lemmas), len(numbers)), np.int32)
        matrix[of[hits], order[places[hits]]] = view(self._counts)[found.members[hits]]
        return matrix

    def _exact(self, query: _Query, rarities: Sequence[float], lemmas: Numbers, counts: NDArray[np.int32]) -> Scores:
        lengths = view(self._lengths)[lemmas]
        scores = np.zeros(len(lemmas))
        for at, rarity in enumerate(rarities):
            scores += query.share(rarity, counts[:, at], lengths)
        return scores

    def _best(self, query: _Query, shelves: Numbers, k: int, at_round: int | None) -> tuple[list[float], Numbers]:
        """The rarity of each token, and lemmas among which the `k` best and those of equal score are."""
        open_to_all = query.total == self._held
        seen = None if open_to_all else self._seen(shelves)
        postings = [self._postings[token] for token in query.tokens]
        frequencies = [
            len(one.lemmas) if seen is None else int(np.count_nonzero(seen[view(one.lemmas)])) for one in postings
        ]
        rarities = [query.rarity(at, frequency) for at, frequency in enumerate(frequencies)]
        order = sorted(range(len(postings)), key=lambda at: -rarities[at] if frequencies[at] else 1.0)
        order = [at for at in order if frequencies[at]]
        rest = [0.0]
        for at in reversed(order):
            rest.append(rest[-1] + rarities[at] * (K1 + 1))
        rest.reverse()
        """What the tokens from a step on can add at most."""
        if len(self._scores) < len(self.ids):
            self._scores = np.zeros(2 * len(self.ids))
        scores, floor, step = self._scores, -math.inf, 0
        lengths, touched = view(self._lengths), [NOTHING]
        while step < len(order) and rest[step] >= floor - SLACK:
            at = order[step]
            lemmas, counts = view(postings[at].lemmas), view(postings[at].counts)
            if seen is not None or at_round is not None:
                kept = (
                    self._in_time(lemmas, at_round) if seen is None else self._in_time(lemmas, at_round) & seen[lemmas]
                )
                lemmas, counts = lemmas[kept], counts[kept]
            before = scores[lemmas]
            after = before + query.share(rarities[at], counts, lengths[lemmas])
            scores[lemmas] = after
            touched.append(lemmas[before == 0.0])
            if len(after) >= k:
                floor = max(floor, float(np.partition(after, len(after) - k)[len(after) - k]))
            step += 1
        found = np.concatenate(touched)
        reached = scores[found]
        scores[found] = 0.0
        while len(found) > k:
            floor = max(floor, float(np.partition(reached, len(reached) - k)[len(reached) - k]))
            kept = reached + rest[step] >= floor - SLACK
            found, reached = found[kept], reached[kept]
            if step == len(order):
                break
            at = order[step]
            counts = _counts_in(postings[at], found)
            reached = reached + query.share(rarities[at], counts, lengths[found])
            step += 1
        return rarities, found

    def _seen(self, shelves: Numbers) -> NDArray[np.bool_]:
        """Of each lemma, whether it is on one of the shelves."""
        opened = np.zeros(len(self._shelves.counts), np.bool_)
        opened[shelves] = True
        return opened[view(self._shelf_of)]

    def _ranked(self, lemmas: Numbers, scores: Scores, k: int) -> list[Scored]:
        values, which = np.unique(scores, return_inverse=True)
        rounded = np.array([round(value, DIGITS) for value in values.tolist()])[which]
        sizes = view(self._sizes)[lemmas]
        order = np.lexsort((sizes, -rounded))
        if len(order) > k:
            last = order[k - 1]
            tied = (rounded[order] == rounded[last]) & (sizes[order] == sizes[last])
            order = order[: max(k, int(np.flatnonzero(tied)[-1]) + 1)]
        best = sorted((-rounded[at], sizes[at], self.ids[lemmas[at]]) for at in order.tolist())
        return [Scored(identity, -float(score)) for score, _, identity in best[:k]]


def _counts_in(posting: _Posting, lemmas: Numbers) -> NDArray[np.int32]:
    """How often each of the lemmas has a posting's token."""
    listed, counts = view(posting.lemmas), view(posting.counts)
    places = np.minimum(np.searchsorted(listed, lemmas), len(listed) - 1)
    return np.where(listed[places] == lemmas, counts[places], 0).astype(np.int32)
