"""The round loop: prove and evolve side by side, consolidate, snapshot; the last round rechecks the whole library.

Invariant: a killed driver, worker or node loses no acknowledged lemma (design, invariant 9). Everything that a step
brings is in the library's journal before the step is over, so a run that was stopped goes on in its round: steps that
were recorded are not planned again. A step that ends with an error of ours, or with its worker, is told and left out;
its target has its turn again in the next round.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayError

from actors.cluster import gather
from datasets import Dataset
from domain import Elaboration, OutsideError, Problem, UserError, Verdict
from library_store.deduplication import dedup_key
from library_store.schema import FAILED, SPENT, Metric, ProblemState, event_from_row
from library_store.snapshot import Manifest
from pipeline import __version__
from pipeline.config import RunSettings
from pipeline.dialects import prover_of
from pipeline.loop import scheduler
from pipeline.loop.attempt import Result, attempt
from pipeline.loop.candidates import candidates
from pipeline.loop.consolidate import consolidate
from pipeline.loop.context import RunContext, build
from pipeline.loop.evolve import evolve
from pipeline.loop.import_library import import_library
from pipeline.loop.progress import Progress
from pipeline.loop.proof_files import write_proofs
from pipeline.loop.recheck import recheck
from pipeline.loop.resume import same_problems, settle
from pipeline.loop.scheduler import Action, Candidates, Plan
from pipeline.loop.workers import Workers, open_workers
from pipeline.proposers.automation import saturation
from pipeline.words import counted

TOKEN_SECONDS = 0.02
"""CPU seconds of the model for one token, before any was written."""

MOST_FAILED = 10
"""Steps of one round that may end with an error of ours; one more ends the run, which can be resumed."""

_STEP = re.compile(r"r\d+-(\d+)m?")
"""The id of a step, by the round and its place in it; `m` marks the model's part of an attempt."""


class Outcome(NamedTuple):
    """How a run ended. `stopped` says why before its last round, if so."""

    manifests: tuple[Manifest, ...]
    stopped: str | None


def run(settings: RunSettings, datasets: Sequence[Dataset], directory: Path, progress: Progress) -> Outcome:
    """Runs rounds until the last one or until the budget of CPU seconds is spent; resumes what is in `directory`."""
    manifests: list[Manifest] = []
    prover = prover_of(problem.prover for dataset in datasets for problem in dataset.problems)
    progress.stage("start Ray and the actors")
    with open_workers(settings, directory, prover) as staff:
        settle(settings, directory)
        staff.earlier = staff.library.query(_charged)
        unmeasured = staff.library.query(_unmeasured)
        progress.notices(staff.library.query(_notices))
        problems = [problem for dataset in datasets for problem in dataset.problems]
        same_problems(directory, staff.library.query(_problems), problems)
        world = _world(settings, datasets, staff, progress)
        first = staff.library.query(_round)
        staff.library.add_event(SPENT, "start", detail={"cpu_seconds": staff.spent()})
        if first > 1 and staff.spent() >= settings.cpu_seconds and not staff.library.query(_begun, first).done:
            return Outcome((), f"the budget of {settings.cpu_seconds:.0f} CPU seconds is spent")
        had: dict[str, Result] = {}
        costs: Mapping[str, float] = {}
        for number in range(first, settings.rounds + 1):
            began = time.monotonic()
            _work(world, staff, number, had, progress)
            progress.stage("consolidate")
            if settings.consolidate.enabled:
                consolidate(world, staff.ports(), number)
            staff.library.add_event(SPENT, "consolidate", detail={"cpu_seconds": staff.spent()})
            last = number == settings.rounds or staff.spent() >= settings.cpu_seconds
            if last:
                recheck(world, staff, progress)
            _record_costs(staff, costs, time.monotonic() - began, unmeasured if number == first else 0.0)
            costs = staff.cpu_seconds()
            manifests.append(staff.library.snapshot(seed=settings.seed, code_version=__version__))
            write_proofs(directory, staff.library.query(_problems))
            progress.round(manifests[-1])
            if last and number < settings.rounds:
                return Outcome(tuple(manifests), f"the budget of {settings.cpu_seconds:.0f} CPU seconds is spent")
    return Outcome(tuple(manifests), None)


# --------------------------------------------------------------------------------------------------------- beginning


def _world(settings: RunSettings, datasets: Sequence[Dataset], staff: Workers, progress: Progress) -> RunContext:
    """Elaborates the problems, makes them and their definitions known to the library."""
    problems = [problem for dataset in datasets for problem in dataset.problems]
    progress.stage(f"elaborate {counted(len(problems), 'problem')}")
    shares = [problems[start :: len(staff.verifiers)] for start in range(len(staff.verifiers))]
    answers = gather(
        [actor.handle.elaborate.remote(share) for actor, share in zip(staff.verifiers, shares, strict=True)]
    )
    by_name: dict[str, Elaboration | Verdict] = {
        problem.name: answer
        for share, part in zip(shares, answers, strict=True)
        for problem, answer in zip(share, part, strict=True)
    }
    elaborations = [answer for p in problems if isinstance(answer := by_name[p.name], Elaboration)]
    prover = staff.verifiers[0].describe()
    world = build(settings, elaborations, prover, staff.model_card)
    library = staff.library
    library.add_definitions(list(world.definitions.values()))
    states = [_state(problem, world.elaborations.get(problem.name, by_name[problem.name])) for problem in problems]
    for dataset in datasets:
        states += [
            ProblemState(Problem(left.name, world.language, "", ""), status="error", reason=left.reason)
            for left in dataset.left_out
        ]
    library.add_problems(states)
    if settings.library is not None:
        progress.stage(f"audit the lemmas of {settings.library}")
        progress.notices(import_library(world, staff, settings.library, settings.library_round))
    detail: dict[str, Any] = {"versions": {"prover": prover, "lemmary": __version__}, "label": "online"}
    if staff.model_card is not None:
        detail["versions"]["model"] = f"{staff.model_card.name} ({staff.model_card.version})"
    if settings.prove.saturation and world.language == "rocq":
        detail["versions"]["eprover"] = saturation.version()
        if not saturation.available():
            progress.notices(["eprover is not installed: no lemmas are chosen by it (`apt-get install eprover`)"])
    degraded = staff.verifiers[0].sandbox_note()
    told = gather([actor.handle.notices.remote() for actor in staff.verifiers])
    progress.notices(dict.fromkeys(note for notes in told for note in notes))
    statements = {name: (world.clusters[name], dedup_key(one.statement)) for name, one in world.elaborations.items()}
    library.add_event("statements", detail=statements)
    library.add_event("started", detail=detail | ({"sandbox": degraded} if degraded else {}))
    return world


def _state(problem: Problem, answer: Elaboration | Verdict) -> ProblemState:
    if isinstance(answer, Elaboration):
        return ProblemState(problem, answer.prelude_id, answer.reached, answer.statement_exact)
    message = next((message.text for message in answer.messages), "")
    return ProblemState(problem, status="error", reason=f"{answer.reason}: {' '.join(message.split())[:200]}")


# ------------------------------------------------------------------------------------------------------------- working


class Begun(NamedTuple):
    """What a round has done already: not nothing when it is resumed."""

    open_problems: tuple[str, ...]
    done: frozenset[str]
    """Targets of its steps."""
    last: int
    """The highest number of a step that was recorded."""
    requests: frozenset[str]
    """Those that automation worked on."""
    model_steps: int
    """Steps of evolution that the model made."""
    tried: Mapping[str, int]
    """How often each target had an attempt, in any round."""
    tokens: int
    """What the model wrote, in all rounds."""
    attempts: tuple[float, ...]
    """CPU seconds of each attempt at a problem by automation, in all rounds."""


def _work(world: RunContext, staff: Workers, number: int, had: dict[str, Result], progress: Progress) -> None:
    """Hands actions to workers until the plan is done or the budget is spent."""
    settings, draws = world.settings, random.Random(f"{world.settings.seed} {number}")
    begun: Begun = staff.library.query(_begun, number)
    plan = _plan(world, begun, number)
    progress.work(number, len(plan.due), len({*plan.fresh, *plan.signatures}))
    if staff.model is not None:
        staff.model.allow(settings.model.tokens_per_round)
    shared, free = ray.put(world), list(staff.workers)
    running: dict[Any, tuple[Any, Action, str]] = {}
    still_open = {name for name in begun.open_problems if name in world.elaborations}
    explored = {world.signatures[key].shape for key in begun.done if key in world.signatures}
    count, failed, spent, attempts = begun.last, 0, staff.spent(), list(begun.attempts)
    allowed = scheduler.attempt_seconds(settings, number + 1, with_lemmas=True)
    token_seconds = staff.cpu_seconds()["model"] / max(1, begun.tokens) if begun.tokens else TOKEN_SECONDS
    while True:
        action = None
        if spent >= scheduler.evolved_until(settings, len(still_open), fmean(attempts or [allowed]), allowed):
            proving = scheduler.only_prove(plan)
            if proving != plan:
                progress.evolution_ends(number, spent, settings.cpu_seconds)
            plan = proving
        if spent < settings.cpu_seconds:
            offered = staff.library.query(_offers, settings, token_seconds)
            model = scheduler.asks_model(settings, offered, staff.model_seconds(), spent - staff.earlier)
            plan, action = scheduler.choose(plan, offered, draws.random(), model=model)
        if action is not None:
            worker = free.pop()
            count += 1
            name, seed = f"r{number}-{count:04d}", draws.randrange(2**31)
            ports = staff.ports(worker) if action.use_model else staff.ports(worker)._replace(model=None)
            step: tuple[Any, ...] = (evolve, shared, ports, action, name, seed)
            if action.kind == "prove":
                step = (attempt, shared, ports, action.target, name, number, seed, had.get(action.target))
            running[worker.run.remote(*step)] = (worker, action, name)
            continue
        if not running:
            return
        (done,), _ = ray.wait(list(running), num_returns=1)
        worker, action, name = running.pop(done)
        free.append(worker)
        plan = scheduler.finish(plan, action)
        try:
            result = ray.get(done)
        except RayError as error:
            failed += 1
            if failed > MOST_FAILED or isinstance(error, UserError | OutsideError):
                raise
            staff.library.add_event(FAILED, action.target, attempt_id=name, detail={"error": str(error)[-2000:]})
            progress.failed(action, name, error)
            continue
        if action.kind == "prove":
            had[action.target] = result
            if result.cpu_seconds:
                attempts.append(result.cpu_seconds)
            if result.proved or result.refuted:
                still_open.discard(action.target)
                left = {*plan.fresh, *plan.signatures}
                plan = scheduler.explore_only(plan, {key for key in left if world.serves(key, still_open)})
        if action.kind == "explore" and not settings.evolve.charge_repeats:
            shape = world.signatures[action.target].shape
            staff.earlier -= result.cpu_seconds if shape in explored else 0.0
            explored.add(shape)
        progress.step(action, result)
        spent = staff.spent()
        staff.library.add_event(SPENT, action.target, attempt_id=name, detail={"cpu_seconds": spent})


def _plan(world: RunContext, begun: Begun, number: int) -> Plan:
    """Open problems, smallest first; then what evolution may do. The last round only proves.

    Small signatures come first: what holds over few definitions serves every problem that has them, and its origin is
    then the small problem that asked first, not each larger one that could.
    In isolation a signature is explored for each of its problems in turn.
    """
    settings, evolution = world.settings, world.settings.evolve
    waiting = [name for name in begun.open_problems if name in world.elaborations]
    due = sorted(
        (name for name in waiting if name not in begun.done),
        key=lambda name: (len(world.elaborations[name].statement_exact), world.of_problem(name).id),
    )
    keys: dict[str, list[str]] = {}
    wanted: Counter[str] = Counter()
    for key, signature in world.signatures.items():
        interested = sum(name in waiting for name in signature.problems)
        wanted[signature.shape] += interested
        if interested and (evolution.explore_first or key not in begun.done):
            keys.setdefault(signature.shape, []).append(key)
    shapes = sorted(
        keys,
        key=lambda shape: (min(begun.tried.get(key, 0) for key in keys[shape]), len(shape), -wanted[shape], shape),
    )
    passes = evolution.explore_first
    evolving = evolution.enabled and (number == 1 if passes else number < settings.rounds)
    exploring = evolving and evolution.exploration
    unseen = [shape for shape in shapes if not all(begun.tried.get(key) for key in keys[shape])]
    left = range(1, passes)
    again = [key for at in left for shape in shapes for key in keys[shape] if begun.tried.get(key, 0) <= at]
    mixed = evolving and not passes
    return Plan(
        due=() if evolving and passes else tuple(due),
        fresh=tuple(key for shape in unseen for key in keys[shape] if not begun.tried.get(key)) if exploring else (),
        signatures=tuple(again) if exploring else (),
        request_steps=max(0, evolution.request_steps - len(begun.requests)) if mixed else 0,
        model_steps=max(0, evolution.model_steps - begun.model_steps) if mixed and world.model_card is not None else 0,
        tried=begun.requests,
        request_share=evolution.request_share,
        policy=evolution.policy,
        evolvers=evolution.workers,
        workers=settings.prove.workers,
    )


def _record_costs(staff: Workers, before: Mapping[str, float], wall: float, unmeasured: float) -> None:
    """CPU seconds of this round by part, its wall seconds, and the memory in use at its end, as metrics.

    `unmeasured` are CPU seconds of sessions that were stopped in this round: they are a part of their own.
    """
    now = staff.cpu_seconds()
    spent = [Metric("cpu_seconds", part, 0, now[part] - before.get(part, 0.0), "s") for part in now]
    if unmeasured > 0:
        spent.append(Metric("cpu_seconds", "stopped sessions", 0, unmeasured, "s"))
    memory = Metric("proportional_memory", "process tree", 0, staff.memory(), "B")
    staff.library.add_metrics([*spent, Metric("seconds", "wall", 0, wall, "s"), memory])


# ------------------------------------------------------------------- reads that run in the library's own process


def _round(library: Any) -> int:
    return library.round


def _charged(library: Any) -> float:
    """What the sessions of a run were charged for so far."""
    events = [event_from_row(row) for row in library.at_round(library.round).rows("events")]
    charged = [event.detail["cpu_seconds"] for event in events if event.kind == SPENT]
    return charged[-1] if charged else 0.0


def _unmeasured(library: Any) -> float:
    """What sessions were charged for that stopped in the round under way, so that it is in no metric yet."""
    now = library.at_round(library.round)
    events = [event_from_row(row) for row in now.rows("events")]
    charged = [event.detail["cpu_seconds"] for event in events if event.kind == SPENT and event.round == library.round]
    if not charged:
        return 0.0
    earlier = [event.detail["cpu_seconds"] for event in events if event.kind == SPENT and event.round < library.round]
    rows = [row for row in now.rows("metrics") if row["round"] == library.round and row["name"] == "cpu_seconds"]
    return charged[-1] - (earlier[-1] if earlier else 0.0) - sum(row["value"] for row in rows)


def _notices(library: Any) -> list[str]:
    return list(library.notices)


def _problems(library: Any) -> dict[str, ProblemState]:
    return dict(library.problems)


def _offers(library: Any, settings: RunSettings, token_seconds: float) -> Candidates:
    alone, assumed = settings.retrieval.visibility == "isolated", settings.retrieval.order == "ranked"
    return candidates(library, settings.evolve.request_tries, token_seconds, alone=alone, assumed=assumed)


def _begun(library: Any, number: int) -> Begun:
    every = library.at_round(number).rows("attempts")
    rows = [row for row in every if row["round"] == number]
    waiting = tuple(name for name, state in library.problems.items() if state.status == "open")
    return Begun(
        waiting,
        frozenset(row["target"] for row in rows),
        max((int(found[1]) for row in rows if (found := _STEP.fullmatch(row["id"]))), default=0),
        frozenset(row["target"] for row in rows if row["kind"] == "request" and not row["model"]),
        sum(row["kind"] != "problem" and bool(row["model"]) for row in rows),
        dict(library.attempts_on),
        library.tokens_out,
        tuple(
            row["cpu_seconds"] for row in every if row["kind"] == "problem" and row["candidates"] and not row["model"]
        ),
    )
