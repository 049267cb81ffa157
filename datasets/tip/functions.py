"""The functions of one file: typed, in groups that call each other, with the recursion and equalities that each needs.

Nothing here is text but names: `definitions` writes the functions, `unfolding` states their equations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from datasets.tip.identifiers import Identifiers
from datasets.tip.inference import Inference
from datasets.tip.recursion import Form, Lexicographic, Recursion
from datasets.tip.rocq_text import application, explicit
from datasets.tip.syntax import BOOL, Arrow, Data, Function, Module, Type, TypeVariable
from datasets.tip.typed import Constant, Integer, Typed, TypedFunction, substitute_type, typed_subterms


class Functions:
    def __init__(self, module: Module, identifiers: Identifiers, inference: Inference) -> None:
        self.groups = {function.name: group for group in module.functions for function in group}
        """The group of each function, as the file declares them."""
        self.typed: dict[str, TypedFunction] = {}
        self.forms: dict[str, Form] = {}
        """How each recursive function in the header recurs."""
        self.nested: dict[str, Lexicographic] = {}
        self.wrapped: set[str] = set()
        """Nested functions whose own name stands: outside their own bodies."""
        self.recursion = Recursion(module, self.component, self.inhabitant)
        self.datatypes = {datatype.name: datatype for group in module.datatypes for datatype in group}
        self._identifiers = identifiers
        self._inference = inference
        self._dictionaries: dict[str, tuple[int, ...]] = {}

    def _typed_function(self, function: Function) -> TypedFunction:
        if function.name not in self.typed:
            self.typed[function.name] = self._inference.function(function)
        return self.typed[function.name]

    def component(self, name: str) -> tuple[TypedFunction, ...]:
        """The functions of a group that call each other, `name` among them."""
        group = {function.name: self._typed_function(function) for function in self.groups[name]}
        calls = {key: called_functions(function.body) & group.keys() for key, function in group.items()}
        reached = {key: _closure(key, calls) for key in group}
        return tuple(f for key, f in group.items() if key == name or (key in reached[name] and name in reached[key]))

    def find_dictionaries(self, group: tuple[TypedFunction, ...], require: Callable[[str], None]) -> None:
        """Settle for which type parameters each function takes an equality function: the least solution.

        `require` is told the functions outside the group that it calls.
        """
        names = frozenset(function.name for function in group)
        for function in group:
            for callee in sorted(called_functions(function.body) - names):
                require(callee)
        self._dictionaries.update(dict.fromkeys(names, ()))
        changed = True
        while changed:
            changed = False
            for function in group:
                needed: set[str] = set()
                for term in typed_subterms(function.body):
                    match term:
                        case Constant("operator", "=", (type_,)):
                            needed |= type_variables(type_)
                        case Constant("function", name, types):
                            for position in self._dictionaries[name]:
                                needed |= type_variables(types[position])
                        case _:
                            pass
                positions = tuple(i for i, name in enumerate(function.type_parameters) if name in needed)
                if positions != self._dictionaries[function.name]:
                    self._dictionaries[function.name] = positions
                    changed = True

    def dictionaries_of(self, function: str) -> tuple[int, ...]:
        return self._dictionaries[function]

    def inner_call(self, function: str) -> tuple[str, tuple[int, ...]]:
        if function in self.nested:
            return self._identifiers.inner[function], self.nested[function].inner
        typed = self.typed[function]
        fuelled = self._identifiers.fuelled[function]
        return self.applied(typed, fuelled, [self._identifiers.fuel.left]), tuple(range(len(typed.parameters)))

    def outer_name(self, function: str) -> tuple[str, tuple[int, ...]] | None:
        nested = self.nested.get(function)
        if nested is None or nested.keeps_order or function in self.wrapped:
            return None
        return self._identifiers.nested[function], nested.outer + nested.inner

    def type_binders(self, function: TypedFunction) -> list[str]:
        """The binders of a function's types and of the equalities that it takes."""
        variables = [self._identifiers.variables[item] for item in function.type_parameters]
        binders = [f"({item} : Type)" for item in variables]
        for position in self._dictionaries[function.name]:
            dictionary = self._identifiers.dictionaries[function.type_parameters[position]]
            binders.append(f"({dictionary} : {variables[position]} -> {variables[position]} -> bool)")
        return binders

    def applied(self, function: TypedFunction, name: str, arguments: Sequence[str] = ()) -> str:
        """`name` at the function's own types and equalities, and at `arguments`."""
        given = [*self.own_arguments(function), *arguments]
        return application(explicit(name, function.type_parameters), given).text

    def own_arguments(self, function: TypedFunction) -> list[str]:
        """The types and equalities that stand first in a function's own calls."""
        types = [self._identifiers.variables[item] for item in function.type_parameters]
        equalities = (function.type_parameters[position] for position in self._dictionaries[function.name])
        return [*types, *(self._identifiers.dictionaries[item] for item in equalities)]

    def inhabitant(self, type_: Type, depth: int = 3) -> Typed | None:
        """A closed term of a type, with constructors at most `depth` deep; None if there is none of that kind."""
        match type_:
            case Data("Bool"):
                return Constant("operator", "false", (), (), BOOL)
            case Data("Int"):
                return Integer(0)
            case Data(name, types) if name in self.datatypes and depth:
                datatype = self.datatypes[name]
                table = dict(zip(datatype.parameters, types, strict=True))
                for constructor in datatype.constructors:
                    fields = [self.inhabitant(substitute_type(f, table), depth - 1) for f in constructor.fields]
                    arguments = tuple(field for field in fields if field is not None)
                    if len(arguments) == len(fields):
                        return Constant("constructor", constructor.name, types, arguments, type_)
            case _:
                pass
        return None


def type_variables(type_: Type) -> set[str]:
    match type_:
        case TypeVariable(name):
            return {name}
        case Data(arguments=arguments):
            return {name for item in arguments for name in type_variables(item)}
        case Arrow(domain, codomain):
            return type_variables(domain) | type_variables(codomain)


def called_functions(term: Typed) -> set[str]:
    return {item.name for item in typed_subterms(term) if isinstance(item, Constant) and item.kind == "function"}


def _closure(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    """What can be reached from `start` in at least one step."""
    reached: set[str] = set()
    stack = [start]
    while stack:
        for target in edges[stack.pop()] - reached:
            reached.add(target)
            stack.append(target)
    return reached
