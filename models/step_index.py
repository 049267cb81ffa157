"""The steps of proofs by the features of their goals: which of a million are nearest to a goal, while more are added.

Features are 32-bit numbers. Each has a list of the steps that have it, oldest first: of the packed steps, which may lie
in mapped files that processes share, as a slice of one array; of those added since, as an array that grows. A question
goes through the lists of its features, rarest first, until it has seen so many entries; of a very frequent feature
only the latest entries are seen. The best of what it met are then compared in full: by the weight that both share,
among all that either has, where a feature weighs more the rarer it is.

Invariant: answers depend on what was added, and in which order, alone. Equally near steps come latest first.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

SEEN = 40_000
"""Entries of lists that one question goes through."""

LATEST = 4_000
"""Entries of one list that it goes through, those of the latest steps."""

COMPARED = 256
"""Steps that are compared with a goal in full."""

RECENT = 64
"""Steps added last that are compared whatever they share."""

Numbers: TypeAlias = NDArray[np.uint32]

_EMPTY: Numbers = np.empty(0, np.uint32)


class Near(NamedTuple):
    """A step by its number, in the order in which steps were added, and how near it is: between 0 and 1."""

    step: int
    nearness: float


class Packed(NamedTuple):
    """Steps that no longer change. The features of step i are `features[ends[i]:ends[i + 1]]`; the steps with feature
    `keys[k]` are `lists[starts[k]:starts[k + 1]]`; `weights` are what the features of each step weigh together."""

    features: Numbers
    ends: NDArray[np.uint64]
    keys: Numbers
    starts: NDArray[np.uint64]
    lists: Numbers
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, steps: Sequence[Sequence[int]]) -> Self:
        """Packs steps, each given by its features, of which none stands twice."""
        together = array("I")
        for step in steps:
            together.extend(step)
        features = np.array(together, np.uint32)
        lengths = np.fromiter(map(len, steps), np.uint64, len(steps))
        ends = np.concatenate([np.zeros(1, np.uint64), np.cumsum(lengths, dtype=np.uint64)])
        order = np.argsort(features, kind="stable")
        keys, first, counts = np.unique(features[order], return_index=True, return_counts=True)
        owners = np.repeat(np.arange(len(steps), dtype=np.uint32), lengths.astype(np.int64))
        heavy = np.empty(len(features), np.float32)
        heavy[order] = np.repeat(_weights(counts, len(steps)), counts)
        weights = np.bincount(owners, heavy, minlength=len(steps)).astype(np.float32)
        starts = np.concatenate([first, [len(features)]]).astype(np.uint64)
        return cls(features, ends, keys, starts, owners[order], weights)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `save` wrote, mapped and not read. Raises `ValueError` where arrays do not belong together."""
        found = cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in cls._fields))
        empty = cls.of([])
        if any(one.dtype != other.dtype or one.ndim != 1 for one, other in zip(found, empty, strict=True)):
            raise ValueError("numbers of another kind")
        lengths = (len(found.weights) + 1, len(found.keys) + 1, len(found.features), len(found.lists))
        if lengths != (len(found.ends), len(found.starts), found.ends[-1], found.starts[-1]):
            raise ValueError("arrays of other lengths")
        return found

    def save(self, folder: Path) -> None:
        for name, values in self._asdict().items():
            np.save(folder / f"{name}.npy", values)

    def __len__(self) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] (steps, not columns)
        return len(self.weights)


class StepIndex:
    """Packed steps, perhaps none, and those added since."""

    def __init__(self, packed: Packed | None = None) -> None:
        self._packed = packed or Packed.of([])
        self._old = len(self._packed.weights)
        self._shared = np.zeros(self._old + 1024, np.float32)
        """For each step, what it shares with the question at hand; zero between questions."""
        self._place = np.empty(self._old + 1024, np.uint32)
        self.forget()

    def __len__(self) -> int:
        return self._old + len(self._weights)

    def forget(self) -> None:
        """Drops what was added to the packed steps."""
        self._lists: dict[int, array[int]] = {}
        self._features, self._ends, self._weights = array("I"), array("Q", [0]), array("f")

    def add(self, features: Sequence[int]) -> int:
        """Adds a step, given by its features, of which none stands twice; its number."""
        number = len(self)
        for one in features:
            found = self._lists.get(one)
            if found is None:
                self._lists[one] = array("I", (number,))
            else:
                found.append(number)
        self._features.extend(features)
        self._ends.append(len(self._features))
        starts, ends = self._slices(np.asarray(features, np.uint32))
        self._weights.append(float(self._weigh(features, ends - starts).sum()))
        if number >= len(self._shared):
            self._shared = np.zeros(2 * number, np.float32)
            self._place = np.empty(2 * number, np.uint32)
        return number

    def nearest(
        self, features: Sequence[int], most: int, favour: Callable[[Numbers], NDArray[Any]] | None = None
    ) -> list[Near]:
        """The steps nearest to a goal, given by its features, of which none stands twice.

        Args:
            features: of the goal.
            most: how many steps at most.
            favour: for numbers of steps, by what their nearness is multiplied.
        """
        own = np.unique(np.asarray(features, np.uint32))
        if not len(own) or not len(self):
            return []
        starts, ends = self._slices(own)
        heavy = self._weigh(own.tolist(), ends - starts)
        steps = self._candidates(own.tolist(), heavy, starts.tolist(), ends.tolist())
        nearness = self._compared(steps, own, heavy)
        if favour is not None:
            nearness = nearness * favour(steps)
        best = np.lexsort((-steps.astype(np.int64), -nearness))[:most]
        pairs = zip(steps[best].tolist(), nearness[best].tolist(), strict=True)
        return [Near(step, near) for step, near in pairs if near > 0]

    def _candidates(self, own: list[int], heavy: NDArray[np.float32], starts: list[int], ends: list[int]) -> Numbers:
        """The steps that share most of what is rare with a question, and the latest."""
        shared, place = self._shared, self._place
        met: list[Numbers] = []
        seen = 0
        for at in np.argsort(-heavy, kind="stable").tolist():
            lists = [self._packed.lists[max(starts[at], ends[at] - LATEST) : ends[at]]]
            new = self._lists.get(own[at])
            if new is not None:
                lists.append(np.frombuffer(new, np.uint32)[-LATEST:])
            for steps in lists:
                shared[steps] += heavy[at]
                met.append(steps)
                seen += len(steps)
            if seen >= SEEN:
                break
        latest = np.arange(max(len(self) - RECENT, 0), len(self), dtype=np.uint32)
        every = np.concatenate([*met, latest])
        place[every] = np.arange(len(every), dtype=np.uint32)
        every = every[place[every] == np.arange(len(every), dtype=np.uint32)]  # each once
        found = shared[every]
        shared[every] = 0.0
        if len(every) <= COMPARED + RECENT:
            return every
        best = every[np.argpartition(-found, COMPARED)[:COMPARED]]
        return np.concatenate([best, np.setdiff1d(latest, best, assume_unique=True)])

    def _slices(self, features: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the lists of features begin and end among those of the packed steps."""
        keys = self._packed.keys
        if not len(keys):
            return np.zeros(len(features), np.int64), np.zeros(len(features), np.int64)
        at = np.minimum(np.searchsorted(keys, features), len(keys) - 1)
        starts = self._packed.starts[at].astype(np.int64)
        return starts, np.where(keys[at] == features, self._packed.starts[at + 1].astype(np.int64), starts)

    def _weigh(self, features: Sequence[int], old: NDArray[np.int64]) -> NDArray[np.float32]:
        """What features weigh that so many packed steps have."""
        new = np.fromiter((len(self._lists.get(one, ())) for one in features), np.int64, len(features))
        return _weights(new + old, len(self))

    def _compared(self, steps: Numbers, own: Numbers, heavy: NDArray[np.float32]) -> NDArray[np.float32]:
        """How near steps are to a question: what both weigh among all that either does."""
        found = np.empty(len(steps), np.float32)
        is_old = steps < self._old
        for of_old in (True, False):
            chosen = np.flatnonzero(is_old == of_old)
            if not len(chosen):
                continue
            if of_old:
                features, ends, weights = self._packed.features, self._packed.ends, self._packed.weights
                rows = steps[chosen].astype(np.int64)
            else:
                features = np.frombuffer(self._features, np.uint32) if self._features else _EMPTY
                ends, weights = np.frombuffer(self._ends, np.uint64), np.frombuffer(self._weights, np.float32)
                rows = steps[chosen].astype(np.int64) - self._old
            starts = ends[rows].astype(np.int64)
            lengths = ends[rows + 1].astype(np.int64) - starts
            before = np.cumsum(lengths) - lengths
            every = features[np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))]
            at = np.minimum(np.searchsorted(own, every), len(own) - 1)
            both = np.where(own[at] == every, heavy[at], np.float32(0))
            share = np.bincount(np.repeat(np.arange(len(rows)), lengths), both, minlength=len(rows))
            either = weights[rows] + heavy.sum() - share
            found[chosen] = share / np.maximum(either, 1e-6)
        return found


def _weights(counts: NDArray[Any], steps: int) -> NDArray[np.float32]:
    """What features weigh that so many of the steps have."""
    return np.log1p((steps + 1) / (counts + 1.0)).astype(np.float32) / np.float32(math.log1p(steps + 1))
