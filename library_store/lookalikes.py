"""Lemmas that read almost like an earlier one: they are grouped, never refused.

Two statements over the same definitions look alike if they have one `dedup_key` or if `ALIKE` of their words match, as
`rapidfuzz` counts it. MinHash (`rensa`) finds what is worth comparing, so now and then a pair is missed. The first of
a group is its leader, and only leaders are compared with: a group is what reads like its first lemma. What looks alike
may say different things, hence it is a column and never a reason to refuse (docs/data.md).
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import ceil, floor
from typing import Any, NamedTuple
from zlib import crc32

from rapidfuzz import process
from rapidfuzz.distance import Indel
from rensa import RMinHash, RMinHashLSH  # pyright: ignore[reportAttributeAccessIssue] (a compiled module)

from domain import Lemma
from library_store.deduplication import ALIKE

BANDS, HASHES = 16, 64
"""Two statements that share half of their pairs of words are compared in 6 of 10 cases, four fifths in 999 of 1,000."""

SHORTEST = ALIKE / (2 - ALIKE)
"""No two texts are alike, as `Indel` counts it, if one has less than this share of the other's words."""

_SEED = 42
_BATCH = 4096
_WORD = re.compile(r"[\w'.]+|[^\w\s]")


def words(statement: str) -> list[str]:
    return _WORD.findall(statement)


class Sketch(NamedTuple):
    """What of a statement is compared: what it is about, its key and its words, with a MinHash of these.

    `coded` has a character for each word, so that comparing texts compares words.
    """

    about: tuple[str, tuple[str, ...]]
    dedup_key: str
    coded: str
    minhash: Any


def sketch(lemma: Lemma, dedup_key: str) -> Sketch:
    about = _about(lemma)
    own = coded(lemma.statement_exact)
    minhash = RMinHash(HASHES, _SEED)
    minhash.update(_pairs(about, own))
    return Sketch(about, dedup_key, own, minhash)


def coded(statement: str) -> str:
    return "".join(map(_coded_piece, statement.split()))


@lru_cache(1 << 16)
def _coded_piece(piece: str) -> str:
    """Of what stands between spaces, which is often seen again: each word is one of 55,296 characters.

    Where two words have the same one, which is rare, statements look more alike.
    """
    return "".join([chr(crc32(word.encode("utf-8", "surrogatepass")) % 0xD800) for word in words(piece)])


class LookAlikes:
    """The leaders of all groups; those that were loaded are sketched when the first question comes."""

    def __init__(self) -> None:
        self._leaders: list[Lemma] = []
        self._coded: list[str] = []
        """Of each leader that was sketched."""
        self._by_key: dict[tuple[str, str], str] = {}
        self._index: Any = None
        self._at_hand: dict[str, Sketch] = {}

    def add(self, lemma: Lemma, sketch: Sketch | None = None) -> None:
        """Take in a lemma whose `near` is known."""
        if lemma.near is None:
            self._leaders.append(lemma)
            self._by_key.setdefault((lemma.prelude_id, lemma.dedup_key), lemma.id)
            if sketch is not None:
                self._at_hand[lemma.id] = sketch

    def expect(self, lemma_id: str, sketch: Sketch) -> None:
        """This lemma will be added: its sketch need not be made again."""
        if len(self._at_hand) > _BATCH:  # those were not added after all
            self._at_hand.clear()
        self._at_hand[lemma_id] = sketch

    def leader_of(self, sketch: Sketch) -> str | None:
        """The id of the leader that a lemma looks like, or None."""
        if not self._leaders:
            return None
        same = self._by_key.get((sketch.about[0], sketch.dedup_key))
        if same is not None:
            return same
        found = sorted(self._sketches().query(sketch.minhash))
        least, most = floor(len(sketch.coded) * SHORTEST), ceil(len(sketch.coded) / SHORTEST)
        near = [number for number in found if least <= len(self._coded[number]) <= most]
        texts, scorer = [self._coded[number] for number in near], Indel.normalized_similarity
        ranked = process.extract(sketch.coded, texts, scorer=scorer, score_cutoff=ALIKE, limit=None)
        leaders = [self._leaders[near[place]] for _, _, place in ranked]
        return next((leader.id for leader in leaders if _about(leader) == sketch.about), None)

    def _sketches(self) -> Any:
        """The index of all leaders."""
        if self._index is None:
            self._index = RMinHashLSH(0.5, HASHES, BANDS)
        while (start := len(self._coded)) < len(self._leaders):
            fresh = self._leaders[start : start + _BATCH]
            made = [self._at_hand.pop(leader.id, None) for leader in fresh]
            if None in made:
                texts = [coded(leader.statement_exact) for leader in fresh]
                sets = [_pairs(_about(one), text) for one, text in zip(fresh, texts, strict=True)]
                matrix = RMinHash.digest_matrix_from_token_sets(sets, HASHES, _SEED)
                self._index.insert_matrix(matrix, start)
            else:
                sketches = [one for one in made if one is not None]
                texts = [one.coded for one in sketches]
                self._index.insert_pairs([(start + at, one.minhash) for at, one in enumerate(sketches)])
            self._coded += texts
        return self._index


def _about(lemma: Lemma) -> tuple[str, tuple[str, ...]]:
    return lemma.prelude_id, tuple(sorted(lemma.definition_ids))


def _pairs(about: tuple[str, tuple[str, ...]], coded: str) -> list[str]:
    """Neighbouring words, with what the statement is about: statements about other things share none."""
    mark = f"{crc32(' '.join([about[0], *about[1]]).encode())} "
    return [mark + first + second for first, second in zip(f"\0{coded}", f"{coded}\0", strict=True)]
