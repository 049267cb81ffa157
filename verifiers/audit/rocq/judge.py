"""Rocq's judge, which is all that the rest of the program asks for a verdict that counts.

Candidates go to `auditor`, whole libraries to `recheck`; verdicts that were found before come from the cache, but those
on whole libraries never do. Warm checks are kept in the same cache, under keys of their own, and accept nothing.

Layer: which layers are run.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from domain import Candidate, Development, Lemma, Prover, Verdict
from verifiers.audit.cache import Judged, VerdictCache
from verifiers.audit.rocq.auditor import Auditor
from verifiers.audit.rocq.recheck import recheck
from verifiers.audit.rocq.source import named_lemmas
from verifiers.audit.rocq.version import installed_version
from verifiers.audit.sandbox import GIBIBYTE, Limits, Sandbox


@dataclass(frozen=True, slots=True)
class RocqSettings:
    """Limits and sizes. Seconds are CPU seconds of a prover process; the wall limit is four times as much."""

    check_seconds: float = 5.0
    """For one candidate in a warm session."""
    audit_seconds: float = 30.0
    """For each process of an audit."""
    recheck_seconds: float = 300.0
    """For the full coqchk of a recheck."""
    memory_bytes: int = 4 * GIBIBYTE
    """Address space of one prover process."""
    sessions: int = 3
    """Warm sessions kept."""
    audit_workers: int = 1
    """Audits of one batch that run at the same time."""
    cache_entries: int = 20_000
    """Verdicts kept, in memory and in `cache`; 0 keeps none."""
    cache: Path | None = None
    """Folder of the files in which verdicts outlive this process, one for each machine."""


class Judge:
    """Gives verdicts. Not for use from several threads at once."""

    prover: Prover = "rocq"

    def __init__(self, sandbox: Sandbox, settings: RocqSettings) -> None:
        self._sandbox = sandbox
        self._settings = settings
        # A candidate that runs without a full sandbox could write to the file.
        folder = settings.cache if sandbox.degraded is None else None
        shared = folder / f"verdicts-{platform.node() or 'here'}.sqlite" if folder is not None else None
        self._cache = VerdictCache(settings.cache_entries, shared)
        limits = f"{settings.memory_bytes} {settings.recheck_seconds}"
        self._judged = Judged(self._cache, self.describe, limits, _named)
        self._auditor = Auditor(
            sandbox,
            self.limits(settings.audit_seconds),
            recheck_cpu_seconds=settings.recheck_seconds,
            workers=settings.audit_workers,
        )
        self._rechecks_cpu_seconds = 0.0

    @cached_property
    def version(self) -> str:
        """The prover's version, like `8.16.1`. Raises `OutsideError` when there is no prover."""
        return installed_version()

    def describe(self) -> str:
        """The prover and its version, like `rocq 8.16.1`."""
        return f"{self.prover} {self.version}"

    def limits(self, seconds: float) -> Limits:
        """The limits of a process that may use so many CPU seconds."""
        return Limits(4 * seconds, seconds, self._settings.memory_bytes)

    @property
    def notice(self) -> str | None:
        """Why the file of verdicts is not used, or None."""
        return self._cache.notice

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all audits and rechecks so far."""
        return self._auditor.cpu_seconds + self._rechecks_cpu_seconds

    def close(self) -> None:
        """Remove the folders of compiled files, and let go of the file of verdicts; what is in memory stays."""
        self._auditor.close()
        self._cache.close()

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
        verdict = recheck(development, self._sandbox, self.limits(self._settings.recheck_seconds))
        self._rechecks_cpu_seconds += verdict.seconds
        return replace(verdict, prover=self.describe())


def _named(candidate: Candidate) -> Sequence[Lemma]:
    return named_lemmas(candidate.lemmas, candidate.proof, candidate.preamble)
