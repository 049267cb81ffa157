"""Repair as the configuration has it: which tactics, within which limits."""

from __future__ import annotations

from domain import Candidate, Prover
from pipeline.config import RepairSettings
from verifiers import repair
from verifiers.backend import backend_of
from verifiers.protocol import Verifier
from verifiers.repair import Repair, RepairLimits, RepairTactics


def tactics_of(settings: RepairSettings, prover: Prover) -> RepairTactics:
    """The tactics of the settings for a prover; none for one that they do not name."""
    return RepairTactics(getattr(settings, prover, ()), getattr(settings, f"{prover}_moves", ()))


def repair_candidate(verifier: Verifier, candidate: Candidate, settings: RepairSettings) -> Repair:
    """Tries to repair a candidate that the verifier's check refuses."""
    prover = candidate.problem.prover
    limits = RepairLimits(settings.step_cpu_seconds, settings.cpu_seconds, settings.changes)
    return repair.repair(verifier, backend_of(prover).steps, candidate, tactics_of(settings, prover), limits)


def repair_text(verifier: Verifier, candidate: Candidate, settings: RepairSettings) -> str | None:
    """The repaired text of a candidate that stands for itself, which may import the tactics that it needs; or None."""
    found = repair_candidate(verifier, candidate, settings).proof
    if found is not None:
        return found
    prover = candidate.problem.prover
    steps, tactics = backend_of(prover).steps, tactics_of(settings, prover).closing
    whole = steps.with_imports(candidate, tactics, lambda tried: verifier.replay(tried).ok)
    found = None if whole is None else repair_candidate(verifier, whole, settings).proof
    return None if found is None else steps.without_idle_imports(found)
