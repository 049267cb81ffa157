"""Help at one hole of a Lean file or a theory: a proof of it, and lemmas that were proved on the way.

Invariant: a proof is told only after the whole file was judged with it, and no lemma that rests on a hole is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from datasets.jsonl import write_problems
from domain import UserError
from library_store.tables import Tables, after_uses
from pipeline.development.own_file import Gap, Hole, Language, OwnFile, line_of
from pipeline.development.suggesting import Suggestion, Suggestions, Told
from pipeline.words import listed

MOST_LEMMAS = 8
"""Lemmas that are told, those that the proof needs first."""


def hole_at(own: OwnFile, line: int) -> Hole:
    """The hole whose statement or proof has a line, from 1. Raises `UserError` if there is none."""
    lines = own.text.count("\n") + 1
    if not 1 <= line <= lines:
        raise UserError(f"{own.path} has {lines} lines, there is no line {line}")
    for hole in own.holes:
        if hole.problem.extra["line"] <= line <= line_of(own.text, hole.end):
            return hole
    for left in own.left:
        if left.line == line:
            raise UserError(f"{own.path}:{line}: not attempted: {left.why}")
    known = listed([str(hole.problem.extra["line"]) for hole in own.holes])
    there = f"those that can be tried begin at line {known}" if known else "there is none that can be tried"
    raise UserError(f"{own.path}:{line} is not inside a statement or proof with a `sorry`: {there}")


def suggest(
    language: Language,
    own: OwnFile,
    hole: Hole,
    line: int,
    folder: Path,
    run: Callable[[Path], Tables],
    say: Callable[[str], None],
    tell: Told,
) -> Suggestions:
    """What can be said of a hole.

    Args:
        language: of the file.
        own: the file.
        hole: of the file.
        line: of the hole. If steps are missing there in a proof that was begun, the goal is the one at this place.
        folder: for what is only needed meanwhile.
        run: works on a list of problems, and returns what came of it.
        say: takes lines of progress.
        tell: takes what can be said so far.

    Raises:
        UserError: the statement is none that can be tried, or the file does not hold with the proof.
    """
    problem = hole.problem
    gap = language.gap(own, hole, line)
    goal, others = (problem.formal_statement, 0) if gap is None else (gap.goal, gap.others)
    found = Suggestions(problem.formal_statement, goal, others)
    tell(found)
    holes = folder / "holes.jsonl"
    write_problems([problem], holes)
    tables = run(holes)
    state = tables.problems[problem.name]
    if state.status == "error":
        raise UserError(f"{own.path}:{problem.extra['line']}: {state.reason}")
    if state.status == "proved":
        say("judging the whole file with the proof")
        judged = language.judge(own, {problem.name: state}, say)
        changed = judged.changes.get(problem.name, {})
        if "reason" in changed:
            say(changed["reason"])
        rests_on = tuple(changed.get("rests_on", ()))
        proof = judged.proofs.get(problem.name)
        steps = _steps(own, hole, gap, proof) if gap is not None and proof is not None else None
        if gap is not None and proof is not None and steps is None:
            found = replace(found, goal=problem.formal_statement, others=0)
        found = replace(found, finish=steps or proof, rests_on=rests_on)
        tell(found)
    others = sorted(tables.lemmas.values(), key=lambda one: len(one.statement))
    ranked = {one.id: one for one in [*(tables.lemmas[used] for used in state.uses), *others]}
    texts = language.lemmas(own, problem, after_uses(ranked)[:MOST_LEMMAS])
    return replace(found, lemmas=tuple([Suggestion(text, None) for text in texts]))


def _steps(own: OwnFile, hole: Hole, gap: Gap, proof: str) -> str | None:
    """What stands in the gap in a new proof; None if that is another than the one that was begun."""
    before, after = own.text[hole.begin : gap.begin], own.text[gap.end : hole.end].rstrip()
    kept = proof.startswith(before) and proof.endswith(after) and len(before) + len(after) < len(proof)
    return proof[len(before) : len(proof) - len(after)] if kept else None
