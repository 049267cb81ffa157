"""One warm prover process: a sandboxed `coqidetop` that speaks the XML protocol.

A session loads a *base* (imports and definitions) once; every `run` then adds sentences after it, reports what the
prover said, and rolls back to the base. A run is stopped at its limit of CPU seconds by SIGINT and, if that does not
help, by SIGKILL; the next run then starts a new process and loads the base again, unseen by the caller. A process that
dies within its limits may not have died of the text, so the text is run once more, in a new process. Processes are also
renewed after `RUNS_PER_PROCESS` runs or when they have grown, because the document's history slows them down.

Invariant: no run can observe another one, except through a defect of the prover's roll-back. That is why what a
session accepts is only ever *elaborated* and never enters the library.

Not safe for use from several threads at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from domain import Message, OutsideError
from verifiers.audit.sandbox import GIBIBYTE, MEBIBYTE, Limits, Sandbox
from verifiers.rocq.answers import Stopped
from verifiers.rocq.document import IN_FULL, Outcome, execute, execute_one
from verifiers.rocq.idetop import Idetop

RUNS_PER_PROCESS = 2000
"""Runs after which a process is renewed: they grow by some 10 MB in a thousand runs, and become no slower."""

GROWTH_BYTES = 700 * MEBIBYTE
"""Resident size beyond that of the fresh process with its base, at which a process is renewed."""

OPTIONS = "Set Printing Width 100000. Set Printing Depth 100000."
"""Said before every base, so that terms are printed whole and on one line."""


class Session:
    """A warm process with a base. `options` are further arguments of the prover, `readable` folders shown to it."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        sandbox: Sandbox | None = None,
        options: Sequence[str] = (),
        readable: Sequence[Path] = (),
        load_seconds: float = 60.0,
    ) -> None:
        """`load_seconds` are CPU seconds in which a new process has to load the base again."""
        self.limits = limits or Limits(memory_bytes=2 * GIBIBYTE, processes=32)
        self.base = ""
        self.processes = 0
        self._sandbox = sandbox or Sandbox()
        self._options = tuple(options)
        self._readable = tuple(readable)
        self._load_seconds = load_seconds
        self._process: Idetop | None = None
        self._base_state = 1
        self._extended: list[tuple[int, int | None]] = []
        """How long the base was before each text that was appended, and its state if the process at hand has it."""
        self._held: list[tuple[str, int]] = []
        """The sentences behind the base that the process stands behind, by `step`, each with its state."""
        self._runs = 0
        self._settled_bytes = 0
        self._spent = 0.0

    def load(self, text: str, seconds: float = 60.0) -> Outcome:
        """Make `text` the base of the runs that follow. If it fails, the base is empty."""
        self._stop()
        self._extended.clear()
        outcome = self._twice(lambda: self._start(text, seconds))
        self.base = text if outcome.ok else ""
        return outcome

    def extend(self, text: str, seconds: float = 60.0) -> Outcome:
        """Append `text` to the base. If it fails, the base stays as it was."""
        return self._twice(lambda: self._extend(text, seconds))

    def _extend(self, text: str, seconds: float) -> Outcome:
        process = self._at_base()
        outcome = _closed(execute(process, "", text, seconds, goals=False))
        if outcome.ok:
            self._extended.append((len(self.base), self._base_state))
            self.base = f"{self.base}\n{text}" if self.base else text
            self._base_state = process.tip
            self._settled_bytes = process.resident_bytes
        elif not self._went_to(process, self._base_state):
            self._stop()
        return outcome

    def retreat(self, texts: int) -> None:
        """Take the last so many texts that were appended off the base."""
        for _ in range(texts):
            length, state = self._extended.pop()
            self.base = self.base[:length]
            if state is None:
                self._stop()
            else:
                self._base_state = state

    def run(
        self, text: str, seconds: float = 5.0, *, before: str = "", goals: bool = True, in_full: bool = True
    ) -> Outcome:
        """Run `text` after the base, then roll back.

        Args:
            text: Sentences; the run stops at the first that fails.
            seconds: CPU seconds that it may take. The wall limit is four times as much, plus two seconds.
            before: Sentences run first, whose messages carry no positions (assumed lemmas, say).
            goals: Whether to report the goals that are open at the end.
            in_full: Whether these are printed with nothing implicit, as programs read them, or as people do.
        """
        return self._twice(lambda: self._run(text, seconds, before, goals, in_full))

    def _run(self, text: str, seconds: float, before: str, goals: bool, in_full: bool) -> Outcome:
        process = self._at_base()
        self._runs += 1
        outcome = execute(process, before, text, seconds, goals=goals, in_full=in_full)
        if not self._went_to(process, self._base_state):
            self._stop()
        return outcome

    def _twice(self, ask: Callable[[], Outcome]) -> Outcome:
        """What comes of asking, of asking again where the prover died."""
        outcome = ask()
        return ask() if outcome.reason == "prover_error" and self._process is None else outcome

    def step(self, before: Sequence[str], sentence: str, seconds: float = 5.0) -> Outcome:
        """Run one sentence behind others, as `run` does with goals printed in full, and stay behind those others.

        So a further sentence behind them costs nothing but itself. Goals out of focus are not told, nor what the prover
        says of a sentence that it accepts. Messages have no positions.
        """
        return self._twice(lambda: self._step(before, sentence, seconds))

    def _step(self, before: Sequence[str], sentence: str, seconds: float) -> Outcome:
        process = self._ready()
        failed = self._move(process, (*IN_FULL, *before))
        if failed is not None:
            return failed
        outcome = execute_one(process, sentence, seconds)
        if not self._went_to(process, self._held[-1][1]):
            self._stop()
        return outcome

    def steps(self, before: Sequence[str], sentences: Sequence[str], seconds: float = 5.0) -> Outcome:
        """Run sentences, at least one, each with this limit; what came of the last, or of the first that fails."""
        *first, last = sentences
        for sentence in first:
            outcome = self.step(before, sentence, seconds)
            if not outcome.ok:
                return outcome
            before = (*before, sentence)
        return self.step(before, last, seconds)

    def _move(self, process: Idetop, wanted: Sequence[str]) -> Outcome | None:
        """Goes behind these sentences; what came of the first that fails, behind the base then."""
        same = 0
        while same < min(len(self._held), len(wanted)) and self._held[same][0] == wanted[same]:
            same += 1
        if same < len(self._held):
            del self._held[same:]
            if not self._went_to(process, self._held[-1][1] if self._held else self._base_state):
                self._stop()
                return self._move(self._ready(), wanted)
        for sentence in wanted[same:]:
            outcome = execute_one(process, sentence, self._load_seconds, goals=False)
            if not outcome.ok:
                if process.alive:
                    self._at_base()
                else:
                    self._stop()
                return outcome
            self._held.append((sentence, process.tip))
        return None

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all processes that this session has had."""
        return self._spent + (self._process.cpu_seconds if self._process else 0.0)

    @property
    def prover_seconds(self) -> float:
        """The same, but quickly read: of the process at hand only what the prover itself has used."""
        return self._spent + (self._process.own_cpu_seconds() if self._process else 0.0)

    @property
    def pid(self) -> int | None:
        """The prover's process id, while there is one."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """End the process and remove its folder."""
        self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _at_base(self) -> Idetop:
        """The process, behind the base and nothing else."""
        process = self._ready()
        if process.tip != self._base_state:
            self._held.clear()
            if not self._went_to(process, self._base_state):
                self._stop()
        return self._ready()

    def _ready(self) -> Idetop:
        """The process with the base loaded: the one at hand, unless it is dead or worn out."""
        process = self._process
        if process is not None and process.alive:
            worn = self._runs >= RUNS_PER_PROCESS or process.resident_bytes > self._settled_bytes + GROWTH_BYTES
            if not worn:
                return process
        self._stop()
        loaded = self._twice(lambda: self._start(self.base, self._load_seconds))
        if not loaded.ok or self._process is None:
            raise OutsideError(f"the base of a session no longer loads: {loaded.error}")
        return self._process

    def _start(self, base: str, seconds: float) -> Outcome:
        process = Idetop(self._sandbox, self.limits, self._options, self._readable)
        self._process = process
        self.processes += 1
        outcome = _closed(execute(process, OPTIONS, base, seconds, goals=False))
        self._extended = [(before, None) for before, _ in self._extended]
        if outcome.ok:
            self._base_state = process.tip
            self._settled_bytes = process.resident_bytes
            self._runs = 0
        else:
            self._stop()
        return outcome

    def _went_to(self, process: Idetop, state: int) -> bool:
        if not process.alive:
            return False
        process.clock(10.0)
        try:
            return process.edit_at(state).good
        except Stopped:
            return False

    def _stop(self) -> None:
        self._held.clear()
        if self._process is not None:
            self._spent += self._process.stop()
            self._process = None


def _closed(outcome: Outcome) -> Outcome:
    """What came of a text that is to be a base: it may not end inside a proof."""
    if not outcome.ok or not outcome.proof_open:
        return outcome
    message = Message("error", "the text ends inside a proof")
    return replace(outcome, ok=False, reason="does_not_compile", messages=(*outcome.messages, message))
