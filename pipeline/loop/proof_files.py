"""Proof files: one self-contained source file for each problem that is proved or refuted, in its own names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from domain import Prover
from library_store.files import write_atomically
from library_store.schema import ProblemState
from verifiers.backend import backend_of

LONGEST = 200
"""Bytes of a name that a file may have as it is."""


def write_proofs(directory: Path, problems: Mapping[str, ProblemState]) -> list[Path]:
    """Writes `proofs/NAME` for every proved problem that has no file yet, `proofs/NAME_refuted` for a refuted one.

    A problem that is open again, because what was found rests on a lemma that was refused later, loses its file.
    Returns all files, sorted.
    """
    folder = directory / "proofs"
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, state in problems.items():
        for status in {"proved", "refuted"} - {state.status}:
            (folder / proof_name(name, state.problem.prover, status)).unlink(missing_ok=True)
        if state.status not in ("proved", "refuted"):
            continue
        file = folder / proof_name(name, state.problem.prover, state.status)
        text = backend_of(state.problem.prover).syntax.file(state.problem, state.proof, file.stem)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            write_atomically(file, text.encode())
        files.append(file)
    return sorted(files)


def proof_name(name: str, prover: Prover, status: str) -> str:
    """The name of the file with a problem's proof, or the proof of its negation."""
    syntax = backend_of(prover).syntax
    return f"{file_stem(name, syntax.file_name)}{'_refuted' if status == 'refuted' else ''}{syntax.suffix}"


def file_stem(name: str, allowed: re.Pattern[str]) -> str:
    """A problem's name as a file name that the prover takes for a module name; no two names have the same.

    A name that cannot be one as it is, or could be another's with `_refuted` behind it, gets a digest.
    """
    if allowed.fullmatch(name) and len(name.encode()) <= LONGEST and not name.endswith("_refuted"):
        return name
    stem = "".join(letter if allowed.fullmatch(f"p{letter}") else "_" for letter in name[:50])
    begun = "" if allowed.match(stem) else "p_"
    return f"{begun}{stem}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
