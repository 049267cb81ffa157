"""`run`: the round loop on a run directory; on an existing one it resumes."""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from pipeline import config
from pipeline.config import RunSettings


def run(
    configuration: Annotated[Path, Parameter(name="CONFIG")],
    /,
    *,
    out: Path | None = None,
    rounds: int | None = None,
    cpu_seconds: float | None = None,
    set: Annotated[tuple[str, ...], Parameter(name="--set", show_default=False)] = (),  # noqa: A002 (the option's name)
    json: bool = False,
) -> int:
    """Run rounds of proving and evolving, and write a snapshot after each; on an existing directory, resume.

    Examples:
        python -m pipeline run configs/quickstart.yaml --out runs/quickstart
        python -m pipeline run configs/tip_prod.yaml --set problems.0.path=benchmarks --rounds 2

    Args:
        configuration: YAML file; docs/configuration.md lists its keys.
        out: run directory; by default runs/ and the configuration's name.
        rounds: overrides `rounds`; raise it to go on with a finished run.
        cpu_seconds: overrides the budget of CPU seconds of the whole process tree; a run that is stopped by it resumes.
        set: key=value, overrides one setting, for example prove.lemmas=12; may be given several times.
        json: print the last manifest's counts as JSON.
    """
    from pipeline.report.summary import summarise

    directory = out or Path("runs") / configuration.stem
    settings = config.read(configuration, _overrides(set, rounds, cpu_seconds))
    page = execute_loop(settings, directory, "a larger --rounds goes on with it")
    told = summarise(directory)
    print(json_text.dumps(dict(told.counts) | {"report": str(page)}) if json else f"{told.text}\n\nReport: {page}")
    return 0


def execute_loop(settings: RunSettings, directory: Path, otherwise: str) -> Path:
    """Runs settings in a directory, a new one or theirs, and writes the report; returns its page.

    `otherwise` tells the user of a run that is finished already what to do for more.
    """
    from library_store.snapshot import read
    from library_store.tables import manifests
    from pipeline.loop import problem_sources, run
    from pipeline.loop.progress import Progress
    from pipeline.loop.resume import check, same_problems
    from pipeline.report.page import write_report

    datasets = problem_sources.read(settings.problems)
    new = not (directory / "config.yaml").is_file()
    if new and settings.library is not None:
        from pipeline.loop.import_library import check_library

        check_library(settings.library, settings.library_round)
    check(settings, directory)
    done = len(manifests(directory))
    with Progress(directory / "logs" / "run.log") as progress:
        if done >= settings.rounds:
            known = read(directory, names=("problems",)).problems
            same_problems(directory, known, [problem for dataset in datasets for problem in dataset.problems])
            written = "its round is" if done == 1 else f"its {done} rounds are"
            progress.say(f"{directory} was finished already, {written} written: {otherwise}")
        else:
            outcome = run.run(settings, datasets, directory, progress)
            if outcome.stopped:
                progress.say(f"stopped early: {outcome.stopped}; give a larger --cpu-seconds to go on")
        progress.stage("report")
        return write_report(directory)


def _overrides(given: Sequence[str], rounds: int | None, cpu_seconds: float | None) -> tuple[str, ...]:
    extra = [f"rounds={rounds}"] if rounds is not None else []
    extra += [f"cpu_seconds={cpu_seconds}"] if cpu_seconds is not None else []
    return (*given, *extra)
