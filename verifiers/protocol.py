"""What every backend offers: elaborate, check in warm sessions, audit in fresh processes, replay a prefix.

A warm check decides nothing but what is worth an audit: its best verdict has trust `elaborated`, and `Verdict.accepted`
is false for it. Only an audit's verdict counts (DESIGN, section 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from domain import Candidate, Elaboration, Problem, Prover, Replay, Verdict


class Verifier(Protocol):
    """A prover. All methods are idempotent; answers come in the order of the questions."""

    prover: Prover

    @property
    def version(self) -> str:
        """The prover's version, as it is recorded beside verdicts and lemmas."""
        ...

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        """The canonical form of each problem, or a verdict `error` that says why it has none."""
        ...

    def check(self, batch: Sequence[Candidate]) -> list[Verdict]:
        """Quick verdicts from warm sessions in which `Candidate.lemmas` are assumed; trust at most `elaborated`."""
        ...

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """Verdicts that count: a fresh process per candidate, statement first, lemmas compiled with their proofs."""
        ...

    def replay(self, candidate: Candidate) -> Replay:
        """The open goals after a prefix of a proof, or where it stopped."""
        ...

    def close(self) -> None:
        """End all processes."""
        ...
