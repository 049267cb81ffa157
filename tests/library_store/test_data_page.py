"""`docs/data.md` names every table and column, and its examples run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from library_store import snapshot
from library_store.schema import SCHEMAS
from tests.library_store import samples

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "data.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    samples.three_rounds(folder / "runs" / "quickstart")
    return folder


def test_every_table_and_column_is_described() -> None:
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", PAGE, re.DOTALL | re.MULTILINE))
    assert set(sections) == set(SCHEMAS)
    for name, schema in SCHEMAS.items():
        first_cells = "\n".join(row.split("|")[1] for row in sections[name].splitlines() if row.startswith("|"))
        assert set(re.findall(r"`(\w+)`", first_cells)) == set(schema.names)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_in_python_run(folder: Path, example: str) -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{example}"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_query_on_the_page_gives_the_state(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    query = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)[0]
    seen = {(row[0], row[1]) for row in duckdb.execute(query).fetchall()}
    tables = snapshot.read(folder / "runs" / "quickstart", 2)
    assert seen == {(row["id"], row["revision"]) for row in tables.rows("lemmas")}
