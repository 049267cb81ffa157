"""A file of the user's own in Isabelle or Lean: each statement whose proof holds a `sorry` is a problem of a list.

The problem's header is the file above the statement, so what is in force there is as it is in the file. What a run
finds is put in the place of the old proof. How a file is read, and judged with all new proofs in it, is its prover's
(`isabelle_theory`, `lean_file`).

Invariant: only proofs are changed, and only into texts that an audit accepted for the statement as it stands there;
nothing is told or written as proved before the whole file was judged with the new proofs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from datasets.jsonl import write_problems
from domain import Lemma, Problem, UserError
from library_store.files import write_atomically
from library_store.schema import ProblemState
from library_store.snapshot import read
from pipeline.development.patches import unified
from pipeline.words import listed

Changes = Mapping[str, Mapping[str, Any]]
"""Of problems, by name: what is told of them other than a run found, as fields of a line of `results.jsonl`."""


class Hole(NamedTuple):
    """A statement without a proof; `begin` and `end` are where its proof stands now, in characters."""

    problem: Problem
    begin: int
    end: int


class Gap(NamedTuple):
    """A place inside a proof where steps are missing, with the goal there; `others` of the proof are further ones."""

    begin: int
    end: int
    goal: str
    others: int


class Left(NamedTuple):
    """A hole that is no problem here."""

    line: int
    why: str


@dataclass(frozen=True)
class OwnFile:
    """The text of a file, its holes in order, and those that are not attempted."""

    path: Path
    text: str
    holes: tuple[Hole, ...]
    left: tuple[Left, ...]

    def filled(self, proofs: Mapping[str, str]) -> str:
        """The text with these proofs, by the names of their problems, in the place of what stands there.

        Their lines end as those of the file do.
        """
        text = self.text
        ending = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
        for hole in reversed(self.holes):
            if hole.problem.name in proofs:
                proof = proofs[hole.problem.name].strip().replace("\r\n", "\n").replace("\n", ending)
                text = f"{text[: hole.begin]}{proof}{text[hole.end :]}"
        return text

    def patch(self, proofs: Mapping[str, str]) -> str:
        """The proofs as a unified diff."""
        return unified(self.text, self.filled(proofs), self.path.name)

    def apply(self, proofs: Mapping[str, str]) -> None:
        """Replaces the user's file at once. Raises `UserError` if it was changed meanwhile."""
        if self.path.read_bytes().decode("utf-8") != self.text:
            raise UserError(f"{self.path} was changed meanwhile: apply patch.diff by hand")
        write_atomically(self.path.resolve(), self.filled(proofs).encode())


class Judged(NamedTuple):
    """What goes into the file, by the names of the problems, and of which problems something else is to be told."""

    proofs: Mapping[str, str]
    changes: Changes


class Language(NamedTuple):
    """What a prover knows of its users' files."""

    what: str
    """What such a file is called."""
    read: Callable[[Path], OwnFile]
    """A file of the user's, with its holes. Raises `UserError` if it is none that can be worked on."""
    judge: Callable[[OwnFile, Mapping[str, ProblemState], Callable[[str], None]], Judged]
    """What of the accepted proofs goes into the file, which is seen to hold with them; the function is told of others.

    Raises `UserError` if the file holds with none.
    """
    lemmas: Callable[[OwnFile, Problem, Sequence[Lemma]], list[str]]
    """Lemmas that a run proved for a problem of the file, as texts that stand above its statement, in this order.

    Those that do not, or rest on what has no proof there, are left out.
    """
    gap: Callable[[OwnFile, Hole, int], Gap | None] = lambda *_: None
    """The place on a line inside a hole's proof where steps are missing, if its prover tells the goal there."""


def line_of(text: str, at: int) -> int:
    """The line of a place in a text, from 1."""
    return text.count("\n", 0, at) + 1


def text_of(path: Path) -> str:
    """The text of a file of the user's. Raises `UserError` if it has none."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text") from None
    if text.startswith("\ufeff"):
        raise UserError(f"{path}:1: begins with a byte order mark (U+FEFF): save it without one")
    if "\0" in text:
        raise UserError(f"{path}:{line_of(text, text.index(chr(0)))}: holds a NUL character (U+0000): remove it")
    return text


def prove_file(
    language: Language,
    file: Path,
    out: Path,
    names: tuple[str, ...],
    limit: int | None,
    prove_list: Callable[[str, Callable[[], Changes]], int],
    unfit: Mapping[str, object],
    *,
    in_place: bool,
    json: bool,
) -> int:
    """Proves the holes of a file as a list of problems by `prove_list`, and writes what was found as a patch.

    `prove_list` asks for what the judge changes before it tells or writes what became of the problems. `unfit` has
    options by their flags, of which none may be given. Returns the exit code.
    """
    wrong = next((flag for flag, value in unfit.items() if value is not None), None)
    if wrong is not None:
        raise UserError(f"{wrong} does not go with {language.what}")
    own = language.read(file)
    known = [hole.problem.name for hole in own.holes]
    unknown = sorted(frozenset(names) - frozenset(known))
    if unknown:
        raise UserError(f"--names {unknown[0]}: no hole of {file} is called so (it has {listed(known) or 'none'})")
    chosen = [hole.problem for hole in own.holes if not names or hole.problem.name in names][:limit]
    say = partial(print, file=sys.stderr)
    for left in own.left:
        say(f"{file}:{left.line}: not attempted: {left.why}")
    if not chosen:
        print(f"{file} has no hole that can be tried")
        return 0
    holes = out.with_name(f"{out.name}_holes.jsonl")
    write_problems(chosen, holes)
    proofs: dict[str, str] = {}

    def judged() -> Changes:
        states = read(out, names=("problems",)).problems
        found = language.judge(own, {name: one for name, one in states.items() if one.status == "proved"}, say)
        proofs.update(found.proofs)
        return found.changes

    code = prove_list(str(holes), judged)
    write_atomically(out / "patch.diff", own.patch(proofs).encode())
    if in_place and proofs:
        own.apply(proofs)
    if not json:
        print(f"Patched: {file}" if in_place and proofs else f"Patch: {out / 'patch.diff'}")
    return code
