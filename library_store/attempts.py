"""What somebody wants of the library, and what was tried for it: a row each of the tables `requests` and `attempts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from domain import Lemma, Prover, Reason, Term, VerdictKind


@dataclass(frozen=True, slots=True)
class Request:
    """A statement somebody wants. `asked_by` names problems; `status` is open, answered, refuted or failed."""

    id: str
    prover: Prover
    prelude_id: str
    definition_ids: tuple[str, ...]
    statement: str
    statement_exact: str
    term: Term
    origin_kind: str
    asked_by: tuple[str, ...]
    operator: str
    round: int
    status: Literal["open", "answered", "refuted", "failed"] = "open"
    tries: int = 0
    answered_by: str | None = None

    @property
    def is_conjecture(self) -> bool:
        """Whether exploration found it and nobody asked for it."""
        return self.origin_kind == "definitions"

    def assumed(self) -> Lemma:
        """The lemma that it will be, without a proof: a warm session may assume it, and no audit accepts it."""
        return Lemma(
            id=self.id,
            revision=0,
            prover=self.prover,
            name="",
            prelude_id=self.prelude_id,
            definition_ids=self.definition_ids,
            statement=self.statement,
            statement_exact=self.statement_exact,
            term=self.term,
            proof="",
            uses=(),
            dedup_key="",
            origin_kind=self.origin_kind,
            origins=self.asked_by,
            parents=(),
            operator=self.operator,
            round=self.round,
            attempt_id="",
            prover_version="",
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a problem or request: what was asked, retrieved, generated, verified and harvested."""

    id: str
    kind: Literal["problem", "request", "evolve"]
    target: str
    round: int
    operator: str
    """What produced the verdict: `automation`, `language_model`, or an operator of evolution."""
    model: str
    prompt_hash: str
    prompt: str
    output: str
    retrieved: tuple[str, ...]
    mentioned: tuple[str, ...]
    uses: tuple[str, ...]
    harvested: tuple[str, ...]
    verdict: VerdictKind
    reason: Reason
    proof: str
    stuck_goals: tuple[str, ...]
    candidates: int
    tokens_in: int
    tokens_out: int
    cpu_seconds: float
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    """Candidates by fate, for the funnel: `proposed`, `elaborated`, `audited`, …"""
