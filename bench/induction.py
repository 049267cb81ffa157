"""Inductive problems from an empty library: generated ones with few seconds each, and TIP's tip2015 with more.

    python bench/induction.py inductive_benchmarks --out runs/induction --json docs/results/induction.json
    python bench/induction.py inductive_benchmarks --out runs/induction --arms alone cvc4 --sample 1
    python bench/induction.py inductive_benchmarks --out runs/induction --tip2015 tip --json induction.json

The generated ones are those of github.com/vprover/inductive_benchmarks. Drawn by seed: so many files (format
`smt2_rec`) of each generated family, of those whose number in the family is even; the others are kept aside for an
examination, as the families `crafted_*` are.

* `alone`: `prove --explore`. What counts for a problem are the CPU seconds of its own attempts, explorations and
  requests, up to the end of the round that proved it (`bench/cold.py`); the start of the provers belongs to none.
* `together`: a `run` with one library, and as many CPU seconds in all as there are problems times the limit.
* `cvc4`, `cvc5`: the solver (`bench/tip.py` says how to install them) with induction and conjectures, on the file as it
  is published, one process at a time.

With `--tip2015` the files of that suite follow, each alone with 60 CPU seconds. A file that does not translate, or was
proved with more seconds, counts as not proved.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from bench.cold import seconds_by_problem
from bench.script import REPOSITORY, Row, command_line, ended, machine, tell
from bench.smt_solvers import ask, find_solvers
from datasets.tip.suites import suite_files
from domain import OutsideError, UserError
from library_store.snapshot import read
from library_store.tables import Tables
from pipeline.report.comparison.statistics import cluster_interval

ARMS = ("alone", "together", "cvc4", "cvc5")
TIP2015_LIMIT = 60
"""CPU seconds for each file of that suite."""

START = 60
"""CPU seconds for the start of Ray and the provers, at most."""


def draw(folder: Path, sample: int, seed: int) -> dict[str, list[Path]]:
    """So many files with an even number of each generated family, by the family's name.

    Raises:
        UserError: there is none.
    """
    families: defaultdict[str, list[Path]] = defaultdict(list)
    for file in sorted(folder.glob("benchmarks/dty/*/generated_*/smt2_rec/*.smt2")):
        if file.stem.isdecimal() and int(file.stem) % 2 == 0:
            families[f"{file.parts[-4]}/{file.parts[-3]}"].append(file)
    if not families:
        raise UserError(f"{folder} has no benchmarks/dty/*/generated_*/smt2_rec: give a clone of the benchmarks")
    return {
        family: random.Random(f"{seed} {family}").sample(files, min(sample, len(files)))
        for family, files in families.items()
    }


def together(problems: Path, out: Path, limit: float, total: int) -> dict[str, float]:
    """The problems that a run with one library proved, each with its share of all CPU seconds."""
    settings = {"model": {"kind": "none"}, "prove": {"cpu_seconds": limit}, "cpu_seconds": limit * total}
    configuration = out / "together.yaml"
    configuration.write_text(yaml.safe_dump(settings | {"problems": [{"dataset": f"smtlib:{problems}"}]}))
    tables = _ran(["run", str(configuration)], out / "together")
    return dict.fromkeys(_proved(tables), tables.manifests[-1].counts["cpu_seconds"] / total)


def alone(problems: Sequence[str], out: Path, limit: float, total: int) -> dict[str, float]:
    """The problems that were proved, each from an empty library, with their CPU seconds."""
    # What is over the limit is not counted, and stops nobody else; nor does the start, which the budget counts too.
    budget = f"cpu_seconds={4 * limit * total + START}"
    tables = _ran(["prove", *problems, "--explore", "--set", f"prove.cpu_seconds={limit}", "--set", budget], out)
    proved = _proved(tables)
    return {name: spent for name, spent in seconds_by_problem(tables).items() if name in proved}


def _ran(command: Sequence[str], out: Path) -> Tables:
    done = subprocess.run([sys.executable, "-m", "pipeline", *command, "--out", str(out)], cwd=REPOSITORY, check=False)
    if done.returncode != 0:
        raise OutsideError(f"`{command[0]}` into {out} ended with exit code {done.returncode}")
    tables = read(out)
    print(f"{out}: {len(_proved(tables))} proved, {tables.manifests[-1].counts['cpu_seconds']:.0f} CPU seconds in all")
    return tables


def _proved(tables: Tables) -> set[str]:
    return {name for name, state in tables.problems.items() if state.status == "proved"}


def tip2015(path: Path, out: Path, limit: float) -> list[Row]:
    """A row for each file of the suite; `alone` is None where it does not translate or was not proved."""
    files = [file.stem for file in suite_files("tip:tip2015", path)]
    spent = alone(["tip:tip2015", "--path", str(path)], out / "tip2015", limit, len(files))
    return [{"problem": name, "alone": spent.get(name)} for name in files]


def main() -> int:
    parser = command_line(__doc__)
    parser.add_argument("folder", type=Path, help="a clone of the benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="for the problems and our runs; a second call resumes")
    parser.add_argument("--sample", type=int, default=5, help="files of each family")
    parser.add_argument("--limit", type=int, default=5, help="CPU seconds for each problem")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--tip2015", type=Path, metavar="PATH", help="the benchmarks folder of tip-org/benchmarks")
    parser.add_argument("--cvc4", default="cvc4", metavar="PROGRAM")
    parser.add_argument("--cvc5", type=Path, default=REPOSITORY / "runs" / "cvc5" / "bin" / "python", metavar="PYTHON")
    options = parser.parse_args()
    where, families = machine(), draw(options.folder, options.sample, options.seed)
    problems = options.out / "problems"
    shutil.rmtree(problems, ignore_errors=True)  # of another sample
    rows: list[Row] = []
    for family, files in families.items():
        for file in files:
            to = problems / family / file.name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to)
            name = "_".join(to.relative_to(problems).with_suffix("").parts)
            rows.append({"problem": name, "family": family, "file": str(to)})
    solvers = {solver.name: solver for solver in find_solvers(options.cvc4, options.cvc5)}
    for arm in options.arms:
        if arm not in ("alone", "together"):
            if arm not in solvers:
                raise UserError(f"{arm} is not installed: leave it out of --arms")
            for row in rows:
                said, seconds = ask(solvers[arm], "conjectures", Path(row["file"]).read_text(), options.limit)
                row[arm] = seconds if said == "unsat" else None
            continue
        if arm == "alone":
            spent = alone([f"smtlib:{problems}"], options.out / arm, options.limit, len(rows))
        else:
            spent = together(problems, options.out, options.limit, len(rows))
        for row in rows:
            row[arm] = spent.get(row["problem"])
    told = summary(rows, options.arms, options.limit)
    columns = {name: f"{{{name}}}" for name in told[0]}
    headline = {"problems": len(rows)} | {arm: proved(rows, arm, options.limit) for arm in options.arms}
    if "alone" in options.arms:
        headline |= {
            f"vprover_share_{options.limit}s": round(headline["alone"] / len(rows), 3),
            "alone_within_twice_the_limit": proved(rows, "alone", 2 * options.limit),
        }
    families_proved = {arm: by_family(rows, arm, options.limit) for arm in options.arms}
    intervals = {arm: cluster_interval([list(found.values())]) for arm, found in families_proved.items()}
    more = {"limit": options.limit, "summary": told, "intervals_over_families": intervals}
    for row in rows:
        del row["file"]
    if options.tip2015 is not None:
        suite = tip2015(options.tip2015, options.out, TIP2015_LIMIT)
        headline |= {"tip2015_solved": proved(suite, "alone", TIP2015_LIMIT), "tip2015_files": len(suite)}
        more["tip2015"] = suite
    tell(options, where, told, headline, columns, problems=rows, **more)
    return 0


def proved(rows: Sequence[Row], arm: str, limit: float) -> int:
    """How many an arm proved within so many CPU seconds each."""
    return sum(row[arm] is not None and row[arm] <= limit for row in rows)


def by_family(rows: Sequence[Row], arm: str, limit: float) -> Mapping[str, int]:
    """How many of each family an arm proved."""
    families: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        families[row["family"]].append(row)
    return {family: proved(group, arm, limit) for family, group in families.items()}


def summary(rows: Sequence[Row], arms: Sequence[str], limit: float) -> list[Row]:
    """A row for each kind of family (`nat add`, `list pref`), and one for all."""
    kinds: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        datatype, _, name = row["family"].partition("/")
        kinds[f"{datatype} {name.split('_')[1]}"].append(row)
    groups = [*sorted(kinds.items()), ("all", list(rows))]
    return [
        {"kind": kind, "problems": len(group)} | {arm: proved(group, arm, limit) for arm in arms}
        for kind, group in groups
    ]


if __name__ == "__main__":
    sys.exit(ended(main))
