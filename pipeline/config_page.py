"""`python -m pipeline.config_page`: prints `docs/configuration.md` from the settings themselves (`make docs`).

Invariant: the page says nothing that the settings do not; a test compares the committed page with this output.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.config import RunSettings
from pipeline.training.settings import TrainSettings

HEAD = """# Configuration

A run is configured by one YAML file, `python -m pipeline run CONFIG`. Every key may be left out, and `--set key=value`
on the command line overrides one: `--set prove.lemmas=12`. An unknown key is an error. `config.yaml` in a run's
directory holds what was resolved. This page is generated from the code: `make docs`.
"""

BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}

Schema = Mapping[str, Any]


TRAINING = """# Configuration of `train`

`python -m pipeline train CONFIG` has a file of its own with these keys; see [MemoryFormer](memoryformer.md).
"""


def page() -> str:
    """The page as Markdown: for each command one table for the top of the tree and one for each group of settings."""
    lines = [HEAD]
    for kind, title, mark, text in (
        (RunSettings, "The run", "", ""),
        (TrainSettings, "The training", "train: ", TRAINING),
    ):
        schema = kind.model_json_schema()
        lines += [*([text] if text else []), *_table("", schema, schema["$defs"], title, mark)]
    return "\n".join(lines)


def _table(prefix: str, schema: Schema, groups: Schema, title: str, mark: str) -> Iterator[str]:
    """The settings of one group, then the groups below it; `mark` stands before their titles."""
    below: dict[str, str] = {}
    yield from (
        f"## {mark + prefix if prefix else title}",
        "",
        "| key | type | default | |",
        "| --- | --- | --- | --- |",
    )
    for name, field in schema["properties"].items():
        key = f"{prefix}.{name}" if prefix else name
        group = _group(field)
        many = "items" in field
        if group is not None:
            below[f"{key}[]" if many else key] = group
        if group is not None and not many:
            continue  # the group has a table of its own
        default = "required" if "default" not in field else f"`{json.dumps(field['default'], ensure_ascii=False)}`"
        yield f"| `{key}` | {_type(field)} | {default} | {' '.join(field.get('description', '').split())} |"
    yield ""
    for key, group in below.items():
        yield from _table(key, groups[group], groups, title, mark)


def _group(field: Schema) -> str | None:
    """The name of the group of settings that a field holds, one or many of them."""
    reference = field.get("$ref") or field.get("items", {}).get("$ref")
    return None if reference is None else str(reference).rpartition("/")[2]


def _type(field: Schema) -> str:
    if "anyOf" in field:
        optional = {"type": "null"} in field["anyOf"]
        choices = [_type(choice) for choice in field["anyOf"] if choice.get("type") != "null"]
        return " or ".join(choices) + (", optional" if optional else "")
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    if field.get("type") == "array":
        return "list of groups" if _group(field) else f"list of {_type(field['items'])}"
    bounds = "".join(" " + text.format(field[bound]) for bound, text in BOUNDS.items() if bound in field)
    return str(field.get("format", field.get("type", "group"))) + bounds


if __name__ == "__main__":
    print(page(), end="")
