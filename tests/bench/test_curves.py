"""The curves of a run agree with its tables, and list the lemmas that foreign problems need first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from bench import curves
from bench.script import ended
from library_store.analysis import counts, reuse
from library_store.snapshot import read
from tests.library_store import samples


@pytest.fixture
def run(tmp_path: Path) -> Path:
    directory = tmp_path / "run"
    samples.three_rounds(directory)
    told = {"version": "0", "seed": 5, "settings": {"cpu_seconds": 60}}
    (directory / "config.yaml").write_text(yaml.safe_dump(told))
    return directory


def test_each_round_is_told_as_it_was(run: Path) -> None:
    rows = curves.by_round(run)
    assert [row["round"] for row in rows] == [1, 2, 3]
    for row in rows:
        then = counts(read(run, int(row["round"])))
        assert {key: row[key] for key in curves.COUNTED} == {key: then[key] for key in curves.COUNTED}


def test_what_foreign_problems_need_comes_first(run: Path) -> None:
    tables = read(run)
    rows = curves.most_needed(tables)
    assert len(rows) == len(reuse(tables).users) > 0
    assert [row["foreign"] for row in rows] == sorted((row["foreign"] for row in rows), reverse=True)
    assert all("forall" in row["statement"] and row["name"] for row in rows)


def test_the_figure_and_the_json_are_written(run: Path) -> None:
    file, figure = run / "c.json", run / "c.svg"
    curves.main([str(run), "--json", str(file), "--figure", str(figure)])
    found = json.loads(file.read_text())
    assert (found["seed"], found["budget"], len(found["rows"])) == (5, 60, 3)
    assert "problems proved, of" in figure.read_text()


def test_a_folder_that_is_no_run_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(lambda: curves.main([str(tmp_path)])) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
