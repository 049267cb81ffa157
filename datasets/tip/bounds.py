"""Bounds on the sizes of functions' results, and recursions that get smaller by them.

A bound is a linear inequality over the sizes of a function's parameters and its result (`known_sizes`), under premises
of the same kind, or, for a Boolean function, for one of its answers. Candidates are what holds of a few values
(`sampling`); kept is what holds in every case of the body if it holds of the calls in it, so a bound is proved before
it is used. The prover proves it again (`measured`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice, product
from typing import NamedTuple

from datasets.tip.known_sizes import KnownSizes, at
from datasets.tip.linear import Linear, constant, multiple, plus
from datasets.tip.sampling import RESULT, Bound, Sampling
from datasets.tip.symbolic import FALSE, TRUE, Part, Situation, Symbolic, TooManyCases, calls_in, under_abstraction
from datasets.tip.syntax import Module, TypeVariable
from datasets.tip.typed import Constant, Typed, TypedFunction

MOST_BOUNDS = 12
"""Bounds of one function that are tried."""

MOST_CHOICES = 100
"""Choices of parameters that are tried, whose sizes together may get smaller."""


@dataclass(frozen=True)
class Bounded:
    """A group of functions with bounds, and for each the parameters whose sizes together get smaller in every call."""

    functions: tuple[TypedFunction, ...]
    positions: Mapping[str, tuple[int, ...]]
    bounds: Mapping[str, tuple[Bound, ...]]


class Decrease(NamedTuple):
    """A recursion on the sum of the sizes of some parameters, and the bounds of its own that it rests on."""

    positions: tuple[int, ...]
    bounds: tuple[Bound, ...]


@dataclass
class Knowledge:
    """What an analysis rested on: the groups whose bounds were used, in the order in which they need each other, and
    the functions that were replaced by their bodies."""

    groups: dict[str, Bounded] = field(default_factory=dict[str, Bounded])
    followed: set[str] = field(default_factory=set[str])


class Bounds:
    """The analysis of one file. `component` answers with the functions that call each other, one of them the given."""

    def __init__(
        self,
        module: Module,
        component: Callable[[str], tuple[TypedFunction, ...]],
        structural: Callable[[TypedFunction], int | None],
    ) -> None:
        datatypes = {datatype.name: datatype for group in module.datatypes for datatype in group}
        self._component = component
        self.sizes = KnownSizes(module, component, self.of)
        self._structural = structural
        self._symbolic = Symbolic(datatypes, self._definition, self._recursion)
        self.sampling = Sampling(module, datatypes)
        self._known: dict[str, Bounded | None] = {}
        self._cases: dict[TypedFunction, list[Part]] = {}

    def knowledge(self) -> Knowledge:
        """Everything that was found so far."""
        groups = {b.functions[0].name: b for b in self._known.values() if b is not None and any(b.bounds.values())}
        return Knowledge(groups, set(self._symbolic.followed))

    def _definition(self, name: str) -> TypedFunction | None:
        (function, *others) = self._component(name)
        recursive = others or calls_in(function.body, frozenset({name}))
        return None if recursive else function

    def _recursion(self, name: str) -> tuple[TypedFunction, int] | None:
        function, *others = self._component(name)
        position = None if others else self._structural(function)
        return None if position is None else (function, position)

    # ------------------------------------------------------------------------------------------------ decrease

    def decrease(self, function: TypedFunction, default: Typed) -> Decrease | None:
        """How a function that calls itself gets smaller; `default` is its value where fuel is spent."""
        group = {function.name: function}
        try:
            own: tuple[Bound, ...] = ()
            positions = self._positions(group, {function.name: own})
            if positions is None:
                own = self._invariants(function, default)
                positions = self._positions(group, {function.name: own}) if own else None
        except TooManyCases:
            return None
        return None if positions is None else Decrease(positions[function.name], own)

    def _invariants(self, function: TypedFunction, default: Typed) -> tuple[Bound, ...]:
        """Bounds that hold with any amount of fuel."""
        size = self.sizes.size(default)
        if size is None:
            return ()
        base = Part(default, Situation(tuple(function.parameters)), result=True)
        candidates = {function.name: [b for b in self._candidates(function) if self._holds(b, function, base, {})]}
        return self._inductive({function.name: function}, candidates)[function.name]

    def _positions(
        self, group: Mapping[str, TypedFunction], own: Mapping[str, tuple[Bound, ...]]
    ) -> dict[str, tuple[int, ...]] | None:
        """For each function of a group the fewest parameters whose sizes together get smaller in every call."""
        names = frozenset(group)
        for function in group.values():
            calls = calls_in(function.body, names)
            if any(len(call.arguments) != len(group[call.name].parameters) for call in calls):
                return None
            if under_abstraction(function.body, names):
                return None
        calls = [
            (function, call, part.situation)
            for function in group.values()
            for part in self._parts(function)
            for call in calls_in(part.term, names)
        ]
        for function, call, _ in calls:
            callee = group[call.name]
            types = tuple(TypeVariable(name) for name in function.type_parameters)
            if call.types != types or len(call.arguments) != len(callee.parameters):
                return None
        choices: list[list[tuple[int, ...]]] = []
        for function in group.values():
            sized = [p for p, item in enumerate(function.parameters) if self.sizes.is_regular(item.type)]
            sums = (some for count in range(1, len(sized) + 1) for some in combinations(sized, count))
            choices.append(list(islice(sums, MOST_CHOICES)))
        for choice in islice(product(*choices), MOST_CHOICES):
            positions = dict(zip(group, choice, strict=True))
            if all(self._is_smaller(*call, positions, own) for call in calls):
                return positions
        return None

    def _is_smaller(
        self,
        caller: TypedFunction,
        call: Constant,
        situation: Situation,
        positions: Mapping[str, tuple[int, ...]],
        own: Mapping[str, tuple[Bound, ...]],
    ) -> bool:
        difference: Linear = constant(-1)
        for position in positions[caller.name]:
            difference = plus(difference, self.sizes.whole_size(situation.parameters[position]))
        for position in positions[call.name]:
            difference = plus(difference, self.sizes.whole_size(call.arguments[position]), -1)
        return self.sizes.follows(self.sizes.claims([difference], situation, own), difference)

    def _parts(self, function: TypedFunction) -> list[Part]:
        if function not in self._cases:
            self._cases[function] = self._symbolic.cases(function)
        return self._cases[function]

    # -------------------------------------------------------------------------------------------------- bounds

    def of(self, name: str) -> tuple[Bound, ...]:
        """What is known of the results of a function."""
        if name not in self._known:
            functions = self._component(name)
            self._known.update(dict.fromkeys((function.name for function in functions), None))
            found = self._find(functions)
            for function in functions:
                self._known[function.name] = self._known.pop(function.name, None) or found
        known = self._known[name]
        return () if known is None else known.bounds[name]

    def _find(self, functions: tuple[TypedFunction, ...]) -> Bounded | None:
        group = {function.name: function for function in functions}
        try:
            positions = self._positions(group, {})
        except TooManyCases:
            return None
        if positions is None:
            return None
        candidates = {name: self._candidates(function) for name, function in group.items()}
        return Bounded(functions, positions, self._inductive(group, candidates))

    def _candidates(self, function: TypedFunction) -> list[Bound]:
        """Bounds that hold of sampled values, none of which follows from others."""
        found: list[Bound] = []
        for bound in self.sampling.bounds(function, self.sizes.is_measured):
            nonnegative = [multiple(p) for p in function.parameters if self.sizes.is_regular(p.type)]
            if self.sizes.is_regular(function.result):
                nonnegative.append(multiple(RESULT))
            known = [
                b.conclusion for b in found if b.answer == bound.answer and all(p in bound.premises for p in b.premises)
            ]
            if not self.sizes.follows([*nonnegative, *bound.premises, *known], bound.conclusion):
                found.append(bound)
            if len(found) == MOST_BOUNDS:
                break
        return found

    def _inductive(
        self, group: Mapping[str, TypedFunction], candidates: Mapping[str, Sequence[Bound]]
    ) -> dict[str, tuple[Bound, ...]]:
        """The most of the candidates that hold of every case, if they hold of the calls in it."""
        kept = {name: tuple(bounds) for name, bounds in candidates.items()}
        changed = True
        while changed:
            changed = False
            for name, function in group.items():
                parts = [part for part in self._parts(function) if part.result]
                holding = tuple(b for b in kept[name] if all(self._holds(b, function, part, kept) for part in parts))
                changed = changed or len(holding) < len(kept[name])
                kept[name] = holding
        return kept

    def _holds(self, bound: Bound, function: TypedFunction, part: Part, own: Mapping[str, tuple[Bound, ...]]) -> bool:
        """Whether a bound holds in one case of a function's body."""
        situation = part.situation
        sizes: dict[Typed, Linear | None] = {
            parameter: self.sizes.size(term)
            for parameter, term in zip(function.parameters, situation.parameters, strict=True)
        }
        if bound.answer is not None:
            answer = TRUE if bound.answer else FALSE
            if part.term in (TRUE, FALSE) and part.term != answer:
                return True
            situation = Situation(situation.parameters, (*situation.answers, (part.term, answer)))
        else:
            sizes[RESULT] = self.sizes.size(part.term)
        conclusion = at(bound.conclusion, sizes)
        premises = [at(premise, sizes) for premise in bound.premises]
        if conclusion is None or any(premise is None for premise in premises):
            return False
        given = [premise for premise in premises if premise is not None]
        return self.sizes.follows([*given, *self.sizes.claims([conclusion, *given], situation, own, given)], conclusion)
