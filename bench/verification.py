"""How fast proofs are checked: warm batches against a prover process for each proof, and what an audit adds.

    python bench/verification.py --json verification.json            (a sample of 60 for the process per proof)
    python bench/verification.py --full --json verification.json     (all 500)

Both ways answer the same question about the same candidates (the statement, the text, that the text proves the
statement), turn by turn in one run, and have to agree on every one. Warm checks run in the sandbox, with the cache of
verdicts off; their CPU seconds are those of the provers, starts and renewals included, and of this process. The process
per proof is a bare `coqc` without a sandbox.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from actors import cluster, verification
from bench.clock import Meter, Spent, total
from bench.script import command_line, ended, machine, tell
from bench.small_candidates import HEADER, Made, make, make_over_own_types
from domain import Verdict
from verifiers.audit.rocq.judge import RocqSettings
from verifiers.audit.rocq.source import parse_statement, surround
from verifiers.rocq.verifier import RocqVerifier

COLUMNS = {
    "way": "{way}",
    "checks": "{checks}",
    "CPU ms": "{cpu_ms:.2f}",
    "wall ms": "{wall_ms:.2f}",
    "a second and core": "{per_second:.1f}",
}

UNCACHED = RocqSettings(cache_entries=0)
TURN = 50
"""Candidates that are checked one way before the other has its turn."""
POOL_BATCH = 25
POOL_TURNS = 5
SAMPLED_EVERY = 25
"""Checks between two looks at the prover's memory."""


def reached_the_prover(verdict: Verdict) -> bool:
    return verdict.reason not in ("forbidden_construct", "malformed")


# ------------------------------------------------------------------------------------------------- a process per proof


def stated(made: Made) -> str:
    """What follows the header: the statement, the candidate, and that the candidate proves the statement."""
    statement = parse_statement(made.candidate.problem.formal_statement)
    placed = surround(statement, made.candidate.proof)
    text = [
        f"Definition Frozen_statement : Prop := {statement.proposition}.",
        placed.before,
        placed.text + placed.after,
    ]
    return "\n".join([*text, f"Definition Frozen_check : Frozen_statement := @{statement.name}.", ""])


def compile_alone(made: Made, folder: Path) -> tuple[bool, Spent]:
    """Whether `coqc` accepts the candidate as a proof of its statement."""
    (folder / "Proof.v").write_text(f"{HEADER}\n{stated(made)}")
    began = time.monotonic()
    process = subprocess.Popen(
        ["coqc", "-q", "-w", "none", "Proof.v"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode == 0, Spent(usage.ru_utime + usage.ru_stime, time.monotonic() - began)


def compare(made: Sequence[Made], sample: frozenset[int]) -> dict[str, Any]:
    """Warm checks and processes, turn by turn."""
    verifier = RocqVerifier(UNCACHED)
    meter = Meter(verifier.cpu_seconds)
    latencies: list[float] = []
    alone: list[Spent] = []
    wrong: list[str] = []
    by_family: dict[str, list[float]] = {}

    def check(batch: Sequence[Made]) -> list[Verdict]:
        answers: list[Verdict] = []
        for one in batch:
            began = time.monotonic()
            answers += verifier.check([one.candidate])
            latencies.append(time.monotonic() - began)
        return answers

    with tempfile.TemporaryDirectory() as scratch:
        for start in range(0, len(made), TURN):
            turn = made[start : start + TURN]
            verdicts = meter.run(lambda turn=turn: check(turn))
            for number, one, verdict in zip(range(start, start + len(turn)), turn, verdicts, strict=True):
                if not reached_the_prover(verdict):
                    raise SystemExit(f"{one.candidate.problem.name} did not reach the prover: {verdict.reason}")
                by_family.setdefault(one.family if one.right else "wrong", []).append(verdict.seconds)
                if (verdict.verdict == "accepted") != one.right:
                    wrong.append(one.candidate.problem.name)
                if number in sample:
                    good, spent = compile_alone(one, Path(scratch))
                    alone.append(spent)
                    if good != one.right:
                        wrong.append(f"{one.candidate.problem.name} alone")
            print(f"  {start + len(turn)} checked", file=sys.stderr, flush=True)
    verifier.close()
    if wrong:
        raise SystemExit(f"unexpected verdicts: {', '.join(wrong)}")
    process = total(alone).per(len(alone))
    warm = meter.total.per(len(made))
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "warm": {"way": "warm, sandboxed", "checks": len(made), **warm},
        "process": {"way": "coqc for each proof", "checks": len(alone), **process},
        "families": {name: round(1000 * statistics.mean(found), 2) for name, found in sorted(by_family.items())},
        "latency": {f"p{p}": round(1000 * cuts[p - 1], 2) for p in (50, 90, 95, 99)},
        "ratio_cpu": process["cpu_ms"] / warm["cpu_ms"],
        "ratio_wall": process["wall_ms"] / warm["wall_ms"],
    }


# ------------------------------------------------------------------------------------------------------ growth, pool


def prover_memory() -> dict[int, int]:
    """Resident bytes of the prover processes below this one, by process id."""
    found: dict[int, int] = {}
    for process in psutil.Process().children(recursive=True):
        try:
            if process.name().startswith("coqidetop"):
                found[process.pid] = process.memory_info().rss
        except psutil.Error:
            continue
    return found


def growth(made: Sequence[Made]) -> dict[str, Any]:
    """The most memory that each of the prover processes had which did these checks, one after another."""
    verifier = RocqVerifier(UNCACHED)
    peaks: dict[int, int] = {}
    for start in range(0, len(made), SAMPLED_EVERY):
        verifier.check([one.candidate for one in made[start : start + SAMPLED_EVERY]])
        for pid, size in prover_memory().items():
            peaks[pid] = max(size, peaks.get(pid, 0))
        if (start + SAMPLED_EVERY) % 1000 == 0:
            print(f"  {start + SAMPLED_EVERY} checked", file=sys.stderr, flush=True)
    verifier.close()
    # The last process may have been stopped before its time: it says less than the others.
    found = list(peaks.values())
    whole = found[:-1] if len(found) > 2 else found
    return {
        "checks": len(made),
        "processes": len(found),
        "peaks_mib": [round(size / 2**20, 1) for size in found],
        "growth": max(whole) / whole[0] - 1,
        "own_mib": round(psutil.Process().memory_info().rss / 2**20, 1),
    }


def pool(made: Sequence[Made]) -> dict[str, Any]:
    """Checks a second by one verification actor and by two, turn by turn, in the medians."""
    cluster.connect(address=None, cpus=2, object_store_mib=100)
    try:
        actors = verification.start(2, partial(RocqVerifier, UNCACHED), {"num_cpus": 0})
        batches = [
            [one.candidate for one in made[start : start + POOL_BATCH]] for start in range(0, len(made), POOL_BATCH)
        ]
        cluster.gather([actor.check.remote(batches[0]) for actor in actors])

        def rate(count: int) -> float:
            began = time.monotonic()
            cluster.gather([actors[number % count].check.remote(batch) for number, batch in enumerate(batches)])
            return len(made) / (time.monotonic() - began)

        rates = [(rate(1), rate(2)) for _ in range(POOL_TURNS)]
        cluster.gather([actor.close.remote() for actor in actors])
        cluster.stop(actors)
    finally:
        cluster.leave()
    one, two = (statistics.median(column) for column in zip(*rates, strict=True))
    scaling = statistics.median(pair[1] / pair[0] for pair in rates)
    return {"one": round(one, 1), "two": round(two, 1), "scaling": scaling, "turns": len(rates)}


# ------------------------------------------------------------------------------------------------------------ audits


def audits(made: Sequence[Made], what: str) -> list[dict[str, Any]]:
    """What the audit of right candidates costs, one by one and all in one batch, beside their warm check."""
    rows: list[dict[str, Any]] = []
    candidates = [one.candidate for one in made if one.right]
    ways: dict[str, Callable[[RocqVerifier], list[Verdict]]] = {
        "warm check": lambda verifier: verifier.check(candidates),
        "audit, one by one": lambda verifier: [verifier.audit([one])[0] for one in candidates],
        "audit, in a batch": lambda verifier: verifier.audit(candidates),
    }
    for way, work in ways.items():
        verifier = RocqVerifier(UNCACHED)
        meter = Meter(verifier.cpu_seconds)
        if any(verdict.verdict != "accepted" for verdict in meter.run(lambda w=work, v=verifier: w(v))):
            raise SystemExit(f"{way}: not all are accepted")
        verifier.close()
        rows.append({"way": f"{way}, {what}", "checks": len(candidates), **meter.total.per(len(candidates))})
    return rows


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--sample", type=int, default=60, help="candidates that also get a process of their own")
    parser.add_argument("--full", action="store_true", help="all candidates get a process of their own")
    parser.add_argument("--checks", type=int, default=10_000, help="checks over which memory is watched")
    parser.add_argument("--audits", type=int, default=16, help="candidates that are audited")
    options = parser.parse_args()
    where = machine()
    made = make(options.candidates, options.seed)
    count = len(made) if options.full else min(options.sample, len(made))
    sample = frozenset(random.Random(options.seed).sample(range(len(made)), count))
    compared = compare(made, sample)
    pooled = pool(made)
    heavy = audits(made[: options.audits], "Reals and tactics imported")
    light = audits(make_over_own_types(options.audits), "own datatypes alone")
    grown = growth(make(options.checks, options.seed + 1))
    rows = [compared["warm"], compared["process"], *heavy, *light]
    headline = {
        "ratio_vs_process_per_proof": round(compared["ratio_cpu"], 1),
        "ratio_vs_process_per_proof_wall": round(compared["ratio_wall"], 1),
        "pool_scaling_2_cores": round(pooled["scaling"], 2),
        "rss_growth": round(grown["growth"], 4),
    }
    print("warm check, ms: " + ", ".join(f"{name} {value}" for name, value in compared["latency"].items()))
    print("prover, CPU ms: " + ", ".join(f"{name} {value}" for name, value in compared["families"].items()))
    print(f"pool: {pooled['one']} checks a second with one worker, {pooled['two']} with two")
    print(f"memory over {grown['checks']} checks, peak of each process in MiB: {grown['peaks_mib']}\n")
    details = {"latency_ms": compared["latency"], "prover_ms": compared["families"], "pool": pooled, "memory": grown}
    tell(options, where, rows, headline, COLUMNS, **details)


if __name__ == "__main__":
    sys.exit(ended(main))
