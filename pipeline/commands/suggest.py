"""`suggest`: verified helper lemmas, and a proof where there is one, for the goal at a place of a user's file."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from domain import UserError
from pipeline.commands import MOST_SECONDS

if TYPE_CHECKING:
    from pipeline.development.suggesting import Suggestions, Told

START_SECONDS = 40.0
"""CPU seconds for the start of a run and its end, beside what is tried."""


def suggest(
    place: Annotated[str | None, Parameter(name="FILE:LINE")] = None,
    /,
    *,
    cpu_seconds: float = 20.0,
    seed: int = 0,
    memory_mib: int = 2048,
    steps: Path | None = None,
    json: bool = False,
    server: bool = False,
) -> int:
    """Suggest what may help at a place of a proof. Exit code 1: nothing was found.

    Your file is not changed. Every lemma shown was proved, in the surroundings of your file. The goal and a proof of it
    are printed as soon as they are known.

    Examples:
        python -m pipeline suggest theories/Trees.v:34
        python -m pipeline suggest Trees.lean:34 --cpu-seconds 60
        python -m pipeline suggest --server

    Args:
        place: a file and a line. In a FILE.v the goal is the one that is open behind that line of a proof; in a
            FILE.lean or FILE.thy it is the statement with a `sorry` that stands there; in a FILE.lean the goal of that
            `sorry`, if the line has one behind other steps.
        cpu_seconds: CPU seconds for all that is tried; for a FILE.lean or FILE.thy the start of a run comes on top.
        seed: of the values on which conjectures are tested.
        memory_mib: memory of the prover.
        steps: recorded steps of other developments: tactics that were used at goals like those at hand are tried.
        json: print one JSON object.
        server: answer requests of an editor about Rocq files, JSON lines on stdin, with JSON lines on stdout
            (docs/own_development.md).
    """
    if memory_mib < 1:
        raise UserError("--memory-mib must be greater than zero")
    if server:
        from pipeline.development.serving import Server

        if place is not None or json:
            raise UserError("--server goes without FILE:LINE and --json: what is asked comes on stdin")
        # not `sys.stdin`, which no end of the process may find in use: a thread may still be reading then
        requests = open(sys.stdin.fileno(), encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        Server(requests, sys.stdout, memory_mib << 20, steps).run()
        return 0
    from pipeline.development.loaded import LoadedFile
    from pipeline.development.project.source import read_document
    from pipeline.development.suggesting import suggest as find

    name, colon, line = (place or "").rpartition(":")
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

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    if file.suffix in (".lean", ".thy"):
        if steps is not None:
            raise UserError("--steps goes with a FILE.v")
        found = _in_list(file, int(line), cpu_seconds, seed, memory_mib, say, tell)
    else:
        with closing(LoadedFile(file, memory_mib << 20, steps)) as loaded:
            found = find(loaded, read_document(file, file.name), int(line), cpu_seconds, seed, say, tell)
    if json:
        print(json_text.dumps(asdict(found), ensure_ascii=False))
    else:
        tell(found, _lemmas(found))
    return 0 if found.finish or found.lemmas or found.counterexample else 1


def _in_list(
    file: Path, line: int, cpu_seconds: float, seed: int, memory_mib: int, say: Callable[[str], None], tell: Told
) -> Suggestions:
    """What can be said of a hole of a Lean file or a theory, by a run on it as a list, in a folder that goes."""
    from library_store.snapshot import read
    from library_store.tables import Tables
    from pipeline import config
    from pipeline.commands.run import execute_loop
    from pipeline.development.one_hole import hole_at, suggest

    if file.suffix == ".thy":
        from pipeline.development.isabelle_theory import ISABELLE as LANGUAGE
    else:
        from pipeline.development.lean_file import LEAN as LANGUAGE
    if memory_mib < 1024:
        raise UserError(f"--memory-mib must be at least 1024 for {file}")
    own = LANGUAGE.read(file)
    hole = hole_at(own, line)
    with TemporaryDirectory(prefix="lemmary_suggest_") as folder:

        def run(problems: Path) -> Tables:
            tree = {
                "seed": seed,
                "rounds": 2,
                "cpu_seconds": START_SECONDS + cpu_seconds,
                "problems": [{"dataset": str(problems)}],
                "model": {"kind": "none"},
                "prove": {"workers": 1, "cpu_seconds": cpu_seconds},
                "verifiers": {"processes": 1, "memory_mib": memory_mib},
            }
            execute_loop(config.resolve(tree), Path(folder) / "run", "")
            return read(Path(folder) / "run")

        return suggest(LANGUAGE, own, hole, line, Path(folder), run, say, tell)


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
