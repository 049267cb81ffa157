"""docs/results.md from the committed results of runs: one row for each problem.

    python bench/results_page.py > docs/results.md

It reads `docs/results/tip_*.json`, which are `python -m pipeline report RUN --json` with `what` and `machine` added.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"

SUITES = {"tip:prod": "tip_prod.json", "tip:isaplanner": "tip_isaplanner.json"}


def main() -> None:
    """Prints the page."""
    print("# Problem by problem\n")
    print(
        "Written by `python bench/results_page.py` from `docs/results/`; [Results](benchmarks.md) says what it shows."
    )
    print("CPU seconds are those of the attempts at the problem itself; lemmas cost extra and are shared.")
    for suite, file in SUITES.items():
        _suite(suite, json.loads((RESULTS / file).read_text(encoding="utf-8")))


def _suite(suite: str, run: dict[str, Any]) -> None:
    counts = run["counts"]
    print(f"\n## {suite}: {counts['solved']} of {counts['problems']}\n")
    print(f"{run['what']}; {counts['cpu_seconds']:.0f} CPU seconds in all; {run['machine']}.\n")
    print(
        "| problem | round | technique | CPU s | learned lemmas that the proof needs |\n| --- | --- | --- | --- | --- |"
    )
    for row in run["problems"]:
        lemmas = "; ".join(f"`{lemma}`" for lemma in row["lemmas"]).replace("|", "\\|")
        shown = row["technique"] if row["status"] == "proved" else f"**{row['status']}**"
        print(f"| {row['name']} | {row['round'] or ''} | {shown} | {row['cpu_seconds']} | {lemmas} |")


if __name__ == "__main__":
    main()
