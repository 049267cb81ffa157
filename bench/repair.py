"""How many broken proofs the prover's own automation repairs, and at what cost.

    python bench/repair.py --json repair.json

Proofs that hold are broken in one place each (seeded), in one of the ways in which a language model's proofs fail;
those that still hold afterwards are left out. Corpora: the reference proofs of the bundled suite, and lemmas of the
standard library about booleans, integers, rationals and reals, each under all that stands before it in its file; with
`--minif2f FILE` (problems as JSON lines) also statements of miniF2F that one arithmetic tactic closes, with that as
their proof. Beside repair: how many of the statements automation closes alone, after `intros`.
"""

from __future__ import annotations

import random
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.script import REPOSITORY, Row, command_line, ended, machine, table, tell
from datasets import load
from domain import Candidate, Problem
from pipeline.config import RepairSettings
from pipeline.loop.repair import repair_candidate, tactics_of
from verifiers.audit.rocq.judge import RocqSettings
from verifiers.audit.rocq.sentences import normal_text, split
from verifiers.rocq.steps import RocqSteps
from verifiers.rocq.verifier import RocqVerifier
from verifiers.steps import Step

BUNDLED = tuple(REPOSITORY / "tests" / "datasets" / "bundled_proofs" / f"step{number}.v" for number in (1, 2, 3))
STANDARD = ("Arith/Compare_dec.v", "Bool/Bool.v", "ZArith/Zorder.v", "ZArith/Zdiv.v", "QArith/QArith_base.v")
REALS = ("Reals/RIneq.v",)
LANGUAGE = RocqSteps()

COLUMNS = {
    "group": "{group}",
    "broken": "{broken}",
    "repaired": "{repaired}",
    "alone": "{automation_alone}",
    "beyond": "{repaired_beyond_automation}",
    "median CPU s": "{cpu_seconds_median}",
    "mean CPU s": "{cpu_seconds_mean}",
}


class Proved(NamedTuple):
    """A statement with a proof that holds, under everything before it in its file."""

    corpus: str
    problem: Problem
    proof: str


def read(corpus: str, file: Path) -> list[Proved]:
    """The lemmas of a file whose proofs have two steps or more."""
    text = file.read_text(encoding="utf-8")
    sentences = split(text)
    found: list[Proved] = []
    for at, sentence in enumerate(sentences):
        stated = re.match(r"(?:Theorem|Lemma|Fact|Corollary)\s+([\w']+)", sentence.text)
        if stated is None:
            continue
        end = next(
            (i for i in range(at + 1, len(sentences)) if sentences[i].text in ("Qed.", "Defined.")), len(sentences)
        )
        body = sentences[at + 1 : end]
        if end == len(sentences) or len([one for one in body if one.text != "Proof."]) < 2:
            continue
        proof = text[body[0].start : sentences[end - 1].end]
        proof = proof.removeprefix("Proof.").strip("\n")
        header = text[: sentence.start]
        found.append(Proved(corpus, Problem(stated[1], "rocq", header, normal_text(sentence.text)), proof))
    return found


def closed_by_one(file: Path, most: int, seed: int) -> list[Proved]:
    """Problems of a sample that one tactic closes, each with that proof."""
    rng = random.Random(seed)
    problems = list(load("minif2f-rocq", path=file).problems)
    problems = rng.sample(problems, min(len(problems), 2 * most))
    verifier = RocqVerifier(RocqSettings(sessions=1, check_seconds=1.0))
    found: list[Proved] = []
    try:
        for given in sorted(problems, key=lambda one: one.header):
            problem = replace(given, header=f"{given.header}\nRequire Import Lia Lra.")
            for tactic in ("lra", "lia", "nra", "nia", "vm_compute; reflexivity"):
                proof = f"intros.\nrepeat split.\nall: {tactic}."
                if verifier.check([Candidate(problem, proof)])[0].trust == "elaborated":
                    found.append(Proved("minif2f", problem, proof))
                    break
    finally:
        verifier.close()
    return found


# ---------------------------------------------------------------------------------------------------- ways to break it


def misspell(text: str, steps: Sequence[Step], rng: random.Random) -> str | None:
    """A name behind `rewrite`, `apply` or `exact` that does not exist."""
    places = [
        (step.start + found.start(1), step.start + found.end(1))
        for step in steps
        if (found := re.match(r"(?:rewrite|e?apply|exact|destruct)\s+(?:<-\s*|\(\s*)?([\w.']+)", step.text))
    ]
    if not places:
        return None
    start, end = rng.choice(places)
    return f"{text[:start]}{text[start:end]}_is_missing{text[end:]}"


def exchange(text: str, steps: Sequence[Step], rng: random.Random) -> str | None:
    """Another tactic in place of a step."""
    index = rng.choice(_tactics(steps))
    other = rng.choice(("reflexivity.", "simpl.", "assumption.", "split.", "discriminate.", "exact I.", "left."))
    return LANGUAGE.replace(text, steps, index, index + 1, other)


def leave_out(text: str, steps: Sequence[Step], rng: random.Random) -> str | None:
    """A step is missing."""
    index = rng.choice(_tactics(steps))
    return LANGUAGE.replace(text, steps, index, index + 1, "")


def swap(text: str, steps: Sequence[Step], rng: random.Random) -> str | None:
    """Two neighbours in the wrong order."""
    pairs = [at for at in _tactics(steps) if at + 1 < len(steps) and steps[at + 1].kind == "step"]
    if not pairs:
        return None
    first, second = steps[at := rng.choice(pairs)], steps[at + 1]
    between = text[first.end : second.start]
    return f"{text[: first.start]}{second.text}{between}{first.text}{text[second.end :]}"


def cut(text: str, steps: Sequence[Step], rng: random.Random) -> str | None:
    """The text ends somewhere in the middle of a step."""
    index = rng.choice(_tactics(steps))
    return text[: (steps[index].start + steps[index].end) // 2] if index else None


BREAKS: dict[str, Callable[[str, Sequence[Step], random.Random], str | None]] = {
    "misspelt name": misspell,
    "other tactic": exchange,
    "missing step": leave_out,
    "swapped steps": swap,
    "cut off": cut,
}


def _tactics(steps: Sequence[Step]) -> list[int]:
    return [index for index, step in enumerate(steps) if step.kind == "step"]


# ------------------------------------------------------------------------------------------------------------ the run


def measure(corpora: Sequence[Sequence[Proved]], each: int, seed: int, settings: RepairSettings) -> list[Row]:
    """Breaks up to `each` proofs of every corpus and repairs them."""
    rng = random.Random(seed)
    verifier = RocqVerifier(RocqSettings(sessions=1, check_seconds=settings.cpu_seconds))
    alone = settings.model_copy(update={"changes": 1, "rocq_moves": ()})
    rows: list[Row] = []
    try:
        for proofs in corpora:
            chosen = sorted(rng.sample(proofs, min(each, len(proofs))), key=lambda one: len(one.problem.header))
            for one in chosen:
                kind = rng.choice(sorted(BREAKS))
                steps = LANGUAGE.steps(one.proof)
                broken = BREAKS[kind](one.proof, steps, rng) if _tactics(steps) else None
                if broken is None or verifier.check([Candidate(one.problem, one.proof)])[0].trust != "elaborated":
                    continue
                candidate = Candidate(one.problem, broken)
                if verifier.check([candidate])[0].trust == "elaborated":
                    continue
                found = repair_candidate(verifier, candidate, settings)
                bare = repair_candidate(verifier, Candidate(one.problem, "intros."), alone)
                rows.append(
                    {
                        "corpus": one.corpus,
                        "name": one.problem.name,
                        "break": kind,
                        "repaired": found.proof is not None,
                        "automation_alone": bare.proof is not None,
                        "changes": [change.kind for change in found.changes],
                        "replays": found.replays,
                        "cpu_seconds": round(found.seconds, 3),
                        "broken": broken,
                        "proof": found.proof,
                    }
                )
                print(
                    f"{one.corpus:9} {one.problem.name:28} {kind:14} {'repaired' if found.proof else '-':9}", flush=True
                )
    finally:
        verifier.close()
    return rows


def summary(rows: Sequence[Row]) -> dict[str, float | int]:
    seconds = [row["cpu_seconds"] for row in rows] or [0.0]
    repaired = sum(row["repaired"] for row in rows)
    alone = sum(row["automation_alone"] for row in rows)
    return {
        "broken": len(rows),
        "repaired": repaired,
        "automation_alone": alone,
        "repaired_beyond_automation": sum(row["repaired"] and not row["automation_alone"] for row in rows),
        "cpu_seconds_median": round(statistics.median(seconds), 3),
        "cpu_seconds_mean": round(statistics.fmean(seconds), 3),
        "cpu_seconds_per_repaired": round(sum(seconds) / repaired, 3) if repaired else 0.0,
    }


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--each", type=int, default=60, help="proofs broken in each of the three corpora")
    parser.add_argument("--cpu-seconds", type=float, default=RepairSettings().cpu_seconds, help="for one repair")
    parser.add_argument("--minif2f", type=Path, help="JSON lines of miniF2F for Rocq")
    options = parser.parse_args()
    where = machine()
    settings = RepairSettings(cpu_seconds=options.cpu_seconds)
    said = subprocess.run(["coqc", "-where"], capture_output=True, text=True, check=True).stdout.strip()
    library = Path(said) / "theories"
    corpora = [
        [one for file in BUNDLED for one in read("bundled", file)],
        [one for file in STANDARD for one in read("standard", library / file)],
        [one for file in REALS for one in read("reals", library / file)],
    ]
    if options.minif2f:
        corpora.append(closed_by_one(options.minif2f, options.each, options.seed))
    rows = measure(corpora, options.each, options.seed, settings)
    members = {"all": rows}
    for key in ("corpus", "break"):
        members |= {name: [row for row in rows if row[key] == name] for name in dict.fromkeys(row[key] for row in rows)}
    groups = {name: summary(group) for name, group in members.items()}
    print(table(COLUMNS, [{"group": name} | group for name, group in groups.items()]))
    tactics = tactics_of(settings, "rocq").closing
    limits = {"step": settings.step_cpu_seconds, "all": settings.cpu_seconds, "changes": settings.changes}
    tell(options, where, rows, summary(rows), tactics=tactics, limits=limits, groups=groups)


if __name__ == "__main__":
    sys.exit(ended(main))
