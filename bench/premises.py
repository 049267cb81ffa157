"""Problems over the prover's standard library, proved with and without its lemmas as premises.

    python bench/premises.py --path minif2f_rocq.jsonl --sample 40 --seed 0 --json premises.json
    python bench/premises.py --imports Reals --sample 40 --seed 0 --json premises_reals.json

Both sides are an attempt's automation (`pipeline.loop.prove.Search`) without a library and without a language model, in
one process, problem by problem in the order of the sample, with as many CPU seconds of the prover for each; they differ
in the premises alone. What both check is checked once, and each side is charged its seconds. What a warm session
accepted counts only when the audit of the self-contained text accepts it. Listing and ranking what the headers import
is told apart. Problems whose headers name libraries beyond Coq's own are left out before the sample is drawn. The
result is written after each problem, so a run that is stopped says how far it came.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datasets import load
from domain import Candidate, Elaboration, Problem
from pipeline.config import RunSettings
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import Ports, RunContext, build
from pipeline.loop.premises import Ranking
from pipeline.loop.prove import Search
from pipeline.report.comparison.statistics import mcnemar_p
from term_algebra import alpha_normal
from verifiers.rocq.terms import render
from verifiers.rocq.verifier import RocqSettings, RocqVerifier
from verifiers.rocq.visible import listing

OTHER_LIBRARIES = re.compile(r"\b(?:Coquelicot|mathcomp|ssreflect|Interval)\b")


def of_library(verifier: RocqVerifier, imports: str, count: int, seed: int) -> list[Problem]:
    """So many propositions of the library itself, under the same import."""
    header = f"Require Import {imports}."
    (listed,) = verifier.visible([header])
    chosen = random.Random(seed).sample(sorted(listed, key=lambda one: one.name), count)
    return [
        Problem(name := one.name.replace(".", "_"), "rocq", header, f"Lemma given_{name} : {render(one.term)}.")
        for one in chosen
    ]


def sample(problems: str, path: Path | None, count: int, seed: int) -> list[Problem]:
    """So many problems whose headers import something of Coq's own library and of no other one."""
    fit = [
        problem
        for problem in sorted(load(problems, path=path).problems, key=lambda problem: problem.name)
        if "Require" in problem.header and not OTHER_LIBRARIES.search(problem.header)
    ]
    return random.Random(seed).sample(fit, min(count, len(fit)))


@dataclass
class Offers:
    """What problems are offered; each set of imports is listed once."""

    verifier: RocqVerifier
    k: int
    listings: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """For each set of imports: how many propositions, and CPU seconds of the prover and of this process."""
    _rankings: dict[str, Ranking] = field(default_factory=dict[str, Ranking])

    def added(self, world: RunContext) -> RunContext:
        """The world of one problem with its premises."""
        (elaboration,) = world.elaborations.values()
        imports = listing(elaboration.prelude)
        if imports not in self._rankings:
            before, began = self.verifier.cpu_seconds(), time.process_time()
            (listed,) = self.verifier.visible([imports])
            self._rankings[imports] = Ranking(listed)
            prover, here = self.verifier.cpu_seconds() - before, time.process_time() - began
            self.listings.append({"listed": len(listed), "prover": round(prover, 2), "here": round(here, 2)})
        own = alpha_normal(elaboration.statement)
        offered = self._rankings[imports].best(elaboration.statement, self.k + 1)
        best = tuple(one for one in offered if alpha_normal(one.term) != own)[: self.k]
        return replace(world, premises={world.of_problem(elaboration.problem.name).id: best})


def attempt(world: RunContext, verifier: RocqVerifier, name: str, seconds: float) -> dict[str, Any]:
    """What automation makes of a problem: whether it is proved, by which text, and the CPU seconds of checks."""
    elaboration, ledger = world.elaborations[name], AttemptLog("bench", "problem", name)
    most = world.settings.prove.scripts
    ports = Ports(verifier, None, None)
    search = Search(world, ports, ledger, world.of_problem(name), (), most=most, seconds=seconds)
    found = search.few() or search.quickly() or search.patiently()
    answer = {"proved": False, "cpu_seconds": round(seconds - search.screen.left, 3), "proof": ""}
    if found is None:
        return answer
    preamble = world.preamble(elaboration.prelude_id)
    for text in world.dialect.candidates(elaboration, found.proof, (), tuple(world.definitions.values()), preamble):
        verdict = verifier.audit([Candidate(elaboration.problem, text)])[0]
        if verdict.accepted:
            return answer | {"proved": True, "proof": found.proof}
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", default="minif2f-rocq:valid")
    parser.add_argument("--path", type=Path)
    parser.add_argument("--imports", help="of Coq's library: its propositions, each without itself")
    parser.add_argument("--sample", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds of the prover for a problem")
    parser.add_argument("--premises", type=int, default=24)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    tree = {"model": {"kind": "none"}, "retrieval": {"premises": arguments.premises}}
    settings = RunSettings.model_validate(tree)
    limits = RocqSettings(check_seconds=settings.prove.candidate_cpu_seconds, memory_bytes=2 << 30)
    verifier = RocqVerifier(limits)
    try:
        if arguments.imports is not None:
            chosen = of_library(verifier, arguments.imports, arguments.sample, arguments.seed)
        else:
            chosen = sample(arguments.problems, arguments.path, arguments.sample, arguments.seed)
        rows: list[dict[str, Any]] = []
        offers = Offers(verifier, arguments.premises)
        for problem in chosen:
            (elaboration,) = verifier.elaborate([problem])
            if not isinstance(elaboration, Elaboration):
                print(f"{problem.name} is not read: {elaboration.messages[0].text[:100]}")
                continue
            without = build(settings, [elaboration], verifier.describe(), None)
            using = offers.added(without)
            sides = {
                side: attempt(world, verifier, problem.name, arguments.seconds)
                for side, world in (("without", without), ("with", using))
            }
            rows.append({"name": problem.name, **sides})
            told = {side: (one["proved"], one["cpu_seconds"]) for side, one in sides.items()}
            print(f"{len(rows):>3} {problem.name}: {told}", flush=True)
            result = summary(rows) | {
                "machine": f"{os.cpu_count()} {platform.machine()} cores, beside other work",
                "problems": arguments.imports or arguments.problems,
                "sample": [one.name for one in chosen],
                "seed": arguments.seed,
                "seconds": arguments.seconds,
                "premises": arguments.premises,
                "listing": offers.listings,
                "rows": rows,
            }
            if arguments.json is not None:
                arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(summary(rows))
    finally:
        verifier.close()


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Solved by each side, and what one side alone solved."""
    solved = {side: {row["name"] for row in rows if row[side]["proved"]} for side in ("without", "with")}
    gained, lost = sorted(solved["with"] - solved["without"]), sorted(solved["without"] - solved["with"])
    return {
        "attempted": len(rows),
        "solved_without": len(solved["without"]),
        "solved_with": len(solved["with"]),
        "gained": gained,
        "lost": lost,
        "p": round(mcnemar_p(len(gained), len(lost)), 4),
        "cpu_seconds": {side: round(sum(row[side]["cpu_seconds"] for row in rows), 1) for side in ("without", "with")},
    }


if __name__ == "__main__":
    main()
