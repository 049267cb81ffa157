"""Which lemmas of one prelude have all their definitions among those that a problem has.

Lemmas over one set of definitions stand on one shelf. A shelf is filed under one of its definitions only, the one under
which the fewest were filed before; a problem looks under each of its own definitions, so what it looks at is not much
more than what it may have. What was found for a set of definitions is kept and only shelves that came later are looked
at again.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]

NOTHING: Numbers = np.empty(0, np.int32)

KEPT = 32
"""Sets of definitions of which it is kept which shelves they open."""


class Opened(NamedTuple):
    """The shelves, of the first `seen`, that a set of definitions opens."""

    seen: int
    shelves: Numbers


class Shelves:
    """Shelves are numbered in order of appearance, and so are definitions."""

    def __init__(self) -> None:
        self.lemmas: list[array[int]] = []
        """Numbers of the lemmas on each shelf, rising."""
        self.counts = array("i")
        self.lengths = array("q")
        """How many lemmas each shelf has, and how many tokens these have in all."""
        self._numbers: dict[tuple[str, ...], int] = {}
        self._definitions: dict[str, int] = {}
        self._filed: list[array[int]] = []
        self._without: list[int] = []
        self._needs = array("i")
        self._starts = array("q", [0])
        self._kept: OrderedDict[frozenset[str], Opened] = OrderedDict()

    def number(self, definition_ids: Collection[str]) -> int:
        """The shelf for a set of definitions, a new one if there is none."""
        key = tuple(sorted(set(definition_ids)))
        number = self._numbers.get(key)
        if number is not None:
            return number
        number = self._numbers[key] = len(self.counts)
        needs = [self._definition(one) for one in key]
        self._needs.extend(needs)
        self._starts.append(len(self._needs))
        self.lemmas.append(array("i"))
        self.counts.append(0)
        self.lengths.append(0)
        if needs:
            min((self._filed[one] for one in needs), key=len).append(number)
        else:
            self._without.append(number)
        return number

    def _definition(self, identity: str) -> int:
        number = self._definitions.setdefault(identity, len(self._filed))
        if number == len(self._filed):
            self._filed.append(array("i"))
        return number

    def opened_by(self, definition_ids: Collection[str]) -> Numbers:
        """The shelves whose definitions are all among these."""
        known = frozenset(definition_ids)
        before = self._kept.pop(known, None)
        if before is not None and before.seen == len(self.counts):
            shelves = before.shelves
        else:
            having = [self._definitions[one] for one in known if one in self._definitions]
            if before is None:
                filed = [view(self._filed[one]) for one in having]
                parts = [np.array(self._without, np.int32), self._satisfied(np.concatenate([NOTHING, *filed]), having)]
            else:
                later = np.arange(before.seen, len(self.counts), dtype=np.int32)
                parts = [before.shelves, self._satisfied(later, having)]
            shelves = np.concatenate(parts)
        self._kept[known] = Opened(len(self.counts), shelves)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return shelves

    def _satisfied(self, shelves: Numbers, having: Sequence[int]) -> Numbers:
        """Those of the shelves that need no definition besides these."""
        missing = np.ones(len(self._filed), np.bool_)
        missing[np.array(having, np.int64)] = False
        starts = np.frombuffer(self._starts, np.int64)
        needs = rows(starts[shelves], starts[shelves + 1])
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(missing[view(self._needs)[needs.members]])])
        return shelves[sums[needs.ends[:-1]] == sums[needs.ends[1:]]]


class Rows(NamedTuple):
    """Where the members of some rows stand, one row after another, and where among these each row ends."""

    members: NDArray[np.int64]
    ends: NDArray[np.int64]
    """One more than there are rows, from 0."""


def rows(first: NDArray[np.int64], last: NDArray[np.int64]) -> Rows:
    """The positions from each `first` up to its `last`."""
    lengths = last - first
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return Rows(np.repeat(first - ends[:-1], lengths) + np.arange(ends[-1]), ends)


def view(numbers: array[int]) -> Numbers:
    """The numbers as a NumPy array in the same memory; while it lives, `numbers` cannot grow."""
    return np.frombuffer(numbers, np.int32) if numbers else NOTHING
