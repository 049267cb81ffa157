"""Older schemas: what is read of them becomes what this version of the program writes.

Files are never rewritten. A snapshot's manifest and a segment of the journal say which version they have, so a run
that an older program began goes on, with rounds of both versions side by side.

1  the first
2  lemmas say which earlier lemma they read like (`near`)
3  a manifest has a SHA-256 of itself
"""

from __future__ import annotations

import pyarrow as pa

from domain import UserError
from library_store.columns import SCHEMA_VERSION, SCHEMAS, Row

_ADDED: dict[int, dict[str, tuple[str, ...]]] = {2: {"lemmas": ("near",)}}
"""Version → table → the columns that came with it; null in older rows."""

OLDEST = 1


def check_version(version: object, where: object) -> int:
    """The version, if this program reads it."""
    if not isinstance(version, int) or not OLDEST <= version <= SCHEMA_VERSION:
        raise UserError(
            f"{where} has schema version {version}, this program reads {OLDEST} to {SCHEMA_VERSION}: "
            "use the version of the program that wrote it"
        )
    return version


def schema_of(name: str, version: int) -> pa.Schema:
    """The columns that a table had."""
    later = {column for step in range(version + 1, SCHEMA_VERSION + 1) for column in _ADDED.get(step, {}).get(name, ())}
    return pa.schema([field for field in SCHEMAS[name] if field.name not in later])


def table_from(version: int, name: str, table: pa.Table) -> pa.Table:
    """A table of that version with the columns of this one."""
    if version == SCHEMA_VERSION:
        return table
    columns = [
        table.column(field.name) if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
        for field in SCHEMAS[name]
    ]
    return pa.table(columns, schema=SCHEMAS[name])


def row_from(version: int, name: str, row: Row) -> Row:
    """A row of the journal of that version with the columns of this one."""
    if version == SCHEMA_VERSION:
        return row
    return {column: row.get(column) for column in SCHEMAS[name].names}
