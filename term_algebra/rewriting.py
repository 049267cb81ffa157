"""Rewriting of first-order terms outside the prover, to see which conjectures others derive.

Patterns are nested tuples `(head, argument, …)`; a string alone is a variable. Operations known to be commutative or
associative are brought into a sorted, flat form instead of being rewritten.

Invariant: `RuleSet.learn` answers False only for an equation that the earlier ones derive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from domain import App, Const, Term, Var
from term_algebra.ordering import Precedence

Pattern: TypeAlias = "str | tuple[object, ...]"


def to_pattern(term: Term, known: dict[int, Pattern] | None = None) -> Pattern:
    """A variable as its name, everything else as `(head, …)`; a head that is no constant is kept as a term.

    `known` has the patterns of terms by their places in memory, and gets those that are made: with it the patterns of
    all subterms of a term, of a number like `2003 : nat` for example, share what they have in common.
    """
    if isinstance(term, Var):
        return term.name
    if isinstance(term, Const):
        return (term.name,)
    if not isinstance(term, App):
        return (term,)
    if known is not None and id(term) in known:
        return known[id(term)]
    top = term.function
    key: object = top.name if isinstance(top, Const) else ("@", top.name if isinstance(top, Var) else top)
    made = (key, *(to_pattern(argument, known) for argument in term.arguments))
    if known is not None:
        known[id(term)] = made
    return made


def to_term(pattern: Pattern) -> Term:
    """The term of which `to_pattern` made a pattern."""
    if isinstance(pattern, str):
        return Var(pattern)
    top, *rest = pattern
    head: Any = top
    if isinstance(top, str):
        head = Const(top)
    elif isinstance(top, tuple):
        head = Var(top[1]) if isinstance(top[1], str) else top[1]
    return App(head, tuple(to_term(part) for part in rest)) if rest else head  # type: ignore[arg-type]


def match(pattern: Pattern, target: Pattern, table: dict[str, Pattern]) -> bool:
    """One-sided matching; extends `table`."""
    if isinstance(pattern, str):
        known = table.get(pattern)
        if known is None:
            table[pattern] = target
            return True
        return known == target
    if isinstance(target, str) or len(pattern) != len(target) or pattern[0] != target[0]:
        return False
    return all(match(p, t, table) for p, t in zip(pattern[1:], target[1:], strict=True))  # type: ignore[arg-type]


def fill(pattern: Pattern, table: dict[str, Pattern]) -> Pattern:
    if isinstance(pattern, str):
        return table.get(pattern, pattern)
    return (pattern[0], *(fill(part, table) for part in pattern[1:]))  # type: ignore[arg-type]


@dataclass
class RuleSet:
    """Equations learned so far, oriented where they can be."""

    precedence: Precedence
    rules: dict[object, list[tuple[Pattern, Pattern]]] = field(
        default_factory=dict[object, "list[tuple[Pattern, Pattern]]"]
    )
    loose: list[tuple[Pattern, Pattern]] = field(default_factory=list[tuple[Pattern, Pattern]])
    commutative: set[object] = field(default_factory=set[object])
    associative: dict[object, bool] = field(default_factory=dict[object, bool])
    """Operations, each with whether its rule makes combinations nest to the right."""

    def is_reducible_at_root(self, term: Pattern) -> bool:
        """Whether a rule applies at the root, or the arguments of an operation are out of order."""
        if isinstance(term, str):
            return False
        if any(match(left, term, {}) for left, _ in self.rules.get(term[0], ())):
            return True
        return term[0] in self.commutative and self._sorted(term) != term

    def normal(self, term: Pattern, fuel: int = 60) -> Pattern:
        """A normal form by the rules, innermost first, operations sorted."""
        if isinstance(term, str):
            return term
        term = (term[0], *(self.normal(part, fuel) for part in term[1:]))  # type: ignore[arg-type]
        for left, right in self.rules.get(term[0], ()):
            table: dict[str, Pattern] = {}
            if fuel > 0 and match(left, term, table):
                return self.normal(fill(right, table), fuel - 1)
        return self._sorted(term)

    def _sorted(self, term: tuple[object, ...]) -> Pattern:
        top = term[0]
        if top not in self.commutative or len(term) < 3:
            return term
        prefix, (a, b) = term[:-2], term[-2:]
        if top not in self.associative:
            return (*prefix, *sorted((a, b), key=repr))
        parts = sorted([*self._flat(a, prefix), *self._flat(b, prefix)], key=repr)
        to_the_right = self.associative[top]
        result, *rest = reversed(parts) if to_the_right else parts
        for part in rest:
            result = (*prefix, part, result) if to_the_right else (*prefix, result, part)
        return result  # type: ignore[return-value]

    def _flat(self, term: object, prefix: tuple[object, ...]) -> list[object]:
        if isinstance(term, tuple) and len(term) == len(prefix) + 2 and term[: len(prefix)] == prefix:
            return [*self._flat(term[-2], prefix), *self._flat(term[-1], prefix)]
        return [term]

    def learn(self, left: Pattern, right: Pattern) -> bool:
        """Add an equation, unless it follows from the others."""
        if self.derives(left, right):
            return False
        self._add(left, right)
        return True

    def derives(self, left: Pattern, right: Pattern) -> bool:
        """Whether an equation follows from those learned, by rewriting or as an instance."""
        a, b = self.normal(left), self.normal(right)
        if a == b:
            return True
        return any(
            match(p, a, table := {}) and match(q, b, table)
            for one, other in self.loose
            for p, q in ((one, other), (other, one))
        )

    def _add(self, left: Pattern, right: Pattern) -> None:
        if self._is_commutativity(left, right):
            assert isinstance(left, tuple)
            self.commutative.add(left[0])
            return
        for a, b in ((left, right), (right, left)):
            if isinstance(a, tuple) and self.precedence.larger(to_term(a), to_term(b)):
                self.rules.setdefault(a[0], []).append((a, b))
                if self._is_associativity(a, b) or self._is_associativity(b, a):
                    self.associative[a[0]] = self._is_associativity(a, b)
                return
        self.loose.append((left, right))

    def _is_commutativity(self, left: Pattern, right: Pattern) -> bool:
        if isinstance(left, str) or isinstance(right, str) or len(left) < 3 or left[:-2] != right[:-2]:
            return False
        a, b = left[-2:]
        return isinstance(a, str) and isinstance(b, str) and a != b and (b, a) == right[-2:]

    def _is_associativity(self, left: Pattern, right: Pattern) -> bool:
        if isinstance(left, str) or isinstance(right, str) or len(left) < 3 or left[:-2] != right[:-2]:
            return False
        prefix, (inner, z), (x, rest) = left[:-2], left[-2:], right[-2:]
        if not isinstance(inner, tuple) or len(inner) != len(left):
            return False
        y = inner[-1]
        return isinstance(x, str) and isinstance(z, str) and inner == (*prefix, x, y) and rest == (*prefix, y, z)
