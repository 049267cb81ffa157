"""Proof files: one self-contained source file for each problem that is proved or refuted, in its own names.

Invariant: such a file is the audited text with its header; only library lemmas have other names there, which occur
nowhere else in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from domain import Lemma, Problem, Prover
from library_store.files import write_atomically
from library_store.schema import ProblemState
from verifiers.backend import backend_of

_WORD = re.compile(r"\bl[0-9a-f]{16}\b")

_ANY_WORD = re.compile(r"[^\W\d][\w']*")
_HYPOTHESIS = re.compile(r"(?:IH|Heq)\w*|[^\W\d][\d']*")
"""What a prover may call a hypothesis by itself: it calls none so once a lemma has that name."""

_DERIVED = ("_ind", "_rect", "_rec", "_sind")
"""Behind the name of a datatype: what Rocq declares with it."""

LONGEST = 200
"""Bytes of a name that a file may have as it is."""


def write_proofs(directory: Path, problems: Mapping[str, ProblemState], lemmas: Iterable[Lemma]) -> list[Path]:
    """Writes `proofs/NAME` for every proved problem that has no file yet, `proofs/NAME_refuted` for a refuted one.

    A problem that is open again, because what was found rests on a lemma that was refused later, loses its file.
    Returns all files, sorted.
    """
    names = names_of(lemmas)
    folder = directory / "proofs"
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, state in problems.items():
        for status in {"proved", "refuted"} - {state.status}:
            (folder / proof_name(name, state.problem.prover, status)).unlink(missing_ok=True)
        if state.status not in ("proved", "refuted"):
            continue
        file = folder / proof_name(name, state.problem.prover, state.status)
        proof = in_words(state.problem, state.proof, names)
        text = backend_of(state.problem.prover).syntax.file(state.problem, proof, file.stem)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            write_atomically(file, text.encode())
        files.append(file)
    return sorted(files)


def names_of(lemmas: Iterable[Lemma]) -> dict[str, str]:
    """What lemmas are called in recorded proofs → what they are called for people."""
    return {lemma.canonical_name: lemma.name for lemma in lemmas}


def in_words(problem: Problem, proof: str, names: Mapping[str, str]) -> str:
    """A recorded proof of a problem with the names of library lemmas that say what they state (`names_of`).

    A lemma gets no word that the file has anywhere. The proof stays as it is where a name could not be replaced.
    """
    found = [name for name in dict.fromkeys(_WORD.findall(proof)) if name in names]
    if not found:
        return proof
    from verifiers.export import free_name, identifier

    form = backend_of(problem.prover).export
    file = f"{problem.header}\n{problem.formal_statement}\n{proof}"
    words = {*_ANY_WORD.findall(file), *re.findall(r"\w+", file)}
    used = words | {f"{word}{end}" for word in words for end in _DERIVED} | form.reserved
    table: dict[str, str] = {}
    for name in found:
        wish = identifier(names[name])
        if _HYPOTHESIS.fullmatch(wish) or wish.rstrip("0123456789'") in words - {wish}:
            wish = f"lemma_{wish}"
        table[name] = form.beside(free_name(wish, used))
    text = form.rename(proof, table)
    return proof if any(name in text for name in found) else text


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
