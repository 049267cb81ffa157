"""`python -m pipeline datasets`: lists the problem sets that can be read, and converts one to JSONL."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from datasets import Dataset
    from domain import Problem
    from verifiers.protocol import Verifier

TOGETHER = 50
"""Problems that a prover is asked for at once."""

CHECK_SECONDS = 30.0
"""CPU limit of a prover's answer."""


def datasets(
    name: str | None = None,
    *,
    path: Path | None = None,
    split: str | None = None,
    to: Path | None = None,
    check: bool = False,
    json_output: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """List the problem sets that can be read, or convert one to JSONL.

    What has no translation is left out with its reason and stays in the total.

    Examples:

        python -m pipeline datasets
        python -m pipeline datasets bundled
        python -m pipeline datasets tip:prod --path benchmarks --to prod.jsonl
        python -m pipeline datasets minif2f-rocq:valid --path miniF2F-rocq --check --json

    Parameters
    ----------
    name
        A problem set, with its split after a colon if it has any, or a `.jsonl` file. Default: list all.
    path
        Where the set lies: a tree of the published repository, for TIP the folder of its suites, or a JSONL file.
    split
        Only the problems of this split.
    to
        JSONL file to write, one problem a line.
    check
        Ask the prover (Rocq, Lean) whether it takes each header and statement, and leave out what it does not; no
        proof is tried.
    json_output
        Print one JSON object.
    """
    from datasets.catalogue import DESCRIPTIONS, load, needs_path
    from datasets.jsonl import write_problems
    from domain import UserError

    if name is None:
        if path is not None or split is not None or to is not None or check:
            raise UserError("which problem set? give its name; `python -m pipeline datasets` lists them")
        sets = [{"name": n, "needs_path": needs_path(n), "about": about} for n, about in DESCRIPTIONS.items()]
        if json_output:
            print(json.dumps({"datasets": sets}, indent=2))
        else:
            for item in sets:
                print(f"{item['name']:18} {item['about']}{' (needs --path)' if item['needs_path'] else ''}")
        return 0
    checked = Checked()
    dataset = load(name, path=path, split=split, accepts=checked.reasons if check else None)
    if to is not None:
        write_problems(dataset.problems, to)
    if json_output:
        print(json.dumps(_summary(dataset, to), indent=2))
    else:
        _print_summary(dataset, to)
        print("".join(f"{line}\n" for line in checked.said), end="")
    return 0


class Checked:
    """Asks the provers about problems; `said` tells of which prover how many were asked and taken."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def reasons(self, problems: list[Problem]) -> list[str | None]:
        """For each problem what its prover says against its header or statement; None where it takes both."""
        from verifiers.backend import BACKENDS, VerifierLimits
        from verifiers.opened import Verifiers

        reasons: dict[int, str] = {}
        provers = Verifiers(VerifierLimits(audit_seconds=CHECK_SECONDS))
        try:
            for prover in BACKENDS:
                chosen = [position for position, problem in enumerate(problems) if problem.prover == prover]
                if chosen:
                    verifier = provers.of(prover)
                    refused = _refused(verifier, [problems[position] for position in chosen])
                    reasons |= {chosen[position]: reason for position, reason in refused.items()}
                    taken = f"{len(chosen) - len(refused)} of {len(chosen)}"
                    self.said.append(f"{verifier.describe()} takes header and statement of {taken} problems")
        finally:
            provers.close()
        return [reasons.get(position) for position in range(len(problems))]


def _refused(verifier: Verifier, problems: list[Problem]) -> dict[int, str]:
    """What the prover says against those problems that it does not take, by their position."""
    from domain import Verdict

    reasons: dict[int, str] = {}
    for start in range(0, len(problems), TOGETHER):
        asked = problems[start : start + TOGETHER]
        what = f"problems {start + 1} to {start + len(asked)} of {len(problems)}"
        print(f"asking {verifier.describe()} for {what}: does it take them?", file=sys.stderr)
        for position, answer in enumerate(verifier.elaborate(asked), start):
            if isinstance(answer, Verdict):
                said = next((m.text for m in answer.messages if m.level == "error"), answer.reason)
                reasons[position] = f"refused by {verifier.prover}: {' '.join(said.split())}"
    return reasons


def _summary(dataset: Dataset, to: Path | None) -> dict[str, object]:
    return {
        "name": dataset.name,
        "total": dataset.total,
        "problems": len(dataset.problems),
        "left_out": [{"name": item.name, "reason": item.reason} for item in dataset.left_out],
        "file": None if to is None else str(to),
    }


def _print_summary(dataset: Dataset, to: Path | None) -> None:
    written = "" if to is None else f", written to {to}"
    print(f"{dataset.name}: {len(dataset.problems)} of {dataset.total} problems{written}")
    if dataset.left_out:
        print(f"left out: {len(dataset.left_out)} (they still count in the total)")
        for reason, count in dataset.reasons():
            print(f"{count:5}  {reason}")
