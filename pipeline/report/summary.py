"""What a run came to, for the terminal: computed from the snapshot tables alone (design, invariant 7)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from library_store.rows import event_from_row
from library_store.schema import FAILED, Row
from library_store.snapshot import read
from library_store.tables import Tables
from pipeline.words import MOST_SHOWN, counted, listed


class Summary(NamedTuple):
    counts: Mapping[str, Any]
    text: str


def summarise(directory: Path) -> Summary:
    """The summary of a run directory as of its last finished round."""
    tables = read(directory)
    manifest = tables.manifests[-1]
    counts = manifest.counts
    solved = (
        f"{counts['solved']} of {counted(counts['problems'], 'problem')} solved in {counted(manifest.round, 'round')}"
    )
    abroad = (
        f"{counts['lemmas_used_abroad']} helped with a problem that they do not come from, "
        f"{counts['lemmas_used_abroad_twice']} with two or more"
    )
    rediscovered = (
        f"lemmas that state what a problem states, found without it: {counts['lemmas_rediscovered']}; "
        f"problems solved with one: {counts['solved_with_rediscovered']}"
    )
    lines = [
        f"{solved}, {counts['solved_with_library']} of them with lemmas learned from other problems",
        f"{counted(counts['lemmas'], 'lemma')} in the library, {_rechecked(tables)}; {abroad}",
        rediscovered,
        f"{counts['cpu_seconds']:.0f} CPU seconds, {counts['tokens']} tokens",
        "",
        *_by_round(tables),
        *_refuted(tables),
        *_with_lemmas(tables),
    ]
    if failed := sum(row["kind"] == FAILED for row in tables.rows("events")):
        lines += ["", f"{counted(failed, 'step')} failed by an error of Lemmary's own: logs/run.log has it"]
    if shortfall := sandbox_shortfall(tables):
        lines += ["", f"the provers of this run were not fully sandboxed: {shortfall}"]
    lines += [f"\n{counted(len(names), 'problem')} ({listed(names)}): {why}" for why, names in unread(tables).items()]
    return Summary(counts, "\n".join(lines))


def result(tables: Tables) -> dict[str, Any]:
    """A run's result as JSON: solved by round, counts, open problems, the lemmas that proofs needed, each problem."""
    manifest = tables.manifests[-1]
    problems = tables.rows("problems")
    proved = [row for row in problems if row["status"] == "proved"]
    by_round: dict[str, Counter[int]] = {
        "proved": Counter(row["round"] for row in proved),
        "with_library_lemmas": Counter(row["round"] for row in proved if row["uses"]),
        "by_language_model": Counter(row["round"] for row in proved if row["operator"] == "language_model"),
    }
    return {
        "seed": manifest.seed,
        "code_version": manifest.code_version,
        "sandbox_shortfall": sandbox_shortfall(tables) or None,
        "unread": unread(tables),
        "rounds": [
            {"round": number} | {what: count[number] for what, count in by_round.items()}
            for number in range(1, manifest.round + 1)
        ],
        "counts": dict(manifest.counts),
        "open": [row["name"] for row in problems if row["status"] not in ("proved", "refuted")],
        "refuted": {row["name"]: row["reason"] for row in problems if row["status"] == "refuted"},
        "proved_with_learned_lemmas": {
            row["name"]: [tables.lemmas[identity].statement for identity in row["uses"]]
            for row in proved
            if row["uses"]
        },
        "problems": [_problem(tables, row) for row in sorted(problems, key=lambda row: row["name"])],
    }


def _problem(tables: Tables, row: Row) -> dict[str, Any]:
    """One problem: what became of it, in which round, by what shape of proof and which lemmas, at what cost."""
    tries = [one["cpu_seconds"] for one in tables.rows("attempts") if one["target"] == row["name"]]
    proved = row["status"] == "proved"
    return {
        "name": row["name"],
        "status": row["status"],
        "round": row["round"] if proved else None,
        "technique": technique(row["proof"]) if proved and row["operator"] == "automation" else row["operator"] or None,
        "lemmas": [tables.lemmas[identity].statement for identity in row["uses"]] if proved else [],
        "cpu_seconds": round(sum(tries), 1),
    }


def technique(proof: str) -> str:
    """The shape of automation's proof, read from its last tactic block."""
    block = proof.rpartition("Proof.")[2]
    inductions = block.count("; induction ") + block.count("\ninduction ")
    if "fix IH" in block:
        return "induction by two steps"
    if "lm_instance" in block or "epose proof" in block:
        return "instance of a lemma"
    if inductions > 1:
        return "nested induction"
    if inductions:
        return (
            "induction and cases"
            if re.search(r"induction \w+(?: as \[.*?\])?; intros [^;]*; destruct", block)
            else "induction"
        )
    return "rewriting and cases"


def sandbox_shortfall(tables: Tables) -> str:
    """How the sandbox of the provers fell short, in any session of the run, or the empty string."""
    told = (event_from_row(row).detail.get("sandbox", "") for row in tables.rows("events"))
    return next((one for one in told if one), "")


def unread(tables: Tables) -> dict[str, list[str]]:
    """What the prover's reader did not understand of headers and statements, with the names of the problems."""
    told = [event_from_row(row).detail for row in tables.rows("events") if row["kind"] == "started"]
    return told[-1].get("unread", {}) if told else {}


def audited_only(tables: Tables) -> str:
    """Why the last recheck left lemmas at `audited`, or the empty string."""
    told = [event_from_row(row).detail for row in tables.rows("events") if row["kind"] == "rechecked"]
    return told[-1].get("why", "") if told else ""


def _rechecked(tables: Tables) -> str:
    """How many of the lemmas that are not retired the last recheck accepted, and why not the others."""
    trust = [row["trust"] for row in tables.rows("lemmas") if row["retired_by"] is None]
    why = f" ({said})" if (said := audited_only(tables)) else ""
    return "all rechecked" if set(trust) <= {"rechecked"} else f"{trust.count('rechecked')} of them rechecked{why}"


def _by_round(tables: Tables) -> list[str]:
    solved: Counter[tuple[int, str]] = Counter()
    for row in tables.rows("problems"):
        if row["status"] == "proved":
            how = "language model" if row["operator"] == "language_model" else "automation"
            solved[row["round"], how + (" with lemmas" if row["uses"] else "")] += 1
    return [f"  round {number}: {count} proved by {how}" for (number, how), count in sorted(solved.items())]


def _refuted(tables: Tables) -> list[str]:
    """Problems whose negation is proved, with their counterexamples."""
    rows = sorted((row["name"], row["reason"]) for row in tables.rows("problems") if row["status"] == "refuted")
    if not rows:
        return []
    more = [f"  … and {len(rows) - MOST_SHOWN} more"] if len(rows) > MOST_SHOWN else []
    told = [f"  {name}: {reason}" for name, reason in rows[:MOST_SHOWN]]
    return ["", f"{counted(len(rows), 'problem')} refuted, each by a proof of the negation:", *told, *more]


def _with_lemmas(tables: Tables) -> list[str]:
    """Problems whose minimised proof needs lemmas of an earlier round, by name."""
    rows = [row for row in tables.rows("problems") if row["status"] == "proved" and row["uses"]]
    if not rows:
        return ["", "no proof needed a library lemma"]
    lines = ["", "needed learned lemmas:"]
    for row in sorted(rows, key=lambda row: (-row["round"], row["name"]))[:MOST_SHOWN]:
        names = [tables.lemmas[identity] for identity in row["uses"]]
        told = "; ".join(f"{lemma.name}: {lemma.statement} (round {lemma.round})" for lemma in names[:3])
        lines.append(f"  {row['name']} (round {row['round']}) by {told}" + (" …" if names[3:] else ""))
    if len(rows) > MOST_SHOWN:
        lines.append(f"  … and {len(rows) - MOST_SHOWN} more")
    return lines
