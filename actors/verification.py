"""A pool of verifier processes. Verification is idempotent (design, invariant 5), so Ray may repeat a call."""

from __future__ import annotations

from typing import Any

import ray

from actors.accounting import cpu_seconds
from domain import Prover
from verifiers.isabelle.verifier import IsabelleVerifier
from verifiers.lean.verifier import LeanVerifier
from verifiers.rocq.verifier import RocqVerifier


class RocqVerification(RocqVerifier):
    """The verifier with the CPU seconds of its own process tree."""

    def cpu_seconds(self) -> float:
        return cpu_seconds()


class LeanVerification(LeanVerifier):
    """The verifier with the CPU seconds of its own process tree."""

    def cpu_seconds(self) -> float:
        return cpu_seconds()


class IsabelleVerification(IsabelleVerifier):
    """The verifier with the CPU seconds of its own process tree; a server that listened before is not in it."""

    def cpu_seconds(self) -> float:
        return cpu_seconds()


_VERIFIERS: dict[Prover, Any] = {
    "rocq": RocqVerification,
    "lean4": LeanVerification,
    "isabelle": IsabelleVerification,
}


def start(count: int, settings: Any, prover: Prover = "rocq") -> list[Any]:
    """Starts `count` verification actors of a prover; each keeps warm sessions of its own."""
    actor = ray.remote(num_cpus=0, max_restarts=3, max_task_retries=2)(_VERIFIERS[prover])
    return [actor.remote(settings) for _ in range(count)]
