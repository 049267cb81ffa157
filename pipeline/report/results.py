"""The page of a `prove`: solved theorems with their proofs, and what is not solved and why, from `results.jsonl` alone.

One self-contained file, `index.html`, with the style of every page; each proof of a list links to its own file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from library_store.files import write_atomically
from pipeline.loop.proof_files import proof_name
from pipeline.report.frame import Tile, fill
from verifiers.backend import backend_of

TEMPLATE = Path(__file__).parent / "results.html"

SECTIONS: Mapping[str, str] = {
    "proved": "accepted in fresh prover processes, as exactly this statement",
    "conditional": "proved, but resting on other holes that are still open",
    "refuted": "false: the prover accepts a proof of the negation",
    "open": "not proved; what the search got stuck on is shown where there is something",
    "error": "could not be tried",
}
"""Status → what it says, in the order of the page."""

MOST_GOALS = 6
"""Stuck goals of one statement that are shown."""


class Entry(NamedTuple):
    """A line of `results.jsonl` as the page shows it."""

    name: str
    status: str
    place: str
    file: str
    """The file with its proof, relative to the page, or empty."""
    statement: str
    proof: str
    calls_tactics: bool
    """Whether tactic definitions in front of the proof are left out here; the file has them."""
    uses: tuple[str, ...]
    axioms: tuple[str, ...]
    why: str
    goals: tuple[str, ...]
    cpu_seconds: float


def write_page(directory: Path) -> Path:
    """Writes `index.html` beside `results.jsonl`; returns its path."""
    lines = (directory / "results.jsonl").read_text(encoding="utf-8").splitlines()
    page = directory / "index.html"
    found = [_entry(json.loads(line), directory) for line in lines]
    report = "report/index.html" if (directory / "report" / "index.html").is_file() else ""
    write_atomically(page, render(found, directory.resolve().name, report).encode())
    return page


def render(found: Sequence[Entry], name: str, report: str = "") -> str:
    """The page as text; `report` is where the report of the run lies, if there is one."""
    sections = {status: [one for one in found if one.status == status] for status in SECTIONS}
    count = len(found)
    tiles = [Tile(f"{len(those)} of {count}", status) for status, those in sections.items() if those]
    tiles.append(Tile(f"{sum(one.cpu_seconds for one in found):,.0f} s", "CPU time", "of all tries"))
    return fill(
        TEMPLATE, name=name, report=report, tiles=tiles, sections=sections, meaning=SECTIONS, most_goals=MOST_GOALS
    )


def _entry(record: Mapping[str, Any], directory: Path) -> Entry:
    status = record["status"]
    place = f"{record['file']}:{record['line']}" if "file" in record else record.get("split") or ""
    file = f"proofs/{proof_name(record['name'], record['prover'], status)}" if "prover" in record else ""
    whole = "\n\n".join([*record.get("lemmas", ()), record["proof"] or ""]).strip()
    proof = backend_of(record["prover"]).syntax.without_tactics(whole) if file else whole
    return Entry(
        name=record["name"],
        status=status,
        place=place,
        file=file if (directory / file).is_file() else "",
        statement=(record.get("formal_statement") or record.get("statement") or "").strip(),
        proof=proof,
        calls_tactics=proof != whole,
        uses=tuple(record["uses"]),
        axioms=tuple(record["axioms"]),
        why=_why(record),
        goals=tuple(record.get("goals", ())),
        cpu_seconds=record["cpu_seconds"],
    )


def _why(record: Mapping[str, Any]) -> str:
    """Why the statement is not simply proved."""
    if record["status"] == "conditional":
        return f"rests on {', '.join(record['rests_on'])}"
    shown: Any = record.get("counterexample")
    if isinstance(shown, dict):
        shown = ", ".join(f"{variable} := {value}" for variable, value in shown.items())
    return f"false for {shown}" if shown else record.get("reason") or ""
