"""A pool of verifier processes. Verification is idempotent (design, invariant 5), so Ray may repeat a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ray

from actors.accounting import cpu_seconds
from domain import Candidate, Development, Elaboration, Goal, Problem, Replay, Term, Verdict
from verifiers.protocol import Verifier


class Verification:
    """A verifier that an actor holds, with the CPU seconds of its process tree; what listened before is not in it."""

    def __init__(self, opener: Callable[[], Verifier]) -> None:
        from actors.metrics import VerificationMetrics  # the driver, which loads this module, has no use for them

        self._verifier = opener()
        self.prover = self._verifier.prover
        self._metrics = VerificationMetrics(self.prover)

    @property
    def version(self) -> str:
        return self._verifier.version

    def describe(self) -> str:
        return self._verifier.describe()

    def sandbox_note(self) -> str | None:
        return self._verifier.sandbox_note()

    def notices(self) -> list[str]:
        return self._verifier.notices()

    def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
        return self._verifier.elaborate(problems)

    def check(self, batch: Sequence[Candidate], seconds: float | None = None) -> list[Verdict]:
        verdicts = self._verifier.check(batch, seconds)
        self._metrics.count("check", verdicts)
        return verdicts

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        verdicts = self._verifier.audit(batch, recheck=recheck)
        again = [place for place, verdict in enumerate(verdicts) if verdict.reason == "prover_error"]
        if again:  # a process died, which need not be the proof's fault
            asked = self._verifier.audit([batch[place] for place in again], recheck=recheck)
            for place, verdict in zip(again, asked, strict=True):
                verdicts[place] = verdict
        self._metrics.count("audit", verdicts)
        return verdicts

    def recheck(self, development: Development) -> Verdict:
        return self._verifier.recheck(development)

    def replay(self, candidate: Candidate, seconds: float | None = None) -> Replay:
        return self._verifier.replay(candidate, seconds)

    def parse_goal(self, text: str, header: str = "") -> Goal:
        return self._verifier.parse_goal(text, header)

    def render_statement(self, term: Term) -> str:
        return self._verifier.render_statement(term)

    def cpu_seconds(self) -> float:
        return cpu_seconds()

    def close(self) -> None:
        self._verifier.close()


def start(count: int, opener: Callable[[], Verifier], options: Mapping[str, Any]) -> list[Any]:
    """Starts `count` verification actors; each opens a verifier, which keeps warm sessions of its own.

    One that dies is started again, however often. What it was asked is asked twice more, and then fails for its caller.
    """
    actor = ray.remote(max_restarts=-1, max_task_retries=2, **options)(Verification)
    return [actor.remote(opener) for _ in range(count)]
