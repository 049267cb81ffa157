"""How often the memory of steps tells the tactic that a proof goes on with, and what a step and a question cost it.

    python bench/step_memory.py --train steps/Coq --test steps/ExtLib steps/Bignums --json docs/results/step_memory.json
    python bench/step_memory.py --train steps/Coq --under Lists Sorting --json lists.json      (a library's directories)

The folders are what `python -m pipeline record` writes. The memory knows the steps of `--train` from the beginning. The
theorems of each tested library are gone through in the order of its files. At each drawn step the memory is asked, and
what it tells, in the names of the goal, is compared with the tactic that stands there; behind a theorem its steps are
added. With `--under`, the files below these directories are tested and those elsewhere known.

Counted is whether the very tactic is among the first k that are told (`exact`); the same up to the names that it
introduces (`arguments`); a tactic that begins with the same word (`head`), of k different ones. A tactic is told only
if its names are known (`prove` asks the prover; here nobody is there to ask): what was seen in goals and tactics above
in the tested library, and all theorems of a file of `--train` of which a name was seen. Arms: `both`; `trained`,
without what is added; `online`, which knows nothing at the beginning; `file`, the same, and what is added is forgotten
at the end of its file; `frequent`, the commonest tactics of either. Intervals are over steps, files drawn anew.

The costs are of 10^5 and 10^6 steps: those of `--train` again and again, each time with a tenth of the features turned.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.script import Row, command_line, ended, machine, tell
from datasets.steps import Step, parts, read_steps
from domain import UserError
from models.step_index import Numbers, Packed, StepIndex
from pipeline.development.search.carrying import LONGEST, NAME, Taken, introduced
from pipeline.development.search.goal_features import features
from pipeline.development.search.memory import Memory
from pipeline.development.search.moves import View, view
from verifiers.audit.rocq.sentences import identifiers, rename
from verifiers.rocq.document import GoalText

FIRST = (1, 10, 50)
"""How many tactics are told."""

ARMS = ("both", "trained", "online", "file", "frequent")

DRAWS = 1000
"""Samples of an interval."""

ASKED, ADDED = 300, 1000
"""Questions and steps that are timed."""


class Asked(NamedTuple):
    """What was told at a step, by measure and number told."""

    file: str
    found: dict[str, bool]


def theorems(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """The steps of each theorem."""
    some: list[Step] = []
    for step in steps:
        if some and (step.file, step.theorem) != (some[0].file, some[0].theorem):
            yield some
            some = []
        some.append(step)
    if some:
        yield some


def goal_of(step: Step) -> View:
    return view(GoalText(step.goal.hypotheses, step.goal.conclusion))


def taken(step: Step) -> Taken:
    return Taken(goal_of(step), step.tactic, step.names)


def head(tactic: str) -> str:
    found = re.match(r"[^\W\d][\w']*|\S", tactic.lstrip("( "))
    return found.group() if found else ""


def nameless(tactic: str) -> str:
    """A tactic with the names that it introduces numbered in order."""
    said = identifiers(tactic)
    new = introduced(tactic, said)
    order = dict.fromkeys(one.text for one in said if one.text in new)
    return rename(tactic, {name: f"_{number}" for number, name in enumerate(order)})


def compared(told: Sequence[str], tactic: str) -> dict[str, bool]:
    """Whether a tactic is among the first that were told, by measure."""
    found: dict[str, bool] = {}
    bare = list(dict.fromkeys(map(nameless, told)))
    heads = list(dict.fromkeys(map(head, told)))
    for most in FIRST:
        found[f"exact_{most}"] = tactic in told[:most]
        found[f"arguments_{most}"] = nameless(tactic) in bare[:most]
        found[f"head_{most}"] = head(tactic) in heads[:most]
    return found


class Known:
    """The names that a place of a tested library may know, by their last parts; `train` are steps known before."""

    def __init__(self, train: Sequence[Step]) -> None:
        self._seen: set[str] = set()
        self._files: set[tuple[str, str]] = set()
        self._stated = {one.theorem.rpartition(".")[2]: (one.library, one.file) for one in train}

    def see(self, *texts: str) -> None:
        new = {name.rpartition(".")[2] for text in texts for name in NAME.findall(text)} - self._seen
        self._seen |= new
        self._files |= {self._stated[name] for name in new if name in self._stated}

    def locate(self, names: Sequence[str]) -> list[tuple[str, str | None]]:
        return [(one, "Constant" if self._is_known(one.rpartition(".")[2]) else None) for one in names]

    def _is_known(self, name: str) -> bool:
        return name in self._seen or self._stated.get(name) in self._files


class Everything:
    """Steps kept in this process, as `StoredSteps` keeps them in files."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        kept = {(one.tactic, one.goal): one for one in steps if len(one.tactic) <= LONGEST}
        self._taken = [taken(one) for one in kept.values()]
        self.packed = Packed.of([array("I", features(one.goal)) for one in self._taken])
        self.common = Counter(one.tactic for one in self._taken)

    def __getitem__(self, number: int) -> Taken:
        return self._taken[number]


def gone_through(library: Sequence[Step], stored: Everything | None, arm: str, drawn: float, seed: int) -> list[Asked]:
    """What was told at drawn steps of a library."""
    rng = random.Random(seed)
    known = Known(stored.steps if stored is not None else ())
    memory = Memory(stored, known.locate)  # pyright: ignore[reportArgumentType] (they are kept otherwise)
    common = Counter(stored.common if stored is not None else ())
    asked: list[Asked] = []
    file = ""
    for theorem in theorems(library):
        if arm == "file" and theorem[0].file != file:
            file = theorem[0].file
            memory.forget()
        for step in theorem:
            known.see(step.goal.conclusion, *step.goal.hypotheses)
            if rng.random() >= drawn:
                continue
            if arm == "frequent":
                told = [tactic for tactic, _ in common.most_common(max(FIRST))]
            else:
                told = memory.tactics(goal_of(step), max(FIRST))
            asked.append(Asked(step.file, compared(told, step.tactic)))
        known.see(theorem[0].theorem, *(name for step in theorem for name in step.names))
        memory.look_again()
        if arm != "trained":
            common.update(step.tactic for step in theorem)
            for step in theorem:
                if len(step.tactic) <= LONGEST:
                    memory.add(taken(step))
    return asked


def interval(asked: Sequence[Asked], measure: str, seed: int) -> tuple[float, float]:
    """The middle 95 % of shares when files are drawn anew."""
    by_file: defaultdict[str, list[bool]] = defaultdict(list)
    for one in asked:
        by_file[one.file].append(one.found[measure])
    counts = np.array([(sum(found), len(found)) for found in by_file.values()])
    rng = np.random.default_rng(seed)
    drawn = counts[rng.integers(len(counts), size=(DRAWS, len(counts)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def coverage(train: Sequence[Step], tested: Mapping[str, Sequence[Step]], queries: int, seed: int) -> list[Row]:
    """Rows for each arm and each of the tested libraries, by name."""
    rows: list[Row] = []
    stored = Everything(train) if train else None
    for arm in ARMS if train else ARMS[2:]:
        every: list[Asked] = []
        for name, library in tested.items():
            drawn = min(1.0, queries / len(library))
            began = time.process_time()
            asked = gone_through(library, stored if arm not in ("online", "file") else None, arm, drawn, seed)
            every += asked
            seconds = (time.process_time() - began) / max(len(asked), 1)
            rows.append(_row(arm, name, asked, seed) | {"ms": round(1000 * seconds, 2)})
        if len(tested) > 1:
            rows.append(_row(arm, "all", every, seed))
    return rows


def _row(arm: str, library: str, asked: Sequence[Asked], seed: int) -> Row:
    row: Row = {"arm": arm, "library": library, "asked": len(asked), "files": len({one.file for one in asked})}
    for measure in asked[0].found if asked else ():
        row[measure] = round(sum(one.found[measure] for one in asked) / len(asked), 4)
        row[f"{measure}_interval"] = interval(asked, measure, seed)
    return row


def costs(steps: Sequence[Step], size: int, seed: int) -> Row:
    """Seconds of a step that is added to so many, and of a question; those of its features apart."""
    rng = random.Random(seed)
    goals = [goal_of(step) for step in rng.sample(steps, min(len(steps), ASKED + ADDED))]
    began = time.process_time()
    fresh = [features(goal) for goal in goals]
    reading = (time.process_time() - began) / len(goals)
    known = [array("I", features(goal_of(step))) for step in steps]
    many = list(known[:size])
    turn = 0
    while len(many) < size:  # a tenth of the names is another one in each turn
        turn += 1
        some = (np.unique(_turned(np.frombuffer(one, np.uint32), turn)) for one in known[: size - len(many)])
        many += [array("I", one.tobytes()) for one in some]
    began = time.process_time()
    packed = Packed.of(many)
    packing = time.process_time() - began
    with tempfile.TemporaryDirectory() as folder:
        packed.save(Path(folder))
        index = StepIndex(Packed.load(Path(folder)))
        index.nearest(fresh[0], 1)
        added, asked = [], []
        for number, one in enumerate(fresh):
            began = time.process_time()
            if number % (ADDED // ASKED + 1):
                index.add(one)
                added.append(time.process_time() - began)
            else:
                index.nearest(one, max(FIRST))
                asked.append(time.process_time() - began)
    return {
        "steps": size,
        "features": len(packed.keys),
        "bytes": sum(values.nbytes for values in packed),
        "packing_s": round(packing, 2),
        "reading_ms": round(1000 * reading, 3),
        "add_ms": round(1000 * float(np.median(added)), 3),
        "add_ms_95": round(1000 * float(np.quantile(added, 0.95)), 3),
        "ask_ms": round(1000 * float(np.median(asked)), 3),
        "ask_ms_95": round(1000 * float(np.quantile(asked, 0.95)), 3),
    }


def _turned(numbers: Numbers, turn: int) -> Numbers:
    """Features, for a tenth of them another one in each turn."""
    mixed = numbers * np.uint32(2654435761) + np.uint32(turn)
    return np.where((numbers ^ np.uint32(turn * 40503)) % 10 == 0, mixed, numbers)


def read(folders: Sequence[Path]) -> list[Step]:
    inside = [sorted(one.parent for one in folder.glob("*/parts")) or [folder] for folder in folders]
    return [step for some in inside for folder in some for part in parts(folder) for step in read_steps(part)]


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--train", type=Path, nargs="*", default=[], help="folders of steps that are known")
    parser.add_argument("--test", type=Path, nargs="*", default=[], help="folders of steps, each a library")
    parser.add_argument("--under", nargs="*", default=[], help="directories of --train that are tested instead")
    parser.add_argument("--queries", type=int, default=1000, help="steps of a library at which is asked")
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="how many steps the costs are measured at")
    options = parser.parse_args()
    where = machine()
    train = read(options.train)
    tested = {folder.name: read([folder]) for folder in options.test}
    for under in options.under:
        tested[f".../{under}"] = [step for step in train if step.file.startswith(f"{under}/")]
    train = [step for step in train if not step.file.startswith(tuple(f"{one}/" for one in options.under))]
    if not all(tested.values()):
        raise UserError("a tested library has no steps")
    rows = coverage(train, tested, options.queries, options.seed) if tested else []
    speed = [costs(train, size, options.seed) for size in options.sizes]
    names = {f"{row['arm']} {row['library']}": [row[f"exact_{most}"] for most in FIRST] for row in rows}
    columns = {"arm": "{arm}", "library": "{library}", "asked": "{asked}"}
    columns |= {name: f"{{{name}:.3f}}" for name in (rows[0] if rows else ()) if name.rpartition("_")[2].isdigit()}
    tell(options, where, rows, names, columns if rows else None, speed=speed, known=len(train))
    for row in speed:
        print(row)


if __name__ == "__main__":
    sys.exit(ended(main))
