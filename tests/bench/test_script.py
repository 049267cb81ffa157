"""What the scripts of bench share: columns that line up, results that say what made them, errors of one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.clock import Meter, Spent, total
from bench.script import command_line, ended, table, tell
from domain import OutsideError, UserError


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    text = table(
        {"way": "{way}", "ms": "{ms:.1f}"}, [{"way": "warm", "ms": 1.25}, {"way": "a process each", "ms": 100}]
    )
    assert text.splitlines() == ["way                ms", "warm              1.2", "a process each  100.0"]


def test_a_result_says_what_made_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "r.json"
    options = command_line("test").parse_args(["--json", str(file), "--what", "nothing beside it", "--seed", "3"])
    tell(options, "a machine", [{"n": 1}], {"figure": 2}, {"n": "{n}"}, limit=5)
    found = json.loads(file.read_text())
    assert (found["what"], found["machine"], found["seed"], found["limit"]) == ("nothing beside it", "a machine", 3, 5)
    assert (found["rows"], found["headline"]) == ([{"n": 1}], {"figure": 2})
    assert found["versions"].keys() >= {"lemmary", "python"}
    assert capsys.readouterr().out.splitlines() == ["n", "1", "figure = 2"]


@pytest.mark.parametrize(("error", "code"), [(UserError("no such run"), 2), (OutsideError("no prover"), 3)])
def test_an_error_is_one_line_and_an_exit_code(error: Exception, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise error

    assert ended(fails) == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_meter_counts_what_other_processes_spend() -> None:
    seconds = iter([1.0, 3.5, 3.5, 4.0])
    meter = Meter(lambda: next(seconds))
    assert [meter.run(lambda: "answer"), meter.run(lambda: "again")] == ["answer", "again"]
    assert [round(one.cpu, 1) for one in meter.spent] == [2.5, 0.5]
    assert total([Spent(1.0, 2.0), Spent(3.0, 4.0)]) == Spent(4.0, 6.0)
