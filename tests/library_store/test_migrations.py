"""What an older program wrote is read, goes on, and is never rewritten.

`old/schema_N` is a run that schema N wrote: a finished round with lemmas `a` and `b`, and in the journal of round 2 a
lemma `c` that subsumes `a`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from domain import UserError
from library_store import journal, migrations, snapshot
from library_store.columns import SCHEMA_VERSION, SCHEMAS, TABLE_NAMES
from library_store.library import Library
from tests.library_store.samples import AUDITED, lemma, sha

OLD = Path(__file__).parent / "old"
OLDER = range(migrations.OLDEST, SCHEMA_VERSION)


def test_there_is_a_run_of_every_older_version() -> None:
    assert {folder.name for folder in OLD.iterdir()} == {f"schema_{version}" for version in OLDER}
    for version in OLDER:
        (manifest,) = snapshot.manifests(OLD / f"schema_{version}")
        assert manifest.schema_version == version


@pytest.mark.parametrize("version", OLDER)
def test_a_run_of_an_older_version_opens_goes_on_and_keeps_its_files(tmp_path: Path, version: int) -> None:
    run = tmp_path / "run"
    shutil.copytree(OLD / f"schema_{version}", run)
    first = {path: path.read_bytes() for path in (run / "rounds").rglob("*.*")}
    for _ in range(2):  # the journal then holds rows of both versions
        with Library(run) as library:
            names = [one.name for one in library.lemmas.values()]
            assert names[:3] == ["a", "b", "c"]
            assert library.lemmas[sha("lemma a")].retired_by == sha("lemma c")
            assert library.problems["prop_1"].uses == (sha("lemma b"),)
            library.insert(lemma(f"d{len(names)}"), AUDITED)
    with Library(run) as library:
        assert list(library.lemmas)[3:] == [sha("lemma d3"), sha("lemma d4")]
        before = dict(library.lemmas)
        library.snapshot()
    assert {path: path.read_bytes() for path in first} == first
    assert [one.schema_version for one in snapshot.manifests(run)] == [version, SCHEMA_VERSION]
    tables = snapshot.read(run)
    assert tables.lemmas == before
    assert all(tables.history[name].schema.equals(SCHEMAS[name]) for name in TABLE_NAMES)
    connection = duckdb.connect()
    connection.execute(snapshot.views_sql(run, 2))
    found = connection.sql("SELECT count(*), count(near) FROM lemmas").fetchall()
    assert found == [(len(before), sum(one.near is not None for one in before.values()))]


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1, "2", None])
def test_a_version_that_is_not_known_is_refused(tmp_path: Path, version: object) -> None:
    opened = journal.Journal(tmp_path / "journal" / "round-0001.log")
    opened.append([("schema", {"version": version})])
    opened.close()
    with pytest.raises(UserError, match=f"schema version {version}, this program reads 1 to {SCHEMA_VERSION}"):
        Library(tmp_path)
