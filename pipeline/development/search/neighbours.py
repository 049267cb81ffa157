"""The finished proofs above a hole whose statements are most like its own, and the names that they use.

Statements that share words are often proved with the same lemmas and steps (the nearest neighbours that hammers choose
premises by). Statements and proofs are read as text here.

Invariant: what is told here is a guess about what helps; a wrong one costs seconds, never a proof.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.development.project.document import Document, Hole
from verifiers.audit.rocq.sentences import identifiers
from verifiers.rocq.keywords import KEYWORDS

NEIGHBOURS = 12
"""Finished proofs that count as near."""

MOST_NAMES = 60
"""Names of lemmas that are told."""


_ANOTHER = re.compile(r"\n(?=\S)")
"""Between two things that a name may stand for."""


class Likeness:
    """How like two sets of features are: the weight that they share among all of theirs, rare ones weighing more."""

    def __init__(self, sets: Iterable[Iterable[str]]) -> None:
        self._frequency = Counter(one for features in sets for one in features)

    def __call__(self, one: frozenset[str], other: frozenset[str]) -> float:
        """Between 0 and 1."""
        return self._weight(one & other) / (self._weight(one | other) or 1.0)

    def _weight(self, features: frozenset[str]) -> float:
        return sum(1.0 / (1.0 + math.log1p(self._frequency[one])) for one in features)


class Neighbour(NamedTuple):
    """A statement with a finished proof, and how like a hole's statement it is."""

    proved: Hole
    likeness: float


def nearest(document: Document, hole: Hole, filled: Sequence[Hole] = ()) -> list[Neighbour]:
    """The finished proofs above a hole, and holes that are `filled` by now, those of statements most like it first."""
    holes = {one.start for one in document.holes}
    finished = [*(one for one in document.proofs if one.start not in holes), *filled]
    above = [one for one in finished if one.end <= hole.start]
    said = {one.start: frozenset(word.text for word in identifiers(one.statement)) for one in (*above, hole)}
    likeness = Likeness(said.values())
    near = [Neighbour(one, likeness(said[one.start], said[hole.start])) for one in above]
    return sorted(near, key=lambda one: (-one.likeness, -one.proved.start))[:NEIGHBOURS]


def used_in(neighbours: Iterable[Neighbour]) -> dict[str, float]:
    """The names in these proofs, each with a weight of at most 1: the share of likeness of the proofs that use it.

    Among them are names of tactics and hypotheses too.
    """
    weights: defaultdict[str, float] = defaultdict(float)
    whole = 0.0
    for one in neighbours:
        whole += one.likeness
        for name in {word.text for word in identifiers(one.proved.proof)} - KEYWORDS:
            weights[name] += one.likeness
    best = sorted(weights, key=lambda name: (-weights[name], name))[:MOST_NAMES]
    return {name: weights[name] / whole for name in best if weights[name] > 0}


def is_lemma(located: str) -> bool:
    """Whether a name stands for a constant as it is, by what `Locate` says of it."""
    return located.startswith("Constant ") and is_known(located)


def is_known(located: str) -> bool:
    """Whether a name means something as it is; what needs a longer name is not meant by it."""
    first = _ANOTHER.split(located, maxsplit=1)[0]
    return not first.startswith("No object") and "(shorter name" not in first
