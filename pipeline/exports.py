"""Proof files: one self-contained source file for each problem that is proved or refuted, in its own names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from domain import Prover
from library_store.schema import ProblemState
from library_store.snapshot import write_atomically

SUFFIXES: Mapping[Prover, str] = {"rocq": ".v", "lean4": ".lean", "isabelle": ".thy"}


def write_proofs(directory: Path, problems: Mapping[str, ProblemState]) -> list[Path]:
    """Writes `proofs/NAME` for every proved problem that has no file yet, `proofs/NAME_refuted` for a refuted one.

    A problem that is open again, because its proof rests on a lemma that was refused later, loses its file.
    Returns all files, sorted.
    """
    folder = directory / "proofs"
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, state in problems.items():
        file = folder / proof_name(name, state.problem.prover, state.status)
        if state.status not in ("proved", "refuted"):
            file.unlink(missing_ok=True)
            continue
        end = "\nend\n" if state.problem.prover == "isabelle" else ""
        text = f"{state.problem.header.rstrip()}\n\n{state.proof.strip()}\n{end}"
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            write_atomically(file, text.encode())
        files.append(file)
    return sorted(files)


def proof_name(name: str, prover: Prover, status: str) -> str:
    """The name of the file with a problem's proof, or the proof of its negation."""
    return f"{file_stem(name)}{'_refuted' if status == 'refuted' else ''}{SUFFIXES[prover]}"


def file_stem(name: str) -> str:
    """A problem's name as a file name that the prover takes for a module name."""
    stem = re.sub(r"\W", "_", name)
    return stem if re.match(r"[^\W\d]", stem) else f"p_{stem}"
