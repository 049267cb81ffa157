"""`show`: everything that a run knows about one lemma, problem or attempt."""

from __future__ import annotations

import json as json_text
import re
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from domain import Lemma, UserError
from verifiers.backend import backend_of, prover_of


def show(
    run: Annotated[Path, Parameter(name="RUN")],
    name: Annotated[str, Parameter(name="NAME")],
    /,
    *,
    at_round: int | None = None,
    full: bool = False,
    json: bool = False,
) -> int:
    """Show everything about one lemma, problem or attempt of a run.

    Examples:
        python -m pipeline show runs/quickstart turn_twice
        python -m pipeline show runs/quickstart r2-0007

    Args:
        run: a run directory.
        name: of a problem, a lemma (readable name, canonical name, id or the start of one) or an attempt.
        at_round: as of this round.
        full: print proofs as they are recorded, in canonical names and with all tactic definitions.
        json: print JSON.
    """
    from library_store.snapshot import read

    tables = read(run, at_round)
    found = _find(tables, name)
    if not found:
        raise UserError(
            f"{run} has no problem, lemma or attempt {name!r}: `graph {run}` writes a page that lists its lemmas"
        )
    if len(found) > 1:
        raise UserError(f"{name!r} may be {', '.join(title for title, _ in found[:4])}: give more of the name")
    title, facts = found[0]
    if json:
        print(json_text.dumps({"what": title} | facts, ensure_ascii=False))
        return 0
    print(title)
    if not full:
        facts = _shortened(tables, facts)
    for key, value in facts.items():
        if value in (None, "", [], {}):
            continue
        text = "\n".join(value) if key == "lineage" else _text(value)
        print(f"\n{key}:\n{_indent(text)}" if "\n" in text or len(text) > 90 else f"{key}: {text}")
    return 0


def _shortened(tables: Any, facts: dict[str, Any]) -> dict[str, Any]:
    """The facts with lemmas under one name each, and a proof without tactic definitions in front of it."""
    whole: str = facts["proof"] or ""
    provers = {state.problem.prover for state in tables.problems.values()}
    provers |= {lemma.prover for lemma in tables.lemmas.values()}
    proof = backend_of(prover_of(provers)).syntax.without_tactics(whole)
    left_out = ", without the tactic definitions in front" if proof != whole else ""
    proof = _spoken(tables, proof)
    shown = {key: value for key, value in facts.items() if key not in ("statement, canonical", "proof")}
    retired_by = tables.lemmas.get(facts.get("retired by"))
    shown |= {"retired by": retired_by.name} if retired_by is not None else {}
    return shown | {f"proof{left_out} (--full: as it is recorded)" if proof != whole else "proof": proof}


def _spoken(tables: Any, text: str) -> str:
    """A text with the names that definitions and lemmas have for people."""
    names = {lemma.canonical_name: lemma.name for lemma in tables.lemmas.values()}
    for definition in tables.definitions.values():
        names |= dict(zip(definition.names, definition.readable, strict=True))
    return re.sub(r"\b[dl][0-9a-f]{12,}(?:_\d+)?\b", lambda found: names.get(found[0], found[0]), text)


def _text(value: Any) -> str:
    if isinstance(value, list):
        whole = ", ".join(map(str, value))
        return whole if len(whole) <= 90 else "\n".join(map(str, value))
    return value if isinstance(value, str) else json_text.dumps(value, ensure_ascii=False)


def _find(tables: Any, name: str) -> list[tuple[str, dict[str, Any]]]:
    if name in tables.problems:
        return [(f"problem {name}", _problem(tables, name))]
    for row in tables.rows("attempts"):
        if row["id"] == name:
            return [(f"attempt {name}", _attempt(tables, row))]
    exact = [lemma for lemma in tables.lemmas.values() if name in (lemma.name, lemma.canonical_name, lemma.id)]
    lemmas = exact or [lemma for lemma in tables.lemmas.values() if lemma.id.startswith(name)]
    return [(f"lemma {lemma.name}", _lemma(tables, lemma)) for lemma in lemmas]


def _problem(tables: Any, name: str) -> dict[str, Any]:
    state = tables.problems[name]
    attempts = [row for row in tables.rows("attempts") if row["target"] == name]
    return {
        "status": state.status,
        "reason": state.reason,
        "split": state.problem.split,
        "header": state.problem.header.strip(),
        "statement": state.problem.formal_statement,
        "informal": state.problem.informal_prefix,
        "proved by": state.operator,
        "library lemmas needed": [f"{tables.lemmas[u].name}: {tables.lemmas[u].statement}" for u in state.uses],
        "axioms": list(state.axioms),
        "attempts": [f"{row['id']} {row['operator']}: {_outcome(row)}" for row in attempts],
        "stuck goals": list(dict.fromkeys(goal for row in attempts for goal in row["stuck_goals"])),
        "proof": state.proof,
    }


def _lemma(tables: Any, lemma: Any) -> dict[str, Any]:
    from library_store.dependencies.lineage import forest

    used_by = [
        row["source"] for row in tables.rows("edges") if row["kind"] == "proof_uses" and row["target"] == lemma.id
    ]
    return {
        "statement": lemma.statement,
        "statement, canonical": lemma.statement_exact,
        "operator": lemma.operator,
        "round": lemma.round,
        "origins": list(lemma.origins),
        "parents": [
            tables.lemmas[one].name if one in tables.lemmas else one for one in lemma.parents if one != lemma.id
        ],
        "attempt": lemma.attempt_id,
        "lineage": forest(tables).told(lemma.id),
        "reads like": next((one.name for one in tables.lemmas.values() if _read_alike(one, lemma)), None),
        "uses": [tables.lemmas[u].name for u in lemma.uses],
        "used by": [tables.lemmas[u].name if u in tables.lemmas else u for u in dict.fromkeys(used_by)],
        "axioms": list(lemma.axioms),
        "prover": lemma.prover_version,
        "retired by": lemma.retired_by,
        "name in recorded proofs": lemma.canonical_name,
        "id": lemma.id,
        "proof": lemma.proof,
    }


def _read_alike(one: Lemma, other: Lemma) -> bool:
    """Whether two lemmas differ in names, order of hypotheses or sides of an equation at most."""
    return one.id != other.id and (one.prelude_id, one.dedup_key) == (other.prelude_id, other.dedup_key)


def _outcome(row: dict[str, Any]) -> str:
    """What an attempt came to: without a proof its verdict is that of its last candidate."""
    verdict = f"{row['verdict']} ({row['reason']})"
    return verdict if row["verdict"] == "accepted" else f"no proof; the last candidate: {verdict}"


def _attempt(tables: Any, row: dict[str, Any]) -> dict[str, Any]:
    def names(identities: list[str]) -> list[str]:
        return [tables.lemmas[one].name if one in tables.lemmas else one for one in identities]

    return {
        "kind": row["kind"],
        "target": row["target"],
        "round": row["round"],
        "operator": row["operator"],
        "outcome": _outcome(row),
        "candidates by fate": dict(row["counts"]),
        "retrieved": names(row["retrieved"]),
        "mentioned": names(row["mentioned"]),
        "uses": names(row["uses"]),
        "harvested": names(row["harvested"]),
        "stuck goals": row["stuck_goals"],
        "model": row["model"],
        "tokens in": row["tokens_in"],
        "tokens out": row["tokens_out"],
        "CPU seconds": round(row["cpu_seconds"], 2),
        "seconds": round(row["seconds"], 2),
        "prompt": row["prompt"],
        "output": row["output"],
        "proof": row["proof"],
    }


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
