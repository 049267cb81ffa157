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
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from domain import App, Const, Definition, Forall, Lambda, Term, Var
from pipeline.proposers.conjecture.evaluation import FUEL, Evaluator
from pipeline.proposers.conjecture.ground_values import Drawn, Values, show
from pipeline.proposers.conjecture.standard_values import OutOfFuelError
from term_algebra import substitute
from term_algebra.theory import OpenStatement, Theory, as_equation, head_name, is_proposition, open_statement
from term_algebra.values import UnsupportedError, Value, recorded

SMALL_POOL = 12
"""Values per quantifier that the systematic part, and a quantifier inside a statement, runs through."""

TRIALS = 300
"""Valuations tried by default."""

ALIKE_TRIALS = 3_000
"""Further valuations, whose values repeat each other, for a statement that much would be spent on otherwise."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """Values that make the hypotheses true and the conclusion false.

    `certain` is False when a quantified hypothesis was only checked on finitely many of infinitely many values.
    """

    values: Mapping[str, str]
    certain: bool
    ground: Mapping[str, Value] = field(default_factory=dict[str, Value], compare=False, repr=False)
    """The same values as the evaluator has them; functions are `Recorded`, with all points that were looked at."""


class Report(NamedTuple):
    """Outcome of a search; `tested` counts valuations whose hypotheses held."""

    counterexample: Counterexample | None
    tested: int


class Tester:
    """Tests statements over one set of definitions; keeps compiled functions between statements."""

    def __init__(self, definitions: Sequence[Definition], fuel: int = FUEL) -> None:
        self.theory = Theory(tuple(definitions))
        self.evaluator = Evaluator(self.theory, fuel)
        self.values = Values(self.theory)
        self._known: dict[tuple[object, ...], tuple[list[tuple[Value, ...]], Iterator[tuple[Value, ...]]]] = {}
        """Valuations by all that they depend on: those that were drawn, and what draws more."""

    def test(self, statement: Term, seed: int = 0, trials: int = TRIALS, alike: int = 0) -> Report:
        """Search for a counterexample of a closed statement on `trials` valuations.

        Then on `alike` further ones whose values repeat each other, which meets hypotheses that random ones miss.
        """
        opened, same = _without_twins(open_statement(statement))
        try:
            compiled = _Compiled(opened, self.evaluator, self.values)
        except UnsupportedError:
            return Report(None, 0)
        tested = 0
        for valuation in self._valuations(opened, seed, trials, alike):
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
                return Report(self._counterexample(opened, compiled, valuation, same), tested)
        return Report(None, tested)

    def _counterexample(
        self, opened: OpenStatement, compiled: _Compiled, valuation: Sequence[Value], same: Mapping[str, str]
    ) -> Counterexample:
        """What was found, evaluated once more to see at which points its functions count."""
        variables = [b for b in opened.binders if b.kind != "hypothesis"]
        seen = [recorded(value, b.type) for b, value in zip(variables, valuation, strict=True)]
        self.evaluator.refill()
        compiled.run(*seen)
        ground = {b.name: value for b, value in zip(variables, seen, strict=True)}
        shown = {b.name: show(ground[b.name], b.type, self.theory) for b in variables}
        ground |= {name: ground[other] for name, other in same.items()}
        shown |= {name: shown[other] for name, other in same.items()}
        return Counterexample(shown, compiled.certain, ground)

    def _valuations(self, opened: OpenStatement, seed: int, trials: int, alike: int) -> Iterator[tuple[Value, ...]]:
        types = tuple([b.type for b in opened.binders if b.kind != "hypothesis"])
        key = (types, seed, trials, alike)
        if key not in self._known:
            self._known[key] = [], self._drawn(types, seed, trials, alike)
        drawn, more = self._known[key]
        yield from drawn
        for valuation in more:
            drawn.append(valuation)
            yield valuation

    def _drawn(self, types: Sequence[Term], seed: int, trials: int, alike: int) -> Iterator[tuple[Value, ...]]:
        try:
            pools = [self.values.smallest(type_, SMALL_POOL) for type_ in types]
            if not all(pools):
                return
            yield from itertools.islice(_diagonal(pools), trials // 2)
            rng = random.Random(seed)
            for trial in range(trials - trials // 2):
                size = 1 + trial % 6
                yield tuple(self.values.draw(type_, rng.randint(0, size), rng) for type_ in types)
            for trial in range(alike):
                size, drawn = 1 + trial % 12, Drawn()
                yield tuple(self.values.draw(type_, rng.randint(0, size), rng, drawn) for type_ in types)
        except (UnsupportedError, RecursionError):  # the values of a nested datatype may have no end in sight
            return


def _without_twins(opened: OpenStatement) -> tuple[OpenStatement, dict[str, str]]:
    """The statement without variables that a hypothesis equates to others, and which variable each of those equals."""
    data = {binder.name for binder in opened.binders if binder.kind == "data"}
    for hypothesis in opened.hypotheses:
        sides = as_equation(hypothesis.type)
        if sides is None or not (isinstance(sides.left, Var) and isinstance(sides.right, Var)):
            continue
        kept, dropped = sides.left.name, sides.right.name
        if kept == dropped or not {kept, dropped} <= data:
            continue
        rest = [b for b in opened.binders if b is not hypothesis and b.name != dropped]
        binders = tuple(b._replace(type=substitute(b.type, {dropped: Var(kept)})) for b in rest)
        smaller = OpenStatement(binders, substitute(opened.conclusion, {dropped: Var(kept)}))
        last, same = _without_twins(smaller)
        return last, {name: same.get(other, other) for name, other in {**same, dropped: kept}.items()}
    return opened, {}


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

    def __init__(self, opened: OpenStatement, evaluator: Evaluator, values: Values) -> None:
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
            block.emit(f"{result} = {name}")
            return result
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
