"""The tables of the library, and the values that only the store has.

A row is a plain `dict` with exactly the columns of its table. The journal holds such rows and a snapshot holds them in
Parquet, so both speak one language. Rounds are deltas: a row carries `id`, `revision` and `round`, and of all rows with
one id the highest revision whose round is at most N is the state at round N (docs/data.md). Tables without revisions
(`proofs` aside, which follows its lemma) only ever grow: `edges`, `events`, `metrics`.

Nodes of the graph are told apart by `source_kind` and `target_kind`: lemmas and definitions have ids, problems have
names. A `proof_uses` edge is `confirmed` when the proof failed to replay without its target; only such an edge counts
as use (design, invariant 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import pyarrow as pa

from domain import Problem, UserError

SCHEMA_VERSION = 4
"""Version of everything in this module; written into every manifest and journal segment. No other version is read."""

Row: TypeAlias = dict[str, Any]


def check_version(version: object, where: object) -> None:
    """Raises UserError if files of this version are not read."""
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{where} has schema version {version}, this program reads {SCHEMA_VERSION}: "
            "use the version of the program that wrote it, or begin anew in another folder"
        )


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


ATTEMPT = "attempt"
"""Kind of the events that say when the record of the step of that `attempt_id` was taken in."""

SPENT = "spent"
"""Kind of the events that say in `detail["cpu_seconds"]` what a run is charged for when the step of that `attempt_id`,
or what else `subject` names, has ended."""

FAILED = "failed"
"""Kind of the events of steps that ended with an error of ours, told in `detail["error"]`, and brought nothing."""


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
