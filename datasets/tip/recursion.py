"""Decides how a group of functions recurses, on their typed bodies.

Four answers: each function has one parameter that every recursive call makes structurally smaller (a plain
`Fixpoint`); a single function has parameters that get smaller lexicographically (nested `fix`); every call of a single
function makes the sum of the sizes of some parameters smaller (fuel), by patterns alone (`sizes`) or by bounds on the
sizes of results (`bounds`); or none of these, which is None. The prover's own guard has the last word: this module only
chooses the form, and whatever is not the plain `Fixpoint` of the body as written comes with an unfolding equation to
prove (`rocq.Translator.unfoldings`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice, permutations, product
from typing import NamedTuple

from datasets.tip.bounds import Bounds
from datasets.tip.sampling import Bound
from datasets.tip.sizes import decreasing, regular_datatypes
from datasets.tip.spending import fuel_lasts
from datasets.tip.syntax import Arrow, Data, Module, Type
from datasets.tip.typed import Binding, Branch, Constant, Local, Selection, Typed, TypedFunction, children, map_children

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


class _Part(NamedTuple):
    """A variable that is the parameter at `position`, or a proper part of it."""

    position: int
    proper: bool


_Key = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Known:
    """What holds where a call stands."""

    parts: Mapping[str, _Part]
    patterns: Mapping[_Key, tuple[Local, ...]]
    """A constructor applied to variables → the matched variables that equal it here."""

    def is_smaller(self, argument: Typed, position: int) -> bool:
        return isinstance(argument, Local) and self.parts.get(argument.name) == _Part(position, proper=True)

    def is_unchanged(self, argument: Typed, position: int) -> bool:
        return isinstance(argument, Local) and self.parts.get(argument.name) == _Part(position, proper=False)

    def matched(self, argument: Typed, position: int) -> Local | None:
        """The variable, a part of the parameter at `position`, that was matched by a pattern equal to `argument`."""
        match argument:
            case Constant("constructor", name, _, arguments):
                variables = tuple(item.name for item in arguments if isinstance(item, Local))
                if len(variables) == len(arguments):
                    for variable in self.patterns.get((name, variables), ()):
                        part = self.parts.get(variable.name)
                        if part is not None and part.position == position:
                            return variable
            case _:
                pass
        return None


class Call(NamedTuple):
    callee: str
    arguments: tuple[Typed, ...]
    known: Known


_CallChange = Callable[[str, tuple[Type, ...], tuple[Typed, ...], Type, Known], Typed]


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
        self._group = {
            datatype.name: frozenset(member.name for member in group)
            for group in module.datatypes
            for datatype in group
        }
        self._recursive_fields: dict[str, tuple[bool, ...]] = {
            constructor.name: tuple(mentions(field, self._group[datatype.name]) for field in constructor.fields)
            for group in module.datatypes
            for datatype in group
            for constructor in datatype.constructors
        }

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

    def calls(self, function: TypedFunction, group: frozenset[str]) -> list[Call]:
        """Every call in the body of `function` of a function of `group`."""
        return [
            Call(term.name, term.arguments, known)
            for term, known in self._walk(function.body, self._start(function), function)
            if isinstance(term, Constant) and term.kind == "function" and term.name in group
        ]

    def _structural(self, functions: tuple[TypedFunction, ...]) -> Structural | None:
        group = frozenset(function.name for function in functions)
        calls = [(function.name, call) for function in functions for call in self.calls(function, group)]
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
        calls = self.calls(function, frozenset({function.name}))
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

        return self._with_calls(function, change)

    # ------------------------------------------------------------------------------------------------- walking

    def _start(self, function: TypedFunction) -> Known:
        return Known({p.name: _Part(i, proper=False) for i, p in enumerate(function.parameters)}, {})

    def _walk(self, term: Typed, known: Known, function: TypedFunction) -> Iterator[tuple[Typed, Known]]:
        yield term, known
        match term:
            case Selection(scrutinee, branches):
                yield from self._walk(scrutinee, known, function)
                for branch in branches:
                    yield from self._walk(branch.body, self._inside(scrutinee, branch, known, function), function)
            case Binding(variable, value, body):
                yield from self._walk(value, known, function)
                yield from self._walk(body, _bound(variable, value, known), function)
            case _:
                for child in children(term):
                    yield from self._walk(child, known, function)

    def _inside(self, scrutinee: Typed, branch: Branch, known: Known, function: TypedFunction) -> Known:
        """What holds in a branch of a match."""
        if not isinstance(scrutinee, Local) or branch.constructor is None:
            return known
        parts, patterns = dict(known.parts), dict(known.patterns)
        origin = parts.get(scrutinee.name)
        if origin is not None:
            root = function.parameters[origin.position].type
            family = self._group.get(root.name, frozenset[str]()) if isinstance(root, Data) else frozenset[str]()
            inside = isinstance(scrutinee.type, Data) and scrutinee.type.name in family
            for position, variable in enumerate(branch.variables):
                if inside:
                    is_part = self._recursive_fields[branch.constructor][position]
                else:
                    is_part = mentions(variable.type, family)
                if is_part:
                    parts[variable.name] = _Part(origin.position, proper=True)
        key = (branch.constructor, tuple(variable.name for variable in branch.variables))
        patterns[key] = (*patterns.get(key, ()), scrutinee)
        return Known(parts, patterns)

    def _with_matched_variables(self, function: TypedFunction) -> TypedFunction:
        """`function` with arguments of its recursive calls that repeat a pattern replaced by what was matched."""

        def change(
            name: str, types: tuple[Type, ...], arguments: tuple[Typed, ...], type_: Type, known: Known
        ) -> Typed:
            replaced = (known.matched(argument, position) or argument for position, argument in enumerate(arguments))
            return Constant("function", name, types, tuple(replaced), type_)

        return self._with_calls(function, change)

    def _with_calls(self, function: TypedFunction, change: _CallChange) -> TypedFunction:
        """`function` with every recursive call changed, innermost first."""

        def walk(term: Typed, known: Known) -> Typed:
            match term:
                case Constant("function", function.name, types, arguments, type_):
                    return change(function.name, types, tuple(walk(item, known) for item in arguments), type_, known)
                case Selection(scrutinee, branches, type_):
                    inner: list[Branch] = []
                    for branch in branches:
                        body = walk(branch.body, self._inside(scrutinee, branch, known, function))
                        inner.append(Branch(branch.constructor, branch.variables, body))
                    return Selection(walk(scrutinee, known), tuple(inner), type_)
                case Binding(variable, value, body):
                    return Binding(variable, walk(value, known), walk(body, _bound(variable, value, known)))
                case _:
                    return map_children(term, lambda item: walk(item, known))

        body = walk(function.body, self._start(function))
        return TypedFunction(function.name, function.type_parameters, function.parameters, function.result, body)


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


def _bound(variable: Local, value: Typed, known: Known) -> Known:
    if isinstance(value, Local) and value.name in known.parts:
        return Known({**known.parts, variable.name: known.parts[value.name]}, known.patterns)
    return known


def mentions(type_: Type, names: frozenset[str]) -> bool:
    match type_:
        case Data(name, arguments):
            return name in names or any(mentions(item, names) for item in arguments)
        case Arrow(_, codomain):
            return mentions(codomain, names)
        case _:
            return False
