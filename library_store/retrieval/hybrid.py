"""Lemmas by two rankings fused: BM25, and what the proofs of similar statements use.

Every proved statement, a problem's or a lemma's, whose proof uses lemmas is kept with them. A question finds the
statements that are most like it (BM25), and each votes for the lemmas of its proof, the most alike by far the most:
premise selection by nearest neighbours (Kühlwein et al., MaSh, 2013). Rankings are fused by place alone, since their
scores are not of one kind (reciprocal rank fusion, Cormack et al. 2009).

`bench/retrieval.py` measures them: with proofs BM25 is far better in a large library that has many, and not better in
the small ones that runs make. So a run asks for BM25 alone unless told otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from library_store.retrieval.bm25 import Bm25, IndexedStatement
from library_store.retrieval.lexical import LemmaIndex, Retrieved

Item = TypeVar("Item", bound=Hashable)

Ranking: TypeAlias = Literal["lexical", "proofs"]

DEPTH = 100
"""How far down each ranking is looked at."""

OFFSET, USUAL_OFFSET = 5, 60
"""What fusion adds to each place: how little the first places count more than the next ones. It is 60 in the paper and
small for these two rankings, whose first places are worth much more than the next."""

NEIGHBOURS = 400
"""Proved statements that vote."""

SHARPNESS = 6
"""A neighbour's vote is the share of its score in the best one's, to this power."""


def fused(rankings: Sequence[Sequence[Item]], *, offset: int = USUAL_OFFSET) -> dict[Item, float]:
    """Items with their fused scores, best first; an item that a ranking lacks gains nothing from it.

    Equal scores keep the order in which the rankings, the first one first, have the items.
    """
    score: dict[Item, float] = {}
    for ranking in rankings:
        for place, item in enumerate(ranking):
            score[item] = score.get(item, 0.0) + 1 / (offset + place)
    return dict(sorted(score.items(), key=lambda entry: -entry[1]))


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


class HybridIndex:
    """Rankings, fused, of the lemmas of a `LemmaIndex`, which it follows."""

    def __init__(self, lexical: LemmaIndex) -> None:
        self._lexical = lexical
        self._proofs: dict[str, SimilarProofs] = {}

    def add_proof(
        self, identity: str, prelude_id: str, tokens: Sequence[str], uses: Collection[str], in_round: int
    ) -> None:
        """Take in which lemmas a statement's proof uses.

        Args:
            identity: of the statement, a lemma's id or a problem's name.
            prelude_id: of the statement.
            tokens: of the statement; its constants count (`statement_tokens`, `text_tokens`).
            uses: ids of lemmas.
            in_round: when it was proved.
        """
        proofs = self._proofs.setdefault(prelude_id, SimilarProofs())
        proofs.add(identity, IndexedStatement(Counter(constants(tokens)), len(tokens)), uses, in_round)

    def retrieve(
        self,
        tokens: Sequence[str],
        definition_ids: Collection[str],
        prelude_id: str,
        k: int,
        rankings: Collection[Ranking],
        *,
        at_round: int | None = None,
        without: str = "",
    ) -> list[Retrieved]:
        """The `k` best eligible lemmas, as `LemmaIndex.retrieve`.

        Args:
            tokens: of the statement, from `statement_tokens`.
            definition_ids: of the definitions that the problem has.
            prelude_id: of the problem.
            k: at most so many.
            rankings: that are fused.
            at_round: leave out lemmas and proofs that came later.
            without: a statement whose own proof must not speak for it.
        """
        if k < 1:
            return []
        depth = max(k, DEPTH)
        found: list[list[str]] = []
        if "lexical" in rankings:
            lexical = self._lexical.retrieve(tokens, definition_ids, prelude_id, depth, at_round=at_round)
            found.append([one.lemma.id for one in lexical])
        if "proofs" in rankings:
            eligible = self._lexical.of_prelude(prelude_id).eligible(definition_ids, at_round)
            proofs = self._proofs.get(prelude_id, SimilarProofs())
            votes = proofs.votes(constants(tokens), at_round=at_round, without=without)
            found.append([vote.id for vote in votes if vote.id in eligible][:depth])
        score = fused(found, offset=OFFSET)
        return [self._lexical.scored(one, score[one]) for one in list(score)[:k]]


def constants(tokens: Sequence[str]) -> list[str]:
    """The tokens that are single constants, which a statement's term and its text share."""
    return [token for token in tokens if " " not in token]
