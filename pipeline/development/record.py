"""What `prove` has tried in a development: `tried.jsonl`, a line for each hole, read when the same command goes on.

Invariant: an answer counts again only for the very same hole: its key changes with all that the answer rests on. That
nothing was found counts again only while program and prover are the same (`versions`).
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from domain import UserError
from pipeline.development.rows import add_row, read_rows
from pipeline.development.search.solving import Answer
from verifiers.audit.cache import content_key, program_digest
from verifiers.audit.rocq.filling import Filling
from verifiers.audit.rocq.version import installed_version, program

EARLY = 0.8
"""Share of a hole's CPU seconds before which a search that has found nothing has come to its end."""


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
        left = "still open, and nothing is left to try" if self.cpu_seconds < EARLY * self.seconds else "still open"
        what = "a proof" if answer.filling is not None else left
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
        self.versions = versions()
        self._tried = _read(self._file, self.versions) if self._file.is_file() else {}

    def begin(self) -> None:
        """Makes the directory one of `prove`, whatever comes next."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.touch()

    def find(self, key: str, seconds: float) -> Tried | None:
        """What is known of a hole, if nothing more is to be expected of so many seconds."""
        tried = self._tried.get(key)
        return None if tried is None or (tried.answer.filling is None and tried.seconds < seconds) else tried

    def add(self, key: str, name: str, tried: Tried) -> None:
        row = {"key": key, "name": name, "versions": self.versions, **asdict(tried)}
        add_row(self._file, row)


def filling_of(row: Mapping[str, Any]) -> Filling:
    """A filling from the object that `asdict` makes of it. Raises `KeyError` or `TypeError` if it is none."""
    return Filling(row["block"], tuple(row["lemmas"]), row["verbatim"], row["using_all"])


@cache
def versions() -> str:
    """A digest of what searches and judges: this program, the prover, and the libraries that are installed with it."""
    ours = Path(__file__).resolve().parents[2]
    files = [file for room in ("pipeline", "term_algebra") for file in sorted((ours / room).rglob("*.py"))]
    said = subprocess.run([*program("coqc"), "-where"], capture_output=True, text=True, check=False).stdout.strip()
    texts = [file.read_text(encoding="utf-8") for file in files]
    return content_key(program_digest(), installed_version(), repr(installed(Path(said))), *texts)[:24]


def installed(library: Path) -> list[tuple[str, int, int]]:
    """The compiled libraries and plugins that lie in the prover's folder or beside it: names, times and sizes."""
    folders = (library, library.parent / "coq-core")  # where Debian has the plugins
    files = (file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix in (".vo", ".cmxs"))
    return [(str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files]


def _read(file: Path, now: str) -> dict[str, Tried]:
    found: dict[str, Tried] = {}
    for row in read_rows(file):
        try:
            given = row["answer"]
            made = given["filling"]
            filling = filling_of(made) if made else None
            answer = Answer(filling, given["counterexample"], tuple(given["stuck"]), given["tokens"])
            same = filling is not None or row["versions"] == now
            found[row["key"]] = Tried(answer, row["cpu_seconds"], row["seconds"] if same else 0.0)
        except (KeyError, TypeError):
            continue  # of another version of this program
    return found
