"""Rows of the tables (`schema.py`) from and to domain values.

`NAME_to_row` gives exactly the columns of the table; `NAME_from_row` reads what the journal's JSON or Parquet gives
back, without loss. Terms are stored as JSON text (`term_json.py`), beside the text that the prover reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from sys import intern
from typing import Any, cast

import pyarrow as pa

from domain import Constructor, Datatype, Definition, Function, Lemma, Problem, Term
from library_store.attempts import Attempt, Request
from library_store.schema import SCHEMAS, Edge, Event, Metric, ProblemState, Row
from library_store.term_json import term_from_json, term_to_json
from term_algebra import read_json


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _texts(value: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(value or ())


def _ids(value: Iterable[str]) -> tuple[str, ...]:
    """Names that many rows share, each in memory once."""
    return tuple([intern(one) for one in value])


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
    structure = read_json(row["structure"])
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
        id=intern(row["id"]),
        revision=row["revision"],
        prover=row["prover"],
        name=row["name"],
        prelude_id=intern(row["prelude_id"]),
        definition_ids=_ids(row["definition_ids"]),
        statement=row["statement"],
        statement_exact=row["statement_exact"],
        term=term_from_json(row["term"]),
        proof=proof["text"],
        uses=_ids(proof["uses"]),
        dedup_key=row["dedup_key"],
        origin_kind=intern(row["origin_kind"]),
        origins=_ids(row["origins"]),
        parents=_ids(row["parents"]),
        operator=intern(row["operator"]),
        round=row["born"],
        attempt_id=intern(row["attempt_id"]),
        prover_version=intern(row["prover_version"]),
        axioms=_ids(row["axioms"]),
        seconds=proof["seconds"],
        retired_by=row["retired_by"],
    )


def edge_to_row(edge: Edge) -> Row:
    return {name: getattr(edge, name) for name in SCHEMAS["edges"].names}


def attempt_to_row(attempt: Attempt, revision: int = 1) -> Row:
    row: Row = {name: getattr(attempt, name) for name in SCHEMAS["attempts"].names if name != "revision"}
    for name in ("retrieved", "mentioned", "uses", "harvested", "stuck_goals"):
        row[name] = list(row[name])
    row["counts"] = dict(attempt.counts)
    row["revision"] = revision
    return row


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
        extra=cast("dict[str, Any]", read_json(row["extra"])),
    )
    state: Row = {name: row[name] for name in _STATE_FIELDS}
    state |= {name: _texts(row[name]) for name in ("definition_ids", "uses", "axioms")}
    return ProblemState(problem, **state)


def event_to_row(event: Event) -> Row:
    row: Row = {name: getattr(event, name) for name in SCHEMAS["events"].names}
    row["detail"] = _compact(dict(event.detail))
    return row


def event_from_row(row: Row) -> Event:
    return Event(**(row | {"detail": read_json(row["detail"])}))


def metric_to_row(metric: Metric) -> Row:
    return {name: getattr(metric, name) for name in SCHEMAS["metrics"].names}


def table_from_rows(name: str, rows: Iterable[Row]) -> pa.Table:
    """An arrow table with exactly the columns of table `name`; raises `pa.ArrowInvalid` for a value of a wrong type."""
    schema = SCHEMAS[name]
    rows = list(rows)
    columns = {column: [row[column] for row in rows] for column in schema.names}
    if name == "attempts":
        columns["counts"] = [list(dict(value).items()) for value in columns["counts"]]
    return pa.Table.from_pydict(columns, schema=schema)
