"""Linear bounds that hold of a function's values at sampled arguments: candidates, and no more than that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import permutations, product
from math import gcd
from random import Random
from typing import NamedTuple

from datasets.tip.interpreter import Closure, Constructed, Interpreter, NoValue, Value
from datasets.tip.linear import Linear, constant, multiple, plus
from datasets.tip.sizes import counted, is_recursive
from datasets.tip.syntax import BOOL, INT, Arrow, Call, Data, Datatype, Module, Type
from datasets.tip.typed import Local, Typed, TypedFunction, substitute_type

RESULT = Local("the result", INT)
"""Stands for the size of a function's result in its bounds."""

SAMPLES = 120
DEEPEST = 7
"""Constructors that a sampled value has at most along one branch."""
LARGEST = 1_000
"""Constructors that a sampled value, or the result of a function, has at most."""


class Bound(NamedTuple):
    """`conclusion` is at least nought if all `premises` are, and if a Boolean function answers `answer`.

    They are linear in the parameters of the function and in `RESULT`.
    """

    answer: bool | None
    premises: tuple[Linear, ...]
    conclusion: Linear


class _Sample(NamedTuple):
    sizes: dict[Typed, int]
    result: int
    """The size of the result; of a Boolean 0 or 1."""


class Sampling:
    """The values of one file's functions."""

    def __init__(self, module: Module, datatypes: Mapping[str, Datatype]) -> None:
        self._interpreter = Interpreter(module, steps=2_000)
        self._datatypes = datatypes
        self._drawn = 0
        self._counted = 0

    def bounds(self, function: TypedFunction, is_measured: Callable[[Type], bool]) -> Iterator[Bound]:
        """Bounds of a function, simple ones first."""
        parameters = [item for item in function.parameters if is_measured(item.type)]
        is_boolean = function.result == BOOL
        if not parameters or len(parameters) > 3 or not (is_boolean or is_measured(function.result)):
            return
        samples = self._samples(function, parameters)
        for premises in _premises(parameters):
            chosen = [one for one in samples if all(_value(form, one.sizes) >= 0 for form in premises)]
            if is_boolean:
                for answer in (True, False):
                    some = [one for one in chosen if one.result == answer]
                    for conclusion in _conclusions(some, parameters, has_size=False, few=True):
                        yield Bound(answer, premises, conclusion)
            else:
                for conclusion in _conclusions(chosen, parameters, has_size=True, few=bool(premises)):
                    yield Bound(None, premises, conclusion)

    def _samples(self, function: TypedFunction, parameters: Sequence[Local]) -> list[_Sample]:
        random = Random(0)
        found: list[_Sample] = []
        for _ in range(SAMPLES):
            try:
                values = [self.draw(item.type, random.randrange(DEEPEST), random) for item in function.parameters]
                result = self.size(self._interpreter.call(function.name, values), function.result)
            except NoValue:
                continue
            sizes = {p: self.size(v, p.type) for p, v in zip(function.parameters, values, strict=True)}
            measured: dict[Typed, int] = {item: sizes[item] for item in parameters}
            found.append(_Sample(measured, result))
        return found

    def draw(self, type_: Type, depth: int, random: Random) -> Value:
        """A value with at most about `depth` constructors along a branch. Raises `NoValue` for want of a small one."""
        self._drawn = 0
        return self._draw(type_, depth, random)

    def _draw(self, type_: Type, depth: int, random: Random) -> Value:
        match type_:
            case Data("Bool"):
                return random.random() < 0.5
            case Data("Int"):
                return random.randint(-2, DEEPEST)
            case Data(name, arguments) if name in self._datatypes:
                self._drawn += 1
                if self._drawn > LARGEST:
                    raise NoValue("no small value")
                datatype = self._datatypes[name]
                table = dict(zip(datatype.parameters, arguments, strict=True))
                deep = [c for c in datatype.constructors if any(is_recursive(datatype, f) for f in c.fields)]
                flat = [c for c in datatype.constructors if c not in deep]
                if depth < -DEEPEST or not (deep or flat):
                    raise NoValue("no small value")
                chosen = random.choice(deep if deep and (not flat or depth > 0) else flat)
                below = depth - 1 - random.randrange(2) * (len(counted(datatype, chosen)) > 1)
                beside = min(depth - 1, 2)
                return Constructed(
                    chosen.name,
                    tuple(
                        self._draw(substitute_type(f, table), below if is_recursive(datatype, f) else beside, random)
                        for f in chosen.fields
                    ),
                )
            case Arrow(_, codomain):
                return Closure(("argument",), Call("value"), {"value": self._draw(codomain, min(depth - 1, 1), random)})
            case _:
                return Constructed(f"element {random.randrange(3)}", ())

    def size(self, value: Value, type_: Type) -> int:
        """The size of a value; 0 if its type has none. Raises `NoValue` where it is large."""
        self._counted = 0
        return self._size(value, type_)

    def _size(self, value: Value, type_: Type) -> int:
        self._counted += 1
        if self._counted > LARGEST:
            raise NoValue("a large value")
        match value:
            case bool() | int():
                return int(value)
            case Constructed(name, arguments) if isinstance(type_, Data) and type_.name in self._datatypes:
                datatype = self._datatypes[type_.name]
                constructor = next(c for c in datatype.constructors if c.name == name)
                positions = counted(datatype, constructor)
                return int(bool(positions)) + sum(self._size(arguments[p], type_) for p in positions)
            case _:
                return 0


def _premises(parameters: Sequence[Local]) -> Iterator[tuple[Linear, ...]]:
    """None; that an integer is not negative; that one size is at most another one."""
    yield ()
    for one in parameters:
        if one.type == INT:
            yield (multiple(one),)
    for less, more in permutations(parameters, 2):
        signs = tuple(multiple(item) for item in (less, more) if item.type == INT)
        yield (*signs, plus(multiple(more), multiple(less, -1)))


def _conclusions(
    samples: Sequence[_Sample], parameters: Sequence[Local], has_size: bool, few: bool
) -> Iterator[Linear]:
    """Inequalities that samples satisfy, with the best small constant; `few` leaves out larger coefficients."""
    if len(samples) < 8:
        return
    factors = (0,) if not has_size else (1,) if few else (1, 2, 3)
    coefficients = (0, 1, -1) if few or len(parameters) > 2 else (0, 1, 2, 3, -1)
    shapes = [
        (sum(map(abs, weights)) + factor, sign * factor, weights)
        for factor in factors
        for sign in ((1, -1) if factor else (1,))
        for weights in product(coefficients, repeat=len(parameters))
        if any(weights) or factor == 1
        if gcd(factor, *weights) == 1
    ]
    for _, factor, weights in sorted(shapes, key=lambda shape: shape[0]):
        form: Linear = {}
        for parameter, weight in zip(parameters, weights, strict=True):
            form = plus(form, multiple(parameter, weight))
        least = min(_value(form, one.sizes) + factor * one.result for one in samples)
        if -3 <= least <= 3:
            yield plus(plus(form, multiple(RESULT, factor)), constant(-least))


def _value(form: Linear, sizes: Mapping[Typed, int]) -> int:
    return sum(value * (1 if key is None else sizes[key]) for key, value in form.items())
