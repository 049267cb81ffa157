"""Lean as a compiler: one file in, messages and a compiled module out, in a sandboxed process of its own.

Invariant: the compiled file is copied into a folder of ours only after the process has ended, and only if it ended
well: exit code 0, no error among the messages, and every line of the output a message.

Layer: candidate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from domain import Message, Reason
from term_algebra import read_json
from verifiers.audit import scratch
from verifiers.audit.lean.toolchain import STACK_KIBIBYTES, Toolchain
from verifiers.audit.sandbox import Finished, Limits, Sandbox, Stopped

OLEAN_BYTES = 64 << 20
"""Of one compiled module at most."""

_MEMORY = (
    "GNU MP: Cannot allocate memory",
    "excessive memory consumption",
    "out of memory",
    "failed to create thread",
    "std::bad_alloc",
    "memory limit",
)
_STOPPED: Mapping[Stopped, str] = {
    "wall": "the time limit was reached",
    "cpu": "the time limit was reached",
    "memory": "more memory than the limit",
    "output": "more output than the limit",
}
_STACK = ("Stack overflow detected",)
UNSOLVED = "unsolved goals"
"""How an error begins that says which goals are left; being about a whole block, it stands before what failed in it."""


class LeanMessage(NamedTuple):
    """A message of Lean: where it is about, in lines (from 1) and in characters of the text."""

    severity: str
    text: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """What came of a file. `noise` is output that is no message: a process that works has none."""

    finished: Finished
    said: tuple[LeanMessage, ...]
    noise: str

    @property
    def ok(self) -> bool:
        return self.finished.ok and not self.noise and not self.errors

    @property
    def errors(self) -> tuple[LeanMessage, ...]:
        return tuple(one for one in self.said if one.severity == "error")

    @property
    def reason(self) -> Reason:
        """Why it failed."""
        told = [one.text for one in self.errors] + [self.noise]
        if self.finished.stopped in ("wall", "cpu"):
            return "timeout"
        if self.finished.stopped in ("output", "memory"):
            return self.finished.stopped
        if any(sign in text for text in told for sign in (*_MEMORY, *_STACK)):
            return "memory"
        return "does_not_compile" if self.errors else "prover_error"

    def messages(self, skip: int, length: int, prefix: str = "") -> tuple[Message, ...]:
        """The messages about the `length` characters after the first `skip`; of errors, also those before."""
        found: list[Message] = []
        for one in self.said:
            start, end = one.start - skip, one.end - skip
            inside = 0 <= start <= length
            level = cast("Any", {"information": "info"}.get(one.severity, one.severity))
            if one.severity == "error" or inside:
                place = (min(start, length), min(max(start, end), length)) if inside and not prefix else (-1, -1)
                found.append(Message(level, prefix + one.text[:4000], *place))
        stopped = self.finished.stopped
        if stopped is not None:
            found.append(Message("error", prefix + _STOPPED[stopped]))
        elif self.noise or not found:
            said = self.noise or f"Lean ended with status {self.finished.returncode}"
            found.append(Message("error", prefix + said[-2000:]))
        found.sort(
            key=lambda message: (
                message.level != "error",
                message.text.removeprefix(prefix).startswith(UNSOLVED),
                message.start < 0 and stopped is None,
            )
        )
        return tuple(found)


class Compiler:
    """Compiles files with one toolchain in one sandbox; sums up the CPU seconds."""

    def __init__(self, toolchain: Toolchain, sandbox: Sandbox, limits: Limits, memory_bytes: int) -> None:
        self.toolchain = toolchain
        self.sandbox = sandbox
        self.limits = limits
        self.memory_bytes = memory_bytes
        self.cpu_seconds = 0.0

    def compile(
        self,
        module: str,
        text: str,
        *,
        path: Sequence[Path] = (),
        into: Path | None = None,
        options: Sequence[str] = (),
    ) -> Compiled:
        """Compile `text` as `module`, with the compiled modules in `path` in sight; keep the result in `into`."""
        with self.sandbox.folder() as folder:
            source = f"{module}.lean"
            (folder / source).write_bytes(text.encode("utf-8", "surrogatepass"))
            output = ("-o", f"{module}.olean") if into else ()
            common = ("--json", "-j1", f"-s{STACK_KIBIBYTES}", self.toolchain.memory_option(self.memory_bytes))
            argv = self.toolchain.argv(*common, *options, *output, source, path=path)
            finished = self.sandbox.run(argv, folder, self.limits, (*self.toolchain.readable, *path))
            self.cpu_seconds += finished.cpu_seconds
            compiled = read_output(finished, text, source)
            if (
                into
                and compiled.ok
                and not scratch.take(folder / f"{module}.olean", into / f"{module}.olean", OLEAN_BYTES)
            ):
                return Compiled(finished, compiled.said, "Lean wrote no compiled file")
        return compiled


def read_output(finished: Finished, text: str, source: str) -> Compiled:
    """The messages in what `lean --json` printed about `source`."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    said: list[LeanMessage] = []
    noise: list[str] = []
    for line in finished.output.split("\n"):
        if not line.strip():
            continue
        one = _read_line(line, source, starts, len(text))
        if one is None:
            noise.append(line)
        else:
            said.append(one)
    return Compiled(finished, tuple(said), "\n".join(noise))


def _read_line(line: str, source: str, starts: list[int], length: int) -> LeanMessage | None:
    try:
        record = read_json(line)
        if not isinstance(record, dict) or record["fileName"] != source:
            return None
        start, end = record["pos"], record["endPos"] or record["pos"]
        places = [_offset(starts, length, int(one["line"]), int(one["column"])) for one in (start, end)]
        return LeanMessage(str(record["severity"]), str(record["data"]), int(start["line"]), *places)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _offset(starts: list[int], length: int, line: int, column: int) -> int:
    return min(starts[min(max(line, 1), len(starts)) - 1] + column, length)
