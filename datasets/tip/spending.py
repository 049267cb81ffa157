"""Runs a function that is to be translated with fuel, and watches that the fuel lasts.

This rests on nothing that chose the fuel but the sizes of values: the interpreter knows no types and no bounds. It is a
net below `sizes` and `bounds`, which decide; a function that it stops is one about which they are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from datasets.tip.interpreter import Interpreter, NoValue, Value
from datasets.tip.sampling import DEEPEST, Sampling
from datasets.tip.syntax import Module
from datasets.tip.typed import TypedFunction

INPUTS = 40
STEPS = 1_000


class _Spent(Exception):  # noqa: N818 — not an error: the answer of a run
    """A call without any fuel left."""


class _Fuelled(Interpreter):
    """An interpreter in which one function's calls of itself each need one unit of what `fuel` holds."""

    def __init__(self, module: Module, function: str) -> None:
        super().__init__(module, steps=STEPS)
        self._function = function
        self.fuel = 0

    def enter(self, name: str, arguments: Sequence[Value]) -> Value:
        if name != self._function:
            return super().enter(name, arguments)
        if self.fuel == 0:
            raise _Spent
        self.fuel -= 1
        try:
            return super().enter(name, arguments)
        finally:
            self.fuel += 1


def fuel_lasts(module: Module, sampling: Sampling, function: TypedFunction, positions: Sequence[int]) -> bool:
    """Whether as many nested calls as the sizes of the parameters at `positions` add up to were enough in every run."""
    interpreter, random = _Fuelled(module, function.name), Random(0)
    for _ in range(INPUTS):
        try:
            values = [sampling.draw(item.type, random.randrange(DEEPEST), random) for item in function.parameters]
            interpreter.fuel = sum(sampling.size(values[p], function.parameters[p].type) for p in positions)
            interpreter.call(function.name, values)
        except NoValue:
            continue
        except _Spent:
            return False
    return True
