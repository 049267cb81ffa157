"""The sorts of a first-order SMT-LIB problem, one for each type at which the statement reaches it (`smtlib`).

A name is made once for each thing and the types at which it stands, and no name is given twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from datasets.tip.syntax import BOOL, INT, Arrow, Constructor, Data, Module, TranslationError, Type, TypeVariable
from datasets.tip.typed import substitute_type

DEEPEST = 8
"""How far types may be nested; they go deeper only where a function or datatype refers to itself at larger types."""


class Sorts:
    def __init__(self, module: Module) -> None:
        self.datatypes = {datatype.name: datatype for group in module.datatypes for datatype in group}
        self.names: dict[tuple[object, ...], str] = {}
        self.declared: list[str] = []
        self.symbols: list[str] = []
        """Declarations of function sorts, `apply` and closures."""
        self._types: dict[Type, str] = {}

    def name(self, *key: object) -> str:
        """The symbol for a name at some types: no reserved word has a `!`."""
        if key not in self.names:
            word = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in str(key[1]))
            self.names[key] = f"{word}!{len(self.names)}"
        return self.names[key]

    def _selector(self, datatype: Type, constructor: str, position: int) -> str:
        return self.name("selector", f"{constructor}_{position}", datatype)

    def type(self, type_: Type) -> str:
        if type_ in (BOOL, INT):
            return "Bool" if type_ == BOOL else "Int"
        if type_ in self._types:
            return self._types[type_]
        bound_depth(type_)
        match type_:
            case TypeVariable(name):
                text = self._types[type_] = self.name("sort", name)
                self.declared.append(f"(declare-sort {text} 0)")
            case Data(name) if name in self.datatypes:
                text = self._types[type_] = self.name("type", name, type_)
                for constructor in self.datatypes[name].constructors:
                    for field in self.fields(type_, constructor):
                        self.type(field)
            case Data(name):
                text = self._types[type_] = self.name("sort", name)
                self.declared.append(f"(declare-sort {text} 0)")
            case Arrow(domain, codomain):
                text = self._types[type_] = self.name("type", "function", type_)
                parts = self.type(domain), self.type(codomain)
                self.declared.append(f"(declare-sort {text} 0)")
                self.symbols.append(f"(declare-fun {self.apply(type_)} ({text} {parts[0]}) {parts[1]})")
        return text

    def apply(self, type_: Type) -> str:
        return self.name("apply", "apply", type_)

    def fields(self, type_: Data, constructor: Constructor) -> list[Type]:
        table = dict(zip(self.datatypes[type_.name].parameters, type_.arguments, strict=True))
        return [substitute_type(field, table) for field in constructor.fields]

    def constructor(self, name: str, type_: Type) -> str:
        self.type(type_)
        return self.name("constructor", name, type_)

    def datatype_sentences(self) -> Iterator[str]:
        """The datatypes by groups that mention each other, each after those that it needs."""
        graph: nx.DiGraph[Data] = nx.DiGraph()
        instances = [t for t in self._types if isinstance(t, Data) and t.name in self.datatypes]
        for type_ in instances:
            graph.add_node(type_)
            for constructor in self.datatypes[type_.name].constructors:
                graph.add_edges_from((type_, f) for f in self.fields(type_, constructor) if f in instances)
        for group in nx.strongly_connected_components(graph):
            members = [type_ for type_ in instances if type_ in group]
            heads = " ".join(f"({self.type(type_)} 0)" for type_ in members)
            yield f"(declare-datatypes ({heads}) ({' '.join(self._datatype(type_) for type_ in members)}))"

    def _datatype(self, type_: Data) -> str:
        parts: list[str] = []
        for constructor in self.datatypes[type_.name].constructors:
            fields = [
                f" ({self._selector(type_, constructor.name, position)} {self.type(field)})"
                for position, field in enumerate(self.fields(type_, constructor))
            ]
            parts.append(f"({self.constructor(constructor.name, type_)}{''.join(fields)})")
        return f"({' '.join(parts)})"


def bound_depth(type_: Type, depth: int = DEEPEST) -> None:
    """Refuses a type that is nested too deeply."""
    if depth == 0:
        raise TranslationError("polymorphic recursion")
    match type_:
        case Data(arguments=arguments):
            for item in arguments:
                bound_depth(item, depth - 1)
        case Arrow(domain, codomain):
            bound_depth(domain, depth - 1)
            bound_depth(codomain, depth)
        case TypeVariable():
            pass
