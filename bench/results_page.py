"""docs/results.md from the committed results of runs: one row for each problem.

    python bench/results_page.py > docs/results.md

It reads `docs/results/tip_*.json`, which are `python -m pipeline report RUN --json` with `what` and `machine` added,
`docs/results/tip_*_cold.json` of `bench/cold.py`, and `docs/results/tip_two_hours.json` of `bench/curves.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"

SUITES = {"tip:prod": "tip_prod.json", "tip:isaplanner": "tip_isaplanner.json"}

HEAD = """# Problem by problem

Written by `python bench/results_page.py` from `docs/results/`; [Results](benchmarks.md) says what it shows.
CPU seconds are those of the attempts at the problem itself; lemmas cost extra and are shared. `alone`: those of all its
steps in a run where no problem sees anything of another, if these are 60 at most (`bench/cold.py`)."""


def main() -> None:
    """Prints the page."""
    print(HEAD)
    for suite, file in SUITES.items():
        cold = json.loads((RESULTS / file.replace(".json", "_cold.json")).read_text(encoding="utf-8"))
        _suite(suite, json.loads((RESULTS / file).read_text(encoding="utf-8")), cold["solved"])
    _two_hours(json.loads((RESULTS / "tip_two_hours.json").read_text(encoding="utf-8")))


def _suite(suite: str, run: dict[str, Any], cold: dict[str, float]) -> None:
    counts = run["counts"]
    print(f"\n## {suite}: {counts['solved']} of {counts['problems']}, {len(cold)} alone\n")
    print(f"{run['what']}; {counts['cpu_seconds']:.0f} CPU seconds in all; {run['machine']}.\n")
    print("| problem | round | technique | CPU s | alone | learned lemmas that the proof needs |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in run["problems"]:
        lemmas = "; ".join(f"`{lemma}`" for lemma in row["lemmas"]).replace("|", "\\|")
        shown = row["technique"] if row["status"] == "proved" else f"**{row['status']}**"
        alone = cold.get(row["name"], "–")
        print(f"| {row['name']} | {row['round'] or ''} | {shown} | {row['cpu_seconds']} | {alone} | {lemmas} |")


def _two_hours(run: dict[str, Any]) -> None:
    end = run["rounds"][-1]
    print(f"\n## All three suites in one run: {end['solved']} of {run['problems']}\n")
    print(f"{run['what']}, seed {run['seed']}, {end['cpu_seconds']:.0f} CPU seconds; {run['machine']}.\n")
    print("![Problems proved, and the library, against CPU seconds](images/tip_two_hours.svg)\n")
    print("| round | solved | needing a lemma from another problem | lemmas | needed abroad | by two or more | CPU s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in run["rounds"]:
        cells = [row[key] for key in ("solved", "solved_with_library", "lemmas", "lemmas_used_abroad")]
        cells += [row["lemmas_used_abroad_twice"], round(row["cpu_seconds"])]
        print(f"| {row['round']} | {' | '.join(map(str, cells))} |")
    print("\nThe lemmas that most problems needed which they do not come from:\n")
    print("| lemma | statement | by foreign problems | by all | round |")
    print("| --- | --- | --- | --- | --- |")
    for row in run["most_needed"]:
        statement = row["statement"].replace("|", "\\|")
        print(f"| `{row['name']}` | `{statement}` | {row['foreign']} | {row['needed_by']} | {row['round']} |")


if __name__ == "__main__":
    main()
