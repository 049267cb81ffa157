"""What a prover says of a whole file, with all messages: an answer for who trains provers, and no verdict.

Nothing here freezes a statement or looks at axioms; a text may say what it likes, and prove something else than was
asked. What counts is an audit (`verifiers.protocol`).

Invariant: a text that could change the process in which it runs has one of its own, so that no other text is answered
wrongly because of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from domain import Message, Reason


class Hole(NamedTuple):
    """A place, in characters of the text, where it leaves something unproved, and the goal there if it is known."""

    start: int
    end: int
    goal: str


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """What came of a text: `ok` says that there was no error, `reason` otherwise says why not.

    Places are in characters of the text; a message that is about none has -1. Seconds are CPU seconds of the prover.
    """

    ok: bool
    reason: Reason | None = None
    messages: tuple[Message, ...] = ()
    holes: tuple[Hole, ...] = ()
    seconds: float = 0.0


@runtime_checkable
class RunsFiles(Protocol):
    """A verifier that can be given a whole file."""

    def run_file(self, text: str, seconds: float | None = None) -> FileAnswer:
        """What the prover says of a file, in a warm session that has loaded its imports.

        `seconds` are CPU seconds, those for imports that were not loaded before apart; None means the limit of a check.
        """
        ...
