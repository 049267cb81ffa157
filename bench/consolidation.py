"""What could consolidation do with the lemmas of a finished run?

    python bench/consolidation.py runs/tip_prod runs/compare/explore_once/seed=0 --json docs/results/consolidation.json

Of each run's lemmas in use it counts those that the first script of automation proves alone and no proof uses, and
those that another lemma, smaller or as small, proves in one step. And each lemma is proved once more, by the first
scripts of automation with all lemmas whose proofs do not rest on it: how many proofs become a fifth shorter, and what
asking costs. Consolidation itself retires the first two kinds, among neighbours; it shortens no proof.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.necessity import Bench, Row, reopened
from domain import Lemma, UserError
from library_store.snapshot import Tables
from pipeline.loop.admit import closure
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement, Ports, RunContext
from pipeline.loop.prove import Screen, Search

SECONDS = 4.0
"""CPU seconds of the prover for another proof of one lemma."""

SHORTER = 0.8
"""A proof is shorter if its text has less than this share of the characters."""


def count(tables: Tables, world: RunContext, ports: Ports) -> Row:
    """What consolidation could do in one library."""
    lemmas = [lemma for lemma in tables.lemmas.values() if lemma.retired_by is None]
    bench = Bench(world, ports, tables.round + 1, SECONDS)
    used = {one for user in (*lemmas, *tables.problems.values()) for one in user.uses}
    told = {"lemmas": len(lemmas), "alone_and_unused": 0, "follow_from_another": 0, "shorter": 0}
    seconds = 0.0
    for lemma in lemmas:
        statement, ledger = CanonicalStatement.of(lemma), AttemptLog("bench", "evolve", "library")
        automation = world.automation(lemma.prelude_id)
        alone = next(automation.scripts(lemma.term)).text
        screen = Screen(world, ports, ledger, statement)
        told["alone_and_unused"] += lemma.id not in used and screen.replays(alone, [], automation.quick_seconds)
        general = (tables.lemmas[one] for one in bench.subsumers(lemma))
        told["follow_from_another"] += any(len(o.statement_exact) <= len(lemma.statement_exact) for o in general)
        others = [one for one in lemmas if _independent(ports, one, lemma)]
        search = Search(world, ports, ledger, statement, others, most=world.settings.evolve.scripts, seconds=SECONDS)
        found = search.soon()
        told["shorter"] += found is not None and len(found.proof) < SHORTER * len(lemma.proof)
        seconds += SECONDS - search.screen.left
    return {**told, "cpu_seconds_of_other_proofs": round(seconds, 1)}


def _independent(ports: Ports, one: Lemma, lemma: Lemma) -> bool:
    """Whether `one` may serve in another proof of `lemma`."""
    return one.prelude_id == lemma.prelude_id and all(below.id != lemma.id for below in closure(ports, [one]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="directories of finished runs")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: list[Row] = []
    try:
        for run in options.runs:
            with reopened(run) as (tables, world, ports):
                rows.append(
                    {"run": "/".join(run.parts[-2:]), "seed": world.settings.seed, **count(tables, world, ports)}
                )
                print(rows[-1], flush=True)
    except UserError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    if options.json is not None:
        about = {"machine": f"{os.cpu_count()} {platform.machine()} cores", "rows": rows}
        options.json.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
