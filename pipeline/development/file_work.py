"""One file of a development: its holes one after the other in a warm prover, then the judge on the whole file.

What is tried at a hole is told at once (`Told`), so that it is kept whatever happens next. Nothing here writes, and a
task and what comes of it can be sent to another process.

Invariant: the status `proved` is only ever given by the judge (`verifiers.audit.rocq.development`), never by what a
warm prover said.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from domain import OutsideError, UserError
from pipeline.development.project import judging
from pipeline.development.project.document import Hole
from pipeline.development.project.options import Options
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.project.source import LOAD_SECONDS, Source
from pipeline.development.project.unfinished import Unfinished
from pipeline.development.record import Tried
from pipeline.development.results import Result, failed, result_of
from pipeline.development.search.context import Context, Refusal, rests_on
from pipeline.development.search.helper_names import told_apart
from pipeline.development.search.learned import Learned
from pipeline.development.search.solving import Answer, Solver
from pipeline.development.search.writing import Writer
from pipeline.words import counted
from verifiers.audit.rocq.filling import Filling

if TYPE_CHECKING:  # not loaded unless steps of other developments are asked for
    from pipeline.development.search.stored_steps import StoredSteps


@dataclass(frozen=True)
class Task:
    """A file to work on; all that it needs is compiled.

    `false` and `unproved` are full names of holes, those of the file and of the files behind it; `keys` and `known`
    are by the qualified names of the file's holes, `known` what was tried before and still counts.
    """

    source: Source
    module: str
    false: frozenset[str]
    unproved: frozenset[str]
    keys: Mapping[str, str]
    known: Mapping[str, Tried]


@dataclass(frozen=True)
class Done:
    """What came of a file. `refused` are those of the results that are so because the prover refuses the file."""

    results: tuple[Result, ...]
    fillings: Mapping[str, Filling]
    refused: tuple[Result, ...] = ()


class News(NamedTuple):
    """What is told while a file is worked on: a line of progress, and what was tried now at the hole of a key."""

    text: str
    key: str = ""
    name: str = ""
    tried: Tried | None = None


Told: TypeAlias = Callable[[News], None]


@dataclass(frozen=True)
class Tools:
    """What all files are worked on with; with a `writer`, in one process alone."""

    copy: Copy
    options: Options
    unfinished: Unfinished
    writer: Writer | None = None
    learned: Learned | None = None


def work_on(task: Task, tools: Tools, tell: Told) -> Done:
    """Works on the holes of a file. Raises `OutsideError` where the prover does not start."""
    source, options = task.source, tools.options
    false, unproved = set(task.false), set(task.unproved)
    answers: dict[str, Tried] = {}
    filled: list[Hole] = []
    context: Context | None = None
    broken: Refusal | None = None
    try:
        for hole in source.holes:
            if hole.in_functor:
                answers[hole.qualified] = Tried(Answer(), 0.0, 0.0)
                continue
            tried, key = task.known.get(hole.qualified), ""
            if tried is None:
                if context is None:
                    context = Context(
                        tools.copy,
                        task.module,
                        source.document,
                        LOAD_SECONDS,
                        options.memory_bytes,
                        retrieves=options.retrieves,
                        false=false,
                        unproved=unproved,
                        given=options.use,
                        stored=opened(options.steps),
                    )
                context.filled = filled
                broken = context.advance(hole.start)
                if broken is not None:
                    break
                tried = _tried(context, hole, tools)
                if tried.answer.fault:  # tried again when the command is given again, and now by a fresh prover
                    context.close()
                    context = None
                else:
                    key = task.keys[hole.qualified]
            answers[hole.qualified] = tried
            if tried.answer.counterexample is not None:
                false.add(f"{task.module}.{hole.qualified}")
            if tried.answer.filling is not None:
                filled.append(replace(hole, proof=tried.answer.filling.block))
            if tried.answer.filling is not None and not rests_on(tried.answer.filling, unproved):
                unproved.discard(f"{task.module}.{hole.qualified}")
            said = f"{source.shown}:{hole.line} {hole.qualified}: {tried.told()}"
            tell(News(said, key, hole.qualified, tried if key else None))
    finally:
        if context is not None:
            context.close()
    return _judged(task, tools, answers, broken, tell)


def _tried(context: Context, hole: Hole, tools: Tools) -> Tried:
    """What comes of a hole, above which the context stands."""
    seconds = tools.options.seconds
    before = context.session.cpu_seconds + time.process_time()
    solver = Solver(context, hole, seconds, tools.options.seed, tools.writer, tools.learned)
    try:
        answer = solver.run()
    except (UserError, OutsideError):
        raise
    except Exception as error:  # noqa: BLE001 (a fault of ours costs this hole alone)
        answer = Answer(fault=told_of(error))
    return Tried(answer, round(context.session.cpu_seconds + time.process_time() - before, 3), seconds)


def _judged(task: Task, tools: Tools, answers: Mapping[str, Tried], broken: Refusal | None, tell: Told) -> Done:
    """Compiles the whole file with the fillings, until it holds none that may not count."""
    source = task.source
    found = {name: tried.answer.filling for name, tried in answers.items() if tried.answer.filling is not None}
    fillings = told_apart(found, source.document.text)
    answers = {
        name: replace(tried, answer=replace(tried.answer, filling=fillings.get(name)))
        for name, tried in answers.items()
    }
    tell(News(f"{source.shown}: compiling the whole file with {counted(len(fillings), 'new proof')}"))
    try:
        compiled = judging.judge(tools.copy, source.path, source.document, fillings, tools.unfinished)
    except UserError as error:
        refused = failed(source, source.holes, str(error))
        return Done(refused, {}, refused)
    tried = [hole for hole in source.holes if hole.qualified in answers]
    results = tuple(result_of(source, hole, answers[hole.qualified], compiled) for hole in tried)
    if broken is None:
        return Done(results, dict(compiled.fillings))
    rest = [hole for hole in source.holes if hole.qualified not in answers]
    refused = failed(source, rest, f"{source.shown}, line {broken.line}: {broken.message}")
    return Done((*results, *refused), dict(compiled.fillings), refused)


def opened(steps: Path | None) -> StoredSteps | None:
    """Steps of other developments, if any are asked for."""
    if steps is None:
        return None
    from pipeline.development.search.stored_steps import stored_steps

    return stored_steps(steps)


def told_of(error: Exception) -> str:
    """One line on an exception of ours: what it says, and where it was raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"a fault of this program, please report it: {what} ({Path(frame.filename).name}, line {frame.lineno})"
