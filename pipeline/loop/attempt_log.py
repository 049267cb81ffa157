"""What one step has spent and seen so far; at its end it becomes the `Attempt` that is recorded, and a `Result`."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from domain import Completion, Prompt, Reason, Term, Verdict, VerdictKind
from library_store.attempts import Attempt

OUT_OF_TIME = "out_of_time"
"""Among the counts of an attempt: 1 if its CPU seconds were spent before all that automation has was tried."""


@dataclass
class AttemptLog:
    """`cpu_seconds` counts this process and the provers that worked for the step, but not the model."""

    id: str
    kind: Literal["problem", "request", "evolve"]
    target: str
    operator: str = ""
    model: str = ""
    proof: str = ""
    verdict: VerdictKind = "rejected"
    reason: Reason = "does_not_compile"
    prompts: list[str] = field(default_factory=list[str])
    outputs: list[str] = field(default_factory=list[str])
    retrieved: dict[str, None] = field(default_factory=dict[str, None])
    mentioned: dict[str, None] = field(default_factory=dict[str, None])
    uses: dict[str, None] = field(default_factory=dict[str, None])
    harvested: dict[str, None] = field(default_factory=dict[str, None])
    stuck: list[str] = field(default_factory=list[str])
    counts: Counter[str] = field(default_factory=Counter[str])
    """Candidates by how far they came; `model_…` is what the language model's candidates make up of a count."""
    by_model: bool = False
    """Whether what is audited and admitted now has its statement or proof from the language model."""
    imported: bool = False
    """Whether what is admitted belongs to the library that the run begins with."""
    tokens_in: int = 0
    tokens_out: int = 0
    prover_seconds: float = 0.0
    plain_seconds: float = 0.0
    """CPU seconds of the prover in which proofs that were found said their steps; these shorten no search."""
    began: float = field(default_factory=time.monotonic)
    began_cpu: float = field(default_factory=time.process_time)

    def count(self, fate: str, number: int = 1, *, by_model: bool) -> None:
        self.counts[fate] += number
        if by_model:
            self.counts[f"model_{fate}"] += number

    def wrote(self, statements: int, elaborated: int) -> None:
        """Notes statements that the language model wrote, and how many of them the prover could read."""
        self.count("proposed", statements, by_model=True)
        self.count("well_formed", elaborated, by_model=True)
        self.count("elaborated", elaborated, by_model=True)

    def proposed(self, verdict: Verdict, *, by_model: bool) -> None:
        """Notes what a warm session said of a new candidate."""
        self.prover_seconds += verdict.seconds
        self.count("proposed", by_model=by_model)
        self.count("well_formed", _well_formed(verdict), by_model=by_model)
        self.count("elaborated", verdict.trust == "elaborated", by_model=by_model)

    def tried_repair(self, seconds: float, before: Verdict, *, repaired: bool, by_model: bool) -> None:
        """Notes a try to repair a candidate of which a warm session said `before`."""
        self.prover_seconds += seconds
        self.count("repair_tried", by_model=by_model)
        self.count("repaired", repaired, by_model=by_model)
        self.count("well_formed", repaired and not _well_formed(before), by_model=by_model)
        self.count("elaborated", repaired, by_model=by_model)

    def failed(self, verdict: Verdict) -> None:
        """Notes that a candidate could not be judged, and why the first one could not."""
        if not self.counts["errors"]:
            self.stuck += [f"{verdict.reason}: {message.text}" for message in verdict.messages[:1]]
        self.counts["errors"] += 1

    def unread(self, reasons: Iterable[str]) -> None:
        """Notes answers of which nothing is taken, and why; an empty reason is none."""
        for reason in filter(None, reasons):
            self.counts["unread_answers"] += 1
            self.stuck += [reason] if reason not in self.stuck else []

    def audited(self, verdict: Verdict, *, aside: bool = False) -> None:
        """Notes what an audit said: `aside`, of another statement than the one that this step is about."""
        self.prover_seconds += verdict.seconds
        if not aside:
            self.verdict, self.reason = verdict.verdict, verdict.reason
        self.count("audited" if verdict.accepted else f"audit_{verdict.reason}", by_model=self.by_model)

    def asked(self, prompts: Sequence[Prompt], completions: Sequence[Completion]) -> None:
        for prompt, completion in zip(prompts, completions, strict=True):
            text = f"{prompt.system}\n\n{prompt.user}\n\n{prompt.opening}"
            if text not in self.prompts:
                self.prompts.append(text)
            self.outputs.append(completion.text)
            self.tokens_in += completion.tokens_in
            self.tokens_out += completion.tokens_out
            self.counts["completions"] += 1

    def attempt(self) -> Attempt:
        prompt = "\n\n-----\n\n".join(self.prompts)
        return Attempt(
            id=self.id,
            kind=self.kind,
            target=self.target,
            round=0,
            operator=self.operator,
            model=self.model,
            prompt_hash=hashlib.sha256(prompt.encode()).hexdigest()[:16] if prompt else "",
            prompt=prompt,
            output="\n\n-----\n\n".join(self.outputs),
            retrieved=tuple(self.retrieved),
            mentioned=tuple(self.mentioned),
            uses=tuple(self.uses),
            harvested=tuple(self.harvested),
            verdict=self.verdict,
            reason=self.reason,
            proof=self.proof,
            stuck_goals=tuple(self.stuck),
            candidates=self.counts["proposed"],
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            cpu_seconds=self.prover_seconds + self.plain_seconds + time.process_time() - self.began_cpu,
            seconds=time.monotonic() - self.began,
            counts=dict(self.counts),
        )


class Result(NamedTuple):
    """What became of the problem, what the attempt had (ids of lemmas, `assumed ID` of conjectures), and what it cost.

    `cpu_seconds` are without the model's, and 0 where automation had nothing new to try.
    """

    proved: bool
    retrieved: frozenset[str]
    cpu_seconds: float
    refuted: bool = False
    short_of: float = 0.0
    """CPU seconds that automation had, if that was no time for all that it has; otherwise 0."""
    stuck: tuple[Term, ...] = ()
    """What the goals on which automation got stuck asked for, now or in an earlier attempt."""


def _well_formed(verdict: Verdict) -> bool:
    """Whether a candidate could be read, whatever came of it."""
    syntax = any(message.text.startswith("Syntax error") for message in verdict.messages)
    return not syntax and verdict.reason not in ("malformed", "forbidden_construct")
