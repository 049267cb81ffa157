"""Comparisons: arms as settings, statistics against known values, and what is said of differences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from domain import UserError
from library_store.snapshot import read
from pipeline import config, typed_yaml
from pipeline.__main__ import main
from pipeline.config import RunSettings
from pipeline.loop.budget import evolved_until
from pipeline.loop.scheduler import Plan, only_prove
from pipeline.report.comparison.arms import ARMS, FAITHFUL, settings_of
from pipeline.report.comparison.contrasts import as_json, compare_runs, rows, says
from pipeline.report.comparison.measures import Measures
from pipeline.report.comparison.page import render
from pipeline.report.comparison.statistics import (
    area,
    cluster_interval,
    holm,
    mcnemar_p,
    permutation_p,
    run_interval,
    seconds_to_reach,
)
from tests.pipeline.sample_run import build

BASE = config.resolve({"problems": [{"dataset": "bundled"}], "cpu_seconds": 100, "rounds": 3})


# ------------------------------------------------------------------------------------------------------------- arms


def differing(left: Any, right: Any, prefix: str = "") -> set[str]:
    """Dotted keys in which two trees of settings differ."""
    found: set[str] = set()
    for key in left:
        if isinstance(left[key], dict):
            found |= differing(left[key], right[key], f"{prefix}{key}.")
        elif left[key] != right[key]:
            found.add(f"{prefix}{key}")
    return found


def at(tree: Any, key: str) -> Any:
    for part in key.split("."):
        tree = tree[part]
    return tree


@pytest.mark.parametrize("name", ARMS)
def test_an_arm_changes_what_it_says_and_nothing_else(name: str) -> None:
    given = Path("lemmas.jsonl") if name == "given" else None
    base, changed = (yaml.safe_load(typed_yaml.dump(one)) for one in (BASE, settings_of(BASE, name, 7, given)))
    changes = dict(ARMS[name].changes) | ({"library": str(given)} if given else {})
    assert {key: at(changed, key) for key in changes} == changes
    assert differing(base, changed) == {"seed", *(key for key in changes if at(base, key) != changes[key])}


def test_the_faithful_arm_is_its_configuration_but_for_machine_and_budget() -> None:
    """Every setting of the file is the arm's too, unless it says how much of something there is."""
    file, base = config.read(FAITHFUL), settings_of(BASE, "faithful", 0)
    left = differing(*(yaml.safe_load(typed_yaml.dump(one)) for one in (file, base)))
    assert {key for key in left if not key.startswith(("model.", "verifiers.", "ray."))} == {
        *("rounds", "cpu_seconds", "problems", "prove.workers", "evolve.workers", "evolve.model_steps"),
        *("prove.candidate_cpu_seconds", "repair.step_cpu_seconds", "repair.cpu_seconds"),
    }
    assert base.evolve.policy == "faithful"
    assert base.prove.style == "blocks"


def test_the_faithful_arm_needs_a_model() -> None:
    alone = config.resolve({"model": {"kind": "none"}})
    with pytest.raises(UserError, match=r"arm faithful: .* model\.kind is none"):
        settings_of(alone, "faithful", 0)


def test_an_unknown_arm_is_named() -> None:
    with pytest.raises(UserError, match="did you mean isolated"):
        settings_of(BASE, "isolate", 0)


def test_the_given_arm_needs_a_file_and_no_other_library() -> None:
    with pytest.raises(UserError, match="arm given: --given FILE"):
        settings_of(BASE, "given", 0)
    with pytest.raises(UserError, match="has a `library` already"):
        settings_of(config.resolve({"library": "runs/earlier"}), "given", 0, Path("lemmas.jsonl"))


def test_nothing_given_can_be_hidden_from_all() -> None:
    with pytest.raises(UserError, match="library: "):
        config.resolve({"library": "runs/earlier", "retrieval": {"visibility": "isolated"}})


def test_evolution_leaves_attempts_at_the_open_problems_what_they_may_take_and_no_more() -> None:
    settings = RunSettings.model_validate({"cpu_seconds": 900})
    assert evolved_until(settings, 50, attempt=10.0, allowed=5.0) == pytest.approx(603)
    assert evolved_until(settings, 50, attempt=1.0, allowed=1.0) == 800
    assert evolved_until(settings, 2, attempt=10.0, allowed=5.0) == 860
    assert evolved_until(settings, 2, attempt=10.0, allowed=40.0) == 820


def test_a_plan_that_only_proves_keeps_its_problems() -> None:
    plan = Plan(("a", "b"), ("s",), 3, 2, 0.7, 2)
    assert only_prove(plan) == Plan(("a", "b"), (), 0, 0, 0.7, 2)


# ------------------------------------------------------------------------------------------------------- statistics


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1.0, 1.0, 1.0], 2 / 8),
        ([3.0, -1.0, 2.0], 4 / 8),
        ([0.0, 0.0], 1.0),
        ([5.0], None),
        ([2.0] * 5, 2 / 32),
    ],
)
def test_the_permutation_test_counts_sign_patterns(differences: list[float], p: float | None) -> None:
    assert permutation_p(differences) == (None if p is None else pytest.approx(p))


def test_many_pairs_are_sampled_and_near_the_exact_value() -> None:
    exact = permutation_p([1.0, 2.0, -1.0, 3.0] * 3)
    sampled = permutation_p([1.0, 2.0, -1.0, 3.0] * 3 + [0.0] * 4)  # zeros change nothing but the way of counting
    assert exact is not None
    assert sampled == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize(
    ("gained", "lost", "p"), [(0, 0, 1.0), (1, 0, 1.0), (6, 0, 2 / 64), (1, 5, 2 * 7 / 64), (3, 3, 1.0)]
)
def test_mcnemar_counts_how_uneven_discordant_pairs_are(gained: int, lost: int, p: float) -> None:
    assert mcnemar_p(gained, lost) == mcnemar_p(lost, gained) == pytest.approx(p)
    if gained + lost > 1:  # the permutation test of the same differences says the same
        assert permutation_p([1.0] * gained + [-1.0] * lost) == pytest.approx(p)


def test_an_interval_needs_two_runs_and_holds_the_mean() -> None:
    assert run_interval([4.0]) is None
    assert run_interval([2.0, 2.0, 2.0]) == (2.0, 2.0)
    interval = run_interval([1.0, 3.0, 2.0, 2.0, 4.0])
    assert interval is not None
    assert 1.0 <= interval.low < 2.4 < interval.high <= 4.0


def test_clusters_widen_an_interval() -> None:
    together = cluster_interval([[6.0, 0.0, 0.0, 0.0], [6.0, 0.0, 0.0, 0.0]])
    apart = cluster_interval([[2.0, 2.0, 1.0, 1.0], [2.0, 2.0, 1.0, 1.0]])
    assert together is not None
    assert apart is not None
    assert together.high - together.low > apart.high - apart.low
    assert together.low == 0.0  # a resample may leave the only cluster out that differs


def test_holm_steps_down() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": None}) == {
        "a": pytest.approx(0.03),
        "b": pytest.approx(0.06),
        "c": pytest.approx(0.06),
        "d": None,
    }
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}


def test_area_and_time_to_a_count() -> None:
    assert area([0.0, 50.0], 100.0, 2) == pytest.approx(0.75)
    assert area([150.0], 100.0, 1) == 0.0
    assert seconds_to_reach([30.0, 10.0, 20.0], 2) == 20.0
    assert seconds_to_reach([30.0], 2) is None
    assert seconds_to_reach([], 0) == 0.0


# -------------------------------------------------------------------------------------------------------- contrasts

PROBLEMS = ("p", "q", "r")


def run(arm: str, seed: int, **solved: float) -> Measures:
    return Measures(
        arm=arm,
        seed=seed,
        rounds=2,
        budget=100.0,
        charged=80.0,
        started=5.0,
        whole=90.0,
        problems=PROBLEMS,
        clusters={"p": "p", "q": "p", "r": "r"},
        solved=solved,
        late=(),
        with_lemmas=(),
        with_foreign=(),
        with_other_cluster=(),
        stating=(),
        with_stating=(),
        funnel={"retrieved": 3, "mentioned": 2, "used": 1},
        counts={"lemmas": 4, "tokens": 0},
        code_version="0",
    )


def test_one_seed_gives_no_interval_and_says_so() -> None:
    comparison = compare_runs([run("shared", 0, p=10.0, q=20.0), run("isolated", 0, p=30.0)])
    (primary,) = comparison.contrasts
    assert (primary.mean, primary.interval, primary.p) == (1, None, None)
    assert primary.reached_after == (10.0,)
    assert dict(primary.gained) == {"q": 1}
    assert "no interval over runs can be given" in says(primary)
    assert any(note.startswith("One seed") for note in comparison.notes)


def test_the_primary_contrast_is_first_and_not_corrected() -> None:
    runs = [
        *(run("plain", seed) for seed in range(3)),
        *(run("isolated", seed, p=40.0) for seed in range(3)),
        *(run("explore_once", seed, p=40.0, q=50.0) for seed in range(3)),
        *(run("shared", seed, p=10.0, q=20.0) for seed in range(3)),
    ]
    comparison = compare_runs(runs)
    assert [one.other for one in comparison.contrasts] == ["isolated", "plain", "explore_once"]
    primary, plain, once = comparison.contrasts
    assert (primary.p, primary.p_corrected) == (0.25, None)
    assert (plain.p, plain.p_corrected) == (0.25, 0.5)
    assert (once.mean, once.p_corrected) == (0, 1.0)
    assert "shared solved no more problems than explore_once, on average." in comparison.notes
    assert any("cannot give less than p = 0.250" in note for note in comparison.notes)


def test_seeds_of_one_arm_alone_are_not_paired() -> None:
    comparison = compare_runs([run("shared", 0, p=1.0), run("shared", 1, p=1.0), run("isolated", 1)])
    assert comparison.contrasts[0].seeds == (1,)


def test_a_comparison_is_told_by_problem_and_by_cluster() -> None:
    comparison = compare_runs([run("shared", 0, p=10.0, q=20.0), run("isolated", 0, p=30.0)])
    told = as_json(comparison)
    assert told["by_problem"] == {
        "p": {"shared": 1, "isolated": 1},
        "q": {"shared": 1, "isolated": 0},
        "r": {"shared": 0, "isolated": 0},
    }
    assert told["by_cluster"]["p"] == {"problems": ["p", "q"], "solved": {"shared": 2, "isolated": 1}}
    assert told["runs"][0]["unspent"] == 20.0
    assert len(rows(comparison)) == 6
    page = render(comparison, "sample")
    assert "shared − isolated: +1.0 problems" in page
    assert "http" not in page


def test_two_runs_are_told_apart_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [build(tmp_path / name, rounds=rounds) for name, rounds in (("before", 1), ("after", 3))]
    proved = [{name for name, state in read(run).problems.items() if state.status == "proved"} for run in runs]
    assert main(["compare", *map(str, runs)]) == 0
    first, second, both, gained, lost = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{runs[0]}: {len(proved[0])} of ")
    assert second.startswith(f"{runs[1]}: {len(proved[1])} of ")
    assert both == f"solved by both: {len(proved[0] & proved[1])}"
    names = gained.removeprefix(f"solved by the second alone ({len(proved[1] - proved[0])}): ").split(", ")
    assert set(names) == proved[1] - proved[0]
    assert lost == "solved by the first alone (0): –"
