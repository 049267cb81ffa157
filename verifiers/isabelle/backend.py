"""Isabelle's entry in the table of backends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from verifiers.audit.isabelle.server import require
from verifiers.audit.isabelle.settings import IsabelleSettings
from verifiers.backend import Backend, VerifierLimits
from verifiers.isabelle.automation import IsabelleAutomation
from verifiers.isabelle.prompt_language import IsabellePrompts
from verifiers.isabelle.steps import IsabelleSteps
from verifiers.isabelle.syntax import IsabelleSyntax
from verifiers.protocol import Verifier


def _opener(limits: VerifierLimits) -> Callable[[], Verifier]:
    given = limits.given("check_seconds", "audit_seconds")
    return partial(_open, replace(IsabelleSettings.from_environment(), **given))


def _open(settings: IsabelleSettings) -> Verifier:
    from verifiers.isabelle.verifier import IsabelleVerifier

    return IsabelleVerifier(settings)


def _require() -> None:
    require(IsabelleSettings.from_environment())


BACKEND = Backend(
    name="isabelle",
    opener=_opener,
    require=_require,
    syntax=IsabelleSyntax(),
    steps=IsabelleSteps(),
    automation=IsabelleAutomation(),
    prompts=IsabellePrompts(),
    clock="seconds",
)
