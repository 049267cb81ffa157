"""Before the first round: the prover reads the problems, and the library gets to know them and what it begins with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from actors.cluster import gather
from datasets import Dataset
from domain import Elaboration, Problem, Verdict
from library_store.deduplication import dedup_key
from library_store.schema import ProblemState
from pipeline import __version__
from pipeline.config import RunSettings
from pipeline.loop.context import Model, RunContext, build
from pipeline.loop.progress import Progress
from pipeline.loop.workers import Workers
from pipeline.proposers.automation import saturation
from pipeline.words import counted, listed


def prepare(settings: RunSettings, datasets: Sequence[Dataset], workers: Workers, progress: Progress) -> RunContext:
    """Elaborates the problems, makes them and their definitions known to the library, and reads in another library."""
    problems = [problem for dataset in datasets for problem in dataset.problems]
    progress.stage(f"elaborate {counted(len(problems), 'problem')}")
    answers: list[Elaboration | Verdict] = workers.ask_verifiers("elaborate", problems)
    workers.wait_for_model()
    context = build(
        settings,
        [answer for answer in answers if isinstance(answer, Elaboration)],
        workers.verifier(),
        workers.library,
        cast("Model | None", workers.model),
        workers.model_card,
    )
    library = context.library
    library.add_definitions(list(context.definitions.values()))
    states = [
        _state(problem, context.elaborations.get(problem.name, answer))
        for problem, answer in zip(problems, answers, strict=True)
    ]
    for dataset in datasets:
        states += [
            ProblemState(Problem(left.name, context.language, "", ""), status="error", reason=left.reason)
            for left in dataset.left_out
        ]
    refused: dict[str, list[str]] = {}
    for state in states:
        if state.status == "error":
            refused.setdefault(state.reason, []).append(state.problem.name)
    progress.notices(
        f"{counted(len(names), 'problem')} ({listed(names)}) left out: {why}" for why, names in refused.items()
    )
    library.add_problems(states)
    if settings.library is not None:
        from pipeline.loop.import_library import import_library

        progress.stage(f"audit the lemmas of {settings.library}")
        progress.notices(import_library(context, workers, settings.library, settings.library_round))
    _record_start(context, workers, progress, _unread(answers))
    return context


def _unread(answers: Sequence[Elaboration | Verdict]) -> dict[str, list[str]]:
    """What was not understood of headers and statements, and of which problems."""
    found: dict[str, list[str]] = {}
    for answer in answers:
        if isinstance(answer, Elaboration) and answer.unread:
            found.setdefault(answer.unread, []).append(answer.problem.name)
    return found


def _state(problem: Problem, answer: Elaboration | Verdict) -> ProblemState:
    if isinstance(answer, Elaboration):
        return ProblemState(problem, answer.prelude_id, answer.reached, answer.statement_exact)
    message = next((message.text for message in answer.messages), "")
    return ProblemState(problem, status="error", reason=f"{answer.reason}: {' '.join(message.split())[:200]}")


def _record_start(context: RunContext, workers: Workers, progress: Progress, unread: dict[str, list[str]]) -> None:
    """Records with which programs the run goes on, and tells what they give notice of and what they did not read."""
    settings, card = context.settings, context.model_card
    versions = {"prover": workers.verifiers[0].describe(), "lemmary": __version__}
    if card is not None:
        versions["model"] = f"{card.name} ({card.version})"
    if settings.prove.saturation and context.backend.automation.takes_choices:
        versions["eprover"] = saturation.version()
        if not saturation.available():
            progress.notices(["eprover is not installed: no lemmas are chosen by it (`apt-get install eprover`)"])
    told = gather([actor.handle.notices.remote() for actor in workers.verifiers])
    progress.notices(dict.fromkeys(note for notes in told for note in notes))
    progress.notices(f"{counted(len(names), 'problem')} ({listed(names)}): {why}" for why, names in unread.items())
    degraded = workers.verifiers[0].sandbox_note()
    statements = {
        name: (context.clusters[name], dedup_key(one.statement)) for name, one in context.elaborations.items()
    }
    context.library.add_event("statements", detail=statements)
    detail: dict[str, Any] = {"versions": versions, "label": "online"}
    context.library.add_event(
        "started", detail=detail | ({"sandbox": degraded} if degraded else {}) | {"unread": unread}
    )
