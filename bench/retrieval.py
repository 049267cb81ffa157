"""How many of the lemmas that a verified proof used are among the first k that retrieval gives.

    pip download --no-binary lean-dojo --no-deps lean-dojo==4.20.0
    python bench/retrieval.py --leandojo lean_dojo-4.20.0.tar.gz --runs runs/quickstart --json retrieval.json
    python bench/retrieval.py --leandojo lean_dojo-4.20.0.tar.gz --questions 0 --proofs 0 --json full.json   (all of it)

**LeanDojo Benchmark 4**, as ReProver was measured: a question is the proof state before a tactic of the test part, the
lemmas wanted are the declarations that the tactic names, and what may be given is what the theorem's file imports and
what stands before it in its file. `recall@k` is the share of the wanted among the first k, averaged over questions.
`proofs` learns from the train part of the same split: which premises were named in similar states. By default a seeded
sample of the questions and of the states to learn from; the declarations are always all.

**Runs**: a question is the statement of a problem or lemma whose proof was confirmed to use lemmas; what may be given
are the other lemmas over its definitions, as of the run's end. Its own proof does not speak for it. These proofs were
found among what BM25 had given, which favours BM25.

The code is that of `library_store`. Intervals are of 95 %, by bootstrap over theorems or statements.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from bench.retrieval_leandojo import Corpus, counted, state_words
from bench.script import Row, command_line, ended, machine, tell, write
from datasets.leandojo import Step, Steps, read_steps
from library_store import snapshot
from library_store.retrieval.hybrid import DEPTH, OFFSET, HybridIndex, Ranking, SimilarProofs, fused
from library_store.retrieval.lexical import LemmaIndex, statement_tokens, text_tokens
from verifiers.audit.rocq.reader import parse
from verifiers.audit.words import ParseError

SPLITS = ("random", "novel_premises")
CUTOFFS = (1, 10, 25)
RESAMPLES = 1000
MIXES: Mapping[str, tuple[str, ...]] = {
    "BM25": ("lexical",),
    "proofs": ("proofs",),
    "BM25 + proofs": ("lexical", "proofs"),
}
COLUMNS = {
    "source": "{source}",
    "method": "{method}",
    "questions": "{questions}",
    "R@1": "{recall_at_1:.1f}",
    "R@10": "{recall_at_10:.1f}",
    "95 %": "{recall_at_10_interval}",
    "R@25": "{recall_at_25:.1f}",
    "MRR": "{mrr:.3f}",
}
HEADLINE = ("BM25 + proofs", "LeanDojo, random")

PUBLISHED = (
    {
        "method": "ReProver (a trained ByT5 retriever)",
        "split": "random",
        "recall_at_10": 34.7,
        "source": "paper's figure for LeanDojo Benchmark 4, as quoted in github.com/lean-dojo/LeanDojo/issues/183",
    },
    {
        "method": "ReProver's checkpoint, run by a user",
        "split": "random",
        "recall_at_1": 13.06,
        "recall_at_10": 35.97,
        "mrr": 0.319,
        "source": "github.com/lean-dojo/LeanDojo/issues/183, on version 9 of the benchmark",
    },
)

Ask: TypeAlias = Callable[[], Mapping[str, Sequence[str]]]
"""Answers with what each ranking gives, best first."""


class Question(NamedTuple):
    group: str
    """The theorem or statement that it is part of: the unit of resampling."""
    wanted: frozenset[str]
    ask: Ask


class Answer(NamedTuple):
    group: str
    recall: tuple[float, ...]
    """At each of `CUTOFFS`."""
    reciprocal: float


# ---------------------------------------------------------------------------------------------------------- measures


def answers_to(questions: Iterable[Question], say: str) -> dict[str, list[Answer]]:
    """What each mix of rankings answers."""
    found: defaultdict[str, list[Answer]] = defaultdict(list)
    began = time.monotonic()
    for number, question in enumerate(questions):
        rankings = question.ask()
        for mix, parts in MIXES.items():
            if all(part in rankings for part in parts):
                ranked = list(fused([rankings[part] for part in parts], offset=OFFSET))
                found[mix].append(judged(question, ranked))
        if number % 50 == 49:
            print(f"{say}: {number + 1} questions, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return found


def judged(question: Question, ranked: Sequence[str]) -> Answer:
    """Recall at each cutoff, and one over the place of the first that is wanted."""
    recall = tuple(len(question.wanted.intersection(ranked[:k])) / len(question.wanted) for k in CUTOFFS)
    first = next((place for place, one in enumerate(ranked, start=1) if one in question.wanted), 0)
    return Answer(question.group, recall, 1 / first if first else 0.0)


def row(answers: Sequence[Answer], seed: int) -> Row:
    """Means in per cent with intervals."""
    values = np.array([[*one.recall, one.reciprocal] for one in answers])
    groups = sorted({one.group for one in answers})
    number = {group: place for place, group in enumerate(groups)}
    sums, counts = np.zeros((len(groups), values.shape[1])), np.zeros(len(groups))
    for one, of in zip(answers, values, strict=True):
        sums[number[one.group]] += of
        counts[number[one.group]] += 1
    drawn = np.random.default_rng(seed).integers(0, len(groups), (RESAMPLES, len(groups)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)[:, None]
    low, high = np.percentile(means, (2.5, 97.5), axis=0)
    result: Row = {"questions": len(answers), "groups": len(groups)}
    for place, k in enumerate(CUTOFFS):
        result[f"recall_at_{k}"] = round(100 * float(values[:, place].mean()), 1)
        result[f"recall_at_{k}_interval"] = [round(100 * float(end[place]), 1) for end in (low, high)]
    return result | {"mrr": round(float(values[:, -1].mean()), 3)}


def rows_of(source: str, questions: Sequence[Question], seed: int, **facts: Any) -> list[Row]:
    answered = answers_to(questions, source)
    return [{"source": source, "method": mix, **facts, **row(found, seed)} for mix, found in answered.items()]


# ---------------------------------------------------------------------------------------------------------- LeanDojo


def leandojo_rows(path: Path, options: argparse.Namespace) -> Iterator[list[Row]]:
    read = read_steps(path, [f"{split}/{part}" for split in options.splits for part in ("train", "test")])
    say(f"read {path.name}")
    corpus = Corpus(read.files)
    say(f"{len(corpus.declarations.ids)} declarations")
    for split in options.splits:
        yield split_rows(corpus, read, split, options)


def split_rows(corpus: Corpus, read: Steps, split: str, options: argparse.Namespace) -> list[Row]:
    chance = random.Random(options.seed)
    train, test = read.parts[f"{split}/train"], read.parts[f"{split}/test"]
    learned = sample(chance, train, options.proofs)
    proofs = SimilarProofs()
    for number, step in enumerate(learned):
        proofs.add(str(number), counted(state_words(step.state)), corpus.wanted(step), 1)
    say(f"{split}: {len(learned)} of {len(train)} states learned from")
    asked = sorted(sample(chance, test, options.questions), key=lambda step: step.path)
    questions = [
        Question(f"{step.path} {step.start}", wanted, lambda step=step: corpus.rankings(step, proofs))
        for step in asked
        if (wanted := corpus.wanted(step))
    ]
    return rows_of(f"LeanDojo, {split}", questions, options.seed, learned_from=len(learned), out_of=len(test))


def sample(chance: random.Random, steps: Sequence[Step], size: int) -> list[Step]:
    """So many of the steps, all of them for 0."""
    return list(steps) if not size or size >= len(steps) else chance.sample(list(steps), size)


# -------------------------------------------------------------------------------------------------------------- runs


def run_questions(directory: Path) -> list[Question]:
    """Every statement of a run with a confirmed use."""
    tables = snapshot.read(directory)
    lexical = LemmaIndex(tables.lemmas.values())
    hybrid = HybridIndex(lexical)
    uses: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for edge in tables.rows("edges"):
        if edge["kind"] == "proof_uses" and edge["confirmed"]:
            uses[edge["source_kind"], edge["source"]][edge["target"]] = edge["round"]
    questions: list[Question] = []
    for (kind, name), used in uses.items():
        if kind == "lemma":
            lemma = tables.lemmas[name]
            tokens, over, prelude = statement_tokens(lemma.term), lemma.definition_ids, lemma.prelude_id
        else:
            state = tables.problems[name]
            tokens, over, prelude = tokens_of(state.statement_exact), state.definition_ids, state.prelude_id
        hybrid.add_proof(name, prelude, tokens, list(used), max(used.values()))
        live = frozenset(one for one in used if tables.lemmas[one].retired_by is None)
        if live:
            questions.append(Question(f"{directory} {name}", live, asker(hybrid, name, tokens, over, prelude)))
    return questions


def asker(hybrid: HybridIndex, name: str, tokens: Sequence[str], over: Sequence[str], prelude: str) -> Ask:
    kinds: tuple[Ranking, ...] = ("lexical", "proofs")

    def ranking(kind: Ranking) -> list[str]:
        found = hybrid.retrieve(tokens, over, prelude, DEPTH, (kind,), without=name)
        return [one.lemma.id for one in found if one.lemma.id != name]

    return lambda: {kind: ranking(kind) for kind in kinds}


def tokens_of(exact: str) -> list[str]:
    """Of a statement's text: as of its term, where it can be read."""
    try:
        return statement_tokens(parse(exact))
    except ParseError:
        return text_tokens(exact)


# ------------------------------------------------------------------------------------------------------------ output


def say(text: str) -> None:
    print(f"[{time.process_time():6.0f} CPU s] {text}", file=sys.stderr)


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--leandojo", type=Path, help="lean_dojo-4.20.0.tar.gz, or its unpacked folder")
    parser.add_argument("--splits", nargs="+", choices=SPLITS, default=SPLITS)
    parser.add_argument("--questions", type=int, default=300, help="of each split; 0: all")
    parser.add_argument("--proofs", type=int, default=40_000, help="train states to learn from; 0: all")
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="run directories")
    options = parser.parse_args()
    where = machine()
    rows: list[Row] = []
    if options.runs:
        questions = [one for directory in options.runs for one in run_questions(directory)]
        rows += rows_of(f"{len(options.runs)} runs", questions, options.seed)
    if options.leandojo is not None:
        for found in leandojo_rows(options.leandojo, options):
            rows += found
            write(options, where, rows, headline(rows), published=PUBLISHED)
    if not rows:
        parser.error("give --leandojo, --runs or both")
    for one in PUBLISHED:
        print(f"published, {one['split']}: {one['method']} has {one['recall_at_10']} at 10")
    tell(options, where, rows, headline(rows), COLUMNS, published=PUBLISHED)


def headline(rows: Sequence[Row]) -> dict[str, float]:
    asked = [one["recall_at_10"] for one in rows if (one["method"], one["source"]) == HEADLINE]
    return {"recall_at_10": asked[0]} if asked else {}


if __name__ == "__main__":
    sys.exit(ended(main))
