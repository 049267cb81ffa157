"""Ground values of closed types, as the evaluator has them and as a prover's terms are written from them.

A constructor is a tuple `(index, field, …)` without the datatype's parameters; an atom of a type variable is an `int`,
and so is an integer; a function is a one-argument Python callable; types and proofs are `None`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from domain import Forall, Term

Value: TypeAlias = Any
"""A tuple, an int, a callable or None."""

ATOMS = 3
"""Inhabitants of a type variable: type variables are free variables of a type."""


class UnsupportedError(Exception):
    """The term has no value here: an unknown constant, a type used as data, an unbounded proposition."""


class Recorded:
    """A function that remembers at which points it was asked, and what it answered."""

    def __init__(self, function: Callable[[Value], Value], codomain: Term) -> None:
        self.points: dict[Value, Value] = {}
        self._function, self._codomain = function, codomain

    def __call__(self, value: Value) -> Value:
        if value not in self.points:
            self.points[value] = recorded(self._function(value), self._codomain)
        return self.points[value]


def recorded(value: Value, type_: Term) -> Value:
    """The value itself; a function as one that remembers."""
    return Recorded(value, type_.body) if isinstance(type_, Forall) else value
