"""The work of a round: actions are handed to free workers until the plan is done or the budget is spent.

What is next is the scheduler's to say; here is only who does it, and what its result means for the round. A step is
done again if its worker dies, or a verification actor that it asked; a worker that computes without end is ended. A
step that took two of them with it, or that ends with an error of ours, is told and left out: its target has its turn
again in the next round.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import replace
from statistics import fmean
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from domain import OutsideError, UserError
from library_store.reader import LibraryReader
from library_store.schema import FAILED
from pipeline.config import RunSettings
from pipeline.loop import budget, scheduler
from pipeline.loop.attempt_log import Result
from pipeline.loop.candidates import Candidates, candidates
from pipeline.loop.context import RunContext
from pipeline.loop.costs import Costs
from pipeline.loop.progress import Progress
from pipeline.loop.resume import round_so_far
from pipeline.loop.scheduler import Action
from pipeline.loop.workers import Workers
from verifiers.protocol import Verifier

TOKEN_SECONDS = 0.02
"""CPU seconds of the model for one token, before any was written."""

MOST_FAILED = 10
"""Steps of one round that may end with an error of ours; one more ends the run, which can be resumed."""

SELDOM = 10.0
"""How many times as long as the library took to answer its last answer is good for."""

LOOK_SECONDS = 5.0
"""Between two looks at what is spent while no step ends: what an actor that dies spent since the last is not known."""

MOST_DEATHS = 2
"""Workers, or actors that they asked, which one step may take with it; after that it is left out."""


class _Worker(NamedTuple):
    """A worker, and the verifier that it asks."""

    actor: Any
    verifier: Verifier


class _Step(NamedTuple):
    """An action that a worker has; `name` is the id of the attempt that records it."""

    worker: _Worker
    action: Action
    name: str


def prove_and_evolve(
    context: RunContext,
    workers: Workers,
    costs: Costs,
    number: int,
    last_results: dict[str, Result],
    progress: Progress,
) -> None:
    """Proves and evolves in round `number`; `last_results` has each problem's last result, and is kept up to date."""
    if workers.model is not None:
        workers.model.allow(context.settings.model.tokens_per_round)
    began, library = time.monotonic(), workers.library.cpu_seconds()
    work = _Round(context, workers, costs, number, last_results, progress)
    while True:
        action = work.next_action()
        if action is not None:
            work.start(action)
        elif work.running or work.away:
            work.wait()
        else:
            costs.dispatched(time.monotonic() - began - work.waited, workers.library.cpu_seconds() - library)
            return


class _Round:
    """A round under way."""

    def __init__(
        self,
        context: RunContext,
        workers: Workers,
        costs: Costs,
        number: int,
        last_results: dict[str, Result],
        progress: Progress,
    ) -> None:
        self.context, self.settings = context, context.settings
        self.costs, self.progress, self.number, self.last_results = costs, progress, number, last_results
        so_far = round_so_far(context.library, number)
        self.plan = scheduler.plan_round(context, so_far, number, len(workers.all))
        progress.work(number, len(self.plan.due), len({*self.plan.fresh, *self.plan.signatures}))
        self.free = [_Worker(actor, workers.verifier(actor)) for actor in workers.all]
        self.shared = ray.put(context)
        self.running: dict[Any, _Step] = {}
        self.away: dict[Any, _Worker] = {}
        """Workers that died, by their first answer to come."""
        self.deaths: Counter[Action] = Counter()
        self.draws = random.Random(f"{self.settings.seed} {number}")
        self.count, self.failed = so_far.last, 0
        self.offers, self.stale_at = Candidates(), 0.0
        self.waited = 0.0
        """Seconds in which there was nothing to do here but wait for a step."""
        self.still_open = {name for name in so_far.open_problems if name in context.elaborations}
        self.explored = {context.signatures[key].shape for key in so_far.done if key in context.signatures}
        self.spent = costs.spent()
        self.attempt_seconds = list(so_far.attempts)
        self.token_seconds = costs.by_part()["model"] / so_far.tokens if so_far.tokens else TOKEN_SECONDS

    def next_action(self) -> Action | None:
        """What a free worker is to do now, if anything."""
        if not self.free:
            return None
        if self.spent >= self._evolved_until() and (only := scheduler.only_prove(self.plan)) != self.plan:
            self.progress.evolution_ends(self.number, self.spent, self.settings.cpu_seconds)
            self.plan = only
        if self.spent >= self.settings.cpu_seconds:
            return None
        offered = self._offered()
        asks_model = budget.asks_model(self.settings, offered, *self.costs.model_share(self.spent))
        self.plan, action = scheduler.choose(self.plan, offered, self.draws.random(), model=asks_model)
        return action

    def _offered(self) -> Candidates:
        """What the library offers. It is asked so seldom that its answers take a tenth of the time at most.

        While no step is at work it is asked again: with an old answer the round could end before its time.
        """
        if (began := time.monotonic()) >= self.stale_at or not self.running:
            self.offers = self.context.library.query(_candidates, self.settings, self.token_seconds)
            self.stale_at = time.monotonic() + SELDOM * (time.monotonic() - began)
        return self.offers

    def _evolved_until(self) -> float:
        allowed = budget.attempt_seconds(self.settings, self.number + 1, with_lemmas=True)
        usual = fmean(self.attempt_seconds or [allowed])
        return budget.evolved_until(self.settings, len(self.still_open), usual, allowed)

    def start(self, action: Action) -> None:
        """Hands an action to a free worker."""
        worker = self.free.pop()
        self.count += 1
        name, seed = f"r{self.number}-{self.count:04d}", self.draws.randrange(2**31)
        sent = (self.shared, worker.verifier, action)
        most = budget.most_of_worker(self.settings)
        if action.kind == "prove":
            last = self.last_results.get(action.target)
            running = worker.actor.run.remote(most, attempt, *sent, name, self.number, seed, last)
        else:
            running = worker.actor.run.remote(most, evolve, *sent, name, seed)
        self.running[running] = _Step(worker, action, name)

    def wait(self) -> None:
        """Waits until one step is over, and takes its result in."""
        began = time.monotonic()
        ready: list[Any] = []
        while not ready:
            ready, _ = ray.wait([*self.running, *self.away], num_returns=1, timeout=LOOK_SECONDS)
            if not ready:
                self.costs.spent()
        (done,) = ready
        self.waited += time.monotonic() - began
        if done in self.away:
            self.free.append(self.away.pop(done))
            return
        step = self.running.pop(done)
        try:
            result = ray.get(done)
        except RayActorError as error:
            self._lost(step, error)
            return
        except RayError as error:
            self._finished(step)
            self._failed(step, error)
            return
        self._finished(step)
        self._take_in(step.action, result)
        self.progress.step(step.action, result)
        self.spent = self.costs.charge(step.action.target, step.name)

    def _lost(self, step: _Step, error: RayActorError) -> None:
        """The worker died over its step, or an actor did that it asked. A worker gets a step once it answers again."""
        if isinstance(error, RayTaskError):
            self.free.append(step.worker)
        else:
            self.away[step.worker.actor.cpu_seconds.remote()] = step.worker
        self.deaths[step.action] += 1
        once_more = self.deaths[step.action] < MOST_DEATHS
        self.plan = (scheduler.again if once_more else scheduler.finish)(self.plan, step.action)
        if once_more:
            self.progress.repeated(step.action, step.name)
        else:
            self._failed(step, error)

    def _finished(self, step: _Step) -> None:
        self.free.append(step.worker)
        self.plan = scheduler.finish(self.plan, step.action)

    def _failed(self, step: _Step, error: RayError) -> None:
        self.failed += 1
        if self.failed > MOST_FAILED or isinstance(error, UserError | OutsideError):
            raise error
        detail = {"error": str(error)[-2000:]}
        self.context.library.add_event(FAILED, step.action.target, attempt_id=step.name, detail=detail)
        self.progress.failed(step.action, step.name, error)

    def _take_in(self, action: Action, result: Any) -> None:
        """What a result changes in the rest of the round."""
        if action.kind == "prove":
            self.last_results[action.target] = result
            if result.cpu_seconds:
                self.attempt_seconds.append(result.cpu_seconds)
            if result.proved or result.refuted:
                self._closed(action.target)
        elif action.kind == "explore" and not self.settings.evolve.charge_repeats:
            shape = self.context.signatures[action.target].shape
            if shape in self.explored:
                self.costs.release(result.cpu_seconds)
            self.explored.add(shape)

    def _closed(self, problem: str) -> None:
        """Leaves out explorations that served no other open problem."""
        self.still_open.discard(problem)
        left = {*self.plan.fresh, *self.plan.signatures}
        serving = {key for key in left if self.context.serves(key, self.still_open)}
        self.plan = scheduler.explore_only(self.plan, serving)


def attempt(context: RunContext, verifier: Verifier, action: Action, *arguments: Any) -> Any:
    """`pipeline.loop.attempt`, loaded by the worker that does it: the driver has no use for what proves."""
    from pipeline.loop.attempt import attempt

    return attempt(_own(context, verifier, action), action.target, *arguments)


def evolve(context: RunContext, verifier: Verifier, action: Action, *arguments: Any) -> Any:
    """`pipeline.loop.evolve`, likewise."""
    from pipeline.loop.evolve import evolve

    return evolve(_own(context, verifier, action), action, *arguments)


def _own(context: RunContext, verifier: Verifier, action: Action) -> RunContext:
    """The run as a worker sees it in a step: with its verifier, and with the language model if it may ask it."""
    return replace(context, verifier=verifier, model=context.model if action.use_model else None)


def _candidates(library: LibraryReader, settings: RunSettings, token_seconds: float) -> Candidates:
    """What the library offers (run in its own process)."""
    alone, assumed = settings.retrieval.visibility == "isolated", settings.retrieval.order == "ranked"
    return candidates(library, settings.evolve.request_tries, token_seconds, alone=alone, assumed=assumed)
