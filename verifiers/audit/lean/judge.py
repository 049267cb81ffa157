"""Lean's judge, which is all that the rest of the program asks for a verdict that counts.

Candidates go to `auditor`, whole libraries to `recheck`; verdicts that were found before come from the cache, but those
on whole libraries never do. Warm checks are kept in the same cache, under keys of their own, and accept nothing.

Layer: which layers are run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from domain import Candidate, Development, Lemma, Prover, Verdict
from verifiers.audit.cache import Judged, VerdictCache
from verifiers.audit.lean.auditor import Auditor
from verifiers.audit.lean.recheck import recheck
from verifiers.audit.lean.source import named_lemmas
from verifiers.audit.lean.toolchain import LeanSettings, Toolchain, find
from verifiers.audit.sandbox import Sandbox


class Judge:
    """Gives verdicts. Not for use from several threads at once."""

    prover: Prover = "lean4"

    def __init__(self, sandbox: Sandbox, settings: LeanSettings) -> None:
        self._sandbox = sandbox
        self._settings = settings
        limits = f"{settings.memory_bytes} {settings.recheck_seconds} {settings.command} {settings.project}"
        self._judged = Judged(VerdictCache(settings.cache_entries), self.describe, limits, _named)
        self._auditor = Auditor(sandbox, settings)
        self._rechecks_cpu_seconds = 0.0

    @property
    def toolchain(self) -> Toolchain:
        """The Lean that answers. Raises `OutsideError` when there is none."""
        return find(self._settings)

    def describe(self) -> str:
        """The prover and its version, like `lean4 4.35.0`; the embedded one says so."""
        return f"{self.prover} {self.toolchain.version}{' (embedded)' if self.toolchain.embedded else ''}"

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all audits and rechecks so far."""
        return self._auditor.cpu_seconds + self._rechecks_cpu_seconds

    def close(self) -> None:
        """Remove the folders of compiled files; verdicts stay."""
        self._auditor.close()

    def check(self, batch: Sequence[Candidate], seconds: float, warm: Callable[[Candidate], Verdict]) -> list[Verdict]:
        """What a warm session says of candidates, or said before; none of it is accepted."""
        return self._judged.answer("check", seconds, batch, lambda new: [warm(one) for one in new])

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """Verdicts that count, from fresh processes (see `auditor`)."""

        def judge(new: Sequence[Candidate]) -> list[Verdict]:
            return self._auditor.audit(new, recheck=recheck)

        return self._judged.answer("recheck" if recheck else "audit", self._settings.audit_seconds, batch, judge)

    def recheck(self, development: Development) -> Verdict:
        """The verdict of an independent pass over a whole library (see `recheck`); nothing is taken from a cache."""
        verdict = recheck(development, self._sandbox, self._settings)
        self._rechecks_cpu_seconds += verdict.seconds
        return replace(verdict, prover=self.describe())


def _named(candidate: Candidate) -> Sequence[Lemma]:
    return named_lemmas(candidate.lemmas, candidate.proof + candidate.preamble)
