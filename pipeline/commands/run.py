"""`run`: the round loop on a run directory; on an existing one it resumes."""

from __future__ import annotations

import json as json_text
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from cyclopts import Parameter

from domain import UserError
from pipeline import config
from pipeline.config import RunSettings


def run(
    configuration: Annotated[Path, Parameter(name="CONFIG")],
    /,
    *,
    out: Path | None = None,
    rounds: int | None = None,
    cpu_seconds: float | None = None,
    set: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = (),  # noqa: A002 (the option's name)
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
        cpu_seconds: overrides the budget of CPU seconds.
        set: key=value, overrides one setting, for example prove.lemmas=12; may be given several times.
        json: print the last manifest's counts as JSON.
    """
    from pipeline.summary import summarise

    directory = out or Path("runs") / configuration.stem
    settings = config.read(configuration, _overrides(set, rounds, cpu_seconds))
    page = execute_loop(settings, directory)
    told = summarise(directory)
    print(json_text.dumps(dict(told.counts) | {"report": str(page)}) if json else f"{told.text}\n\nReport: {page}")
    return 0


def execute_loop(settings: RunSettings, directory: Path) -> Path:
    """Runs settings in a directory, a new one or theirs, and writes the report; returns its page."""
    from pipeline import loop, sources
    from pipeline.progress import Progress
    from pipeline.report.page import write_report

    datasets = sources.read(settings.problems)
    new = not (directory / "config.yaml").is_file()
    if new and settings.library is not None and not settings.library.is_dir():
        raise UserError(f"library: {settings.library} is not a folder: give a run or library folder")
    settle(settings, directory)
    with Progress(directory / "logs" / "run.log") as progress:
        outcome = loop.run(settings, datasets, directory, progress)
        if outcome.stopped:
            progress.say(f"stopped early: {outcome.stopped}; give a larger --cpu-seconds to go on")
        progress.stage("report")
        return write_report(directory)


def _overrides(given: Sequence[str], rounds: int | None, cpu_seconds: float | None) -> tuple[str, ...]:
    extra = [f"rounds={rounds}"] if rounds is not None else []
    extra += [f"cpu_seconds={cpu_seconds}"] if cpu_seconds is not None else []
    return (*given, *extra)


def settle(settings: RunSettings, directory: Path) -> None:
    """Writes `config.yaml`, or checks that an existing run has the same settings apart from its length.

    Settings with which nothing was recorded yet, since the model did not start for example, may be mended.
    """
    file = directory / "config.yaml"
    if file.is_file() and _has_records(directory):
        try:
            earlier = config.resolve(yaml.safe_load(file.read_text(encoding="utf-8"))["settings"], where=str(file))
        except (yaml.YAMLError, KeyError, TypeError) as error:
            raise UserError(f"{file}: damaged; restore it, or choose another --out") from error
        free = {"rounds": settings.rounds, "cpu_seconds": settings.cpu_seconds}
        if earlier.model_copy(update=free) != settings:
            different = [
                key
                for key in RunSettings.model_fields
                if getattr(earlier, key) != getattr(settings, key) and key not in free
            ]
            raise UserError(
                f"{directory} was made with another `{different[0]}`: choose another --out, or the same settings"
            )
    elif not file.is_file() and directory.exists() and any(directory.iterdir()):
        raise UserError(f"{directory} is neither empty nor a run directory: choose another --out")
    directory.mkdir(parents=True, exist_ok=True)
    from library_store.snapshot import write_atomically
    from pipeline import __version__

    tree = {"version": __version__, "seed": settings.seed, "settings": yaml.safe_load(config.dump(settings))}
    write_atomically(file, yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode())


def _has_records(directory: Path) -> bool:
    from library_store.journal import HEADER, segments

    written = segments(directory / "journal").values()
    return any((directory / "rounds").glob("round=*")) or any(file.stat().st_size > len(HEADER) for file in written)
