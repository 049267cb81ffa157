"""Whose directory a training's directory is, by its `config.yaml`."""

from __future__ import annotations

from pathlib import Path

import yaml

from domain import UserError
from library_store.snapshot import write_atomically
from pipeline import __version__, config
from pipeline.training.settings import TrainSettings

MAY_CHANGE = ("workers", "ray_address")
"""Settings that may change when a training is resumed."""


def settle(settings: TrainSettings, directory: Path, *, resume: bool) -> None:
    """Writes `config.yaml` into a new directory, or sees that the one there is of the same training.

    Raises:
        UserError: the directory is something else, has other settings, or has begun and is not to be resumed.
    """
    if directory.exists() and not directory.is_dir():
        raise UserError(f"{directory} is a file: choose another --out")
    file = directory / "config.yaml"
    if file.is_file():
        try:
            tree = yaml.safe_load(file.read_text(encoding="utf-8"))["train"]
            earlier = config.resolve_as(TrainSettings, tree, where=str(file))
        except (yaml.YAMLError, KeyError, TypeError) as error:
            raise UserError(f"{file} is not one of a training: choose another --out") from error
        for key in TrainSettings.model_fields:
            if key not in MAY_CHANGE and getattr(earlier, key) != getattr(settings, key):
                raise UserError(f"{directory} was made with another `{key}`: choose another --out")
        if not resume and (directory / "metrics.jsonl").exists():
            raise UserError(f"{directory} has a training that began already: add --resume, or choose another --out")
        return
    if directory.exists() and any(path.name not in ("logs", "corpus") for path in directory.iterdir()):
        raise UserError(f"{directory} is neither empty nor of a training: choose another --out")
    directory.mkdir(parents=True, exist_ok=True)
    tree = {"version": __version__, "train": yaml.safe_load(config.dump(settings))}
    write_atomically(file, yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode())
