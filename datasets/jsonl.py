"""Problems as JSON lines: one object a line, with the fields of `domain.Problem`.

Whatever is read can be written back unchanged: fields that nobody here knows are kept in `extra`. A malformed line is
an error that names the file, the line and the field.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeGuard, get_args

from domain import Problem, Prover, UserError
from term_algebra import read_json

DEEPEST = 100
"""How deeply the JSON of a line may nest."""

REQUIRED = ("name", "prover", "header", "formal_statement")
_RESERVED = re.compile(r"\bl[0-9a-f]{16}\b")
"""The names of a library's lemmas (`domain.is_canonical_lemma`), whose statements an audit knows to be ours."""
OPTIONAL = ("split", "informal_prefix", "informal_proof", "source", "goal")


def read_problems(file: Path, prover: Prover | None = None) -> list[Problem]:
    """The problems of a JSONL file, in order, at least one. `prover` is meant where a record names none."""
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for number, text in read_lines(file):
        problem = problem_of(parse_object(text, f"{file}:{number}"), f"{file}:{number}", prover)
        if problem.name in lines:
            first = lines[problem.name]
            raise UserError(f"{file}:{number}: field `name`: {problem.name!r} is already on line {first}; rename one")
        lines[problem.name] = number
        problems.append(problem)
    if not problems:
        raise UserError(f"{file} holds no problem: give a file with one JSON object a line")
    return problems


def read_lines(file: Path) -> list[tuple[int, str]]:
    """The lines of a file that are not blank, with their numbers, from 1. Bytes that are not UTF-8 are escaped."""
    try:
        lines = file.read_bytes().removeprefix(BOM_UTF8).split(b"\n")
    except FileNotFoundError:
        raise UserError(f"there is no file {file}") from None
    except IsADirectoryError:
        raise UserError(f"{file} is a folder; expected a JSONL file") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from None
    return [(number, line.decode("utf-8", "surrogateescape")) for number, line in enumerate(lines, 1) if line.strip()]


def parse_object(text: str, where: str) -> dict[str, Any]:
    """One JSON object from a line of `read_lines`; `where` is the file and line for the message."""
    escaped = re.search("[\udc80-\udcff]", text)
    if escaped:
        raise UserError(f"{where}: not UTF-8 text at character {escaped.start() + 1}")
    try:
        value: Any = read_json(text, DEEPEST)
    except RecursionError as error:
        raise UserError(f"{where}: {error}") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON at column {error.colno}: {error.msg}; each line is one object") from None
    except ValueError as error:
        raise UserError(f"{where}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UserError(f"{where}: expected a JSON object, got {_shown(value)}")
    return value


def _shown(value: object) -> str:
    try:
        return json.dumps(value)[:60]
    except ValueError:  # an integer of thousands of digits
        return "a number that is too long"


def problem_of(record: Mapping[str, Any], where: str, prover: Prover | None = None) -> Problem:
    """The problem that a record describes; `where` says in messages where it stands."""
    fields = dict(record)
    half = re.search("[\ud800-\udfff]", json.dumps(fields, ensure_ascii=False))
    if half:
        raise UserError(f"{where}: \\u{ord(half[0]):04x} is half of a character: write both halves, or none")
    if prover is not None:
        fields.setdefault("prover", prover)
    required = {name: _text(fields, name, where) for name in REQUIRED}
    for name in ("name", "formal_statement"):
        if not required[name].strip():
            raise UserError(f"{where}: field `{name}` is empty")
    if reserved := _RESERVED.search(required["formal_statement"]):
        raise UserError(f"{where}: {reserved.group()} is a name that only lemmas of a library have: rename it")
    given = required["prover"]
    if not _is_prover(given):
        raise UserError(f"{where}: field `prover`: {given!r} is none of {', '.join(get_args(Prover))}")
    optional = {name: _text(fields, name, where) for name in OPTIONAL if fields.get(name) is not None}
    axioms: Any = fields.get("allowed_axioms") or []
    if not isinstance(axioms, list) or not all(isinstance(axiom, str) for axiom in axioms):
        raise UserError(f"{where}: field `allowed_axioms`: expected a list of names")
    known = {*REQUIRED, *OPTIONAL, "allowed_axioms"}
    return Problem(
        name=required["name"],
        prover=given,
        header=required["header"],
        formal_statement=required["formal_statement"],
        split=optional.get("split"),
        informal_prefix=optional.get("informal_prefix"),
        informal_proof=optional.get("informal_proof"),
        source=optional.get("source"),
        goal=optional.get("goal"),
        allowed_axioms=tuple(axioms),
        extra={name: value for name, value in fields.items() if name not in known},
    )


def record_of(problem: Problem) -> dict[str, Any]:
    """A problem as a JSON object: the fields that are set, then those kept from its source."""
    record: dict[str, Any] = {name: getattr(problem, name) for name in REQUIRED}
    record |= {name: value for name in OPTIONAL if (value := getattr(problem, name)) is not None}
    if problem.allowed_axioms:
        record["allowed_axioms"] = list(problem.allowed_axioms)
    return record | dict(problem.extra)


def write_problems(problems: Iterable[Problem], file: Path) -> int:
    """Write problems as JSONL, whole or not at all, and return how many."""
    if file.is_dir():
        raise UserError(f"{file} is a folder: name a file to write")
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record_of(problem), ensure_ascii=False) for problem in problems]
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    fresh.replace(file)
    return len(lines)


def _text(fields: Mapping[str, Any], name: str, where: str) -> str:
    if name not in fields:
        raise UserError(f"{where}: field `{name}` is missing")
    value: Any = fields[name]
    if not isinstance(value, str):
        raise UserError(f"{where}: field `{name}`: expected text, got {_shown(value)}")
    return value


def _is_prover(value: str) -> TypeGuard[Prover]:
    return value in get_args(Prover)
