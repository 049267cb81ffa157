"""How fast the library takes lemmas in and finds them again: beside LEGO-Prover's way at 20,000, alone up to a million.

    python bench/library.py --json library.json
    python bench/library.py --skills lego_skills.jsonl.gz --json library.json      (real skills on both sides at 20,000)
    python bench/library.py --sizes 20000                                          (a short run)

Both sides hold the same lemmas (`synthetic_lemmas.py`, or skills and seeded variants of them), are filled without
measuring, and then take the same new ones and answer the same questions in turn. An insert of ours ends when the lemma
is on the disk, one fsync each; it has been compared with all others by identity.
LEGO-Prover's is `lego_store.py`, without its calls to an embedding service; its vector index alone is timed too. Each
size runs in a process of its own, and what resumes is a fresh process too. Rates, latencies and ratios are of CPU
seconds, which other work on the machine changes less than the clock, which stands beside them. The JSON file is written
again after each size.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
from lego_store import LegoStore, embedding
from synthetic_lemmas import AUDITED, Source, World, sha, world
from verification import machine

from domain import Const, Lemma, Term
from library_store.admission import Proposal
from library_store.library import Library

GROUP = 256
"""Lemmas that share one fsync where a library is filled."""
QUESTIONS = 300
INSERTS = 20
K = 6
PRELUDE = sha("")


def mib() -> int:
    return round(psutil.Process().memory_info().rss / 2**20)


class Spent(NamedTuple):
    """Seconds of this process, and on the clock: other work on the machine changes the latter more."""

    cpu: float
    wall: float

    def and_then(self, other: Spent) -> Spent:
        return Spent(self.cpu + other.cpu, self.wall + other.wall)


def spent(work: Callable[[], Any]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.process_time() - cpu, time.perf_counter() - wall)


def percentile(times: Sequence[float], percent: int) -> float:
    """Milliseconds."""
    return round(1000 * statistics.quantiles(times, n=100)[percent - 1], 3)


def quantiles(name: str, times: Sequence[Spent]) -> dict[str, float]:
    cpu, wall = [one.cpu for one in times], [one.wall for one in times]
    return {
        f"{name}_p50_ms": percentile(cpu, 50),
        f"{name}_p99_ms": percentile(cpu, 99),
        f"{name}_wall_p50_ms": percentile(wall, 50),
        f"{name}_wall_p99_ms": percentile(wall, 99),
    }


def fill(library: Library, lemmas: Iterable[Lemma]) -> Spent:
    """What the inserts cost; making the lemmas is not counted."""
    source = iter(lemmas)
    costs: list[Spent] = []
    while group := [Proposal(lemma, AUDITED) for lemma in islice(source, GROUP)]:
        costs.append(spent(lambda group=group: library.insert_many(group)))
    return Spent(sum(one.cpu for one in costs), sum(one.wall for one in costs))


# ------------------------------------------------------------------------------------------------ beside LEGO-Prover


def text_of(lemma: Lemma) -> str:
    return f"lemma {lemma.name}: {lemma.statement}\n{lemma.proof}"


def skill_lemma(text: str) -> Lemma:
    """A skill as a lemma whose statement is kept as text."""
    head = re.split(r"\n\s*(?:proof|by|using|apply|unfolding)\b", text, maxsplit=1)[0]
    statement, identity = " ".join(head.split()), sha(text)
    return Lemma(
        id=identity,
        revision=1,
        prover="isabelle",
        name=identity[:6],
        prelude_id=PRELUDE,
        definition_ids=(),
        statement=statement,
        statement_exact=text,
        term=Const(statement),
        proof=text[len(head) :],
        uses=(),
        dedup_key="",
        origin_kind="problem",
        origins=(),
        parents=(),
        operator="language_model",
        round=1,
        attempt_id="",
        prover_version="",
    )


def skills(path: Path, count: int, seed: int) -> list[Lemma]:
    """The skills of a file in seeded order, then variants of them with some words changed, all different."""
    draw = random.Random(seed)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        real = list(dict.fromkeys(json.loads(line)["full_code"] for line in file))
    draw.shuffle(real)
    words = [word for text in real[:500] for word in re.findall(r"\w+", text)]
    texts = dict.fromkeys(real)
    while len(texts) < count:
        parts = re.split(r"(\w+)", draw.choice(real))
        for place in draw.sample(range(1, len(parts), 2), min(len(parts) // 6, 12)):
            parts[place] = draw.choice(words)
        texts["".join(parts)] = None
    return [skill_lemma(text) for text in list(texts)[:count]]


def compare(count: int, seed: int, path: Path | None) -> dict[str, Any]:
    """The same lemmas in both stores, then inserts and retrievals in turn."""
    of = world()
    made = (
        list(Source(of, seed, count).lemmas(count + INSERTS)) if path is None else skills(path, count + INSERTS, seed)
    )
    texts = [text_of(lemma) if path is None else lemma.statement_exact for lemma in made]
    new = random.Random(seed).sample(range(len(made)), INSERTS)
    old = [number for number in range(len(made)) if number not in set(new)]
    known = frozenset(definition.id for definition in of.definitions)
    with tempfile.TemporaryDirectory() as scratch:
        lego = LegoStore(Path(scratch), len(made))
        lego.load([texts[number] for number in old])
        with Library(Path(scratch, "library")) as library:
            library.add_definitions(of.definitions)
            fill(library, (_without_uses(made[number]) for number in old))
            ours: list[Spent] = []
            theirs: list[Spent] = []
            scanned: list[Spent] = []
            size = len(lego.skills)
            for number in new:
                lemma, text = _without_uses(made[number]), texts[number]
                ours.append(spent(lambda lemma=lemma: library.insert(lemma, AUDITED)))
                bounded = spent(lambda text=text: lego.known(text))
                plain = spent(lambda text=text: lego.known(text, bounds=False))
                added = Spent(0.0, 0.0) if lego.known(text) else spent(lambda text=text: lego.add(text))
                theirs.append(bounded.and_then(added))
                scanned.append(plain.and_then(added))
                told = ", ".join(f"{one[-1].cpu:.4f}" for one in (ours, theirs, scanned))
                print(f"  insert {len(ours)}: {told} s", file=sys.stderr, flush=True)
            kept = len(lego.skills) - size
            asked = [made[number] for number in random.Random(seed + 1).choices(range(len(made)), k=QUESTIONS)]
            found: dict[str, list[Spent]] = {"ours": []}
            for lemma in asked:
                found["ours"].append(spent(lambda q=lemma: library.retrieve(q.term, known, q.prelude_id, K)))
                for index in lego.indexes:
                    query, vector = lemma.statement, embedding(lemma.statement)
                    for name, work in (
                        (f"LEGO-Prover, {index.name}", lambda q=query, i=index: lego.retrieve(q, K, i)),
                        (f"{index.name} alone", lambda v=vector, i=index: i.nearest(v, K)),
                    ):
                        found.setdefault(name, []).append(spent(work))
    medians = {name: 1000 * statistics.median(one.cpu for one in times) for name, times in found.items()}
    return {
        "lemmas": len(old),
        "texts": "synthetic" if path is None else path.name,
        "characters": round(statistics.mean(map(len, texts))),
        "inserts": INSERTS,
        "insert_ms": 1000 * statistics.mean(one.cpu for one in ours),
        "insert_wall_ms": 1000 * statistics.mean(one.wall for one in ours),
        "lego_insert_ms": 1000 * statistics.mean(one.cpu for one in theirs),
        "lego_insert_wall_ms": 1000 * statistics.mean(one.wall for one in theirs),
        "lego_scan_insert_ms": 1000 * statistics.mean(one.cpu for one in scanned),
        "lego_kept": kept,
        "insert_ratio": sum(one.cpu for one in theirs) / sum(one.cpu for one in ours),
        "insert_ratio_wall": sum(one.wall for one in theirs) / sum(one.wall for one in ours),
        "scan_insert_ratio": sum(one.cpu for one in scanned) / sum(one.cpu for one in ours),
        "retrievals": QUESTIONS,
        "retrieve_ms": medians,
        "retrieve_ratio": {name: value / medians["ours"] for name, value in medians.items() if name != "ours"},
    }


def _without_uses(lemma: Lemma) -> Lemma:
    """Order does not matter then."""
    return replace(lemma, uses=())


# ------------------------------------------------------------------------------------------------------ alone, at size


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
        first = spent(lambda: library.insert(_without_uses(lemma), AUDITED))
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--beside", type=int, default=20_000, help="lemmas in the comparison; 0: without it")
    parser.add_argument("--skills", type=Path, help="JSON lines with `full_code`, gzipped")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--step", choices=["grow", "resume"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step = grow(options.folder, options.sizes[0], options.seed) if options.step == "grow" else None
        print(json.dumps(step or resume(options.folder, options.seed)))
        return
    where = machine()
    print(f"{where}; seed {options.seed}")
    headline: dict[str, float] = {}
    beside = compare(options.beside, options.seed, options.skills) if options.beside else None
    if beside is not None:
        print(f"\nbeside LEGO-Prover's store, {beside['lemmas']} lemmas of {beside['characters']} characters")
        lego = f"LEGO-Prover {beside['lego_insert_ms']:.0f} ms, without bounds {beside['lego_scan_insert_ms']:.0f} ms"
        print(f"insert with deduplication: {beside['insert_ms']:.2f} ms, {lego}")
        print(f"on the clock: {beside['insert_wall_ms']:.2f} ms, LEGO-Prover {beside['lego_insert_wall_ms']:.0f} ms")
        print("retrieve, median ms: " + ", ".join(f"{name} {ms:.2f}" for name, ms in beside["retrieve_ms"].items()))
        headline["ratio_vs_lego_20k"] = round(beside["insert_ratio"])
        headline["ratio_vs_lego_20k, comparing without bounds"] = round(beside["scan_insert_ratio"])
        for name, ratio in beside["retrieve_ratio"].items():
            headline[f"retrieve_ratio_vs {name}"] = round(ratio, 2)
    rows: list[dict[str, Any]] = []

    def write() -> None:
        if options.json:
            result = {"machine": where, "seed": options.seed, "rows": rows, "headline": headline, "beside_lego": beside}
            options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")

    write()
    for count in options.sizes:
        rows.append(at_size(count, options.seed))
        if count == 1_000_000:
            headline["inserts_per_second_1m"] = rows[-1]["inserts_per_second"]
            headline["retrieve_p99_ms_1m"] = rows[-1]["retrieve_p99_ms"]
        write()
    for name in rows[0] if rows else ():
        print(f"{name:26}" + "".join(f"{row[name]:>14}" for row in rows))
    print("\n" + "\n".join(f"{name:40} {value}" for name, value in headline.items()))


if __name__ == "__main__":
    main()
