"""The cheat that docs/trust.md tells of, as it stands there, layer by layer."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import Candidate, Problem
from verifiers.audit.rocq.auditor import Auditor
from verifiers.audit.rocq.lint import refuse
from verifiers.audit.sandbox import Limits, Sandbox

PROBLEM = Problem(
    "goal",
    "rocq",
    """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end.""",
    "Theorem goal : forall x, plus x Zero = Succ x.",
)


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "trust.md").read_text()


@pytest.fixture(scope="module")
def cheat(page: str) -> str:
    found = re.search(r"```coq\n(.*?)```", page, re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.fixture(scope="module")
def auditor() -> Iterator[Auditor]:
    made = Auditor(Sandbox(), Limits(60, 10))
    yield made
    made.close()


def test_the_bare_prover_accepts_the_cheat_and_the_checker_does_not(page: str, cheat: str, tmp_path: Path) -> None:
    (tmp_path / "Whole.v").write_text(f"{PROBLEM.header}\n{cheat}\nPrint Assumptions goal.\n")
    for command, status in ((["coqc", "-q", "Whole.v"], 0), (["coqchk", "-silent", "-o", "-norec", "Whole"], 129)):
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == status
        assert (ran.stdout + ran.stderr).strip() in page


def test_the_lint_and_without_it_the_audit_refuse_it(page: str, cheat: str, auditor: Auditor) -> None:
    verdict = auditor.audit([Candidate(PROBLEM, cheat)])[0]
    assert f"goal: rejected ({verdict.reason})" in page
    assert verdict.messages[0].text == f"not allowed: {refuse(cheat)}"
    assert verdict.messages[0].text in page
    verdict = auditor.judge_compiled(Candidate(PROBLEM, cheat))
    assert f"{verdict.verdict} ({verdict.reason}): {verdict.messages[0].text}" in page


def test_the_files_that_the_page_names_are_there(page: str, repository: Path) -> None:
    named = re.findall(r"`((?:verifiers|tests)/[\w/.]+)`", page)
    assert len(named) > 8
    assert [name for name in named if not (repository / name).exists()] == []
