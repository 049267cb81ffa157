"""Which constants a Lean file declares, where each is mentioned and in which declaration, and its proofs step by step.

A single file is traced by one process of the language server: no git, no elan, no network, no meta-program in the file.
A project that was built is traced from the `.ilean` files beside its compiled modules, without running Lean.

Invariant: edges are `mentioned` edges. They say what a source text names, as Lean resolved it; what a proof term uses
may be less (an unused hypothesis) or more (what a tactic found), and is asked elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from domain import Message, UserError
from verifiers.audit.lean.scan import scan
from verifiers.audit.lean.toolchain import Toolchain
from verifiers.audit.refusals import Unterminated
from verifiers.audit.sandbox import GIBIBYTE, Sandbox
from verifiers.lean.server import Place, Server, Stopped
from verifiers.lean.session import Lines

_OWN_MODULE = "«external:"
_PRELUDE = re.compile(r"\A(?:\s|--[^\n]*\n|/-.*?-/)*(?:module\b|prelude\b)", re.DOTALL)


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
class Step:
    """A step of a tactic proof, as the layout cuts it, with the goals before and after it as text."""

    declaration: str
    start: int
    text: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found in a file; all positions are in characters of its text, or -1 where the text is not at hand."""

    module: str
    declarations: tuple[Declaration, ...]
    mentions: tuple[Mention, ...]
    steps: tuple[Step, ...] = ()
    messages: tuple[Message, ...] = ()

    def edges(self) -> list[tuple[str, str]]:
        """Pairs of a declaration and a constant that its text mentions, without repetition, in order."""
        pairs = [(mention.source, mention.target) for mention in self.mentions if mention.source]
        return list(dict.fromkeys((source, target) for source, target in pairs if source != target))

    def premises(self, name: str) -> list[str]:
        """The constants that a declaration mentions, in order."""
        return [target for source, target in self.edges() if source == name]


# -------------------------------------------------------------------------------------------------- a single file


def trace_file(
    file: Path,
    toolchain: Toolchain,
    *,
    sandbox: Sandbox | None = None,
    seconds: float = 120.0,
    memory_bytes: int = 4 * GIBIBYTE,
    steps: bool = True,
) -> Trace:
    """Trace one Lean file whose imports the toolchain finds.

    Args:
        file: The file. For the embedded toolchain, one without `prelude` gets the project's library in front.
        toolchain: The Lean that reads it.
        sandbox: Where Lean runs.
        seconds: Wall seconds in all.
        memory_bytes: What Lean may allocate.
        steps: Whether to ask for the goals around each step of its proofs.

    Raises:
        UserError: the file cannot be read, or Lean does not come to its end within the limits.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {file}: {error}") from error
    head = toolchain.header("") if toolchain.embedded and _PRELUDE.match(text) is None else ""
    try:
        server = Server(toolchain, sandbox or Sandbox(), memory_bytes, head + text, seconds)
    except Stopped as stopped:
        raise UserError(f"cannot trace {file}: {stopped}") from stopped
    try:
        lines = Lines(head + text)
        messages = [
            Message(one.level, one.text, lines.offset(one.start) - len(head), lines.offset(one.end) - len(head))
            for one in server.base_said
        ]
        trace = _read_references(server.references(), file.stem, text, head)
        found = tuple(_steps(server, trace, text, head)) if steps else ()
        return Trace(trace.module, trace.declarations, trace.mentions, found, tuple(messages))
    except Stopped as stopped:
        raise UserError(f"cannot trace {file}: {stopped}") from stopped
    finally:
        server.stop()


def _steps(server: Server, trace: Trace, text: str, head: str) -> Iterator[Step]:
    """The steps of tactic proofs: a word that begins a line, or follows `by`, a bullet, `=>` or `;`, in a proof."""
    lines = Lines(head + text)
    inner = [one for one in trace.declarations if not _encloses_another(one, trace.declarations)]
    for declaration in sorted(inner, key=lambda one: one.start):
        starts = _step_starts(declaration)
        for start, end in pairwise([*starts, declaration.end]):
            step = text[start:end].rstrip()
            step = re.sub(r"(?:\s*(?:;|·|\|[^\n]*=>|=>|\bby))+\Z", "", step).rstrip()
            before = server.goals(lines.place(len(head) + start))
            if before:
                after = server.goals(lines.place(len(head) + start + len(step)))
                yield Step(declaration.name, start, step, tuple(before), tuple(after))


def _step_starts(declaration: Declaration) -> list[int]:
    """Where steps may begin, by the layout; comments and strings hold none."""
    try:
        tokens = scan(declaration.text).tokens
    except Unterminated:
        return []
    first = next((index for index, token in enumerate(tokens) if token.text == "by"), len(tokens))
    starts: list[int] = []
    for index in range(first + 1, len(tokens)):
        token, before = tokens[index], tokens[index - 1]
        new_line = "\n" in declaration.text[before.end : token.start]
        arrow = before.text == ">" and tokens[index - 2].text == "="
        follows = arrow or (before.text in ("by", "·", ";") and tokens[index - 2].text != "<")
        if (new_line or follows) and token.kind == "word":
            starts.append(declaration.start + token.start)
    return starts


def _encloses_another(declaration: Declaration, others: Sequence[Declaration]) -> bool:
    return any(declaration.start < one.start and one.end <= declaration.end for one in others)


# ---------------------------------------------------------------------------------------------- compiled modules


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
            record = json.loads(file.read_text(encoding="utf-8"))
            source = sources / f"{module.replace('.', '/')}.lean" if sources else None
            text = source.read_text(encoding="utf-8") if source and source.is_file() else None
            found.append(_read_references(record, str(record.get("module", module)), text))
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise UserError(
                f"{file} is not a list of constants that is understood ({error}): build it again"
            ) from error
    if not found:
        raise UserError(f"there is no .ilean file under {folder}: build the project (`lake build`) first")
    return found


def _read_references(record: Mapping[str, Any], module: str, text: str | None, head: str = "") -> Trace:
    """What an `.ilean` file, or the language server, says of a text that stands behind `head`."""
    lines = Lines(head + text) if text is not None else None

    def span(numbers: Sequence[int]) -> tuple[int, int]:
        if lines is None:
            return -1, -1
        start, end = lines.offset(Place(*numbers[:2])), lines.offset(Place(*numbers[2:4]))
        return start - len(head), end - len(head)

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
            if start < 0 and lines is not None:
                continue
            source = usage[4] if len(usage) > 4 else _around(declarations, start, end)
            mentions.append(Mention(str(source), target, _own(target_module, module), start, end))
    mentions.sort(key=lambda one: (one.start, one.end, one.target))
    return Trace(module, tuple(declarations), tuple(mentions))


def _constant(key: str) -> tuple[str, str] | None:
    """The name and module of a constant, from the key of an `.ilean` file; None for a local variable."""
    if key.startswith("c:"):  # until version 2
        return key[2:], ""
    constant = json.loads(key).get("c") if key.startswith("{") else None
    return (str(constant["n"]), str(constant["m"])) if constant else None


def _own(module: str, own: str) -> str:
    return own if module.startswith(_OWN_MODULE) else module


def _around(declarations: Sequence[Declaration], start: int, end: int) -> str:
    """The smallest declaration around a place, or ""."""
    around = [one for one in declarations if start >= 0 and one.start <= start and end <= one.end]
    return min(around, key=lambda one: one.end - one.start).name if around else ""
