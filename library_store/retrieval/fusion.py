"""Several rankings as one: by place alone, since their scores are not of one kind.

This is reciprocal rank fusion (Cormack et al. 2009).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)

OFFSET = 60
"""What is added to each place, as in the paper: how little the first places count more than the next ones."""


def fused(rankings: Sequence[Sequence[Item]], *, offset: int = OFFSET) -> dict[Item, float]:
    """Items with their fused scores, best first; an item that a ranking lacks gains nothing from it.

    Equal scores keep the order in which the rankings, the first one first, have the items.
    """
    score: dict[Item, float] = {}
    for ranking in rankings:
        for place, item in enumerate(ranking):
            score[item] = score.get(item, 0.0) + 1 / (offset + place)
    return dict(sorted(score.items(), key=lambda entry: -entry[1]))
