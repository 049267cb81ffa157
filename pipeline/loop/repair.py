"""Repair as the configuration has it: which tactics, in which language, within which limits."""

from __future__ import annotations

from collections.abc import Mapping

from domain import Candidate, Prover
from pipeline.config import RepairSettings
from verifiers import repair
from verifiers.isabelle.steps import IsabelleSteps
from verifiers.lean.steps import LeanSteps
from verifiers.repair import Automation, Repair, RepairLimits
from verifiers.rocq.steps import RocqSteps, import_tactics, without_idle_imports
from verifiers.steps import StepLanguage

STEP_LANGUAGES: Mapping[Prover, StepLanguage] = {"rocq": RocqSteps(), "lean4": LeanSteps(), "isabelle": IsabelleSteps()}
"""How proofs are written for the provers whose proofs can be repaired."""


def automation(settings: RepairSettings, prover: Prover) -> Automation:
    """The tactics of the settings for a prover."""
    match prover:
        case "rocq":
            return Automation(settings.rocq, settings.rocq_moves)
        case "lean4":
            return Automation(settings.lean4, settings.lean4_moves)
        case "isabelle":
            return Automation(settings.isabelle)


def repair_candidate(verifier: repair.Prover, candidate: Candidate, settings: RepairSettings) -> Repair:
    """Tries to repair a candidate that the verifier's check refuses."""
    prover = candidate.problem.prover
    limits = RepairLimits(settings.step_cpu_seconds, settings.cpu_seconds, settings.changes)
    return repair.repair(verifier, STEP_LANGUAGES[prover], candidate, automation(settings, prover), limits)


def repair_text(verifier: repair.Prover, candidate: Candidate, settings: RepairSettings) -> str | None:
    """The repaired text of a candidate that stands for itself, which may import the tactics that it needs; or None."""
    found = repair_candidate(verifier, candidate, settings).proof
    if found is not None or candidate.problem.prover != "rocq":
        return found
    try:
        whole = import_tactics(candidate, settings.rocq, lambda tried: verifier.replay(tried).ok)
    except ValueError:
        return None
    found = repair_candidate(verifier, whole, settings).proof
    return None if found is None else without_idle_imports(found)
