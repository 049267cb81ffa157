"""A theory of the user's own: its holes, and whether it loads with the proofs that were found.

The problem's header is the theory up to the statement, holes above included. A proof that would rest on a hole above
rests on an oracle, and is refused. The whole theory is loaded with all new proofs before a patch is written.

Invariant: as in `own_file`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from domain import Candidate, Lemma, Problem, UserError
from library_store.schema import ProblemState
from pipeline.development.own_file import Hole, Judged, Language, Left, OwnFile, line_of, text_of
from verifiers.audit.isabelle.keywords import STATEMENTS
from verifiers.audit.isabelle.scan import Unreadable, tokens
from verifiers.audit.isabelle.theories import lemma_texts, parse_header, parse_statement
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


def read_theory(path: Path) -> OwnFile:
    """A file of the user's, with its holes.

    Raises:
        UserError: it is no theory.
    """
    text = text_of(path)
    try:
        steps = IsabelleSteps().steps(text)
        parse_header(text[_frame_start(text) : _last_end(text)])
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
            left.append(Left(line_of(text, step.start), found))
        else:
            holes.append(Hole(found, proof[0].start, proof[-1].end))
    return OwnFile(path, text, tuple(holes), tuple(left))


def judge(own: OwnFile, states: Mapping[str, ProblemState], say: Callable[[str], None]) -> Judged:
    """The proofs with which the theory loads. Raises `UserError` if it does not."""
    proofs = proofs_of({name: state.proof for name, state in states.items()}, say)
    verifier = backend_of("isabelle").opener(VerifierLimits())()
    try:
        why = refused(own, verifier, proofs) if proofs else None
    finally:
        verifier.close()
    if why is not None:
        raise UserError(f"{own.path} does not load with the new proofs, so there is no patch: {why}")
    return Judged(proofs, {})


def refused(own: OwnFile, verifier: Verifier, proofs: Mapping[str, str]) -> str | None:
    """Why the theory is not seen to load with these proofs, or None."""
    text = own.filled(proofs)
    header = text[_frame_start(text) : _last_end(text)]
    problem = Problem("lemmary_whole", "isabelle", header, WHOLE)
    (verdict,) = verifier.check([Candidate(problem, "by simp")], WHOLE_SECONDS)
    return None if verdict.verdict == "accepted" else verdict.messages[0].text


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
    place = {"file": path.name, "line": line_of(text, step.start)}
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


def lemmas(own: OwnFile, problem: Problem, found: Sequence[Lemma]) -> list[str]:
    """Lemmas as they were proved: in the words of the theory above the problem, which is all of its prelude."""
    del own, problem
    return [lemma_texts([one], assumed=False).strip() for one in found]


ISABELLE = Language("a theory of Isabelle", read_theory, judge, lemmas)
