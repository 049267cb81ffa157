"""What the declarations of a file must keep to, so that every name has one meaning and every type a value.

These are SMT-LIB's own rules: a symbol is declared once, the logic's symbols are not declared again, and a datatype has
finite values. Without them a statement could hold for a reason that is none, as about all values of an empty type.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import networkx as nx

from datasets.tip.syntax import OPERATORS, Arrow, Data, Datatype, Module, Type, TypeVariable
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


def by_dependency(declared: Sequence[Datatype]) -> list[tuple[Datatype, ...]]:
    """Datatypes that are declared together, in groups that need one another, each behind what it needs."""
    uses: nx.DiGraph[str] = nx.DiGraph()
    uses.add_nodes_from(datatype.name for datatype in declared)
    for datatype in declared:
        fields = [type_ for constructor in datatype.constructors for type_ in constructor.fields]
        uses.add_edges_from((datatype.name, name) for name in _names_in(fields) if name in uses)
    groups = nx.condensation(uses)
    ordered = [groups.nodes[group]["members"] for group in reversed(list(nx.topological_sort(groups)))]
    return [tuple(datatype for datatype in declared if datatype.name in names) for names in ordered]


def _names_in(types: Iterable[Type]) -> list[str]:
    """The datatypes of which types speak."""
    found: list[str] = []
    waiting = list(types)
    while waiting:
        match waiting.pop():
            case Data(name, arguments):
                found.append(name)
                waiting += arguments
            case Arrow(domain, codomain):
                waiting += (domain, codomain)
            case TypeVariable():
                pass
    return found
