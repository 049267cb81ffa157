"""Lean's entry in the table of backends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from verifiers.audit.lean.toolchain import LeanSettings
from verifiers.backend import Backend, VerifierLimits
from verifiers.lean.automation import LeanAutomation
from verifiers.lean.export import LeanExport
from verifiers.lean.prompt_language import LeanPrompts
from verifiers.lean.steps import LeanSteps
from verifiers.lean.syntax import LeanSyntax
from verifiers.lean.verifier import LeanVerifier


def _opener(limits: VerifierLimits) -> Callable[[], LeanVerifier]:
    given = limits.given("check_seconds", "audit_seconds", "memory_bytes", "sessions", "audit_workers")
    return partial(LeanVerifier, replace(LeanSettings.from_environment(), **given))


BACKEND = Backend(
    name="lean4",
    opener=_opener,
    syntax=LeanSyntax(),
    steps=LeanSteps(),
    automation=LeanAutomation(),
    prompts=LeanPrompts(),
    export=LeanExport(),
)
