"""`record`: the steps of finished Rocq proofs as Parquet, to learn from."""

from __future__ import annotations

import json as json_text
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from domain import UserError


def record(
    source: Annotated[Path, Parameter(name="SOURCE")],
    /,
    *,
    out: Path,
    files: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    names: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    limit: int | None = None,
    jobs: int | None = None,
    json: bool = False,
) -> int:
    """Replay the finished proofs of a Rocq development, or of an installed library, and record each tactic.

    Writes `parts/`, a Parquet file for each source file, and a data card, `README.md` and `card.json`. What is
    recorded already is not replayed again, so an interrupted recording goes on where it was.

    Examples:
        python -m pipeline record theories --out steps/mine
        python -m pipeline record /usr/lib/ocaml/coq/theories/Lists --out steps/lists
        python -m pipeline record /usr/lib/ocaml/coq/user-contrib/ExtLib --files "Data/*" --jobs 2 --out steps/extlib

    Args:
        source: a development (folder or FILE.v; _CoqProject is honoured), or a folder of an installed library.
        out: directory of the steps; more of the same library may be recorded into it.
        files: only files whose path in the library matches one of these patterns.
        names: only theorems whose name matches one of these patterns.
        limit: only so many files, the first ones by name.
        jobs: files that are replayed at once, each in a prover of its own; one for each core if left out.
        json: print the card as one JSON object.
    """
    for option, value in (("--limit", limit), ("--jobs", jobs)):
        if value is not None and value < 1:
            raise UserError(f"{option} {value}: must be 1 or more")
    from pipeline.corpora.recording import Wanted, record
    from pipeline.words import counted

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    cores = len(os.sched_getaffinity(0))
    card = record(source, out, Wanted(names, files, limit), cores if jobs is None else jobs, say)
    if json:
        print(json_text.dumps(card, ensure_ascii=False))
        return 0
    print(
        f"{counted(card['steps'], 'step')} of {card['replayed']} of {counted(card['theorems'], 'theorem')}, "
        f"{card['cpu_seconds']:.0f} CPU seconds"
    )
    for reason, count in card["failed"].items():
        print(f"  {counted(count, 'theorem')} not replayed: {reason}")
    print(out / "README.md")
    return 0
