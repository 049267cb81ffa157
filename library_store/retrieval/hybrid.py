"""Lemmas by two rankings fused: BM25, and what the proofs of similar statements use (`similar_proofs.py`).

`bench/retrieval.py` measures them: with proofs BM25 is far better in a large library that has many, and not better in
the small ones that runs make. So a run asks for BM25 alone unless told otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

from library_store.retrieval.bm25 import IndexedStatement
from library_store.retrieval.fusion import fused
from library_store.retrieval.lexical import LemmaIndex, Retrieved
from library_store.retrieval.similar_proofs import SimilarProofs

Ranking: TypeAlias = Literal["lexical", "proofs"]

DEPTH = 100
"""How far down each ranking is looked at."""

OFFSET = 5
"""Of the fusion: small, since the first places of these rankings are worth much more than the next."""


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
