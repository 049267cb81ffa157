"""Holes of real developments, filled by this project and by what a user of Rocq would pick today.

    python bench/holes.py --part development --sample 4 --cpu-seconds 10 --json holes.json
    python bench/holes.py --part test --cpu-seconds 60 --json holes_60.json --solved docs/results/holes_test_20.json

A hole is a proof that ends in `Qed`, drawn by seed from the `.v` files that a Debian package of a library brings (see
`LIBRARIES`; `apt-get install` those, and `libcoq-hammer eprover cvc4` for the rivals). The file is cut behind it, its
sections are closed, and the proof is `Admitted`. Each arm gets this one text.

* `ours`: `prove FILE.v`, without a model.
* `steps`: the same with recorded steps of other developments, `--steps DIR` (`record` makes them).
* `sauto`: the tactics of CoqHammer one after the other, each in a `coqc` of its own with a share of the seconds.
* `hammer`: with E and CVC4. Its own limits are of wall time, so other work on the machine takes from it.

The seconds of a rival are those of its whole process tree, whatever its processes make of their groups and sessions,
less what `coqc` takes for the admitted text; it is stopped when they are used up. Ours are bounded and told by `prove`
itself: its own and the prover's for the hole. Its start and the compilations before and after come on top, and are in
`tree_seconds`, which nothing bounds tightly. A proof counts when `coqc` accepts the text with it; for ours the
judgement that `prove` makes comes first. `replay_seconds` are what `coqc -time` tells of the new proof and its lemmas.
With `--solved`, what an arm proved with fewer seconds counts for more too and is not tried again, whichever arm it is.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.process_tree import Cost, adopt, run
from bench.script import REPOSITORY, Row, command_line, ended, machine, table, tell, versions, write
from domain import UserError
from pipeline.development.project.document import Document

INSTALLED = Path("/usr/lib/ocaml/coq")

LIBRARIES = {
    "development": (
        *("theories/Lists", "theories/Arith", "theories/Sorting", "theories/ZArith", "theories/QArith"),
        *("theories/Reals", "theories/Sets", "theories/Strings", "theories/Vectors", "theories/Relations"),
        *("theories/Wellfounded", "theories/MSets", "theories/Numbers", "theories/Bool", "theories/Logic"),
        *("user-contrib/ExtLib", "user-contrib/Bignums", "user-contrib/MenhirLib"),
    ),
    "test": tuple(f"user-contrib/{name}" for name in ("MathClasses", "CoRN", "AAC_tactics", "Equations", "Mtac2")),
    "ssreflect": (
        *("user-contrib/mathcomp/ssreflect", "user-contrib/mathcomp/algebra", "user-contrib/mathcomp/fingroup"),
        *("user-contrib/mathcomp/field", "user-contrib/mathcomp/character", "user-contrib/mathcomp/analysis"),
        *("user-contrib/mathcomp/finmap", "user-contrib/mathcomp/real_closed", "user-contrib/SsrMultinomials"),
        *("user-contrib/CoqEAL", "user-contrib/extructures", "user-contrib/deriving", "user-contrib/QuickChick"),
    ),
}
"""Parts of the measurement. What is tuned is tuned on `development` alone; files in SSReflect's style count apart."""

LONGEST = 600.0  # CPU seconds that the text may take without any proof; one that takes longer is left out
HAMMER = "/usr/libexec/coq-hammer"  # the programs that `hammer` starts; one of them it looks for in `PATH`

TACTICS = ("hauto", "sauto", "qauto", "hauto lq: on", "sauto lq: on", "best")
Arm = Callable[["Task", Path, float, float], Row]
"""Fills a hole in a folder with so many CPU seconds; the last are those that the text takes without a proof."""


class Task(NamedTuple):
    """A hole, and the text with it, cut behind it."""

    library: str
    file: str
    name: str
    text: str
    length: int
    """Sentences of the original proof."""

    def proved_by(self, block: str, required: str = "") -> str:
        """The text with a tactic block as the proof, and a sentence put before the statement."""
        head, statement, rest = self.parts
        return f"{head}{required}\n{statement}\nProof.\n{block}\nQed.\n{rest}"

    @property
    def parts(self) -> tuple[str, str, str]:
        hole = next(one for one in Document(self.text, self.file).holes if one.qualified == self.name)
        return self.text[: hole.start], hole.statement, self.text[hole.end :]


def draw(part: str, sample: int, seed: int) -> list[Task]:
    """So many holes of each library of a part, of as many files as can be, libraries taking turns.

    Raises `UserError` if a library is not installed.
    """
    drawn: list[list[Task]] = []
    for library in LIBRARIES[part]:
        folder = INSTALLED / library
        files = sorted(folder.rglob("*.v"))
        if not files:
            raise UserError(f"{folder} has no .v files: install the package of that library")
        rng = random.Random(f"{seed} {library}")
        rng.shuffle(files)
        waiting = deque(_tasks(library, path, rng) for path in files)
        found: list[Task] = []
        while waiting and len(found) < sample:
            of_file = waiting.popleft()
            if (task := next(of_file, None)) is not None:
                found.append(task)
                waiting.append(of_file)
        drawn.append(found)
    return [task for turn in zip_longest(*drawn) for task in turn if task is not None]


def _tasks(library: str, path: Path, rng: random.Random) -> Iterator[Task]:
    """The holes of a file that are in no functor, in an order by chance. None of a file that cannot be read."""
    try:
        document = Document(path.read_text(), path.name)
    except (UserError, UnicodeDecodeError):
        return
    opaque = (hole for hole in document.proofs if document.text[: hole.end].rstrip().endswith("Qed."))
    holes = [hole for hole in opaque if not hole.in_functor]
    for hole in rng.sample(holes, len(holes)):
        ends = "".join(f"\nEnd {one.name}." for one in reversed(hole.containers))
        text = f"{document.text[: hole.start]}{hole.statement}\nAdmitted.{ends}\n"
        try:
            again = Document(text, path.name).holes
            length = Document(hole.proof, path.name).sentences
        except UserError:
            continue
        if sum(one.qualified == hole.qualified for one in again) == 1:
            yield Task(library, str(path.relative_to(INSTALLED)), hole.qualified, text, len(length))


def coqc(folder: Path, text: str, limit: float) -> Cost:
    (folder / "Hole.v").write_text(text)
    return run(["coqc", "-q", "Hole.v"], folder, limit)


def tactics(task: Task, folder: Path, seconds: float, base: float) -> Row:
    """CoqHammer's tactics, each with its share."""
    spent = 0.0
    for tactic in TACTICS:
        text = task.proved_by(f"{tactic}.", "From Hammer Require Import Tactics.")
        cost = coqc(folder, text, base + seconds / len(TACTICS))
        spent += cost.cpu_seconds - base
        if cost.code == 0:
            return {"proved": True, "cpu_seconds": round(spent, 2), "proof": f"{tactic}."}
    return {"proved": False, "cpu_seconds": round(spent, 2)}


def hammer(task: Task, folder: Path, seconds: float, base: float) -> Row:
    """`hammer`, with limits that let it use the seconds: its provers run side by side, then it reconstructs."""
    each = max(1, round(seconds / 4))
    lines = ["From Hammer Require Import Hammer.", f"Set Hammer ATPLimit {each}.", "Unset Hammer Vampire."]
    lines += ["Unset Hammer Z3.", f"Set Hammer ReconstrLimit {max(1, each // 2)}.", "Set Hammer SAutoLimit 1."]
    cost = coqc(folder, task.proved_by("hammer.", " ".join(lines)), base + seconds)
    row: Row = {"proved": cost.code == 0, "cpu_seconds": round(cost.cpu_seconds - base, 2)}
    return row if cost.code in (0, None) else {**row, "reason": cost.output.strip()[-80:]}


def ours(task: Task, folder: Path, seconds: float, base: float, steps: Path | None = None) -> Row:
    (folder / "Hole.v").write_text(task.text)
    (folder / "_CoqProject").write_text("-Q . Hole\n")
    command = [sys.executable, "-m", "pipeline", "prove", str(folder / "Hole.v"), "--out", str(folder / "out")]
    command += ["--cpu-seconds", f"{seconds:g}", "--names", task.name, "--in-place"]
    command += ["--steps", str(steps.absolute())] if steps else []
    cost = run(command, REPOSITORY, 4 * base + 3 * seconds + 60)
    results = folder / "out" / "results.jsonl"
    lines = results.read_text().splitlines() if results.is_file() else []
    failed: Row = {"status": "error", "cpu_seconds": 0.0, "reason": cost.output[-500:]}
    result: Row = json.loads(lines[0]) if lines else failed
    row: Row = {"proved": result["status"] == "proved", "cpu_seconds": result["cpu_seconds"]}
    row |= {"tree_seconds": cost.cpu_seconds, "status": result["status"]}
    if row["proved"]:
        again = run(["coqc", "-q", "-time", "Hole.v"], folder, LONGEST)
        row |= {"proved": again.code == 0, "replay_seconds": _replay_seconds(task, again.output)}
    row |= {"proof": result["proof"]} if result.get("proof") else {}
    return row | ({"reason": result["reason"][-300:]} if result.get("reason") else {})


def _replay_seconds(task: Task, said: str) -> float:
    """What `coqc -time` tells of all sentences from the hole's place on."""
    start = len(task.parts[0].encode())
    timed = re.findall(r"^Chars (\d+) - \d+ .* ([\d.]+) secs", said, re.MULTILINE)
    return round(sum(float(seconds) for at, seconds in timed if int(at) >= start), 3)


ARMS: dict[str, Arm] = {"ours": ours, "sauto": tactics, "hammer": hammer}


def measure(task: Task, arms: Mapping[str, Arm], seconds: float, earlier: Row) -> Row | None:
    """One hole in all arms, or None if its text does not compile. `earlier` is it with fewer seconds, where known."""
    with tempfile.TemporaryDirectory() as scratch:
        base = coqc(Path(scratch), task.text, LONGEST)
        if base.code != 0:
            return None
        row: Row = {"library": task.library, "file": task.file, "name": task.name, "length": task.length}
        row["text_cpu_seconds"] = base.cpu_seconds
        for arm, fill in arms.items():
            folder = Path(scratch) / arm
            folder.mkdir()
            known = earlier.get(arm, {})
            row[arm] = known if known.get("proved") else fill(task, folder, seconds, base.cpu_seconds)
    return row


LENGTHS = {"one sentence": (1, 1), "2 or 3": (2, 3), "4 to 9": (4, 9), "10 and more": (10, 10**9)}


def summary(rows: Sequence[Row], arms: Sequence[str]) -> list[Row]:
    """A row for each library, for each group of lengths of the original proof, and one for all."""
    libraries = dict.fromkeys(row["library"] for row in rows)
    groups = {library: [row for row in rows if row["library"] == library] for library in libraries}
    groups |= {name: [row for row in rows if low <= row["length"] <= high] for name, (low, high) in LENGTHS.items()}
    found: list[Row] = []
    for library, group in [*groups.items(), ("all", list(rows))]:
        line: Row = {"library": library, "holes": len(group)}
        for arm in arms:
            left_by_others = [row for row in group if not any(row[one]["proved"] for one in arms if one != arm)]
            line[arm] = sum(row[arm]["proved"] for row in group)
            line[f"only {arm}"] = sum(row[arm]["proved"] for row in left_by_others)
        line["together"] = sum(any(row[arm]["proved"] for arm in arms) for row in group)
        found.append(line)
    return found


def headline(rows: Sequence[Row], of_all: Row, seconds: float) -> Row:
    """The counts of the summary's last row; how many CPU seconds each hole had stands in the names."""
    counts = {f"{name.replace(' ', '_')}_{seconds:g}": value for name, value in of_all.items() if name != "library"}
    replays = [row["ours"]["replay_seconds"] for row in rows if row.get("ours", {}).get("proved")]
    counts["ours_replayed_in_a_second"] = sum(replay <= 1.0 for replay in replays)
    return {"tried": counts.pop(f"holes_{seconds:g}")} | counts


def main() -> int:
    parser = command_line(__doc__)
    parser.add_argument("--part", choices=LIBRARIES, default="development")
    parser.add_argument("--sample", type=int, default=4, help="holes of each library")
    parser.add_argument("--arms", nargs="+", choices=[*ARMS, "steps"], default=list(ARMS))
    parser.add_argument("--steps", type=Path, metavar="DIR", help="the recorded steps of that arm")
    parser.add_argument("--cpu-seconds", type=float, default=10.0, help="for one hole")
    parser.add_argument("--resume", action="store_true", help="keep the rows that --json has, of the same commit")
    parser.add_argument("--solved", type=Path, metavar="JSON", help="the same holes with fewer seconds")
    options = parser.parse_args()
    arms = {arm: ARMS.get(arm) or partial(ours, steps=options.steps) for arm in options.arms}
    if (options.steps is None) == ("steps" in options.arms):
        raise UserError("the arm `steps` and --steps DIR need each other")
    os.environ["PATH"] += f":{HAMMER}"
    needed = ("coqc", "eprover", "cvc4") if "hammer" in options.arms else ("coqc",)
    missing = [program for program in needed if shutil.which(program) is None]
    if {"sauto", "hammer"} & set(options.arms) and not (INSTALLED / "user-contrib" / "Hammer").is_dir():
        missing.append("libcoq-hammer")
    if missing:
        raise UserError(f"apt-get install libcoq-hammer eprover cvc4, `make setup` (missing: {', '.join(missing)})")
    adopt()
    where, rows, left_out = machine(), list[Row](), list[str]()
    told = {"part": options.part, "cpu_seconds_each": options.cpu_seconds, "left_out": left_out}
    if options.resume:
        rows, known = _kept(options.json, told | {"seed": options.seed, "versions": versions()})
        left_out += known
    done = {(row["file"], row["name"]) for row in rows}
    fewer: Row = json.loads(options.solved.read_text()) if options.solved is not None else {"rows": []}
    earlier = {(row["file"], row["name"]): row for row in fewer["rows"]}
    for task in draw(options.part, options.sample, options.seed):
        if (task.file, task.name) in done or f"{task.file} {task.name}" in left_out:
            continue
        row = measure(task, arms, options.cpu_seconds, earlier.get((task.file, task.name), {}))
        if row is None:
            print(f"{task.file} {task.name}: does not compile elsewhere, left out", file=sys.stderr)
            left_out.append(f"{task.file} {task.name}")
            continue
        rows.append(row)
        each = [f"{arm} {'yes' if row[arm]['proved'] else 'no'} {row[arm]['cpu_seconds']:.1f}" for arm in options.arms]
        print(f"{task.file} {task.name}: {', '.join(each)}", file=sys.stderr, flush=True)
        write(options, where, rows, {}, **told)
    lines = summary(rows, options.arms)
    print(table({name: f"{{{name}}}" for name in lines[0]}, lines))
    tell(options, where, rows, headline(rows, lines[-1], options.cpu_seconds), None, **told)
    return 0


def _kept(file: Path | None, wanted: Row) -> tuple[list[Row], list[str]]:
    """The rows of an earlier measurement, and what it left out. Raises `UserError` where it is another one."""
    if file is None or not file.is_file():
        return [], []
    found: Row = json.loads(file.read_text())
    for name in ("part", "cpu_seconds_each", "seed", "versions"):
        if found.get(name) != wanted[name]:
            raise UserError(f"{file} is of {name} {found.get(name)}, not {wanted[name]}: give another --json")
    return found["rows"], found["left_out"]


if __name__ == "__main__":
    sys.exit(ended(main))
