"""Commands in a Lean file of their own, and what Lean answers to each.

Invariant: an answer is the output of its own command, told by lines; where the file as a whole fails there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain import Reason
from verifiers.audit.lean.compiler import Compiler


@dataclass(frozen=True, slots=True)
class Answer:
    """What Lean said to one command: what it printed, and its first error if it refused the command."""

    output: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """The answers to the commands of a file in order; `failure` is set where the file as a whole has none."""

    answers: tuple[Answer, ...]
    failure: str | None = None
    reason: Reason = "does_not_compile"


Run = Callable[[str, Sequence[str]], Ran]
"""Runs commands after a header, in a file of their own."""


def run_commands(compiler: Compiler, header: str, commands: Sequence[str]) -> Ran:
    """The answers to commands after a header, in a file of their own."""
    before = compiler.toolchain.header(f"{header}\n")
    lines = before.count("\n")
    text = before
    spans: list[tuple[int, int]] = []
    for command in commands:
        start = lines + 1
        text += f"{command}\n"
        lines += command.count("\n") + 1
        spans.append((start, lines))
    compiled = compiler.compile("LemmaryAsked", text, options=("-DmaxErrors=0",))
    early = next((one for one in compiled.errors if not spans or one.line < spans[0][0]), None)
    if early is not None or compiled.noise or compiled.finished.stopped:
        said = f"the header: {early.text}" if early else compiled.noise or str(compiled.finished.stopped)
        return Ran((), said[:2000], compiled.reason)
    answers: list[Answer] = []
    for first, last in spans:
        told = [one for one in compiled.said if first <= one.line <= last]
        error = next((one.text for one in told if one.severity == "error"), None)
        answers.append(Answer("\n".join(one.text for one in told if one.severity == "information"), error))
    return Ran(tuple(answers))
