"""A finished file gone down in a warm process, sentence by sentence, each proof with its goals printed in full.

What is executed is the file's own text, once. Goals are printed behind options that are set behind each statement and
change nothing else; the one that also changes how patterns are read is off again wherever a pattern may be read.

Invariant: behind a proof that was refused, the file goes on as if its statement had been admitted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from domain import OutsideError, Reason
from verifiers.audit.rocq.sentences import split
from verifiers.rocq.answers import Answer, Stopped
from verifiers.rocq.document import AS_READ, GoalText, goal_of
from verifiers.rocq.idetop import Idetop
from verifiers.rocq.session import OPTIONS

_PRINTED = (*AS_READ, "Set Printing All.")
_ASYMMETRIC, _SYMMETRIC = "Set Asymmetric Patterns.", "Unset Asymmetric Patterns."
_PATTERNS = re.compile(r"(?<![\w'])(?:match|let|fun)(?![\w'])")
"""Where patterns may be read."""

_CHANGES_OPTIONS = re.compile(r"\b(?:Require|Import|Export|Set|Unset|End)\b")
_ON = re.compile(r"\bon\b")
_SHORTER = re.compile(r"\(shorter name to refer to it in current context is ([^)]*)\)")

_T = TypeVar("_T")


class Refused(Exception):  # noqa: N818 (an event, not an error of ours)
    """A sentence was not accepted."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


class Ran(NamedTuple):
    """What a tactic left: the goals in focus, and the CPU seconds of the tactic without those of printing them."""

    goals: tuple[GoalText, ...]
    cpu_seconds: float


class Replay:
    """A process that goes down one file. `start` makes a new process."""

    def __init__(self, start: Callable[[], Idetop]) -> None:
        self._start = start
        self._process = start()
        self._spent = 0.0
        """CPU seconds of the processes that have ended."""
        self._said: list[tuple[str, int]] = []
        """The sentences that the process stands behind, each with its state."""
        self._symmetric = True
        self._options_known = False
        self._opened = 0
        """How many of these there are above the proof that is open."""
        self._all_of([one.text for one in split(OPTIONS)], 60.0)

    @property
    def cpu_seconds(self) -> float:
        """Of the processes that have ended: of all of them once this is closed."""
        return self._spent

    def close(self) -> None:
        self._spent += self._process.stop()

    def load(self, sentences: Iterable[str], seconds: float) -> None:
        """Goes on behind sentences outside of any proof. Raises `Refused`; the file does not go on then."""
        self._all_of(sentences, seconds)

    def open(self, statement: str, seconds: float) -> str | None:
        """Goes on behind a sentence that may begin a proof; the name under which it does.

        Raises:
            Refused: the file does not go on then.
        """
        self._opened = len(self._said)
        self._process.clock(seconds)
        self._add(statement)
        name = self._proof_name()
        if name is not None:
            if not self._options_known:
                told = self._good(lambda: self._process.ask("Test Asymmetric Patterns."))
                self._symmetric = not any(_ON.search(one.text) for one in told.said)
                self._options_known = True
                for option in _PRINTED:
                    self._add(option)
            if self._symmetric:
                self._add(_ASYMMETRIC)
        return name

    def goals(self) -> tuple[GoalText, ...]:
        """The goals in focus."""
        found = self._answer(self._process.subgoals)
        if isinstance(found, Answer):
            raise _refusal(found)
        return tuple(map(goal_of, found.focused))

    def step(self, sentence: str, seconds: float, *, shown: bool) -> Ran:
        """Goes on behind a sentence of the proof; without goals unless they are to be `shown`. Raises `Refused`."""
        process = self._process
        process.clock(seconds)
        patterns = self._symmetric and _PATTERNS.search(sentence) is not None
        if patterns:
            self._add(_SYMMETRIC)
        began = process.own_cpu_seconds()
        self._add(sentence)
        self._good(self._process.status)
        spent = process.own_cpu_seconds() - began
        if patterns:
            self._add(_ASYMMETRIC)
        return Ran(self.goals() if shown else (), spent)

    def finish(self, sentence: str, seconds: float) -> None:
        """Goes on behind the sentence that ends the proof. Raises `Refused`."""
        self._process.clock(seconds)
        self._add(sentence)
        if self._proof_name() is not None:
            raise Refused("does_not_compile", "the proof does not end where its end was read")
        if self._symmetric:
            self._add(_SYMMETRIC)

    def give_up(self, seconds: float) -> None:
        """Goes on behind the statement of the open proof as if it were admitted. Raises `Refused`."""
        statement = self._said[self._opened][0]
        above = self._said[: self._opened]
        self._options_known = False
        if not self._went_to(above[-1][1]):
            self._spent += self._process.stop()
            self._process = self._start()
            self._said = []
            self._all_of([one for one, _ in above], seconds)
        else:
            self._said = above
        self._all_of((statement, "Admitted."), seconds)

    def known(self, words: Sequence[str]) -> set[str]:
        """Those of these words that name something global here, as a term may. Raises `Refused`."""
        found: set[str] = set()
        at = 0
        while at < len(words):
            self._process.clock(60.0)
            asked = words[at:]
            text = "\n".join(f"Locate Term {word}." for word in asked)
            said = self._answer(lambda text=text: self._process.ask(text)).said
            told = [one.text.partition("\n")[0] for one in said if one.level == "notice"]
            found |= {word for word, located in zip(asked, told, strict=False) if _is_meant(word, located)}
            at += len(told) + 1  # the one behind these is no name that can be asked for
        return found

    # ------------------------------------------------------------------------------------------------- protocol

    def _all_of(self, sentences: Iterable[str], seconds: float) -> None:
        self._process.clock(seconds)
        for sentence in sentences:
            self._add(sentence)
            if _CHANGES_OPTIONS.search(sentence):
                self._options_known = False
        self._good(self._process.status)

    def _add(self, sentence: str) -> None:
        self._good(lambda: self._process.add(sentence))
        self._said.append((sentence, self._process.tip))

    def _proof_name(self) -> str | None:
        """The name of the open proof, behind all that was added."""
        status = self._good(self._process.status).value.find("status")
        if status is None:
            raise OutsideError("the prover's answer about its status is not understood")
        return status[1].findtext("string")

    def _answer(self, call: Callable[[], _T]) -> _T:
        try:
            return call()
        except Stopped as stopped:
            raise Refused(stopped.reason, str(stopped)) from None

    def _good(self, call: Callable[[], Answer]) -> Answer:
        answer = self._answer(call)
        if answer.good:
            return answer
        raise _refusal(answer)

    def _went_to(self, state: int) -> bool:
        if not self._process.alive:
            return False
        self._process.clock(60.0)
        try:
            return self._process.edit_at(state).good
        except Stopped:
            return False


def _refusal(answer: Answer) -> Refused:
    said = [one.text for one in answer.said if one.level == "error"]
    message = said[-1] if said else ""
    return Refused("memory" if "Out of memory" in message else "does_not_compile", message)


def _is_meant(word: str, located: str) -> bool:
    """Whether an answer of `Locate` says that a word names something: not what needs a longer name."""
    shorter = _SHORTER.search(located)
    return not located.startswith("No ") and (shorter is None or f".{word}".endswith(f".{shorter[1]}"))
