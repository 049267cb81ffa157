"""The pages of results are what the command writes, and no result of docs/results is left out of them."""

from __future__ import annotations

from pathlib import Path

from bench.results_page import markdown, pages
from bench.results_speed import TABLES as SPEED
from bench.results_tables import TABLES


def test_the_committed_pages_are_what_make_docs_writes(repository: Path) -> None:
    for name, text in pages().items():
        assert (repository / "docs" / name).read_text() == text, f"docs/{name} is not what `make docs` writes"


def test_every_result_has_a_table(repository: Path) -> None:
    shown = {name for table in (*TABLES, *SPEED) for name in table.files}
    assert shown == {file.stem for file in (repository / "docs" / "results").glob("*.json")}


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert markdown({"a": "{a}"}, [{"a": "x | y"}]) == ["| a |", "| --- |", "| x \\| y |"]
