"""Typed settings in YAML files: a command's settings are one tree of groups, and every key has its unit and bound.

Unknown keys and impossible combinations are errors that name the key. Imports nothing heavy, so that `--help` is quick.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from domain import UserError

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]


def _count(value: Any) -> Any:
    if value == "auto" or (isinstance(value, int) and value is not True and value >= 1):
        return value
    raise ValueError(f"should be auto, or an integer of 1 or more (found {value!r})")


Count = Annotated[
    int | Literal["auto"],
    BeforeValidator(_count),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"enum": ["auto"]}]}),
]
"""How many; `auto` leaves it to where the program runs."""


class Group(BaseModel):
    """A group of settings: no unknown keys, no changes, a docstring below each field."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


Tree = TypeVar("Tree", bound=BaseModel)
"""The settings of a command."""


def read(kind: type[Tree], path: Path, overrides: tuple[str, ...] = ()) -> Tree:
    """The settings of a command in a YAML file, with `key.sub=value` overrides (values are YAML).

    Raises:
        UserError: the file is missing, is not YAML, or has an unknown or ill-typed key (named in the message).
    """
    if not path.is_file():
        raise UserError(f"{path}: no such configuration file; see configs/ for examples")
    try:
        tree: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    return resolve(kind, tree, overrides, where=str(path))


def resolve(kind: type[Tree], tree: Any, overrides: tuple[str, ...] = (), *, where: str) -> Tree:
    """Validates a plain tree with overrides; errors name the key, and `where` it stands."""
    if not isinstance(tree, dict):
        raise UserError(f"{where}: expected a mapping of settings, found {type(tree).__name__}")
    for override in overrides:
        key, separator, value = override.partition("=")
        if not separator:
            raise UserError(f"--set {override}: expected key=value, for example --set prove.lemmas=12")
        try:
            given = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UserError(f"--set {override}: {value!r} is not YAML") from None
        _assign(tree, key.strip().split("."), given, override)
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "configuration"
        if first["type"] == "extra_forbidden":
            raise UserError(f"{where}: unknown key `{key}`; docs/configuration.md lists the keys") from error
        if first["type"] == "value_error":
            group = f"{key}: " if first["loc"] else ""
            raise UserError(f"{where}: {group}{first['msg'].removeprefix('Value error, ')}") from error
        raise UserError(f"{where}: {key}: {first['msg']} (found {first['input']!r})") from error


def _assign(tree: dict[str, Any], keys: list[str], value: Any, override: str) -> None:
    group: Any = tree
    for key in keys[:-1]:
        if isinstance(group, list) and key.isdigit() and int(key) < len(group):
            group = group[int(key)]
        elif isinstance(group, dict):
            group = group.setdefault(key, {})
        else:
            raise UserError(f"--set {override}: no setting `{key}` there")
    if not isinstance(group, dict):
        raise UserError(f"--set {override}: `{'.'.join(keys[:-1])}` is not a group of settings")
    group[keys[-1]] = value


def dump(settings: BaseModel) -> str:
    """The YAML of resolved settings; `resolve(type(s), yaml.safe_load(dump(s)), where="") == s`."""
    return yaml.safe_dump(json.loads(settings.model_dump_json()), sort_keys=False, allow_unicode=True)
