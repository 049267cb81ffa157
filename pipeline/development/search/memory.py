"""Steps of finished proofs near a hole, told again at goals like those at which they were taken.

The proofs are replayed where the hole stands, and each tactic is remembered with its goal. At another goal, the tactics
of the nearest remembered goals are told, with the hypotheses that they name replaced by those of the same role here: of
the same type, or the most similar one (online nearest neighbours over steps are what Tactician has: Blaauwbroek, Urban
and Geuvers, CICM 2020).

Invariant: what is told here is a guess about what helps; a wrong one costs seconds, never a proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.step_index import StepIndex
from pipeline.development.search.carrying import LONGEST, NAME, Taken, carried_over
from pipeline.development.search.goal_features import features
from pipeline.development.search.moves import View, view
from pipeline.development.search.neighbours import Neighbour, is_known
from verifiers.audit.refusals import Unterminated
from verifiers.audit.rocq.sentences import normal_text, rename, split
from verifiers.rocq.document import GoalText, Outcome

if TYPE_CHECKING:  # not loaded unless steps of other developments are asked for
    from pipeline.development.search.stored_steps import StoredSteps

STEP_SECONDS = 0.5
"""CPU seconds of one step of a replay; a proof is left at one that takes longer."""

LOOKED_AT = 64
"""Near steps that are looked at, and one more for each tactic that is to be told."""

AGAIN = 0.2
"""How much the nearness of a further step counts that took the same tactic."""

NEARBY = 2.0
"""How much nearer a step counts that was taken in a proof nearby."""

_NO_TACTIC = re.compile(r"[-+*{}]|\d+ ?:|all ?:|par ?:|Proof\b|[A-Z]")
"""What a sentence of a proof begins with that is no tactic: bullets, braces, selectors, commands."""

Runs = Callable[[tuple[str, ...], str, float], Outcome]
"""Runs a sentence behind others, for so many CPU seconds, with its goals printed in full."""


class Memory:
    """The steps of some proofs nearby, and those of other developments if there are any.

    `locate` says of global names what they stand for at the place where tactics are told. What uses others is not told.
    """

    def __init__(
        self,
        stored: StoredSteps | None = None,
        locate: Callable[[Sequence[str]], list[tuple[str, str | None]]] = lambda _: [],
    ) -> None:
        self._stored = stored
        self._locate = locate
        self._known: dict[str, bool] = {}
        self._taken: list[Taken] = []
        self._index = StepIndex(stored.packed if stored is not None else None)
        self._told: dict[View, list[str]] = {}

    def forget(self) -> None:
        """Forgets the proofs nearby, and which names are known."""
        self._taken.clear()
        self.look_again()
        self._index.forget()

    def look_again(self) -> None:
        """Asks anew which names are known."""
        self._told.clear()
        self._known.clear()

    def learn(self, neighbours: Iterable[Neighbour], run: Runs, left: Callable[[], float]) -> None:
        """Replays proofs, nearest first, while seconds are left; what does not replay here is left out."""
        for one in neighbours:
            statement = rename(one.proved.statement, {one.proved.name: f"{one.proved.name}_again"})
            before: tuple[str, ...] = ()
            goals: tuple[GoalText, ...] = ()
            for sentence in (statement, "Proof.", *(each.text for each in split(one.proved.proof))):
                if left() <= 0:
                    break
                outcome = run(before, sentence, STEP_SECONDS)
                if not outcome.ok:
                    break
                text = normal_text(sentence).removesuffix(".").rstrip()
                if goals and len(text) <= LONGEST and not _NO_TACTIC.match(text):
                    self.add(Taken(view(goals[0]), text))
                before, goals = (*before, sentence), outcome.goals[: outcome.focused]

    def add(self, taken: Taken) -> None:
        """Remembers a step of a proof nearby."""
        self._index.add(features(taken.goal))
        self._taken.append(taken)
        self._told.clear()

    def tactics(self, goal: View, most: int) -> list[str]:
        """The tactics taken at the goals most like this one, in its own names, nearest first."""
        if goal not in self._told:
            self._told[goal] = self._nearest(goal, most)
        return self._told[goal]

    def _nearest(self, goal: View, most: int) -> list[str]:
        old = len(self._index) - len(self._taken)
        try:
            nearest = self._index.nearest(
                features(goal), LOOKED_AT + most, lambda steps: np.where(steps < old, 1.0, NEARBY)
            )
        except (IndexError, ValueError) as error:
            if self._stored is None:
                raise
            raise self._stored.damaged(error) from None
        steps = [self._step(near.step, old) for near in nearest]
        new = dict.fromkeys(name for one in steps for name in one.names if name not in self._known)
        self._known |= dict.fromkeys(new, False)  # what is no name is no text for the prover
        asked = [name for name in new if NAME.fullmatch(name)]
        self._known |= {name: said is not None and is_known(said) for name, said in self._locate(asked)}
        found: dict[str, float] = {}
        for near, one in zip(nearest, steps, strict=True):
            tactic = _carried(one, goal) if all(self._known[name] for name in one.names) else None
            if tactic is not None:
                found[tactic] = found[tactic] + AGAIN * near.nearness if tactic in found else near.nearness
        return sorted(found, key=lambda tactic: -found[tactic])[:most]

    def _step(self, number: int, old: int) -> Taken:
        return self._stored[number] if self._stored is not None and number < old else self._taken[number - old]


def _carried(taken: Taken, goal: View) -> str | None:
    try:
        return carried_over(taken, goal)
    except Unterminated:  # no tactic, which a damaged index may hold
        return None
