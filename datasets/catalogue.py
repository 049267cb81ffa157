"""Every problem set by its name.

A set's total is the number of problems in its source: what could not be translated, or what the prover refuses, is left
out with its reason and still counted, so a score is never out of fewer problems than were published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from datasets.bundled import load_bundled
from datasets.jsonl import read_problems
from datasets.minif2f import SOURCES, load_minif2f
from domain import Problem, UserError

Accepts: TypeAlias = Callable[[list[Problem]], list[str | None]]
"""For each problem None, or the reason why the prover does not take its header and statement."""

DESCRIPTIONS = {
    "jsonl:FILE": "problems as JSON lines",
    "minif2f-rocq": "miniF2F in Rocq, adapted to Coq 8.16; splits valid, test",
    "minif2f-lean4": "miniF2F in Lean 4; splits valid, test",
    "minif2f-isabelle": "miniF2F in Isabelle; splits valid, test",
    "tip:isaplanner": "TIP: case-analysis problems of IsaPlanner (86)",
    "tip:prod": "TIP: the 50 theorems of 'productive use of failure'",
    "tip:prod-lemmas": "TIP: the 24 lemmas of 'productive use of failure'",
    "tip:tip2015": "TIP: the larger mixed problems of 2015",
    "tip:false": "TIP: non-theorems",
    "smtlib:PATH": "problems of SMT-LIB 2.6 over datatypes: a .smt2 file, or all of a folder",
    "bundled": "problems that come with Lemmary; splits step1, step2, step3",
}


TIP = "tip:"
"""How the names of TIP's suites begin; its translator is loaded only where one is read."""

SMTLIB = "smtlib:"
"""What stands before a path to files of SMT-LIB."""


class LeftOut(NamedTuple):
    name: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """`total` counts the problems of the source, `left_out` included."""

    name: str
    problems: list[Problem]
    left_out: list[LeftOut]
    total: int

    def reasons(self) -> list[tuple[str, int]]:
        """Why problems were left out, with how many, the most frequent first."""
        return Counter(item.reason for item in self.left_out).most_common()


def names() -> list[str]:
    """The names that `load` knows; `jsonl:FILE` stands for any file, `smtlib:PATH` for any file or folder."""
    return list(DESCRIPTIONS)


def needs_path(name: str) -> bool:
    """Whether `load` must be told where the set lies."""
    return name in SOURCES or name.startswith(TIP)


def load(name: str, *, path: Path | None = None, split: str | None = None, accepts: Accepts | None = None) -> Dataset:
    """Read a problem set.

    `name` is one of `names()`, or a `.jsonl` or `.smt2` file; `minif2f-rocq:valid` is short for `split="valid"`. `path`
    says where the source lies: a tree of the published repository, or a JSONL file. With `accepts`, problems that the
    prover refuses are left out with its reason. Raises `UserError`.
    """
    base, split = _split_of(name, split)
    problems, refused = _read(base, path)
    if split is not None:
        present = sorted({problem.split for problem in problems if problem.split is not None})
        if split not in present:
            raise UserError(
                f"{base} has no split {split!r}: {'it has ' + ', '.join(present) if present else 'it has none'}"
            )
        problems = [problem for problem in problems if problem.split == split]
    left_out = [LeftOut(*item) for item in refused]
    total = len(problems) + len(left_out)
    if accepts is not None and problems:
        reasons = accepts(problems)
        left_out += [LeftOut(p.name, reason) for p, reason in zip(problems, reasons, strict=True) if reason is not None]
        problems = [problem for problem, reason in zip(problems, reasons, strict=True) if reason is None]
    return Dataset(name, problems, left_out, total)


def _split_of(name: str, split: str | None) -> tuple[str, str | None]:
    if name in DESCRIPTIONS or name.startswith(("jsonl:", SMTLIB)) or name.endswith((".jsonl", ".smt2")):
        return name, split
    base, colon, suffix = name.rpartition(":")
    if colon and base in DESCRIPTIONS:
        if split is not None and split != suffix:
            raise UserError(f"{name} names the split {suffix}, but --split is {split}: give one of them")
        return base, suffix
    raise UserError(f"there is no dataset {name!r}: it is a .jsonl or .smt2 file or one of {', '.join(names())}")


def _read(name: str, path: Path | None) -> tuple[list[Problem], list[tuple[str, str]]]:
    if name == "bundled":
        return load_bundled(), []
    if name.startswith("jsonl:") or name.endswith(".jsonl"):
        return read_problems(Path(name.removeprefix("jsonl:"))), []
    if name.startswith(SMTLIB) or name.endswith(".smt2"):
        from datasets.tip.suites import load_smtlib

        return load_smtlib(Path(name.removeprefix(SMTLIB)))
    if path is None:
        jsonl = ", or a JSONL file" if name in SOURCES else ""
        source = f"the tree of {SOURCES[name].repository}" if name in SOURCES else "the folder of TIP's suites"
        raise UserError(f"{name} needs a path (--path, or `path` in a configuration): {source}{jsonl}")
    if not path.exists():
        raise UserError(f"there is nothing at {path} (--path of {name})")
    if name in SOURCES:
        return load_minif2f(name, path), []
    if path.is_file():
        return read_problems(path), []
    from datasets.tip.suites import load_suite

    return load_suite(name, path)
