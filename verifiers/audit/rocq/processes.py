"""The sandboxed processes of an audit: compile a text, ask a compiled text, run the checker; and why one failed.

Invariant: a compiled file is copied into a trusted folder only after its box has ended, and boxes see trusted folders
read-only. No output of a process that ran a candidate is read here for anything but the reason of its failure.

Layer: header, candidate, coqchk.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from domain import Message, VerdictKind
from verifiers.audit import scratch
from verifiers.audit.refusals import Rejection
from verifiers.audit.rocq.headers import Part
from verifiers.audit.rocq.version import Context, checked_context, program
from verifiers.audit.sandbox import Finished, Limits, Sandbox

WIDE = "Set Printing Width 100000.\nSet Printing Depth 100000.\n"

_ERROR = re.compile(r'^File "[^"\n]*", line (\d+), characters (\d+)-(\d+):\nError:[ \n]?', re.MULTILINE)


@dataclass(slots=True)
class Work:
    """The processes of one audit: their clock, and the load paths shown to them."""

    sandbox: Sandbox
    limits: Limits
    paths: dict[str, Path] = field(default_factory=dict[str, Path])
    token: str = ""
    """What tells the compiled files of this candidate from those of others that one checker is to judge."""
    cpu_seconds: float = 0.0

    @property
    def candidate(self) -> str:
        """The library of the candidate's module `Text`."""
        return f"Candidate{self.token}"

    @property
    def checker(self) -> str:
        """The library of the checking module `Check`."""
        return f"Checker{self.token}"

    def run(self, name: str, *arguments: str, folder: Path) -> Finished:
        """Run a program of the prover with the load paths, in `folder`."""
        shown = [part for library, path in self.paths.items() for part in ("-Q", str(path), library)]
        finished = self.sandbox.run(
            [*program(name), *shown, *arguments], folder, self.limits, tuple(self.paths.values())
        )
        self.cpu_seconds += finished.cpu_seconds
        return finished

    def compile(self, library: str, module: str, text: str, into: Path) -> Finished:
        """Compile `text` as `library.module`; on success the compiled file is kept in the trusted folder `into`."""
        with self.sandbox.folder() as folder:
            (folder / f"{module}.v").write_text(text)
            here = ("-Q", ".", library) if library else ()
            finished = self.run("coqc", *here, "-q", "-w", "none", f"{module}.v", folder=folder)
            name = f"{module}.vo"
            if finished.ok and not scratch.take(folder / name, into / name, self.limits.output_bytes):
                return replace(finished, returncode=-1, output="the prover wrote no compiled file")
        return finished

    def ask(self, text: str) -> Finished:
        """Compile `text` as a file of its own, of which nothing is kept."""
        with self.sandbox.folder() as folder:
            (folder / "Question.v").write_text(text)
            return self.run("coqc", "-q", "-w", "none", "Question.v", folder=folder)


def compile_header(parts: Sequence[Part], work: Work, into: Path) -> None:
    """Compile the header's modules into a trusted folder, which is among the load paths already."""
    spoken: list[str] = []
    for part in parts:
        if part.module is not None:
            text = "\n".join([*spoken, part.file])
            finished = work.compile("Header", part.module, text, into)
            if not finished.ok:
                raise failure(finished, text, "the header", kind="error")
        spoken.append(part.spoken)


class Marked:
    """Commands by name, each behind a mark by which what is said to it is told apart: random, so no text forges it."""

    def __init__(self, commands: Mapping[str, str]) -> None:
        self._names = list(commands)
        self._mark = secrets.token_hex(16)
        self.lines: list[str] = []
        for number, command in enumerate(commands.values()):
            self.lines += [f'Goal True. idtac "{self._mark} {number}". Abort.', command]

    def said(self, output: str) -> dict[str, str]:
        """What was said to each command, as far as the process came."""
        parts = [answer.partition("\n") for answer in output.split(f"{self._mark} ")[1:]]
        return {self._names[int(number)]: said for number, _, said in parts}


def answers(begin: Sequence[str], commands: Mapping[str, str], work: Work, what: str) -> dict[str, str]:
    """What a process that requires the candidate says to each command."""
    marked = Marked(commands)
    finished = work.ask("\n".join([f"Require {work.candidate}.Text.", *begin, *marked.lines, ""]))
    if not finished.ok:
        raise failure(finished, "", f"reading {what}", kind="error")
    return marked.said(finished.output)


def coqchk(work: Work, *, full: bool, of: Sequence[Work] = ()) -> Context:
    """Check the compiled candidate and checking module (with all that they rest on if `full`) by `coqchk`.

    Those of several candidates, `of`, are checked together: what is clean together is clean alone.
    """
    only = "" if full else "-norec"
    modules = [name for one in of or (work,) for name in (f"{one.candidate}.Text", f"{one.checker}.Check")]
    with work.sandbox.folder() as folder:
        arguments = [part for module in modules for part in (only, module) if part]
        finished = work.run("coqchk", "-silent", "-o", *arguments, folder=folder)
    if not finished.ok:
        if finished.stopped:
            raise failure(finished, "", "coqchk")
        if "Error" not in finished.output:  # it never began, or was killed: that says nothing of the proof
            said = finished.output.strip()[-500:] or "nothing"
            message = f"coqchk ended with status {finished.returncode} and said: {said}"
            raise Rejection("prover_error", Message("error", message), kind="error")
        raise Rejection("typing_flag", Message("error", f"coqchk refuses the proof: {finished.output.strip()[-500:]}"))
    return checked_context(finished.output)


def error_line(finished: Finished) -> int | None:
    """The line, from 1, of the file that the prover refused, if it named one."""
    found = last_error(finished)
    return None if found is None else int(found[1])


def last_error(finished: Finished) -> re.Match[str] | None:
    """Where the prover's last error message begins: its line, from 1, and columns in bytes."""
    return next(reversed(list(_ERROR.finditer(finished.output))), None)


def failure(finished: Finished, text: str, what: str, *, kind: VerdictKind = "rejected", skip: int = 0) -> Rejection:
    """Why a process failed; error positions are found in `text`, and counted from `skip`."""
    prefix = f"{what}: " if what else ""
    if finished.stopped in ("wall", "cpu"):
        return Rejection("timeout", Message("error", f"{prefix}the time limit was reached"), kind="timeout")
    if finished.stopped == "output":
        return Rejection("output", Message("error", f"{prefix}more output than the limit"), kind=kind)
    if finished.stopped == "memory":
        return Rejection("memory", Message("error", f"{prefix}more memory than the limit"), kind=kind)
    said = finished.output.strip()[-2000:]
    if re.search(r"Out of memory|out of memory|Out_of_memory", said):
        return Rejection("memory", Message("error", f"{prefix}out of memory"), kind=kind)
    found = last_error(finished)
    if found is None and "There are pending proofs" in said:
        return Rejection("does_not_compile", Message("error", f"{prefix}a proof is not finished"), kind=kind)
    if found is None:
        said = said or f"the prover ended with status {finished.returncode} and said nothing"
        return Rejection("prover_error", Message("error", prefix + said), kind="error")
    message = finished.output[found.end() :].strip()[:4000]
    start, end = (_place(text, int(found[1]), int(found[column])) - skip for column in (2, 3))
    inside = text and start >= 0
    error = Message("error", prefix + message, *((start, end) if inside and not what else (-1, -1)))
    return Rejection("does_not_compile", error, kind=kind)


def _place(text: str, line: int, column: int) -> int:
    """The offset in characters of a line (from 1) and a column in bytes."""
    lines = text.split("\n")
    if line > len(lines):
        return len(text)
    before = sum(len(one) + 1 for one in lines[: line - 1])
    return before + len(lines[line - 1].encode()[:column].decode("utf-8", "ignore"))
