"""What `prove` has tried in a development: `tried.jsonl`, a line for each hole, read when the same command goes on.

Invariant: an answer counts again only for the very same hole: its key changes with all that the answer rests on.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from domain import UserError
from pipeline.development.document import Hole
from pipeline.development.solving import Answer
from verifiers.audit.rocq.filling import Filling


@dataclass
class Tried:
    """The answer to one hole, what it cost, and the CPU seconds that it was allowed."""

    answer: Answer
    cpu_seconds: float
    seconds: float

    def told(self) -> str:
        """It in a few words."""
        answer = self.answer
        if answer.fault:
            return answer.fault
        if answer.counterexample is not None:
            shown = ", ".join(f"{name} := {value}" for name, value in answer.counterexample.items())
            return f"false{f' for {shown}' if shown else ''}"
        what = "a proof" if answer.filling is not None else "still open"
        lemmas = len(answer.filling.lemmas) if answer.filling is not None else 0
        helped = f" with {lemmas} auxiliary lemma{'s' if lemmas > 1 else ''}" if lemmas else ""
        return f"{what}{helped} ({self.cpu_seconds:.1f} CPU s)"


class Record:
    """The record in a directory; a directory with other things in it is refused."""

    def __init__(self, directory: Path) -> None:
        """Raises `UserError` if the directory holds something, and no record."""
        self._file = directory / "tried.jsonl"
        if not self._file.is_file() and directory.exists() and any(directory.iterdir()):
            raise UserError(
                f"{directory} is neither empty nor of an earlier `prove` on a development: choose another --out"
            )
        self._tried = _read(self._file) if self._file.is_file() else {}

    def find(self, key: str) -> Tried | None:
        return self._tried.get(key)

    def add(self, key: str, hole: Hole, tried: Tried) -> None:
        row = {"key": key, "name": hole.qualified, **asdict(tried)}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _read(file: Path) -> dict[str, Tried]:
    found: dict[str, Tried] = {}
    for line in file.read_text(encoding="utf-8").split("\n"):
        try:
            row = json.loads(line)
            given = row["answer"]
            made = given["filling"]
            filling = Filling(made["block"], tuple(made["lemmas"]), made["verbatim"]) if made else None
            answer = Answer(filling, given["counterexample"], tuple(given["stuck"]), given["tokens"])
            found[row["key"]] = Tried(answer, row["cpu_seconds"], row["seconds"])
        except (json.JSONDecodeError, KeyError, TypeError):
            continue  # the line that was being written when the machine stopped
    return found
