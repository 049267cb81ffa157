"""Verifiers of several provers under the same limits, each opened when the first candidate for it comes.

Invariant: a candidate is judged by the prover that its problem names and by no other; answers keep their order.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain import Candidate, Message, OutsideError, Prover, Verdict
from verifiers.backend import BACKENDS, VerifierLimits, backend_of
from verifiers.protocol import Verifier


class Verifiers:
    """Verifiers by prover."""

    def __init__(self, limits: VerifierLimits) -> None:
        self._limits = limits
        self._opened: dict[Prover, Verifier] = {}
        self.missing: dict[Prover, str] = {}
        """Why a prover that was asked could not answer."""

    def of(self, prover: Prover) -> Verifier:
        """The verifier of a prover. Nothing is started yet."""
        if prover not in self._opened:
            self._opened[prover] = backend_of(prover).opener(self._limits)()
        return self._opened[prover]

    def notes(self) -> list[str]:
        """Why the provers opened so far run without a full sandbox, one line each; none where they have one."""
        return [note for verifier in self._opened.values() if (note := verifier.sandbox_note())]

    def audit(self, batch: Sequence[Candidate], *, recheck: bool = False) -> list[Verdict]:
        """Verdicts in order. What a prover that is missing cannot judge has the verdict `error`; see `missing`."""
        verdicts: dict[int, Verdict] = {}
        for prover in BACKENDS:
            numbers = [number for number, candidate in enumerate(batch) if candidate.problem.prover == prover]
            if numbers:
                answers = self._audit(prover, [batch[number] for number in numbers], recheck=recheck)
                verdicts |= dict(zip(numbers, answers, strict=True))
        return [verdicts[number] for number in range(len(batch))]

    def _audit(self, prover: Prover, batch: Sequence[Candidate], *, recheck: bool) -> list[Verdict]:
        try:
            return self.of(prover).audit(batch, recheck=recheck)
        except OutsideError as error:
            self.missing[prover] = str(error)
            return [Verdict("error", "prover_error", "none", (Message("error", str(error)),))] * len(batch)

    def close(self) -> None:
        """End all provers."""
        for verifier in self._opened.values():
            verifier.close()
        self._opened.clear()
