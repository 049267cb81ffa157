"""What every backend offers: elaborate, check in warm sessions, audit in fresh processes, replay a prefix.

A warm check decides nothing but what is worth an audit: its best verdict has trust `elaborated`, and `Verdict.accepted`
is false for it. Only an audit's verdict counts (design, invariant 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from domain import Candidate, Development, Elaboration, Goal, Problem, Prover, Replay, Term, Verdict


class Verifier(Protocol):
    """A prover. All methods are idempotent; answers come in the order of the questions."""

    prover: Prover

    @property
    def version(self) -> str:
        """The prover's version, as it is recorded beside verdicts and lemmas."""
        ...

    def describe(self) -> str:
        """The prover and its version, like `rocq 8.16.1`."""
        ...

    def sandbox_note(self) -> str | None:
        """Why provers run without a full sandbox here, or None."""
        ...

    def notices(self) -> list[str]:
        """What a run should know of how this verifier works here."""
        ...

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        """The canonical form of each problem, or a verdict `error` that says why it has none."""
        ...

    def check(self, batch: Sequence[Candidate], seconds: float | None = None) -> list[Verdict]:
        """Quick verdicts from warm sessions in which `Candidate.lemmas` are assumed; trust at most `elaborated`.

        `seconds` are CPU seconds for each candidate; None means the limit of the settings.
        """
        ...

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """Verdicts that count: a fresh process per candidate, statement first, lemmas compiled with their proofs."""
        ...

    def recheck(self, development: Development) -> Verdict:
        """The verdict of an independent pass over a whole library; nothing is taken from a cache."""
        ...

    def replay(self, candidate: Candidate, seconds: float | None = None) -> Replay:
        """The open goals after a prefix of a proof, or before the step that failed, and what was said where.

        The text may end anywhere, also inside a bullet. The first error's position (in characters of the candidate's
        text) lies in the step that failed; an error about what the text does not say (the header, a forbidden
        construct) has none. `seconds` are CPU seconds; None means the settings' limit of a check.
        """
        ...

    def parse_goal(self, text: str, header: str = "") -> Goal:
        """One goal as the prover prints it in full, under a problem's header.

        Raises:
            ValueError: the text is not a goal of the fragment that is understood.
        """
        ...

    def render_statement(self, term: Term) -> str:
        """A closed statement as text that the prover reads back as exactly this term."""
        ...

    def cpu_seconds(self) -> float:
        """CPU seconds that its processes have used."""
        ...

    def close(self) -> None:
        """End all processes."""
        ...
