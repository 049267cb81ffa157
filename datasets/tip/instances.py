"""The body of a function at types and arguments; what it binds gets new names, so that names stay unique."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from datasets.tip.syntax import Type
from datasets.tip.typed import (
    Abstraction,
    Application,
    Binding,
    Branch,
    Constant,
    Local,
    Quantification,
    Selection,
    Typed,
    TypedFunction,
    map_children,
    substitute_type,
)


def instantiate(
    function: TypedFunction, types: tuple[Type, ...], arguments: tuple[Typed, ...], fresh: Callable[[str], str]
) -> Typed:
    """The body of a function at types and arguments, with new names for what it binds."""
    table = dict(zip(function.type_parameters, types, strict=True))
    given = {item.name: argument for item, argument in zip(function.parameters, arguments, strict=True)}
    return _instance(function.body, table, given, fresh)


def _instance(term: Typed, table: dict[str, Type], given: Mapping[str, Typed], fresh: Callable[[str], str]) -> Typed:
    def bind(variables: tuple[Local, ...]) -> tuple[tuple[Local, ...], dict[str, Typed]]:
        renamed = tuple(Local(fresh(item.name), substitute_type(item.type, table)) for item in variables)
        inner = dict(zip((item.name for item in variables), renamed, strict=True))
        return renamed, {**given, **inner}

    match term:
        case Local(name, type_):
            return given.get(name) or Local(name, substitute_type(type_, table))
        case Abstraction(binders, body):
            variables, inner = bind(binders)
            return Abstraction(variables, _instance(body, table, inner, fresh))
        case Quantification(quantifier, binders, body):
            variables, inner = bind(binders)
            return Quantification(quantifier, variables, _instance(body, table, inner, fresh))
        case Binding(variable, value, body):
            (variable,), inner = bind((variable,))
            return Binding(variable, _instance(value, table, given, fresh), _instance(body, table, inner, fresh))
        case Selection(scrutinee, branches, type_):
            changed: list[Branch] = []
            for branch in branches:
                variables, inner = bind(branch.variables)
                changed.append(Branch(branch.constructor, variables, _instance(branch.body, table, inner, fresh)))
            head = _instance(scrutinee, table, given, fresh)
            return Selection(head, tuple(changed), substitute_type(type_, table))
        case Constant(_, _, types, _, type_):
            changed_term = map_children(term, lambda item: _instance(item, table, given, fresh))
            assert isinstance(changed_term, Constant)
            types = tuple(substitute_type(item, table) for item in types)
            return replace(changed_term, types=types, type=substitute_type(type_, table))
        case Application(_, _, type_):
            changed_term = map_children(term, lambda item: _instance(item, table, given, fresh))
            assert isinstance(changed_term, Application)
            return replace(changed_term, type=substitute_type(type_, table))
        case _:
            return term
