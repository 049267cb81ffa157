"""What the declarations of a file must keep to, so that every name has one meaning and every type a value.

These are SMT-LIB's own rules: a symbol is declared once, the logic's symbols are not declared again, and a datatype has
finite values. Without them a statement could hold for a reason that is none, as about all values of an empty type.
"""

from __future__ import annotations

from collections.abc import Iterable

from datasets.tip.syntax import OPERATORS, Arrow, Data, Module, Type, TypeVariable
from domain import UserError


def check(module: Module) -> None:
    """Raises `UserError` with the name that is at fault."""
    datatypes = [datatype for group in module.datatypes for datatype in group]
    functions = [function for group in module.functions for function in group]
    constructors = [constructor for datatype in datatypes for constructor in datatype.constructors]
    terms = [item.name for item in (*constructors, *functions)]
    selectors = [selector for constructor in constructors for selector in constructor.selectors]
    _once(module, ["Bool", "Int", *(datatype.name for datatype in datatypes), *module.sorts])
    _once(module, ["true", "false", *OPERATORS, *terms, *selectors, *module.constants])
    arities = {datatype.name: len(datatype.parameters) for datatype in datatypes}
    arities |= dict.fromkeys(("Bool", "Int", *module.sorts), 0)
    for constructor in constructors:
        for field in constructor.fields:
            _well_formed(module, field, arities, constructor.name)
    for function in functions:
        _well_formed(module, function.result, arities, function.name)
    inhabited = set(arities) - {datatype.name for datatype in datatypes}
    waiting = datatypes
    while waiting:
        empty = [
            datatype
            for datatype in waiting
            if not any(all(_has_values(field, inhabited) for field in c.fields) for c in datatype.constructors)
        ]
        if len(empty) == len(waiting):
            raise UserError(f"{module.file}: the datatype `{empty[0].name}` has no finite value")
        inhabited.update(datatype.name for datatype in waiting if datatype not in empty)
        waiting = empty


def _once(module: Module, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UserError(f"{module.file}: `{name}` is declared more than once")
        seen.add(name)


def _well_formed(module: Module, type_: Type, arities: dict[str, int], where: str) -> None:
    match type_:
        case Data(name, arguments):
            if arities.get(name) != len(arguments):
                raise UserError(f"{module.file}: in `{where}`: no type `{name}` with {len(arguments)} arguments")
            for argument in arguments:
                _well_formed(module, argument, arities, where)
        case Arrow(domain, codomain):
            _well_formed(module, domain, arities, where)
            _well_formed(module, codomain, arities, where)
        case TypeVariable():
            pass


def _has_values(type_: Type, inhabited: set[str]) -> bool:
    """Whether a type has values if those of `inhabited` and all type variables have."""
    match type_:
        case Data(name):
            return name in inhabited
        case Arrow(_, codomain):
            return _has_values(codomain, inhabited)
        case TypeVariable():
            return True
