"""What each problem costs alone: CPU seconds of its own attempts, explorations and requests in an `isolated` run.

    python -m pipeline compare configs/tip_prod.yaml --arms isolated --out runs/cold --set problems.0.path=BENCHMARKS
    python bench/cold.py runs/cold/isolated/seed=0 --json docs/results/tip_prod_cold.json

In the arm `isolated` (docs/compare.md) a problem sees no lemma but those that its own attempts, requests and
explorations made, so its cost is that of proving it from an empty library. Its steps are counted up to the end of the
round in which it was proved. What belongs to no problem is not: the start of the provers, consolidation, the recheck.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from domain import UserError
from library_store.snapshot import Tables, read


def seconds_by_problem(tables: Tables) -> dict[str, float]:
    """CPU seconds of the steps of each problem of an isolated run, up to the end of the round that proved it.

    Raises:
        UserError: the run is not isolated.
    """
    problems = tables.rows("problems")
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="directory of an isolated run")
    parser.add_argument("--limit", type=float, default=60.0, help="CPU seconds within which a problem counts")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    try:
        tables = read(options.run)
        spent = seconds_by_problem(tables)
    except UserError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    proved = [row["name"] for row in tables.rows("problems") if row["status"] == "proved"]
    cold = {name: spent[name] for name in proved if spent[name] <= options.limit}
    print(
        f"{len(cold)} of {len(spent)} problems, each alone, within {options.limit:g} CPU seconds; {len(proved)} in all"
    )
    dearest = sorted(cold, key=lambda name: -cold[name])[:5]
    print("dearest: " + ", ".join(f"{name} {cold[name]:g}" for name in dearest))
    if options.json:
        written = yaml.safe_load((options.run / "config.yaml").read_text(encoding="utf-8"))
        told = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "version": written["version"]}
        told |= {"seed": written["seed"], "budget": written["settings"]["cpu_seconds"], "limit": options.limit}
        told |= {"solved": cold}
        told |= {"left": {name: seconds for name, seconds in spent.items() if name not in cold}}
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
