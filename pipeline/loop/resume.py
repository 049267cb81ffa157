"""Resuming: whose directory a run directory is, by its `config.yaml`, and what the run has done already.

Invariant: only the process that holds the library's lock writes `config.yaml` (design, invariant 2), so of two runs
that begin in one directory at once the one that goes on is the one whose settings stand there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from domain import Problem, UserError
from library_store import journal
from library_store.files import write_atomically
from library_store.schema import ProblemState
from library_store.tables import manifests
from pipeline import __version__, config, typed_yaml
from pipeline.config import RunSettings

if TYPE_CHECKING:
    from actors.library import SharedLibrary

BEGUN = frozenset({"journal", "logs", "cache"})
"""What a run leaves that ended before it had all its actors."""

LENGTH = ("rounds", "cpu_seconds")
"""Settings that may change when a run is resumed."""

_STEP = re.compile(r"r\d+-(\d+)m?")
"""The id of a step, by the round and its place in it; `m` marks the model's part of an attempt."""


class Begun(NamedTuple):
    """How far earlier sessions of a run came; a new run stands before its first round."""

    round: int
    """The round that is under way."""
    within_round: bool
    """Whether steps of it were recorded."""
    notices: tuple[str, ...]
    """What was mended while the library was opened."""


class RoundSoFar(NamedTuple):
    """What a round, and the rounds before it, have done already."""

    open_problems: tuple[str, ...]
    done: frozenset[str]
    """Targets of the round's steps."""
    last: int
    """The highest number of a step that was recorded."""
    requests: frozenset[str]
    """Those that automation worked on."""
    model_steps: int
    """Steps of evolution that the model made."""
    tried: Mapping[str, int]
    """How often each target had an attempt, in any round."""
    tokens: int
    """What the model wrote, in all rounds."""
    attempts: tuple[float, ...]
    """CPU seconds of each attempt at a problem by automation, in all rounds."""


def resume(settings: RunSettings, directory: Path, library: SharedLibrary, problems: Iterable[Problem]) -> Begun:
    """Makes a directory this run's, whose library is open, and says how far it came.

    Raises:
        UserError: it is another run's, or a problem is another one now.
    """
    settle(settings, directory)
    same_problems(directory, library.all_problems(), problems)
    number = library.current_round()
    return Begun(number, bool(round_so_far(library, number).done), tuple(library.all_notices()))


def check(settings: RunSettings, directory: Path) -> None:
    """Refuses a directory that is not for a run with these settings; changes nothing.

    Settings with which nothing was recorded yet, since the model did not start for example, may be mended.

    Raises:
        UserError: it holds something else, or a run that was made with other settings, its length apart.
    """
    if directory.exists() and not directory.is_dir():
        raise UserError(f"{directory} is a file: choose another --out")
    file, recorded = directory / "config.yaml", _has_records(directory)
    if not file.is_file():
        if recorded:
            raise UserError(f"{file} is missing beside what a run recorded: restore it, or choose another --out")
        if directory.exists() and any(path.name not in BEGUN for path in directory.iterdir()):
            raise UserError(f"{directory} is neither empty nor a run directory: choose another --out")
    elif recorded:
        manifests(directory)  # of another version than this one, its settings may be too
        _compare(settings, directory)


def stored(directory: Path) -> RunSettings:
    """The settings with which a run directory was made.

    Raises:
        UserError: its `config.yaml` is missing or damaged.
    """
    file = directory / "config.yaml"
    try:
        return config.resolve(yaml.safe_load(file.read_text(encoding="utf-8"))["settings"], where=str(file))
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}") from error
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise UserError(f"{file}: damaged; restore it, or choose another --out") from error


def _compare(settings: RunSettings, directory: Path) -> None:
    earlier = stored(directory)
    other = [
        key for key in RunSettings.model_fields if key not in LENGTH and getattr(earlier, key) != getattr(settings, key)
    ]
    if other:
        raise UserError(f"{directory} was made with another `{other[0]}`: choose another --out, or the same settings")


def same_problems(directory: Path, known: Mapping[str, ProblemState], problems: Iterable[Problem]) -> None:
    """Refuses problems that say something else than those of the same names which a run knows.

    Raises:
        UserError: one does, so what was recorded of it would be told of the other.
    """
    for problem in problems:
        if problem.name in known and _asked(known[problem.name].problem) != _asked(problem):
            raise UserError(
                f"{problem.name} is another problem now than when {directory} was begun: choose another --out, or "
                "give back its header and statement"
            )


def _asked(problem: Problem) -> tuple[object, ...]:
    return problem.prover, problem.header, problem.formal_statement, problem.goal, problem.allowed_axioms


def settle(settings: RunSettings, directory: Path) -> None:
    """Writes `config.yaml`, after another `check`: whoever had the lock before may have recorded something."""
    check(settings, directory)
    tree = {"version": __version__, "seed": settings.seed, "settings": yaml.safe_load(typed_yaml.dump(settings))}
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
    directory.mkdir(parents=True, exist_ok=True)
    write_atomically(directory / "config.yaml", text.encode())


def _has_records(directory: Path) -> bool:
    if any((directory / "rounds").glob("round=*")):
        return True
    written = journal.segments(directory / "journal").values()
    return any(name != "schema" for file in written for name, _ in journal.read(file).records)


def round_so_far(library: SharedLibrary, number: int) -> RoundSoFar:
    """What round `number` has done when it is taken up again."""
    recorded = library.recorded_round(number)
    numbers = [int(found[1]) for step in recorded.steps if (found := _STEP.fullmatch(step.id))]
    return RoundSoFar(
        recorded.open_problems,
        frozenset(step.target for step in recorded.steps),
        max(numbers, default=0),
        frozenset(step.target for step in recorded.steps if step.kind == "request" and not step.by_model),
        sum(step.kind != "problem" and step.by_model for step in recorded.steps),
        recorded.tried,
        recorded.tokens,
        recorded.attempt_seconds,
    )
