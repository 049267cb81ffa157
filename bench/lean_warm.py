"""How fast Lean proofs are checked: warm sessions against a `lean` process for each proof.

    python bench/lean_warm.py --json lean_warm.json
    python bench/lean_warm.py --header 200 --json lean_header.json

With `--header` it counts instead how often Lean reads a header of so many functions and theorems while problems over it
are elaborated (in a session, and with a process for each question, turn by turn) and their proofs audited.

Both ways answer the same question about the same candidates (the statement, the text, that the text proves the
statement, from which axioms), turn by turn in one run, and have to agree on every one. Both run in the sandbox. Warm
checks go through the verifier with its cache off; CPU seconds are those of Lean, starts included, and of this process.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.clock import Meter, Spent
from bench.script import Row, command_line, ended, machine, tell
from domain import Candidate, Elaboration, OutsideError, Problem, Verdict
from verifiers.audit.lean.compiler import Compiler
from verifiers.audit.lean.source import parse_statement, surround
from verifiers.audit.lean.toolchain import LeanSettings
from verifiers.audit.sandbox import Sandbox
from verifiers.lean.asking import Answer, Ran
from verifiers.lean.elaboration import Elaborator
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

COLUMNS = {
    "way": "{way}",
    "CPU ms": "{cpu_ms_median}",
    "mean": "{cpu_ms_mean}",
    "wall ms": "{wall_ms_median}",
    "p95": "{wall_ms_p95}",
    "mean wall": "{wall_ms_mean}",
}

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


def row(way: str, meter: Meter) -> Row:
    """Costs of one way, per check: medians, a high percentile, and means in which starts are contained."""
    cpu, wall = (sorted(1000 * seconds for seconds in column) for column in zip(*meter.spent, strict=True))
    figures = {"cpu_ms_median": statistics.median(cpu), "cpu_ms_mean": statistics.mean(cpu)}
    figures |= {"wall_ms_median": statistics.median(wall), "wall_ms_p95": wall[int(0.95 * len(wall))]}
    figures |= {"wall_ms_mean": statistics.mean(wall)}
    return {"way": way, "checks": len(wall)} | {name: round(value, 2) for name, value in figures.items()}


def compile_cold(compiler: Compiler, candidate: Candidate) -> bool:
    """Whether a `lean` process of its own accepts a candidate, by the same question as a warm check asks."""
    statement = parse_statement(candidate.problem.formal_statement)
    placed = surround(statement, candidate.proof)
    frozen = f"def Frozen.Statement : Prop := {statement.proposition}\n"
    check = f"theorem Frozen.check : Frozen.Statement := @{statement.name}\n#print axioms Frozen.check\n"
    text = f"{candidate.problem.header}\n{frozen}{placed.before}{placed.text}{placed.after}{check}"
    compiled = compiler.compile("Candidate", compiler.toolchain.header(text))
    return compiled.ok and any("does not depend on any axioms" in one.text for one in compiled.said)


# ------------------------------------------------------------------------------------------------ a header that costs


READINGS = {
    "what": "{what}",
    "way": "{way}",
    "processes": "{processes}",
    "CPU s": "{cpu_seconds}",
    "wall s": "{wall_seconds}",
}
PROBLEMS = 10
"""That are elaborated together."""


def large(count: int) -> str:
    """The small header with so many functions, and theorems about them, behind it."""
    more = ["def f0 (n : Num) : Num := add n n"]
    for number in range(1, count):
        more.append(f"def f{number} (n : Num) : Num := add (f{number - 1} n) (f{number // 2} n)")
        more.append(f"theorem t{number} (n : Num) : f{number} n = add (f{number - 1} n) (f{number // 2} n) := rfl")
    return "\n".join([HEADER, *more])


def ask_cold(compiler: Compiler, header: str, commands: Sequence[str]) -> Ran:
    """The answers to commands after a header, from a process of its own."""
    text = compiler.toolchain.header(f"{header}\n")
    spans: list[tuple[int, int]] = []
    for command in commands:
        spans.append((len(text), len(text) + len(command)))
        text += f"{command}\n"
    compiled = compiler.compile("Asked", text, options=("-DmaxErrors=0",))
    answers: list[Answer] = []
    for first, last in spans:
        told = [one for one in compiled.said if first <= one.start <= last]
        error = next((one.text for one in told if one.severity == "error"), None)
        answers.append(Answer("\n".join(one.text for one in told if one.severity == "information"), error))
    return Ran(tuple(answers))


class Starts:
    """Counts the processes that this one starts."""

    def __init__(self) -> None:
        self.count = 0
        begin = subprocess.Popen.__init__

        def counting(*arguments: Any, **named: Any) -> None:
            self.count += 1
            begin(*arguments, **named)

        subprocess.Popen.__init__ = counting

    def of(self, work: Callable[[], object]) -> int:
        before = self.count
        work()
        return self.count - before


def measured(count: int, starts: Starts) -> Iterator[tuple[str, str, int, Spent]]:
    """What a large header costs, the processes that were started and the seconds: elaborating problems over it both
    ways, and auditing a proof of the first problem twice."""
    settings, header = LeanSettings(cache_entries=0), f"universe u\n{large(count)}"
    closed = f"f{count - 1} n = f{count - 1} n"
    stated = [f"theorem p{k} (n : Num) : {closed} ∧ {numeral(k)} = {numeral(k)}" for k in range(1, PROBLEMS)]
    stated.append("theorem unread (α : Type u) (a : α) : a = a")
    problems = [Problem(one.split()[1], "lean4", header, one) for one in stated]
    verifier = LeanVerifier(settings)
    limits = verifier.toolchain.limits(settings.audit_seconds, settings.memory_bytes)
    compiler = Compiler(verifier.toolchain, Sandbox(), limits, settings.memory_bytes)
    elaborated: list[list[str]] = []

    def cold() -> None:
        elaborated.append(
            exact(Elaborator(lambda before, asked: ask_cold(compiler, before, asked)).elaborate(problems))
        )

    def warm() -> None:
        elaborated.append(exact(verifier.elaborate(problems)))

    def audit() -> None:
        (verdict,) = verifier.audit([Candidate(problems[0], "exact ⟨rfl, rfl⟩")])
        if not verdict.accepted:
            raise OutsideError(f"an honest proof is refused: {verdict.messages[0].text}")

    for what, way, work in (
        (f"elaborate {PROBLEMS} problems", "a process for each question", cold),
        (f"elaborate {PROBLEMS} problems", "one session", warm),
        ("audit a proof", "the first of its statement", audit),
        ("audit a proof", "the next", audit),
    ):
        meter = Meter(lambda: verifier.cpu_seconds() + compiler.cpu_seconds)
        started = starts.of(partial(meter.run, work))
        yield what, way, started, meter.total
    verifier.close()
    if elaborated[0] != elaborated[1] or len(elaborated[0]) < PROBLEMS:
        raise OutsideError("the ways do not elaborate the problems to the same")


def exact(answers: Sequence[Elaboration | Verdict]) -> list[str]:
    return [one.statement_exact for one in answers if isinstance(one, Elaboration)]


def readings(count: int, turns: int) -> list[Row]:
    """Medians of what `measured` tells."""
    found: dict[tuple[str, str], list[tuple[int, Spent]]] = {}
    starts = Starts()
    for _ in range(turns):
        for what, way, started, spent in measured(count, starts):
            found.setdefault((what, way), []).append((started, spent))
    rows: list[Row] = []
    for (what, way), turned in found.items():
        cpu, wall = (round(statistics.median(one[place] for _, one in turned), 2) for place in (0, 1))
        rows.append({"what": what, "way": way, "processes": turned[0][0], "cpu_seconds": cpu, "wall_seconds": wall})
    return rows


def tell_readings(options: Namespace) -> None:
    where = machine()
    rows = readings(options.header, 3)
    print(f"a header of {options.header} functions and theorems")
    headline = {
        "processes_per_batch": rows[1]["processes"],
        "processes_per_batch_before": rows[0]["processes"],
        "cpu_ratio_elaborating": round(rows[0]["cpu_seconds"] / rows[1]["cpu_seconds"], 1),
        "processes_per_audit": rows[2]["processes"],
        "processes_per_further_audit": rows[3]["processes"],
    }
    tell(options, where, rows, headline, READINGS)


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--header", type=int, default=0)
    options = parser.parse_args()
    if options.header:
        tell_readings(options)
        return
    where = machine()
    verifier = LeanVerifier(LeanSettings(cache_entries=0))
    toolchain, settings = verifier.toolchain, verifier.settings
    compiler = Compiler(
        toolchain, Sandbox(), toolchain.limits(settings.check_seconds, settings.memory_bytes), settings.memory_bytes
    )
    warm, cold = Meter(verifier.cpu_seconds), Meter(lambda: compiler.cpu_seconds)
    made = make(options.count, options.seed)
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
    rows = [row("warm session", warm), row("lean per proof", cold)]
    print(f"{len(made)} candidates, {sum(right for _, right in made)} of them right; {verifier.describe()}")
    headline = {
        "ratio_vs_process_per_proof": round(rows[1]["cpu_ms_mean"] / rows[0]["cpu_ms_mean"], 1),
        "wall_ratio_vs_process_per_proof": round(rows[1]["wall_ms_median"] / rows[0]["wall_ms_median"], 1),
        "warm_check_ms": rows[0]["wall_ms_median"],
    }
    tell(options, where, rows, headline, COLUMNS)


if __name__ == "__main__":
    sys.exit(ended(main))
