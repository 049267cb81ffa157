"""What Lean costs at one commit, beside another: warm checks, audits, processes for a batch of problems, memory.

    python bench/lean_costs.py --json before.json                          # in a checkout of the earlier commit
    python bench/lean_costs.py --before before.json --json lean_costs.json

Warm checks and audits are of the candidates of `lean_warm.py`, without a cache. The batch is twenty problems with
numerals and signs under one header. Processes are those that this one starts; memory is what the largest of them has
for itself, at most, after a warm check.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.clock import Meter
from bench.lean_warm import Starts, make
from bench.script import Row, command_line, ended, machine, tell
from domain import Candidate, Elaboration, OutsideError, Problem
from verifiers.audit.lean.toolchain import LeanSettings
from verifiers.lean.verifier import LeanVerifier

HEADER = """def double : Nat → Nat
  | 0 => 0
  | n + 1 => double n + 2

def total : List Nat → Nat
  | [] => 0
  | x :: xs => x + total xs"""

COLUMNS = {"what": "{what}", "before": "{before}", "after": "{after}"}

BATCH = 20
"""Problems that are elaborated at once."""


def own_mib() -> float:
    """What the largest process below this one has for itself, in MiB."""
    below = psutil.Process().children(recursive=True)
    return round(max((one.memory_full_info().uss for one in below), default=0) / 2**20, 1)


def median_ms(meter: Meter) -> float:
    return round(1000 * statistics.median(spent.cpu for spent in meter.spent), 1)


def measured(checks: int, audits: int, seed: int) -> dict[str, float]:
    """The figures of this commit, by what they are of."""
    starts = Starts()
    verifier = LeanVerifier(LeanSettings(cache_entries=0))
    try:
        made = make(checks, seed)
        warm = Meter(verifier.cpu_seconds)
        memory = 0.0
        for candidate, right in made:
            if warm.run(lambda c=candidate: verifier.check([c])[0].verdict == "accepted") != right:
                raise OutsideError(f"{candidate.problem.name} is judged otherwise than it was meant")
            memory = max(memory, own_mib())
        honest = [candidate for candidate, right in made if right][:audits]
        cold = Meter(verifier.cpu_seconds)
        processes = starts.of(lambda: [cold.run(lambda c=c: audited(verifier, c)) for c in honest])
        batch = [
            Problem(f"t{k}", "lean4", HEADER, f"theorem t{k} (n : Nat) : double n + {k} = n + (n + {k})")
            for k in range(BATCH)
        ]
        read: list[object] = []
        elaborated = starts.of(lambda: read.extend(verifier.elaborate(batch)))
    finally:
        verifier.close()
    understood = [one for one in read if isinstance(one, Elaboration) and one.definitions]
    return {
        "warm check, CPU ms": median_ms(warm),
        "audit, CPU ms": median_ms(cold),
        "processes an audit": round(processes / len(honest), 1),
        f"processes to elaborate {BATCH} problems under one header": elaborated,
        f"of these {BATCH} problems, read as terms": len(understood),
        "memory of a warm session's process, MiB of its own": memory,
    }


def audited(verifier: LeanVerifier, candidate: Candidate) -> None:
    verdict = verifier.audit([candidate])[0]
    if not verdict.accepted:
        raise OutsideError(f"{candidate.problem.name} is not accepted: {verdict.reason}")


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--checks", type=int, default=100)
    parser.add_argument("--audits", type=int, default=16)
    parser.add_argument("--before", type=Path, help="what this script wrote at an earlier commit")
    options = parser.parse_args()
    where = machine()
    found = measured(options.checks, options.audits, options.seed)
    before = json.loads(options.before.read_text())["headline"] if options.before else {}
    rows: list[Row] = [{"what": name, "before": before.get(name), "after": figure} for name, figure in found.items()]
    tell(options, where, rows, found, COLUMNS)


if __name__ == "__main__":
    sys.exit(ended(main))
