"""A snapshot is whole, immutable and verified; SQL and Python see the same state at every round."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain import OutsideError, UserError
from library_store import durability, snapshot
from library_store.library import Library
from library_store.schema import KEYS, SCHEMA_VERSION, SCHEMAS, TABLE_NAMES, Row
from library_store.tables import MANIFEST, read_manifest
from tests.library_store import samples
from tests.library_store.samples import AUDITED, lemma, opened, sha


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    samples.three_rounds(folder)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    samples.three_rounds(tmp_path)
    return tmp_path


def test_a_round_holds_its_tables_and_a_manifest_with_their_checksums(finished: Path) -> None:
    for number in (1, 2, 3):
        folder = finished / "rounds" / f"round={number:04d}"
        assert {path.name for path in folder.iterdir()} == {f"{name}.parquet" for name in TABLE_NAMES} | {
            "manifest.json"
        }
        manifest = json.loads((folder / "manifest.json").read_text())
        assert manifest["schema_version"] == SCHEMA_VERSION
        assert manifest["round"] == number
        assert manifest["parent"] == (number - 1 or None)
        assert (manifest["seed"], manifest["code_version"]) == (7, "0.1")
        for name, entry in manifest["files"].items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"]
            table = pq.read_table(pa.BufferReader((folder / name).read_bytes()))
            assert table.num_rows == entry["rows"]
            assert table.schema.equals(SCHEMAS[name.removesuffix(".parquet")])


@pytest.mark.parametrize("term", ["nonsense", "[]", '[["app",1,2],["const","eq"]]', '[["const",5]]'])
def test_a_lemma_that_somebody_else_wrote_wrongly_is_one_line_that_names_it(finished: Path, term: str) -> None:
    tables = snapshot.read(finished)
    written = tables.history["lemmas"]
    column = pa.array([term] * written.num_rows, written.schema.field("term").type)
    spoilt = written.set_column(written.schema.get_field_index("term"), written.schema.field("term"), column)
    with pytest.raises(UserError, match="its lemmas cannot be read") as raised:
        _ = replace(tables, history={**tables.history, "lemmas": spoilt}).lemmas
    assert written["id"][0].as_py() in str(raised.value)


@pytest.mark.parametrize(("table", "column"), [("proofs", "uses"), ("lemmas", "definition_ids")])
def test_a_lemma_that_rests_on_what_is_not_there_is_one_line(finished: Path, table: str, column: str) -> None:
    tables = snapshot.read(finished)
    written = tables.history[table]
    at = written.schema.get_field_index(column)
    unknown = pa.array([["f" * 64]] * written.num_rows, written.schema.field(at).type)
    spoilt = written.set_column(at, written.schema.field(at), unknown)
    with pytest.raises(UserError, match=f"rests on {'f' * 64}"):
        _ = replace(tables, history={**tables.history, table: spoilt}).lemmas


def test_the_journal_of_a_finished_round_is_gone(run: Path) -> None:
    assert [path.name for path in (run / "journal").glob("round-*")] == ["round-0004.log"]


def test_the_state_at_each_round_is_what_was_then(finished: Path) -> None:
    def lemmas(number: int) -> dict[str, tuple[int, bool, tuple[str, ...]]]:
        found = snapshot.read(finished, number).lemmas.values()
        return {x.name: (x.revision, x.retired_by is not None, x.origins) for x in found}

    assert lemmas(1) == {"a": (1, False, ("prop_1",)), "b": (1, False, ("prop_1",))}
    assert lemmas(2) == lemmas(1) | {"c": (1, False, ("prop_3",))}
    assert lemmas(3) == lemmas(2) | {"a": (2, True, ("prop_1",)), "c": (2, False, ("prop_3", "prop_4"))}
    solved = [[n for n, p in snapshot.read(finished, k).problems.items() if p.status == "proved"] for k in (1, 2, 3)]
    assert solved == [["prop_1"], ["prop_1", "prop_2"], ["prop_1", "prop_2", "prop_3"]]


def test_what_is_read_is_what_the_library_held(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a"), AUDITED)
        library.insert(lemma("a", origins=("prop_2",)), AUDITED)
        library.snapshot()
        tables = snapshot.read(tmp_path)
        assert tables.lemmas == library.lemmas
        assert tables.definitions == library.definitions
        assert tables.problems == library.problems
        assert tables.history["lemmas"].num_rows == 1, "a delta holds the last revision of its round only"


def ordered(rows: list[Row]) -> list[str]:
    """Rows as texts in an order of their own; only the order of rows and of the entries of a map is free."""
    return sorted(json.dumps({key: sorted(v) if key == "counts" else v for key, v in row.items()}) for row in rows)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_duckdb_views_equal_what_python_reads(finished: Path, number: int) -> None:
    connection = duckdb.connect()
    connection.execute(snapshot.views_sql(finished, number))
    tables = snapshot.read(finished, number)
    for name in TABLE_NAMES:
        seen = connection.sql(f"SELECT * FROM {name}").to_arrow_table().cast(SCHEMAS[name])
        assert ordered(seen.to_pylist()) == ordered(tables.rows(name)), name


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_same_query_in_polars_equals_what_python_reads(finished: Path, number: int) -> None:
    tables = snapshot.read(finished, number)
    for name in TABLE_NAMES:
        rows = pl.scan_parquet(f"{finished}/rounds/round=*/{name}.parquet", hive_partitioning=False)
        seen = pl.SQLContext({"rows": rows}).execute(snapshot.state_sql(name, "rows", number), eager=True)
        expected = pl.from_arrow(tables.table(name))
        assert isinstance(expected, pl.DataFrame)
        assert seen.select(expected.columns).height == expected.height
        if KEYS[name] is not None:
            key = [KEYS[name], "revision"]
            assert seen.select(key).sort(key).equals(expected.select(key).sort(key)), name


def test_reading_back_verifies_every_file(run: Path) -> None:
    for name in TABLE_NAMES:
        path = run / "rounds" / "round=0002" / f"{name}.parquet"
        whole = path.read_bytes()
        for damaged in (whole[:-1], whole[:20] + bytes([whole[20] ^ 1]) + whole[21:], b""):
            path.write_bytes(damaged)
            for reader in (snapshot.read, Library):
                with pytest.raises(UserError, match=f"{name}.parquet is damaged") as caught:
                    reader(run)
                assert "\n" not in str(caught.value)
        path.unlink()
        with pytest.raises(UserError, match=f"cannot read .*{name}.parquet"):
            snapshot.read(run)
        path.write_bytes(whole)
    snapshot.read(run)


def test_a_file_that_is_no_parquet_whatever_its_checksum_says_is_one_line(run: Path) -> None:
    folder = run / "rounds" / "round=0002"
    (folder / "lemmas.parquet").write_bytes(b"PAR1 and more PAR1")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"]["lemmas.parquet"]["sha256"] = hashlib.sha256(b"PAR1 and more PAR1").hexdigest()
    sign(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="is no Parquet file"):
        snapshot.read(run)


def sign(manifest: dict[str, object]) -> None:
    """As whoever meant what it says would have written it."""
    del manifest["sha256"]
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    manifest["sha256"] = hashlib.sha256(text.encode()).hexdigest()


def spoil(change: Callable[[dict[str, object]], object]) -> Callable[[bytes], bytes]:
    def spoiled(text: bytes) -> bytes:
        values = json.loads(text)
        change(values)
        return json.dumps(values).encode()

    return spoiled


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda text: text[: len(text) // 2], "is damaged"),
        (lambda _: b"", "is damaged"),
        (lambda _: b"[]", "is damaged"),
        (lambda _: b"\xff\xfe", "is damaged"),
        (spoil(lambda values: values.pop("files")), "is damaged"),
        (spoil(lambda values: values.update(round=7)), "is damaged"),
        (spoil(lambda values: values.update(schema_version=99)), "schema version 99"),
        (spoil(lambda values: values.update(files={}) or sign(values)), "does not list"),
        (spoil(lambda values: values.update(seed=8)), "is damaged .* SHA-256"),
        (spoil(lambda values: values.pop("sha256")), "is damaged"),
    ],
)
def test_a_damaged_manifest_is_one_line_that_names_it(run: Path, damage: Callable[[bytes], bytes], says: str) -> None:
    path = run / "rounds" / "round=0002" / "manifest.json"
    path.write_bytes(damage(path.read_bytes()))
    for reader in (snapshot.read, Library):
        with pytest.raises(UserError, match=says) as caught:
            reader(run)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.1, pytest.param(1.0, marks=pytest.mark.acceptance)])
def test_no_flipped_bit_of_a_manifest_passes(run: Path, share: float) -> None:
    path = run / "rounds" / "round=0002" / "manifest.json"
    whole = path.read_bytes()
    places = range(8 * len(whole))
    for place in random.Random(5).sample(places, round(share * len(places))):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(UserError):
            read_manifest(path)


def test_a_round_whose_manifest_and_journal_are_gone_is_not_dropped_silently(run: Path) -> None:
    (run / "rounds" / "round=0003" / "manifest.json").unlink()
    (run / "journal" / "round-0004.log").unlink()
    with pytest.raises(UserError, match=r"manifest\.json is missing and no journal has round 3"):
        Library(run)
    assert (run / "rounds" / "round=0003" / "lemmas.parquet").exists()


def test_a_missing_round_in_the_middle_is_told(run: Path) -> None:
    (run / "rounds" / "round=0002" / "manifest.json").unlink()
    with pytest.raises(UserError, match=r"round=0002/manifest\.json is missing although round 3 exists"):
        Library(run)


def test_a_folder_without_a_manifest_does_not_exist(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a"), AUDITED)
    unfinished = tmp_path / "rounds" / "round=0001"
    unfinished.mkdir(parents=True)
    (unfinished / "lemmas.parquet").write_bytes(b"half")
    with pytest.raises(UserError, match="has no finished round"):
        snapshot.read(tmp_path)
    with Library(tmp_path) as library:
        assert sha("lemma a") in library.lemmas
        assert not unfinished.exists()
        library.snapshot()
    assert list(snapshot.read(tmp_path).lemmas) == [sha("lemma a")]


def test_a_finished_round_is_never_written_again(run: Path) -> None:
    with pytest.raises(ValueError, match="immutable"):
        snapshot.write(run, 3, {}, counts=lambda _: {}, seed=0, code_version="")


def test_a_round_that_does_not_exist_is_the_users_mistake(run: Path) -> None:
    for number in (-1, 4):
        with pytest.raises(UserError, match="has rounds 1 to 3"):
            snapshot.read(run, number)
    with pytest.raises(UserError, match="is not a folder"):
        snapshot.read(run / "nowhere")


def test_a_snapshot_that_cannot_be_written_leaves_the_journal_and_no_round(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as library:
        library.insert(lemma("a"), AUDITED)
        (tmp_path / "rounds").write_text("a file where the folder should be")
        with pytest.raises(OutsideError, match="the journal keeps the round"):
            library.snapshot()
        (tmp_path / "rounds").unlink()
        library.insert(lemma("b"), AUDITED)
        library.snapshot()
    assert [x.name for x in snapshot.read(tmp_path).lemmas.values()] == ["a", "b"]


def test_edges_stand_by_kind_in_groups_of_rows_that_a_reader_may_skip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "ROW_GROUP", 2)
    samples.three_rounds(tmp_path)
    file = pq.ParquetFile(tmp_path / "rounds" / "round=0001" / "edges.parquet")
    kinds = file.read().column("kind").to_pylist()
    assert kinds == sorted(kinds)
    column = file.schema_arrow.names.index("kind")
    groups = [file.metadata.row_group(number).column(column) for number in range(file.num_row_groups)]
    assert [group.statistics.min for group in groups] == kinds[::2]
    assert {group.compression for group in groups} == {"ZSTD"}


def test_rows_that_wait_in_arrow_are_the_rows_that_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.three_rounds(tmp_path / "one")
    monkeypatch.setattr(durability, "CHUNK", 2)
    samples.three_rounds(tmp_path / "two")
    one, two = snapshot.read(tmp_path / "one"), snapshot.read(tmp_path / "two")
    for name in set(TABLE_NAMES) - {"events"}:  # which have times
        assert one.history[name] == two.history[name]
    with Library(tmp_path / "two") as library:
        for name in "defgh":
            library.insert(lemma(name), AUDITED)
        assert [row["name"] for row in library.at_round(4).rows("lemmas")[3:]] == list("defgh")
