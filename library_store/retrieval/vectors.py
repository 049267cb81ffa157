"""The nearest of many unit vectors, by their numbers: exact while there are few, from an approximate index above.

Up to `EXACT` vectors that a question may see, each is compared (NumPy). Above, `usearch` proposes several times as many
as were asked for, of which those that may be seen are taken; if these are too few, or usearch is not installed, the
answer is exact all the same, only slower.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]

EXACT = 200_000
"""Up to so many vectors all are compared."""

SPARE = 8
"""How many times as many neighbours are asked of an approximate index as are wanted."""


class Near(NamedTuple):
    """Numbers of vectors and their cosines with the question, highest first; of equals the first that was added."""

    numbers: Numbers
    cosines: Floats


class Vectors:
    """Vectors of length 1, or 0 for what has no direction; numbered from 0 in the order of adding."""

    def __init__(self, dimension: int, *, exact: int = EXACT) -> None:
        self._held: Floats = np.zeros((16, dimension), np.float32)
        self._count = 0
        self._exact = exact
        self._index: Any = None
        self._indexed = 0

    def __len__(self) -> int:
        return self._count

    @property
    def held(self) -> Floats:
        """All vectors, a row each."""
        return self._held[: self._count]

    def add(self, vectors: Floats) -> None:
        """Take in the rows of a matrix."""
        needed = self._count + len(vectors)
        if needed > len(self._held):
            grown = np.zeros((max(needed, 2 * len(self._held)), self._held.shape[1]), np.float32)
            grown[: self._count] = self.held
            self._held = grown
        self._held[self._count : needed] = vectors
        self._count = needed

    def nearest(self, question: Floats, k: int, among: Numbers | None = None) -> Near:
        """The `k` nearest, or the `k` nearest of those whose numbers are in `among` (rising)."""
        seen = self._count if among is None else len(among)
        if k < 1 or not seen:
            return Near(np.zeros(0, np.int32), np.zeros(0, np.float32))
        if seen > self._exact and importlib.util.find_spec("usearch") is not None:
            proposed = self._proposed(question, SPARE * k, among)
            if len(proposed) >= k:
                return self._compared(question, k, proposed)
        return self._compared(question, k, among)

    def _compared(self, question: Floats, k: int, among: Numbers | None) -> Near:
        cosines = (self.held if among is None else self._held[among]) @ question
        best = np.argpartition(-cosines, k - 1)[:k] if len(cosines) > k else np.arange(len(cosines))
        best = best[np.lexsort((best, -cosines[best]))]
        return Near(best.astype(np.int32) if among is None else among[best], cosines[best])

    def _proposed(self, question: Floats, k: int, among: Numbers | None) -> Numbers:
        if self._index is None:
            index_of = importlib.import_module("usearch.index").Index  # it may not be installed
            self._index = index_of(ndim=self._held.shape[1], metric="ip", dtype="f32")
        if self._indexed < self._count:
            self._index.add(np.arange(self._indexed, self._count), self._held[self._indexed : self._count])
            self._indexed = self._count
        found = np.sort(np.asarray(self._index.search(question, min(k, self._count)).keys).astype(np.int32))
        return found if among is None else found[np.isin(found, among, assume_unique=True)]
