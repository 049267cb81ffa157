"""Repair: where a proof fails at a step, the prover's own automation is tried at that step, and the proof goes on.

This is the checker of LEGO-Prover (section 3.2), for every prover: `verifiers.steps.StepLanguage` says what a step and
a block is, and the prover is asked through `replay` and `check` alone. At the first step that fails there is tried,
until one thing helps:

1. automation in place of the step's last part (behind `by`, say), or, closing the goal, in place of the step; then the
   rest of what the text does about that goal is left out, and the text goes on behind it;
2. a tactic that changes the goal before the step, or in its place; or leaving the step out, if its block then goes
   through;
3. automation a few steps earlier, or at the beginning of an enclosing block.

A step where no goal is in focus is left out, and where a block or the proof ends too early automation closes what is
open. Then the text is replayed again, up to a number of changes.

Invariant: what is returned as repaired was accepted by `check` as a whole text; no more CPU seconds are begun than the
limits say. Acceptance is for the audit, as with any other candidate.

Long because it is one search: every change is tried on the same state and paid from the same limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from domain import Candidate, Message, Replay, Verdict
from verifiers.protocol import Verifier
from verifiers.steps import Step, StepLanguage, block_end, block_start

RESYNC = 6
"""Steps after a closed goal of which at most so many are left out to find where the text goes on with the next goal."""

EARLIER = 2
"""Steps before the one that failed at which automation is tried too, beside the beginnings of enclosing blocks."""


@dataclass(frozen=True, slots=True)
class RepairTactics:
    """Tactics in the order in which they are tried."""

    closing: tuple[str, ...]
    """Those that are to close a goal."""
    moving: tuple[str, ...] = ()
    """Those that may change a goal so that the text goes on."""


@dataclass(frozen=True, slots=True)
class RepairLimits:
    """Seconds are CPU seconds of the prover."""

    step_seconds: float = 1.0
    """For one tactic at one place."""
    seconds: float = 10.0
    """For one candidate; nothing is tried after that."""
    changes: int = 6
    """Places that may be changed in one candidate."""


class Change(NamedTuple):
    """What was done at one place. `before` is what stood there, empty for an insertion."""

    kind: Literal["closed", "tail", "moved", "replaced", "dropped", "finished", "marked"]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Repair:
    """What came of a repair: `proof` is the repaired text, None if there is none, and `verdict` the check's of it."""

    proof: str | None
    changes: tuple[Change, ...] = ()
    verdict: Verdict | None = None
    replays: int = 0
    seconds: float = 0.0


def repair(
    verifier: Verifier,
    language: StepLanguage,
    candidate: Candidate,
    tactics: RepairTactics,
    limits: RepairLimits | None = None,
) -> Repair:
    """Repairs a candidate that fails; see the module.

    Args:
        verifier: replays and checks.
        language: of its prover.
        candidate: a text that `check` refuses.
        tactics: what is tried; those that the prover does not know under the problem's header are left out.
        limits: of one tactic and of the whole repair.
    """
    search = _Search(verifier, language, candidate, tactics, limits or RepairLimits())
    try:
        return search.run()
    except _Exhausted:
        return search.result(None)


class _Exhausted(Exception):  # noqa: N818 (an event, not an error of ours)
    """The seconds of a repair are spent."""


@dataclass(frozen=True, slots=True)
class _State:
    """A text and where it stops: at the step `at`, or at its end (`at` is the number of steps)."""

    text: str
    steps: list[Step]
    at: int
    replay: Replay

    @property
    def complete(self) -> bool:
        return self.at == len(self.steps) and self.replay.ok and not self.replay.open


def _step_at(steps: Sequence[Step], place: int) -> int:
    """The index of the step around a place, -1 if there is none."""
    return max([index for index, step in enumerate(steps) if step.start <= place], default=-1)


class _Search:
    def __init__(
        self,
        verifier: Verifier,
        language: StepLanguage,
        candidate: Candidate,
        tactics: RepairTactics,
        limits: RepairLimits,
    ) -> None:
        self._verifier = verifier
        self._language = language
        self._candidate = candidate
        self._limits = limits
        self._closing = list(tactics.closing)
        self._moving = list(tactics.moving)
        self._slow: set[str] = set()
        self._replayed: dict[str, Replay] = {}
        self._changes: list[Change] = []
        self._replays = 0
        self._seconds = 0.0

    def run(self) -> Repair:
        state = self._look(self._candidate.proof)
        while state is not None and not state.complete and len(self._changes) < self._limits.changes:
            mended = self._mend(state)
            if mended is None:
                break
            change, state = mended
            self._changes.append(change)
        if state is None or not state.complete or not self._changes:
            return self.result(None)
        text = self._language.finished(state.text, state.steps)
        verdict = self._verifier.check([replace(self._candidate, proof=text)])[0]
        self._seconds += verdict.seconds
        return self.result(text if verdict.trust == "elaborated" else None, verdict)

    def result(self, proof: str | None, verdict: Verdict | None = None) -> Repair:
        return Repair(proof, tuple(self._changes), verdict, self._replays, self._seconds)

    # ------------------------------------------------------------------------------------------------- replaying

    def _replay(self, text: str, extra: float | None = None) -> Replay:
        """`extra` is how long the text may take beyond the longest that went through so far."""
        if text not in self._replayed:
            left = self._limits.seconds - self._seconds
            if left <= 0:
                raise _Exhausted
            known = max([one.seconds for one in self._replayed.values() if one.ok], default=0.0)
            seconds = min(left, known + self._limits.step_seconds if extra is None else known + extra)
            replay = self._verifier.replay(replace(self._candidate, proof=text), seconds)
            self._replays += 1
            self._seconds += replay.seconds
            self._replayed[text] = replay
        return self._replayed[text]

    def _look(self, text: str) -> _State | None:
        """Where a text stops; None if that is not at a step of its own."""
        try:
            steps = self._language.steps(text)
        except ValueError:
            return None
        gap = next((index for index, step in enumerate(steps) if step.kind == "gap"), len(steps))
        shown = text if gap == len(steps) else text[: steps[gap].start]
        replay = self._replay(shown, max(self._limits.step_seconds, self._limits.seconds / 4))
        if replay.ok:
            return _State(text, steps, gap, replay)
        errors = [message for message in replay.messages if message.level == "error"]
        unread = next((one for one in errors if self._language.unread(one.text)), None)
        at = _step_at(steps, unread.start) if unread is not None else -1
        if at > 0:  # what is said of the steps before may come of that
            before = self._replay(text[: steps[at].start])
            if before.ok:
                return _State(text, steps, at, replace(before, ok=False, messages=replay.messages))
            errors = [message for message in before.messages if message.level == "error"]
        at = _step_at(steps, errors[0].start) if errors else -1
        if at < 0:
            return None
        if not replay.open:  # after a timeout nobody knows the goals
            before = self._replay(text[: steps[at].start])
            replay = replace(before, ok=False, messages=replay.messages)
        return _State(text, steps, at, replay)

    # --------------------------------------------------------------------------------------------------- mending

    def _mend(self, state: _State) -> tuple[Change, _State] | None:
        kind = state.steps[state.at].kind if state.at < len(state.steps) else "frame"
        if not state.replay.focused:
            return self._out_of_focus(state)
        if kind in ("opens", "closes", "frame"):
            return self._finish(state) or self._earlier(state)
        if kind == "gap":
            return self._close(state, state.at) or self._earlier(state)
        return (
            self._tail(state, state.steps[state.at].tails[:1])
            or self._close(state, state.at)
            or self._tail(state, state.steps[state.at].tails[1:])
            or self._move(state)
            or self._earlier(state)
        )

    def _out_of_focus(self, state: _State) -> tuple[Change, _State] | None:
        """No goal is in focus: what comes too late is left out, or the next goal is brought into focus."""
        steps, at = state.steps, state.at
        kind = steps[at].kind if at < len(steps) else "frame"
        superfluous = kind in ("step", "gap") and at + 1 < len(steps) and steps[at + 1].kind in ("opens", "closes")
        if superfluous and (dropped := self._drop(state)) is not None and dropped[1].at > at:
            return dropped
        if state.replay.open:
            for mark in self._language.marks(steps[:at]):
                new = self._look(self._edit(state, at, at, mark))
                if new is not None and new.at > at + (kind in ("step", "gap")):
                    return Change("marked", "", mark), new
        return None if kind == "frame" else self._drop(state)

    def _drop(self, state: _State) -> tuple[Change, _State] | None:
        """The step that failed is left out, with all of the block that it opens."""
        steps, at = state.steps, state.at
        inside = steps[at].kind == "opens" and at + 1 < len(steps) and len(steps[at + 1].path) > len(steps[at].path)
        end = block_end(steps, at + 1) if inside else at + 1
        new = self._look(self._edit(state, at, end, ""))
        before = state.text[steps[at].start : steps[end - 1].end]
        return None if new is None else (Change("dropped", before, ""), new)

    def _finish(self, state: _State) -> tuple[Change, _State] | None:
        """A block or the proof ends, and goals are left: automation closes the first of them."""
        for step, _ in self._closers(state, state.at):
            new = self._look(self._edit(state, state.at, state.at, step))
            if new is not None and new.at > state.at:
                return Change("finished", "", step), new
        return None

    def _closers(self, state: _State, index: int) -> Iterator[tuple[str, str]]:
        """The closing steps that go through before the step at `index`, each with the text that ends in it."""
        here = index < len(state.steps)
        prefix = state.text[: state.steps[index].start] if here else state.text.rstrip()

        def ending(tactic: str) -> str:
            step = self._language.closing(tactic)
            return prefix + step if here else self._edit(state, index, index, step).rstrip()

        for tactic in self._working(ending, len(prefix)):
            yield self._language.closing(tactic), ending(tactic)

    def _working(self, text: Callable[[str], str], start: int) -> Iterator[str]:
        """The closing tactics with which a text goes through that ends in one, which begins at `start`.

        All are tried at once first: where that fails, as mostly, none would do. Last comes all of them in one, for a
        place with several goals.
        """
        together = ""
        while not together:
            tactics = self._usable(self._closing)
            together = self._language.any_of(tactics)
            outcome = self._outcome(text(together), start) if tactics else False
            if outcome is True:
                break
            error = outcome.text if isinstance(outcome, Message) else ""
            unknown = self._language.unknown(error)
            if unknown is None and not error.startswith("Timeout"):
                return
            together = ""
            if not unknown or not self._forget(unknown):
                break
        for tactic in self._usable(self._closing):
            if self._works(text(tactic), tactic, start):
                yield tactic
        if together:
            yield together

    def _forget(self, name: str) -> bool:
        """Leave out the closing tactics in which an unknown name occurs; whether there were any."""
        known = [one for one in self._closing if re.search(rf"\b{re.escape(name)}\b", one) is None]
        found = len(known) < len(self._closing)
        self._closing = known
        return found

    def _edit(self, state: _State, begin: int, end: int, new: str) -> str:
        return self._language.replace(state.text, state.steps, begin, end, new)

    def _usable(self, tactics: Sequence[str]) -> list[str]:
        return [tactic for tactic in tactics if tactic not in self._slow]

    def _outcome(self, text: str, start: int) -> Message | bool:
        """Whether a text goes through; the error, if that is behind `start`."""
        replay = self._replay(text)
        error = next((message for message in replay.messages if message.level == "error"), None)
        return error if not replay.ok and error is not None and error.start >= start else replay.ok

    def _works(self, text: str, tactic: str, start: int) -> bool:
        """Whether a text goes through that ends in a tactic; one that is not known or too slow is not tried again."""
        outcome = self._outcome(text, start)
        if not isinstance(outcome, Message):
            return outcome
        if self._language.unknown(outcome.text) is not None:
            self._closing = [one for one in self._closing if one != tactic]
            self._moving = [one for one in self._moving if one != tactic]
        elif outcome.text.startswith("Timeout"):
            self._slow.add(tactic)
        return False

    def _close(self, state: _State, index: int) -> tuple[Change, _State] | None:
        """Automation closes the goal before the step at `index`; the text goes on where it next can."""
        for step, text in self._closers(state, index):
            focused = self._replay(text).focused
            end = block_end(state.steps, index)
            behind = [end] if not focused else [*range(state.at + 1, min(end, state.at + 1 + RESYNC)), end]
            best: _State | None = None
            for resume in dict.fromkeys(behind):
                new = self._look(self._edit(state, index, resume, step))
                if new is None or new.at <= index:
                    continue
                if new.complete or best is None or new.at - len(new.steps) > best.at - len(best.steps):
                    best = new
                if new.complete:
                    break
            if best is not None:
                before = state.text[state.steps[index].start : state.steps[min(state.at, end - 1)].end]
                return Change("closed", before, step), best
        return None

    def _tail(self, state: _State, tails: Sequence[int]) -> tuple[Change, _State] | None:
        """Automation in place of the last part of the step that failed."""
        step = state.steps[state.at]
        behind = len(state.text) - step.end
        for tail in tails:

            def ending(tactic: str, tail: int = tail) -> str:
                text = self._language.with_tail(state.text, step, tail, tactic)
                return text[: len(text) - behind]

            for tactic in self._working(ending, tail):
                new = self._look(ending(tactic) + state.text[step.end :])
                if new is not None and new.at > state.at:
                    return Change("tail", step.text, ending(tactic)[step.start :]), new
        return None

    def _move(self, state: _State) -> tuple[Change, _State] | None:
        """A tactic before the step that failed or in its place, or the step left out."""
        steps, at = state.steps, state.at
        prefix = state.text[: steps[at].start]
        for tactic in self._usable(self._moving):
            step = self._language.moving(tactic)
            if not self._works(prefix + step, tactic, len(prefix)):
                continue
            new = self._look(self._edit(state, at, at, step))
            if new is not None and new.at > at + 1:
                return Change("moved", "", step), new
            new = self._look(self._edit(state, at, at + 1, step))
            if new is not None and new.at >= block_end(steps, at):
                return Change("replaced", steps[at].text, step), new
        dropped = self._drop(state)
        return dropped if dropped is not None and dropped[1].at >= block_end(steps, at) - 1 > at else None

    def _earlier(self, state: _State) -> tuple[Change, _State] | None:
        """Automation at steps before the one that failed."""
        steps = state.steps
        last = state.at - 1
        places: dict[int, None] = {}
        while last >= 0 and len(places) < EARLIER and steps[last].kind == "step":
            places[last] = None
            last -= 1
        inside = steps[state.at - 1].path if state.at else ()
        for depth in range(len(inside), 0, -1):
            places[block_start(steps, state.at - 1, depth)] = None
        for index in places:
            mended = self._close(state, index)
            if mended is not None:
                return mended
        return None
