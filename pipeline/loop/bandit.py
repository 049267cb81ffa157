"""What a kind of step, or a lemma as a parent, may be expected to pay: the two formulas of the policy `bandit`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from pipeline.loop.candidates import Parent, Record

CONFIDENCE = 1.0
"""Weight of the confidence bound in the choice of a parent."""


def drawn_rate(record: Record, prior: Record, draw: float) -> float:
    """A rate of pay per CPU second from its Gamma posterior, at the quantile `draw` (Wilson and Hilferty's formula)."""
    shape, seconds = prior.pay + record.pay, prior.seconds + record.seconds
    spread = 1.0 / (9.0 * shape)
    normal = NormalDist().inv_cdf(min(max(draw, 1e-9), 1.0 - 1e-9))
    return shape * max(0.0, 1.0 - spread + normal * math.sqrt(spread)) ** 3 / seconds


def best_parent(parents: Sequence[Parent]) -> str | None:
    """The parent with the highest upper confidence bound of its pay for a step of average length (Auer et al. 2002).

    The bound of a lemma that is left alone grows without end, so each gets its turn.
    """
    if not parents:
        return None
    steps = sum(one.record.steps for one in parents)
    mean_seconds = sum(one.record.seconds for one in parents) / steps if steps else 0.0

    def bound(one: Parent) -> float:
        record = one.record
        length = record.seconds / mean_seconds if mean_seconds else float(record.steps)
        return (record.pay + 0.5) / (length + 1.0) + CONFIDENCE * math.sqrt(math.log1p(steps) / (record.steps + 1))

    return max(parents, key=bound).id
