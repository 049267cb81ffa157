"""Search for a proof of one hole: steps as a user would write them, tried in the warm prover one after the other.

A goal is first given to closing tactics; then each move is tried on it, and the goals that it leaves are searched in
turn, deeper and with stronger closing tactics from level to level. What a tactic makes of a goal is remembered, so a
deeper level repeats nothing but what ran out of time and may now take longer.

Invariant: nothing here accepts a proof. A block that is found was accepted up to `Qed` by a warm prover behind the
file's own text; the compilation of the whole file decides.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from pipeline.development.search import instances, moves, reflection, ssreflect
from pipeline.development.search.budget import Budget
from pipeline.development.search.context import Context
from pipeline.development.search.levels import LEVELS, LONG, Level
from pipeline.development.search.moves import Closer, Move, View, view
from pipeline.development.search.plainer import in_one, plainer, without_idle
from pipeline.development.search.premises import Premise, bound_names, symbols_of
from pipeline.development.search.steps import Step, sentences
from verifiers.audit.rocq.lint import refuse_block
from verifiers.audit.rocq.sentences import split
from verifiers.rocq.document import GoalText

QUICK_SECONDS = 0.5
"""CPU seconds of a move or of the quick closing tactics."""

MOST_GOALS = 20
"""A move that leaves more goals is not followed."""

MOST_PREMISES = 10
"""Lemmas that are told at a goal."""

PREMISES_A_PASS, MOST_SKIPPED, KEPT = 5, 40, 3
"""Where all levels have failed, other premises follow, so many at a time; the very best of each goal stay."""

Prefix: TypeAlias = tuple[str, ...]
"""Sentences that lead to a goal."""

_VARIABLE = re.compile(r"(?<![\w.'])\?[A-Za-z_]")
"""An existential variable that is still to be found."""


class _Left(NamedTuple):
    """Goals that a tactic leaves, None where it fails; and how many values it leaves to be found."""

    goals: tuple[GoalText, ...] | None
    shelved: int = 0
    stopped_after: float = math.inf
    """The CPU seconds that were not enough, if that is why it failed."""


@dataclass
class Search:
    """A search in a context for a proof of a statement, its beginning perhaps given.

    `before` is the statement's sentence, `Proof.` and steps that lead to one goal in focus.
    """

    context: Context
    before: str
    budget: Budget
    extra: tuple[Premise, ...] = ()
    """Further premises, which `before` or the context states."""
    skipped: int = 0
    """How many of the best premises an earlier pass has tried, `KEPT` not among them."""
    _left: dict[tuple[str, str], _Left] = field(default_factory=dict[tuple[str, str], _Left])
    _failed: dict[str, list[Level]] = field(default_factory=dict[str, list[Level]])
    _premises: dict[frozenset[str], list[Premise]] = field(default_factory=dict[frozenset[str], list[Premise]])
    _slow: Counter[str] = field(default_factory=Counter[str])
    """At how many goals of this search a quick tactic was not quick."""

    def run(self, levels: Sequence[Level] = LEVELS) -> Step | None:
        """A proof of the goal behind `before`, or None. Raises `Spent`."""
        before = tuple(sentence.text for sentence in split(self.before))
        start = self._run(before, "idtac")
        if start.goals is None or len(start.goals) != 1:
            return None
        for level in levels:
            found = self._prove(before, start.goals[0], level)
            if found is not None:
                return without_idle(found, lambda step: self._works(before, step))
        return None

    def _works(self, before: Prefix, step: Step) -> bool:
        """Whether a proof is one. Says no when the seconds are used up."""
        if self.budget.left <= 0:
            return False
        *steps, last = sentences(step)
        left = self.context.session.step((*before, *steps), last, LONG)
        return left.ok and not left.focused and not left.shelved

    def further(self) -> bool:
        """Goes on to the next best premises; whether there may be any."""
        self.skipped += PREMISES_A_PASS
        self._failed.clear()
        self._premises.clear()
        return self.skipped < MOST_SKIPPED

    # ---------------------------------------------------------------------------------------------------- one goal

    def _prove(self, prefix: Prefix, goal: GoalText, level: Level) -> Step | None:
        key = str(goal)
        if any(tried.covers(level) for tried in self._failed.get(key, ())):
            return None
        found = self._introduce(prefix, goal, level) or self._search(prefix, goal, level)
        if found is None:
            self._failed.setdefault(key, []).append(level)
        return found

    def _introduce(self, prefix: Prefix, goal: GoalText, level: Level) -> Step | None:
        """Introduces what the goal quantifies, under the names that the prover gives it; also behind a definition."""
        bare = moves.is_quantified(goal.conclusion)
        left = self._try(prefix, goal, "intros" if bare else "intro")
        if left.goals is None or len(left.goals) != 1 or left.goals[0] == goal:
            return None
        known = {name for name, _ in view(goal).hypotheses}
        new = [name for name, _ in view(left.goals[0]).hypotheses if name not in known]
        tactic = f"intros {' '.join(new)}" if new else "intros" if bare else "intro"
        return self._after(prefix, tactic, left.goals, level)

    def _search(self, prefix: Prefix, goal: GoalText, level: Level) -> Step | None:
        shown = view(goal, self.context.relations)
        quick = self._quick_step(prefix, goal)
        if quick is not None:
            return quick
        simpler = self._follow(prefix, goal, Move("simpl in *", 0), level)
        if simpler is not None:
            return simpler
        text = f"{goal.conclusion} {' '.join(goal.hypotheses)}"
        symbols = symbols_of(text, [*bound_names(text), *(name for name, _ in shown.hypotheses)])
        premises = self._relevant(symbols)
        for strength in (1, 2)[: level.strength]:
            heavy = strength == 2
            for closer in self._strong_closers(shown, premises, symbols, heavy=heavy):
                if self._closes(prefix, goal, closer, level.seconds):
                    return self._least(prefix, goal, closer)
        if level.depth <= 0:
            return None
        for move in self._moves(shown, premises, symbols, wide=level.wide):
            found = self._follow(prefix, goal, move, level)
            if found is not None:
                return found
        return None

    def _strong_closers(
        self, shown: View, premises: Sequence[Premise], symbols: frozenset[str], *, heavy: bool
    ) -> Iterator[Closer]:
        if moves.SSREFLECT in self.context.tactics and not heavy:
            yield from ssreflect.closers(shown, premises, [one for one in self.context.unfoldable if one in symbols])
        yield from moves.strong_closers(shown, premises, self.context.tactics, heavy=heavy)

    def _moves(self, shown: View, premises: Sequence[Premise], symbols: frozenset[str], *, wide: bool) -> list[Move]:
        principles = [premise.name for premise in self._relevant(symbols) if premise.name.endswith(("_ind", "_rect"))]
        views = ssreflect.moves(shown, premises) if moves.SSREFLECT in self.context.tactics and wide else ()
        structures = moves.structures(shown, principles)
        tests = any("@eq bool " in type_ for _, type_ in shown.hypotheses)
        remembered = [Move(tactic, 1) for tactic in self.context.remembered(shown)]
        return [
            *(reflection.moves(symbols, self.context.knows) if wide or tests else ()),
            *remembered,
            *views,
            *structures,
            *(moves.moves(shown, premises, self.context.unfoldable, symbols) if wide else ()),
            *(instances.moves(shown, premises[:8]) if wide else ()),
        ]

    def _follow(self, prefix: Prefix, goal: GoalText, move: Move, level: Level) -> Step | None:
        if move.cost > level.depth:
            return None
        left = self._try(prefix, goal, move.tactic)
        if left.goals is None or len(left.goals) > MOST_GOALS or goal in left.goals:
            return None
        found = self._after(prefix, move.tactic, left.goals, level._replace(depth=level.depth - move.cost))
        if found is None or len(found.then) < 2:
            return found
        return in_one(found, lambda tactic: self._is_closed(goal, self._try(prefix, goal, tactic, LONG)))

    def _after(self, prefix: Prefix, tactic: str, goals: tuple[GoalText, ...], level: Level) -> Step | None:
        """The step with proofs of all goals that it leaves."""
        then: list[Step] = []
        depends = any(_VARIABLE.search(str(goal)) for goal in goals)
        for number, shown in enumerate(goals, 1):
            goal = shown
            focus = (f"{number}: {{",) if len(goals) > 1 else ()
            behind = (*prefix, f"{tactic}.", *focus)
            if depends and focus:  # what proves one goal says what the others are about
                behind = (*prefix, f"{tactic}.", *(one for step in then for one in ("{", *sentences(step), "}")), "{")
                left = self._run(behind, "idtac")
                if left.goals is None or len(left.goals) != 1:
                    return None
                goal = left.goals[0]
            found = self._prove(behind, goal, level)
            if found is None:
                return None
            then.append(found)
        step = _joined(Step(tactic, tuple(then)))
        if depends and self._shelved((*prefix, *sentences(step))) > self._shelved(prefix):
            return None  # a value that nobody found
        return step

    def _shelved(self, prefix: Prefix) -> int:
        """How many values are still to be found behind these sentences."""
        self.budget.check()
        return self.context.session.step(prefix[:-1], prefix[-1]).shelved

    def _closes(self, prefix: Prefix, goal: GoalText, closer: Closer, seconds: float) -> bool:
        return self._is_closed(goal, self._try(prefix, goal, f"solve [{closer.tactic}]", seconds))

    def _is_closed(self, goal: GoalText, left: _Left) -> bool:
        """Whether nothing is left of a goal, values included that it did not ask for itself."""
        return left.goals == () and (not left.shelved or _VARIABLE.search(str(goal)) is not None)

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

    def _relevant(self, symbols: frozenset[str]) -> list[Premise]:
        if symbols not in self._premises:
            given = self.context.given
            found = self.context.premises(symbols, MOST_PREMISES + self.skipped)
            near = [one for one in found if one not in given]
            del near[KEPT : KEPT + self.skipped]
            self._premises[symbols] = [*given, *self.extra, *near]
        return self._premises[symbols]

    # ------------------------------------------------------------------------------------------------- the prover

    def _try(self, prefix: Prefix, goal: GoalText, tactic: str, seconds: float = QUICK_SECONDS) -> _Left:
        key = (str(goal), tactic)
        known = self._left.get(key)
        if known is None or known.stopped_after < seconds:
            known = self._left[key] = self._run(prefix, tactic, seconds)
        return known

    def _run(self, prefix: Prefix, tactic: str, seconds: float = QUICK_SECONDS) -> _Left:
        self.budget.check()
        if refuse_block(f"{tactic}."):
            return _Left(None)
        outcome = self.context.session.step(prefix, f"{tactic}.", seconds)
        if outcome.reason == "timeout":
            return _Left(None, stopped_after=seconds)
        return _Left(outcome.goals[: outcome.focused] if outcome.ok else None, outcome.shelved)


def _joined(step: Step) -> Step:
    """Two introductions of names in a row as one."""
    if len(step.then) == 1 and step.tactic.startswith("intros ") and step.then[0].tactic.startswith("intros "):
        (then,) = step.then
        return Step(f"{step.tactic} {then.tactic.removeprefix('intros ')}", then.then)
    return step
