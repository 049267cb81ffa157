"""Whose directory a training's directory is, by its `config.yaml`."""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from domain import UserError
from library_store.files import write_atomically
from pipeline import __version__, typed_yaml
from pipeline.training.settings import TrainSettings

MAY_CHANGE = ("workers", "ray_address")
"""Settings that may change when a training is resumed."""

BESIDE = ("lock", "logs")
"""What a directory has in which nothing has begun."""


def settle(settings: TrainSettings, directory: Path, *, resume: bool) -> None:
    """Writes `config.yaml` into a new directory, or sees that the one there is of the same training.

    Raises:
        UserError: the directory is something else, has other settings, or has begun and is not to be resumed.
    """
    _refuse_what_is_else(directory)
    file = directory / "config.yaml"
    if file.is_file():
        try:
            tree = yaml.safe_load(file.read_text(encoding="utf-8"))["train"]
            earlier = typed_yaml.resolve(TrainSettings, tree, where=str(file))
        except (yaml.YAMLError, KeyError, TypeError) as error:
            raise UserError(f"{file} is not one of a training: choose another --out") from error
        begun = any(path.name not in ("config.yaml", *BESIDE) for path in directory.iterdir())
        if begun and (other := _difference(earlier, settings)):
            raise UserError(f"{directory} was made with {other}: ask for the same, or choose another --out")
        if not resume and (directory / "metrics.jsonl").exists():
            raise UserError(f"{directory} has a training that began already: add --resume, or choose another --out")
        if begun:
            return
    directory.mkdir(parents=True, exist_ok=True)
    tree = {"version": __version__, "train": yaml.safe_load(typed_yaml.dump(settings))}
    write_atomically(file, yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode())


@contextmanager
def alone(directory: Path) -> Generator[None]:
    """Hold the directory of a training while this lasts.

    Raises:
        UserError: another process trains in it, or it is something else.
    """
    _refuse_what_is_else(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"another process trains in {directory}: wait until it ends, or choose another --out"
            ) from None
        yield


def _refuse_what_is_else(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        raise UserError(f"{directory} is a file: choose another --out")
    other = directory.exists() and any(path.name not in BESIDE for path in directory.iterdir())
    if other and not (directory / "config.yaml").is_file():
        raise UserError(f"{directory} is neither empty nor of a training: choose another --out")


def _difference(earlier: TrainSettings, settings: TrainSettings) -> str:
    """The first setting that differs and may not, with both values; empty if none does."""
    before, now = (_leaves(one.model_dump(mode="json", exclude=set(MAY_CHANGE))) for one in (earlier, settings))
    key = next((key for key in before | now if before.get(key) != now.get(key)), None)
    return f"`{key}` {before.get(key)}, and {now.get(key)} is asked for" if key else ""


def _leaves(tree: Any, name: str = "") -> dict[str, Any]:
    """Dotted names of all values in a tree of dictionaries and lists."""
    if not isinstance(tree, dict | list) or not tree:
        return {name: tree}
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return {leaf: value for key, part in parts for leaf, value in _leaves(part, f"{name}.{key}".strip(".")).items()}
