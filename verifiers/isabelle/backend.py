"""Isabelle's entry in the table of backends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from verifiers.audit.isabelle.server import IsabelleSettings
from verifiers.backend import Backend, VerifierLimits
from verifiers.isabelle.automation import IsabelleAutomation
from verifiers.isabelle.export import IsabelleExport
from verifiers.isabelle.prompt_language import IsabellePrompts
from verifiers.isabelle.steps import IsabelleSteps
from verifiers.isabelle.syntax import IsabelleSyntax
from verifiers.isabelle.verifier import IsabelleVerifier


def _opener(limits: VerifierLimits) -> Callable[[], IsabelleVerifier]:
    given = limits.given("check_seconds", "audit_seconds")
    return partial(IsabelleVerifier, replace(IsabelleSettings.from_environment(), **given))


BACKEND = Backend(
    name="isabelle",
    opener=_opener,
    syntax=IsabelleSyntax(),
    steps=IsabelleSteps(),
    automation=IsabelleAutomation(),
    prompts=IsabellePrompts(),
    export=IsabelleExport(),
)
