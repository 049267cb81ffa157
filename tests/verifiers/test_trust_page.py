"""The cheat that docs/trust.md tells of, as it stands there, layer by layer."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import Candidate, Problem
from verifiers.audit.cache import program_files
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


# --------------------------------------------------------------------------------------------- what verdicts rest on


def test_the_page_lists_the_files_of_the_audit_and_their_lines(page: str, repository: Path) -> None:
    table = files_of_the_audit(repository / "verifiers" / "audit")
    assert table in page, f"docs/trust.md has another table than this:\n\n{table}"


def test_the_cache_knows_every_file_that_a_verdict_rests_on(repository: Path) -> None:
    audit = {file for file in (repository / "verifiers" / "audit").rglob("*") if file.suffix in (".py", ".lean", ".v")}
    shared = {repository / "domain.py", *(repository / "term_algebra").glob("*.py")}
    assert audit | shared <= set(program_files())


def files_of_the_audit(audit: Path) -> str:
    """A table of the audit's folders and files: how many lines each has, and which layer it is."""
    rows: list[str] = []
    total = 0
    for folder in (audit, *sorted(path for path in audit.iterdir() if (path / "__init__.py").is_file())):
        files = [file for file in sorted(folder.glob("*.py")) if file.name != "__init__.py"]
        sizes = {f"`{file.name}`": (lines(file), layer(file)) for file in files}
        library = [file for file in sorted(folder.rglob("*.lean")) if folder != audit]
        if library:
            sizes[f"`prelude/`, {len(library)} files"] = (sum(map(lines, library)), "the library of the embedded Lean")
        own = sum(size for size, _ in sizes.values())
        total += own
        title = f"`verifiers/audit/{folder.name}/`" if folder != audit else "`verifiers/audit/`, for all provers"
        rows += [
            f"| **{title}** | **{own:,}** | |",
            *(f"| {name} | {size:,} | {of} |" for name, (size, of) in sizes.items()),
        ]
    return "\n".join(["| file | lines | layer |", "| --- | ---: | --- |", *rows, f"| **all** | **{total:,}** | |"])


def lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def layer(file: Path) -> str:
    """What the last paragraph of a module's docstring says."""
    found = re.search(r"^Layer: (.+)\.$", ast.get_docstring(ast.parse(file.read_text())) or "", re.MULTILINE)
    assert found is not None, f"the docstring of {file} says of no layer that it is one"
    return found[1]
