"""`suggest`: verified helper lemmas, and a proof where there is one, for the goal at a place of a Rocq file."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from domain import UserError
from pipeline.commands import MOST_SECONDS

if TYPE_CHECKING:
    from pipeline.development.suggesting import Suggestions


def suggest(
    place: Annotated[str | None, Parameter(name="FILE.v:LINE")] = None,
    /,
    *,
    cpu_seconds: float = 20.0,
    seed: int = 0,
    memory_mib: int = 2048,
    json: bool = False,
    server: bool = False,
) -> int:
    """Suggest what may help at a place of a proof. Exit code 1: nothing was found.

    Your file is not changed. Every lemma shown was proved, in the surroundings of your file. The goal and a proof of it
    are printed as soon as they are known.

    Examples:
        python -m pipeline suggest theories/Trees.v:34
        python -m pipeline suggest theories/Trees.v:34 --cpu-seconds 60
        python -m pipeline suggest --server

    Args:
        place: a Rocq file and a line in a proof; the goal is the one that is open behind that line.
        cpu_seconds: CPU seconds of the prover for all that is tried.
        seed: of the values on which conjectures are tested.
        memory_mib: memory of the prover.
        json: print one JSON object.
        server: answer requests of an editor, JSON lines on stdin, with JSON lines on stdout (docs/own_development.md).
    """
    if memory_mib < 1:
        raise UserError("--memory-mib must be greater than zero")
    if server:
        from pipeline.development.serving import Server

        if place is not None or json:
            raise UserError("--server goes without FILE.v:LINE and --json: what is asked comes on stdin")
        # not `sys.stdin`, which no end of the process may find in use: a thread may still be reading then
        requests = open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        Server(requests, sys.stdout, memory_mib << 20).run()
        return 0
    from pipeline.development.loaded import LoadedFile
    from pipeline.development.project.source import read_document
    from pipeline.development.suggesting import suggest as find

    name, colon, line = (place or "").rpartition(":")
    if name.endswith((".lean", ".thy")):
        raise UserError(f"suggest reads Rocq files: for {name} give `prove {name} --out DIR`")
    if not colon or not line.isdigit():
        raise UserError(f"{place or 'nothing to look at'}: give a file and a line, like theories/Trees.v:34")
    if not 0 < cpu_seconds <= MOST_SECONDS:
        raise UserError(f"--cpu-seconds must be greater than zero, and at most {MOST_SECONDS}")
    file = Path(name)
    shown: list[str] = []

    def tell(known: Suggestions, more: Sequence[str] = ()) -> None:
        for part in [one for one in [*_parts(known), *more] if not json and one not in shown]:
            print(f"\n{part}" if shown else part, flush=True)
            shown.append(part)

    with closing(LoadedFile(file, memory_mib << 20)) as loaded:
        document = read_document(file, file.name)
        found = find(loaded, document, int(line), cpu_seconds, seed, lambda text: print(text, file=sys.stderr), tell)
    if json:
        print(json_text.dumps(asdict(found), ensure_ascii=False))
    else:
        tell(found, _lemmas(found))
    return 0 if found.finish or found.lemmas or found.counterexample else 1


def _parts(found: Suggestions) -> list[str]:
    """The goal, and whether it is false or proved."""
    more = f", and {found.others} more" if found.others else ""
    parts = [f"The goal{more}:\n{_indented(found.goal)}"]
    if found.counterexample is not None:
        values = ", ".join(f"{name} := {value}" for name, value in found.counterexample.items())
        parts.append(f"It is false, for {values}" if values else "It is false.")
    if found.finish is not None:
        rests = f", which rests on {', '.join(found.rests_on)} (no proof yet)" if found.rests_on else ""
        parts.append(f"A proof of it{rests}:\n{_indented(found.finish)}")
    return parts


def _lemmas(found: Suggestions) -> list[str]:
    """The auxiliary lemmas; a word where there is nothing at all."""
    parts: list[str] = []
    for number, suggestion in enumerate(found.lemmas, 1):
        does = "with this lemma the goal is proved" if suggestion.finish else "a lemma that holds"
        parts.append(f"{number}. {does}:\n{_indented(suggestion.lemma)}")
        if suggestion.finish:
            parts.append(f"   and then:\n{_indented(suggestion.finish)}")
    if not parts and found.finish is None and found.counterexample is None:
        parts.append("Nothing was found. A larger --cpu-seconds may help.")
    return parts


def _indented(text: str) -> str:
    return "\n".join([f"    {line}" for line in text.splitlines()])
