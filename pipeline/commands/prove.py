"""`prove`: offline batch proving of a list of statements."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from domain import UserError
from pipeline import config
from pipeline.config import ProblemSource, RunSettings

STATUSES = ("proved", "refuted", "conditional", "open", "error")


def prove(
    problems: Annotated[str, Parameter(name="PROBLEMS")],
    /,
    *,
    out: Path,
    configuration: Annotated[Path | None, Parameter(name="--config")] = None,
    path: Path | None = None,
    split: str | None = None,
    limit: int | None = None,
    names: str = "",
    library: Path | None = None,
    set: Annotated[tuple[str, ...], Parameter(name="--set", negative=(), show_default=False)] = (),  # noqa: A002 (the option's name)
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Prove a list of problems, one round and without growing a library; writes results.jsonl and a file per proof.

    A statement with a counterexample is refuted: no effort is spent on it, and the file proves its negation.

    Examples:
        python -m pipeline prove minif2f-rocq:valid --path minif2f_rocq.jsonl --limit 30 --out runs/valid
        python -m pipeline prove my_problems.jsonl --library runs/tip_prod --out runs/mine

    Args:
        problems: a JSONL file, or a dataset name with an optional split.
        out: directory for results.jsonl and proofs/; it is a run directory, and giving it again resumes.
        configuration: a run's configuration for model and limits; its problems, rounds and evolution do not count.
            Without it no language model is used.
        path: where the dataset lies, if its name alone does not say it (docs/datasets.md).
        split: only problems of this split.
        limit: only the first so many by name.
        names: only these problems, separated by commas.
        library: a run directory whose lemmas may be used.
        set: key=value, overrides one setting; may be given several times.
        json: print the counts as JSON.
    """
    from pipeline.commands.run import execute_loop

    base = config.read(configuration, set) if configuration else config.resolve({"model": {"kind": "none"}}, set)
    source = ProblemSource(
        dataset=problems,
        path=path,
        split=split,
        limit=limit,
        names=tuple(name.strip() for name in names.split(",") if name.strip()),
    )
    updated: dict[str, Any] = {
        "problems": (source,),
        "rounds": 1,
        "library": library,
        "evolve": base.evolve.model_copy(update={"enabled": False}),
    }
    settings = RunSettings.model_validate(base.model_copy(update=updated).model_dump())
    if library is not None and not (library / "rounds").is_dir():
        raise UserError(f"--library {library}: no run directory with a finished round there")
    execute_loop(settings, out, "choose another --out to prove again")
    counts = write_results(out)
    print(json_text.dumps(counts) if json else ", ".join(f"{counts[name]} {name}" for name in STATUSES))
    if not json:
        print(f"Results: {out / 'results.jsonl'}")
    return 0


def write_results(directory: Path) -> dict[str, int]:
    """Writes `results.jsonl` from the snapshot; returns how many problems have each status."""
    from library_store.snapshot import read, write_atomically

    tables = read(directory)
    attempts: dict[str, list[Any]] = {}
    for row in tables.rows("attempts"):
        attempts.setdefault(row["target"], []).append(row)
    counts: dict[str, int] = dict.fromkeys(STATUSES, 0)
    lines: list[str] = []
    for row in tables.rows("problems"):
        counts[row["status"]] += 1
        spent = attempts.get(row["name"], [])
        record = {
            "name": row["name"],
            "status": row["status"],
            "proof": row["proof"] or None,
            "uses": [tables.lemmas[identity].name for identity in row["uses"]],
            "axioms": row["axioms"],
            "tokens": sum(one["tokens_in"] + one["tokens_out"] for one in spent),
            "cpu_seconds": round(sum(one["cpu_seconds"] for one in spent), 3),
        }
        if row["status"] == "error":
            record["reason"] = row["reason"]
        if row["status"] == "refuted":
            record["counterexample"] = row["reason"].removeprefix("counterexample: ")
        lines.append(json_text.dumps(record, ensure_ascii=False))
    write_atomically(directory / "results.jsonl", "".join(f"{line}\n" for line in lines).encode())
    return counts
