"""Search for a proof of one hole: steps as a user would write them, tried in the warm prover one after the other.

A goal is first given to closing tactics; then each move is tried on it, and the goals that it leaves are searched in
turn, deeper and with stronger closing tactics from level to level. What a tactic makes of a goal is remembered, so a
deeper level repeats nothing but what ran out of time and may now take longer.

Invariant: nothing here accepts a proof. A block that is found was accepted up to `Qed` by a warm prover behind the
file's own text; the compilation of the whole file decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.development.search import instances, moves, reflection, splits, ssreflect
from pipeline.development.search.budget import Spent
from pipeline.development.search.inductions import inductions
from pipeline.development.search.levels import LEVELS, LONG, SPLITS, Level
from pipeline.development.search.moves import Closer, Move, View, view
from pipeline.development.search.plainer import in_one, without_idle
from pipeline.development.search.premises import LOGIC, Premise, as_one, bound_names, symbols_of
from pipeline.development.search.steps import Step, joined, sentences
from pipeline.development.search.tries import TO_BE_FOUND, Prefix, Tries
from verifiers.audit.rocq.sentences import split
from verifiers.rocq.document import GoalText

MOST_GOALS = 20
"""A move that leaves more goals is not followed."""

MOST_PREMISES = 10
"""Lemmas that are told at a goal."""

PREMISES_A_PASS, MOST_SKIPPED, KEPT = 5, 40, 3
"""Where all levels have failed, other premises follow, so many at a time; the very best of each goal stay."""

UNROLL_SECONDS = 1.0
"""CPU seconds that have to be left for a tactic that repeats splits to be written split by split."""


@dataclass
class Search(Tries):
    """A search in a context for a proof of a statement, its beginning perhaps given."""

    extra: tuple[Premise, ...] = ()
    """Further premises, which `before` or the context states."""
    skipped: int = 0
    """How many of the best premises an earlier pass has tried, `KEPT` not among them."""
    _failed: dict[str, list[Level]] = field(default_factory=dict[str, list[Level]])
    _premises: dict[frozenset[str], list[Premise]] = field(default_factory=dict[frozenset[str], list[Premise]])

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
        left = self.context.session.steps(before, sentences(step), LONG)
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
        if TO_BE_FOUND.match(goal.conclusion.lstrip("@(")):
            return None  # it would become a quantification again and again
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
        text = f"{goal.conclusion} {' '.join(goal.hypotheses)}"
        symbols = as_one(symbols_of(text, [*bound_names(text), *(name for name, _ in shown.hypotheses)]))
        for simpler in (*moves.simplifications(shown), *reflection.sums(symbols, self.context.names.knows)):
            found = self._follow(prefix, goal, simpler, level)
            if found is not None:
                return found
        premises = self._relevant(symbols)
        for strength in (1, 2)[: level.strength]:
            heavy = strength == 2
            for closer in self._strong_closers(shown, premises, symbols, heavy=heavy):
                if self._closes(prefix, goal, closer, level.seconds):
                    least = self._least(prefix, goal, closer)
                    return self._unrolled(prefix, goal, least) or least
        if level.depth <= 0:
            return None
        for move in self._moves(shown, premises, symbols, wide=level.wide, others=level.others):
            found = self._follow(prefix, goal, move, level)
            if found is not None:
                return found
        return None

    def _unrolled(self, prefix: Prefix, goal: GoalText, closer: Step) -> Step | None:
        """A proof in place of a tactic that repeats splits, each of them said."""
        begin, repeated, _ = closer.tactic.partition("repeat (match goal ")
        if not repeated or self.budget.left < UNROLL_SECONDS:
            return None
        unfolds = begin.removeprefix("solve [").partition(";")[0]
        try:
            if unfolds:
                return self._follow(prefix, goal, Move(unfolds, 0), SPLITS)
            return self._search(prefix, goal, SPLITS)
        except Spent:
            return None

    def _strong_closers(
        self, shown: View, premises: Sequence[Premise], symbols: frozenset[str], *, heavy: bool
    ) -> Iterator[Closer]:
        if moves.SSREFLECT in self.context.tactics and not heavy:
            yield from ssreflect.closers(shown, premises, [one for one in self.context.unfoldable if one in symbols])
        unfoldable = self._unfoldable(symbols) if heavy else ()
        yield from moves.strong_closers(shown, premises, self.context.tactics, unfoldable, heavy=heavy)

    def _moves(
        self, shown: View, premises: Sequence[Premise], symbols: frozenset[str], *, wide: bool, others: bool
    ) -> list[Move]:
        if not others:
            return [Move(splits.IN_ORDER, 1)]
        principles = [premise.name for premise in self._relevant(symbols) if premise.name.endswith(("_ind", "_rect"))]
        views = ssreflect.moves(shown, premises) if moves.SSREFLECT in self.context.tactics and wide else ()
        tests = any("@eq bool " in type_ for _, type_ in shown.hypotheses)
        remembered = [Move(tactic, 1) for tactic in self.context.remembered(shown)]
        return [
            *(reflection.moves(symbols, self.context.names.knows) if wide or tests else ()),
            *remembered,
            *views,
            *inductions(shown, principles),
            *(moves.moves(shown, premises, self._unfoldable(symbols), symbols) if wide else ()),
            *(instances.moves(shown, premises[:8]) if wide else ()),
        ]

    def _unfoldable(self, symbols: frozenset[str]) -> list[str]:
        """What may be unfolded in a goal."""
        return self.context.names.definitions(self.context.unfoldable, symbols - LOGIC)

    def _follow(self, prefix: Prefix, goal: GoalText, move: Move, level: Level) -> Step | None:
        if move.cost > level.depth:
            return None
        left = self._try(prefix, goal, move.tactic)
        if left.goals is None or len(left.goals) > MOST_GOALS or goal in left.goals:
            return None
        found = self._after(prefix, move.tactic, left.goals, level._replace(depth=level.depth - move.cost))
        found = found and Step(self._by_name(prefix, goal, move.tactic), found.then)
        if found is None or len(found.then) < 2:
            return found
        return in_one(found, lambda tactic: self._is_closed(goal, self._try(prefix, goal, tactic, LONG)))

    def _after(self, prefix: Prefix, tactic: str, goals: tuple[GoalText, ...], level: Level) -> Step | None:
        """The step with proofs of all goals that it leaves."""
        then: list[Step] = []
        depends = any(TO_BE_FOUND.search(str(goal)) for goal in goals)
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
        step = joined(Step(tactic, tuple(then)))
        if depends and self._shelved((*prefix, *sentences(step))) > self._shelved(prefix):
            return None  # a value that nobody found
        return step

    def _shelved(self, prefix: Prefix) -> int:
        """How many values are still to be found behind these sentences."""
        self.budget.check()
        return self.context.session.step(prefix[:-1], prefix[-1]).shelved

    def _relevant(self, symbols: frozenset[str]) -> list[Premise]:
        if symbols not in self._premises:
            given = self.context.given
            found = self.context.premises(symbols, MOST_PREMISES + self.skipped)
            near = [one for one in found if one not in given]
            del near[KEPT : KEPT + self.skipped]
            self._premises[symbols] = [*given, *self.extra, *near]
        return self._premises[symbols]
