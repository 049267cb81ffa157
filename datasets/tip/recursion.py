"""Decides how a group of functions recurses, on their typed bodies.

Four answers: each function has one parameter that every recursive call makes structurally smaller (a plain
`Fixpoint`); a single function has parameters that get smaller lexicographically (nested `fix`); every call of a single
function makes the sum of the sizes of some parameters smaller (fuel), by patterns alone (`sizes`) or by bounds on the
sizes of results (`bounds`); or none of these, which is None. The prover's own guard has the last word: this module only
chooses the form, and whatever is not the plain `Fixpoint` of the body as written comes with an unfolding equation to
prove (`rocq.Translator.unfoldings`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice, permutations, product
from typing import NamedTuple

from datasets.tip.bounds import Bounds
from datasets.tip.descent import Descent, Known
from datasets.tip.sampling import Bound
from datasets.tip.sizes import decreasing, regular_datatypes
from datasets.tip.spending import fuel_lasts
from datasets.tip.syntax import Module, Type
from datasets.tip.typed import Constant, Typed, TypedFunction, map_children

MOST_CHOICES = 20_000
"""Choices of one parameter of each function of a group that are tried."""


@dataclass(frozen=True)
class Structural:
    """For each function of the group the position of the parameter that gets smaller."""

    positions: Mapping[str, int]


@dataclass(frozen=True)
class Lexicographic:
    """A recursion on the parameter at `outer[0]`, or while it stays the same, on the one at `inner[0]`.

    `outer` and `inner` list the parameters of the two nested functions; if they are not in the order of the function's
    own parameters, the function is a definition beside them. Calls of the inner one are marked as `inner`.
    """

    structural: tuple[int, int]
    outer: tuple[int, ...]
    inner: tuple[int, ...]

    @property
    def keeps_order(self) -> bool:
        return [*self.outer, *self.inner] == sorted(self.outer + self.inner)


@dataclass(frozen=True)
class Measured:
    """A recursion on the sum of the sizes of the parameters at `positions`; recursive calls are marked as `inner`."""

    positions: tuple[int, ...]
    by_bounds: bool = False
    """Whether calls get smaller by bounds on the results of functions."""
    bounds: tuple[Bound, ...] = ()
    """Those of the function's own results that this rests on."""


class Form(NamedTuple):
    """How to write the functions: the recursion, and their bodies for it."""

    recursion: Structural | Lexicographic | Measured
    functions: tuple[TypedFunction, ...]
    as_written: bool
    """Whether this is the plain recursion of the bodies as they were given."""


class Recursion:
    """The analysis for the functions of one file.

    `component` answers with the functions that call each other, among them the given one; `inhabitant` with a closed
    term of a type, if there is a small one.
    """

    def __init__(
        self,
        module: Module,
        component: Callable[[str], tuple[TypedFunction, ...]],
        inhabitant: Callable[[Type], Typed | None],
    ) -> None:
        self._module = module
        self._inhabitant = inhabitant
        self.bounds = Bounds(module, component, self.structural)
        self._descent = Descent(module)
        self._regular = regular_datatypes(module)

    def form(self, functions: tuple[TypedFunction, ...]) -> Form | None:
        """How to write a group of mutually recursive functions, or None."""
        structural = self._structural(functions)
        if structural is not None:
            return Form(structural, functions, as_written=True)
        function, *others = functions
        if others:
            return None
        normal = self._with_matched_variables(function)
        structural = self._structural((normal,))
        if structural is not None:
            return Form(structural, (normal,), as_written=False)
        lexicographic = self._lexicographic(normal)
        if lexicographic is not None:
            return lexicographic
        positions = decreasing(function, self._regular)
        measured = self._by_bounds(function) if positions is None else Measured(positions)
        if measured is None or not fuel_lasts(self._module, self.bounds.sampling, function, measured.positions):
            return None
        return Form(measured, (_inside_out(function),), as_written=False)

    def _by_bounds(self, function: TypedFunction) -> Measured | None:
        default = self._inhabitant(function.result)
        decrease = None if default is None else self.bounds.decrease(function, default)
        return None if decrease is None else Measured(decrease.positions, True, decrease.bounds)

    def structural(self, function: TypedFunction) -> int | None:
        """The parameter that a function which calls itself makes structurally smaller in every call."""
        found = self._structural((function,))
        return None if found is None else found.positions[function.name]

    def _structural(self, functions: tuple[TypedFunction, ...]) -> Structural | None:
        group = frozenset(function.name for function in functions)
        calls = [(function.name, call) for function in functions for call in self._descent.calls(function, group)]
        choices = product(*(range(len(function.parameters)) for function in functions))
        for choice in islice(choices, MOST_CHOICES):
            positions = {function.name: position for function, position in zip(functions, choice, strict=True)}
            if all(
                positions[call.callee] < len(call.arguments)
                and call.known.is_smaller(call.arguments[positions[call.callee]], positions[caller])
                for caller, call in calls
            ):
                return Structural(positions)
        return None

    def _lexicographic(self, function: TypedFunction) -> Form | None:
        calls = self._descent.calls(function, frozenset({function.name}))
        arity = len(function.parameters)
        if any(len(call.arguments) != arity for call in calls):
            return None
        for first, second in permutations(range(arity), 2):
            inner = [call for call in calls if not call.known.is_smaller(call.arguments[first], first)]
            if all(
                call.known.is_unchanged(call.arguments[first], first)
                and call.known.is_smaller(call.arguments[second], second)
                for call in inner
            ):
                fixed = all(call.known.is_unchanged(call.arguments[k], k) for call in inner for k in range(second))
                if first < second and fixed:
                    nested = Lexicographic((first, second), tuple(range(second)), tuple(range(second, arity)))
                else:
                    others = tuple(k for k in range(arity) if k not in {first, second})
                    nested = Lexicographic((first, second), (first,), (second, *others))
                return Form(nested, (self._with_inner_calls(function, first),), as_written=False)
        return None

    def _with_inner_calls(self, function: TypedFunction, first: int) -> TypedFunction:
        """`function` with its calls that leave the parameter at `first` as it is marked as `inner`."""

        def change(
            name: str, types: tuple[Type, ...], arguments: tuple[Typed, ...], type_: Type, known: Known
        ) -> Typed:
            kind = "function" if known.is_smaller(arguments[first], first) else "inner"
            return Constant(kind, name, types, arguments, type_)

        return self._descent.with_calls(function, change)

    def _with_matched_variables(self, function: TypedFunction) -> TypedFunction:
        """`function` with arguments of its recursive calls that repeat a pattern replaced by what was matched."""

        def change(
            name: str, types: tuple[Type, ...], arguments: tuple[Typed, ...], type_: Type, known: Known
        ) -> Typed:
            replaced = (known.matched(argument, position) or argument for position, argument in enumerate(arguments))
            return Constant("function", name, types, tuple(replaced), type_)

        return self._descent.with_calls(function, change)


def _inside_out(function: TypedFunction) -> TypedFunction:
    """`function` with its calls of itself marked as `inner`."""

    def mark(term: Typed) -> Typed:
        term = map_children(term, mark)
        match term:
            case Constant("function", function.name, types, arguments, type_):
                return Constant("inner", function.name, types, arguments, type_)
            case _:
                return term

    return replace(function, body=mark(function.body))
