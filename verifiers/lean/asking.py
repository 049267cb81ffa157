"""Commands after a header that a warm session has read, and what Lean answers to each.

Invariant: an answer is the output of its own command, told by places; where the text as a whole fails there are none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain import Reason
from verifiers.lean.session import Session


@dataclass(frozen=True, slots=True)
class Answer:
    """What Lean said to one command: what it printed, and its first error if it refused the command."""

    output: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """The answers to commands in order; `failure` is set where the text as a whole has none."""

    answers: tuple[Answer, ...]
    failure: str | None = None
    reason: Reason = "does_not_compile"


Run = Callable[[str, Sequence[str]], Ran]
"""Runs commands after a header; each run knows of no other."""


def run_commands(session: Session, commands: Sequence[str], seconds: float) -> Ran:
    """The answers to commands after the header that a session has read, within so many CPU seconds."""
    text = ""
    spans: list[tuple[int, int]] = []
    for command in commands:
        spans.append((len(text), len(text) + len(command)))
        text += f"{command}\n"
    outcome = session.run(text, seconds)
    if outcome.reason not in (None, "does_not_compile"):
        return Ran((), outcome.error, outcome.reason)
    if outcome.failed_at is not None and outcome.failed_at < 0:
        return Ran((), f"the header: {outcome.error}"[:2000])
    answers: list[Answer] = []
    for first, last in spans:
        told = [one for one in outcome.messages if first <= one.start <= last]
        error = next((one.text for one in told if one.level == "error"), None)
        answers.append(Answer("\n".join(one.text for one in told if one.level == "info"), error))
    return Ran(tuple(answers))
