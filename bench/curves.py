"""The curves of one run: problems solved, lemmas and their reuse by round, and the lemmas that were needed most.

    python -m pipeline run configs/tip.yaml --out runs/tip
    python bench/curves.py runs/tip --json docs/results/tip_two_hours.json --figure docs/images/tip_two_hours.svg

Use and reuse are those of `library_store.analysis`, from the tables as they were after each round: a lemma is needed by
a problem if the problem's minimised proof needs it, and reused if the problem is not one that it comes from.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import matplotlib as mpl
import yaml
from matplotlib.figure import Figure as Canvas

from bench.script import command_line, ended, machine, tell
from library_store.analysis import counts, reuse, solved_at
from library_store.snapshot import read
from library_store.tables import Tables
from pipeline.report.drawing import STYLE
from pipeline.report.frame import INK, LINE, MUTED, SERIES, SURFACE
from term_algebra.display import Display

COUNTED = ("solved", "refuted", "solved_with_library", "lemmas", "lemmas_used_abroad", "lemmas_used_abroad_twice")
"""What is told after each round."""

MOST = 20
"""Lemmas that are listed."""


def by_round(directory: Path) -> list[dict[str, float]]:
    """What the run had after each round."""
    rows: list[dict[str, float]] = []
    for number in range(1, read(directory).round + 1):
        found = counts(read(directory, number))
        rows.append({"round": number, "cpu_seconds": round(found["cpu_seconds"], 1)} | {k: found[k] for k in COUNTED})
    return rows


def most_needed(tables: Tables) -> list[dict[str, Any]]:
    """The lemmas that most problems need, with readable names; those that foreign problems need come first."""
    display, use = Display(tables.definitions.values()), reuse(tables)
    names = {one: tables.lemmas[one].name for one in use.users}
    order = sorted(use.users, key=lambda one: (-len(use.foreign_users.get(one, ())), -len(use.users[one]), names[one]))
    return [
        {
            "name": names[one],
            "statement": display.statement(tables.lemmas[one].term),
            "needed_by": len(use.users[one]),
            "foreign": len(use.foreign_users.get(one, ())),
            "round": tables.lemmas[one].round,
        }
        for one in order[:MOST]
    ]


def draw(found: dict[str, Any], file: Path) -> None:
    """Writes the figure as SVG: problems against CPU seconds, and the library by round."""
    settings: Any = STYLE | {"svg.hashsalt": "curves", "figure.facecolor": SURFACE}
    with mpl.rc_context(settings):
        canvas = Canvas(figsize=(9.6, 3.4), layout="constrained")
        left, right = canvas.subplots(1, 2)
        moments = sorted(found["solved_at"].values())
        end = found["rows"][-1]["cpu_seconds"]
        left.step([0.0, *moments, end], [0, *range(1, len(moments) + 1), len(moments)], where="post", color=SERIES[0])
        for row in found["rows"]:
            left.axvline(row["cpu_seconds"], color=LINE, linewidth=1, zorder=0)
        left.set_xlabel("CPU seconds of the run (lines: ends of rounds)")
        left.set_ylabel(f"problems proved, of {found['problems']}")
        left.set_ylim(0)
        seconds = [row["cpu_seconds"] for row in found["rows"]]
        curves = {
            "lemmas": "lemmas in the library",
            "lemmas_used_abroad": "needed by a problem that they do not come from",
            "lemmas_used_abroad_twice": "by two or more such",
        }
        for (key, text), colour in zip(curves.items(), SERIES, strict=False):
            right.plot(seconds, [row[key] for row in found["rows"]], color=colour, marker="o", markersize=3, label=text)
        right.set_xlabel("CPU seconds of the run")
        right.set_ylabel("lemmas")
        right.set_ylim(0, 1.4 * max(1, *(row["lemmas"] for row in found["rows"])))
        right.set_xlim(0)
        right.legend(frameon=False, fontsize=8, labelcolor=INK, loc="upper left")
        for axes in (left, right):
            axes.tick_params(colors=MUTED)
        canvas.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("run", type=Path, help="directory of a run")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args(arguments)
    where, tables = machine(), read(options.run)
    written = yaml.safe_load((options.run / "config.yaml").read_text(encoding="utf-8"))
    status = Counter(row["status"] for row in tables.rows("problems"))
    rows = by_round(options.run)
    found: dict[str, Any] = {
        "seed": written["seed"],
        "budget": written["settings"]["cpu_seconds"],
        "problems": status.total() - status["error"],
        "left_out": status["error"],
        "most_needed": most_needed(tables),
        "solved_at": {name: round(at, 1) for name, at in solved_at(tables).items()},
    }
    columns = {"round": "{round}", "CPU s": "{cpu_seconds:.0f}"} | {name: f"{{{name}}}" for name in COUNTED}
    tell(options, where, rows, {name: rows[-1][name] for name in COUNTED}, columns, **found)
    for row in found["most_needed"][:5]:
        print(f"{row['name']} (foreign {row['foreign']}, all {row['needed_by']}): {row['statement']}")
    if options.figure:
        draw(found | {"rows": rows}, options.figure)


if __name__ == "__main__":
    sys.exit(ended(main))
