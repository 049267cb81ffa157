"""The tables of docs/results, made from the committed results: `make docs` runs this.

    python bench/results_page.py

`docs/results.md` has a table for each JSON file of `docs/results/`, and `docs/results/problems.md` a row for each
problem of the TIP runs. A test holds that the committed pages are what this writes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import results_speed, results_tables
from bench.results_tables import Table
from bench.script import REPOSITORY

DOCS = REPOSITORY / "docs"

TABLES_HEAD = """# Tables of all results

`make docs` writes this page from the JSON files in `docs/results/`, which have more. [Results](benchmarks.md) says
what the figures mean and what they do not show; [Problem by problem](results/problems.md) has a row for each problem.
"""

PROBLEMS_HEAD = """# Problem by problem

`make docs` writes this page from the JSON files in this folder; [Results](../benchmarks.md) says what it shows.

The column *CPU s* counts the attempts at the problem itself. Lemmas cost extra and are shared. The column *alone*
counts all steps of the problem in a run where no problem sees anything of another one, if these are at most 60 CPU
seconds.
"""


def main() -> None:
    """Writes the pages."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """The pages by their places below docs/."""
    tables = (*results_tables.TABLES, *results_speed.TABLES)
    return {
        "results.md": "\n".join([TABLES_HEAD, *(line for table in tables for line in _section(table))]),
        "results/problems.md": "\n".join([PROBLEMS_HEAD, *_suite("tip_prod"), *_suite("tip_isaplanner"), *_needed()]),
    }


def read(name: str) -> Any:
    return json.loads((DOCS / "results" / f"{name}.json").read_text(encoding="utf-8"))


def markdown(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of a table."""
    cells = [[form.format_map(row).replace("|", "\\|") for form in columns.values()] for row in rows]
    return [f"| {' | '.join(line)} |" for line in ([*columns], ["---"] * len(columns), *cells)]


def _section(table: Table) -> list[str]:
    found = [read(name) for name in table.files]
    lines = [f"## {table.title}", "", f"Made by {table.made_by}.", ""]
    for name, file in zip(table.files, found, strict=True):
        told = (file.get("what"), file.get("machine"), f"seed {file['seed']}" if "seed" in file else None)
        about = "; ".join(str(one) for one in told if one)
        lines.append(f"* [`{name}.json`](results/{name}.json){': ' if about else ''}{about}")
    return [*lines, "", *markdown(table.columns, list(table.rows(*found))), ""]


def _suite(name: str) -> list[str]:
    run, cold = read(name), {row["problem"]: row for row in read(f"{name}_cold")["rows"]}
    counts, alone = run["counts"], sum(row["solved"] for row in cold.values())
    rows = [
        row
        | {
            "round": row["round"] or "",
            "technique": row["technique"] if row["status"] == "proved" else f"**{row['status']}**",
            "alone": cold[row["name"]]["cpu_seconds"] if cold[row["name"]]["solved"] else "–",
            "lemmas": "; ".join(f"`{lemma}`" for lemma in row["lemmas"]),
        }
        for row in run["problems"]
    ]
    columns = {"problem": "{name}", "round": "{round}", "technique": "{technique}", "CPU s": "{cpu_seconds}"}
    columns |= {"alone": "{alone}", "learned lemmas that the proof needs": "{lemmas}"}
    return [
        f"## {name.replace('_', ':')}: {counts['solved']} of {counts['problems']}, {alone} alone",
        "",
        f"{run['what']}; {counts['cpu_seconds']:.0f} CPU seconds in all; {run['machine']}.",
        "",
        *markdown(columns, rows),
        "",
    ]


def _needed() -> list[str]:
    run = read("tip_two_hours")
    columns = {"lemma": "`{name}`", "statement": "`{statement}`", "by foreign problems": "{foreign}"}
    columns |= {"by all": "{needed_by}", "round": "{round}"}
    return [
        f"## All three suites in one run: {run['headline']['solved']} of {run['problems']}",
        "",
        f"{run['what']}; seed {run['seed']}; {run['machine']}.",
        "",
        "![Problems proved, and the library, against CPU seconds](../images/tip_two_hours.svg)",
        "",
        "The lemmas that most problems needed which they do not come from:",
        "",
        *markdown(columns, run["most_needed"]),
        "",
    ]


if __name__ == "__main__":
    main()
