"""What is known where a function calls itself: which variables are parts of parameters, and what they matched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from datasets.tip.syntax import Arrow, Data, Module, Type
from datasets.tip.typed import Binding, Branch, Constant, Local, Selection, Typed, TypedFunction, children, map_children


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


class Descent:
    """The functions of one file."""

    def __init__(self, module: Module) -> None:
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

    def calls(self, function: TypedFunction, group: frozenset[str]) -> list[Call]:
        """Every call in the body of `function` of a function of `group`."""
        return [
            Call(term.name, term.arguments, known)
            for term, known in self._walk(function.body, self._start(function), function)
            if isinstance(term, Constant) and term.kind == "function" and term.name in group
        ]

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

    def with_calls(self, function: TypedFunction, change: _CallChange) -> TypedFunction:
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
