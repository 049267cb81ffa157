"""The goal at a `sorry` inside a proof that was begun, as Lean shows it.

Invariant: the goal is Lean's, of the steps that stand before it in the file; nothing is proved here.
"""

from __future__ import annotations

from pipeline.development.own_file import Gap, Hole, OwnFile, line_of
from verifiers.audit.lean.scan import Token, scan
from verifiers.audit.lean.toolchain import LeanSettings, find
from verifiers.lean.session import Session

GAPS = ("sorry", "admit")
"""Words for a proof that is missing."""

SECONDS = 20.0
"""CPU seconds for the statement and its proof, as far as it goes."""


def goal_at(own: OwnFile, hole: Hole, line: int) -> Gap | None:
    """The first `sorry` on a line; None where there is none, or nothing of the proof but that was written."""
    begun = hole.problem.extra.get("begun")
    proof = own.text[hole.begin : hole.end]
    gaps = _gaps(proof)
    number = next((n for n, one in enumerate(gaps) if line_of(own.text, hole.begin + one.start) == line), None)
    if begun is None or number is None:
        return None
    steps = _gaps(begun)[-len(gaps) :]  # there every one is a step
    if len(steps) != len(gaps):
        return None
    toolchain = find(LeanSettings.from_environment())
    with Session(toolchain) as session:
        if not session.load(toolchain.header(hole.problem.header)).ok:
            return None
        _ = session.run(begun, SECONDS)
        goals = session.goals(steps[number].start, SECONDS)
    if not goals:
        return None
    return Gap(hole.begin + gaps[number].start, hole.begin + gaps[number].end, goals[0], len(gaps) - 1)


def _gaps(text: str) -> list[Token]:
    return [token for token in scan(text).tokens if token.text in GAPS]
