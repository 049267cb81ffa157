"""The data card of a folder of steps: `card.json`, and the same for people in `README.md`.

Invariant: the card tells nothing that the parts do not, besides the CPU seconds that none of them tells.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from datasets.steps import VERSION, about, parts
from domain import UserError
from pipeline.corpora.steps import LONGEST_TACTIC, LONGEST_TEXT, MOST_AFTER, STEP_SECONDS
from term_algebra import read_json

CARD, PAGE = "card.json", "README.md"

_TOLD: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("file", "source", "source_sha256"), str),
    **dict.fromkeys(("theorems", "replayed", "steps"), int),
    "asked": dict,
    "failed": list,
    "left_out": dict,
    "stopped": (str, type(None)),
    "cpu_seconds": (int, float),
}
"""What a recorded part tells of its file."""


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def told_by(part: Path) -> dict[str, Any]:
    """What a part tells of its file. Raises `UserError` for a part that `record` has not written."""
    told = about(part)
    if not all(isinstance(told.get(key), kind) for key, kind in _TOLD.items()) or not all(
        isinstance(one, dict) and "reason" in one for one in told["failed"]
    ):
        raise UserError(f"{part}: not written by `record`: delete it, or give another --out")
    return told


def earlier_seconds(out: Path) -> float | None:
    """The seconds besides that a folder's card tells; None without a card.

    Raises `UserError` for a file of that name that is none.
    """
    path = out / CARD
    if not path.exists():
        return None
    try:
        seconds = read_json(path.read_text(encoding="utf-8"))["cpu_seconds_besides"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        seconds = None
    if not isinstance(seconds, int | float):
        raise UserError(f"{path} is no card of steps: give another --out")
    return seconds


def write_card(out: Path, besides: float) -> dict[str, Any]:
    """Writes what the parts tell, all together; `besides` are CPU seconds of this command that none of them tells."""
    every = sorted(parts(out), key=lambda part: part.relative_to(out).as_posix())
    told = [told_by(part) for part in every]
    lines = [f"{digest(part)}  {part.relative_to(out).as_posix()}\n" for part in every]
    besides = round((earlier_seconds(out) or 0.0) + max(besides, 0.0), 1)
    failed = [one for about_one in told for one in about_one["failed"]]
    steps = sum(one["steps"] for one in told)
    seconds = round(sum(one["cpu_seconds"] for one in told) + besides, 1)
    card: dict[str, Any] = {
        "version": VERSION,
        "library": told[0]["asked"]["library"],
        "sources": _outermost({one["source"] for one in told}),
        "prover": told[0]["asked"]["prover"],
        "names": told[0]["asked"]["names"],
        "files": len(told),
        "files_that_stop": {one["file"]: one["stopped"] for one in told if one["stopped"] is not None},
        "theorems": sum(one["theorems"] for one in told),
        "replayed": sum(one["replayed"] for one in told),
        "steps": steps,
        "failed": dict(Counter(one["reason"] for one in failed).most_common()),
        "left_out": dict(sum((Counter(one["left_out"]) for one in told), Counter[str]())),
        "cpu_seconds": seconds,
        "cpu_seconds_besides": besides,
        "steps_per_cpu_second": round(steps / seconds, 1) if seconds else None,
        "sha256": hashlib.sha256("".join(lines).encode()).hexdigest(),
    }
    _write(out / CARD, json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    _write(out / PAGE, _page(card))
    return card


def _outermost(sources: set[str]) -> list[str]:
    """Those that lie in no other one."""
    return sorted(one for one in sources if not any(str(above) in sources for above in Path(one).parents))


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _page(card: dict[str, Any]) -> str:
    failed = "".join(f"| {reason} | {count} |\n" for reason, count in card["failed"].items()) or "| none | 0 |\n"
    left_out = "".join(f"* {reason}: {count}\n" for reason, count in card["left_out"].items())
    return f"""# Steps of {card["library"]}

Each row of `parts/**/*.parquet` is a tactic of a finished proof, with the goal before it and the goals that it made.

| | |
| --- | --- |
| sources | {", ".join(card["sources"])} |
| prover | {card["prover"]} |
| theorems chosen | {", ".join(card["names"]) or "all"} |
| files | {card["files"]}, of which {len(card["files_that_stop"])} do not load to their end |
| theorems with a finished proof | {card["theorems"]} |
| of these replayed | {card["replayed"]} |
| steps | {card["steps"]} |
| CPU seconds, of the command and its provers | {card["cpu_seconds"]} |
| steps per CPU second | {card["steps_per_cpu_second"]} |
| SHA-256 | `{card["sha256"]}` |

The SHA-256 is that of `find parts -name '*.parquet' | LC_ALL=C sort | xargs sha256sum | sha256sum`. The column
`cpu_seconds` differs from recording to recording; all others are the same for the same sources and prover.

| why a theorem did not replay | theorems |
| --- | --- |
{failed}
A tactic may take {STEP_SECONDS:.0f} CPU seconds. A hypothesis or conclusion of more than {LONGEST_TEXT} characters
is cut and ends in `…`. Of the goals that a tactic made, the first {MOST_AFTER} are kept. A tactic of more than
{LONGEST_TACTIC} characters has no row.
{left_out}
The licence of the sources holds for these steps too: see there.
"""
