"""Lean's entry in the table of backends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from verifiers.audit.lean.toolchain import LeanSettings, require
from verifiers.backend import Backend, VerifierLimits
from verifiers.lean.automation import LeanAutomation
from verifiers.lean.prompt_language import LeanPrompts
from verifiers.lean.steps import LeanSteps
from verifiers.lean.syntax import LeanSyntax
from verifiers.protocol import Verifier


def _opener(limits: VerifierLimits) -> Callable[[], Verifier]:
    given = limits.given("check_seconds", "audit_seconds", "memory_bytes", "sessions", "audit_workers")
    return partial(_open, replace(LeanSettings.from_environment(), **given))


def _open(settings: LeanSettings) -> Verifier:
    from verifiers.lean.verifier import LeanVerifier

    return LeanVerifier(settings)


def _require() -> None:
    require(LeanSettings.from_environment())


BACKEND = Backend(
    name="lean4",
    opener=_opener,
    require=_require,
    syntax=LeanSyntax(),
    steps=LeanSteps(),
    automation=LeanAutomation(),
    prompts=LeanPrompts(),
)
