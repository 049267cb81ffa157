"""What is done next in a round: a pure state machine, without clock, random source or input and output of its own.

States and transitions. A `Plan` holds what is still to do. `choose` takes the plan, what the library offers now and one
number drawn by the caller, and answers with the next `Action` and the plan without it (or with `None` when nothing may
start now). `finish` returns a worker. One worker is kept for evolution while problems are being proved, when there is
more than one; when either side runs dry the other takes all workers.

Evolution takes turns: signatures are explored first, since later steps profit from what they find; then open requests,
fewest tries first; the language model's steps are spread between them, with the paper's mix of requests and directions
(LEGO-Prover, section 3.2).

Invariant: every action is a function of (plan, offers, drawn numbers); the seed fixes the drawn numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

DIRECTIONS = ("identify_key_concepts", "parameterize", "scale_complexity", "extend_dimensions")
"""The paper's four directions of evolution."""

ActionKind = Literal["prove", "explore", "solve_request", "evolve"]


@dataclass(frozen=True, slots=True)
class Action:
    """One step for a worker. `target` is a problem, a signature, a request or a parent lemma."""

    kind: ActionKind
    target: str
    operator: str
    use_model: bool = False


class Offers(NamedTuple):
    """What the library offers now, best first: ids of open requests and of lemmas that may be evolved."""

    requests: Sequence[str]
    parents: Sequence[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is left of a round. `turn` counts evolution steps that were started."""

    due: tuple[str, ...]
    signatures: tuple[str, ...]
    request_steps: int
    model_steps: int
    request_share: float
    workers: int
    proving: int = 0
    evolving: int = 0
    turn: int = 0
    taken: frozenset[str] = frozenset()

    @property
    def busy(self) -> int:
        return self.proving + self.evolving


class Choice(NamedTuple):
    plan: Plan
    action: Action | None


def choose(plan: Plan, offers: Offers, draw: float) -> Choice:
    """The next action, if a worker is free.

    Args:
        plan: what is left.
        offers: what the library offers now.
        draw: a number in [0, 1) that decides between the model's kinds of step and among directions.
    """
    if plan.busy >= plan.workers:
        return Choice(plan, None)
    room_for_proving = plan.proving < max(1, plan.workers - 1)
    if plan.due and room_for_proving:
        return _prove(plan)
    evolved = _evolve(plan, offers, draw)
    if evolved.action is not None:
        return evolved
    return _prove(plan) if plan.due else Choice(plan, None)


def finish(plan: Plan, action: Action) -> Plan:
    """The plan after the worker that ran `action` has come back."""
    if action.kind == "prove":
        return replace(plan, proving=plan.proving - 1)
    return replace(plan, evolving=plan.evolving - 1)


def _prove(plan: Plan) -> Choice:
    action = Action("prove", plan.due[0], "prove", use_model=True)
    return Choice(replace(plan, due=plan.due[1:], proving=plan.proving + 1), action)


def _evolve(plan: Plan, offers: Offers, draw: float) -> Choice:
    started = replace(plan, evolving=plan.evolving + 1, turn=plan.turn + 1)
    if plan.signatures:
        action = Action("explore", plan.signatures[0], "exploration")
        return Choice(replace(started, signatures=plan.signatures[1:]), action)
    request = next((name for name in offers.requests if name not in plan.taken), None)
    parent = next((name for name in offers.parents if name not in plan.taken), None)
    if plan.model_steps and plan.turn % 4 == 3:
        started = replace(started, model_steps=plan.model_steps - 1)
        if request is not None and draw < plan.request_share:
            return _take(started, Action("solve_request", request, "solve_request", use_model=True))
        if parent is not None:
            return _take(started, Action("evolve", parent, _direction(plan, draw), use_model=True))
    if request is not None and plan.request_steps:
        started = replace(started, request_steps=plan.request_steps - 1)
        return _take(started, Action("solve_request", request, "solve_request"))
    if plan.model_steps and parent is not None:
        started = replace(started, model_steps=plan.model_steps - 1)
        return _take(started, Action("evolve", parent, _direction(plan, draw), use_model=True))
    return Choice(plan, None)


def _take(plan: Plan, action: Action) -> Choice:
    return Choice(replace(plan, taken=plan.taken | {action.target}), action)


def _direction(plan: Plan, draw: float) -> str:
    """One of the paper's four directions; the share of the draw above the request share spreads evenly over them."""
    span = 1.0 - plan.request_share
    inside = (draw - plan.request_share) / span if draw >= plan.request_share and span > 0 else draw
    return DIRECTIONS[min(int(inside * len(DIRECTIONS)), len(DIRECTIONS) - 1)]
