"""A theory of the user's own: each statement whose proof holds a `sorry` is a problem, and its proof goes into a patch.

The problem's header is the theory up to the statement, holes above included, so what is in force there is as it is in
the file. A proof that would rest on a hole above rests on an oracle, and is refused. What a run finds is put in the
place of the old proof, and the whole theory is loaded with all new proofs before a patch is written.

Invariant: only proofs are changed, and only into texts that an audit accepted for the statement as it stands there.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from datasets.jsonl import write_problems
from domain import Candidate, Problem, UserError
from library_store.files import write_atomically
from library_store.snapshot import read
from verifiers.audit.isabelle.keywords import STATEMENTS
from verifiers.audit.isabelle.scan import Unreadable, tokens
from verifiers.audit.isabelle.theories import parse_header, parse_statement
from verifiers.audit.refusals import Malformed
from verifiers.backend import VerifierLimits, backend_of
from verifiers.isabelle.steps import IsabelleSteps
from verifiers.isabelle.syntax import IsabelleSyntax
from verifiers.protocol import Verifier
from verifiers.steps import Step

WHOLE = 'theorem lemmary_whole: "True"'
"""What is proved behind the filled theory, to see that it loads."""

WHOLE_SECONDS = 600.0
"""For the filled theory to load, wall time."""


class Hole(NamedTuple):
    """A statement without a proof; `begin` and `end` are where its proof stands now, in characters."""

    problem: Problem
    begin: int
    end: int


class Left(NamedTuple):
    """A hole that is no problem here."""

    line: int
    why: str


@dataclass(frozen=True)
class Theory:
    """The text of a theory, its holes in order, and those that are not attempted."""

    path: Path
    text: str
    holes: tuple[Hole, ...]
    left: tuple[Left, ...]

    def filled(self, proofs: Mapping[str, str]) -> str:
        """The text with these proofs, by the names of their problems, in the place of what stands there."""
        text = self.text
        for hole in reversed(self.holes):
            if hole.problem.name in proofs:
                text = f"{text[: hole.begin]}{proofs[hole.problem.name].strip()}{text[hole.end :]}"
        return text

    def refused(self, verifier: Verifier, proofs: Mapping[str, str]) -> str | None:
        """Why the theory is not seen to load with these proofs, or None."""
        text = self.filled(proofs)
        header = text[_frame_start(text) : _last_end(text)]
        problem = Problem("lemmary_whole", "isabelle", header, WHOLE)
        (verdict,) = verifier.check([Candidate(problem, "by simp")], WHOLE_SECONDS)
        return None if verdict.verdict == "accepted" else verdict.messages[0].text

    def patch(self, proofs: Mapping[str, str]) -> str:
        """The proofs as a unified diff."""
        name = self.path.name
        old, new = (text.splitlines(keepends=True) for text in (self.text, self.filled(proofs)))
        lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    def apply(self, proofs: Mapping[str, str]) -> None:
        """Replaces the user's file at once. Raises `UserError` if it was changed meanwhile."""
        if self.path.read_bytes().decode("utf-8") != self.text:
            raise UserError(f"{self.path} was changed meanwhile: apply patch.diff by hand")
        write_atomically(self.path.resolve(), self.filled(proofs).encode())


def read_theory(path: Path) -> Theory:
    """A file of the user's, with its holes.

    Raises:
        UserError: it is no theory.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        steps = IsabelleSteps().steps(text)
        parse_header(text[_frame_start(text) : _last_end(text)])
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text") from None
    except (ValueError, Malformed) as error:
        raise UserError(f"{path} is not `theory NAME imports … begin … end`: {error}") from None
    holes: list[Hole] = []
    left: list[Left] = []
    for number, step in enumerate(steps):
        proof = _proof(steps[number + 1 :]) if step.text.split(None, 1)[0] in STATEMENTS else []
        if not any(one.text == "sorry" for one in proof):
            continue
        before = steps[number - 1] if number else step
        start = before.start if before.text in ("private", "qualified") else step.start
        found = _hole(path, text, start, step, {hole.problem.name for hole in holes})
        if isinstance(found, str):
            left.append(Left(text.count("\n", 0, step.start) + 1, found))
        else:
            holes.append(Hole(found, proof[0].start, proof[-1].end))
    return Theory(path, text, tuple(holes), tuple(left))


def prove_theory(
    file: Path,
    out: Path,
    names: tuple[str, ...],
    limit: int | None,
    prove_list: Callable[[str], int],
    unfit: Mapping[str, object],
    *,
    in_place: bool,
    json: bool,
) -> int:
    """Proves the holes of a file as a list of problems by `prove_list`, and writes what was found as a patch.

    `unfit` has options by their flags, of which none may be given. Returns the exit code.
    """
    wrong = next((flag for flag, value in unfit.items() if value is not None), None)
    if wrong is not None:
        raise UserError(f"{wrong} does not go with a theory of Isabelle")
    theory = read_theory(file)
    unknown = sorted(frozenset(names) - {hole.problem.name for hole in theory.holes})
    if unknown:
        raise UserError(f"--names {unknown[0]}: no hole of {file} is called so")
    chosen = [hole.problem for hole in theory.holes if not names or hole.problem.name in names][:limit]
    say = partial(print, file=sys.stderr)
    for left in theory.left:
        say(f"{file}:{left.line}: not attempted: {left.why}")
    if not chosen:
        print(f"{file} has no hole that can be tried")
        return 0
    holes = out.with_name(f"{out.name}_holes.jsonl")
    write_problems(chosen, holes)
    code = prove_list(str(holes))
    states = read(out, names=("problems",)).problems
    proofs = proofs_of({name: state.proof for name, state in states.items() if state.status == "proved"}, say)
    verifier = backend_of("isabelle").opener(VerifierLimits())()
    try:
        refused = theory.refused(verifier, proofs) if proofs else None
    finally:
        verifier.close()
    if refused is not None:
        raise UserError(f"{file} does not load with the new proofs, so there is no patch: {refused}")
    write_atomically(out / "patch.diff", theory.patch(proofs).encode())
    if in_place and proofs:
        theory.apply(proofs)
    if not json:
        print(f"Patched: {file}" if in_place and proofs else f"Patch: {out / 'patch.diff'}")
    return code


def proofs_of(problems: Mapping[str, str], say: Callable[[str], None]) -> dict[str, str]:
    """Those of the found texts that are only a proof; `say` is told of the others."""
    syntax = IsabelleSyntax()
    found = {name: text for name, text in problems.items() if syntax.refuse_block(text) is None}
    for name in problems.keys() - found.keys():
        say(f"{name} is proved with lemmas of its own: its text is in proofs/, and not in the patch")
    return found


def _hole(path: Path, text: str, start: int, step: Step, taken: set[str]) -> Problem | str:
    """The problem of a statement, or why it is none."""
    try:
        statement = parse_statement(step.text)
        header = text[_frame_start(text) : start]
        parse_header(header)
    except Malformed as error:
        return str(error)
    if statement.name in taken:
        return f"another hole is called {statement.name}"
    place = {"file": path.name, "line": text.count("\n", 0, step.start) + 1}
    return Problem(statement.name, "isabelle", header, f"theorem {statement.name}: {statement.body}", extra=place)


def _proof(steps: Sequence[Step]) -> list[Step]:
    """The commands behind a statement, up to the next one of the theory."""
    found: list[Step] = []
    for step in steps:
        if step.kind == "frame":
            break
        found.append(step)
    return found


def _frame_start(text: str) -> int:
    """Where the word `theory` stands that begins the theory; there may be titles before it."""
    try:
        return next((token.start for token in tokens(text) if (token.kind, token.text) == ("word", "theory")), 0)
    except Unreadable as error:
        raise ValueError(str(error)) from error


def _last_end(text: str) -> int:
    """Where the `end` of the theory stands."""
    ends = [token.start for token in tokens(text) if (token.kind, token.text) == ("word", "end")]
    if not ends:
        raise ValueError("its `end` is missing")
    return ends[-1]
