"""Text for language models: formal libraries, problem files and plain files, one document at a time.

Nothing is held as a whole but LeanDojo Benchmark 4 (`datasets.leandojo`). Invariant: the same source gives the same
documents in the same order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias, get_args

from datasets.jsonl import parse_object, read_lines
from datasets.leandojo import Theorem, read_leandojo
from domain import Problem, Prover, UserError

Suffixes: TypeAlias = Mapping[str, Prover | None]
"""Suffixes of the files of a folder that are read, and the prover that they are for."""


class Document(NamedTuple):
    """A text. `name` is a path with slashes, below its source."""

    name: str
    text: str
    prover: Prover | None = None


def read_folder(folder: Path, suffixes: Suffixes) -> Iterator[Document]:
    """The files below a folder with one of these suffixes, by name. Bytes that are not UTF-8 are replaced."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in suffixes and file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            yield Document(file.relative_to(folder).as_posix(), text, suffixes[file.suffix])


def read_texts(path: Path, suffixes: Suffixes) -> Iterator[Document]:
    """A folder (`read_folder`), one such file, or a JSONL file whose lines have `text` and perhaps `name`, `prover`.

    Raises:
        UserError: there is nothing at `path`, or a line of the file has no text.
    """
    if path.is_dir():
        yield from read_folder(path, suffixes)
    elif path.suffix in suffixes and path.is_file():
        yield Document(path.name, path.read_text(encoding="utf-8", errors="replace"), suffixes[path.suffix])
    else:
        for number, line in read_lines(path):
            where = f"{path}:{number}"
            record = parse_object(line, where)
            text, prover = record.get("text"), record.get("prover")
            if not isinstance(text, str):
                raise UserError(f"{where}: field `text`: expected a text")
            if prover not in (*get_args(Prover), None):
                raise UserError(f"{where}: field `prover`: {prover!r} is none of {', '.join(get_args(Prover))}")
            yield Document(str(record.get("name", number)), text, prover)


def read_leandojo_texts(path: Path) -> Iterator[Document]:
    """The files of LeanDojo Benchmark 4: their declarations in order, with those tactic proofs that it has."""
    benchmark = read_leandojo(path)
    theorems: dict[str, dict[tuple[int, int], Theorem]] = defaultdict(dict)
    for theorem in benchmark.theorems:
        theorems[theorem.path][theorem.start] = theorem
    for file in sorted(benchmark.files, key=lambda file: file.path):
        parts: list[str] = []
        for declaration in sorted(file.premises, key=lambda declaration: declaration.start):
            theorem = theorems[file.path].get(declaration.start)
            code = declaration.code.strip()
            if theorem is not None and theorem.proof and ":=" not in code:
                proof = "\n".join(f"  {line}" for line in theorem.proof.splitlines())
                code = f"{code} := by\n{proof}"
            parts.append(code)
        if parts:
            yield Document(file.path, "\n\n".join(parts) + "\n", "lean4")


def problem_texts(problems: Iterable[Problem]) -> Iterator[Document]:
    """Problems as files: what is said of them in words, header, statement, and the proof where the source has one."""
    for problem in problems:
        informal = [text.strip() for text in (problem.informal_prefix, problem.informal_proof) if text]
        proof = problem.extra.get("proof")
        parts = [*informal, problem.header.strip(), problem.formal_statement.strip()]
        parts += [proof.strip()] if isinstance(proof, str) else []
        yield Document(problem.name, "\n".join(part for part in parts if part) + "\n", problem.prover)
