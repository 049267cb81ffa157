"""Tactics at goals: what each leaves is remembered, and what closes a goal is written as plainly as it goes.

Invariant: what a step says in the place of a tactic that was tried leaves the same goals.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from pipeline.development.search import moves, splits
from pipeline.development.search.budget import Budget
from pipeline.development.search.context import Context
from pipeline.development.search.levels import LONG
from pipeline.development.search.moves import Closer, view
from pipeline.development.search.plainer import fewest, plainer
from pipeline.development.search.steps import Step
from verifiers.audit.rocq.lint import refuse_block
from verifiers.rocq.document import GoalText

QUICK_SECONDS = 0.5
"""CPU seconds of a move or of the quick closing tactics."""

Prefix: TypeAlias = tuple[str, ...]
"""Sentences that lead to a goal."""

TO_BE_FOUND = re.compile(r"(?<![\w.'])\?[A-Za-z_]")
"""An existential variable that is still to be found."""


class Left(NamedTuple):
    """Goals that a tactic leaves, None where it fails; and how many values it leaves to be found."""

    goals: tuple[GoalText, ...] | None
    shelved: int = 0
    stopped_after: float = math.inf
    """The CPU seconds that were not enough, if that is why it failed."""


@dataclass
class Tries:
    """What was tried behind `before`: a statement's sentence, `Proof.` and steps that lead to one goal in focus."""

    context: Context
    before: str
    budget: Budget
    _left: dict[tuple[str, str], Left] = field(default_factory=dict[tuple[str, str], Left], init=False)
    _slow: Counter[str] = field(default_factory=Counter[str], init=False)
    """At how many goals of this search a quick tactic was not quick."""

    def _try(self, prefix: Prefix, goal: GoalText, tactic: str, seconds: float = QUICK_SECONDS) -> Left:
        key = (str(goal), tactic)
        known = self._left.get(key)
        if known is None or known.stopped_after < seconds:
            known = self._left[key] = self._run(prefix, tactic, seconds)
        return known

    def _run(self, prefix: Prefix, tactic: str, seconds: float = QUICK_SECONDS) -> Left:
        self.budget.check()
        if refuse_block(f"{tactic}."):
            return Left(None)
        outcome = self.context.session.step(prefix, f"{tactic}.", seconds)
        if outcome.reason == "timeout":
            return Left(None, stopped_after=seconds)
        return Left(outcome.goals[: outcome.focused] if outcome.ok else None, outcome.shelved)

    def _closes(self, prefix: Prefix, goal: GoalText, closer: Closer, seconds: float) -> bool:
        return self._is_closed(goal, self._try(prefix, goal, f"solve [{closer.tactic}]", seconds))

    def _is_closed(self, goal: GoalText, left: Left) -> bool:
        """Whether nothing is left of a goal, values included that it did not ask for itself."""
        return left.goals == () and (not left.shelved or TO_BE_FOUND.search(str(goal)) is not None)

    def _quick_step(self, prefix: Prefix, goal: GoalText) -> Step | None:
        """The step with a quick tactic that closes the goal.

        One that takes too long is left out from then on; arithmetic, which ends elsewhere, only after three goals.
        """
        slow = {part for part, goals in self._slow.items() if goals >= (3 if part in moves.ARITHMETIC else 1)}
        quick = moves.closers(self.context.tactics, slow)
        if not quick.parts:
            return None
        if self._closes(prefix, goal, quick, QUICK_SECONDS):
            return self._first(prefix, goal, quick)
        if self._try(prefix, goal, f"solve [{quick.tactic}]").stopped_after == math.inf:
            return None
        for part in quick.parts:
            left = self._try(prefix, goal, f"solve [{part}]", QUICK_SECONDS / 2)
            if self._is_closed(goal, left):
                return Step(part)
            if left.stopped_after < math.inf:
                self._slow[part] += 1
        return None

    def _first(self, prefix: Prefix, goal: GoalText, closer: Closer) -> Step:
        """The step with the first part of a closer that closes the goal by itself."""
        for part in closer.parts:
            if self._is_closed(goal, self._try(prefix, goal, f"solve [{part}]")):
                return Step(part)
        return Step(closer.tactic)

    def _least(self, prefix: Prefix, goal: GoalText, closer: Closer) -> Step:
        """The step with no more parts of a closer than it needs, the least relevant dropped first."""
        for part in reversed(closer.parts):
            shorter = closer.without(part)
            if self._closes(prefix, goal, shorter, LONG):
                closer = shorter

        def closes(tactic: str) -> bool:
            return self._is_closed(goal, self._try(prefix, goal, tactic, LONG))

        plain = plainer(closer.tactic, [name for name, _ in view(goal).hypotheses], closes)
        return Step(plain if closes(plain) else f"solve [{plain}]")

    def _by_name(self, prefix: Prefix, goal: GoalText, tactic: str) -> str:
        """A move that leaves the same goals, and names what it is about and nothing else; the move if seconds lack."""
        left = self._try(prefix, goal, tactic)

        def same(other: str) -> bool:
            return self.budget.left > 0 and self._try(prefix, goal, other) == left

        if splits.is_split(tactic):
            said = self.context.session.run(f"{tactic}.", before="\n".join(prefix), in_full=False).goals
            known = {name for name, _ in view(goal).hypotheses}
            forms = splits.by_name(known, dict(view(said[0]).hypotheses)) if said else ()
            return next(filter(same, forms), tactic)
        if tactic.endswith(" in *") and not tactic.startswith("simpl"):
            return fewest(tactic, same)
        return tactic
