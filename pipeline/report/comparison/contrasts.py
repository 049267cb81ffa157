"""Arms against each other: differences paired by seed, with intervals and p values where runs allow them.

Invariants (docs/compare.md): one primary hypothesis, the p values of all other contrasts corrected together; from one
seed no interval over runs is given, and the comparison says so; a null result is told like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import mean
from typing import Any

from pipeline.report.comparison.arms import ARMS, PRIMARY
from pipeline.report.comparison.measures import Measures
from pipeline.report.comparison.statistics import (
    Interval,
    area,
    cluster_interval,
    holm,
    permutation_p,
    run_interval,
    seconds_to_reach,
)


@dataclass(frozen=True)
class Contrast:
    """`arm` minus `other` over the seeds that both have."""

    arm: str
    other: str
    seeds: tuple[int, ...]
    differences: tuple[int, ...]
    """In solved problems, one for each seed."""
    mean: float
    interval: Interval | None
    """Of the mean, over runs."""
    cluster_interval: Interval | None
    """Of the mean, over runs and then clusters of problems."""
    p: float | None
    p_corrected: float | None
    """Holm's, among the secondary contrasts; the primary one is not corrected."""
    area: float
    """Mean difference of the areas under solved against CPU seconds, as a share of everything solved at once."""
    reached_after: tuple[float | None, ...]
    """CPU seconds after which `arm` had solved as many as `other` did in the end, one for each seed; None for never."""
    gained: Mapping[str, int]
    """Problem → in how many seeds `arm` solved it and `other` did not."""
    lost: Mapping[str, int]


@dataclass(frozen=True)
class Comparison:
    runs: tuple[Measures, ...]
    contrasts: tuple[Contrast, ...]
    """The primary one first, if both of its arms are there."""
    notes: tuple[str, ...]

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(run.arm for run in self.runs))

    def of(self, arm: str) -> list[Measures]:
        return [run for run in self.runs if run.arm == arm]


def compare_runs(runs: Sequence[Measures]) -> Comparison:
    """The comparison of all runs of all arms with the first arm; `shared` is first where it is there."""
    names = list(dict.fromkeys(run.arm for run in runs))
    first = PRIMARY[0] if PRIMARY[0] in names else names[0]
    others = sorted((name for name in names if name != first), key=lambda name: name != PRIMARY[1])
    found = [contrast(runs, first, other) for other in others]
    secondary = {one.other: one.p for one in found if (one.arm, one.other) != PRIMARY}
    corrected = holm(secondary)
    found = [replace(one, p_corrected=corrected.get(one.other)) for one in found]
    return Comparison(tuple(runs), tuple(found), tuple(_notes(runs, found)))


def contrast(runs: Sequence[Measures], arm: str, other: str) -> Contrast:
    """One arm minus another."""
    left, right = ({run.seed: run for run in runs if run.arm == name} for name in (arm, other))
    seeds = sorted(left.keys() & right.keys())
    pairs = [(left[seed], right[seed]) for seed in seeds]
    differences = [len(a.solved) - len(b.solved) for a, b in pairs]
    gained: Counter[str] = Counter(name for a, b in pairs for name in a.solved.keys() - b.solved.keys())
    lost: Counter[str] = Counter(name for a, b in pairs for name in b.solved.keys() - a.solved.keys())
    areas = [_area(a) - _area(b) for a, b in pairs]
    return Contrast(
        arm=arm,
        other=other,
        seeds=tuple(seeds),
        differences=tuple(differences),
        mean=mean(differences) if differences else 0.0,
        interval=run_interval(differences),
        cluster_interval=cluster_interval(_by_cluster(pairs)) if pairs else None,
        p=permutation_p(differences),
        p_corrected=None,
        area=mean(areas) if areas else 0.0,
        reached_after=tuple(seconds_to_reach(list(a.solved.values()), len(b.solved)) for a, b in pairs),
        gained=dict(sorted(gained.items(), key=lambda one: (-one[1], one[0]))),
        lost=dict(sorted(lost.items(), key=lambda one: (-one[1], one[0]))),
    )


def _area(run: Measures) -> float:
    return area(list(run.solved.values()), run.budget, len(run.problems))


def _by_cluster(pairs: Sequence[tuple[Measures, Measures]]) -> list[list[float]]:
    clusters = sorted(set(pairs[0][0].clusters.values()))
    rows: list[list[float]] = []
    for a, b in pairs:
        more = Counter(a.clusters[name] for name in a.solved)
        fewer = Counter(a.clusters.get(name, name) for name in b.solved)
        rows.append([float(more[cluster] - fewer[cluster]) for cluster in clusters])
    return rows


# -------------------------------------------------------------------------------------------------------- in words


def says(one: Contrast) -> str:
    """A contrast in one line."""
    parts = [f"{one.mean:+.1f} problems"]
    if one.interval is not None:
        parts.append(f"95 % interval over {len(one.seeds)} runs {one.interval.low:+.1f} to {one.interval.high:+.1f}")
    if one.p is not None:
        parts.append(f"p = {one.p:.3f}" + (f", corrected {one.p_corrected:.3f}" if one.p_corrected is not None else ""))
    if len(one.seeds) == 1:
        parts.append("one seed: no interval over runs can be given")
    if not one.seeds:
        return f"{one.arm} − {one.other}: no seed was run in both arms"
    return f"{one.arm} − {one.other}: {'; '.join(parts)}"


def _notes(runs: Sequence[Measures], contrasts: Sequence[Contrast]) -> list[str]:
    notes: list[str] = []
    seeds = {run.seed for run in runs}
    if len(seeds) == 1:
        notes.append("One seed: no interval over runs can be given, and no difference can be told from chance.")
    elif len(seeds) < 6:
        least = 2.0 ** (1 - len(seeds))
        notes.append(f"With {len(seeds)} seeds a two-sided permutation test cannot give less than p = {least:.3f}.")
    for one in contrasts:
        if one.seeds and one.mean <= 0:
            better = "no more problems than" if one.mean == 0 else "fewer problems than"
            notes.append(f"{one.arm} solved {better} {one.other}, on average.")
    if len({run.budget for run in runs}) > 1:
        notes.append("The runs do not have the same budget: differences are not those of the arms alone.")
    if len({frozenset(run.problems) for run in runs}) > 1:
        notes.append("The runs do not have the same problems.")
    late = sum(len(run.late) for run in runs)
    if late:
        notes.append(f"{late} proofs were found by steps that ended after the budget: they are not counted.")
    return notes


# ------------------------------------------------------------------------------------------------ as plain values


def as_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison for machines: runs, contrasts, and solved by problem and by cluster."""
    runs = comparison.runs
    return {
        "primary": " − ".join(PRIMARY),
        "arms": {name: ARMS[name].says for name in comparison.arms if name in ARMS},
        "notes": list(comparison.notes),
        "contrasts": [asdict(one) | {"says": says(one)} for one in comparison.contrasts],
        "runs": [
            {
                "arm": run.arm,
                "seed": run.seed,
                "problems": len(run.problems),
                "solved": len(run.solved),
                "late": list(run.late),
                "clusters": len(set(run.clusters.values())),
                "clusters_with_a_solved_problem": len({run.clusters[name] for name in run.solved}),
                "area": _area(run),
                "budget": run.budget,
                "charged": run.charged,
                "unspent": run.unspent,
                "before_first_step": run.started,
                "cpu_seconds_whole": run.whole,
                "rounds": run.rounds,
                "lemmas": run.counts["lemmas"],
                "tokens": run.counts["tokens"],
                "solved_needing_a_lemma": list(run.with_lemmas),
                "solved_needing_a_lemma_of_another_problem": list(run.with_foreign),
                "solved_needing_a_lemma_of_another_cluster": list(run.with_other_cluster),
                "lemmas_that_state_a_problem": list(run.stating),
                "solved_needing_a_lemma_that_states_a_problem": list(run.with_stating),
                "funnel": dict(run.funnel),
                "solved_at": dict(run.solved),
                "code_version": run.code_version,
            }
            for run in runs
        ],
        "by_problem": by_problem(comparison),
        "by_cluster": by_cluster(comparison),
    }


def by_problem(comparison: Comparison) -> dict[str, dict[str, int]]:
    """In how many seeds each arm solved each problem."""
    names = dict.fromkeys(name for run in comparison.runs for name in run.problems)
    return {
        name: {arm: sum(name in run.solved for run in comparison.of(arm)) for arm in comparison.arms} for name in names
    }


def by_cluster(comparison: Comparison) -> dict[str, dict[str, Any]]:
    """The members of each cluster, and how many of them each arm solved on average."""
    members: dict[str, list[str]] = {}
    for name, cluster in comparison.runs[0].clusters.items():
        members.setdefault(cluster, []).append(name)
    return {
        cluster: {
            "problems": names,
            "solved": {
                arm: mean(sum(name in run.solved for name in names) for run in comparison.of(arm))
                for arm in comparison.arms
            },
        }
        for cluster, names in members.items()
    }


def rows(comparison: Comparison) -> list[dict[str, Any]]:
    """One row for each arm, seed and problem."""
    return [
        {
            "arm": run.arm,
            "seed": run.seed,
            "problem": name,
            "cluster": run.clusters[name],
            "solved": name in run.solved,
            "cpu_seconds": run.solved.get(name),
            "needs_a_lemma": name in run.with_lemmas,
            "needs_a_lemma_of_another_problem": name in run.with_foreign,
            "needs_a_lemma_of_another_cluster": name in run.with_other_cluster,
            "needs_a_lemma_that_states_a_problem": name in run.with_stating,
        }
        for run in comparison.runs
        for name in run.problems
    ]
