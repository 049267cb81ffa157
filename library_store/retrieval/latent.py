"""Dense vectors of statements, learned from the statements themselves: latent semantic analysis.

Statements are rows of token counts, weighted by log-frequency and rarity and made one long; their leading right
singular vectors (Deerwester et al. 1990; found by random projection, Halko et al. 2011) are the directions of meaning.
Tokens that stand in the same statements point the same way, so statements without a common token can be near. Nothing
is downloaded and no model is needed: a run's statements speak of its own definitions, which no trained model knows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from library_store.retrieval.vectors import Floats

DIMENSION = 128
"""Directions that are kept; fewer where there are fewer statements or tokens."""

SPARE, POWERS = 16, 3
"""Random directions beside those that are kept, and how often the matrix is applied to them."""


class Latent(NamedTuple):
    """What was learned: a weight and a place in the space for each token, by its number."""

    weights: Floats
    directions: Floats

    @property
    def dimension(self) -> int:
        return self.directions.shape[1]

    def vectors(self, counts: Any) -> Floats:
        """A unit vector for each row of a sparse matrix of counts; tokens that are new here count nothing."""
        known = len(self.weights)
        rows: Any = sparse.csr_array(counts, dtype=np.float32)
        rows = rows[:, : min(known, rows.shape[1])]
        weighted = _weighted(rows, self.weights[: rows.shape[1]])
        return _unit(np.asarray(weighted @ self.directions[: rows.shape[1]], np.float32))


def learn(counts: Any, *, dimension: int = DIMENSION, seed: int = 0) -> Latent:
    """Learn from a sparse matrix of counts, a statement in each row and a token in each column."""
    rows: Any = sparse.csr_array(counts, dtype=np.float32)
    frequency = np.bincount(rows.indices, minlength=rows.shape[1])
    rarity = np.log(1 + rows.shape[0] / np.maximum(1, frequency)).astype(np.float32)
    weights = np.where(frequency > 1, rarity, 0).astype(np.float32)  # what stands in one statement relates nothing
    matrix = _weighted(rows, weights)
    kept = max(1, min(dimension, *rows.shape))
    sketch = min(kept + SPARE, *rows.shape) or 1
    across: Floats = np.random.default_rng(seed).standard_normal((rows.shape[1], sketch), np.float32)
    for _ in range(POWERS):
        along, _ = np.linalg.qr(matrix @ across)
        across, _ = np.linalg.qr(matrix.T @ along)
    _, _, turned = np.linalg.svd(matrix @ across, full_matrices=False)
    return Latent(weights, np.ascontiguousarray((across @ turned.T)[:, :kept], np.float32))


def _weighted(rows: Any, weights: Floats) -> Any:
    """Counts as weights, each row of length 1."""
    weighted = rows.copy()
    weighted.data = np.log1p(weighted.data) * weights[weighted.indices]
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(weighted.indptr)).astype(np.float32)
    return weighted


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
