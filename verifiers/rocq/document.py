"""One text in a warm process: its sentences are added one by one, and what the prover says of each is collected."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import Element

from domain import Message, Reason
from verifiers.audit.refusals import Unterminated
from verifiers.audit.rocq.sentences import split
from verifiers.rocq.answers import Answer, IdetopMessage, Stopped, documents, text_of
from verifiers.rocq.idetop import Idetop, Subgoals

AS_READ = ("Unset Printing Universes.",)
"""Said where people read what the prover prints: a file may have asked for more than they can use."""

IN_FULL = (*AS_READ, "Set Printing All.", "Set Asymmetric Patterns.")
"""Said where programs read what the prover prints."""


@dataclass(frozen=True, slots=True)
class GoalText:
    """An open goal as printed, by default under `Set Printing All`: hypotheses like `x, y : nat`, `x := v : nat`."""

    hypotheses: tuple[str, ...]
    conclusion: str

    def __str__(self) -> str:
        return "\n".join((*self.hypotheses, "=" * 28, self.conclusion))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a text. `ok` says that every sentence was accepted, `reason` otherwise says why not.

    Positions in `messages` and `failed_at` (the start of the sentence that failed) are in characters of the text.
    `goals` are those open after the last accepted sentence, the `focused` ones first and the `shelved` ones last;
    `proof_open` says whether a proof was still open there.
    """

    ok: bool
    reason: Reason | None = None
    messages: tuple[Message, ...] = ()
    goals: tuple[GoalText, ...] = ()
    focused: int = 0
    shelved: int = 0
    proof_open: bool = False
    failed_at: int | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def error(self) -> str:
        """The first error message, or the empty string."""
        return next((message.text for message in self.messages if message.level == "error"), "")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A sentence at `start` of the caller's text, or with `start` -1 when it stands before that."""

    text: str
    start: int

    def message(self, said: IdetopMessage) -> Message:
        """What the prover said of this sentence, with byte offsets turned into places in the caller's text."""
        if self.start < 0:
            return Message(said.level, said.text)
        if said.start < 0:
            return Message(said.level, said.text, self.start, self.start + len(self.text))
        return Message(said.level, said.text, self._place(said.start), self._place(said.end))

    def _place(self, offset: int) -> int:
        if self.text.isascii():
            return self.start + offset
        return self.start + len(self.text.encode()[:offset].decode("utf-8", "ignore"))


class _Goals(NamedTuple):
    """Open goals, of which the first `focused` are in focus, and the last `shelved` are values to be found."""

    goals: tuple[GoalText, ...]
    focused: int
    shelved: int


class _Failed(Exception):  # noqa: N818 (an event, not an error of ours)
    """A sentence was refused."""

    def __init__(self, place: _Placed | None) -> None:
        super().__init__()
        self.place = place


def execute(process: Idetop, before: str, text: str, seconds: float, *, goals: bool, in_full: bool = True) -> Outcome:
    """Add and execute sentences after the tip, up to the first that fails."""
    started, cpu_started = time.monotonic(), process.own_cpu_seconds()
    try:
        _ = (before + text).encode()
        sentences = [_Placed(sentence.text, -1) for sentence in split(before)]
        sentences += [_Placed(sentence.text, sentence.start) for sentence in split(text)]
    except (Unterminated, UnicodeEncodeError) as error:
        return Outcome(ok=False, reason="does_not_compile", messages=(Message("error", str(error)),), failed_at=0)
    document = _Document(process)
    process.clock(seconds)
    reason: Reason | None = None
    failed: _Placed | None = None
    left = _Goals((), 0, 0)
    proof_open = False
    try:
        try:
            for sentence in sentences:
                document.add(sentence)
            proof_open = document.observe()
        except _Failed as failure:
            reason, failed = "does_not_compile", failure.place
            if goals:
                proof_open = document.back_to_last_good()
        if goals and proof_open:
            left = document.goals(in_full=in_full)
    except Stopped as stopped:
        reason, failed = stopped.reason, failed or document.place(stopped.state)
        start = failed.start if failed else -1
        document.messages.append(Message("error", str(stopped), start, start + len(failed.text) if failed else -1))
    if reason == "does_not_compile" and document.out_of_memory:
        reason = "memory"
    return Outcome(
        ok=reason is None,
        reason=reason,
        messages=tuple(document.messages),
        goals=left.goals,
        focused=left.focused,
        shelved=left.shelved,
        proof_open=proof_open,
        failed_at=failed.start if failed else None,
        seconds=time.monotonic() - started,
        cpu_seconds=process.own_cpu_seconds() - cpu_started if process.alive else seconds,
    )


def execute_one(process: Idetop, sentence: str, seconds: float, *, goals: bool = True) -> Outcome:
    """Add and execute one sentence after the tip; its goals in focus as the prover prints them there, and no positions.

    What the prover says of a sentence that it accepts is left out. Without `goals` none is printed, and none is told.
    """
    started, cpu_started = time.monotonic(), process.own_cpu_seconds()
    process.clock(seconds)
    reason: Reason | None = None
    said: tuple[IdetopMessage, ...] = ()
    left = Subgoals((), 0, proof_open=False)
    try:
        answer = process.add(sentence)
        if answer.good:
            found = process.subgoals(shelved=True) if goals else process.status()
            if isinstance(found, Subgoals):
                left = found
            else:
                answer = found
        if not answer.good:
            reason, said = "does_not_compile", answer.said
    except Stopped as stopped:
        reason, said = stopped.reason, (IdetopMessage(stopped.state, "error", str(stopped)),)
    return Outcome(
        ok=reason is None,
        reason=reason,
        messages=tuple(Message(one.level, one.text) for one in said),
        goals=tuple(map(goal_of, left.focused)),
        focused=len(left.focused),
        shelved=left.shelved,
        proof_open=left.proof_open,
        seconds=time.monotonic() - started,
        cpu_seconds=process.own_cpu_seconds() - cpu_started if process.alive else seconds,
    )


@lru_cache(maxsize=1_000)
def goal_of(printed: bytes) -> GoalText:
    """A goal as it comes from the prover; one that a tactic leaves alone comes again."""
    *hypotheses, conclusion = documents(printed)
    return GoalText(tuple(hypotheses), conclusion)


class _Document:
    """The sentences added by one run, by state."""

    def __init__(self, process: Idetop) -> None:
        self.messages: list[Message] = []
        self.last: _Placed | None = None
        self._process = process
        self._origin = process.tip
        self._places: dict[int, _Placed] = {}
        self._failed_state = 0

    @property
    def out_of_memory(self) -> bool:
        return any(message.level == "error" and "Out of memory" in message.text for message in self.messages)

    def place(self, state: int) -> _Placed | None:
        """The sentence of a state; the last one if it is unknown (one that acts outside an open proof has two)."""
        return self._places.get(state) or self.last

    def add(self, sentence: _Placed) -> None:
        self.last = sentence
        answer = self._process.add(sentence.text)
        if answer.good:
            self._places[self._process.tip] = sentence
            self._note(answer)
            return
        # A sentence that does not parse; but one before it may have failed to execute, which counts first.
        self.observe()
        self._note(answer, sentence)
        raise _Failed(sentence)

    def observe(self) -> bool:
        """Execute what was added; whether a proof is open then."""
        answer = self._process.goals()
        if answer.good:
            self._note(answer)
            return answer.value.find("option/goals") is not None
        place = self.place(answer.state)
        self._note(answer, place)
        self._failed_state = answer.state
        raise _Failed(place)

    def back_to_last_good(self) -> bool:
        """After a failure: go back to before the sentence that failed; whether a proof is open there."""
        states = sorted(self._places)
        if states and self._failed_state in self._places:
            earlier = [state for state in states if state < self._failed_state]
            if not self._process.edit_at(earlier[-1] if earlier else self._origin).good:
                return False
        answer = self._process.goals()
        return answer.good and answer.value.find("option/goals") is not None

    def goals(self, *, in_full: bool) -> _Goals:
        """The open goals at the tip."""
        for option in IN_FULL if in_full else AS_READ:
            self._process.add(option)
        return _open_goals(self._process.goals())

    def _note(self, answer: Answer, failed: _Placed | None = None) -> None:
        for said in answer.said:
            place = failed if said.level == "error" and failed else self._places.get(said.state)
            if place is None:
                self.messages.append(Message(said.level, said.text))
            else:
                self.messages.append(place.message(said))


def _open_goals(answer: Answer) -> _Goals:
    found = answer.value.find("option/goals") if answer.good else None
    if found is None:
        return _Goals((), 0, 0)
    # Four parts: focused, in the background, shelved, given up. What was given up is not open.
    parts = [[_goal(goal) for goal in part.iter("goal")] for part in found[:3]]
    return _Goals(tuple(goal for part in parts for goal in part), len(parts[0]), len(parts[2]))


def _goal(element: Element) -> GoalText:
    hypotheses, conclusion = element[1], element[2]
    return GoalText(tuple(text_of(hypothesis) for hypothesis in hypotheses), text_of(conclusion))
