"""Evaluates TIP's functions on the syntax tree, as the language defines them.

It knows nothing of types and shares nothing with the translation but the reader, so an error in one of the two shows as
a difference (`tests/datasets/agreement.py`). Arguments are evaluated before a call, `let` values when they are needed;
`ite`, `and`, `or` and `=>` evaluate no more than they must. Work is bounded by a number of steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TypeAlias

from datasets.tip.syntax import Apply, Call, Case, Function, Lambda, Let, Match, Module, Number, Quantified, Term

MOST_BITS = 2_000
"""Digits of the numbers that are computed with."""


class NoValue(Exception):  # noqa: N818 — not an error: the evaluation was given up
    """The term has no value within the steps allowed, or none at all."""


@dataclass(frozen=True, slots=True)
class Constructed:
    constructor: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function value: parameters still to come, and what they are bound in."""

    parameters: tuple[str, ...]
    body: Term
    environment: Environment


@dataclass(slots=True, eq=False)
class Delayed:
    """The value of a `let`, not yet needed."""

    term: Term
    environment: Environment
    value: Value | None = None


Value: TypeAlias = bool | int | Constructed | Closure
Environment: TypeAlias = Mapping[str, Value | Delayed]


class Interpreter:
    """The functions of one file. `steps` bounds the work of each call from outside."""

    def __init__(self, module: Module, steps: int = 20_000) -> None:
        self._functions: dict[str, Function] = {f.name: f for group in module.functions for f in group}
        self._constructors = {c.name: c for group in module.datatypes for d in group for c in d.constructors}
        self._selectors = {
            selector: (constructor.name, position)
            for constructor in self._constructors.values()
            for position, selector in enumerate(constructor.selectors)
        }
        self._steps = steps
        self._left = steps

    def evaluate(self, term: Term) -> Value:
        """The value of a closed term. Raises `NoValue`."""
        self._left = self._steps
        try:
            return self._value(term, {})
        except RecursionError:
            raise NoValue("too deep") from None

    def call(self, name: str, arguments: Sequence[Value]) -> Value:
        """The value of a function of the file at `arguments`. Raises `NoValue`."""
        self._left = self._steps
        try:
            return Interpreter.enter(self, name, arguments)
        except RecursionError:
            raise NoValue("too deep") from None

    def enter(self, name: str, arguments: Sequence[Value]) -> Value:
        """What a function of the file makes of arguments, where a term calls it."""
        function = self._functions[name]
        return self._apply(Closure(tuple(binder.name for binder in function.parameters), function.body, {}), arguments)

    def _value(self, term: Term, environment: Environment) -> Value:
        self._left -= 1
        if self._left < 0:
            raise NoValue("too many steps")
        match term:
            case Number(value):
                return value
            case Lambda(binders, body):
                return Closure(tuple(binder.name for binder in binders), body, environment)
            case Apply(function, arguments):
                return self._apply(
                    self._value(function, environment), [self._value(item, environment) for item in arguments]
                )
            case Let(bindings, body):
                delayed = {name: Delayed(value, environment) for name, value in bindings}
                return self._value(body, {**environment, **delayed})
            case Match(scrutinee, cases):
                return self._match(self._value(scrutinee, environment), cases, environment)
            case Call():
                return self._call(term, environment)
            case Quantified():
                raise NoValue("a quantifier")

    def _match(self, value: Value, cases: Sequence[Case], environment: Environment) -> Value:
        match value:
            case Constructed(name, arguments):
                pass
            case bool():
                name, arguments = str(value).lower(), ()
            case _:
                raise NoValue("a match on what no constructor made")
        for case in cases:
            if case.constructor == name:
                bound = dict(zip(case.variables, arguments, strict=True))
                return self._value(case.body, {**environment, **bound})
        for case in cases:
            if case.constructor is None:
                return self._value(case.body, environment)
        raise NoValue(f"no case for {name}")

    def _call(self, call: Call, environment: Environment) -> Value:
        name = call.name
        if name in environment and not call.types:
            found = environment[name]
            if isinstance(found, Delayed):
                if found.value is None:
                    found.value = self._value(found.term, found.environment)
                found = found.value
            return self._apply(found, [self._value(item, environment) for item in call.arguments])
        if name in self._functions:
            return self.enter(name, [self._value(item, environment) for item in call.arguments])
        if name in self._constructors:
            count = len(self._constructors[name].fields)
            if len(call.arguments) < count:
                raise NoValue("a constructor that lacks arguments")
            return Constructed(name, tuple(self._value(item, environment) for item in call.arguments))
        if name in self._selectors and len(call.arguments) == 1:
            constructor, position = self._selectors[name]
            value = self._value(call.arguments[0], environment)
            if isinstance(value, Constructed) and value.constructor == constructor:
                return value.arguments[position]
            raise NoValue(f"{name} of another constructor")
        if name.removeprefix("is-") in self._constructors and len(call.arguments) == 1:
            value = self._value(call.arguments[0], environment)
            return isinstance(value, Constructed) and value.constructor == name.removeprefix("is-")
        return self._operator(name, call.arguments, environment)

    def _apply(self, function: Value, arguments: Sequence[Value]) -> Value:
        if not arguments and not (isinstance(function, Closure) and not function.parameters):
            return function
        if not isinstance(function, Closure):
            raise NoValue("an application of what is no function")
        count = len(function.parameters)
        bound = dict(zip(function.parameters, arguments, strict=False))
        environment = {**function.environment, **bound}
        if len(arguments) < count:
            return Closure(function.parameters[len(arguments) :], function.body, environment)
        result = self._value(function.body, environment)
        return self._apply(result, arguments[count:]) if len(arguments) > count else result

    def _operator(self, name: str, arguments: Sequence[Term], environment: Environment) -> Value:
        match name:
            case "true" | "false":
                return name == "true"
            case "ite":
                chosen = arguments[1] if self._value(arguments[0], environment) is True else arguments[2]
                return self._value(chosen, environment)
            case "and":
                return all(self._value(item, environment) is True for item in arguments)
            case "or":
                return any(self._value(item, environment) is True for item in arguments)
            case "=>":
                *hypotheses, conclusion = arguments
                holds = all(self._value(item, environment) is True for item in hypotheses)
                return not holds or self._value(conclusion, environment)
            case "not":
                return self._value(arguments[0], environment) is not True
            case "=" | "distinct":
                return self._compare(name, [self._value(item, environment) for item in arguments])
            case _:
                return arithmetic(name, [self._integer(item, environment) for item in arguments])

    def _integer(self, term: Term, environment: Environment) -> int:
        value = self._value(term, environment)
        if not isinstance(value, int) or isinstance(value, bool):
            raise NoValue("arithmetic on what is no integer")
        return value

    def _compare(self, name: str, values: list[Value]) -> bool:
        if any(isinstance(value, Closure) for value in values):
            raise NoValue("a comparison of functions")
        if name == "=":
            return all(self._same(value, values[0]) for value in values[1:])
        return not any(self._same(one, other) for one, other in combinations(values, 2))

    def _same(self, one: Value, other: Value) -> bool:
        """Whether values without functions are equal; each part that is compared is a step, for parts may be shared."""
        self._left -= 1
        if self._left < 0:
            raise NoValue("too many steps")
        if not (isinstance(one, Constructed) and isinstance(other, Constructed)):
            return one == other
        return one.constructor == other.constructor and all(
            self._same(mine, theirs) for mine, theirs in zip(one.arguments, other.arguments, strict=True)
        )


def arithmetic(name: str, numbers: list[int]) -> Value:
    """SMT-LIB's integer operators; division leaves a remainder that is never negative."""
    first, *rest = numbers
    match name:
        case "-" if not rest:
            return -first
        case "+" | "-" | "*":
            for number in rest:
                if first.bit_length() + number.bit_length() > MOST_BITS:
                    raise NoValue("too large a number")
                first = first + number if name == "+" else first - number if name == "-" else first * number
            return first
        case "div" | "mod" if len(rest) == 1:
            if rest[0] == 0:
                raise NoValue("division by zero")
            remainder = first % abs(rest[0])
            return remainder if name == "mod" else (first - remainder) // rest[0]
        case "<" | "<=" | ">" | ">=":
            compare = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}[name]
            return all(compare(one, other) is True for one, other in pairwise(numbers))
        case _:
            raise NoValue(f"`{name}` is no operator")
