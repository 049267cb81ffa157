"""Lemmas that the proofs of similar statements use: what helped there is likely to help here.

Every proved statement, a problem's or a lemma's, whose proof uses lemmas is kept with them. A question finds the
statements that are most like it (BM25), and each votes for the lemmas of its proof, the most alike by far the most.
This is premise selection by nearest neighbours (Kühlwein et al., MaSh, 2013).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from library_store.retrieval.bm25 import Bm25, IndexedStatement

NEIGHBOURS = 400
"""Proved statements that vote."""

SHARPNESS = 6
"""A neighbour's vote is the share of its score in the best one's, to this power."""


class Vote(NamedTuple):
    id: str
    weight: float


class SimilarProofs:
    """What the proofs of one prelude's statements use."""

    def __init__(self) -> None:
        self._index = Bm25()
        self._entered: dict[str, tuple[int, IndexedStatement]] = {}
        self._uses: dict[str, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._uses)

    def add(self, identity: str, statement: IndexedStatement, uses: Collection[str], in_round: int) -> None:
        """Take in a proof, or put it in place of an earlier one of the same statement; one that uses nothing goes."""
        if identity in self._uses:
            self._index.remove(*self._entered.pop(identity), ())
            del self._uses[identity]
        if uses:
            self._entered[identity] = self._index.add(identity, statement, (), in_round), statement
            self._uses[identity] = tuple(uses)

    def votes(
        self, tokens: Sequence[str], *, at_round: int | None = None, without: str = "", neighbours: int = NEIGHBOURS
    ) -> list[Vote]:
        """Lemma ids with their votes, most first; equals by id.

        Args:
            tokens: of the question.
            at_round: only proofs of this round or before vote.
            without: a statement that does not vote: the question itself.
            neighbours: at most so many vote.
        """
        found = self._index.retrieve(tokens, (), neighbours + 1, at_round)
        alike = [one for one in found if one.id != without][:neighbours]
        weight: dict[str, float] = {}
        for one in alike:
            share = (one.score / alike[0].score) ** SHARPNESS
            for lemma in self._uses[one.id]:
                weight[lemma] = weight.get(lemma, 0.0) + share
        return [Vote(lemma, value) for lemma, value in sorted(weight.items(), key=lambda vote: (-vote[1], vote[0]))]
