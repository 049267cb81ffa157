"""The library beside LEGO-Prover's store: the same lemmas in both, then inserts and retrievals in turn.

The lemmas are skills of LEGO-Prover's and seeded variants of them, or synthetic ones (`synthetic_lemmas.py`). Neither
side is measured while it is filled. An insert of ours ends when the lemma is on the disk, one fsync each. Of the other
side (`lego_store.py`) the calls to an embedding service are left out; its vector index is timed alone, too.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import statistics
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from bench.clock import Meter, Spent, spent
from bench.lego_store import LegoStore, embedding
from bench.synthetic_lemmas import AUDITED, Source, sha, world
from domain import Const, Lemma
from library_store.admission import Proposal
from library_store.library import Library

GROUP = 256
"""Lemmas that share one fsync where a library is filled."""
QUESTIONS = 300
INSERTS = 20
K = 6


def fill(library: Library, lemmas: Iterable[Lemma]) -> Spent:
    """What the inserts cost; making the lemmas is not counted."""
    source, meter = iter(lemmas), Meter()
    while group := [Proposal(lemma, AUDITED) for lemma in islice(source, GROUP)]:
        meter.run(lambda group=group: library.insert_many(group))
    return meter.total


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
        prelude_id=sha(""),
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
            fill(library, (without_uses(made[number]) for number in old))
            ours: list[Spent] = []
            theirs: list[Spent] = []
            scanned: list[Spent] = []
            size = len(lego.skills)
            for number in new:
                lemma, text = without_uses(made[number]), texts[number]
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


def without_uses(lemma: Lemma) -> Lemma:
    """Order does not matter then."""
    return replace(lemma, uses=())
