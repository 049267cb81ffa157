"""The tables of the library, and the conversion between their rows and domain values.

A row is a plain `dict` with exactly the columns of its table. The journal holds such rows and a snapshot holds them in
Parquet, so both speak one language. Rounds are deltas: a row carries `id`, `revision` and `round`, and of all rows
with one id the highest revision whose round is at most N is the state at round N (DESIGN §4). Tables without
revisions (`proofs` aside, which follows its lemma) only ever grow: `edges`, `events`, `metrics`.

Nodes of the graph are told apart by `source_kind` and `target_kind`: lemmas and definitions have ids, problems have
names. A `proof_uses` edge is `confirmed` when the proof failed to replay without its target; only such an edge counts
as use (invariant 8).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

import pyarrow as pa

from domain import (
    Attempt,
    Constructor,
    Datatype,
    Definition,
    Function,
    Lemma,
    Problem,
    Request,
    Term,
)
from library_store.term_json import term_from_json, term_to_json

__all__ = [
    "KEYS",
    "SCHEMAS",
    "SCHEMA_VERSION",
    "TABLE_NAMES",
    "Edge",
    "EdgeKind",
    "Event",
    "Metric",
    "NodeKind",
    "ProblemState",
    "ProblemStatus",
    "Row",
    "attempt_from_row",
    "attempt_to_row",
    "definition_from_row",
    "definition_to_row",
    "edge_from_row",
    "edge_to_row",
    "event_from_row",
    "event_to_row",
    "lemma_from_rows",
    "lemma_to_rows",
    "metric_from_row",
    "metric_to_row",
    "problem_from_row",
    "problem_to_row",
    "request_from_row",
    "request_to_row",
    "table_from_rows",
    "term_from_json",
    "term_to_json",
]

SCHEMA_VERSION = 1
"""Version of everything in this module; written into every manifest and journal segment."""

Row: TypeAlias = dict[str, Any]

NodeKind: TypeAlias = Literal["problem", "lemma", "definition", "request"]

EdgeKind: TypeAlias = Literal[
    "proof_uses",
    "statement_uses",
    "retrieved",
    "mentioned",
    "evolved_from",
    "answers_request",
    "subsumed_by",
]

ProblemStatus: TypeAlias = Literal["open", "proved", "refuted", "conditional", "error"]

_TEXT = pa.string()
_TEXTS = pa.list_(pa.string())
_IDENTITY = (("id", _TEXT), ("revision", pa.int32()), ("round", pa.int32()))

SCHEMAS: Mapping[str, pa.Schema] = {
    "definitions": pa.schema(
        [
            *_IDENTITY,
            ("prover", _TEXT),
            ("kind", _TEXT),
            ("name", _TEXT),
            ("names", _TEXTS),
            ("readable", _TEXTS),
            ("source", _TEXT),
            ("canonical_text", _TEXT),
            ("uses", _TEXTS),
            ("structure", _TEXT),
        ]
    ),
    "lemmas": pa.schema(
        [
            *_IDENTITY,
            ("prover", _TEXT),
            ("name", _TEXT),
            ("prelude_id", _TEXT),
            ("definition_ids", _TEXTS),
            ("statement", _TEXT),
            ("statement_exact", _TEXT),
            ("term", _TEXT),
            ("dedup_key", _TEXT),
            ("dedup_version", pa.int32()),
            ("origin_kind", _TEXT),
            ("origins", _TEXTS),
            ("parents", _TEXTS),
            ("operator", _TEXT),
            ("born", pa.int32()),
            ("attempt_id", _TEXT),
            ("prover_version", _TEXT),
            ("axioms", _TEXTS),
            ("trust", _TEXT),
            ("retired_by", _TEXT),
        ]
    ),
    "proofs": pa.schema(
        [
            ("lemma_id", _TEXT),
            ("revision", pa.int32()),
            ("round", pa.int32()),
            ("text", _TEXT),
            ("uses", _TEXTS),
            ("seconds", pa.float64()),
        ]
    ),
    "edges": pa.schema(
        [
            ("source", _TEXT),
            ("source_kind", _TEXT),
            ("target", _TEXT),
            ("target_kind", _TEXT),
            ("kind", _TEXT),
            ("round", pa.int32()),
            ("attempt_id", _TEXT),
            ("confirmed", pa.bool_()),
        ]
    ),
    "attempts": pa.schema(
        [
            *_IDENTITY,
            ("kind", _TEXT),
            ("target", _TEXT),
            ("operator", _TEXT),
            ("model", _TEXT),
            ("prompt_hash", _TEXT),
            ("prompt", _TEXT),
            ("output", _TEXT),
            ("retrieved", _TEXTS),
            ("mentioned", _TEXTS),
            ("uses", _TEXTS),
            ("harvested", _TEXTS),
            ("verdict", _TEXT),
            ("reason", _TEXT),
            ("proof", _TEXT),
            ("stuck_goals", _TEXTS),
            ("candidates", pa.int64()),
            ("tokens_in", pa.int64()),
            ("tokens_out", pa.int64()),
            ("cpu_seconds", pa.float64()),
            ("seconds", pa.float64()),
            ("counts", pa.map_(pa.string(), pa.int64())),
        ]
    ),
    "requests": pa.schema(
        [
            *_IDENTITY,
            ("prover", _TEXT),
            ("prelude_id", _TEXT),
            ("definition_ids", _TEXTS),
            ("statement", _TEXT),
            ("statement_exact", _TEXT),
            ("term", _TEXT),
            ("origin_kind", _TEXT),
            ("asked_by", _TEXTS),
            ("operator", _TEXT),
            ("born", pa.int32()),
            ("status", _TEXT),
            ("tries", pa.int32()),
            ("answered_by", _TEXT),
        ]
    ),
    "problems": pa.schema(
        [
            *_IDENTITY,
            ("name", _TEXT),
            ("prover", _TEXT),
            ("split", _TEXT),
            ("header", _TEXT),
            ("formal_statement", _TEXT),
            ("informal_prefix", _TEXT),
            ("informal_proof", _TEXT),
            ("source", _TEXT),
            ("goal", _TEXT),
            ("allowed_axioms", _TEXTS),
            ("extra", _TEXT),
            ("prelude_id", _TEXT),
            ("definition_ids", _TEXTS),
            ("statement_exact", _TEXT),
            ("status", _TEXT),
            ("reason", _TEXT),
            ("proof", _TEXT),
            ("uses", _TEXTS),
            ("axioms", _TEXTS),
            ("operator", _TEXT),
            ("attempt_id", _TEXT),
        ]
    ),
    "events": pa.schema(
        [
            ("id", pa.int64()),
            ("round", pa.int32()),
            ("at", pa.float64()),
            ("kind", _TEXT),
            ("subject", _TEXT),
            ("attempt_id", _TEXT),
            ("count", pa.int64()),
            ("detail", _TEXT),
        ]
    ),
    "metrics": pa.schema(
        [("name", _TEXT), ("part", _TEXT), ("round", pa.int32()), ("value", pa.float64()), ("unit", _TEXT)]
    ),
}
"""Columns of every table. Lists are never null; a text that is absent is null only where the domain says `None`."""

TABLE_NAMES: tuple[str, ...] = tuple(SCHEMAS)

KEYS: Mapping[str, str | None] = {
    "definitions": "id",
    "lemmas": "id",
    "proofs": "lemma_id",
    "edges": None,
    "attempts": "id",
    "requests": "id",
    "problems": "id",
    "events": None,
    "metrics": None,
}
"""The column whose rows supersede each other by `revision`; None for a table that only grows."""


# ------------------------------------------------------------------------------ values that only the store has


@dataclass(frozen=True, slots=True)
class Edge:
    """A directed edge of the lemma graph; `source` is what uses, asks, or comes from `target`."""

    source: str
    source_kind: NodeKind
    target: str
    target_kind: NodeKind
    kind: EdgeKind
    round: int = 0
    attempt_id: str = ""
    confirmed: bool = False
    """Only for `proof_uses`: the proof was seen to fail without the target."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `at` is in seconds since 1970, `detail` any JSON object."""

    id: int
    round: int
    at: float
    kind: str
    subject: str = ""
    attempt_id: str = ""
    count: int = 1
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number of a round. `part` says of what (`prover`, `model`, …); parts of one name add up."""

    name: str
    part: str
    round: int
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ProblemState:
    """A problem of the run and what became of it. `uses` are ids of the lemmas that its minimised proof needs."""

    problem: Problem
    prelude_id: str = ""
    definition_ids: tuple[str, ...] = ()
    statement_exact: str = ""
    status: ProblemStatus = "open"
    reason: str = ""
    proof: str = ""
    uses: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()
    operator: str = ""
    attempt_id: str = ""


# ------------------------------------------------------------------------------------------------- conversions


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _texts(value: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(value or ())


def _structure_to_json(definition: Definition) -> str:
    def term(value: Term) -> Any:
        return json.loads(term_to_json(value))

    return _compact(
        {
            "datatypes": [
                [d.name, term(d.type), d.parameters, [[c.name, term(c.type)] for c in d.constructors]]
                for d in definition.datatypes
            ],
            "functions": [[f.name, term(f.type), term(f.body)] for f in definition.functions],
        }
    )


def definition_to_row(definition: Definition, in_round: int, revision: int = 1) -> Row:
    return {
        "id": definition.id,
        "revision": revision,
        "round": in_round,
        "prover": definition.prover,
        "kind": definition.kind,
        "name": definition.readable[0] if definition.readable else definition.names[0],
        "names": list(definition.names),
        "readable": list(definition.readable),
        "source": definition.source,
        "canonical_text": definition.canonical_text,
        "uses": list(definition.uses),
        "structure": _structure_to_json(definition),
    }


def definition_from_row(row: Row) -> Definition:
    structure = json.loads(row["structure"])
    return Definition(
        id=row["id"],
        prover=row["prover"],
        kind=row["kind"],
        names=_texts(row["names"]),
        readable=_texts(row["readable"]),
        source=row["source"],
        canonical_text=row["canonical_text"],
        uses=_texts(row["uses"]),
        datatypes=tuple(
            Datatype(
                name,
                term_from_json(of_type),
                parameters,
                tuple(Constructor(constructor, term_from_json(of)) for constructor, of in constructors),
            )
            for name, of_type, parameters, constructors in structure["datatypes"]
        ),
        functions=tuple(
            Function(name, term_from_json(of_type), term_from_json(body))
            for name, of_type, body in structure["functions"]
        ),
    )


def lemma_to_rows(lemma: Lemma, in_round: int, *, trust: str, dedup_version: int) -> tuple[Row, Row]:
    """The rows of `lemmas` and `proofs`. `in_round` is that of this revision; `lemma.round` stays as `born`."""
    return (
        {
            "id": lemma.id,
            "revision": lemma.revision,
            "round": in_round,
            "prover": lemma.prover,
            "name": lemma.name,
            "prelude_id": lemma.prelude_id,
            "definition_ids": list(lemma.definition_ids),
            "statement": lemma.statement,
            "statement_exact": lemma.statement_exact,
            "term": term_to_json(lemma.term),
            "dedup_key": lemma.dedup_key,
            "dedup_version": dedup_version,
            "origin_kind": lemma.origin_kind,
            "origins": list(lemma.origins),
            "parents": list(lemma.parents),
            "operator": lemma.operator,
            "born": lemma.round,
            "attempt_id": lemma.attempt_id,
            "prover_version": lemma.prover_version,
            "axioms": list(lemma.axioms),
            "trust": trust,
            "retired_by": lemma.retired_by,
        },
        {
            "lemma_id": lemma.id,
            "revision": lemma.revision,
            "round": in_round,
            "text": lemma.proof,
            "uses": list(lemma.uses),
            "seconds": lemma.seconds,
        },
    )


def lemma_from_rows(row: Row, proof: Row) -> Lemma:
    return Lemma(
        id=row["id"],
        revision=row["revision"],
        prover=row["prover"],
        name=row["name"],
        prelude_id=row["prelude_id"],
        definition_ids=_texts(row["definition_ids"]),
        statement=row["statement"],
        statement_exact=row["statement_exact"],
        term=term_from_json(row["term"]),
        proof=proof["text"],
        uses=_texts(proof["uses"]),
        dedup_key=row["dedup_key"],
        origin_kind=row["origin_kind"],
        origins=_texts(row["origins"]),
        parents=_texts(row["parents"]),
        operator=row["operator"],
        round=row["born"],
        attempt_id=row["attempt_id"],
        prover_version=row["prover_version"],
        axioms=_texts(row["axioms"]),
        seconds=proof["seconds"],
        retired_by=row["retired_by"],
    )


def edge_to_row(edge: Edge) -> Row:
    return {name: getattr(edge, name) for name in SCHEMAS["edges"].names}


def edge_from_row(row: Row) -> Edge:
    return Edge(**row)


def attempt_to_row(attempt: Attempt, revision: int = 1) -> Row:
    row: Row = {name: getattr(attempt, name) for name in SCHEMAS["attempts"].names if name != "revision"}
    for name in ("retrieved", "mentioned", "uses", "harvested", "stuck_goals"):
        row[name] = list(row[name])
    row["counts"] = dict(attempt.counts)
    row["revision"] = revision
    return row


def attempt_from_row(row: Row) -> Attempt:
    values = {name: value for name, value in row.items() if name != "revision"}
    for name in ("retrieved", "mentioned", "uses", "harvested", "stuck_goals"):
        values[name] = _texts(values[name])
    values["counts"] = dict(values["counts"])
    return Attempt(**values)


def request_to_row(request: Request, in_round: int, revision: int = 1) -> Row:
    return {
        "id": request.id,
        "revision": revision,
        "round": in_round,
        "prover": request.prover,
        "prelude_id": request.prelude_id,
        "definition_ids": list(request.definition_ids),
        "statement": request.statement,
        "statement_exact": request.statement_exact,
        "term": term_to_json(request.term),
        "origin_kind": request.origin_kind,
        "asked_by": list(request.asked_by),
        "operator": request.operator,
        "born": request.round,
        "status": request.status,
        "tries": request.tries,
        "answered_by": request.answered_by,
    }


def request_from_row(row: Row) -> Request:
    return Request(
        id=row["id"],
        prover=row["prover"],
        prelude_id=row["prelude_id"],
        definition_ids=_texts(row["definition_ids"]),
        statement=row["statement"],
        statement_exact=row["statement_exact"],
        term=term_from_json(row["term"]),
        origin_kind=row["origin_kind"],
        asked_by=_texts(row["asked_by"]),
        operator=row["operator"],
        round=row["born"],
        status=row["status"],
        tries=row["tries"],
        answered_by=row["answered_by"],
    )


_PROBLEM_FIELDS = (
    "name",
    "prover",
    "split",
    "header",
    "formal_statement",
    "informal_prefix",
    "informal_proof",
    "source",
    "goal",
)
_STATE_FIELDS = ("prelude_id", "statement_exact", "status", "reason", "proof", "operator", "attempt_id")


def problem_to_row(state: ProblemState, in_round: int, revision: int = 1) -> Row:
    """A row of `problems`; its id is the problem's name."""
    row: Row = {"id": state.problem.name, "revision": revision, "round": in_round}
    row |= {name: getattr(state.problem, name) for name in _PROBLEM_FIELDS}
    row |= {name: getattr(state, name) for name in _STATE_FIELDS}
    row["allowed_axioms"] = list(state.problem.allowed_axioms)
    row["extra"] = _compact(dict(state.problem.extra))
    for name in ("definition_ids", "uses", "axioms"):
        row[name] = list(getattr(state, name))
    return row


def problem_from_row(row: Row) -> ProblemState:
    problem = Problem(
        **{name: row[name] for name in _PROBLEM_FIELDS},
        allowed_axioms=_texts(row["allowed_axioms"]),
        extra=cast("dict[str, Any]", json.loads(row["extra"])),
    )
    state: Row = {name: row[name] for name in _STATE_FIELDS}
    state |= {name: _texts(row[name]) for name in ("definition_ids", "uses", "axioms")}
    return ProblemState(problem, **state)


def event_to_row(event: Event) -> Row:
    row: Row = {name: getattr(event, name) for name in SCHEMAS["events"].names}
    row["detail"] = _compact(dict(event.detail))
    return row


def event_from_row(row: Row) -> Event:
    return Event(**(row | {"detail": json.loads(row["detail"])}))


def metric_to_row(metric: Metric) -> Row:
    return {name: getattr(metric, name) for name in SCHEMAS["metrics"].names}


def metric_from_row(row: Row) -> Metric:
    return Metric(**row)


def table_from_rows(name: str, rows: Iterable[Row]) -> pa.Table:
    """An arrow table with exactly the columns of table `name`; raises `pa.ArrowInvalid` for a value of a wrong type."""
    schema = SCHEMAS[name]
    rows = list(rows)
    columns = {column: [row[column] for row in rows] for column in schema.names}
    if name == "attempts":
        columns["counts"] = [list(dict(value).items()) for value in columns["counts"]]
    return pa.Table.from_pydict(columns, schema=schema)
