"""`compare`: compute-matched arms of one configuration, or what two existing runs solved."""

from __future__ import annotations

import ctypes
import json as json_text
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from cyclopts import Parameter

from domain import OutsideError, UserError
from pipeline import config, typed_yaml
from pipeline.config import RunSettings
from pipeline.report.comparison import arms as arms_of

PR_SET_PDEATHSIG = 1
"""Of prctl(2): the signal that a process gets when its parent ends."""


def compare(
    first: Annotated[Path, Parameter(name="CONFIG")],
    second: Annotated[Path | None, Parameter(name="RUN_B")] = None,
    /,
    *,
    arms: str = "shared,isolated",
    seeds: str = "0",
    out: Path | None = None,
    given: Path | None = None,
    cpu_seconds: float | None = None,
    set: Annotated[tuple[str, ...], Parameter(name="--set")] = (),  # noqa: A002 (the option's name)
    json: bool = False,
) -> int:
    """Does the library help? Run arms of one configuration with equal budgets, or compare two runs that exist.

    Arms: shared, isolated, isolated_cached, explore_once, plain, shuffled, wrong_library, unselected, no_model,
    no_surgery, no_exploration, no_evolver, no_sleep, given, faithful (docs/compare.md). A run that has finished is
    not run again, one that was stopped is resumed.

    Examples:
        python -m pipeline compare configs/quickstart.yaml --arms shared,isolated --seeds 0,1,2 --out runs/compare
        python -m pipeline compare runs/before runs/after

    Args:
        first: a configuration, whose arms are run; or a run directory, with another one as RUN_B.
        second: the run directory that the first one is compared with.
        arms: names separated by commas; the contrast shared − isolated is the primary one.
        seeds: numbers separated by commas; each arm is run with each.
        out: directory of the comparison, a run directory for each arm and seed below it.
        given: of the arm given, a JSONL file of lemmas: problems with a `proof` (prove's results.jsonl is one).
        cpu_seconds: the budget of each run, in place of the configuration's.
        set: key=value, overrides one setting in all arms, for example model.kind=none; may be given several times.
        json: print comparison.json.
    """
    if second is not None:
        return _two_runs(first, second, json=json)
    if first.is_dir():
        raise UserError(f"{first} is a directory: give a configuration, or two run directories")
    if out is None:
        raise UserError("--out is missing: name the directory of the comparison")
    extra = [f"cpu_seconds={cpu_seconds}"] if cpu_seconds is not None else []
    base = config.read(first, (*set, *extra))
    names = _names(arms)
    if given is not None and "given" not in names:
        raise UserError("--given goes with the arm given: add it to --arms")
    plan = [
        Planned(name, seed, arms_of.settings_of(base, name, seed, given), out / name / f"seed={seed}")
        for seed in _numbers(seeds)
        for name in names
    ]
    from pipeline.loop.import_library import check_library

    for planned in plan:
        planned.refuse_other_settings()
        if planned.settings.library is not None and not planned.directory.exists():
            check_library(planned.settings.library, planned.settings.library_round)
    for planned in plan:
        if not planned.finished:
            execute(planned)
    from pipeline.report.comparison.contrasts import says
    from pipeline.report.comparison.measures import measure
    from pipeline.report.comparison.page import write

    comparison = write(out, [measure(planned.directory, planned.arm) for planned in plan])
    if json:
        print((out / "comparison.json").read_text(encoding="utf-8"), end="")
        return 0
    for run in comparison.runs:
        print(
            f"{run.arm}, seed {run.seed}: {len(run.solved)} of {len(run.problems)} solved, "
            f"{len(run.with_foreign)} needing a lemma of another problem; {run.charged:.0f} of {run.budget:.0f} CPU "
            f"seconds, {run.unspent:.0f} unspent"
        )
    print("", *(says(one) for one in comparison.contrasts), *comparison.notes, sep="\n")
    print(f"\nReport: {out / 'index.html'}")
    return 0


class Planned(NamedTuple):
    """One run of an arm. Beside its `directory` lie what was asked of it and, once it is done, what it told."""

    arm: str
    seed: int
    settings: RunSettings
    directory: Path

    @property
    def asked(self) -> Path:
        return self.directory.with_suffix(".yaml")

    @property
    def told(self) -> Path:
        return self.directory.with_suffix(".json")

    @property
    def finished(self) -> bool:
        return self.told.is_file()

    def refuse_other_settings(self) -> None:
        """Raises UserError if the run was begun with settings that differ."""
        if self.asked.is_file() and self.asked.read_text(encoding="utf-8") != typed_yaml.dump(self.settings):
            raise UserError(f"{self.asked} has other settings than now asked for: choose another --out")


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise UserError("--arms names no arm: give shared,isolated for example")
    for name in names:
        arms_of.arm(name)
    return names


def _numbers(text: str) -> list[int]:
    try:
        numbers = list(dict.fromkeys(int(number) for number in text.split(",")))
    except ValueError as error:
        raise UserError(f"--seeds {text}: expected numbers separated by commas, for example 0,1,2") from error
    if min(numbers) < 0:
        raise UserError(f"--seeds {text}: a seed is not negative")
    return numbers


def execute(planned: Planned) -> None:
    """Runs an arm as a command of its own, so that its CPU seconds are those of one process tree.

    Raises:
        UserError, OutsideError: what the run raised, with the way to resume.
    """
    from library_store.files import write_atomically

    planned.asked.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(planned.asked, typed_yaml.dump(planned.settings).encode())
    command = [sys.executable, "-m", "pipeline", "run", str(planned.asked), "--out", str(planned.directory), "--json"]
    where = f"{planned.arm}, seed {planned.seed}"
    print(f"{where}: up to {planned.settings.cpu_seconds:.0f} CPU seconds", file=sys.stderr)
    with child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        failure = ""
        for line in process.stderr:
            if line.startswith("error: "):
                failure = line.removeprefix("error: ").strip()
            else:
                sys.stderr.write(line)
        told = process.stdout.read()
    if process.returncode == 2:
        raise UserError(f"{where}: {failure}")
    if process.returncode:
        raise OutsideError(
            f"{where}: {failure or f'ended with {process.returncode}'}; what was learned is kept in "
            f"{planned.directory}: the same command resumes"
        )
    write_atomically(planned.told, told.encode())


def child(command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
    """A process that is asked to end (SIGTERM) when this one has ended, however that came about; Linux only."""
    parent = os.getpid()
    library = ctypes.CDLL(None)

    def ask() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before it could be asked for
            os._exit(1)

    return subprocess.Popen(command, preexec_fn=ask if sys.platform == "linux" else None, **options)  # noqa: PLW1509 (there is no thread yet)


# ------------------------------------------------------------------------------------------------------- two runs


TOLD_APART = {
    "solved by the second alone": "gained",
    "solved by the first alone": "lost",
    "problems of the first alone": "only_in_the_first",
    "problems of the second alone": "only_in_the_second",
}
"""How people read the lists of `_difference`."""


def _two_runs(first: Path, second: Path, *, json: bool) -> int:
    """Which problems the second run solved and the first did not, and the other way round."""
    from library_store.snapshot import read

    told = [{name: state.status == "proved" for name, state in read(run).problems.items()} for run in (first, second)]
    found = _difference(*told)
    if json:
        print(json_text.dumps({"runs": [str(first), str(second)]} | found, ensure_ascii=False))
        return 0
    for run, solved in zip((first, second), told, strict=True):
        print(f"{run}: {sum(solved.values())} of {len(solved)} solved")
    print(f"solved by both: {found['both']}")
    for what, key in TOLD_APART.items():
        names = found[key]
        if names or key in ("gained", "lost"):
            print(f"{what} ({len(names)}): {', '.join(names) or '–'}")
    return 0


def _difference(first: dict[str, bool], second: dict[str, bool]) -> dict[str, Any]:
    def those(wanted: Sequence[bool]) -> Iterator[str]:
        return (name for name in first if name in second and (first[name], second[name]) == tuple(wanted))

    return {
        "solved": [sum(first.values()), sum(second.values())],
        "both": sum(1 for _ in those((True, True))),
        "gained": list(those((False, True))),
        "lost": list(those((True, False))),
        "only_in_the_first": [name for name in first if name not in second],
        "only_in_the_second": [name for name in second if name not in first],
    }
