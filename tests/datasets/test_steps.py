"""Steps as Parquet: what is written is read, and what is no step is refused in one line."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasets.steps import PARTS, SCHEMA, Goal, Step, about, parts, read_steps, write_part
from domain import UserError

STEP = Step(
    *("Coq", "Lists/List.v", "app_nil_r", 0, "induction l as [|a l IH]"),
    goal=Goal(("A : Type", "l : list A"), "@eq (list A) (@app A l (@nil A)) l"),
    goals_before=1,
    after=(Goal(("A : Type",), "True"), Goal((), "True")),
    names=("app_nil_r",),
    local_names=("l",),
    cpu_seconds=0.25,
)


def test_steps_are_read_as_they_were_written_part_after_part(tmp_path: Path) -> None:
    later = STEP._replace(file="Sets/Sets.v", after=())
    write_part(tmp_path / PARTS / "Sets" / "Sets.parquet", [later], {"theorems": 1})
    write_part(tmp_path / PARTS / "Lists" / "List.parquet", [STEP, STEP], {"theorems": 2})
    write_part(tmp_path / PARTS / "Empty.parquet", [], {"theorems": 0})
    assert list(read_steps(tmp_path)) == [STEP, STEP, later]
    assert [about(part)["theorems"] for part in parts(tmp_path)] == [0, 2, 1]
    assert pq.read_schema(parts(tmp_path)[1]).equals(SCHEMA)


@pytest.mark.parametrize("metadata", [None, {"lemmary.steps": "0", "lemmary.file": "{}"}])
def test_another_version_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    pq.write_table(SCHEMA.empty_table().replace_schema_metadata(metadata), tmp_path / "a.parquet")
    with pytest.raises(UserError, match="record them again"):
        list(read_steps(tmp_path / "a.parquet"))


def test_what_is_cut_short_is_refused(tmp_path: Path) -> None:
    write_part(tmp_path / "a.parquet", [STEP], {})
    (tmp_path / "a.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-9])
    with pytest.raises(UserError, match=r"a\.parquet: not a Parquet file"):
        list(read_steps(tmp_path / "a.parquet"))
    with pytest.raises(UserError, match="holds no steps"):
        list(read_steps(tmp_path))


@pytest.mark.parametrize("told", [b"{", b"[]", b'"\xff"', b"[" * 100_000])
def test_a_part_that_tells_nothing_of_its_file_is_refused(tmp_path: Path, told: bytes) -> None:
    table = SCHEMA.empty_table().replace_schema_metadata({"lemmary.steps": "1", "lemmary.file": told})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UserError, match=r"a\.parquet: what it tells of its source file is damaged"):
        about(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("names", None, "other columns"),
        ("names", pa.array([None], pa.list_(pa.string())), "other columns"),
        ("names", pa.array([[None]], pa.list_(pa.string())), "a value is missing"),
        ("tactic", pa.array([b"\xff"]).view(pa.string()), "damaged: .*UTF8"),
    ],
)
def test_rows_that_are_no_steps_are_refused(tmp_path: Path, column: str, values: pa.Array | None, said: str) -> None:
    write_part(tmp_path / "a.parquet", [STEP], {})
    table = pq.read_table(tmp_path / "a.parquet")
    at = table.schema.get_field_index(column)
    field = table.schema.field(at) if values is None or not values.null_count else pa.field(column, values.type)
    damaged = table.remove_column(at) if values is None else table.set_column(at, field, values)
    pq.write_table(damaged, tmp_path / "b.parquet")
    with pytest.raises(UserError, match=rf"b\.parquet: ({said})"):
        list(read_steps(tmp_path / "b.parquet"))


def test_a_part_that_is_not_whole_is_not_there(tmp_path: Path) -> None:
    (tmp_path / PARTS).mkdir()
    with pytest.raises(pa.ArrowInvalid):
        write_part(tmp_path / PARTS / "a.parquet", [STEP._replace(position=1 << 40)], {})
    assert parts(tmp_path) == []
    assert list((tmp_path / PARTS).iterdir()) == []
