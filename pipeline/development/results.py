"""What became of each hole of a development: a line of `results.jsonl`, and what is left to do, for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.development.project.document import Document, Hole
from pipeline.development.project.judging import Compiled
from pipeline.development.project.source import Source
from pipeline.development.record import Tried
from verifiers.audit.rocq.filling import Filling
from verifiers.audit.rocq.sentences import identifiers


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


def result_of(source: Source, hole: Hole, tried: Tried, compiled: Compiled) -> Result:
    """What became of a hole that was tried, the file being compiled."""
    answer, filling = tried.answer, tried.answer.filling
    reason = "inside a functor or a module type: not attempted" if hole.in_functor else ""
    result = replace(
        _result(source, hole, "open", reason), tokens=answer.tokens, cpu_seconds=tried.cpu_seconds, goals=answer.stuck
    )
    if answer.fault:
        return replace(result, status="error", reason=answer.fault)
    if answer.counterexample is not None:
        return replace(result, status="refuted", counterexample=answer.counterexample)
    judgement = compiled.judgements.get(hole.qualified)
    if filling is None or judgement is None:
        return replace(result, reason=compiled.dropped.get(hole.qualified, "")) if filling is not None else result
    return replace(
        result,
        status=judgement.status,
        proof=filling.block.strip(),
        lemmas=filling.lemmas,
        uses=_uses(source.document, filling),
        axioms=judgement.axioms,
        rests_on=judgement.holes,
    )


def failed(source: Source, holes: Sequence[Hole], reason: str) -> tuple[Result, ...]:
    """Holes of a file that could not be worked on, for a reason that is put into one line."""
    why = " ".join(reason.split()).rstrip(".")
    return tuple(_result(source, hole, "error", why) for hole in holes)


def _result(source: Source, hole: Hole, status: str, reason: str) -> Result:
    place = (source.shown, hole.line, hole.statement)
    return Result(hole.qualified, status, None, (), (), 0, 0.0, *place, reason=reason)


def _uses(document: Document, filling: Filling) -> tuple[str, ...]:
    """The file's lemmas that a filling names."""
    names = {one.text for text in (filling.block, *filling.lemmas) for one in identifiers(text)}
    lemmas = {stated.name for stated in document.stated if stated.is_lemma}
    return tuple(sorted({name for name in names if re.split(r"\.", name)[-1] in lemmas}))


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
