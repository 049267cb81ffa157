"""What became of each hole of a development: a line of `results.jsonl`, and what is left to do, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """A line of `results.jsonl`."""

    name: str
    status: str
    proof: str | None
    uses: tuple[str, ...]
    axioms: tuple[str, ...]
    tokens: int
    cpu_seconds: float
    file: str
    line: int
    statement: str
    lemmas: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    counterexample: Mapping[str, str] | None = None
    goals: tuple[str, ...] = ()
    reason: str = ""


def summary(results: Sequence[Result]) -> str:
    """What is left, with the goals on which the search got stuck, for people."""
    lines: list[str] = []
    for result in results:
        place = f"{result.file}:{result.line} {result.name}"
        if result.status == "refuted":
            shown = ", ".join(f"{name} := {value}" for name, value in (result.counterexample or {}).items())
            lines.append(f"{place} is false{f' for {shown}' if shown else ''}")
        elif result.status == "conditional":
            lines.append(f"{place} is proved, but rests on {', '.join(result.rests_on)}")
        elif result.status == "error":
            lines.append(f"{place}: {result.reason}")
        elif result.status == "open":
            lines.append(f"{place} is open{f': {result.reason}' if result.reason else ''}")
            for goal in result.goals[:2]:
                lines += [f"    {line}" for line in goal.splitlines()]
                lines.append("")
            if len(result.goals) > 2:
                lines.append(f"    … and {len(result.goals) - 2} more goals")
    return "\n".join(lines)
