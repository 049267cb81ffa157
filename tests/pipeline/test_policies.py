"""The round's policy, driven by random offers and draws."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.policies import DIRECTIONS, Action, Offers, Plan, choose, finish

names = st.lists(st.text("abcdef", min_size=1, max_size=3), unique=True, max_size=8)


def drive(plan: Plan, offers: Offers, seed: int) -> list[Action]:
    """Runs a plan to its end, returning workers in random order, and checks the limits on the way."""
    source, running, done = random.Random(seed), [], []
    while True:
        plan, action = choose(plan, offers, source.random())
        if action is not None:
            running.append(action)
            assert len(running) <= plan.workers
            continue
        if not running:
            return done
        ended = running.pop(source.randrange(len(running)))
        plan = finish(plan, ended)
        done.append(ended)


@given(
    due=names,
    signatures=names,
    requests=names,
    parents=names,
    workers=st.integers(1, 4),
    steps=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    seed=st.integers(0, 1000),
)
def test_a_round_ends_and_does_everything_that_is_due_exactly_once(
    due: list[str],
    signatures: list[str],
    requests: list[str],
    parents: list[str],
    workers: int,
    steps: tuple[int, int],
    seed: int,
) -> None:
    plan = Plan(tuple(due), tuple(signatures), steps[0], steps[1], 0.7, workers)
    actions = drive(plan, Offers(requests, parents), seed)
    assert sorted(a.target for a in actions if a.kind == "prove") == sorted(due)
    assert sorted(a.target for a in actions if a.kind == "explore") == sorted(signatures)
    solved = [a.target for a in actions if a.kind == "solve_request"]
    assert len(solved) == len(set(solved))
    assert len([a for a in actions if a.use_model and a.kind != "prove"]) <= steps[1]
    assert len([a for a in actions if not a.use_model and a.kind == "solve_request"]) <= steps[0]


def test_one_worker_is_kept_for_evolution_while_problems_wait() -> None:
    plan = Plan(("p", "q", "r"), ("s",), 0, 0, 0.7, workers=2)
    plan, first = choose(plan, Offers((), ()), 0.5)
    plan, second = choose(plan, Offers((), ()), 0.5)
    assert [action.kind for action in (first, second) if action is not None] == ["prove", "explore"]


def test_the_model_draws_each_direction() -> None:
    seen = set[str]()
    for draw in (0.71, 0.8, 0.9, 0.99):
        _, action = choose(Plan((), (), 0, 1, 0.7, 1), Offers((), ("lemma",)), draw)
        assert action is not None
        seen.add(action.operator)
    assert seen == set(DIRECTIONS)


def test_the_same_draws_give_the_same_actions() -> None:
    plan, offers = Plan(("p", "q"), ("s",), 3, 3, 0.5, 2), Offers(("r1", "r2"), ("l1", "l2", "l3"))
    assert drive(plan, offers, 7) == drive(plan, offers, 7)
