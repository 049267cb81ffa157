"""Which constants a Lean module declares, where each is mentioned, and in which declaration.

They are read from the `.ilean` files beside the compiled modules of a project that was built, without running Lean.

Invariant: edges are `mentioned` edges. They say what a source text names, as Lean resolved it; what a proof term uses
may be less (an unused hypothesis) or more (what a tactic found), and is asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain import UserError
from term_algebra import read_json
from verifiers.lean.server import Place
from verifiers.lean.session import Lines

_OWN_MODULE = "«external:"


@dataclass(frozen=True, slots=True)
class Declaration:
    """A constant that a file declares, with the place of its command in characters, and its text."""

    name: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where a file names a constant. `source` is the declaration around it, or "" outside of any."""

    source: str
    target: str
    module: str
    """The module that declares the target; the file's own is called like `Trace.module`."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found in a file; all positions are in characters of its text, or -1 where the text is not at hand."""

    module: str
    declarations: tuple[Declaration, ...]
    mentions: tuple[Mention, ...]


def trace_compiled(folder: Path, sources: Path | None = None) -> list[Trace]:
    """Trace the modules that were compiled into `folder` (a project's `.lake/build/lib/lean`), by their `.ilean` files.

    Args:
        folder: Where the compiled modules lie.
        sources: Where their texts lie; without them positions are -1 and texts are empty.

    Raises:
        UserError: there is no `.ilean` file, or one is not understood.
    """
    found: list[Trace] = []
    for file in sorted(folder.rglob("*.ilean")):
        module = ".".join(file.relative_to(folder).with_suffix("").parts)
        try:
            record = read_json(file.read_text(encoding="utf-8"))
            source = sources / f"{module.replace('.', '/')}.lean" if sources else None
            text = source.read_text(encoding="utf-8") if source and source.is_file() else None
            found.append(_read_references(record, str(record.get("module", module)), text))
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
            raise UserError(
                f"{file} is not a list of constants that is understood ({error}): build it again"
            ) from error
    if not found:
        raise UserError(f"there is no .ilean file under {folder}: build the project (`lake build`) first")
    return found


def _read_references(record: Mapping[str, Any], module: str, text: str | None) -> Trace:
    """What an `.ilean` file says of a text."""
    lines = Lines(text) if text is not None else None

    def span(numbers: Sequence[int]) -> tuple[int, int]:
        if lines is None:
            return -1, -1
        return lines.offset(Place(*numbers[:2])), lines.offset(Place(*numbers[2:4]))

    declarations: list[Declaration] = []
    for name, numbers in record.get("decls", {}).items():
        start, end = span(numbers)
        declarations.append(Declaration(name, start, end, text[start:end] if text is not None and start >= 0 else ""))
    declarations.sort(key=lambda one: (one.start, one.end, one.name))
    mentions: list[Mention] = []
    for key, places in record["references"].items():
        constant = _constant(key)
        if constant is None:
            continue
        target, target_module = constant
        for usage in places["usages"]:
            start, end = span(usage)
            source = usage[4] if len(usage) > 4 else _around(declarations, start, end)
            mentions.append(Mention(str(source), target, _own(target_module, module), start, end))
    mentions.sort(key=lambda one: (one.start, one.end, one.target))
    return Trace(module, tuple(declarations), tuple(mentions))


def _constant(key: str) -> tuple[str, str] | None:
    """The name and module of a constant, from the key of an `.ilean` file; None for a local variable."""
    if key.startswith("c:"):  # until version 2
        return key[2:], ""
    constant = read_json(key).get("c") if key.startswith("{") else None
    return (str(constant["n"]), str(constant["m"])) if constant else None


def _own(module: str, own: str) -> str:
    return own if module.startswith(_OWN_MODULE) else module


def _around(declarations: Sequence[Declaration], start: int, end: int) -> str:
    """The smallest declaration around a place, or ""."""
    around = [one for one in declarations if start >= 0 and one.start <= start and end <= one.end]
    return min(around, key=lambda one: one.end - one.start).name if around else ""
