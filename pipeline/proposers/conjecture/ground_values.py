"""Ground values of closed types, small ones by size and random ones, and their text.

Invariant: what is made here is a value of the type that was asked for, as `term_algebra.values` says.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from domain import Const, Datatype, Forall, Sort, Term, Var
from term_algebra.standard import INTEGER, POSITIVE
from term_algebra.theory import Theory, head_name, pi_binders
from term_algebra.values import ATOMS, UnsupportedError, Value

REPEATED = 0.4
"""How often a value that was drawn before stands in for a new one, where values may turn up again."""

Drawn: TypeAlias = dict[Term, list[Value]]
"""What was drawn so far for one valuation, by type."""


class Choice(NamedTuple):
    """A constructor to draw."""

    number: int
    fields: list[tuple[Term, bool]]
    """Their types, and whether each is the datatype itself."""
    recursive: int
    """How many are."""


class Values:
    """Ground values of the types over one theory."""

    def __init__(self, theory: Theory) -> None:
        self.theory = theory
        self._by_size: dict[tuple[Term, int], list[Value]] = {}
        self._choices_of: dict[Term, tuple[list[Choice], list[Choice]]] = {}

    def is_finite(self, type_: Term, depth: int = 0) -> bool:
        if isinstance(type_, Var | Sort):
            return True
        datatype = self.theory.datatype_of(type_)
        if datatype is None or depth > 3 or self.theory.is_recursive(datatype):
            return False
        return all(
            self.is_finite(field, depth + 1)
            for constructor in datatype.constructors
            for field in self.theory.constructor_fields(type_, constructor)
        )

    def _datatype(self, type_: Term) -> Datatype:
        """That of a type. Raises `UnsupportedError` if there is none, or one whose constructors tell of indices."""
        datatype = self.theory.datatype_of(type_)
        if datatype is None or len(list(pi_binders(datatype.type))) > datatype.parameters:
            raise UnsupportedError("no values of this type")
        return datatype

    def of_size(self, type_: Term, size: int) -> list[Value]:
        """All values with exactly `size` constructors and atoms; atoms are 0, 1, 2."""
        if isinstance(type_, Var):
            return list(range(ATOMS)) if size == 1 else []
        if isinstance(type_, Sort):
            return [None] if size == 1 else []
        if type_ in (INTEGER, POSITIVE) and self.theory.datatype_of(type_) is None:
            return [size] if type_ == POSITIVE else [0] if size == 1 else [size - 1, 1 - size]
        if isinstance(type_, Forall):
            return [self.table(type_, seed) for seed in range(4)] if size == 1 else []
        key = (type_, size)
        if key in self._by_size:
            return self._by_size[key]
        self._by_size[key] = []
        found: list[Value] = []
        datatype = self._datatype(type_)
        for index, constructor in enumerate(datatype.constructors):
            fields = self.theory.constructor_fields(type_, constructor)
            if not fields:
                if size == 1:
                    found.append((index,))
                continue
            for parts in compositions(size - 1, len(fields)):
                pools = [self.of_size(field, part) for field, part in zip(fields, parts, strict=True)]
                found.extend((index, *choice) for choice in itertools.product(*pools))
                if len(found) > 2_000:
                    break
        self._by_size[key] = found
        return found

    def smallest(self, type_: Term, count: int) -> list[Value]:
        """At most `count` values, smallest first."""
        found: list[Value] = []
        empty = 0
        for size in range(1, 12):
            values = self.of_size(type_, size)
            empty = 0 if values else empty + 1
            found.extend(values)
            if len(found) >= count or empty > 4:
                break
        return found[:count]

    def _cost(self, type_: Term, depth: int = 0) -> int:
        """Height of the smallest value; large where there is none in sight."""
        datatype = self.theory.datatype_of(type_)
        if datatype is None or depth > 4:
            return 0 if datatype is None else 99
        return min(
            (
                1 + max((self._cost(f, depth + 1) for f in self.theory.constructor_fields(type_, c)), default=0)
                for c in datatype.constructors
            ),
            default=99,
        )

    def draw(self, type_: Term, size: int, rng: random.Random, drawn: Drawn | None = None) -> Value:
        """A random value with about `size` nested recursive constructors.

        With `drawn`, values that were drawn before turn up again, as parts and as a whole, and what is new is noted.
        """
        if drawn is None:
            return self._draw(type_, size, rng, None)
        known = drawn.setdefault(type_, [])
        if known and rng.random() < REPEATED:
            return rng.choice(known)
        value = self._draw(type_, size, rng, drawn)
        known.append(value)
        return value

    def _draw(self, type_: Term, size: int, rng: random.Random, drawn: Drawn | None) -> Value:
        if isinstance(type_, Var):
            return rng.randrange(ATOMS)
        if isinstance(type_, Sort):
            return None
        if type_ in (INTEGER, POSITIVE) and self.theory.datatype_of(type_) is None:
            return rng.randint(1 if type_ == POSITIVE else -1 - size // 2, 2 + size)
        if isinstance(type_, Forall):
            return self.table(type_, rng.getrandbits(30))
        growing, flat = self._choices(type_)
        index, fields, recursive = rng.choice(growing if growing and (size > 0 or not flat) else flat)
        if size < -8:
            raise UnsupportedError("values of this type do not end")
        values: list[Value] = []
        for field, recurs in fields:
            if recurs:
                below = size - 1 if recursive == 1 else rng.randint(0, max(0, size - 1))
                values.append(self.draw(field, below, rng, drawn))
            else:
                values.append(self.draw(field, rng.choice((0, 1, 1, 2, 3)), rng, drawn))
        return (index, *values)

    def _choices(self, type_: Term) -> tuple[list[Choice], list[Choice]]:
        """The constructors of a datatype: those with a field of that datatype, and those without."""
        known = self._choices_of.get(type_)
        if known is None:
            datatype = self._datatype(type_)
            if not datatype.constructors:
                raise UnsupportedError("no values of this type")
            known = ([], [])
            for index, constructor in enumerate(datatype.constructors):
                fields = self.theory.constructor_fields(type_, constructor)
                recurs = [head_name(field) == datatype.name for field in fields]
                choice = Choice(index, list(zip(fields, recurs, strict=True)), sum(recurs))
                known[0 if any(recurs) else 1].append(choice)
            self._choices_of[type_] = known
        return known

    def table(self, type_: Forall, seed: int) -> Value:
        """A pseudo-random total function; the first few seeds of a relation give equality and its negation."""
        domain, codomain = type_.type, type_.body
        if (
            isinstance(codomain, Forall)
            and codomain.type == domain
            and codomain.body == Const("bool")
            and seed % 2 == 0
        ):
            return lambda left: lambda right: (0,) if left == right else (1,)
        if isinstance(codomain, Forall):
            return lambda value: self.table(codomain, _mix(seed, value))
        pool = self.smallest(codomain, 5)
        if not pool:
            raise UnsupportedError("no values of this type")
        return lambda value: pool[_mix(seed, value) % len(pool)]


def _mix(seed: int, value: Value) -> int:
    key = 7 if callable(value) or value is None else hash(value)
    return ((seed * 1_000_003) ^ (key * 2_654_435_761)) >> 7 & 0x3FFFFFFF


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """The ways to write `total` as a sum of `parts` positive numbers, in order."""
    if parts == 1:
        if total >= 1:
            yield (total,)
        return
    for first in range(1, total - parts + 2):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


def show(value: Value, type_: Term, theory: Theory) -> str:
    """Readable text of a value, in canonical names."""
    datatype = theory.datatype_of(type_)
    if datatype is None and type_ in (INTEGER, POSITIVE):
        return str(value)
    if datatype is None or not isinstance(value, tuple):
        return "function" if callable(value) else "type" if value is None else f"a{value}"
    constructor = datatype.constructors[value[0]]
    fields = theory.constructor_fields(type_, constructor)
    shown = [show(v, t, theory) for v, t in zip(value[1:], fields, strict=True)]
    return constructor.name if not shown else f"({' '.join([constructor.name, *shown])})"
