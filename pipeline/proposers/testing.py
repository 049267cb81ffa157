"""Counterexample search: statements are tried on small and on random ground values before any proof effort.

A statement `forall variables, hypotheses -> conclusion` is compiled to one Python function with three outcomes: true,
false, or unknown. Type variables stand for a type of three atoms.

Invariant: the search is a filter, never a verdict. It answers with a counterexample only when each hypothesis held and
the conclusion failed under the evaluator; everything it cannot evaluate counts as not refuted.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain import App, Const, Definition, Forall, Lambda, Sort, Term, Var

from .evaluation import FUEL, Evaluator, OutOfFuelError, UnsupportedError, Value
from .theory import Statement, Theory, head_name, is_proposition, open_statement, substitute

ATOMS = 3
"""Inhabitants of a type variable."""

SMALL_POOL = 12
"""Values per quantifier that the systematic part, and a quantifier inside a statement, runs through."""

TRIALS = 300
"""Valuations tried by default."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Values that make the hypotheses true and the conclusion false.

    `certain` is False when a quantified hypothesis was only checked on finitely many of infinitely many values.
    """

    values: Mapping[str, str]
    certain: bool


class Report(NamedTuple):
    """Outcome of a search; `tested` counts valuations whose hypotheses held."""

    counterexample: Counterexample | None
    tested: int


class Values:
    """Ground values of closed types (type variables are free variables of the type)."""

    def __init__(self, theory: Theory) -> None:
        self.theory = theory
        self._by_size: dict[tuple[Term, int], list[Value]] = {}

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

    def of_size(self, type_: Term, size: int) -> list[Value]:
        """All values with exactly `size` constructors and atoms; atoms are 0, 1, 2."""
        if isinstance(type_, Var):
            return list(range(ATOMS)) if size == 1 else []
        if isinstance(type_, Sort):
            return [None] if size == 1 else []
        if isinstance(type_, Forall):
            return [self.table(type_, seed) for seed in range(4)] if size == 1 else []
        key = (type_, size)
        if key in self._by_size:
            return self._by_size[key]
        self._by_size[key] = []
        found: list[Value] = []
        datatype = self.theory.datatype_of(type_)
        if datatype is None:
            raise UnsupportedError("no values of this type")
        for index, constructor in enumerate(datatype.constructors):
            fields = self.theory.constructor_fields(type_, constructor)
            if not fields:
                if size == 1:
                    found.append((index,))
                continue
            for parts in _compositions(size - 1, len(fields)):
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

    def draw(self, type_: Term, size: int, rng: random.Random) -> Value:
        """A random value with about `size` nested recursive constructors."""
        if isinstance(type_, Var):
            return rng.randrange(ATOMS)
        if isinstance(type_, Sort):
            return None
        if isinstance(type_, Forall):
            return self.table(type_, rng.getrandbits(30))
        datatype = self.theory.datatype_of(type_)
        if datatype is None or not datatype.constructors:
            raise UnsupportedError("no values of this type")
        choices: list[tuple[int, list[Term], int]] = []
        for index, constructor in enumerate(datatype.constructors):
            fields = self.theory.constructor_fields(type_, constructor)
            recursive = sum(head_name(field) == datatype.name for field in fields)
            choices.append((index, fields, recursive))
        growing = [choice for choice in choices if choice[2]]
        flat = [choice for choice in choices if not choice[2]]
        pick = rng.choice(growing) if growing and (size > 0 or not flat) else rng.choice(flat or choices)
        index, fields, recursive = pick
        if size < -8:
            raise UnsupportedError("values of this type do not end")
        values: list[Value] = []
        for field in fields:
            if head_name(field) == datatype.name:
                values.append(self.draw(field, size - 1 if recursive == 1 else rng.randint(0, max(0, size - 1)), rng))
            else:
                values.append(self.draw(field, rng.choice((0, 1, 1, 2, 3)), rng))
        return (index, *values)

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


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        if total >= 1:
            yield (total,)
        return
    for first in range(1, total - parts + 2):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)


def show(value: Value, type_: Term, theory: Theory) -> str:
    """Readable text of a value, in canonical names."""
    datatype = theory.datatype_of(type_)
    if datatype is None or not isinstance(value, tuple):
        return "function" if callable(value) else "type" if value is None else f"a{value}"
    constructor = datatype.constructors[value[0]]
    fields = theory.constructor_fields(type_, constructor)
    shown = [show(v, t, theory) for v, t in zip(value[1:], fields, strict=True)]
    return constructor.name if not shown else f"({' '.join([constructor.name, *shown])})"


class Tester:
    """Tests statements over one set of definitions; keeps compiled functions between statements."""

    def __init__(self, definitions: Sequence[Definition], fuel: int = FUEL) -> None:
        self.theory = Theory(tuple(definitions))
        self.evaluator = Evaluator(self.theory, fuel)
        self.values = Values(self.theory)

    def test(self, statement: Term, seed: int = 0, trials: int = TRIALS) -> Report:
        """Search for a counterexample of a closed statement on `trials` valuations."""
        opened = open_statement(statement)
        try:
            compiled = _Compiled(opened, self.evaluator, self.values)
        except UnsupportedError:
            return Report(None, 0)
        tested = 0
        for valuation in self._valuations(opened, seed, trials):
            self.evaluator.refill()
            try:
                outcome = compiled.run(*valuation)
            except (OutOfFuelError, RecursionError):
                continue
            except (UnsupportedError, MemoryError):
                return Report(None, tested)
            if outcome == "skip":
                continue
            tested += 1
            if outcome is False:
                variables = [b for b in opened.binders if b.kind != "hypothesis"]
                shown = {
                    b.name: show(value, b.type, self.theory) for b, value in zip(variables, valuation, strict=True)
                }
                return Report(Counterexample(shown, compiled.certain), tested)
        return Report(None, tested)

    def _valuations(self, opened: Statement, seed: int, trials: int) -> Iterator[tuple[Value, ...]]:
        types = [b.type for b in opened.binders if b.kind != "hypothesis"]
        try:
            pools = [self.values.smallest(type_, SMALL_POOL) for type_ in types]
            if not all(pools):
                return
            yield from itertools.islice(_diagonal(pools), trials // 2)
            rng = random.Random(seed)
            for trial in range(trials - trials // 2):
                size = 1 + trial % 6
                yield tuple(self.values.draw(type_, rng.randint(0, size), rng) for type_ in types)
        except UnsupportedError:
            return


def _diagonal(pools: Sequence[Sequence[Value]]) -> Iterator[tuple[Value, ...]]:
    """The product of the pools, by growing sum of indices."""
    limits = [len(pool) for pool in pools]
    for total in range(sum(limits) - len(limits) + 1):
        for indices in _sums(total, limits):
            yield tuple(pool[i] for pool, i in zip(pools, indices, strict=True))


def _sums(total: int, limits: Sequence[int]) -> Iterator[tuple[int, ...]]:
    if not limits:
        if total == 0:
            yield ()
        return
    for first in range(min(total, limits[0] - 1) + 1):
        for rest in _sums(total - first, limits[1:]):
            yield (first, *rest)


class _Compiled:
    """A statement as a Python function of its variables: True, False, None (unknown) or "skip"."""

    def __init__(self, opened: Statement, evaluator: Evaluator, values: Values) -> None:
        self.evaluator, self.values = evaluator, values
        self.certain = True
        variables = [binder.name for binder in opened.binders if binder.kind != "hypothesis"]

        def body(block: Any, environment: Any) -> None:
            for hypothesis in opened.hypotheses:
                result = self._emit(hypothesis.type, environment, block, negative=True)
                block.emit(f"if {result} is not True: return 'skip'")
            block.emit(f"return {self._emit(opened.conclusion, environment, block, negative=False)}")

        name = evaluator.fresh("p")
        evaluator.define(name, variables, body)
        self.run: Callable[..., Any] = evaluator.lookup(name)

    def _emit(self, term: Term, environment: Any, block: Any, *, negative: bool) -> str:
        result = self.evaluator.fresh("b")
        name = head_name(term)
        if isinstance(term, Forall):
            if is_proposition(term.type):
                self._emit_or(result, [(term.type, True), (term.body, False)], environment, block, negative)
            else:
                self._emit_quantifier(result, term.name, term.type, term.body, environment, block, negative, "all")
            return result
        if isinstance(term, Const) and name in ("True", "False"):
            return name
        if not isinstance(term, App):
            raise UnsupportedError("not a proposition that can be tested")
        parts = term.arguments
        if name == "eq" and len(parts) == 3:
            left, right = (self.evaluator.emit(part, environment, block) for part in parts[1:])
            if isinstance(parts[0], Forall):
                pool = self.evaluator.bind("q", self.values.smallest(parts[0].type, SMALL_POOL))
                block.emit(f"f, g = {left}, {right}")
                if isinstance(parts[0].body, Forall):
                    raise UnsupportedError("equality of functions of several arguments")
                block.emit(f"{result} = all(f(x) == g(x) for x in {pool})")
                self.certain = self.certain and not negative
            else:
                block.emit(f"{result} = {left} == {right}")
        elif name == "not" and len(parts) == 1:
            self._emit_or(result, [(parts[0], True)], environment, block, negative)
        elif name == "or" and len(parts) == 2:
            self._emit_or(result, [(parts[0], False), (parts[1], False)], environment, block, negative)
        elif name == "and" and len(parts) == 2:
            self._emit_and(result, parts, environment, block, negative)
        elif name == "iff" and len(parts) == 2:
            left, right = (self._emit(part, environment, block, negative=negative) for part in parts)
            block.emit(f"{result} = None if {left} is None or {right} is None else {left} == {right}")
        elif name == "ex" and len(parts) == 2:
            predicate = parts[1]
            if not isinstance(predicate, Lambda):
                raise UnsupportedError("an existential over an unknown predicate")
            self._emit_quantifier(result, predicate.name, parts[0], predicate.body, environment, block, negative, "any")
        else:
            raise UnsupportedError("not a proposition that can be tested")
        return result

    def _emit_or(
        self, result: str, parts: list[tuple[Term, bool]], environment: Any, block: Any, negative: bool
    ) -> None:
        """Disjunction of the parts, those marked True negated."""
        block.emit(f"{result} = False")
        for part, negated in parts:
            block.emit(f"if {result} is not True:")
            block = block.inner()
            value = self._emit(part, environment, block, negative=negative)
            if negated:
                block.emit(f"{value} = None if {value} is None else not {value}")
            block.emit(f"{result} = True if {value} is True else None if {value} is None else {result}")

    def _emit_and(self, result: str, parts: Sequence[Term], environment: Any, block: Any, negative: bool) -> None:
        block.emit(f"{result} = True")
        for part in parts:
            block.emit(f"if {result} is not False:")
            block = block.inner()
            value = self._emit(part, environment, block, negative=negative)
            block.emit(f"{result} = False if {value} is False else None if {value} is None else {result}")

    def _emit_quantifier(
        self,
        result: str,
        name: str,
        type_: Term,
        body: Term,
        environment: Any,
        block: Any,
        negative: bool,
        kind: str,
    ) -> None:
        exhaustive = self.values.is_finite(type_)
        pool = self.values.smallest(type_, 64 if exhaustive else SMALL_POOL)
        self.certain = self.certain and (exhaustive or not negative)
        found, rest = ("False", "True") if kind == "all" else ("True", "False" if exhaustive else "None")
        variable = self.evaluator.fresh("v")
        block.emit(f"{result} = {rest}")
        block.emit(f"for {variable} in {self.evaluator.bind('q', pool)}:")
        inner = block.inner()
        value = self._emit(body, {**environment, name: variable}, inner, negative=negative)
        inner.emit(f"if {value} is {found}:")
        inner.inner().emit(f"{result} = {found}")
        inner.inner().emit("break")
        inner.emit(f"if {value} is None: {result} = None")


def refutes(
    statement: Term, definitions: Sequence[Definition], seed: int = 0, trials: int = TRIALS
) -> Counterexample | None:
    """A counterexample of the closed `statement`, if the search meets one."""
    return Tester(definitions).test(statement, seed, trials).counterexample


def instantiate(statement: Term, name: str, value: Term) -> Term:
    """`statement` with its outermost variable called `name` replaced by a closed term."""
    if isinstance(statement, Forall):
        if statement.name == name:
            return substitute(statement.body, {name: value})
        return Forall(statement.name, statement.type, instantiate(statement.body, name, value))
    return statement
