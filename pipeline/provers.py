"""The provers that `check` can ask, each opened when the first candidate for it comes.

Invariant: a candidate is judged by the prover that its problem names and by no other; answers keep their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

from domain import Candidate, Message, OutsideError, Prover, Verdict

CHECKED: tuple[Prover, ...] = get_args(Prover)
"""Provers whose candidates can be checked."""


class Provers:
    """Verifiers by prover, with the same limits."""

    def __init__(self, *, seconds: float, workers: int) -> None:
        self._seconds = seconds
        self._workers = workers
        self._opened: dict[Prover, Any] = {}
        self.missing: dict[Prover, str] = {}
        """Why a prover that was asked could not answer."""

    def verifier(self, prover: Prover) -> Any:
        """The verifier of a prover. Nothing is started yet."""
        if prover not in self._opened:
            self._opened[prover] = self._open(prover)
        return self._opened[prover]

    def notes(self) -> list[str]:
        """Why the provers opened so far run without a full sandbox, one line each; none where they have one."""
        return [note for verifier in self._opened.values() if (note := verifier.sandbox_note())]

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """Verdicts in order. What a prover that is missing cannot judge has the verdict `error`; see `missing`."""
        verdicts: dict[int, Verdict] = {}
        for prover in CHECKED:
            numbers = [number for number, candidate in enumerate(batch) if candidate.problem.prover == prover]
            if numbers:
                answers = self._audit(prover, [batch[number] for number in numbers], recheck=recheck)
                verdicts |= dict(zip(numbers, answers, strict=True))
        return [verdicts[number] for number in range(len(batch))]

    def _audit(self, prover: Prover, batch: Sequence[Candidate], *, recheck: bool) -> list[Verdict]:
        try:
            return self.verifier(prover).audit(batch, recheck=recheck)
        except OutsideError as error:
            self.missing[prover] = str(error)
            return [Verdict("error", "prover_error", "none", (Message("error", str(error)),))] * len(batch)

    def close(self) -> None:
        """End all provers."""
        for verifier in self._opened.values():
            verifier.close()
        self._opened.clear()

    def _open(self, prover: Prover) -> Any:
        if prover == "isabelle":
            from verifiers.audit.isabelle.server import IsabelleSettings
            from verifiers.isabelle.verifier import IsabelleVerifier

            return IsabelleVerifier(replace(IsabelleSettings.from_environment(), audit_seconds=self._seconds))
        if prover == "lean4":
            from verifiers.audit.lean.toolchain import LeanSettings
            from verifiers.lean.verifier import LeanVerifier

            settings = LeanSettings.from_environment()
            return LeanVerifier(replace(settings, audit_seconds=self._seconds, audit_workers=self._workers))
        from verifiers.audit.rocq.judge import RocqSettings
        from verifiers.rocq.verifier import RocqVerifier

        return RocqVerifier(RocqSettings(audit_seconds=self._seconds, audit_workers=self._workers))
