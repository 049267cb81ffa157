"""What is done next in a round: a pure state machine, without clock, random source or input and output of its own.

States and transitions. A `Plan` holds what is still to do. `choose` takes the plan, what the library offers now and one
number drawn by the caller, and answers with the next `Action` and the plan without it (or with `None` when nothing may
start now). `finish` returns a worker. Some workers are kept for evolution while problems are being proved, when there
are enough; when either side runs dry the other takes all workers.

Once each problem had its attempt, signatures that were never explored come first, only for problems still open: that
finds conjectures, which attempts may assume (`conditional_proof.py`). Which step is next then is a policy's to
say; both end when their steps are spent.

* `bandit`: every kind of step is an arm: a request by automation (one arm for each way in which requests come about),
  a request by the language model, and each of the four directions; and, where a run begins with explorations, proving
  more of what one found. An arm pays by lemmas that are new, and `USED_WORTH` times as much by those that another proof
  rests on later, per CPU second. Its rate has a Gamma posterior; a rate is drawn for each arm that can be pulled, and
  the best one is (Thompson sampling). The parent of a direction has the highest upper confidence bound of what its
  steps brought, so each lemma gets its turn and those that pay get more. Of the requests those that an open problem
  asks for are next, the least tried first, then those that most open problems ask for.
* `faithful`: LEGO-Prover's evolver (section 3.3). Every step is the language model's: with a probability it answers the
  request that was tried least, otherwise it evolves the lemma that was evolved least in a direction drawn at random.

The bandit asks a language model only while that keeps within its share of the CPU seconds (`asks_model`), so that a
slow one that proves nothing leaves the budget to what does.

A target that a worker has is not given to another one. A request that automation failed on waits for the next round.

Invariant: every action is a function of (plan, offers, drawn numbers); the seed fixes the drawn numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from types import MappingProxyType
from typing import Literal, NamedTuple

from pipeline.config import RunSettings

DIRECTIONS = ("identify_key_concepts", "parameterize", "scale_complexity", "extend_dimensions")
"""The paper's four directions of evolution."""

USED_WORTH = 3.0
"""What a lemma on which another proof rests pays, beside the 1 that it paid as a new one."""

CONFIDENCE = 1.0
"""Weight of the confidence bound in the choice of a parent."""

ActionKind = Literal["prove", "explore", "solve_request", "evolve"]

Policy = Literal["bandit", "faithful"]


@dataclass(frozen=True, slots=True)
class Action:
    """One step for a worker. `target` is a problem, a signature, a request or a parent lemma."""

    kind: ActionKind
    target: str
    operator: str
    use_model: bool = False


class Record(NamedTuple):
    """What steps of one kind, or from one parent, have brought so far."""

    steps: int = 0
    new: int = 0
    """Lemmas that they added to the library."""
    used: int = 0
    """Those of them on which another proof rests."""
    seconds: float = 0.0
    """CPU seconds, the model's included."""

    @property
    def pay(self) -> float:
        return self.new + USED_WORTH * self.used


class OpenRequest(NamedTuple):
    """An open request: how it came about, how often it was tried, how many open problems ask for it."""

    id: str
    source: str = ""
    tries: int = 0
    asked_by: int = 1


class Parent(NamedTuple):
    """A lemma that may be evolved, and what evolving it brought."""

    id: str
    record: Record = Record()


class Candidates(NamedTuple):
    """What the library offers now: requests and parents, smallest first, and the records of the arms (`arm_of`).

    Beside it how many problems are proved, and how many of these by the language model.
    """

    requests: Sequence[OpenRequest] = ()
    parents: Sequence[Parent] = ()
    arms: Mapping[str, Record] = MappingProxyType({})
    proved: int = 0
    by_model: int = 0


MOST_PATIENT = 8.0
"""How many times as long as the first try a later one may take."""

WITHOUT_LEMMAS = 0.1
"""Share of an attempt's time that one without any lemma gets while rounds follow."""

PRIORS: Mapping[str, Record] = {
    "exploration": Record(1, 6, 0, 3.0),
    "solve_request": Record(1, 1, 0, 1.0),
    "model": Record(1, 1, 0, 30.0),
}
"""What is assumed of an arm before it was pulled, in the measure of one step: of explorations (nine of them brought 52
lemmas in 28 CPU seconds), of requests by automation (twelve: 11 lemmas in 6 CPU seconds; less is assumed, since they
profit from what is explored before), of steps of the language model (a guess that lets each be tried)."""


def arm_of(operator: str, source: str = "", *, use_model: bool) -> str:
    """The arm that a step belongs to; `source` is how a request came about."""
    return " ".join(part for part in (operator, source, "by model" if use_model else "") if part)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left of a round. `taken` are targets that workers have, `tried` requests that automation had.

    `fresh` signatures were never explored, which costs little, pays nothing by itself and comes first; those in
    `signatures` have conjectures that are to be proved whether they are needed or not.

    `evolvers` of the `workers` are kept for evolution while problems are due.
    """

    due: tuple[str, ...]
    signatures: tuple[str, ...]
    request_steps: int
    model_steps: int
    request_share: float
    workers: int
    policy: Policy = "bandit"
    evolvers: int = 1
    proving: int = 0
    evolving: int = 0
    taken: frozenset[str] = field(default_factory=frozenset[str])
    tried: frozenset[str] = field(default_factory=frozenset[str])
    fresh: tuple[str, ...] = ()

    @property
    def busy(self) -> int:
        return self.proving + self.evolving


class Choice(NamedTuple):
    plan: Plan
    action: Action | None


def choose(plan: Plan, offers: Candidates, draw: float, *, model: bool = True) -> Choice:
    """The next action, if a worker is free.

    Args:
        plan: what is left.
        offers: what the library offers now.
        draw: a number in [0, 1) that decides whatever is left to chance.
        model: whether the language model may be asked (`asks_model`); LEGO-Prover's policy always asks it.
    """
    if plan.busy >= plan.workers:
        return Choice(plan, None)
    model = model or plan.policy == "faithful"
    room_for_proving = plan.proving < max(1, plan.workers - plan.evolvers)
    if plan.due and room_for_proving:
        return _prove(plan, use_model=model)
    if plan.fresh and not plan.due:
        action = Action("explore", plan.fresh[0], "conjecture")
        return Choice(_started(plan, action), action)
    allowed = plan if model else replace(plan, model_steps=0)
    action = _faithful(plan, offers, draw) if plan.policy == "faithful" else _bandit(allowed, offers, draw)
    if action is not None:
        return Choice(_started(plan, action), action)
    return _prove(plan, use_model=model) if plan.due else Choice(plan, None)


def asks_model(settings: RunSettings, offers: Candidates, seconds: float, spent: float) -> bool:
    """Whether a language model that took so many of the `spent` CPU seconds may take more.

    It has the share that the settings give it or, where that is more, its share of the proved problems.
    """
    return seconds <= spent * max(settings.model.cpu_share, offers.by_model / max(1, offers.proved))


def finish(plan: Plan, action: Action) -> Plan:
    """The plan after the worker that ran `action` has come back."""
    if action.kind == "prove":
        return replace(plan, proving=plan.proving - 1)
    return replace(plan, evolving=plan.evolving - 1, taken=plan.taken - {action.target})


def explore_only(plan: Plan, signatures: Collection[str]) -> Plan:
    """The plan without signatures other than these."""
    kept = frozenset(signatures)
    return replace(
        plan,
        fresh=tuple(key for key in plan.fresh if key in kept),
        signatures=tuple(key for key in plan.signatures if key in kept),
    )


def only_prove(plan: Plan) -> Plan:
    """The plan without what is left of evolution."""
    return replace(plan, fresh=(), signatures=(), request_steps=0, model_steps=0)


def evolved_until(settings: RunSettings, still_open: int, attempt: float, allowed: float) -> float:
    """CPU seconds of the run after which no step of evolution starts.

    The rest is kept for attempts, but no more than one at each open problem may take: the `allowed` CPU seconds of the
    next round, or twice the `attempt` ones of those so far, since audits come on top.
    """
    rest = settings.cpu_seconds * (1.0 - settings.evolve.budget_share)
    return settings.cpu_seconds - min(rest, max(2.0 * attempt, allowed) * still_open)


def attempt_seconds(settings: RunSettings, number: int, *, with_lemmas: bool) -> float:
    """CPU seconds of the prover for an attempt in a round.

    What automation proves alone it proves soon, so an attempt without any lemma gets a share while rounds follow. From
    the third round on each is given more than the one before, since what is open then was short of time or of lemmas.
    """
    if not with_lemmas and number < settings.rounds:
        return settings.prove.cpu_seconds * WITHOUT_LEMMAS
    return patient(settings.prove.cpu_seconds, number - 2)


def patient(seconds: float, failures: int) -> float:
    """CPU seconds for the next try at what failed so often: each failure doubles them, up to `MOST_PATIENT` times."""
    return seconds * min(2.0 ** max(0, failures), MOST_PATIENT)


def _prove(plan: Plan, *, use_model: bool) -> Choice:
    action = Action("prove", plan.due[0], "prove", use_model)
    return Choice(replace(plan, due=plan.due[1:], proving=plan.proving + 1), action)


def _started(plan: Plan, action: Action) -> Plan:
    plan = replace(plan, evolving=plan.evolving + 1, taken=plan.taken | {action.target})
    if action.use_model:
        return replace(plan, model_steps=plan.model_steps - 1)
    if action.kind == "explore":
        if action.operator == "conjecture":
            return replace(plan, fresh=plan.fresh[1:])
        at = plan.signatures.index(action.target)
        return replace(plan, signatures=(*plan.signatures[:at], *plan.signatures[at + 1 :]))
    return replace(plan, request_steps=plan.request_steps - 1, tried=plan.tried | {action.target})


# ------------------------------------------------------------------------------------------------------------ faithful


def _faithful(plan: Plan, offers: Candidates, draw: float) -> Action | None:
    if not plan.model_steps:
        return None
    requests = [one for one in offers.requests if one.id not in plan.taken]
    parents = [one for one in offers.parents if one.id not in plan.taken]
    if requests and (draw < plan.request_share or not parents):
        return Action("solve_request", min(requests, key=lambda one: one.tries).id, "solve_request", use_model=True)
    if not parents:
        return None
    span = 1.0 - plan.request_share
    inside = (draw - plan.request_share) / span if draw >= plan.request_share and span > 0 else draw
    direction = DIRECTIONS[min(int(inside * len(DIRECTIONS)), len(DIRECTIONS) - 1)]
    parent = min(parents, key=lambda one: one.record.steps)
    return Action("evolve", parent.id, direction, use_model=True)


# -------------------------------------------------------------------------------------------------------------- bandit


def _bandit(plan: Plan, offers: Candidates, draw: float) -> Action | None:
    arms = _arms(plan, offers)
    if not arms:
        return None
    source = random.Random(draw)
    drawn = {arm: drawn_rate(offers.arms.get(arm, Record()), _prior(arm), source.random()) for arm in sorted(arms)}
    return arms[max(sorted(drawn), key=lambda arm: drawn[arm])]


def _arms(plan: Plan, offers: Candidates) -> dict[str, Action]:
    """The arms that can be pulled now, each with what it would do."""
    arms: dict[str, Action] = {}
    signature = next((key for key in plan.signatures if key not in plan.taken), None)
    if signature is not None and not plan.due:
        arms[arm_of("exploration", use_model=False)] = Action("explore", signature, "exploration")
    free = sorted(
        (one for one in offers.requests if one.id not in plan.taken),
        key=lambda one: (not one.asked_by, one.tries, -one.asked_by),
    )
    if plan.request_steps:
        for one in free:
            if one.id not in plan.tried:
                arm = arm_of("solve_request", one.source, use_model=False)
                arms.setdefault(arm, Action("solve_request", one.id, "solve_request"))
    if plan.model_steps:
        for one in free[:1]:
            action = Action("solve_request", one.id, "solve_request", use_model=True)
            arms[arm_of("solve_request", use_model=True)] = action
        parent = best_parent([one for one in offers.parents if one.id not in plan.taken])
        for direction in DIRECTIONS if parent is not None else ():
            arms[arm_of(direction, use_model=True)] = Action("evolve", parent or "", direction, use_model=True)
    return arms


def _prior(arm: str) -> Record:
    return PRIORS["model" if arm.endswith("by model") else arm.split(maxsplit=1)[0]]


def drawn_rate(record: Record, prior: Record, draw: float) -> float:
    """A rate of pay per CPU second from its Gamma posterior, at the quantile `draw` (Wilson and Hilferty's formula)."""
    shape, seconds = prior.pay + record.pay, prior.seconds + record.seconds
    spread = 1.0 / (9.0 * shape)
    normal = NormalDist().inv_cdf(min(max(draw, 1e-9), 1.0 - 1e-9))
    return shape * max(0.0, 1.0 - spread + normal * math.sqrt(spread)) ** 3 / seconds


def best_parent(parents: Sequence[Parent]) -> str | None:
    """The parent with the highest upper confidence bound of its pay for a step of average length (Auer et al. 2002).

    The bound of a lemma that is left alone grows without end, so each gets its turn.
    """
    if not parents:
        return None
    steps = sum(one.record.steps for one in parents)
    mean_seconds = sum(one.record.seconds for one in parents) / steps if steps else 0.0

    def bound(one: Parent) -> float:
        record = one.record
        length = record.seconds / mean_seconds if mean_seconds else float(record.steps)
        return (record.pay + 0.5) / (length + 1.0) + CONFIDENCE * math.sqrt(math.log1p(steps) / (record.steps + 1))

    return max(parents, key=bound).id
