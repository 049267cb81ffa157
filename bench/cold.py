"""What each problem costs alone: CPU seconds of its own attempts, explorations and requests in an `isolated` run.

    python -m pipeline compare configs/tip_prod.yaml --arms isolated --out runs/cold --set problems.0.path=BENCHMARKS
    python bench/cold.py runs/cold/isolated/seed=0 --json docs/results/tip_prod_cold.json

In the arm `isolated` (docs/compare.md) a problem sees no lemma but those that its own attempts, requests and
explorations made, so its cost is that of proving it from an empty library. Its steps are counted up to the end of the
round in which it was proved. What belongs to no problem is not: the start of the provers, consolidation, the recheck.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from bench.script import Row, command_line, ended, machine, table, tell
from domain import UserError
from library_store.snapshot import read
from library_store.tables import Tables


def seconds_by_problem(tables: Tables) -> dict[str, float]:
    """CPU seconds of the steps of each problem of an isolated run, up to the end of the round that proved it.

    Problems that could not be read, or not translated, are left out.

    Raises:
        UserError: the run is not isolated.
    """
    problems = [row for row in tables.rows("problems") if row["prelude_id"]]  # the others could not be read
    owners = {row["prelude_id"]: row["name"] for row in problems}
    if len(owners) < len(problems):
        raise UserError(f"{tables.directory}: a prelude serves several problems: give a run of the arm `isolated`")
    preludes = {row["id"]: row["prelude_id"] for row in tables.rows("requests")}
    solved = {row["name"]: row["round"] for row in problems if row["status"] == "proved"}
    spent: defaultdict[str, float] = defaultdict(float)
    for row in tables.rows("attempts"):
        owner = row["target"]
        if row["kind"] != "problem":
            # An exploration's target begins with the prelude's id (`pipeline.loop.context`).
            owner = owners[preludes.get(row["target"]) or row["target"].split()[0]]
        if row["round"] <= solved.get(owner, row["round"]):
            spent[owner] += row["cpu_seconds"]
    return {row["name"]: round(spent[row["name"]], 1) for row in problems}


def main() -> None:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("run", type=Path, help="directory of an isolated run")
    parser.add_argument("--limit", type=float, default=60.0, help="CPU seconds within which a problem counts")
    options = parser.parse_args()
    where, tables = machine(), read(options.run)
    written = yaml.safe_load((options.run / "config.yaml").read_text(encoding="utf-8"))
    solved = {row["name"] for row in tables.rows("problems") if row["status"] == "proved"}
    rows: list[Row] = [
        {"problem": name, "cpu_seconds": spent, "solved": name in solved and spent <= options.limit}
        for name, spent in seconds_by_problem(tables).items()
    ]
    dearest = sorted((row for row in rows if row["solved"]), key=lambda row: -row["cpu_seconds"])[:5]
    print(table({"dearest": "{problem}", "CPU s": "{cpu_seconds:.1f}"}, dearest))
    headline = {"problems": len(rows), "solved_alone": sum(row["solved"] for row in rows), "solved": len(solved)}
    about = {"seed": written["seed"], "budget": written["settings"]["cpu_seconds"], "limit": options.limit}
    tell(options, where, rows, headline, **about)


if __name__ == "__main__":
    sys.exit(ended(main))
