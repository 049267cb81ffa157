"""The identifiers of a file's global names in the translation, all different from each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from datasets.tip.names import KEYWORDS, REFERRED, REFERRED_WITH_INTEGERS, Names
from datasets.tip.syntax import Module

OPERATORS = {"and": "band", "or": "bor", "not": "bnot", "=>": "bimplies"}


class Fuel(NamedTuple):
    """The datatype of fuel, its constructors, and two variables: what is left of it, and what comes on top."""

    type: str
    spent: str
    more: str
    left: str
    rest: str


class Identifiers:
    """`reserved` are further identifiers that nothing may have, such as the theorem's name."""

    def __init__(self, module: Module, reserved: Iterable[str] = ()) -> None:
        names = Names(KEYWORDS | REFERRED | (REFERRED_WITH_INTEGERS if module.integers else frozenset()))
        for name in reserved:
            names.fresh(name)
        datatypes = [datatype for group in module.datatypes for datatype in group]
        functions = [function for group in module.functions for function in group]
        self.types = {datatype.name: names.fresh(datatype.name) for datatype in datatypes}
        self.types |= {sort: names.fresh(sort) for sort in module.sorts}
        self.types |= {"Bool": "bool", "Int": "Z"}
        constructors = [constructor.name for datatype in datatypes for constructor in datatype.constructors]
        self.constructors = {name: names.fresh(name) for name in constructors}
        self.constructors |= {"true": "true", "false": "false"}
        self.functions = {function.name: names.fresh(function.name) for function in functions}
        self.operators = {operator: names.fresh(name) for operator, name in OPERATORS.items()}
        self.equalities = {name: names.fresh(f"eq_{word}") for name, word in self.types.items() if name != "Int"}
        self.nested = {name: names.fresh(f"{word}_nested") for name, word in self.functions.items()}
        self.inner = {name: names.fresh(f"{word}_inner") for name, word in self.functions.items()}
        owners = [*datatypes]
        variables = [name for datatype in owners for name in datatype.parameters]
        variables += [name for function in functions for name in function.type_parameters]
        variables += [name for formula in (*module.assertions, module.goal) for name in formula.type_parameters]
        self.variables = {name: names.fresh(name) for name in dict.fromkeys(variables)}
        self.dictionaries = {name: names.fresh(f"eq_{word}") for name, word in self.variables.items()}
        self.laws = {name: names.fresh(f"{word}_decides") for name, word in self.dictionaries.items()}
        self.fuel = Fuel(*(names.fresh(word) for word in ("fuel", "spent", "more", "remaining", "above")))
        self.sizes = {datatype.name: names.fresh(f"size_{self.types[datatype.name]}") for datatype in datatypes}
        self.fuelled = {name: names.fresh(f"{word}_fuelled") for name, word in self.functions.items()}
        self.names = names
