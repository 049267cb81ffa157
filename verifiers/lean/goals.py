"""The open goals at a place of a proof, as Lean shows them, and as terms.

A text is replayed with everything printed (`SHOW_ALL`). Lean goes on after an error, and says of every block that ends
too early which goals are left; so a prefix of a proof is fine if nothing else is wrong with it. After a failure the
text is replayed up to the step that failed, whose beginning the layout tells.

Invariant: messages come from the text as it is, and their positions are in it; goals are Lean's, not guessed from the
text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from domain import Goal, Hypothesis, Message, Replay
from verifiers.audit.lean.uses import SHOW_ALL
from verifiers.audit.words import ParseError
from verifiers.lean import matches
from verifiers.lean.reader import NAME, Parser
from verifiers.lean.session import Outcome, Session

STEP_LINES = 8
"""Lines of a step that failed in which its beginning is looked for."""

_CASE = re.compile(r"case [^\n]*\n")
_NAMES = re.compile(rf"(?P<names>{NAME}(?: {NAME})*) : ")
_BEFORE_STEP = re.compile(r"(?:^|\bby\b|·|=>|(?<!<);(?!>))[ \t]*")
_CONCLUSION = re.compile(r"^⊢", re.MULTILINE)
_MISSING_ARM = re.compile(r"Alternative `[^`]*` has not been provided")
_SHOW = "".join(f"{option}\n" for option in SHOW_ALL)


@dataclass(frozen=True, slots=True)
class OpenGoals:
    """The goals that the next step sees, as text, and how many there are in all. `ok`: they stand after the text."""

    ok: bool
    focused: tuple[str, ...]
    count: int
    cpu_seconds: float


def read_goal(text: str) -> Goal:
    """One goal as Lean prints it under `set_option pp.all true`: hypotheses, `⊢`, the conclusion.

    Raises:
        ParseError: it is not of the fragment that is understood.
    """
    lines = re.sub(r"\n(?=[ \t])", " ", _CASE.sub("", text.strip() + "\n", count=1).strip()).split("\n")
    hypotheses: list[Hypothesis] = []
    variables: list[str] = []
    for line in lines[:-1]:
        found = _NAMES.match(line)
        if found is None:
            raise ParseError(f"a hypothesis is shown in a way that is not understood: {line[:60]!r}")
        parser = Parser(line[found.end() :])
        scope = frozenset(variables)
        type_ = parser.term(scope)
        value = parser.term(scope) if parser.accept(":=") else None
        parser.end()
        names = found["names"].split(" ")
        hypotheses += [Hypothesis(name, type_, value) for name in names]
        variables += names
    if not lines[-1].startswith("⊢"):
        raise ParseError(f"expected `⊢` and a conclusion at: {lines[-1][:60]!r}")
    parser = Parser(lines[-1].removeprefix("⊢"))
    conclusion = parser.term(frozenset(variables))
    parser.end()
    for term in (conclusion, *[one.type for one in hypotheses]):
        helpers = matches.helpers(term)
        if helpers:
            raise ParseError(f"a match by cases in a goal is not understood: {', '.join(sorted(helpers))}")
    return Goal(tuple(hypotheses), conclusion)


def failure(outcome: Outcome, text: str) -> Message | None:
    """The first error that is not only about the end of the text: goals left, a step or a block not yet written.

    A block that leaves goals although more follows fails where it ends.
    """
    end = len(text.rstrip())
    unsolved = set(outcome.unsolved)
    unwritten = set(missing_arms(outcome, text))
    failed: list[Message] = []
    for message in outcome.messages:
        if message.level != "error" or message in unwritten:
            continue
        if message in unsolved:
            if 0 <= message.end < end:
                failed.append(replace(message, start=message.end))
            continue
        at_end = message.start >= end or (message.end >= end and message.text.startswith("unexpected end of input"))
        if not at_end or message.start < 0:
            failed.append(message)
    return min(failed, key=lambda message: message.start, default=None)


def missing_arms(outcome: Outcome, text: str) -> list[Message]:
    """What is said of arms of an `induction … with` or `cases … with` that the text has yet to write at its end."""
    found: list[Message] = []
    for message in outcome.messages:
        if _MISSING_ARM.match(message.text) and 0 <= message.start < len(text):
            column = message.start - text.rfind("\n", 0, message.start) - 1
            behind = [line for line in text[message.start :].splitlines()[1:] if line.strip()]
            outside = [line for line in behind if len(line) - len(line.lstrip()) <= column]
            if all(line.lstrip().startswith("|") for line in outside):
                found.append(message)
    return found


def open_goals(
    session: Session, text: str, seconds: float, *, ours: str = "", opening: str = "", failed: Message | None = None
) -> OpenGoals:
    """The goals after `text`, printed in full, or before the step in which it `failed`.

    Args:
        session: Warm, with the header as its base.
        text: A proof, or the beginning of one.
        seconds: CPU seconds for each of at most `STEP_LINES` replays.
        ours: Commands put in front.
        opening: What is put directly in front of the text, the beginning of its theorem.
        failed: The text's first error (see `failure`).
    """
    before = f"{ours}{_SHOW}{opening}"
    if failed is None:
        return _at_end(session, text, seconds, before)
    spent = 0.0
    ends_too_early = failed.text.startswith("unsolved goals")
    for begin in [failed.start] if ends_too_early else step_starts(text, failed.start):
        found = _at_end(session, text[:begin], seconds, before)
        spent += found.cpu_seconds
        if found.ok and found.focused:
            return replace(found, ok=False, cpu_seconds=spent)
    return OpenGoals(False, (), 0, spent)


def replay(session: Session, text: str, seconds: float, *, ours: str = "", opening: str = "") -> Replay:
    """What came of a text, and the goals after it or before the step that failed (arguments as in `open_goals`).

    Messages about what is not the text's own (`ours`, the base) have no position.
    """
    outcome = session.run(text, seconds, before=ours + opening)
    if outcome.reason not in (None, "does_not_compile"):  # after a timeout the goals are not known
        return Replay(False, (), outcome.messages, seconds=outcome.cpu_seconds)
    messages = [_placed(message, len(opening), len(text)) for message in outcome.messages]
    failed = failure(outcome, text)
    arms = len(missing_arms(outcome, text))
    if failed is None and not outcome.unsolved and not arms:
        return Replay(True, (), tuple(messages), seconds=outcome.cpu_seconds)
    if failed is not None and failed.start < -len(opening):
        return Replay(False, (), tuple(messages), seconds=outcome.cpu_seconds)
    found = open_goals(session, text, seconds, ours=ours, opening=opening, failed=failed)
    goals: list[Goal] = []
    for one in found.focused:
        try:
            goals.append(read_goal(one))
        except ParseError as error:
            messages.append(Message("warning", f"a goal is not understood: {error}"))
    if failed is not None:  # the first error is the one that stopped it, before any that only say that goals are left
        first = _placed(failed, len(opening), len(text))
        messages = [first, *[one for one in messages if (one.text, one.end) != (first.text, first.end)]]
    spent = outcome.cpu_seconds + found.cpu_seconds
    count = found.count + (arms if failed is None else 0)
    return Replay(failed is None, tuple(goals), tuple(messages), count, len(found.focused), spent)


def _placed(message: Message, opening: int, length: int) -> Message:
    """A message with its position in the text: none if it begins before the text's own theorem."""
    if message.start < -opening:
        return replace(message, start=-1, end=-1)
    return replace(message, start=max(0, min(message.start, length)), end=max(0, min(message.end, length)))


def step_starts(text: str, place: int) -> Iterator[int]:
    """Where the step around a place may begin, nearest first, by the layout.

    That is behind the last `by`, bullet, `=>` or `;` of its line, or of a line before.
    """
    end = max(0, min(place, len(text)))
    for _ in range(STEP_LINES):
        begin = text.rfind("\n", 0, end) + 1
        yield begin + [found.end() for found in _BEFORE_STEP.finditer(text[begin:end])][-1]
        if begin == 0:
            return
        end = begin - 1


def _at_end(session: Session, text: str, seconds: float, before: str) -> OpenGoals:
    outcome = session.run(text, seconds, before=before)
    ok = outcome.reason in (None, "does_not_compile") and failure(outcome, text) is None
    if outcome.ok or not ok:
        return OpenGoals(ok, (), 0, outcome.cpu_seconds)
    last = text.rpartition("\n")[2]
    focused = tuple(session.goals(len(text) if last and not last.strip() else len(text.rstrip()), seconds))
    left = sum(len(_CONCLUSION.findall(message.text)) for message in outcome.unsolved)
    return OpenGoals(True, focused, max(left, len(focused)), outcome.cpu_seconds)
