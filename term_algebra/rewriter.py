"""Normal forms by lemmas and computation, and the steps that lead there.

Rules under hypotheses are used where the hypotheses are joined in the same way, once nothing else applies. Operands of
an operation that lemmas show to be commutative and associative are sorted, and a rule is matched modulo both. Other
equations that only permute are used where the result is smaller.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from domain import App, Lemma
from term_algebra import free_variables
from term_algebra.operands import MOST_STEPS, Operands, Operation
from term_algebra.ordering import Rule, is_associativity
from term_algebra.rewriting import Pattern, fill, match, to_pattern, to_term
from term_algebra.simplification import simplify
from term_algebra.steps import Step, Way, frozen, inside_out, instance, order, permutes, replaced, symbols
from term_algebra.theory import Theory, as_equation

DEPTH = 2
"""How deep hypotheses of rules may be nested in one another's derivations."""

MOST_LOOKS = 600
"""Searches for the next step, those for conditions included."""

MOST_SYMBOLS = 600
"""Symbols of an equation that is to be joined; where rewriting makes more of it, or a number is larger, it ends."""

CHOICES = 200
"""Ways in which one rule is matched with one term modulo the order of operands."""


class Rewriter:
    """Normal forms by the rules among some lemmas."""

    def __init__(
        self,
        theory: Theory,
        rule: Callable[[Lemma], Rule],
        lemmas: Sequence[Lemma],
        facts: Sequence[Way] = (),
    ) -> None:
        self._theory = theory
        self._ways: dict[object, list[Way]] = {}
        for way in facts:
            self._ways.setdefault(way.left[0], []).append(way)
        self._computed: dict[Pattern, Pattern] = {}
        self._known: dict[tuple[Pattern, Pattern], list[Step] | None] = {}
        """What joins the sides of a condition that was asked for."""
        self._turns: set[tuple[Pattern, Pattern]] = set()
        """What was rewritten to what, and led back: two rules may undo each other."""
        self._looks = MOST_LOOKS
        self.goal: Pattern = ("=",)
        """What was last to be joined, as far as it came."""
        swaps: dict[Pattern, Way] = {}
        groups: dict[Pattern, Way] = {}
        for lemma in lemmas:
            used = rule(lemma)
            sides = as_equation(used.statement.conclusion)
            if sides is None:
                continue
            if used.kind == "commutative" and not used.statement.hypotheses:
                left, right = to_pattern(sides.left), to_pattern(sides.right)
                swaps.setdefault(left[:-2], Way(left, right, lemma))  # type: ignore[arg-type]
            for reverse, (a, b) in ((False, (sides.left, sides.right)), (True, (sides.right, sides.left))):
                if not used.statement.hypotheses and is_associativity(a, b):
                    left, right = to_pattern(a), to_pattern(b)
                    groups.setdefault(left[:-2], Way(left, right, lemma, reverse))  # type: ignore[arg-type]
            if used.kind == "rewrite" and isinstance(used.left, App) and used.right is not None:
                way = _way(lemma, used)
                if way is not None:
                    self._ways.setdefault(way.left[0], []).append(way)  # type: ignore[index]
            elif not used.statement.hypotheses:
                for way in _permuting(lemma, to_pattern(sides.left), to_pattern(sides.right)):
                    self._ways.setdefault(way.left[0], []).append(way)  # type: ignore[index]
        operations = {prefix: Operation(swap, groups[prefix]) for prefix, swap in swaps.items() if prefix in groups}
        self._operands = Operands(operations)
        self._swaps = {prefix: swap for prefix, swap in swaps.items() if prefix not in operations}
        for prefix, operation in operations.items():  # one way to group operands, whatever a rule says
            ways = self._ways.get(prefix[0], [])
            kept = [way for way in ways if way.by is not operation.regroup.by and way.by is not operation.swap.by]
            self._ways[prefix[0]] = [*kept, operation.regroup]

    # ------------------------------------------------------------------------------------------------------ derivation

    def joined(self, left: Pattern, right: Pattern, depth: int = DEPTH) -> list[Step] | None:
        """Steps after which two terms are the same; None if no more is known to be done."""
        goal: Pattern = ("=", left, right)
        steps: list[Step] = []
        reached: dict[Pattern, int] = {goal: 0}
        """The equations so far, each with the number of steps that led to it."""
        if depth == DEPTH:
            self.goal = goal
        while len(steps) <= MOST_STEPS and self._looks > 0:
            assert isinstance(goal, tuple)
            if goal[1] == goal[2]:
                return steps
            self._looks -= 1
            if symbols(goal) > MOST_SYMBOLS:
                return None
            more = self._next(goal, depth)
            if not more:
                return None
            for step in more:
                goal = replaced(goal, step)
                steps.append(step)
            if goal in reached:
                at = reached[goal]
                self._turns.add((steps[at].old, steps[at].new))
                del steps[at:]
                reached = {one: number for one, number in reached.items() if number <= at}
            reached[goal] = len(steps)
            if depth == DEPTH:
                self.goal = goal
        return None

    def _next(self, goal: Pattern, depth: int) -> list[Step] | None:
        terms = inside_out(goal)[:-1]
        for term in terms:
            step = self._simple(term)
            if step is not None:
                return [step]
        for term in terms if self._swaps else ():
            steps = self._swapped(term)
            if steps is not None:
                return steps
        for term in terms:
            steps = self._operands.sorting(term)
            if steps is not None:
                return steps
        for term in terms if self._operands else ():
            steps = self._modulo(goal, term)
            if steps is not None:
                return steps
        conditional = (self._under_conditions(term, depth) for term in terms if depth > 0)
        return next(([step] for step in conditional if step is not None), None)

    def _simple(self, term: tuple[object, ...]) -> Step | None:
        """Computation, or a rule without conditions as it stands."""
        value = self._compute(term)
        if value != term:
            return Step(term, value)
        for way in self._ways.get(term[0], ()):
            if not way.conditions and match(way.left, term, {}):
                step = instance(way, term)
                if (not way.ordered or order(step.new) < order(step.old)) and (term, step.new) not in self._turns:
                    return step
        return None

    def _swapped(self, term: tuple[object, ...]) -> list[Step] | None:
        """A rule that matches once two operands are swapped."""
        swap = self._swaps.get(term[:-2])
        if swap is None:
            return None
        swapped = instance(swap, term)
        assert isinstance(swapped.new, tuple)
        for way in self._ways.get(swapped.new[0], ()):
            if not way.ordered and not way.conditions and match(way.left, swapped.new, {}):
                return [swapped, instance(way, swapped.new)]
        return None

    def _under_conditions(self, term: tuple[object, ...], depth: int) -> Step | None:
        """A rule whose conditions are derived."""
        for way in self._ways.get(term[0], ()):
            table: dict[str, Pattern] = {}
            if not way.conditions or not match(way.left, term, table):
                continue
            asked = [(fill(left, table), fill(right, table)) for left, right in way.conditions]
            for one in asked:
                if one not in self._known:
                    self._known[one] = None  # nothing is derived from itself
                    self._known[one] = self.joined(*one, depth - 1)
            premises = [found for one in asked if (found := self._known[one]) is not None]
            if len(premises) == len(asked):
                return instance(way, term, tuple(map(tuple, premises)))
        return None

    def _compute(self, term: tuple[object, ...]) -> Pattern:
        if term not in self._computed:
            value = frozen(simplify(to_term(term), self._theory))
            self._computed[term] = value if _is_first_order(value) else term
        return self._computed[term]

    # -------------------------------------------------------------------------------------------- operands in any order

    def _modulo(self, goal: Pattern, term: tuple[object, ...]) -> list[Step] | None:
        """A rule that matches a term once operands are in another order: what orders them so, then the rule."""
        for way in self._ways.get(term[0], ()):
            if way.conditions or way.ordered or self._operands.matches_as_it_stands(way.left):
                continue
            for table in itertools.islice(self._operands.matches(way.left, term, {}), CHOICES):
                shape = fill(way.left, table)
                order, found = self._operands.to_sorted(shape)
                step = instance(way, shape)
                if found != term or self._operands.to_sorted(step.new)[1] == term:
                    continue
                steps = [*(one.undone for one in reversed(order)), step]
                seen = goal
                for one in steps[:-1]:
                    seen = replaced(seen, one)
                if replaced(seen, step) != seen:
                    return steps
        return None


def _is_first_order(pattern: Pattern) -> bool:
    return all(isinstance(part[0], str | tuple) for part in inside_out(pattern))


def _permuting(lemma: Lemma, left: Pattern, right: Pattern) -> list[Way]:
    """An equation whose sides have the same symbols, in both directions."""
    if not (isinstance(left, tuple) and isinstance(right, tuple) and permutes(left, right)):
        return []
    return [Way(left, right, lemma, ordered=True), Way(right, left, lemma, reverse=True, ordered=True)]


def _way(lemma: Lemma, used: Rule) -> Way | None:
    """The rule of a lemma whose hypotheses, if any, are equations about the variables of its left side."""
    assert used.left is not None
    assert used.right is not None
    conditions: list[tuple[Pattern, Pattern]] = []
    for hypothesis in used.statement.hypotheses:
        sides = as_equation(hypothesis.type)
        if sides is None or not free_variables(hypothesis.type) <= free_variables(used.left):
            return None
        conditions.append((to_pattern(sides.left), to_pattern(sides.right)))
    return Way(to_pattern(used.left), to_pattern(used.right), lemma, used.reverse, tuple(conditions))
