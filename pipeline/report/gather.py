"""Computes the facts of a report from the snapshot tables alone (design, invariant 7).

Of events it reads when the run began, when an attempt ended, and from `detail` the last of each: `versions` (name to
version), `sandbox` (how it fell short) and `label`. A metric named `cpu_seconds` is measured over the whole process
tree; its parts and its rounds add up.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, cast

from domain import Lemma
from library_store.analysis import Reuse, counts, origins, reuse
from library_store.rows import event_from_row
from library_store.schema import ProblemState, Row
from library_store.tables import Tables
from pipeline.report.facts import (
    BY_MODEL,
    MODEL_OPERATORS,
    REPAIRED,
    SOURCES,
    STAGES,
    Facts,
    LemmaFacts,
    ProblemFacts,
    Solve,
    Solver,
    Source,
    SourceTotals,
)
from pipeline.report.summary import audited_only, unread
from term_algebra.display import Display

_PARTS = {"problem": "problems", "request": "requests", "evolve": "evolution"}
"""An attempt's kind to the part of a run that it belongs to."""


def gather(tables: Tables) -> Facts:
    """The facts of a run at the round that `tables` were read for."""
    attempts = tables.rows("attempts")
    by_id = {row["id"]: row for row in attempts}
    use = reuse(tables)
    problems = _problems(tables, attempts, use)
    lemmas = _lemmas(tables, use, by_id)
    manifest = tables.manifests[-1] if tables.manifests else None
    note = _notes(tables)
    rounds = tuple(range(1, tables.round + 1))
    imported = any(lemma.round < 1 for lemma in tables.lemmas.values())
    growth_rounds = (0, *rounds) if imported else rounds
    solves, ends = _solves(tables, problems, attempts, rounds)
    metrics = [row for row in tables.rows("metrics") if row["name"] == "cpu_seconds"]
    cpu = _total((row["part"] or "all", row["value"]) for row in metrics)
    of_attempts = _total((_part(row), row["cpu_seconds"]) for row in attempts)
    return Facts(
        round=tables.round,
        seed=manifest.seed if manifest else 0,
        code_version=manifest.code_version if manifest else "",
        label=note.get("label", "online"),
        degraded=note.get("sandbox", ""),
        unread=unread(tables),
        audited_only=audited_only(tables),
        versions={k: v for k, v in (_versions(tables) | note.get("versions", {})).items() if k != "lemmary"},
        problems=problems,
        lemmas=lemmas,
        retired=sum(lemma.retired_by is not None for lemma in tables.lemmas.values()),
        solves=solves,
        rounds=rounds,
        round_ends=ends,
        growth=_growth(tables.lemmas.values(), growth_rounds),
        growth_rounds=growth_rounds,
        funnel=_funnel(attempts, lemmas),
        by_source=tuple(_totals_of(source, attempts, problems, lemmas) for source in SOURCES),
        cpu_by_part=cpu or of_attempts,
        cpu_whole=bool(cpu),
        tokens_by_part=_tokens(attempts),
        counts=counts(tables)
        | {
            "solved_with_any_lemma": sum(bool(problem.uses) for problem in problems if problem.round is not None),
            "lemmas_carrying": sum(bool(lemma.carries) for lemma in lemmas.values()),
            "candidates": sum(row["candidates"] for row in attempts),
            "tokens_in": sum(row["tokens_in"] for row in attempts),
            "tokens_out": sum(row["tokens_out"] for row in attempts),
        },
    )


# ------------------------------------------------------------------------------------------------- problems, lemmas


def _problems(tables: Tables, attempts: Sequence[Row], use: Reuse) -> tuple[ProblemFacts, ...]:
    first: dict[str, int] = {}
    for row in cast("list[Row]", tables.history["problems"].to_pylist()):
        if row["status"] == "proved":
            first[row["name"]] = min(row["round"], first.get(row["name"], row["round"]))
    tries: dict[str, list[int]] = defaultdict(list)
    for row in attempts:
        if row["kind"] == "problem":
            tries[row["target"]].append(row["round"])
    found: list[ProblemFacts] = []
    for name, state in tables.problems.items():
        proved = first.get(name) if state.status == "proved" else None
        found.append(
            ProblemFacts(
                name=name,
                split=state.problem.split or "",
                status=state.status,
                round=proved,
                solver=_solver(state) if proved is not None else None,
                uses=state.uses,
                foreign=tuple(lemma for lemma in state.uses if name in use.foreign_users.get(lemma, ())),
                attempts=len(tries[name]),
                failed_before=sum(proved is None or at < proved for at in tries[name]),
                statement=state.problem.formal_statement,
                reason=state.reason,
            )
        )
    return tuple(found)


def _solver(state: ProblemState) -> Solver:
    if state.operator in MODEL_OPERATORS:
        return "language model"
    return "automation with library lemmas" if state.uses else "automation"


def _source(lemma: Lemma, attempts: dict[str, Row]) -> Source:
    if lemma.operator in ("harvest", "solve_request"):
        return SOURCES[attempts.get(lemma.attempt_id, {}).get("tokens_out", 0) > 0]
    return SOURCES[lemma.operator in MODEL_OPERATORS]


def _lemmas(tables: Tables, use: Reuse, attempts: dict[str, Row]) -> dict[str, LemmaFacts]:
    """Lemmas in force or in use, most used first."""
    needed_by: dict[str, list[str]] = defaultdict(list)
    needs: dict[str, list[str]] = defaultdict(list)
    for row in tables.rows("edges"):
        if row["kind"] == "proof_uses" and row["confirmed"] and row["source_kind"] == "lemma":
            needed_by[row["target"]].append(row["source"])
            needs[row["source"]].append(row["target"])
    carries: dict[str, dict[str, None]] = {lemma: {} for lemma in tables.lemmas}
    for lemma in reversed(tables.lemmas):  # a lemma comes after those that it uses
        carries[lemma] |= dict.fromkeys(use.users.get(lemma, ()))
        for needed in needs[lemma]:
            carries[needed] |= carries[lemma]
    display = Display(tables.definitions.values())
    where_from = origins(tables)

    def rank(lemma: Lemma) -> tuple[int, int, int, str]:
        return -len(use.users.get(lemma.id, ())), -len(carries[lemma.id]), -len(needed_by[lemma.id]), lemma.id

    alive = [lemma for lemma in tables.lemmas.values() if lemma.retired_by is None or carries[lemma.id]]
    return {
        lemma.id: LemmaFacts(
            id=lemma.id,
            number=number,
            name=lemma.name,
            statement=display.statement(lemma.term),
            operator=lemma.operator,
            source=_source(lemma, attempts),
            round=lemma.round,
            origins=where_from[lemma.id],
            problems=use.users.get(lemma.id, ()),
            abroad=use.foreign_users.get(lemma.id, ()),
            lemmas=tuple(dict.fromkeys(needed_by[lemma.id])),
            carries=tuple(carries[lemma.id]),
        )
        for number, lemma in enumerate(sorted(alive, key=rank), start=1)
    }


# -------------------------------------------------------------------------------------------------- time and growth


def _solves(
    tables: Tables, problems: Sequence[ProblemFacts], attempts: Sequence[Row], rounds: Sequence[int]
) -> tuple[tuple[Solve, ...], tuple[float, ...]]:
    spent: dict[str, float] = {}
    ends = dict.fromkeys(rounds, 0.0)
    total = 0.0
    for row in sorted(attempts, key=lambda row: row["round"]):
        total += row["cpu_seconds"]
        spent[row["id"]] = total
        ends[row["round"]] = total
    for before, number in pairwise(rounds):
        ends[number] = max(ends[number], ends[before])
    events = tables.rows("events")
    start = min((row["at"] for row in events), default=0.0)
    at = {row["attempt_id"]: row["at"] - start for row in events if row["attempt_id"]}
    solves: list[Solve] = []
    for problem in problems:
        if problem.round is not None and problem.solver is not None:
            attempt = tables.problems[problem.name].attempt_id
            cpu = spent.get(attempt, ends.get(problem.round, total))
            solves.append(Solve(problem.name, problem.solver, problem.round, cpu, at.get(attempt)))
    return tuple(sorted(solves, key=lambda solve: (solve.cpu_seconds, solve.problem))), tuple(ends.values())


def _growth(lemmas: Iterable[Lemma], rounds: Sequence[int]) -> dict[str, list[int]]:
    born = Counter((lemma.operator, lemma.round) for lemma in lemmas)
    totals = Counter(operator for operator, _ in born.elements())
    return {operator: [born[operator, number] for number in rounds] for operator, _ in totals.most_common()}


# ------------------------------------------------------------------------------------------------ funnel and sources


def _fates(row: Row, source: Source) -> Counter[str]:
    """Candidates of one source in an attempt, by how far they came."""
    fates = Counter({key: value for key, value in row["counts"] if not key.startswith(BY_MODEL)})
    of_model = Counter({key: value for key, value in row["counts"] if key.startswith(BY_MODEL)})
    of_model = Counter({key.removeprefix(BY_MODEL): value for key, value in of_model.items()})
    return of_model if source == "language model" else fates - of_model


def _funnel(attempts: Sequence[Row], lemmas: dict[str, LemmaFacts]) -> dict[Source, dict[str, int | None]]:
    recorded = {key for row in attempts for key, _ in row["counts"]}
    funnel: dict[Source, dict[str, int | None]] = {}
    for source in SOURCES:
        reached = Counter[str]()
        for row in attempts:
            reached.update(_fates(row, source))
        keys = [*(key for key, _ in STAGES), REPAIRED]
        funnel[source] = {key: reached[key] if key in recorded else None for key in keys}
        funnel[source]["used"] = sum(bool(lemma.carries) for lemma in lemmas.values() if lemma.source == source)
    return funnel


def _totals_of(
    source: Source, attempts: Sequence[Row], problems: Sequence[ProblemFacts], lemmas: dict[str, LemmaFacts]
) -> SourceTotals:
    proposed = [_fates(row, source)["proposed"] for row in attempts]
    by_model = source == "language model"
    asked = [row for row in attempts if by_model and row["tokens_in"] + row["tokens_out"] > 0]
    proved = [one for one in problems if one.solver is not None and (one.solver == "language model") == by_model]
    made = [lemma for lemma in lemmas.values() if lemma.source == source]
    return SourceTotals(
        source=source,
        attempts=len(asked) if by_model else sum(count > 0 for count in proposed),
        proposed=sum(proposed),
        problems=len(proved),
        with_library=sum(bool(problem.foreign) for problem in proved),
        lemmas=len(made),
        used=sum(bool(lemma.carries) for lemma in made),
        tokens_in=sum(row["tokens_in"] for row in asked),
        tokens_out=sum(row["tokens_out"] for row in asked),
    )


# ---------------------------------------------------------------------------------------------------- cost and notes


def _part(row: Row) -> str:
    return _PARTS[row["kind"]]


def _tokens(attempts: Sequence[Row]) -> dict[str, tuple[int, int]]:
    inputs = _total((_part(row), row["tokens_in"]) for row in attempts)
    outputs = _total((_part(row), row["tokens_out"]) for row in attempts)
    return {part: (int(inputs[part]), int(outputs[part])) for part in inputs if inputs[part] or outputs[part]}


def _total(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    totals: dict[str, float] = defaultdict(float)
    for part, value in values:
        totals[part] += value
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


def _notes(tables: Tables) -> dict[str, Any]:
    note: dict[str, Any] = {}
    for row in tables.rows("events"):
        detail = event_from_row(row).detail
        note |= {key: detail[key] for key in ("versions", "sandbox", "label") if key in detail}
    return note


def _versions(tables: Tables) -> dict[str, str]:
    provers = sorted({lemma.prover_version for lemma in tables.lemmas.values() if lemma.prover_version})
    models = sorted({row["model"] for row in tables.rows("attempts") if row["model"]})
    return {name: ", ".join(found) for name, found in (("prover", provers), ("model", models)) if found}
