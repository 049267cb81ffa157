"""Several rankings as one, and a choice among the best that does not say the same thing twice.

Rankings by different scores are fused by place alone (reciprocal rank fusion, Cormack et al. 2009). Diversity is
maximal marginal relevance (Carbonell and Goldstein 1998): each next one is good in its place and unlike those chosen.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
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


def diverse(ranked: Sequence[Item], tokens: Mapping[Item, frozenset[int]], k: int, diversity: float) -> list[Item]:
    """`k` of the items: the first, then always the one of the best balance of a high place and little in common.

    Args:
        ranked: best first.
        tokens: of each item; what two have in common is the share of their tokens that both have.
        k: at most so many.
        diversity: 0 takes the first `k`, 1 looks at nothing but what they have in common with those chosen.
    """
    if not diversity:
        return list(ranked[:k])
    left = {item: 1 - place / len(ranked) for place, item in enumerate(ranked)}
    closest = dict.fromkeys(left, 0.0)
    chosen: list[Item] = []
    while left and len(chosen) < k:
        best = max(left, key=lambda item: (1 - diversity) * left[item] - diversity * closest[item])
        chosen.append(best)
        del left[best]
        for item in left:
            either = len(tokens[item] | tokens[best])
            common = len(tokens[item] & tokens[best]) / either if either else 1.0
            closest[item] = max(closest[item], common)
    return chosen
