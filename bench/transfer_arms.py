"""Arms of `transfer.py`: what came of their runs, in which strata, and how they differ.

A stratum says how many of a problem's functions a library can speak of: the function definitions that its statement
reaches, directly or through other definitions (datatypes apart; a group of mutually recursive ones counts as one; ids
are by content, so names do not matter and small helpers without recursion are inlined where they are called), and of
these the ones that the statement of some problem reaches that was learned on, solved or not.

Differences are paired by problem: McNemar's exact test, and an interval by resampling clusters. The library of a frozen
arm is fixed, so its problems are independent but for what they have in common; where an arm learns they share what it
learned, and its p values say no more than how uneven the discordant pairs are. `frozen − none` over all problems is the
primary contrast; the p values of the others are corrected together (Holm). Solved means within the budget. A problem
needs a lemma of the library if its minimised proof does; it rests on one if a lemma that it needs does, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bench.script import Row
from domain import Elaboration, Lemma, UserError
from library_store.analysis import counts, needs
from library_store.snapshot import read
from library_store.tables import Tables
from pipeline.loop.clusters import open_problem, relation
from pipeline.report.comparison.contrasts import contrast
from pipeline.report.comparison.measures import Measures, measure
from pipeline.report.comparison.statistics import holm, mcnemar_p

Stratum = Literal["all", "some", "none"]

STRATA: Mapping[Stratum, str] = {
    "all": "all functions known",
    "some": "some functions known",
    "none": "no function known",
}


class Arm(NamedTuple):
    """Whether a run begins with the library, and whether it learns."""

    library: bool
    learns: bool


ARMS = {"none": Arm(False, False), "frozen": Arm(True, False), "alone": Arm(False, True), "learning": Arm(True, True)}

CONTRASTS = (("frozen", "none"), ("learning", "alone"), ("learning", "frozen"), ("alone", "none"))
"""An arm minus another; the first is the primary contrast."""

EVERY = "all problems"
"""The group that the primary contrast is about."""


# ------------------------------------------------------------------------------------------------------------ strata


def functions_of(elaboration: Elaboration) -> frozenset[str]:
    """Ids of the function definitions that a statement reaches."""
    functions = {one.id for one in elaboration.definitions if one.kind == "function"}
    return frozenset(functions & set(elaboration.reached))


def functions_learned_on(tables: Iterable[Tables]) -> frozenset[str]:
    """Ids of the function definitions that the statements of the problems of runs reach."""
    found: set[str] = set()
    for one in tables:
        reached = {name for state in one.problems.values() for name in state.definition_ids}
        found |= {name for name in reached if one.definitions[name].kind == "function"}
    return frozenset(found)


def stratum(functions: Collection[str], known: Collection[str]) -> Stratum:
    """How many of a problem's functions are known; `all` for a problem that has none."""
    there = sum(one in known for one in functions)
    return "all" if there == len(functions) else "some" if there else "none"


# -------------------------------------------------------------------------------------------------------- an arm's run


class Run(NamedTuple):
    """What came of an arm."""

    measures: Measures
    library: Sequence[Lemma]
    """The lemmas with which it began, as they were admitted."""
    learned: int
    """Lemmas that it made itself."""
    needs: Mapping[str, tuple[str, ...]]
    """Solved problem → the lemmas of the library that its minimised proof needs: their statements."""
    rests: tuple[str, ...]
    """Solved problems whose proofs rest on one, through lemmas that the run made or directly."""
    refuted: tuple[str, ...]
    cpu_seconds: float
    """Of the whole run, what is not charged to its budget included."""


def look_at(directory: Path, name: str) -> Run:
    """What came of a finished run.

    Raises:
        UserError: it was to learn nothing, and has lemmas of its own.
    """
    tables, measures = read(directory), measure(directory, name)
    library = {one.id: one for one in tables.lemmas.values() if one.round == 0}
    learned = len(tables.lemmas) - len(library)
    if learned and not ARMS[name].learns:
        raise UserError(f"{directory} is not frozen: it has {learned} lemmas of its own")
    needed = {name: lemmas for name, lemmas in needs(tables).items() if name in measures.solved}
    direct = {name: [one for one in lemmas if one in library] for name, lemmas in needed.items()}
    return Run(
        measures=measures,
        library=tuple(library.values()),
        learned=learned,
        needs={name: tuple(library[one].statement for one in lemmas) for name, lemmas in direct.items() if lemmas},
        rests=tuple(name for name, lemmas in needed.items() if not library.keys().isdisjoint(_closure(tables, lemmas))),
        refuted=tuple(name for name, state in tables.problems.items() if state.status == "refuted"),
        cpu_seconds=counts(tables)["cpu_seconds"],
    )


def _closure(tables: Tables, lemmas: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(lemmas)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += tables.lemmas[one].uses
    return found


# -------------------------------------------------------------------------------------------- problems in all arms


def describe(name: str, elaboration: Elaboration, known: Collection[str], runs: Mapping[str, Run]) -> Row:
    """A row of the result: what a problem has to do with the library, and what each arm made of it."""
    functions = functions_of(elaboration)
    began = next((run.library for arm, run in runs.items() if ARMS[arm].library), ())
    over = {definition.id for definition in elaboration.definitions}
    visible = [one for one in began if one.prelude_id == elaboration.prelude_id and over.issuperset(one.definition_ids)]
    opened = open_problem(elaboration.statement)
    near = (relation(opened, open_problem(one.term)) for one in visible)
    return {
        "problem": name,
        "stratum": stratum(functions, known),
        "functions": len(functions),
        "known_functions": len(functions.intersection(known)),
        "visible_lemmas": len(visible),
        "follows_from_a_lemma_by": next((one for one in near if one), None),
        "solved_at": {arm: run.measures.solved.get(name) for arm, run in runs.items()},
        "needs": {arm: list(run.needs[name]) for arm, run in runs.items() if name in run.needs},
        "rests_on_the_library": [arm for arm, run in runs.items() if name in run.rests],
        "refuted": [arm for arm, run in runs.items() if name in run.refuted],
    }


def groups(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The problems of each group that differences are told for; the groups overlap."""
    found: dict[str, list[str]] = {EVERY: [row["problem"] for row in rows]}
    for name, group in STRATA.items():
        found[group] = [row["problem"] for row in rows if row["stratum"] == name]
    found["a lemma is visible"] = [row["problem"] for row in rows if row["visible_lemmas"]]
    found["no lemma is one step away"] = [row["problem"] for row in rows if not row["follows_from_a_lemma_by"]]
    return found


def restricted(run: Measures, names: Collection[str]) -> Measures:
    """The same run, of these problems alone."""
    return replace(
        run,
        problems=tuple(name for name in run.problems if name in names),
        clusters={name: cluster for name, cluster in run.clusters.items() if name in names},
        solved={name: at for name, at in run.solved.items() if name in names},
    )


def differences(runs: Mapping[str, Measures], members: Mapping[str, Collection[str]]) -> list[Row]:
    """Every contrast of arms that were run, in every group."""
    found: list[Row] = []
    for group, names in members.items():
        part = [restricted(run, names) for run in runs.values()]
        for arm, other in CONTRASTS:
            if arm in runs and other in runs:
                one = contrast(part, arm, other)
                told: Row = {"group": group, "arm": arm, "other": other, "problems": len(names)}
                told |= {"difference": one.differences[0], "gained": list(one.gained), "lost": list(one.lost)}
                told |= {"cluster_interval": one.cluster_interval, "p": mcnemar_p(len(one.gained), len(one.lost))}
                found.append(told)
    primary = [one for one in found if (one["group"], one["arm"], one["other"]) == (EVERY, *CONTRASTS[0])]
    corrected = holm({str(at): one["p"] for at, one in enumerate(found) if one not in primary})
    return [one | {"p_corrected": corrected.get(str(at))} for at, one in enumerate(found)]


def as_json(run: Run) -> dict[str, Any]:
    """An arm in numbers."""
    told = run.measures
    return {
        "solved": len(told.solved),
        "late": list(told.late),
        "refuted": list(run.refuted),
        "solved_needing_the_library": len(run.needs),
        "solved_resting_on_the_library": len(run.rests),
        "lemmas_of_the_library_taken": len(run.library),
        "lemmas_learned": run.learned,
        "rounds": told.rounds,
        "budget": told.budget,
        "charged": round(told.charged, 1),
        "before_first_step": round(told.started, 1),
        "cpu_seconds_whole": round(run.cpu_seconds, 1),
    }


def count(names: Sequence[str], runs: Mapping[str, Run]) -> dict[str, Any]:
    """A group in numbers."""
    return {
        "problems": len(names),
        "solved": {arm: sum(name in run.measures.solved for name in names) for arm, run in runs.items()},
        "needing_the_library": {arm: sum(name in run.needs for name in names) for arm, run in runs.items()},
        "resting_on_the_library": {arm: sum(name in run.rests for name in names) for arm, run in runs.items()},
    }
