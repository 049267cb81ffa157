"""The rows of the round under way, kept for its snapshot: recent ones as they are, older ones as Arrow tables.

A row of Python objects takes several times the memory of the same row in Arrow, and a round may hold a million.
"""

from __future__ import annotations

import pyarrow as pa

from library_store.rows import table_from_rows
from library_store.schema import SCHEMAS, TABLE_NAMES, Row

CHUNK = 4096
"""Rows that are turned into Arrow at a time."""


class Pending:
    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {name: [] for name in TABLE_NAMES}
        self._chunks: dict[str, list[pa.Table]] = {name: [] for name in TABLE_NAMES}

    def add(self, table: str, row: Row) -> None:
        rows = self._rows[table]
        rows.append(row)
        if len(rows) == CHUNK:
            self._chunks[table].append(table_from_rows(table, rows))
            rows.clear()

    def tables(self) -> dict[str, pa.Table]:
        """All rows of each table, in the order in which they came."""
        return {
            name: pa.concat_tables([SCHEMAS[name].empty_table(), *self._chunks[name], table_from_rows(name, rows)])
            for name, rows in self._rows.items()
        }
