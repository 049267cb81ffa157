"""Statistics of paired runs. The unit of replication is the run: a shared library couples the problems of one.

Every draw is seeded, so the same runs give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
"""Level of intervals."""

DRAWS = 10_000
"""Resamples of a bootstrap, and of a permutation test with too many runs to count all."""

MOST_EXACT = 14
"""Pairs up to which a permutation test goes through all sign patterns."""


class Interval(NamedTuple):
    low: float
    high: float


def permutation_p(differences: Sequence[float]) -> float | None:
    """The two-sided p value of a paired permutation test: how often random signs give as large a sum.

    Returns:
        None for fewer than two pairs. With n pairs it is never below 2 to the power 1 - n.
    """
    values = np.asarray(differences, dtype=float)
    if len(values) < 2:
        return None
    if len(values) <= MOST_EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=len(values))))
    else:
        drawn = np.random.default_rng(0).choice((1.0, -1.0), size=(DRAWS, len(values)))
        signs = np.vstack([np.ones(len(values)), drawn])
    sums = np.abs(signs @ values)
    return float(np.mean(sums >= abs(values.sum()) - 1e-9))


def mcnemar_p(gained: int, lost: int) -> float:
    """The two-sided p value of McNemar's exact test: how often fair coins part the discordant pairs as unevenly.

    Args:
        gained: pairs of which only the first holds.
        lost: pairs of which only the second does.
    """
    count, fewer = gained + lost, min(gained, lost)
    return min(1.0, 2 * sum(comb(count, k) for k in range(fewer + 1)) / 2**count)


def run_interval(differences: Sequence[float]) -> Interval | None:
    """The bootstrap interval of the mean difference over runs; None for fewer than two."""
    values = np.asarray(differences, dtype=float)
    if len(values) < 2:
        return None
    rows = np.random.default_rng(0).integers(len(values), size=(DRAWS, len(values)))
    return _percentiles(values[rows].mean(axis=1))


def cluster_interval(differences: Sequence[Sequence[float]]) -> Interval | None:
    """The bootstrap interval of the mean over runs of the sum over clusters: runs are resampled, then clusters.

    Args:
        differences: one row for each run, one column for each cluster. With a single run only clusters are resampled,
            and the interval says nothing about other runs.
    """
    table = np.asarray(differences, dtype=float)
    if table.ndim != 2 or table.shape[1] < 2:
        return None
    random = np.random.default_rng(0)
    runs, columns = table.shape
    means = np.empty(DRAWS)
    for draw in range(DRAWS):
        rows = random.integers(runs, size=runs)
        chosen = random.integers(columns, size=columns)
        means[draw] = table[rows][:, chosen].sum(axis=1).mean()
    return _percentiles(means)


def _percentiles(values: NDArray[np.float64]) -> Interval:
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return Interval(float(low), float(high))


def holm(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """P values corrected for their number by Holm's step-down rule (Holm 1979); None stays None."""
    known = sorted((value, name) for name, value in p_values.items() if value is not None)
    corrected: dict[str, float | None] = dict.fromkeys(p_values)
    highest = 0.0
    for place, (value, name) in enumerate(known):
        highest = max(highest, min(1.0, value * (len(known) - place)))
        corrected[name] = highest
    return corrected


def area(times: Sequence[float], budget: float, problems: int) -> float:
    """The area under solved against CPU seconds up to the budget, as a share of all solved at once."""
    return sum(max(0.0, budget - at) for at in times) / (budget * problems) if problems else 0.0


def seconds_to_reach(times: Sequence[float], count: int) -> float | None:
    """CPU seconds after which `count` problems were solved; None if there never were so many."""
    ordered = sorted(times)
    if count <= 0:
        return 0.0
    return ordered[count - 1] if count <= len(ordered) else None
