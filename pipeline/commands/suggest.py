"""`suggest`: verified helper lemmas, and a proof where there is one, for the goal at a place of a Rocq file."""

from __future__ import annotations

import json as json_text
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from domain import UserError
from pipeline.commands import MOST_SECONDS

if TYPE_CHECKING:
    from pipeline.development.suggesting import Suggestions


def suggest(
    place: Annotated[str, Parameter(name="FILE.v:LINE")],
    /,
    *,
    cpu_seconds: float = 20.0,
    seed: int = 0,
    memory_mib: int = 2048,
    json: bool = False,
) -> int:
    """Suggest what may help at a place of a proof. Exit code 1: nothing was found.

    Your file is not changed. Every lemma shown was proved, in the surroundings of your file.

    Examples:
        python -m pipeline suggest theories/Trees.v:34
        python -m pipeline suggest theories/Trees.v:34 --cpu-seconds 60

    Args:
        place: a Rocq file and a line in a proof; the goal is the one that is open behind that line.
        cpu_seconds: CPU seconds of the prover for all that is tried.
        seed: of the values on which conjectures are tested.
        memory_mib: memory of the prover.
        json: print one JSON object.
    """
    from pipeline.development.suggesting import suggest as find

    file, colon, line = place.rpartition(":")
    if file.endswith((".lean", ".thy")):
        raise UserError(f"suggest reads Rocq files: for {file} give `prove {file} --out DIR`")
    if not colon or not line.isdigit():
        raise UserError(f"{place}: give a file and a line, like theories/Trees.v:34")
    if not 0 < cpu_seconds <= MOST_SECONDS or memory_mib < 1:
        raise UserError(f"--cpu-seconds and --memory-mib must be greater than zero, the former at most {MOST_SECONDS}")
    found = find(Path(file), int(line), cpu_seconds, seed, memory_mib << 20, lambda text: print(text, file=sys.stderr))
    if json:
        print(json_text.dumps(asdict(found), ensure_ascii=False))
    else:
        print(_shown(found))
    return 0 if found.finish or found.lemmas or found.counterexample else 1


def _shown(found: Suggestions) -> str:
    more = f", and {found.others} more" if found.others else ""
    parts = [f"The goal{more}:\n{_indented(found.goal)}"]
    if found.counterexample is not None:
        values = ", ".join(f"{name} := {value}" for name, value in found.counterexample.items())
        parts.append(f"It is false, for {values}" if values else "It is false.")
    if found.finish is not None:
        rests = f", which rests on {', '.join(found.rests_on)} (no proof yet)" if found.rests_on else ""
        parts.append(f"A proof of it{rests}:\n{_indented(found.finish)}")
    for number, suggestion in enumerate(found.lemmas, 1):
        does = "with this lemma the goal is proved" if suggestion.finish else "a lemma that holds"
        parts.append(f"{number}. {does}:\n{_indented(suggestion.lemma)}")
        if suggestion.finish:
            parts.append(f"   and then:\n{_indented(suggestion.finish)}")
    if len(parts) == 1:
        parts.append("Nothing was found. A larger --cpu-seconds may help.")
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join([f"    {line}" for line in text.splitlines()])
