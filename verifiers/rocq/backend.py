"""Rocq's entry in the table of backends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from verifiers.backend import Backend, VerifierLimits
from verifiers.protocol import Verifier
from verifiers.rocq.automation import RocqAutomation
from verifiers.rocq.prompt_language import RocqPrompts
from verifiers.rocq.refutation import RocqRefuter
from verifiers.rocq.steps import RocqSteps
from verifiers.rocq.syntax import RocqSyntax


def _opener(limits: VerifierLimits) -> Callable[[], Verifier]:
    return partial(_open, limits)


def _open(limits: VerifierLimits) -> Verifier:
    from verifiers.audit.rocq.judge import RocqSettings
    from verifiers.rocq.verifier import RocqVerifier

    names = "check_seconds", "audit_seconds", "memory_bytes", "sessions", "audit_workers", "cache"
    return RocqVerifier(RocqSettings(**limits.given(*names)))


def _require() -> None:
    from verifiers.audit.rocq.version import installed_version

    installed_version()


BACKEND = Backend(
    name="rocq",
    opener=_opener,
    require=_require,
    syntax=RocqSyntax(),
    steps=RocqSteps(),
    automation=RocqAutomation(),
    prompts=RocqPrompts(),
    refuter=RocqRefuter(),
)
