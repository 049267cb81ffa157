"""Whether a file and its transformed copy compute the same on ground values.

Parameters and fields are recognised by their names alone, so the comparison knows nothing of what was permuted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from datasets.tip.interpreter import Closure, Constructed, Interpreter, NoValue, Value
from datasets.tip.parse import parse
from datasets.tip.syntax import BOOL, Binder, Data, Function, Module, Quantified, Type, TypeVariable
from datasets.tip.typed import substitute_type

ELEMENTS = 3
"""Values of a type variable that evaluations use."""

DEEPEST = 40
"""Levels of constructors below which a type is taken to have no ground value."""


class Evaluations(NamedTuple):
    """How many calls had the same value in both files, and those that had not."""

    agreed: int
    differences: tuple[str, ...]


def evaluate(original: str, copy: str, symbols: Mapping[str, str], seed: int, count: int) -> Evaluations:
    """Calls of every function of a file, and of its goal, on ground arguments, in the file and in its copy."""
    sides = (_Side(parse(original, "original")), _Side(parse(copy, "copy")))
    return _Comparison(*sides, symbols, Random(f"{seed} values")).run(count)


GOAL = "(goal)"
"""The goal as a function of the variables that it begins with; no name of a file has a parenthesis."""


class _Side:
    def __init__(self, module: Module) -> None:
        binders: tuple[Binder, ...] = ()
        body = module.goal.body
        if isinstance(body, Quantified) and body.quantifier == "forall":
            binders, body = body.binders, body.body
        goal = Function(GOAL, module.goal.type_parameters, binders, BOOL, body)
        module = replace(module, functions=(*module.functions, (goal,)))
        self.functions = {function.name: function for group in module.functions for function in group}
        self.datatypes = {datatype.name: datatype for group in module.datatypes for datatype in group}
        self.constructors = {one.name: one for owner in module.owners.values() for one in owner.constructors}
        self._interpreter = Interpreter(module, steps=5_000)

    def call(self, name: str, arguments: Sequence[Value]) -> Value | None:
        try:
            return self._interpreter.call(name, arguments)
        except NoValue:
            return None


@dataclass(frozen=True)
class _Comparison:
    original: _Side
    copy: _Side
    symbols: Mapping[str, str]
    draws: Random

    def run(self, count: int) -> Evaluations:
        agreed = 0
        differences: list[str] = []
        for name, function in self.original.functions.items():
            for _ in range(count):
                try:
                    given = {one.name: self._ground(one.type, 5) for one in function.parameters}
                except NoValue:
                    break
                there = self.copy.functions[self.symbols.get(name, name)]
                turned = {self.symbols.get(key, key): self._translated(value) for key, value in given.items()}
                value = self.original.call(name, list(given.values()))
                other = self.copy.call(there.name, [turned[one.name] for one in there.parameters])
                if isinstance(value, Closure):
                    break
                if (None if value is None else self._translated(value)) == other:
                    agreed += value is not None
                else:
                    differences.append(f"{name} {given}: {value}, in the copy {other}")
        return Evaluations(agreed, tuple(differences))

    def _translated(self, value: Value) -> Value:
        """A value of the original as one of the copy."""
        if not isinstance(value, Constructed) or value.constructor not in self.original.constructors:
            return value
        here = self.original.constructors[value.constructor]
        there = self.copy.constructors[self.symbols.get(here.name, here.name)]
        names = [self.symbols.get(selector, selector) for selector in here.selectors]
        parts = dict(zip(names, map(self._translated, value.arguments), strict=True))
        return Constructed(there.name, tuple(parts[selector] for selector in there.selectors))

    def _ground(self, type_: Type, size: int) -> Value:
        """A value, not deeper than `size` where it can be helped. Raises `NoValue` for functions."""
        match type_:
            case TypeVariable():
                return Constructed(f"(element {self.draws.randrange(ELEMENTS)})", ())
            case Data("Bool"):
                return self.draws.random() < 1 / 2
            case Data("Int"):
                return self.draws.randint(-size, size)
            case Data(name, types) if name in self.original.datatypes and size > -DEEPEST:
                datatype = self.original.datatypes[name]
                table = dict(zip(datatype.parameters, types, strict=True))
                least = min(len(one.fields) for one in datatype.constructors)
                chosen = [one for one in datatype.constructors if size > 0 or len(one.fields) == least]
                constructor = self.draws.choice(chosen)
                parts = [self._ground(substitute_type(one, table), size - 1) for one in constructor.fields]
                return Constructed(constructor.name, tuple(parts))
            case _:
                raise NoValue("a function, or a type without ground values")
