"""What a comparison takes from one run: its snapshot tables and its `config.yaml`, nothing else (design, invariant 7).

A problem counts as solved when the step that proved it ended within the budget of CPU seconds; steps that were under
way when the budget was spent are listed apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from domain import UserError
from library_store.analysis import counts, needs, origins, reuse, solved_at
from library_store.rows import event_from_row
from library_store.schema import SPENT
from library_store.snapshot import read
from library_store.tables import Tables


@dataclass(frozen=True)
class Measures:
    """One run of an arm. Times are CPU seconds of the whole process tree."""

    arm: str
    seed: int
    rounds: int
    budget: float
    charged: float
    """What the run had been charged for when its last step had ended."""
    started: float
    """The part of it that went by before the first step: engine start and reading the problems."""
    whole: float
    """What was spent in truth, the closing recheck of the library and explorations free of charge included."""
    problems: tuple[str, ...]
    clusters: Mapping[str, str]
    solved: Mapping[str, float]
    """Problem → when it was solved, within the budget."""
    late: tuple[str, ...]
    """Problems solved by steps that ended after the budget; not counted."""
    with_lemmas: tuple[str, ...]
    """Solved problems whose minimised proof needs a library lemma."""
    with_foreign: tuple[str, ...]
    """… a lemma that no attempt at or exploration for this problem made."""
    with_other_cluster: tuple[str, ...]
    """… a lemma that comes from no problem of its cluster."""
    stating: tuple[str, ...]
    """Lemmas that say what a problem says, up to names, order and the sides of an equation: their statements."""
    with_stating: tuple[str, ...]
    """Solved problems whose minimised proof needs one of these."""
    funnel: Mapping[str, int]
    """Different pairs of a problem and a lemma: `retrieved`, `mentioned` in the proof text found, `used`."""
    counts: Mapping[str, float]
    code_version: str

    @property
    def unspent(self) -> float:
        return max(0.0, self.budget - self.charged)


def measure(directory: Path, arm: str) -> Measures:
    """The measures of a finished run.

    Raises:
        UserError: `directory` is no run directory.
    """
    tables = read(directory)
    settings = _settings(directory)
    budget = float(settings["cpu_seconds"])
    events = [event_from_row(row) for row in tables.rows("events")]
    spent = [event.detail["cpu_seconds"] for event in events if event.kind == SPENT]
    told: dict[str, list[str]] = next((dict(e.detail) for e in events if e.kind == "statements"), {})
    clusters = {name: told[name][0] if name in told else name for name in tables.problems}
    times = solved_at(tables)
    proved = {name: times.get(name, 0.0) for name, state in tables.problems.items() if state.status == "proved"}
    solved = {name: at for name, at in sorted(proved.items(), key=lambda one: one[1]) if at <= budget}
    needed = {name: lemmas for name, lemmas in needs(tables).items() if name in solved}
    use, where_from = reuse(tables), origins(tables)
    keys = {key for _, key in told.values()}
    stating = {lemma.id: lemma.statement for lemma in tables.lemmas.values() if lemma.dedup_key in keys}

    def comes_from_elsewhere(lemma: str, cluster: str) -> bool:
        return all(clusters.get(origin) != cluster for origin in where_from[lemma])

    return Measures(
        arm=arm,
        seed=int(settings["seed"]),
        rounds=tables.round,
        budget=budget,
        charged=spent[-1] if spent else 0.0,
        started=spent[0] if spent else 0.0,
        whole=counts(tables)["cpu_seconds"],
        problems=tuple(tables.problems),
        clusters=clusters,
        solved=solved,
        late=tuple(name for name in proved if name not in solved),
        with_lemmas=tuple(name for name, lemmas in needed.items() if lemmas),
        with_foreign=tuple(name for name in needed if name in use.solved_with_library),
        with_other_cluster=tuple(
            name
            for name, lemmas in needed.items()
            if any(comes_from_elsewhere(lemma, clusters[name]) for lemma in lemmas)
        ),
        stating=tuple(stating.values()),
        with_stating=tuple(name for name, lemmas in needed.items() if not stating.keys().isdisjoint(lemmas)),
        funnel=_funnel(tables),
        counts=tables.manifests[-1].counts,
        code_version=tables.manifests[-1].code_version,
    )


def _settings(directory: Path) -> dict[str, Any]:
    file = directory / "config.yaml"
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))["settings"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise UserError(f"{file}: missing or damaged: give a run directory, with its config.yaml") from error


def _funnel(tables: Tables) -> dict[str, int]:
    pairs: Counter[str] = Counter()
    seen: set[tuple[str, str, str]] = set()
    for row in tables.rows("edges"):
        kind = "used" if row["kind"] == "proof_uses" and row["confirmed"] else row["kind"]
        pair = (kind, row["source"], row["target"])
        if row["source"] in tables.problems and pair not in seen:
            seen.add(pair)
            pairs[kind] += 1
    return {kind: pairs[kind] for kind in ("retrieved", "mentioned", "used")}
