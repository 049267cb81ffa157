"""Does a run prove the same on copies of a TIP suite that mean the same?

    python bench/metamorphic.py                                          # writes and checks one copy
    python bench/metamorphic.py --seeds 0 1 2 3 4 --out DIR              # and runs the suite and five copies
    python bench/metamorphic.py --seeds 0 1 2 3 4 --out DIR --base RUN   # beside a run that is there already

A copy (`transformed_suite.py`) has other names, parameters and constructors in another order, some equations the other
way round, and its problems in another order. Each copy is checked first: all of its problems elaborate in Rocq, as many
definitions are shared by the same problems as in the original, and functions and goals have the same values on ground
arguments. Then the pipeline runs on it, in a process of its own and without a language model. What it proved is told by
the names of the original. `--out` keeps for every seed the copy, the run and its log; the same command goes on where it
stopped, and the JSON is written again after every run. `--transformations` alone applies none: such copies differ from
the original in nothing, and their runs only by chance.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from bench.same_values import evaluate
from bench.script import (
    REPOSITORY,
    TIP,
    Row,
    command_line,
    ended,
    has_suites,
    machine,
    tell,
    versions,
    write,
)
from bench.transformed_suite import TRANSFORMATIONS, USUAL, Copy, transform
from datasets import load
from datasets.tip.suites import SUITES, suite_files
from domain import Elaboration, UserError
from library_store.snapshot import read
from pipeline import config
from pipeline.commands.compare import Planned, execute
from pipeline.report.summary import result
from verifiers.rocq.verifier import RocqVerifier

COLUMNS = {
    "seed": "{seed}",
    "solved": "{solved}",
    "of": "{problems}",
    "CPU s": "{cpu_seconds:.0f}",
    "lost": "{lost}",
    "gained": "{gained}",
    "other settings": "{settings_other_than_base}",
}

VALUES = 10
"""Ground arguments on which each function of each file is evaluated."""


class Suite(NamedTuple):
    """The original."""

    dataset: str
    path: Path
    texts: Mapping[str, str]


class Checked(NamedTuple):
    """What was found of a copy. `wrong` says what is not as in the original."""

    problems: int
    definitions: int
    evaluations: int
    left_alone: tuple[str, ...]
    wrong: tuple[str, ...]


# ----------------------------------------------------------------------------------------------------------- copies


def suite_of(configuration: Path, settings: Sequence[str], path: Path) -> Suite:
    """The one TIP suite of a configuration. Raises `UserError`."""
    sources = config.read(configuration, tuple(settings)).problems
    if len(sources) != 1 or sources[0].dataset not in SUITES or sources[0].names or sources[0].limit:
        raise UserError(f"{configuration}: `problems` is not one whole suite of TIP: {', '.join(SUITES)}")
    files = suite_files(sources[0].dataset, path)
    return Suite(sources[0].dataset, path, {file.stem: file.read_text(encoding="utf-8") for file in files})


def keep(copy: Copy, suite: Suite, seed: int, chosen: Sequence[str], folder: Path) -> Path:
    """Writes a copy; returns the path for `problems.0.path`. Raises `UserError` if another copy is there."""
    made = {"dataset": suite.dataset, "seed": seed, "transformations": list(chosen)}
    told = json.dumps(made | {"originals": copy.originals, "symbols": copy.symbols}, indent=1) + "\n"
    record = folder / "copy.json"
    if record.is_file() and record.read_text(encoding="utf-8") != told:
        raise UserError(f"{record} tells of another copy: choose another --out")
    benchmarks = folder / "benchmarks"
    files = benchmarks / SUITES[suite.dataset].folder
    files.mkdir(parents=True, exist_ok=True)
    for name, text in copy.texts.items():
        (files / f"{name}.smt2").write_text(text, encoding="utf-8")
    record.write_text(told, encoding="utf-8")
    return benchmarks


class Sharing(NamedTuple):
    """The problems of a suite that elaborate, and for each set of problems how many definitions all of them share."""

    problems: int
    definitions: Counter[frozenset[str]]
    refused: tuple[str, ...]


def sharing(verifier: RocqVerifier, dataset: str, path: Path, originals: Mapping[str, str]) -> Sharing:
    """Reads and elaborates a suite as a run does; problems have their original names."""
    loaded = load(dataset, path=path)
    refused = [f"{originals[left.name]} has no translation: {left.reason}" for left in loaded.left_out]
    problems: dict[str, set[str]] = {}
    answers = verifier.elaborate(loaded.problems)
    for problem, answer in zip(loaded.problems, answers, strict=True):
        name = originals[problem.name]
        if not isinstance(answer, Elaboration):
            refused.append(f"{name} does not elaborate: {answer.reason}")
            continue
        for definition in answer.definitions:
            problems.setdefault(definition.id, set()).add(name)
    shared = Counter(frozenset(names) for names in problems.values())
    return Sharing(loaded.total - len(refused), shared, tuple(sorted(refused)))


def check(copy: Copy, suite: Suite, seed: int, original: Sharing, copied: Sharing) -> Checked:
    wrong = [why for why in copied.refused if why not in original.refused]
    if copied.problems != original.problems:
        wrong.append(f"{copied.problems} problems instead of {original.problems}")
    if copied.definitions != original.definitions:
        wrong.append("definitions are shared otherwise than in the original")
    evaluations = 0
    for place, name in copy.originals.items():
        compared = evaluate(suite.texts[name], copy.texts[place], copy.symbols, seed, VALUES)
        evaluations += compared.agreed
        wrong += [f"{name}: {difference}" for difference in compared.differences]
    return Checked(copied.problems, copied.definitions.total(), evaluations, copy.left_alone, tuple(wrong))


# ------------------------------------------------------------------------------------------------------------- runs


def run(options: argparse.Namespace, path: Path, directory: Path) -> Path:
    """A run on the suite at `path`, unless it has finished; its directory. Raises as `execute`."""
    overrides = (*options.set, f"problems.0.path={path.resolve()}", "model.kind=none")
    settings = config.read(options.config, overrides)
    planned = Planned(directory.parent.name, settings.seed, settings, directory.resolve())
    planned.refuse_other_settings()
    if not planned.finished:
        execute(planned)
    return planned.directory


def outcome(directory: Path, originals: Mapping[str, str]) -> dict[str, Any]:
    """What a run proved, by original names, and what it took."""
    found = result(read(directory))
    counts = found["counts"]
    return {
        "solved": counts["solved"],
        "problems": counts["problems"],
        "rounds": [row["proved"] for row in found["rounds"]],
        "cpu_seconds": round(counts["cpu_seconds"], 1),
        "seconds": round(counts["seconds"], 1),
        "code_version": found["code_version"],
        "sandbox_shortfall": found["sandbox_shortfall"],
        "proved": sorted(originals[row["name"]] for row in found["problems"] if row["status"] == "proved"),
    }


def settings_of(directory: Path) -> dict[str, Any]:
    """The settings of a run, those of its problems apart."""
    tree = yaml.safe_load((directory / "config.yaml").read_text(encoding="utf-8"))["settings"]
    return {key: value for key, value in tree.items() if key != "problems"}


def other_settings(these: Mapping[str, Any], those: Mapping[str, Any]) -> list[str]:
    """The settings in which two runs differ."""
    return sorted(key for key in {*these, *those} if these.get(key) != those.get(key))


def against(base: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, list[str]]:
    """Which problems only one of two runs proved."""
    before, now = set(base["proved"]), set(found["proved"])
    return {"lost": sorted(before - now), "gained": sorted(now - before)}


def headline(base: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The comparison in a few figures."""
    proved = [set(row["proved"]) for row in rows]
    solved = [row["solved"] for row in rows]
    return {
        "base_solved": base["solved"],
        "copies": len(rows),
        "solved_least": min(solved),
        "solved_median": statistics.median(solved),
        "solved_most": max(solved),
        "proved_in_base_and_every_copy": len(set(base["proved"]).intersection(*proved)),
        "proved_in_base_or_some_copy": len(set(base["proved"]).union(*proved)),
        "base_cpu_seconds": base["cpu_seconds"],
        "cpu_seconds_median": round(statistics.median(row["cpu_seconds"] for row in rows), 1),
    }


# ------------------------------------------------------------------------------------------------------------- main


def copies(suite: Suite, options: argparse.Namespace, out: Path) -> tuple[dict[int, tuple[Copy, Checked]], str]:
    """Writes and checks the copy of every seed; with the prover's version."""
    made: dict[int, tuple[Copy, Checked]] = {}
    verifier = RocqVerifier()
    try:
        prover = verifier.describe()
        original = sharing(verifier, suite.dataset, suite.path, {name: name for name in suite.texts})
        for seed in options.seeds:
            copy = transform(suite.texts, seed, options.transformations)
            folder = keep(copy, suite, seed, options.transformations, out / f"seed{seed}")
            copied = sharing(verifier, suite.dataset, folder, copy.originals)
            checked = check(copy, suite, seed, original, copied)
            same = "as in the original" if not checked.wrong else "NOT as in the original"
            told = (
                f"{checked.problems} problems and {checked.definitions} definitions, {checked.evaluations} evaluations"
            )
            print(f"seed {seed}: {told}, {same}", flush=True)
            print(f"  arguments keep their order: {' '.join(checked.left_alone) or 'none'}")
            for why in checked.wrong:
                print(f"  {why}")
            made[seed] = (copy, checked)
    finally:
        verifier.close()
    return made, prover


def measure(suite: Suite, options: argparse.Namespace, out: Path) -> int:
    where = machine()
    made, prover = copies(suite, options, out)
    if any(checked.wrong for _, checked in made.values()):
        return 1
    if options.write_only:
        return 0
    told: dict[str, Any] = {
        "config": options.config.name,
        "set": options.set,
        "dataset": suite.dataset,
        "transformations": {name: TRANSFORMATIONS[name] for name in options.transformations},
        "versions": versions(prover=prover),
    }
    directory = options.base or run(options, suite.path, out / "original" / "run")
    base = outcome(directory, {name: name for name in suite.texts})
    print(f"original: {base['solved']} of {base['problems']}, {base['cpu_seconds']:.0f} CPU s", flush=True)
    rows: list[Row] = []
    for seed, (copy, checked) in made.items():
        folder = out / f"seed{seed}"
        copied = run(options, folder / "benchmarks", folder / "run")
        found = outcome(copied, copy.originals)
        rows.append({"seed": seed} | found | against(base, found))
        rows[-1]["settings_other_than_base"] = other_settings(settings_of(copied), settings_of(directory))
        rows[-1] |= {"evaluations": checked.evaluations, "left_alone": list(checked.left_alone)}
        told["settings"], told["base"] = settings_of(copied), base
        write(options, where, rows, headline(base, rows), **told)
    tell(options, where, rows, headline(base, rows), COLUMNS, **told)
    return 0


def main() -> int:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("--tip", type=Path, default=TIP, help="TIP's suites")
    parser.add_argument("--out", type=Path, help="keep copies and runs here; without it copies are only checked")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="one copy for each")
    parser.add_argument("--transformations", nargs="*", choices=list(TRANSFORMATIONS), default=USUAL)
    parser.add_argument("--write-only", action="store_true", help="write and check the copies, run nothing")
    parser.add_argument("--config", type=Path, default=REPOSITORY / "configs" / "tip_prod.yaml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of `pipeline run`")
    parser.add_argument("--base", type=Path, help="a run on the original; by default it is run too")
    options = parser.parse_args()
    if not has_suites(options.tip):
        return 0 if options.out is None else 2
    suite = suite_of(options.config, options.set, options.tip)
    if options.out is not None:
        return measure(suite, options, options.out)
    options.write_only = True
    with tempfile.TemporaryDirectory() as folder:
        return measure(suite, options, Path(folder))


if __name__ == "__main__":
    sys.exit(ended(main))
