"""TIP's suites, and files of SMT-LIB, as problems. What has no translation is left out, and counted with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datasets.tip.parse import parse
from datasets.tip.rocq import translate
from datasets.tip.syntax import TranslationError
from domain import Problem, UserError


@dataclass(frozen=True)
class Suite:
    folder: str
    pattern: str = "*.smt2"


SUITES = {
    "tip:isaplanner": Suite("isaplanner"),
    "tip:prod": Suite("prod", "prop_*.smt2"),
    "tip:prod-lemmas": Suite("prod", "lemma_*.smt2"),
    "tip:tip2015": Suite("tip2015"),
    "tip:false": Suite("false"),
}


def suite_files(name: str, path: Path) -> list[Path]:
    """The files of a suite, sorted. `path` is the suite's folder, the folder of all suites, or the repository."""
    suite = SUITES[name]
    for folder in (path / suite.folder, path / "benchmarks" / suite.folder, path):
        files = sorted(folder.glob(suite.pattern))
        if files:
            return files
    raise UserError(f"{path} has no {suite.folder}/{suite.pattern}: give --path the folder that holds TIP's suites")


def load_suite(name: str, path: Path) -> tuple[list[Problem], list[tuple[str, str]]]:
    """The problems of a suite, and the name and reason of every file that has no translation."""
    problems: list[Problem] = []
    refused: list[tuple[str, str]] = []
    for file in suite_files(name, path):
        try:
            problems.append(load_file(file, f"{name.partition(':')[0]}:{SUITES[name].folder}/{file.name}"))
        except TranslationError as error:
            refused.append((file.stem, str(error)))
    return problems, refused


def load_smtlib(path: Path) -> tuple[list[Problem], list[tuple[str, str]]]:
    """The problem of a file, or those of all `.smt2` files in and below a folder, and why the others are none.

    In a folder a problem is called after its file's path from there.

    Raises:
        UserError: there is no such file, or the only one has no translation.
    """
    folder = path if path.is_dir() else path.parent
    files = sorted(path.rglob("*.smt2")) if path.is_dir() else [path]
    if not files or not path.exists():
        raise UserError(f"there is no .smt2 file at {path}")
    problems: list[Problem] = []
    refused: list[tuple[str, str]] = []
    known: set[str] = set()
    for file in files:
        within = file.relative_to(folder)
        name = "_".join(within.with_suffix("").parts)
        if name in known:
            refused.append((name, f"{file}: another file's problem has this name"))
            continue
        known.add(name)
        try:
            problems.append(load_file(file, f"smtlib:{within}", name))
        except (TranslationError, UserError) as error:
            if path.is_file():
                raise error if isinstance(error, UserError) else UserError(f"{file}: {error}") from None
            refused.append((name, str(error)))
    return problems, refused


def load_file(file: Path, source: str, name: str | None = None) -> Problem:
    """The problem of one file, called after it if no other name is given."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: not UTF-8 text at byte {error.start}") from None
    module = parse(text, str(file))
    name = name or file.stem
    translation = translate(module, name)
    return Problem(
        name,
        "rocq",
        translation.header,
        translation.statement,
        informal_prefix=module.comment or None,
        source=source,
    )
