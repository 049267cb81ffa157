"""Lemmas that the finished proofs above a hole name, those of statements like its own counting most.

Statements that share words are often proved with the same lemmas (the nearest neighbours that hammers choose premises
by). Statements and proofs are read as text, so no proof is run again.

Invariant: what is told here is a guess about what helps; a wrong one costs seconds, never a proof.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict

from pipeline.development.document import Document, Hole
from verifiers.audit.rocq.sentences import identifiers
from verifiers.rocq.keywords import KEYWORDS

NEIGHBOURS = 12
"""Finished proofs whose lemmas are told."""

MOST_NAMES = 60
"""Names that are told."""


def used_nearby(document: Document, hole: Hole) -> dict[str, float]:
    """Names in the proofs of the statements above a hole that are most like it, each with a weight of at most 1.

    A name's weight is the share of the likeness of all these statements that those have whose proofs use it. Among the
    names are those of tactics and hypotheses too.
    """
    holes = {one.start for one in document.holes}
    above = [one for one in document.proofs if one.end <= hole.start and one.start not in holes]
    said = {one.start: frozenset(word.text for word in identifiers(one.statement)) for one in (*above, hole)}
    frequency = Counter(word for words in said.values() for word in words)

    def weight(words: frozenset[str]) -> float:
        return sum(1.0 / (1.0 + math.log(frequency[word])) for word in words)

    own = said[hole.start]
    like = {one: weight(said[one.start] & own) / (weight(said[one.start] | own) or 1.0) for one in above}
    nearest = sorted(above, key=lambda one: (-like[one], -one.start))[:NEIGHBOURS]
    weights: defaultdict[str, float] = defaultdict(float)
    for one in nearest:
        for name in {word.text for word in identifiers(one.proof)} - KEYWORDS:
            weights[name] += like[one]
    whole = sum(like[one] for one in nearest) or 1.0
    best = sorted(weights, key=lambda name: (-weights[name], name))[:MOST_NAMES]
    return {name: weights[name] / whole for name in best if weights[name] > 0}
