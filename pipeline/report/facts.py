"""What a report says of a run: values only; `gather` computes them from the snapshot tables.

What the language model contributed and what automation contributed are separate numbers throughout. Only confirmed
`proof_uses` edges count as use (design, invariant 8): a problem is proved *with library lemmas* when its minimised
proof needs one, and *with a lemma from elsewhere* when a needed lemma's origin is another problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

Solver: TypeAlias = Literal["automation", "automation with library lemmas", "language model"]
SOLVERS: tuple[Solver, ...] = ("automation", "automation with library lemmas", "language model")

Source: TypeAlias = Literal["automation", "language model"]
SOURCES: tuple[Source, ...] = ("automation", "language model")

MODEL_OPERATORS = frozenset(
    {"language_model", "identify_key_concepts", "parameterize", "scale_complexity", "extend_dimensions"}
)
"""Operators whose text a language model wrote. Of `harvest` and `solve_request` the attempt decides: it has tokens."""

BY_MODEL = "model_"
"""Prefix in an attempt's `counts` for that part of a count which the language model's candidates make up."""

STAGES = (
    ("proposed", "proposed"),
    ("well_formed", "well-formed"),
    ("elaborated", "elaborated"),
    ("audited", "audited"),
    ("new", "new"),
    ("used", "used"),
)
"""Stages of a candidate in order: its key in an attempt's `counts` (none for `used`) and the word on the page."""

REPAIRED = "repaired"
"""Key of those elaborated candidates that were so only after repair by the prover's automation."""


class Solve(NamedTuple):
    """A proved problem in the order of time."""

    problem: str
    solver: Solver
    round: int
    cpu_seconds: float
    """CPU seconds of all attempts up to and with the one that proved it."""
    at: float | None
    """Seconds since the first event of the run, when an event names the attempt."""


class ProblemFacts(NamedTuple):
    name: str
    split: str
    status: str
    round: int | None
    """The first round in which it was proved."""
    solver: Solver | None
    uses: tuple[str, ...]
    foreign: tuple[str, ...]
    """Those of `uses` whose origin is another problem."""
    attempts: int
    failed_before: int
    """Attempts in rounds before the one that proved it."""
    statement: str
    reason: str


class LemmaFacts(NamedTuple):
    id: str
    number: int
    """Its number on the page: most used first."""
    name: str
    statement: str
    operator: str
    source: Source
    round: int
    origins: tuple[str, ...]
    problems: tuple[str, ...]
    """Problems whose proofs need it directly."""
    abroad: tuple[str, ...]
    """Those of `problems` that are not among its origins."""
    lemmas: tuple[str, ...]
    """Lemmas whose proofs need it directly."""
    carries: tuple[str, ...]
    """Problems whose proofs rest on it, directly or through other lemmas."""


class SourceTotals(NamedTuple):
    """One row of the comparison of automation and language model."""

    source: Source
    attempts: int
    """Attempts in which it proposed something; one attempt may have both sources."""
    proposed: int
    problems: int
    with_library: int
    lemmas: int
    used: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True)
class Facts:
    round: int
    seed: int
    code_version: str
    label: str
    degraded: str
    """How the sandbox of the provers fell short, or empty."""
    unread: Mapping[str, Sequence[str]]
    """What was not understood of headers and statements, and the names of those problems."""
    audited_only: str
    """Why the last recheck left lemmas at `audited`, or empty."""
    versions: dict[str, str]
    problems: tuple[ProblemFacts, ...]
    lemmas: dict[str, LemmaFacts]
    retired: int
    solves: tuple[Solve, ...]
    rounds: tuple[int, ...]
    round_ends: tuple[float, ...]
    """CPU seconds of attempts at the end of each round."""
    growth: dict[str, list[int]]
    """Operator to lemmas admitted in each of `growth_rounds`, most productive operator first."""
    growth_rounds: tuple[int, ...]
    """`rounds`, with 0 in front when the run began with a library."""
    funnel: dict[Source, dict[str, int | None]]
    """Stage to candidates that reached it; None where no attempt recorded the stage."""
    by_source: tuple[SourceTotals, ...]
    cpu_by_part: dict[str, float]
    cpu_whole: bool
    """Whether `cpu_by_part` covers the whole process tree; otherwise it is the attempts' own seconds."""
    tokens_by_part: dict[str, tuple[int, int]]
    counts: dict[str, float] = field(default_factory=dict[str, float])
    """Those of the manifest, computed anew, and some more."""

    @property
    def proved(self) -> tuple[ProblemFacts, ...]:
        return tuple(problem for problem in self.problems if problem.round is not None)

    @property
    def refuted(self) -> tuple[ProblemFacts, ...]:
        return tuple(problem for problem in self.problems if problem.status == "refuted")

    @property
    def used_lemmas(self) -> tuple[LemmaFacts, ...]:
        """Lemmas that the proof of a problem rests on, most used first."""
        return tuple(lemma for lemma in self.lemmas.values() if lemma.carries)
