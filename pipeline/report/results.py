"""What a `prove` writes: `results.jsonl`, and from that alone a page with the proofs, and why the rest is not solved.

One self-contained file, `index.html`, with the style of every page; each proof of a list links to its own file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from library_store.files import write_atomically
from pipeline.loop.proof_files import in_words, names_of, proof_name
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


def write_results(directory: Path, changes: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, dict[str, str]]:
    """Writes `results.jsonl` from the snapshot; returns by status the names of the problems that have it, and why.

    `changes` are fields of some problems' lines, by their names, that are other than in the snapshot.

    A line is the problem with what became of it, so the file is one of lemmas too (`pipeline.loop.import_library`).
    """
    from datasets.jsonl import record_of
    from library_store.snapshot import read

    tables = read(directory)
    names = names_of(tables.lemmas.values())
    attempts: dict[str, list[Any]] = {}
    for row in tables.rows("attempts"):
        attempts.setdefault(row["target"], []).append(row)
    found: dict[str, dict[str, str]] = {status: {} for status in SECTIONS}
    lines: list[str] = []
    for row in tables.rows("problems"):
        spent = attempts.get(row["name"], [])
        why = _why_open(spent) if row["status"] == "open" else row["reason"].removeprefix("counterexample: ")
        status = row["status"]
        record = record_of(tables.problems[row["name"]].problem) | {
            "status": status,
            "proof": in_words(tables.problems[row["name"]].problem, row["proof"], names) or None,
            "uses": [tables.lemmas[identity].name for identity in row["uses"]],
            "axioms": row["axioms"],
            "tokens": sum(one["tokens_in"] + one["tokens_out"] for one in spent),
            "cpu_seconds": round(sum(one["cpu_seconds"] for one in spent), 3),
        }
        if row["status"] == "open":
            record["goals"] = list(dict.fromkeys(goal for one in spent for goal in one["stuck_goals"]))
        if row["status"] in ("open", "error"):
            record["reason"] = why
        if row["status"] == "refuted":
            record["counterexample"] = why
        if changed := (changes or {}).get(row["name"]):
            record |= changed
            status = changed.get("status", status)
            why = changed.get("reason") or ", ".join(changed.get("rests_on", ()))
        found[status][row["name"]] = why
        lines.append(json.dumps(record, ensure_ascii=False))
    write_atomically(directory / "results.jsonl", "".join(f"{line}\n" for line in lines).encode())
    return found


def _why_open(attempts: Sequence[Mapping[str, Any]]) -> str:
    """Why a problem is open after these attempts: what was tried, and whether time or ideas ran out."""
    from pipeline.loop.attempt_log import OUT_OF_TIME
    from pipeline.words import counted

    if not attempts:
        return "not tried: the budget of the run was spent"
    told: list[str] = []
    for attempt in attempts:
        counts = dict(attempt["counts"])
        tried = f"{counted(counts.get('proposed', 0), 'candidate')} in {attempt['cpu_seconds']:.1f} CPU s"
        if attempt["model"]:
            told.append(f"the language model has no proof among {tried}")
        elif counts.get(OUT_OF_TIME):
            told.append(f"automation ran out of time after {tried} (--set prove.cpu_seconds=N gives more)")
        else:
            told.append(f"all that automation has failed, {tried}")
    return "; ".join(told)
