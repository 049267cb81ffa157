"""How fast the library takes lemmas in and finds them again: beside LEGO-Prover's way at 20,000, alone up to a million.

    python bench/library.py --json library.json
    python bench/library.py --skills lego_skills.jsonl.gz --json library.json      (real skills on both sides at 20,000)
    python bench/library.py --sizes 20000                                          (a short run)

`library_beside_lego.py` says how the two sides are compared. An insert ends when the lemma is on the disk, one fsync
each; it has been compared with all others by identity. Each size runs in a process of its own, and what resumes is a
fresh process too. Rates, latencies and ratios are of CPU seconds, which other work on the machine changes less than
the clock, which stands beside them. The JSON file is written again after each size.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from bench.clock import Spent, percentile, spent
from bench.library_beside_lego import QUESTIONS, K, compare, fill, without_uses
from bench.script import Row, command_line, ended, machine, tell, write
from bench.synthetic_lemmas import AUDITED, Source, World, world
from domain import Lemma, Term
from library_store.library import Library

COLUMNS = {
    "lemmas": "{lemmas:,}",
    "inserts a second": "{inserts_per_second}",
    "insert p50": "{single_insert_p50_ms} ms",
    "p99": "{single_insert_p99_ms} ms",
    "retrieve p50": "{retrieve_p50_ms} ms",
    "its p99": "{retrieve_p99_ms} ms",
    "a problem's own p50": "{retrieve_own_p50_ms} ms",
    "memory": "{growing_rss_mib} MiB",
    "snapshot": "{snapshot_seconds} s",
    "resume": "{resume_seconds} s",
}


def mib() -> int:
    return round(psutil.Process().memory_info().rss / 2**20)


def quantiles(name: str, times: Sequence[Spent]) -> dict[str, float]:
    cpu, wall = [one.cpu for one in times], [one.wall for one in times]
    return {
        f"{name}_p50_ms": percentile(cpu, 50),
        f"{name}_p99_ms": percentile(cpu, 99),
        f"{name}_wall_p50_ms": percentile(wall, 50),
        f"{name}_wall_p99_ms": percentile(wall, 99),
    }


def questions(of: World, source: Source) -> list[tuple[Term, list[str]]]:
    """Statements with the definitions that a problem has: those that it speaks of and a few more of the same copy."""
    draw = random.Random(1)
    found: list[tuple[Term, list[str]]] = []
    for _ in range(QUESTIONS):
        lemma = source.lemma()
        more = [one.id for one in draw.sample(of.definitions, 10)]
        found.append((lemma.term, [*lemma.definition_ids, *more]))
    return found


def timed(library: Library, asked: Sequence[tuple[Term, list[str]]], known: frozenset[str] | None) -> list[Spent]:
    prelude = next(iter(library.lemmas.values())).prelude_id
    library.retrieve(asked[0][0], known or asked[0][1], prelude, K)
    return [spent(lambda t=term, own=own: library.retrieve(t, known or own, prelude, K)) for term, own in asked]


def grow(folder: Path, count: int, seed: int) -> dict[str, Any]:
    """A library of so many lemmas, filled, asked and snapshotted in this process."""
    of = world()
    source = Source(of, seed, count)
    everything = frozenset(definition.id for definition in of.definitions)
    before = mib()
    with Library(folder) as library:
        library.add_definitions(of.definitions)
        filled = fill(library, _told(source.lemmas(count), count))
        grown = mib() - before
        alone = list(source.lemmas(200))
        single = [spent(lambda one=one: library.insert(one, AUDITED)) for one in alone]
        asked = questions(of, source)
        visible, own = timed(library, asked, everything), timed(library, asked, None)
        shot = spent(lambda: library.snapshot(seed=seed))
        return {
            "lemmas": count,
            "inserts_per_second": round(count / filled.cpu),
            "inserts_per_wall_second": round(count / filled.wall),
            **quantiles("single_insert", single),
            **quantiles("retrieve", visible),
            **quantiles("retrieve_own", own),
            "growing_rss_mib": grown,
            "snapshot_seconds": round(shot.cpu, 2),
            "snapshot_wall_seconds": round(shot.wall, 2),
            "snapshot_mib": round(sum(file.stat().st_size for file in folder.rglob("*.parquet")) / 2**20),
        }


def _told(lemmas: Iterable[Lemma], count: int) -> Iterable[Lemma]:
    for number, lemma in enumerate(lemmas):
        if number % 20_000 == 0 and number:
            print(f"  {number} of {count}, {mib()} MiB", file=sys.stderr, flush=True)
        yield lemma


def resume(folder: Path, seed: int) -> dict[str, Any]:
    """The same library in a fresh process, up to the end of its first insert and first answer."""
    lemma = Source(world(), seed + 1).lemma()
    before = mib()
    opened: list[Library] = []
    opening = spent(lambda: opened.append(Library(folder)))
    with opened[0] as library:
        first = spent(lambda: library.insert(without_uses(lemma), AUDITED))
        library.retrieve(lemma.term, lemma.definition_ids, lemma.prelude_id, K)
        return {
            "resume_seconds": round(opening.cpu, 2),
            "resume_wall_seconds": round(opening.wall, 2),
            "first_insert_seconds": round(first.cpu, 2),
            "rss_mib": mib() - before,
        }


def at_size(count: int, seed: int) -> dict[str, Any]:
    """Both, each in a process of its own."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as scratch:
        row: dict[str, Any] = {}
        for step in ("grow", "resume"):
            command = [sys.executable, __file__, "--step", step, "--sizes", str(count), "--seed", str(seed)]
            done = subprocess.run([*command, "--folder", scratch], stdout=subprocess.PIPE, text=True, check=True)
            row |= json.loads(done.stdout)
    return row


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--beside", type=int, default=20_000, help="lemmas in the comparison; 0: without it")
    parser.add_argument("--skills", type=Path, help="JSON lines with `full_code`, gzipped")
    parser.add_argument("--step", choices=["grow", "resume"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step = grow(options.folder, options.sizes[0], options.seed) if options.step == "grow" else None
        print(json.dumps(step or resume(options.folder, options.seed)))
        return
    where = machine()
    headline: dict[str, float] = {}
    beside = compare(options.beside, options.seed, options.skills) if options.beside else None
    if beside is not None:
        print(f"beside LEGO-Prover's store, {beside['lemmas']} lemmas of {beside['characters']} characters")
        lego = f"LEGO-Prover {beside['lego_insert_ms']:.0f} ms, without bounds {beside['lego_scan_insert_ms']:.0f} ms"
        print(f"insert with deduplication: {beside['insert_ms']:.2f} ms, {lego}")
        print(f"on the clock: {beside['insert_wall_ms']:.2f} ms, LEGO-Prover {beside['lego_insert_wall_ms']:.0f} ms")
        print("retrieve, median ms: " + ", ".join(f"{name} {ms:.2f}" for name, ms in beside["retrieve_ms"].items()))
        headline["ratio_vs_lego_20k"] = round(beside["insert_ratio"])
        headline["ratio_vs_lego_20k, comparing without bounds"] = round(beside["scan_insert_ratio"])
        for name, ratio in beside["retrieve_ratio"].items():
            headline[f"retrieve_ratio_vs {name}"] = round(ratio, 2)
    rows: list[Row] = []
    for count in options.sizes:
        rows.append(at_size(count, options.seed))
        if count == 1_000_000:
            headline["inserts_per_second_1m"] = rows[-1]["inserts_per_second"]
            headline["retrieve_p99_ms_1m"] = rows[-1]["retrieve_p99_ms"]
        write(options, where, rows, headline, beside_lego=beside)
    tell(options, where, rows, headline, COLUMNS, beside_lego=beside)


if __name__ == "__main__":
    sys.exit(ended(main))
