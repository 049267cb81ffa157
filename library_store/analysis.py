"""Numbers about a library, all computed from its tables (design, invariant 7).

*Use* is a confirmed `proof_uses` edge: read from the proof term, and the proof failed to replay without the target
(design, invariant 8). *Reuse* is use by a problem that is not an origin of the lemma: the origins are the problems that
triggered its proposal, and if there are none, the first problem that uses it.

Rows are chosen in Arrow, and only those that count become Python values: a large run has millions of edges, of which a
few thousand are uses.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc

from library_store.schema import SPENT, Row
from library_store.tables import Tables


def _columns(tables: Tables, name: str, *columns: str) -> list[Row]:
    return cast("list[Row]", tables.table(name).select(list(columns)).to_pylist())


def needs(tables: Tables) -> dict[str, tuple[str, ...]]:
    """The lemmas that each proved problem's minimised proof needs, problems in the order of their proofs."""
    proved = {
        row["name"]: set(cast("list[str]", row["uses"]))
        for row in _columns(tables, "problems", "name", "status", "uses")
        if row["status"] == "proved"
    }
    found: dict[str, dict[str, None]] = {}
    for row in _uses_by_problems(tables):
        if row["target"] in proved.get(row["source"], ()):
            found.setdefault(row["source"], {})[row["target"]] = None
    return {problem: tuple(lemmas) for problem, lemmas in found.items()} | {
        problem: () for problem in proved if problem not in found
    }


def _uses_by_problems(tables: Tables) -> list[Row]:
    """The confirmed uses of lemmas by problems, in the order of writing."""
    chosen = (pc.field("kind") == "proof_uses") & pc.field("confirmed") & (pc.field("source_kind") == "problem")
    rows = tables.table("edges").select(["source", "target", "kind", "source_kind", "confirmed"]).filter(chosen)
    return cast("list[Row]", rows.select(["source", "target"]).to_pylist())


def origins(tables: Tables) -> dict[str, tuple[str, ...]]:
    """The problems that each lemma comes from; () for a lemma that no problem triggered or uses."""
    return _origins(tables.table("lemmas"), needs(tables))


def _origins(lemmas: pa.Table, needed: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    known = {row["id"]: tuple(row["origins"]) for row in lemmas.select(["id", "origins"]).to_pylist()}
    for problem, used in needed.items():
        for lemma in used:
            if not known.get(lemma):
                known[lemma] = (problem,)
    return known


def _among(table: pa.Table, column: str, values: Iterable[str]) -> pa.Table:
    """The rows whose column has one of the values."""
    wanted = pa.array(list(values), table.schema.field(column).type)
    return table.filter(pc.field(column).isin(wanted))


class Reuse(NamedTuple):
    """Who needs whose lemmas; problems and lemmas by name and id."""

    users: Mapping[str, tuple[str, ...]]
    """Lemma → the problems whose minimised proofs need it."""
    foreign_users: Mapping[str, tuple[str, ...]]
    """Lemma → those of them that are not among its origins."""
    solved_with_library: tuple[str, ...]
    """The proved problems that need a lemma of another problem."""


def reuse(tables: Tables) -> Reuse:
    needed = needs(tables)
    used = _among(tables.table("lemmas"), "id", {lemma for lemmas in needed.values() for lemma in lemmas})
    where_from = _origins(used, needed)
    users: dict[str, list[str]] = defaultdict(list)
    foreign: dict[str, list[str]] = defaultdict(list)
    solved: list[str] = []
    for problem, lemmas in needed.items():
        abroad = [lemma for lemma in lemmas if problem not in where_from.get(lemma, ())]
        for lemma in lemmas:
            users[lemma].append(problem)
        for lemma in abroad:
            foreign[lemma].append(problem)
        if abroad:
            solved.append(problem)
    return Reuse(_frozen(users), _frozen(foreign), tuple(solved))


def _frozen(lists: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(value) for key, value in lists.items()}


def counts(tables: Tables) -> dict[str, float]:
    """The `counts` of a manifest: everything up to and with the round of `tables`.

    `lemmas` are those not retired. `cpu_seconds` and `seconds` are the sums of the metrics of those names over parts
    and rounds; a run without such metrics gets the sums over its attempts.
    """
    problems = _columns(tables, "problems", "name", "status", "operator")
    lemmas, attempts, metrics = (tables.table(name) for name in ("lemmas", "attempts", "metrics"))
    live = lemmas.select(["retired_by", "trust"]).filter(pc.field("retired_by").is_null())
    use = reuse(tables)
    twins = rediscovered(tables)
    resting = {name for lemma in twins for name in use.users.get(lemma, ())}
    lent = {row["name"] for row in problems if row["status"] == "proved" and row["operator"] == "rediscovered"}

    def measured(name: str) -> float:
        values = _among(metrics, "name", [name]).column("value").to_pylist()
        return round(sum(values or attempts.column(name).to_pylist()), 6)

    return {
        "problems": len(problems),
        "solved": sum(row["status"] == "proved" for row in problems),
        "refuted": sum(row["status"] == "refuted" for row in problems),
        "solved_with_library": len(use.solved_with_library),
        "lemmas": live.num_rows,
        "lemmas_retired": lemmas.num_rows - live.num_rows,
        "lemmas_rechecked": _among(live, "trust", ["rechecked"]).num_rows,
        "lemmas_used": len(use.users),
        "lemmas_used_abroad": len(use.foreign_users),
        "lemmas_used_abroad_twice": sum(len(users) >= 2 for users in use.foreign_users.values()),
        "lemmas_rediscovered": len(twins),
        "solved_with_rediscovered": len(resting | lent),
        "attempts": attempts.num_rows,
        "tokens": sum(sum(attempts.column(name).to_pylist()) for name in ("tokens_in", "tokens_out")),
        "cpu_seconds": measured("cpu_seconds"),
        "seconds": measured("seconds"),
    }


def rediscovered(tables: Tables) -> dict[str, tuple[str, ...]]:
    """Lemmas whose statement is exactly that of problems of the run, with those problems: ids and names.

    Proposers never see a problem's statement as a lemma; one that finds it by itself is admitted when learning goes on
    during the run (design, invariant 6), and counted here.
    """
    named: dict[tuple[str, str], list[str]] = {}
    for row in _columns(tables, "problems", "name", "prelude_id", "statement_exact"):
        if row["statement_exact"]:
            named.setdefault((row["prelude_id"], row["statement_exact"]), []).append(row["name"])
    lemmas = tables.table("lemmas").select(["id", "prelude_id", "statement_exact"])
    alike = _among(lemmas, "statement_exact", {statement for _, statement in named}).to_pylist()
    found = {row["id"]: named.get((row["prelude_id"], row["statement_exact"])) for row in alike}
    return {lemma: tuple(names) for lemma, names in found.items() if names}


def solved_at(tables: Tables) -> dict[str, float]:
    """The CPU seconds that the run was charged for when the attempt that proved each problem had ended."""
    ends: dict[str, float] = {}
    for row in _among(tables.table("events"), "kind", [SPENT]).select(["attempt_id", "detail"]).to_pylist():
        if row["attempt_id"]:
            ends[row["attempt_id"]] = json.loads(row["detail"])["cpu_seconds"]
    proved = [row for row in _columns(tables, "problems", "name", "status", "attempt_id") if row["status"] == "proved"]
    steps = {row["name"]: row["attempt_id"].removesuffix("m") for row in proved}  # the model's part of a step
    return {name: ends[step] for name, step in steps.items() if step in ends}


class Growth(NamedTuple):
    """What one round added."""

    round: int
    lemmas: int
    retired: int
    solved: int
    attempts: int


def growth(tables: Tables) -> list[Growth]:
    """One entry per round, with round 0 in front when the run began with lemmas, which are of that round."""
    born = Counter(tables.table("lemmas").column("born").to_pylist())
    attempts = Counter(tables.table("attempts").column("round").to_pylist())
    retired = _first_round(tables, "lemmas", "retired_by", lambda value: value is not None)
    solved = _first_round(tables, "problems", "status", lambda value: value == "proved")
    return [
        Growth(number, born[number], retired[number], solved[number], attempts[number])
        for number in range(0 if born[0] else 1, tables.round + 1)
    ]


def _first_round(tables: Tables, name: str, column: str, holds: Any) -> Counter[int]:
    """In which round a column first had a value that holds, as counts of ids by round."""
    first: dict[str, int] = {}
    for row in cast("list[Row]", tables.history[name].select(["id", "round", column]).to_pylist()):
        if holds(row[column]):
            first[row["id"]] = min(row["round"], first.get(row["id"], row["round"]))
    return Counter(first.values())
