"""BM25 over the statements of one prelude that a problem may see.

A statement is seen by whoever has all of its definitions, and rarity and mean length are those of what is seen: so
scores depend on nothing that a problem may not use, and a library that grows answers as one that was built at once.
That is why this is not a package: `bm25s` and the like weigh a fixed collection when it is indexed. What is kept is an
inverted index that grows by appending, and a number for each set of definitions (a shelf).

A question scores all statements that it shares a token with. Where very many are seen, it first goes token by token,
the rarest first, and stops where what is left cannot bring another statement among the best (MaxScore: Turtle and Flood
1995); only those that still can be among them are scored. Scores add up in alphabetical order of the tokens, so that
the answer does not depend on the way that found it.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
"""How fast further occurrences of one token stop counting (Robertson and Zaragoza 2009, section 3)."""
B = 0.75
"""How much long statements are discounted, from 0 to 1 (same source)."""

DIGITS = 9
"""Scores are equal if they agree to so many decimals; SLACK is far above what adding in another order changes."""
SLACK = 1e-7

FEW = 5000
"""Up to so many statements that a problem may see, all are scored."""

KEPT = 32
"""Sets of definitions of which it is kept which shelves they open."""

Numbers = NDArray[np.int32]
Scores = NDArray[np.float64]


class Scored(NamedTuple):
    id: str
    score: float


class IndexedStatement(NamedTuple):
    """What is indexed: how often each token occurs, and how large the statement is."""

    tokens: Mapping[str, int]
    size: int


@dataclass(slots=True)
class _Posting:
    """The statements that have a token, rising, and how often each has it."""

    statements: array[int] = field(default_factory=lambda: array("i"))
    counts: array[int] = field(default_factory=lambda: array("i"))


@dataclass(slots=True)
class _Shelf:
    """The statements over one set of definitions, rising."""

    needs: frozenset[str]
    statements: array[int] = field(default_factory=lambda: array("i"))


class _Visible(NamedTuple):
    """What a problem may see: how many statements, how long they are in the mean, and which: None for all."""

    total: int
    mean: float
    statements: Numbers | None

    def of(self, posting: _Posting) -> tuple[Numbers, Numbers]:
        """The statements of a posting that are seen, and how often each has the token."""
        statements, counts = _view(posting.statements), _view(posting.counts)
        if self.statements is None:
            return statements, counts
        if len(statements) < len(self.statements):
            kept = _places(statements, self.statements) >= 0
            return statements[kept], counts[kept]
        places = _places(self.statements, statements)
        places = places[places >= 0]
        return statements[places], counts[places]


class _Part(NamedTuple):
    """What a token of a question adds to the statements that have it and are seen."""

    rarity: float
    statements: Numbers
    counts: Numbers

    @property
    def most(self) -> float:
        """No statement gains more by it."""
        return self.rarity * (K1 + 1)


class Bm25:
    """An index that grows; a statement that was taken out leaves its number behind."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._lengths = array("i")
        self._sizes = array("i")
        self._rounds = array("i")
        self._held = 0
        self._length = 0
        self._postings: defaultdict[str, _Posting] = defaultdict(_Posting)
        self._shelves: list[_Shelf] = []
        self._shelf_over: dict[frozenset[str], _Shelf] = {}
        self._filed: defaultdict[str, list[_Shelf]] = defaultdict(list)
        """Each shelf under one of its definitions, the one under which the fewest were filed before; "" for none."""
        self._opened: dict[frozenset[str], tuple[int, list[_Shelf]]] = {}
        """Of the first so many shelves, those that a set of definitions opens."""

    def add(self, identity: str, statement: IndexedStatement, definition_ids: Collection[str], in_round: int) -> int:
        """Put a statement in that is not there; returns its number."""
        number, length = len(self.ids), sum(statement.tokens.values())
        self.ids.append(identity)
        self._lengths.append(length)
        self._sizes.append(statement.size)
        self._rounds.append(in_round)
        self._held += 1
        self._length += length
        self._shelf(frozenset(definition_ids)).statements.append(number)
        for token, count in statement.tokens.items():
            posting = self._postings[token]
            posting.statements.append(number)
            posting.counts.append(count)
        return number

    def remove(self, number: int, statement: IndexedStatement, definition_ids: Collection[str]) -> None:
        """Take out what was put in under this number."""
        for token in statement.tokens:
            posting = self._postings[token]
            place = bisect_left(posting.statements, number)
            del posting.statements[place], posting.counts[place]
        self._shelf(frozenset(definition_ids)).statements.remove(number)
        self._held -= 1
        self._length -= self._lengths[number]

    def _shelf(self, needs: frozenset[str]) -> _Shelf:
        shelf = self._shelf_over.get(needs)
        if shelf is None:
            shelf = self._shelf_over[needs] = _Shelf(needs)
            self._shelves.append(shelf)
            self._filed[min(needs, key=lambda one: (len(self._filed[one]), one), default="")].append(shelf)
        return shelf

    # ---------------------------------------------------------------------------------------------------- answering

    def retrieve(
        self, tokens: Sequence[str], definition_ids: Collection[str], k: int, at_round: int | None
    ) -> list[Scored]:
        """The `k` best, by score, then size, then id; see `LemmaIndex.retrieve`."""
        visible = self._visible(definition_ids)
        if not visible.total or k < 1:
            return []
        parts = list(self._parts(tokens, visible, at_round))
        if visible.total <= FEW:
            found = np.unique(np.concatenate([_NONE, *(part.statements for part in parts)]))
        else:
            found = self._candidates(parts, visible.mean, k)
        scores = np.zeros(len(found))
        for part in parts:
            places = _places(found, part.statements)
            counts = np.where(places >= 0, part.counts[places], 0)
            scores += self._shares(part.rarity, found, counts, visible.mean)
        return self._ranked(found, scores, k)

    def eligible(self, definition_ids: Collection[str], at_round: int | None) -> set[str]:
        """The ids of all statements that a problem with these definitions may be given."""
        numbers = chain.from_iterable(shelf.statements for shelf in self._open(definition_ids))
        return {self.ids[number] for number in numbers if at_round is None or self._rounds[number] <= at_round}

    def _open(self, definition_ids: Collection[str]) -> list[_Shelf]:
        """The shelves whose definitions are all among these."""
        known = frozenset(definition_ids)
        seen, opened = self._opened.pop(known, (0, []))
        if seen:
            later: Iterable[_Shelf] = self._shelves[seen:]
        else:
            later = chain.from_iterable(self._filed[one] for one in ("", *known) if one in self._filed)
        opened += [shelf for shelf in later if shelf.needs <= known]
        self._opened[known] = (len(self._shelves), opened)
        if len(self._opened) > KEPT:
            del self._opened[next(iter(self._opened))]
        return opened

    def _visible(self, definition_ids: Collection[str]) -> _Visible:
        opened = self._open(definition_ids)
        if len(opened) == len(self._shelves):
            return _Visible(self._held, self._length / max(1, self._held), None)
        seen = np.sort(np.concatenate([_NONE, *(_view(shelf.statements) for shelf in opened)]))
        length = int(_view(self._lengths)[seen].sum())
        return _Visible(len(seen), length / max(1, len(seen)), seen)

    def _parts(self, tokens: Sequence[str], visible: _Visible, at_round: int | None) -> Iterable[_Part]:
        """Of each token that a statement has which is seen, in alphabetical order."""
        for token, weight in sorted(Counter(tokens).items()):
            if token not in self._postings:
                continue
            statements, counts = visible.of(self._postings[token])
            frequency = len(statements)
            if at_round is not None:
                in_time = _view(self._rounds)[statements] <= at_round
                statements, counts = statements[in_time], counts[in_time]
            if len(statements):
                rarity = weight * math.log(1 + (visible.total - frequency + 0.5) / (frequency + 0.5))
                yield _Part(rarity, statements, counts)

    def _candidates(self, parts: Sequence[_Part], mean: float, k: int) -> Numbers:
        """Statements, rising, among which the `k` best are, and those of equal score."""
        order = sorted(parts, key=lambda part: -part.rarity)
        rest = sum(part.most for part in order)
        scores, floor = np.zeros(len(self.ids)), -math.inf
        for part in order:
            if rest < floor - SLACK:
                break
            scores[part.statements] += self._shares(part.rarity, part.statements, part.counts, mean)
            floor = max(floor, _kth(scores[part.statements], k))
            rest -= part.most
        found = np.flatnonzero(scores).astype(np.int32)
        floor = max(floor, _kth(scores[found], k))
        return found[scores[found] + rest >= floor - SLACK]

    def _shares(self, rarity: float, statements: Numbers, counts: Numbers, mean: float) -> Scores:
        """What a token adds to the scores of statements that have it so often."""
        norms = K1 * (1 - B + B * _view(self._lengths)[statements] / mean)
        return rarity * counts * (K1 + 1) / (counts + norms)

    def _ranked(self, found: Numbers, scores: Scores, k: int) -> list[Scored]:
        best = scores >= _kth(scores, k) - SLACK
        order = sorted(
            (-round(score, DIGITS), self._sizes[number], self.ids[number])
            for number, score in zip(found[best].tolist(), scores[best].tolist(), strict=True)
        )
        return [Scored(identity, -score) for score, _, identity in order[:k]]


def _kth(scores: Scores, k: int) -> float:
    """The `k`th best score, minus infinity if there are not so many."""
    return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if len(scores) >= k else -math.inf


def _places(wanted: Numbers, among: Numbers) -> NDArray[np.int64]:
    """Where each number stands among others, both rising; -1 where it does not."""
    if not len(among):
        return np.full(len(wanted), -1)
    places = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    return np.where(among[places] == wanted, places, -1)


def _view(numbers: array[int]) -> Numbers:
    """The numbers as a NumPy array in the same memory; while it lives, `numbers` cannot grow."""
    return np.frombuffer(numbers, np.int32) if numbers else _NONE


_NONE: Numbers = np.empty(0, np.int32)
