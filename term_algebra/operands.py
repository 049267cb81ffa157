"""Operands of commutative and associative operations: what sorts them, and matching whatever their order.

Everything is said as single steps, each an instance of one equation, so that a prover can repeat them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from term_algebra.rewriting import Pattern, match
from term_algebra.steps import Step, Way, inside_out, instance, order, replaced

MOST_STEPS = 600
"""Steps of one derivation."""


class Operation(NamedTuple):
    """What swaps the operands of an operation: `x y = y x`, and `(x y) z = x (y z)` as `regroup`."""

    swap: Way
    regroup: Way


class Operands:
    """The operations that some lemmas show to be commutative and associative, by all but their operands."""

    def __init__(self, operations: Mapping[Pattern, Operation]) -> None:
        self._operations = operations

    def __bool__(self) -> bool:
        return bool(self._operations)

    def matches_as_it_stands(self, pattern: Pattern) -> bool:
        """Whether a pattern has no such operation, so that it is matched as it stands."""
        return not any(part[:-2] in self._operations for part in inside_out(pattern))

    def sorting(self, term: tuple[object, ...]) -> list[Step] | None:
        """Swaps the first two operands of a combination that nests to the right, if they are out of order."""
        operation = self._operations.get(term[:-2])
        if operation is None:
            return None
        a, b, *rest = self._operands(term, term[:-2])
        if order(a) <= order(b):
            return None
        prefix = term[:-2]
        swap = instance(operation.swap, (*prefix, a, b))
        if not rest:
            return [swap]
        tail = self._combined(rest, prefix)
        together = instance(operation.regroup, (*prefix, (*prefix, a, b), tail))
        apart = instance(operation.regroup, (*prefix, (*prefix, b, a), tail))
        return [together.undone, swap, apart]

    def to_sorted(self, term: Pattern) -> tuple[list[Step], Pattern]:
        """What sorts the operands in a term, and what it gives."""
        steps: list[Step] = []
        while len(steps) < MOST_STEPS:
            more = next((found for part in inside_out(term) if (found := self._ordered(part))), None)
            if more is None:
                break
            for step in more:
                term = replaced(term, step)
            steps += more
        return steps, term

    def _ordered(self, term: tuple[object, ...]) -> list[Step] | None:
        """A step towards sorted operands that nest to the right."""
        operation = self._operations.get(term[:-2])
        if operation is None:
            return None
        if match(operation.regroup.left, term, {}):
            return [instance(operation.regroup, term)]
        return self.sorting(term)

    def matches(self, pattern: Pattern, term: Pattern, table: dict[str, Pattern]) -> Iterator[dict[str, Pattern]]:
        """The ways to match a term of sorted operands modulo their order; one that is left takes all that are left."""
        if isinstance(pattern, str):
            if table.get(pattern, term) == term:
                yield {**table, pattern: term}
            return
        if isinstance(term, str) or pattern[0] != term[0] or len(pattern) != len(term):
            return
        prefix = pattern[:-2]
        if prefix in self._operations and prefix == term[:-2]:
            parts = sorted(self._operands(pattern, prefix), key=lambda part: isinstance(part, str))
            yield from self._shared(parts, self._operands(term, prefix), prefix, table)
            return
        tables = [table]
        for part, other in zip(pattern[1:], term[1:], strict=True):
            tables = [more for one in tables for more in self.matches(part, other, one)]  # type: ignore[arg-type]
        yield from tables

    def _shared(
        self, parts: list[Pattern], terms: list[Pattern], prefix: Pattern, table: dict[str, Pattern]
    ) -> Iterator[dict[str, Pattern]]:
        """The ways to give the operands `terms` to the operands `parts` of a pattern."""
        if not parts or not terms:
            if not parts and not terms:
                yield table
            return
        known = next((part for part in parts if isinstance(part, str) and part in table), None)
        first = known if known is not None else parts[0]
        rest = list(parts)
        rest.remove(first)
        if known is not None:
            left = list(terms)
            for one in self._operands(table[known], prefix):
                if one not in left:
                    return
                left.remove(one)
            yield from self._shared(rest, left, prefix, table)
        elif isinstance(first, str) and not rest:
            yield {**table, first: self._combined(terms, prefix)}
        else:
            for one in dict.fromkeys(terms):
                left = list(terms)
                left.remove(one)
                for more in self.matches(first, one, table):
                    yield from self._shared(rest, left, prefix, more)

    def _operands(self, term: object, prefix: object) -> list[Pattern]:
        if isinstance(term, tuple) and term[:-2] == prefix:
            return [*self._operands(term[-2], prefix), *self._operands(term[-1], prefix)]
        return [term]  # type: ignore[list-item]

    def _combined(self, operands: Sequence[Pattern], prefix: Pattern) -> Pattern:
        result, *others = reversed(operands)
        for one in others:
            result = (*prefix, one, result)
        return result
