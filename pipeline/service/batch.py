"""Candidates and the verdicts on them as lines of JSON, for `check --batch` and for the service alike.

Invariant: every line has a name to answer under, and a line that holds no candidate has a verdict that says why.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from datasets.jsonl import parse_object, problem_of
from domain import Candidate, Message, UserError, Verdict

BATCH_LINE = 'each line is {"problem": {...}, "proof": "..."}'


def candidate_of(line: str, where: str) -> tuple[str, Candidate | Verdict]:
    """The candidate of a batch line, or the verdict on a line that holds none; and the name to answer under."""
    name = where
    try:
        record = parse_object(line, where)
        name = _named(record, where)
        if "problem" not in record:
            bare = ", and this is a problem alone, without a proof" if "formal_statement" in record else ""
            raise UserError(f"{where}: field `problem` is missing: {BATCH_LINE}{bare}")
        if not isinstance(record["problem"], dict):
            raise UserError(f"{where}: field `problem`: expected an object: {BATCH_LINE}")
        name = _named(record["problem"], where)
        problem = problem_of(record["problem"], f"{where}: problem")
        if not isinstance(record.get("proof"), str):
            raise UserError(f"{where}: field `proof`: expected the candidate's text: {BATCH_LINE}")
    except UserError as error:
        return name, Verdict("error", "malformed", "none", (Message("error", str(error)),))
    return problem.name, Candidate(problem, record["proof"])


def _named(record: dict[str, Any], otherwise: str) -> str:
    given = record.get("name")
    return given if isinstance(given, str) and given else otherwise


def verdict_line(name: str, verdict: Verdict) -> dict[str, Any]:
    """The answer to a candidate."""
    return {
        "name": name,
        "verdict": verdict.verdict,
        "trust": verdict.trust,
        "reason": verdict.reason,
        "messages": [asdict(message) for message in verdict.messages],
        "axioms": list(verdict.axioms),
        "uses": list(verdict.uses),
        "seconds": verdict.seconds,
        "prover": verdict.prover,
    }
