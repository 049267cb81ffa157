"""How fast Lean proofs are checked: warm sessions against a `lean` process for each proof.

    python bench/lean_warm.py --json lean_warm.json

Both ways answer the same question about the same candidates (the statement, the text, that the text proves the
statement, from which axioms), turn by turn in one run, and have to agree on every one. Both run in the sandbox. Warm
checks go through the verifier with its cache off; CPU seconds are those of Lean, starts included, and of this process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from domain import Candidate, OutsideError, Problem
from verifiers.audit.lean.batch import Compiler
from verifiers.audit.lean.source import parse_statement, surround
from verifiers.audit.lean.toolchain import LeanSettings
from verifiers.audit.sandbox import Sandbox
from verifiers.lean.verifier import LeanVerifier

HEADER = """inductive Num where
  | zero : Num
  | next : Num → Num

def add : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (add n m)

inductive Seq (α : Type) where
  | empty : Seq α
  | link : α → Seq α → Seq α

def join {α : Type} : Seq α → Seq α → Seq α
  | .empty, ys => ys
  | .link x xs, ys => .link x (join xs ys)"""

TURN = 10
"""Candidates that are checked one way before the other has its turn."""


def numeral(value: int, inner: str = "Num.zero") -> str:
    return "(Num.next " * value + inner + ")" * value


def make(count: int, seed: int) -> list[tuple[Candidate, bool]]:
    """Distinct small candidates, three of four meant to be right, in an order of the seed."""
    made: list[tuple[Candidate, bool]] = []
    for number in range(count):
        k, right, name = 1 + number // 4, number % 4 != 3, f"made_{number}"
        statement, proof = [
            (f"(n : Num) : Eq (add {numeral(k)} n) {numeral(k, 'n')}", "eq_refl"),
            (
                f"(n : Num) : Eq (add n {numeral(k)}) {numeral(k, 'n')}",
                "induction n with\n  | zero => eq_refl\n  | next n ih =>\n    rewrite [add, ih]\n    eq_refl",
            ),
            (
                f"(p q : Prop) (h : And p (And q (Eq {numeral(k)} {numeral(k)}))) : And q p",
                "constructor\n· exact h.right.left\n· exact h.left",
            ),
            [
                (f"(n : Num) : Eq (add n {numeral(k)}) {numeral(k + 1, 'n')}", "eq_refl"),
                (f"(xs : Seq Num) : Eq (join xs (Seq.link {numeral(k)} Seq.empty)) xs", "exact absent_lemma xs"),
                (f"(p q : Prop) (h : And p (Eq {numeral(k)} {numeral(k)})) : And p q", "constructor\n· exact h.left"),
            ][k % 3],
        ][number % 4]
        problem = Problem(name, "lean4", HEADER, f"theorem {name} {statement} := by")
        body = "\n".join(f"  {line}" for line in proof.split("\n"))
        made.append((Candidate(problem, f"theorem {name} {statement} := by\n{body}\n"), right))
    random.Random(seed).shuffle(made)
    return made


@dataclass
class Row:
    """Costs of one way, per check: medians, a high percentile, and means in which starts are contained."""

    way: str
    checks: int
    cpu_ms_median: float
    cpu_ms_mean: float
    wall_ms_median: float
    wall_ms_p95: float
    wall_ms_mean: float


class Meter:
    """Milliseconds of CPU and of wall time of each call."""

    def __init__(self, cpu_seconds: Callable[[], float]) -> None:
        self._cpu_seconds = cpu_seconds
        self.cpu: list[float] = []
        self.wall: list[float] = []

    def run(self, work: Callable[[], bool]) -> bool:
        provers, own, wall = self._cpu_seconds(), time.process_time(), time.monotonic()
        answer = work()
        seconds, own_seconds = time.monotonic() - wall, time.process_time() - own
        self.wall.append(1000 * seconds)
        self.cpu.append(1000 * (own_seconds + self._cpu_seconds() - provers))
        return answer

    def row(self, way: str) -> Row:
        cpu, wall = self.cpu, self.wall
        high = sorted(wall)[int(0.95 * len(wall))]
        figures = (statistics.median(cpu), statistics.mean(cpu), statistics.median(wall), high, statistics.mean(wall))
        return Row(way, len(cpu), *[round(figure, 2) for figure in figures])


def compile_cold(compiler: Compiler, candidate: Candidate) -> bool:
    """Whether a `lean` process of its own accepts a candidate, by the same question as a warm check asks."""
    statement = parse_statement(candidate.problem.formal_statement)
    placed = surround(statement, candidate.proof)
    frozen = f"def Frozen.Statement : Prop := {statement.proposition}\n"
    check = f"theorem Frozen.check : Frozen.Statement := @{statement.name}\n#print axioms Frozen.check\n"
    text = f"{candidate.problem.header}\n{frozen}{placed.before}{placed.text}{placed.after}{check}"
    compiled = compiler.compile("Candidate", compiler.toolchain.header(text))
    return compiled.ok and any("does not depend on any axioms" in one.text for one in compiled.said)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=100)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    verifier = LeanVerifier(LeanSettings(cache_entries=0))
    toolchain, settings = verifier.toolchain, verifier.settings
    compiler = Compiler(
        toolchain, Sandbox(), toolchain.limits(settings.check_seconds, settings.memory_bytes), settings.memory_bytes
    )
    warm, cold = Meter(verifier.cpu_seconds), Meter(lambda: compiler.cpu_seconds)
    made = make(chosen.count, chosen.seed)
    try:
        for begin in range(0, len(made), TURN):
            turn = made[begin : begin + TURN]
            quick = [warm.run(lambda c=c: verifier.check([c])[0].verdict == "accepted") for c, _ in turn]
            slow = [cold.run(lambda c=c: compile_cold(compiler, c)) for c, _ in turn]
            for (candidate, right), one, other in zip(turn, quick, slow, strict=True):
                if not one == other == right:
                    raise OutsideError(f"the ways do not agree on {candidate.problem.name}: {one}, {other}, {right}")
    finally:
        verifier.close()
    rows = [warm.row("warm session"), cold.row("lean per proof")]
    print(f"{len(made)} candidates, {sum(right for _, right in made)} of them right; {verifier.describe()}")
    print(f"{'':16}{'CPU ms':>10}{'mean':>10}{'wall ms':>10}{'p95':>10}{'mean':>10}")
    for row in rows:
        figures = (row.cpu_ms_median, row.cpu_ms_mean, row.wall_ms_median, row.wall_ms_p95, row.wall_ms_mean)
        print(f"{row.way:16}" + "".join(f"{figure:>10}" for figure in figures))
    headline = {
        "ratio_vs_process_per_proof": round(rows[1].cpu_ms_mean / rows[0].cpu_ms_mean, 1),
        "wall_ratio_vs_process_per_proof": round(rows[1].wall_ms_median / rows[0].wall_ms_median, 1),
        "warm_check_ms": rows[0].wall_ms_median,
    }
    print(", ".join(f"{name} {value}" for name, value in headline.items()))
    if chosen.json:
        machine = f"{platform.machine()}, {os.cpu_count()} cores"
        record = {"machine": machine, "seed": chosen.seed, "rows": [asdict(row) for row in rows], "headline": headline}
        chosen.json.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
