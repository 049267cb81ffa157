"""All that this project does with a prover of yours, tried once: what is read, refused and proved, and what it costs.

    python bench/acceptance.py isabelle --json docs/results/provers/isabelle.json     (`make acceptance-isabelle`)
    python bench/acceptance.py lean --json docs/results/provers/lean.json             (`make acceptance-lean`)

Parts: every statement of miniF2F is read; textbook proofs are accepted by audits; cheats are not; broken proofs are
repaired; a run learns; what warm checks and audits cost, and how much memory the prover takes. A prover that is missing
is one line and exit code 3; a part that is not as it must be gives exit code 1. `--parts` and `--limit` choose less.

What a prover brings is in `acceptance_PROVER.py` beside this file, as its `MATERIAL`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from bench.clock import Meter
from bench.material import Material
from bench.script import REPOSITORY, Row, command_line, ended, machine, tell
from datasets import load
from domain import OutsideError
from library_store.snapshot import read
from pipeline.config import RepairSettings
from pipeline.loop.repair import repair_text
from verifiers.protocol import Verifier

COLUMNS = {
    "part": "{part}",
    "good": "{good}",
    "of": "{of}",
    "CPU s": "{cpu_seconds}",
    "wall s": "{wall_seconds}",
    "": "{told}",
}

ROUNDS = 3
"""How often the textbook proofs are checked warm, each time as other texts."""

SHOWN = 5
"""Failures of a part that the JSON names."""


@dataclass(frozen=True)
class Asked:
    """What of the material is asked for."""

    material: Material
    minif2f: Path
    limit: int | None


# --------------------------------------------------------------------------------------------------------------- parts


def statements(asked: Asked, verifier: Verifier) -> Row:
    if (why := asked.material.left_out(verifier)) is not None:
        return {"good": 0, "of": 0, "told": f"left out: {why}"}
    if not asked.minif2f.exists():
        return {"good": 0, "of": 0, "told": f"left out: no miniF2F at {asked.minif2f} (--minif2f names it)"}
    problems = load(asked.material.minif2f, path=asked.minif2f).problems[: asked.limit]
    unread = {problem.name: why for problem in problems if (why := asked.material.unread(verifier, problem))}
    return _counted(len(problems) - len(unread), len(problems), unread)


def honest(asked: Asked, verifier: Verifier) -> Row:
    batch = asked.material.honest[: asked.limit]
    verdicts = verifier.audit(batch)
    wrong = {
        one.problem.name: f"{verdict.verdict} ({verdict.reason}): {[message.text for message in verdict.messages][:1]}"
        for one, verdict in zip(batch, verdicts, strict=True)
        if verdict.verdict != "accepted"
    }
    return _counted(len(batch) - len(wrong), len(batch), wrong)


def cheats(asked: Asked, verifier: Verifier) -> Row:
    batch = dict(list(asked.material.cheats.items())[: asked.limit])
    verdicts = verifier.audit(list(batch.values()))
    passed = {name: verdict.verdict for name, verdict in zip(batch, verdicts, strict=True) if verdict.trust != "none"}
    return _counted(len(batch) - len(passed), len(batch), passed)


def repair(asked: Asked, verifier: Verifier) -> Row:
    left: dict[str, str] = {}
    for candidate in asked.material.broken[: asked.limit]:
        mended = repair_text(verifier, candidate, RepairSettings(cpu_seconds=120))
        if mended is None:
            left[candidate.problem.name] = "nothing that works was found"
        elif verifier.audit([replace(candidate, proof=mended)])[0].verdict != "accepted":
            left[candidate.problem.name] = "the repaired proof is not accepted"
    done = len(asked.material.broken[: asked.limit])
    return _counted(done - len(left), done, left)


def learning(asked: Asked, verifier: Verifier) -> Row:
    """A run of two rounds over the textbook problems, in processes of its own."""
    del verifier
    problems = list({one.problem.name: one.problem for one in asked.material.honest[: asked.limit]}.values())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        fields = ("name", "prover", "header", "formal_statement")
        lines = [json.dumps({field: getattr(one, field) for field in fields}) for one in problems]
        (folder / "problems.jsonl").write_text("\n".join(lines) + "\n")
        config = {
            "rounds": 2,
            "cpu_seconds": 1800,
            "problems": [{"dataset": str(folder / "problems.jsonl")}],
            "model": {"kind": "none"},
        }
        (folder / "run.yaml").write_text(json.dumps(config))
        command = [sys.executable, "-m", "pipeline", "run", str(folder / "run.yaml"), "--out", str(folder / "run")]
        ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            said = (ran.stderr or ran.stdout).strip().splitlines()[-1:]
            return _counted(0, len(problems), {"run": f"exit code {ran.returncode}: {said}"})
        tables = read(folder / "run")
        solved = [state for state in tables.problems.values() if state.status == "proved"]
        files = list((folder / "run" / "proofs").iterdir())
    told = f"automation alone; {len(tables.lemmas)} lemmas learned, {len(files)} proof files"
    return {"good": len(solved), "of": len(problems), "told": told}


def throughput(asked: Asked, verifier: Verifier) -> Row:
    batch = [
        replace(one, proof=f"{one.proof}\n{asked.material.comment.format(number)}")
        for number in range(ROUNDS)
        for one in asked.material.honest[: asked.limit]
    ]
    verifier.check([replace(batch[0], proof=f"{batch[0].proof}\n{asked.material.comment.format('first')}")])
    meter = Meter(verifier.cpu_seconds)
    good = sum(verdict.verdict == "accepted" for verdict in meter.run(lambda: verifier.check(batch)))
    spent = meter.total
    told = f"{spent.cpu / len(batch):.2f} CPU s, {spent.wall / len(batch):.2f} s a warm check, {_memory_mib()} MiB"
    return {"good": good, "of": len(batch), "told": told, "memory_mib": _memory_mib()}


def audits(asked: Asked, verifier: Verifier) -> Row:
    """The same audits, sharing what may be shared and sharing nothing."""
    batch = asked.material.honest[: min(4, asked.limit or 4)]
    costs: dict[str, float] = {}
    good = 0
    for way, opened in (("shared", verifier), ("alone", asked.material.one_by_one())):
        mark = [replace(one, proof=f"{one.proof}\n{asked.material.comment.format(way)}") for one in batch]
        meter = Meter(opened.cpu_seconds)
        good += sum(verdict.verdict == "accepted" for verdict in meter.run(lambda o=opened, m=mark: o.audit(m)))
        costs[way] = round(max(meter.total.cpu, 0.0) / len(batch), 2)
        if opened is not verifier:
            opened.close()
    told = f"{costs['shared']} CPU s an audit, {costs['alone']} if nothing is shared"
    return {"good": good, "of": 2 * len(batch), "told": told, "cpu_seconds_per_audit": costs}


PARTS: Mapping[str, Callable[[Asked, Verifier], Row]] = {
    "statements": statements,
    "honest": honest,
    "cheats": cheats,
    "repair": repair,
    "learning": learning,
    "throughput": throughput,
    "audits": audits,
}

MUST = frozenset({"statements", "honest", "cheats", "throughput", "audits"})
"""Parts of which everything must be good; the others tell how far automation reaches."""


def _counted(good: int, of: int, failed: Mapping[str, str]) -> Row:
    first = next((f"{name}: {why}" for name, why in failed.items()), "")
    return {"good": good, "of": of, "told": first[:60], "failed": dict(list(failed.items())[:SHOWN])}


def _memory_mib() -> int:
    """Resident memory of all processes that this one has started."""
    sizes: list[int] = []
    for child in psutil.Process().children(recursive=True):
        try:
            sizes.append(child.memory_info().rss)
        except psutil.Error:  # it ended meanwhile
            continue
    return sum(sizes) >> 20


# ---------------------------------------------------------------------------------------------------------------- main


def main() -> int:
    parser = command_line(__doc__, seed=False)
    provers = sorted(file.stem.removeprefix("acceptance_") for file in Path(__file__).parent.glob("acceptance_*.py"))
    parser.add_argument("prover", choices=provers)
    parser.add_argument("--minif2f", type=Path, help="miniF2F: a JSONL file, or a tree of the published repository")
    parser.add_argument("--parts", default=",".join(PARTS), help="which parts, divided by commas")
    parser.add_argument("--limit", type=int, help="at most so many of each part")
    options = parser.parse_args()
    material: Material = import_module(f"bench.acceptance_{options.prover}").MATERIAL
    data = REPOSITORY.parent / "shared" / "data" / f"{material.minif2f.replace('-', '_')}.jsonl"
    asked = Asked(material, options.minif2f or data, options.limit)
    wanted = options.parts.split(",")
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        parser.error(f"--parts {unknown[0]}: the parts are {', '.join(PARTS)}")
    where = machine()
    verifier = material.open()
    try:
        rows = [_run(part, asked, verifier) for part in wanted]
        version = verifier.describe()
    finally:
        verifier.close()
    bad = [row["part"] for row in rows if row["part"] in MUST and row["good"] != row["of"]]
    headline = {row["part"]: f"{row['good']} of {row['of']}" for row in rows}
    tell(options, where, rows, headline | {"as it must be": not bad}, COLUMNS, prover=version)
    return 1 if bad else 0


def _run(part: str, asked: Asked, verifier: Verifier) -> Row:
    print(f"{part} …", file=sys.stderr, flush=True)
    cpu, began = verifier.cpu_seconds(), time.monotonic()
    try:
        row: dict[str, Any] = PARTS[part](asked, verifier)
    except OutsideError as error:
        row = {"good": 0, "of": 1, "told": str(error)[:60], "failed": {part: str(error)}}
    spent = round(verifier.cpu_seconds() - cpu, 1)
    return {"part": part, "cpu_seconds": spent, "wall_seconds": round(time.monotonic() - began, 1)} | row


if __name__ == "__main__":
    sys.exit(ended(main))
