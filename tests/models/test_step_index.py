"""The index of steps: what is nearest, whether it was packed or added, and what may be forgotten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import step_index
from models.step_index import Near, Packed, StepIndex

STEPS = [[1, 2, 3], [1, 2, 4], [1, 5, 6], [7, 8], [1, 2, 3, 9]]


def numbers(found: list[Near]) -> list[int]:
    return [near.step for near in found]


def test_what_shares_most_of_what_is_rare_is_nearest_and_the_latest_of_equals_comes_first() -> None:
    index = StepIndex(Packed.of(STEPS))
    assert numbers(index.nearest([1, 2, 3], 3)) == [0, 4, 1]
    assert numbers(index.nearest([5, 1], 1)) == [2]
    assert index.nearest([99], 3) == []
    assert index.add([1, 2, 3]) == 5
    assert numbers(index.nearest([1, 2, 3], 2)) == [5, 0]
    assert numbers(index.nearest([1, 2, 3], 1, lambda steps: np.where(steps == 2, 9.0, 1.0))) == [2]


def test_packed_in_files_or_added_one_by_one_the_same_is_nearest(tmp_path: Path) -> None:
    added = StepIndex()
    for step in STEPS:
        added.add(step)
    Packed.of(STEPS).save(tmp_path)
    loaded = StepIndex(Packed.load(tmp_path))
    assert len(added) == len(loaded) == len(STEPS)
    for question in ([1, 2, 3], [9], [1, 8], [4, 6]):
        assert numbers(added.nearest(question, 1)) == numbers(loaded.nearest(question, 1))


def test_what_was_added_is_forgotten_and_what_was_packed_is_not() -> None:
    index = StepIndex(Packed.of(STEPS))
    before = index.nearest([7], 9)
    index.add([7])
    index.forget()
    assert index.nearest([7], 9) == before
    assert len(index) == len(STEPS)


def test_of_a_frequent_feature_the_latest_steps_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_index, "LATEST", 10)
    monkeypatch.setattr(step_index, "RECENT", 3)
    for index in (StepIndex(Packed.of([[1]] * 50)), StepIndex()):
        while len(index) < 100:
            index.add([1, 2])
        assert min(numbers(index.nearest([2], 100))) == 90
