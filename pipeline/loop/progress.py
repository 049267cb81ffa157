"""Progress of a run: a status line on a terminal, plain lines elsewhere, and everything in a log file."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console

from library_store.tables import Manifest
from pipeline.loop.scheduler import Action
from pipeline.words import counted


class Progress:
    """Writes to stderr and to `log`. Use as a context manager."""

    def __init__(self, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("a", encoding="utf-8")
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._status = self._console.status("starting") if self._console.is_terminal else None
        self._began = time.monotonic()
        self._left = self._proved = self._refuted = self._learned = self._steps = self._number = 0

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()
        self._log.close()

    def say(self, text: str) -> None:
        """One line for the user and the log."""
        line = f"[{time.monotonic() - self._began:6.1f} s] {text}"
        self._console.print(line, markup=False)
        self._log.write(line + "\n")
        self._log.flush()

    def notices(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.say(line)

    def stage(self, text: str) -> None:
        if self._status is not None:
            self._status.update(text)
        self.say(text)

    def work(self, number: int, problems: int, signatures: int) -> None:
        self._number, self._left, self._proved, self._refuted, self._learned = number, problems, 0, 0, 0
        self._steps = 0
        todo = f"{counted(problems, 'problem')} to attempt, {counted(signatures, 'signature')} to explore"
        self.say(f"round {number}: {todo}")

    def step(self, action: Action, result: Any) -> None:
        """Notes one finished step; a line for each proof, and every tenth step."""
        self._steps += 1
        if action.kind == "prove":
            self._left -= 1
            self._proved += bool(result.proved)
            self._refuted += bool(result.refuted)
        else:
            self._learned += result.new
        summary = (
            f"round {self._number}: {self._proved} proved, {self._refuted} refuted, {self._left} problems to go, "
            f"{self._learned} lemmas learned"
        )
        self._log.write(f"{action.kind} {action.target[:60]} {action.operator}: {_told(result)}\n")
        if self._status is not None:
            self._status.update(summary)
        elif self._steps % 20 == 0:
            self.say(summary)

    def evolution_ends(self, number: int, spent: float, budget: float) -> None:
        """Tells that what is left of the budget is kept for attempts, so that nothing more is learned."""
        rest = ", the rest is for attempts (evolve.budget_share)" if spent < budget else ""
        self.say(f"round {number}: evolution ends, {spent:.0f} of {budget:.0f} CPU seconds are spent{rest}")

    def repeated(self, action: Action, name: str) -> None:
        """Tells of a step that is done again."""
        self.say(f"step {name} ({action.operator} {action.target[:60]}) lost an actor, and is done again")

    def failed(self, action: Action, name: str, error: Exception) -> None:
        """Tells of a step that ended with an error of ours; the log has all of it."""
        self._left -= action.kind == "prove"
        self._log.write(f"{error}\n")
        last = str(error).strip().rpartition("\n")[2]
        self.say(f"step {name} ({action.operator} {action.target[:60]}) failed by an error of Lemmary's own: {last}")

    def round(self, manifest: Manifest) -> None:
        counts = manifest.counts
        self.say(
            f"round {manifest.round} is written: {counts['solved']} of {counts['problems']} problems solved, "
            f"{counts['solved_with_library']} with lemmas of other problems, {counts['lemmas']} lemmas, "
            f"{counts['cpu_seconds']:.0f} CPU seconds so far"
        )


def _told(result: Any) -> str:
    """What came of a step, in one line: of collections only how many."""
    fields: dict[str, Any] = result._asdict()
    return ", ".join(f"{name} {len(v) if isinstance(v, (tuple, frozenset)) else v}" for name, v in fields.items())
