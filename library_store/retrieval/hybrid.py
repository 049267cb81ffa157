"""Lemmas by up to three rankings fused: BM25, dense vectors, and what the proofs of similar statements use.

The vectors are learned from the statements (`latent.py`), the proofs are those of the run (`similar_proofs.py`).
`bench/retrieval.py` measures them: with proofs BM25 is far better in a large library that has many, and not better in
the small ones that runs make; with vectors it is worse in both. So a run asks for BM25 alone unless told otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

from library_store.retrieval.fusion import diverse, fused
from library_store.retrieval.latent import Latent, learn
from library_store.retrieval.lexical import LemmaIndex, Retrieved
from library_store.retrieval.postings import IndexedStatement, Postings
from library_store.retrieval.similar_proofs import SimilarProofs
from library_store.retrieval.vectors import Vectors

Ranking: TypeAlias = Literal["lexical", "proofs", "dense"]

DEPTH = 100
"""How far down each ranking is looked at."""

OFFSET = 5
"""Of the fusion: small, since the first places of these rankings are worth much more than the next."""

FIRST_LEARNED, GROWTH = 8, 1.5
"""Vectors are learned from the first so many lemmas of a prelude, and anew whenever there are so many times as many."""


class Dense:
    """Vectors of the lemmas of one prelude, by number. What they are depends on the lemmas and their order alone."""

    def __init__(self) -> None:
        self._learned = 0
        self._latent: Latent | None = None
        self._vectors = Vectors(1)

    def ranking(
        self,
        postings: Postings,
        tokens: Sequence[str],
        definition_ids: Collection[str],
        at_round: int | None,
        k: int = DEPTH,
    ) -> list[str]:
        """Ids of the `k` nearest eligible lemmas."""
        self._follow(postings)
        if self._latent is None:
            return []
        question = self._latent.vectors(postings.counts_of(tokens))[0]
        eligible = postings.eligible(definition_ids, at_round)
        return [postings.ids[number] for number in self._vectors.nearest(question, k, eligible).numbers.tolist()]

    def _follow(self, postings: Postings) -> None:
        there = len(postings.ids)
        wanted = 0 if there < FIRST_LEARNED else FIRST_LEARNED
        while wanted and wanted * GROWTH <= there:
            wanted = int(wanted * GROWTH)
        if wanted > self._learned:
            self._learned = wanted
            self._latent = learn(postings.counts()[:wanted])
            self._vectors = Vectors(self._latent.dimension)
        if self._latent is not None and len(self._vectors) < there:
            self._vectors.add(self._latent.vectors(postings.counts(len(self._vectors))))


class HybridIndex:
    """Rankings, fused, of the lemmas of a `LemmaIndex`, which it follows."""

    def __init__(self, lexical: LemmaIndex) -> None:
        self._lexical = lexical
        self._dense: dict[str, Dense] = {}
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
        diversity: float = 0.0,
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
            diversity: from 0 to 1, see `fusion.diverse`.
            without: a statement whose own proof must not speak for it.
        """
        if k < 1:
            return []
        postings = self._lexical.postings(prelude_id)
        depth = max(k, DEPTH)
        eligible = {postings.ids[number]: number for number in postings.eligible(definition_ids, at_round).tolist()}
        found: list[list[str]] = []
        if "lexical" in rankings:
            lexical = self._lexical.retrieve(tokens, definition_ids, prelude_id, depth, at_round=at_round)
            found.append([one.lemma.id for one in lexical])
        if "proofs" in rankings:
            proofs = self._proofs.get(prelude_id, SimilarProofs())
            votes = proofs.votes(constants(tokens), at_round=at_round, without=without)
            found.append([vote.id for vote in votes if vote.id in eligible][:depth])
        if "dense" in rankings:
            dense = self._dense.setdefault(prelude_id, Dense())
            found.append(dense.ranking(postings, tokens, definition_ids, at_round, depth))
        score = fused(found, offset=OFFSET)
        wanted = list(score)[:depth]
        having = {one: postings.tokens_of(eligible[one]) for one in wanted} if diversity else {}
        return [self._lexical.scored(one, score[one]) for one in diverse(wanted, having, k, diversity)]


def constants(tokens: Sequence[str]) -> list[str]:
    """The tokens that are single constants, which a statement's term and its text share."""
    return [token for token in tokens if " " not in token]
