"""The round's policies, driven by random offers and draws."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import RunSettings
from pipeline.loop.budget import asks_model, attempt_seconds
from pipeline.loop.candidates import Candidates, OpenRequest, Parent, Record, arm_of, best_parent, drawn_rate
from pipeline.loop.scheduler import (
    DIRECTIONS,
    PRIORS,
    Action,
    Plan,
    Policy,
    again,
    choose,
    finish,
)

names = st.lists(st.text("abcdef", min_size=1, max_size=3), unique=True, max_size=8)
policies: st.SearchStrategy[Policy] = st.sampled_from(["bandit", "faithful"])


def offered(requests: list[str], parents: list[str]) -> Candidates:
    return Candidates([OpenRequest(f"r{name}") for name in requests], [Parent(f"l{name}") for name in parents])


def drive(plan: Plan, offers: Candidates, seed: int, deaths: float = 0.0) -> list[Action]:
    """Runs a plan to its end, returning workers in random order, and checks the limits on the way.

    With a probability a worker dies instead; then its action is not done.
    """
    source, running, done = random.Random(seed), [], []
    while True:
        plan, action = choose(plan, offers, source.random())
        if action is not None:
            if action.kind != "prove":
                assert action.target not in {other.target for other in running if other.kind == action.kind}
            running.append(action)
            assert len(running) <= plan.workers
            continue
        if not running:
            assert not plan.taken
            return done
        ended = running.pop(source.randrange(len(running)))
        if source.random() < deaths:
            plan = again(plan, ended)
            continue
        plan = finish(plan, ended)
        done.append(ended)


@given(
    due=names,
    signatures=names,
    fresh=names,
    requests=names,
    parents=names,
    workers=st.integers(1, 4),
    steps=st.tuples(st.integers(0, 5), st.integers(0, 5)),
    policy=policies,
    seed=st.integers(0, 1000),
    deaths=st.sampled_from([0.0, 0.5]),
)
def test_a_round_ends_and_does_what_is_due_exactly_once(
    due: list[str],
    signatures: list[str],
    fresh: list[str],
    requests: list[str],
    parents: list[str],
    workers: int,
    steps: tuple[int, int],
    policy: Policy,
    seed: int,
    deaths: float,
) -> None:
    unseen = tuple(f"fresh {name}" for name in fresh)
    plan = Plan(tuple(due), tuple(signatures), *steps, 0.7, workers, policy, fresh=unseen)
    actions = drive(plan, offered(requests, parents), seed, deaths)
    assert sorted(a.target for a in actions if a.operator == "conjecture") == sorted(unseen)
    assert sorted(a.target for a in actions if a.kind == "prove") == sorted(due)
    explored = [a.target for a in actions if a.operator == "exploration"]
    assert sorted(explored) == (sorted(signatures) if policy == "bandit" else [])
    automatic = [a.target for a in actions if a.kind == "solve_request" and not a.use_model]
    assert len(automatic) == len(set(automatic))
    assert len(automatic) == (min(steps[0], len(requests)) if policy == "bandit" else 0)
    asked = [a for a in actions if a.use_model and a.kind != "prove"]
    assert len(asked) == (steps[1] if requests or parents else 0)


def test_one_worker_is_kept_for_evolution_while_problems_wait() -> None:
    plan = Plan(("p", "q", "r"), (), 1, 0, 0.7, workers=2)
    plan, first = choose(plan, offered(["1"], []), 0.5)
    plan, second = choose(plan, offered(["1"], []), 0.5)
    assert [action.kind for action in (first, second) if action is not None] == ["prove", "solve_request"]


def test_as_many_workers_evolve_as_are_kept_for_it() -> None:
    plan = Plan(("p", "q", "r"), (), 2, 0, 0.7, workers=4, evolvers=2)
    kinds = list[str]()
    while (choice := choose(plan, offered(["1", "2"], []), 0.5)).action is not None:
        kinds.append(choice.action.kind)
        plan = choice.plan
    assert kinds == ["prove", "prove", "solve_request", "solve_request"]


def test_signatures_are_explored_once_every_problem_had_its_attempt_and_before_anything_is_asked() -> None:
    plan = Plan(("p", "q"), ("s",), 1, 0, 0.7, workers=3, fresh=("t",))
    kinds = list[tuple[str, str]]()
    while (choice := choose(plan, Candidates(), 0.5)).action is not None:
        kinds.append((choice.action.operator, choice.action.target))
        plan = choice.plan
    assert kinds == [("prove", "p"), ("prove", "q"), ("conjecture", "t")]
    _, after = choose(finish(plan, Action("explore", "t", "conjecture")), offered(["1"], []), 0.5)
    assert after is not None
    assert (after.kind, after.target) in {("solve_request", "r1"), ("explore", "s")}


def test_a_signature_that_a_worker_explores_is_not_given_to_another_one() -> None:
    plan = Plan((), ("s", "t", "s"), 0, 0, 0.7, workers=3, fresh=("s",))
    plan, first = choose(plan, Candidates(), 0.5)
    plan, second = choose(plan, Candidates(), 0.5)
    assert [a.target for a in (first, second) if a] == ["s", "t"]
    assert choose(plan, Candidates(), 0.5).action is None
    assert first is not None
    plan, third = choose(finish(plan, first), Candidates(), 0.5)
    assert third is not None
    assert third == Action("explore", "s", "exploration")
    plan, last = choose(finish(plan, third), Candidates(), 0.5)
    assert last == Action("explore", "s", "exploration")
    assert not plan.signatures


def test_a_model_has_its_share_of_the_cpu_seconds_or_of_the_proofs() -> None:
    settings = RunSettings.model_validate({"model": {"cpu_share": 0.1}})
    assert asks_model(settings, Candidates(), 0.0, 0.0)
    assert [asks_model(settings, Candidates(proved=40), seconds, 200.0) for seconds in (20.0, 21.0)] == [True, False]
    paying = Candidates(proved=40, by_model=10)
    assert [asks_model(settings, paying, seconds, 200.0) for seconds in (50.0, 51.0)] == [True, False]
    unlimited = RunSettings.model_validate({"model": {"cpu_share": 1}})
    assert asks_model(unlimited, Candidates(proved=40), 199.0, 200.0)


@pytest.mark.parametrize("policy", ["bandit", "faithful"])
def test_only_the_papers_policy_asks_a_model_beyond_its_share(policy: Policy) -> None:
    plan, offers = Plan(("p",), (), 0, 3, 0.7, workers=3, policy=policy), offered(["1"], ["1"])
    plan, first = choose(plan, offers, 0.5, model=False)
    assert first == Action("prove", "p", "prove", use_model=policy == "faithful")
    after, second = choose(plan, offers, 0.5, model=False)
    assert (second is None, after.model_steps) == ((True, 3) if policy == "bandit" else (False, 2))
    assert choose(plan, offers, 0.5).action is not None


@pytest.mark.parametrize("policy", ["bandit", "faithful"])
def test_the_same_draws_give_the_same_actions(policy: Policy) -> None:
    plan, offers = Plan(("p", "q"), ("s",), 3, 3, 0.5, 2, policy), offered(["1", "2"], ["1", "2", "3"])
    assert drive(plan, offers, 7) == drive(plan, offers, 7)


# ------------------------------------------------------------------------------------------------------------ faithful


def test_the_faithful_mix_is_the_papers() -> None:
    source, plan = random.Random(0), Plan((), (), 0, 1, 0.7, 1, "faithful")
    drawn = Counter[str]()
    for _ in range(4000):
        _, action = choose(plan, offered(["1"], ["1"]), source.random())
        assert action is not None
        drawn[action.operator] += 1
    assert drawn["solve_request"] / 4000 == pytest.approx(0.7, abs=0.03)
    assert all(drawn[direction] / 4000 == pytest.approx(0.075, abs=0.02) for direction in DIRECTIONS)


def test_faithful_takes_what_was_updated_least() -> None:
    plan = Plan((), (), 0, 1, 0.7, 1, "faithful")
    offers = Candidates(
        [OpenRequest("often", tries=3), OpenRequest("once", tries=1)],
        [Parent("old", Record(2)), Parent("new"), Parent("newer")],
    )
    assert [choose(plan, offers, draw).action for draw in (0.1, 0.9)] == [
        Action("solve_request", "once", "solve_request", use_model=True),
        Action("evolve", "new", DIRECTIONS[2], use_model=True),
    ]


@pytest.mark.parametrize("policy", ["bandit", "faithful"])
def test_every_lemma_gets_its_turn(policy: Policy) -> None:
    """Also when one of them pays and the others do not."""
    records = {f"l{number}": Record() for number in range(6)}
    plan, source = Plan((), (), 0, 120, 0.0, 1, policy), random.Random(1)
    while True:
        offers = Candidates((), [Parent(name, record) for name, record in records.items()])
        plan, action = choose(plan, offers, source.random())
        if action is None:
            break
        steps, new, used, seconds = records[action.target]
        records[action.target] = Record(steps + 1, new + (action.target == "l3"), used, seconds + 2.0)
        plan = finish(plan, action)
    tried = {name: record.steps for name, record in records.items()}
    assert sum(tried.values()) == 120
    assert min(tried.values()) >= 3
    if policy == "bandit":
        assert tried["l3"] > 2 * max(count for name, count in tried.items() if name != "l3")
    else:
        assert set(tried.values()) == {20}


# -------------------------------------------------------------------------------------------------------------- bandit


def test_the_bandit_learns_which_arm_pays_for_its_seconds() -> None:
    """Two ways in which requests come about, equally often answered, one at a fifth of the cost."""
    pays = {"surgery": Record(1, 1, 0, 2.0), "decomposer": Record(1, 1, 0, 10.0)}
    arms = {arm_of("solve_request", name, use_model=False): Record() for name in pays}
    plan, source, drawn = Plan((), (), 400, 0, 0.7, 1), random.Random(2), Counter[str]()
    for step in range(400):
        offers = Candidates([OpenRequest(f"{name} {step}", name) for name in pays], (), arms)
        plan, action = choose(plan, offers, source.random())
        assert action is not None
        name = action.target.split()[0]
        drawn[name] += 1
        arm = arm_of("solve_request", name, use_model=False)
        steps, new, used, seconds = arms[arm]
        arms[arm] = Record(steps + 1, new + 1, used, seconds + pays[name].seconds)
        plan = finish(plan, action)
    assert drawn["decomposer"] >= 1
    assert drawn["surgery"] > 4 * drawn["decomposer"]


def test_a_lemma_that_is_used_later_pays_more_than_one_that_is_only_new() -> None:
    quiet, rested_on = Record(4, 4, 0, 8.0), Record(4, 4, 3, 8.0)
    assert best_parent([Parent("quiet", quiet), Parent("rested on", rested_on)]) == "rested on"
    assert drawn_rate(rested_on, PRIORS["model"], 0.5) > drawn_rate(quiet, PRIORS["model"], 0.5)


@given(
    st.builds(Record, st.integers(0, 50), st.integers(0, 50), st.integers(0, 9), st.floats(0.0, 500.0)),
    st.floats(0.0, 1.0, exclude_max=True),
    st.floats(0.0, 1.0, exclude_max=True),
)
def test_a_drawn_rate_is_a_quantile(record: Record, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert 0.0 <= drawn_rate(record, PRIORS["exploration"], low) <= drawn_rate(record, PRIORS["exploration"], high)


def test_the_median_draw_comes_close_to_the_observed_rate() -> None:
    assert drawn_rate(Record(500, 900, 0, 300.0), PRIORS["exploration"], 0.5) == pytest.approx(3.0, rel=0.05)


def test_requests_that_many_ask_for_come_first_and_wait_a_round_after_automation_failed() -> None:
    wanted = [OpenRequest("nobody", asked_by=0), OpenRequest("few"), OpenRequest("many", asked_by=3)]
    offers = Candidates([*wanted, OpenRequest("tried", asked_by=9, tries=1)])
    plan, order = Plan((), (), 9, 0, 0.7, 1), list[str]()
    while (choice := choose(plan, offers, 0.3)).action is not None:
        order.append(choice.action.target)
        plan = finish(choice.plan, choice.action)
    assert order == ["many", "few", "tried", "nobody"]
    again = choose(replace(plan, tried=frozenset()), offers, 0.3).action
    assert again is not None
    assert again.target == "many"


def test_the_bandit_tries_each_direction() -> None:
    source = random.Random(3)
    plan = Plan((), (), 0, 1, 0.7, 1)
    actions = [choose(plan, offered([], ["1"]), source.random()).action for _ in range(100)]
    assert {action.operator for action in actions if action is not None} == set(DIRECTIONS)


def test_an_attempt_without_lemmas_is_short_while_rounds_follow() -> None:
    settings = RunSettings.model_validate({"rounds": 3, "prove": {"cpu_seconds": 10}})
    assert [attempt_seconds(settings, number, with_lemmas=False) for number in (1, 2, 3)] == [1, 1, 20]


def test_each_round_from_the_third_on_has_more_time_for_an_attempt_than_the_one_before() -> None:
    settings = RunSettings.model_validate({"rounds": 8, "prove": {"cpu_seconds": 10}})
    seconds = [attempt_seconds(settings, number, with_lemmas=True) for number in range(1, 8)]
    assert seconds == [10, 10, 20, 40, 80, 80, 80]
