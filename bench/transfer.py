"""What a library that was learned on some problems, and then frozen, is worth on other problems.

    python bench/transfer.py                                  # how much of tip2015 translates; runs nothing
    python bench/transfer.py --learned RUN … --out DIR        # TIP's tip2015 with the lemmas of these runs
    python bench/transfer.py --split 0 1 2 --out DIR          # halves of TIP's prod and isaplanner

Each arm is a run of its own (`pipeline run`) with the same budget of CPU seconds and no language model; the same
command resumes what was stopped and does not repeat what has finished. `transfer_arms.py` says what is counted.
* `--learned`: the lemmas of the runs are joined in `DIR/library.jsonl`. `none` and `frozen` learn nothing, from an
  empty library and from that one; `alone` and `learning` learn while they prove.
* `--split`: the clusters of both suites (`pipeline/loop/clusters.py`) are dealt at random into two halves. One half is
  learned on, with a budget as large for each problem; `none` and `frozen` are run on the other one.

An arm audits the library again at its own cost; what was spent on learning it is told apart. What is tested was held
out from what is learned (design, invariant 6).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml

from bench.script import REPOSITORY, TIP, command_line, ended, has_suites, machine, tell
from bench.transfer_arms import ARMS, as_json, count, describe, differences, functions_learned_on, groups, look_at
from bench.transfer_words import headline, print_compared, print_translation
from datasets.jsonl import write_problems
from domain import Elaboration, Problem, UserError
from library_store.analysis import counts
from library_store.files import write_atomically
from library_store.snapshot import read
from pipeline import config, typed_yaml
from pipeline.commands.compare import Planned, execute
from pipeline.commands.export import export
from pipeline.config import ProblemSource, RunSettings
from pipeline.loop import problem_sources
from pipeline.loop.clusters import clusters
from pipeline.report.comparison.arms import ARMS as COMPARED
from verifiers.rocq.verifier import RocqVerifier

FROZEN = {key: value for key, value in COMPARED["plain"].changes.items() if key != "retrieval.visibility"}
"""Settings with which nothing is learned, while a library that was read in stays visible."""

LEARNED_ON = ("tip:prod", "tip:isaplanner")
"""The suites that `--split` halves."""


def settings_of(base: RunSettings, name: str, library: Path) -> RunSettings:
    """The settings of an arm."""
    arm = ARMS[name]
    changes: dict[str, Any] = {} if arm.learns else dict(FROZEN)
    if arm.library:
        changes["library"] = str(library)
    overrides = tuple(f"{key}={json.dumps(value)}" for key, value in changes.items())
    return config.resolve(yaml.safe_load(typed_yaml.dump(base)), overrides, where=f"arm {name}")


# -------------------------------------------------------------------------------------------- problems and libraries


class Stated(NamedTuple):
    """What the prover says of problems: their elaborations by name, and the reason for each that it refuses."""

    elaborations: Mapping[str, Elaboration]
    refused: Mapping[str, str]
    prover: str


def state(problems: Sequence[Problem]) -> Stated:
    verifier = RocqVerifier()
    try:
        answers = dict(zip((one.name for one in problems), verifier.elaborate(problems), strict=True))
        told = {name: answer for name, answer in answers.items() if isinstance(answer, Elaboration)}
        refused = {name: answer.reason for name, answer in answers.items() if not isinstance(answer, Elaboration)}
        return Stated(told, refused, verifier.describe())
    finally:
        verifier.close()


def join(files: Sequence[Path], target: Path) -> int:
    """Writes the lemmas of several exported libraries, each once, the first proof of each; returns how many.

    Raises:
        UserError: `target` is there with other lemmas.
    """
    lines: dict[str, str] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            lines.setdefault(json.loads(line)["id"], line)
    text = "".join(f"{line}\n" for line in lines.values())
    if target.is_file() and target.read_text(encoding="utf-8") != text:
        raise UserError(f"{target} has other lemmas than those now asked for: choose another --out")
    write_atomically(target, text.encode())
    return len(lines)


def halves(cluster_of: Mapping[str, str], seed: int) -> tuple[list[str], list[str]]:
    """The problems of a random half of the clusters, rounded down, and the others."""
    names = sorted(set(cluster_of.values()))
    random.Random(seed).shuffle(names)
    first = set(names[: len(names) // 2])
    return (
        [name for name, cluster in cluster_of.items() if cluster in first],
        [name for name, cluster in cluster_of.items() if cluster not in first],
    )


# --------------------------------------------------------------------------------------------------- the experiments


def compare(plan: Sequence[Planned], stated: Mapping[str, Elaboration], known: Collection[str]) -> dict[str, Any]:
    """Runs arms that have not finished, and tells what came of all."""
    for planned in plan:
        planned.refuse_other_settings()
    for planned in plan:
        if not planned.finished:
            execute(planned)
    runs = {planned.arm: look_at(planned.directory, planned.arm) for planned in plan}
    rows = [describe(name, elaboration, known, runs) for name, elaboration in stated.items()]
    members = groups(rows)
    return {
        "arms": {name: as_json(run) for name, run in runs.items()},
        "groups": {group: count(names, runs) for group, names in members.items()},
        "differences": differences({name: run.measures for name, run in runs.items()}, members),
        "rows": rows,
    }


def translation(problems: Sequence[ProblemSource]) -> dict[str, Any]:
    """How many files of suites have a translation, and the names of the others by reason."""
    datasets = problem_sources.read(problems)
    left_out: dict[str, list[str]] = {}
    for dataset in datasets:
        for name, reason in dataset.left_out:
            left_out.setdefault(reason, []).append(name)
    return {
        "files": sum(dataset.total for dataset in datasets),
        "translate": sum(len(dataset.problems) for dataset in datasets),
        "left_out": dict(sorted(left_out.items(), key=lambda one: (-len(one[1]), one[0]))),
    }


def export_to(run: Path, file: Path) -> dict[str, Any]:
    """Writes the lemmas of a run to a file; tells what the run was.

    Raises:
        UserError: it has no lemma.
    """
    with contextlib.redirect_stdout(sys.stderr):
        export(run, form="jsonl", out=file)
    tables = read(run)
    last, told = tables.manifests[-1], counts(tables)
    found: dict[str, Any] = {"run": run.name, "round": last.round, "seed": last.seed, "code_version": last.code_version}
    found |= {key: told[key] for key in ("problems", "solved", "cpu_seconds")}
    return found | {"lemmas": len(file.read_text(encoding="utf-8").splitlines())}


def transfer(base: RunSettings, runs: Sequence[Path], arms: Sequence[str], each: float, out: Path) -> dict[str, Any]:
    """Arms on the problems of the settings, with the lemmas of finished runs."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"learned_{number}.jsonl" for number in range(1, len(runs) + 1)]
    learned = [export_to(run, file) for run, file in zip(runs, files, strict=True)]
    library = out / "library.jsonl"
    joined = join(files, library)
    problems = [problem for dataset in problem_sources.read(base.problems) for problem in dataset.problems]
    stated = state(problems)
    settings = base.model_copy(update={"cpu_seconds": each * len(problems)})
    plan = [Planned(arm, base.seed, settings_of(settings, arm, library), out / arm) for arm in arms]
    known = functions_learned_on(map(read, runs))
    return {
        "prover": stated.prover,
        "suite": translation(base.problems) | {"refused_by_the_prover": dict(stated.refused)},
        "learned": learned,
        "library": {"lemmas": joined, "functions": len(known)},
        **compare(plan, stated.elaborations, known),
    }


def read_both(path: Path, limit: int | None) -> list[Problem]:
    """The problems of the suites that `--split` halves, under the suite's name and their own."""
    found: list[Problem] = []
    for suite in LEARNED_ON:
        prefix = f"{suite.partition(':')[2]}_"
        (dataset,) = problem_sources.read([ProblemSource(dataset=suite, path=path, limit=limit, prefix=prefix)])
        found += dataset.problems
    return found


def split(
    base: RunSettings, problems: Sequence[Problem], seeds: Sequence[int], each: float, out: Path
) -> dict[str, Any]:
    """For each seed: one half of the clusters is learned on, the other one proved with what was learned and without."""
    stated = state(problems)
    cluster_of = clusters({name: one.statement for name, one in stated.elaborations.items()})
    found: list[dict[str, Any]] = []
    for seed in seeds:
        folder = out / f"split={seed}"
        parts = dict(zip(("learn", "test"), halves(cluster_of, seed), strict=True))
        settings: dict[str, RunSettings] = {}
        for name, part in parts.items():
            file = folder / f"{name}.jsonl"
            write_problems([one for one in problems if one.name in part], file)
            source = ProblemSource(dataset=f"jsonl:{file}")
            changes = {"seed": seed, "problems": (source,), "cpu_seconds": each * len(part)}
            settings[name] = base.model_copy(update=changes)
        learn = Planned("learn", seed, settings["learn"], folder / "learn")
        learn.refuse_other_settings()
        if not learn.finished:
            execute(learn)
        library = folder / "library.jsonl"
        learned = export_to(learn.directory, library)
        known = functions_learned_on([read(learn.directory)])
        plan = [
            Planned(arm, seed, settings_of(settings["test"], arm, library), folder / arm) for arm in ("none", "frozen")
        ]
        compared = compare(plan, {name: stated.elaborations[name] for name in parts["test"]}, known)
        about = {"learned": [learned], "library": {"lemmas": learned["lemmas"], "functions": len(known)}}
        found.append({"split": seed} | about | compared)
    return {
        "prover": stated.prover,
        "problems": len(problems),
        "refused_by_the_prover": dict(stated.refused),
        "clusters": len(set(cluster_of.values())),
        "splits": found,
    }


# -------------------------------------------------------------------------------------------------------------- main


def read_settings(options: argparse.Namespace) -> RunSettings:
    """The settings of every arm; `--set` comes last but for what makes the arms comparable."""
    overrides = [f"problems.0.path={json.dumps(str(options.path.resolve()))}", f"seed={options.seed}", *options.set]
    if options.limit is not None:
        overrides.append(f"problems.0.limit={options.limit}")
    return config.read(options.config, (*overrides, "model.kind=none"))


def told_settings(settings: RunSettings) -> dict[str, Any]:
    """Settings without places on this machine, and without what each arm has for itself."""
    tree = yaml.safe_load(typed_yaml.dump(settings))
    return {key: value for key, value in tree.items() if key not in ("problems", "library", "cpu_seconds", "seed")}


def main() -> None:
    parser = command_line(__doc__)
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--learned", nargs="+", type=Path, metavar="RUN", help="runs that have the library's lemmas")
    asked.add_argument("--split", nargs="+", type=int, metavar="SEED", help="halve the suites learned on, once a seed")
    parser.add_argument("--out", type=Path, help="directory of the runs")
    parser.add_argument("--config", type=Path, default=REPOSITORY / "configs" / "tip_2015.yaml")
    parser.add_argument("--path", type=Path, default=TIP, help="TIP's suites")
    parser.add_argument("--arms", default=",".join(ARMS), help="of --learned, separated by commas")
    parser.add_argument("--each", type=float, default=60.0, help="CPU seconds of budget for each problem")
    parser.add_argument("--limit", type=int, help="at most this many files of each suite, first by name: for a trial")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of all runs")
    options = parser.parse_args()
    if not has_suites(options.path):
        return
    where, base, arms = machine(), read_settings(options), options.arms.split(",")
    if options.out is None and (options.learned or options.split):
        raise UserError("--out is missing: name the directory of the runs")
    out = Path(options.out or ".").resolve()
    if not set(arms) <= set(ARMS):
        raise UserError(f"--arms {options.arms}: choose among {', '.join(ARMS)}")
    found: dict[str, Any] = {"cpu_seconds_per_problem": options.each, "settings": told_settings(base), "rows": []}
    figures: dict[str, float] = {}
    if options.split:
        problems = read_both(options.path.resolve(), options.limit)
        found |= split(base, problems, options.split, options.each, out)
        for one in found["splits"]:
            print(f"\n=== split {one['split']}\n")
            print_compared(one)
            figures |= headline(one, f"split_{one['split']}_")
        figures["mean_frozen_minus_none"] = fmean(one["differences"][0]["difference"] for one in found["splits"])
    else:
        found["suite"] = translation(base.problems)
        print_translation(found["suite"])
        figures |= {key: found["suite"][key] for key in ("files", "translate")}
    if options.learned:
        runs = [run.resolve() for run in options.learned]
        found |= transfer(base, runs, arms, options.each, out)
        print_compared(found)
        figures |= headline(found)
    rows = found.pop("rows")
    tell(options, where, rows, figures, None, **found)


if __name__ == "__main__":
    sys.exit(ended(main))
