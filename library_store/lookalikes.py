"""Lemmas that read almost like an earlier one: they are grouped, never refused.

Two statements over the same definitions look alike if they have one `dedup_key` or if `ALIKE` of their words match, as
`rapidfuzz` counts it. MinHash (`rensa`) finds what is worth comparing, so now and then a pair is missed. The first of
a group is its leader, and only leaders are compared with: a group is what reads like its first lemma. What looks alike
may say different things, hence it is a column and never a reason to refuse (design, section 4).
"""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from rapidfuzz.distance import Indel
from rensa import RMinHash, RMinHashLSH  # pyright: ignore[reportAttributeAccessIssue] (a compiled module)

from domain import Lemma
from library_store.deduplication import ALIKE

BANDS, HASHES = 10, 30
"""Two statements that share half of their pairs of words are compared in 7 of 10 cases, four fifths in 999 of 1,000."""

_SEED = 42
_WORD = re.compile(r"[\w'.]+|[^\w\s]")


def words(statement: str) -> list[str]:
    return _WORD.findall(statement)


class LookAlikes:
    """The leaders of all groups; sketches are made when the first question comes."""

    def __init__(self) -> None:
        self._leaders: list[Lemma] = []
        self._sketched = 0
        self._by_key: dict[tuple[str, str], str] = {}
        self._index: Any = None

    def add(self, lemma: Lemma) -> None:
        """Take in a lemma whose `near` is known."""
        if lemma.near is None:
            self._leaders.append(lemma)
            self._by_key.setdefault((lemma.prelude_id, lemma.dedup_key), lemma.id)

    def leader_of(self, lemma: Lemma) -> str | None:
        """The id of the leader that a lemma looks like, or None; `dedup_key` has to be set."""
        if not self._leaders:
            return None
        same = self._by_key.get((lemma.prelude_id, lemma.dedup_key))
        if same is not None:
            return same
        own = words(lemma.statement_exact)
        (sketch,) = RMinHash.from_token_sets([_pairs(lemma, own)], HASHES, _SEED)
        best, found = 0.0, None
        for number in sorted(self._sketches().query(sketch)):
            leader = self._leaders[number]
            if (leader.prelude_id, leader.definition_ids) != (lemma.prelude_id, lemma.definition_ids):
                continue
            likeness = Indel.normalized_similarity(own, words(leader.statement_exact), score_cutoff=ALIKE)
            if likeness > best:
                best, found = likeness, leader.id
        return found

    def _sketches(self) -> Any:
        if self._index is None:
            self._index = RMinHashLSH(0.5, HASHES, BANDS)
        while self._sketched < len(self._leaders):
            fresh = self._leaders[self._sketched : self._sketched + 4096]
            sets = [_pairs(leader, words(leader.statement_exact)) for leader in fresh]
            matrix = RMinHash.digest_matrix_from_token_sets(sets, HASHES, _SEED)
            self._index.insert_matrix(matrix, self._sketched)
            self._sketched += len(fresh)
        return self._index


def _pairs(lemma: Lemma, words: list[str]) -> list[str]:
    """Neighbouring words, with what the statement is about: statements about other things share none."""
    about = crc32(" ".join([lemma.prelude_id, *lemma.definition_ids]).encode())
    return [f"{about} {first} {second}" for first, second in zip(["", *words], [*words, ""], strict=True)]
