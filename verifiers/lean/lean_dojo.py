"""A whole repository, fetched and built first, traced by LeanDojo (`lean-dojo`, an extra)."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
from pathlib import Path
from typing import Any

from domain import OutsideError, UserError
from verifiers.lean.tracing import Declaration, Mention, Step, Trace

LEAN_DOJO = "lean-dojo==4.20.0"


def trace_repository(url: str, commit: str | None = None) -> list[Trace]:
    """Trace a Lean repository through LeanDojo, which clones, builds and runs it with the user's rights: no sandbox.

    Args:
        url: `https://github.com/…`, or the path of a local clone.
        commit: The full hash; may be left out for a local clone, whose head is taken.

    Raises:
        OutsideError: LeanDojo, git, elan or the network is missing, or tracing fails.
    """
    if importlib.util.find_spec("lean_dojo") is None:
        raise OutsideError(f"LeanDojo is missing: .venv/bin/python -m pip install {LEAN_DOJO}")
    for program, how in (("git", "apt-get install git"), ("elan", "https://github.com/leanprover/elan (docs/lean.md)")):
        if shutil.which(program) is None:
            raise OutsideError(f"{program} is missing, and LeanDojo needs it to trace a repository: {how}")
    local = Path(url).is_dir()
    if commit is None and not local:
        raise UserError(f"which commit of {url} to trace is not said: give its full hash")
    failures: tuple[type[Exception], ...] = (OSError, ValueError, AssertionError, RuntimeError)
    failures += (subprocess.SubprocessError, ImportError)
    try:
        failures += (importlib.import_module("github").GithubException, importlib.import_module("git").GitError)
        dojo: Any = importlib.import_module("lean_dojo")
        repository = dojo.LeanGitRepo(url, commit) if commit else dojo.LeanGitRepo.from_path(url)
        traced = dojo.trace(repository, build_deps=False)
    except failures as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise OutsideError(f"LeanDojo cannot trace {url} (is there network?): {said[0]}") from error
    return [_from_dojo(file) for file in traced.traced_files]


def _from_dojo(file: Any) -> Trace:
    """A file traced by LeanDojo: its premises, and of each theorem the premises and the steps."""
    module = ".".join(Path(file.path).with_suffix("").parts)
    declarations = [
        Declaration(str(one["full_name"]), -1, -1, str(one["code"])) for one in file.get_premise_definitions()
    ]
    mentions: list[Mention] = []
    steps: list[Step] = []
    for theorem in file.get_traced_theorems():
        name = str(theorem.theorem.full_name)
        mentions += [Mention(name, str(premise), "", -1, -1) for premise in theorem.get_premise_full_names()]
        for tactic in theorem.get_traced_tactics():
            before, after = (_cut(state) for state in (tactic.state_before, tactic.state_after))
            steps.append(Step(name, -1, str(tactic.tactic), before, after))
    return Trace(module, tuple(declarations), tuple(mentions), tuple(steps))


def _cut(state: str) -> tuple[str, ...]:
    """LeanDojo's text of a state as the texts of its goals."""
    return () if state.strip() in ("", "no goals") else tuple(state.strip().split("\n\n"))
