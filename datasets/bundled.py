"""The problems that come with Lemmary: three steps of difficulty over naturals, lists and trees."""

from __future__ import annotations

from pathlib import Path

from datasets.jsonl import read_problems
from domain import Problem

FOLDER = Path(__file__).parent / "bundled"


def load_bundled() -> list[Problem]:
    """All bundled problems, in the order of the files' names; the split of each is its step."""
    return [problem for file in sorted(FOLDER.glob("*.jsonl")) for problem in read_problems(file)]
