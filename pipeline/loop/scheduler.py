"""What is done next in a round: a pure state machine, without clock, random source or input and output of its own.

States and transitions. `plan_round` makes a `Plan`, which holds what is still to do. `choose` takes the plan, what the
library offers now (`candidates`) and one number drawn by the caller, and answers with the next `Action` and the plan
without it (or with `None` when nothing may start now). `finish` returns a worker. Some workers are kept for evolution
while problems are being proved, if there are enough; if either side runs dry the other takes all.

Once each problem had its attempt, signatures that were never explored come first, only for problems still open: that
finds conjectures, which attempts may assume (`conditional_proof`). Which step is next then is a policy's to say; both
end when their steps are spent.

* `bandit`: every kind of step is an arm: a request by automation (one arm for each way in which requests come about),
  a request by the language model, and each of the four directions; and, where a run begins with explorations, proving
  more of what one found. An arm pays by lemmas that are new, and more by those that another proof rests on later, per
  CPU second. Its rate has a Gamma posterior; a rate is drawn for each arm that can be pulled, and the best one is
  (Thompson sampling). The parent of a direction has the highest upper confidence bound of what its steps brought, so
  each lemma gets its turn and those that pay get more. Of the requests those that an open problem asks for are next,
  the least tried first, then those that most open problems ask for. It asks a language model only while that keeps
  within its share of the CPU seconds (`budget.asks_model`).
* `faithful`: LEGO-Prover's evolver (section 3.3). Every step is the language model's: with a probability it answers the
  request that was tried least, otherwise it evolves the lemma that was evolved least in a direction drawn at random.

A target that a worker has is not given to another one. A request that automation failed on waits for the next round.

Invariant (design, invariant 10): every action is a function of (plan, candidates, drawn numbers); the seed fixes the
drawn numbers.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from pipeline.loop.candidates import Candidates, Record, arm_of, best_parent, drawn_rate
from pipeline.loop.context import RunContext
from pipeline.loop.resume import RoundSoFar

DIRECTIONS = ("identify_key_concepts", "parameterize", "scale_complexity", "extend_dimensions")
"""The paper's four directions of evolution."""

ActionKind = Literal["prove", "explore", "solve_request", "evolve"]
Policy = Literal["bandit", "faithful"]


@dataclass(frozen=True, slots=True)
class Action:
    """One step for a worker. `target` is a problem, a signature, a request or a parent lemma."""

    kind: ActionKind
    target: str
    operator: str
    use_model: bool = False


PRIORS: Mapping[str, Record] = {
    "exploration": Record(1, 6, 0, 3.0),
    "solve_request": Record(1, 1, 0, 1.0),
    "model": Record(1, 1, 0, 30.0),
}
"""What is assumed of an arm before it was pulled, in the measure of one step: of explorations, of requests by
automation (less than they bring, since they profit from what is explored before), of steps of the language model (a
guess that lets each be tried)."""


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


def plan_round(context: RunContext, so_far: RoundSoFar, number: int, workers: int) -> Plan:
    """Open problems, smallest first; then what evolution may do. The last round only proves.

    Small signatures come first: what holds over few definitions serves every problem that has them, and its origin is
    then the small problem that asked first, not each larger one that could.
    In isolation a signature is explored for each of its problems in turn.
    """
    settings, evolution = context.settings, context.settings.evolve
    waiting = [name for name in so_far.open_problems if name in context.elaborations]
    due = sorted(
        (name for name in waiting if name not in so_far.done),
        key=lambda name: (len(context.elaborations[name].statement_exact), context.of_problem(name).id),
    )
    keys: dict[str, list[str]] = {}
    wanted: Counter[str] = Counter()
    for key, signature in context.signatures.items():
        interested = sum(name in waiting for name in signature.problems)
        wanted[signature.shape] += interested
        if interested and (evolution.explore_first or key not in so_far.done):
            keys.setdefault(signature.shape, []).append(key)
    shapes = sorted(
        keys,
        key=lambda shape: (min(so_far.tried.get(key, 0) for key in keys[shape]), len(shape), -wanted[shape], shape),
    )
    passes = evolution.explore_first
    evolving = evolution.enabled and (number == 1 if passes else number < settings.rounds)
    exploring = evolving and evolution.exploration
    unseen = [shape for shape in shapes if not all(so_far.tried.get(key) for key in keys[shape])]
    left = range(1, passes)
    again = [key for at in left for shape in shapes for key in keys[shape] if so_far.tried.get(key, 0) <= at]
    mixed = evolving and not passes
    models = mixed and context.model_card is not None and settings.model.prompt_format == "lemmary"
    return Plan(
        due=() if evolving and passes else tuple(due),
        fresh=tuple(key for shape in unseen for key in keys[shape] if not so_far.tried.get(key)) if exploring else (),
        signatures=tuple(again) if exploring else (),
        request_steps=max(0, evolution.request_steps - len(so_far.requests)) if mixed else 0,
        model_steps=max(0, evolution.model_steps - so_far.model_steps) if models else 0,
        tried=so_far.requests,
        request_share=evolution.request_share,
        policy=evolution.policy,
        evolvers=evolution.workers,
        workers=workers,
    )


class Choice(NamedTuple):
    plan: Plan
    action: Action | None


def choose(plan: Plan, offered: Candidates, draw: float, *, model: bool = True) -> Choice:
    """The next action, if a worker is free.

    Args:
        plan: what is left.
        offered: what the library offers now.
        draw: a number in [0, 1) that decides whatever is left to chance.
        model: whether the language model may be asked (`budget.asks_model`); LEGO-Prover's policy always asks it.
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
    action = _faithful(plan, offered, draw) if plan.policy == "faithful" else _bandit(allowed, offered, draw)
    if action is not None:
        return Choice(_started(plan, action), action)
    return _prove(plan, use_model=model) if plan.due else Choice(plan, None)


def finish(plan: Plan, action: Action) -> Plan:
    """The plan after the worker that ran `action` has come back."""
    if action.kind == "prove":
        return replace(plan, proving=plan.proving - 1)
    return replace(plan, evolving=plan.evolving - 1, taken=plan.taken - {action.target})


def again(plan: Plan, action: Action) -> Plan:
    """The plan after the worker that ran `action` died: it is still to do, before anything else of its kind."""
    plan = finish(plan, action)
    if action.kind == "prove":
        return replace(plan, due=(action.target, *plan.due))
    if action.use_model:
        return replace(plan, model_steps=plan.model_steps + 1)
    if action.kind == "solve_request":
        return replace(plan, request_steps=plan.request_steps + 1, tried=plan.tried - {action.target})
    if action.operator == "conjecture":
        return replace(plan, fresh=(action.target, *plan.fresh))
    return replace(plan, signatures=(action.target, *plan.signatures))


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


def _faithful(plan: Plan, offered: Candidates, draw: float) -> Action | None:
    if not plan.model_steps:
        return None
    requests = [one for one in offered.requests if one.id not in plan.taken]
    parents = [one for one in offered.parents if one.id not in plan.taken]
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


def _bandit(plan: Plan, offered: Candidates, draw: float) -> Action | None:
    arms = _arms(plan, offered)
    if not arms:
        return None
    source = random.Random(draw)
    drawn = {arm: drawn_rate(offered.arms.get(arm, Record()), _prior(arm), source.random()) for arm in sorted(arms)}
    return arms[max(sorted(drawn), key=lambda arm: drawn[arm])]


def _arms(plan: Plan, offered: Candidates) -> dict[str, Action]:
    """The arms that can be pulled now, each with what it would do."""
    arms: dict[str, Action] = {}
    signature = next((key for key in plan.signatures if key not in plan.taken), None)
    if signature is not None and not plan.due:
        arms[arm_of("exploration", use_model=False)] = Action("explore", signature, "exploration")
    free = sorted(
        (one for one in offered.requests if one.id not in plan.taken),
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
        parent = best_parent([one for one in offered.parents if one.id not in plan.taken])
        for direction in DIRECTIONS if parent is not None else ():
            arms[arm_of(direction, use_model=True)] = Action("evolve", parent or "", direction, use_model=True)
    return arms


def _prior(arm: str) -> Record:
    return PRIORS["model" if arm.endswith("by model") else arm.split(maxsplit=1)[0]]
