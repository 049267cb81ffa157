"""Finds parameters whose sizes, added up, get smaller in every recursive call, from the patterns alone.

The size of a value counts its constructors with arguments along the recursive positions of its own datatype: that of a
list is its length, that of a natural number its value. Sizes of terms are linear in those of variables, so a call is
smaller if the difference has no negative coefficient and a positive constant: that holds for all values. The equation
of a function translated by it is proved in the prover like every other (`measured`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations, islice

from datasets.tip.syntax import Constructor, Data, Datatype, Module, Type, TypeVariable
from datasets.tip.typed import (
    Abstraction,
    Binding,
    Constant,
    Local,
    Selection,
    Typed,
    TypedFunction,
    children,
    typed_subterms,
)

UNIT = ""
"""The key of the constant in a linear form; all others are variables."""

MOST_SUMS = 1_000
"""Sums of parameters that are tried."""

_Shapes = Mapping[str, Constant]
"""Matched variables and the constructor terms that they equal."""


def regular_datatypes(module: Module) -> dict[str, Datatype]:
    """Recursive datatypes, declared alone, that occur in their own fields only as themselves at the same types."""
    found: dict[str, Datatype] = {}
    for group in module.datatypes:
        if len(group) == 1 and any(is_recursive(group[0], f) for c in group[0].constructors for f in c.fields):
            found[group[0].name] = group[0]
    return found


def is_recursive(datatype: Datatype, field: Type) -> bool:
    """Whether a field holds a value of the same type, which the size counts."""
    return field == Data(datatype.name, tuple(TypeVariable(name) for name in datatype.parameters))


def decreasing(function: TypedFunction, regular: Mapping[str, Datatype]) -> tuple[int, ...] | None:
    """Positions of the fewest parameters whose sizes together get smaller in each call of the function by itself."""
    group = [p for p, item in enumerate(function.parameters) if _datatype(item.type, regular) is not None]
    calls = list(_calls(function.body, {}, function.name))
    types = tuple(TypeVariable(name) for name in function.type_parameters)
    arity = len(function.parameters)
    if any(shapes is None or len(call.arguments) != arity or call.types != types for call, shapes in calls):
        return None
    sums = (positions for count in range(1, len(group) + 1) for positions in combinations(group, count))
    for positions in islice(sums, MOST_SUMS):
        if all(_is_smaller(call, shapes or {}, function, positions, regular) for call, shapes in calls):
            return positions
    return None


def _datatype(type_: Type, regular: Mapping[str, Datatype]) -> Datatype | None:
    return regular.get(type_.name) if isinstance(type_, Data) else None


def _calls(term: Typed, shapes: _Shapes | None, name: str) -> Iterator[tuple[Constant, _Shapes | None]]:
    """The calls of a function with the matches that they stand in; None below a binder, where none may stand."""
    match term:
        case Constant("function", called) if called == name:
            yield term, shapes
        case _:
            pass
    match term:
        case Abstraction(body=body):
            yield from _calls(body, None, name)
        case Selection(Local(variable, type_) as scrutinee, branches) if isinstance(type_, Data):
            for branch in branches:
                inside = shapes
                if shapes is not None and branch.constructor is not None:
                    shape = Constant("constructor", branch.constructor, type_.arguments, branch.variables, type_)
                    inside = {**shapes, variable: shape}
                yield from _calls(branch.body, inside, name)
            yield from _calls(scrutinee, shapes, name)
        case Selection(scrutinee, branches):
            yield from _calls(scrutinee, shapes, name)
            for branch in branches:  # what a branch binds is not the function's to speak of
                bound = {variable.name for variable in branch.variables}
                for call, inside in _calls(branch.body, shapes, name):
                    yield call, None if _mentions(call, bound) else inside
        case Binding(variable, value, body):
            yield from _calls(value, shapes, name)
            for call, inside in _calls(body, shapes, name):
                yield call, None if _mentions(call, {variable.name}) else inside
        case _:
            for child in children(term):
                yield from _calls(child, shapes, name)


def _mentions(term: Typed, names: Collection[str]) -> bool:
    return any(isinstance(item, Local) and item.name in names for item in typed_subterms(term))


def _is_smaller(
    call: Constant,
    shapes: _Shapes,
    function: TypedFunction,
    positions: tuple[int, ...],
    regular: Mapping[str, Datatype],
) -> bool:
    difference: Counter[str] = Counter()
    for position in positions:
        difference.update(_size(function.parameters[position], shapes, regular))
        difference.subtract(_size(call.arguments[position], shapes, regular))
    return difference[UNIT] > 0 and all(value >= 0 for value in difference.values())


def _size(term: Typed, shapes: _Shapes, regular: Mapping[str, Datatype]) -> Counter[str]:
    """The size of a term; of what is no constructor the size counts as a variable of its own."""
    match term:
        case Local(name) if name in shapes:
            return _size(shapes[name], shapes, regular)
        case Local(name):
            return Counter({name: 1})
        case Constant("constructor", name, _, arguments, Data(owner)) if owner in regular:
            constructor = next(c for c in regular[owner].constructors if c.name == name)
            total = Counter({UNIT: int(bool(counted(regular[owner], constructor)))})
            for position in counted(regular[owner], constructor):
                total.update(_size(arguments[position], shapes, regular))
            return total
        case _:
            return Counter({repr(term): 1})


def counted(datatype: Datatype, constructor: Constructor) -> tuple[int, ...]:
    """Positions of the fields that the size counts; a constructor without any has size nought."""
    return tuple(p for p, field in enumerate(constructor.fields) if is_recursive(datatype, field))
