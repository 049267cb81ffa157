"""Every function and constructor of some definitions, at the types at which exploration builds terms with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from domain import Const, Definition, Forall, Function, Sort, Term, Var
from pipeline.proposers.conjecture.laws import Symbol
from pipeline.proposers.conjecture.testing import Tester
from term_algebra import apply, constants, free_variables, has_fix, substitute
from term_algebra.standard import INTEGER
from term_algebra.theory import arguments, pi_binders
from term_algebra.values import UnsupportedError, Value


class Signature:
    """What the definitions of a tester give to build terms with."""

    def __init__(self, definitions: Sequence[Definition], tester: Tester) -> None:
        self.definitions = definitions
        self.tester = tester
        self.theory = tester.theory

    def symbols(self, types_of: Sequence[str] | None = None) -> list[Symbol]:
        """Every function and constructor of the definitions, at the types that the definitions make interesting.

        `types_of` are the type variables to use, if they are given.
        """
        names = [f.name for d in self.definitions for f in d.functions if not _is_truth_table(f)]
        own = {datatype.name for d in self.definitions for datatype in d.datatypes}
        reached = {n for f in names for n in self.theory.reached(Const(f))}
        types = own | {n for n in reached if n in self.theory.datatypes}
        constructors = [c.name for name in sorted(types) for c in self.theory.datatypes[name].constructors]
        elements = self._element_types(names, types_of)
        symbols: list[Symbol] = []
        for name in [*constructors, *names]:
            symbols.extend(self.instances(name, elements))
        return symbols

    def _element_types(self, names: Iterable[str], types_of: Sequence[str] | None) -> list[Term]:
        """What type parameters are instantiated with: variables, and what some function's type demands."""
        most, found = 0, dict[Term, None]()
        for name in names:
            type_ = self.theory.functions[name].type
            parameters = [n for n, t in pi_binders(type_) if isinstance(t, Sort)]
            most = max(most, len(parameters))
            table = dict(zip(parameters, (Var("A"), Var("B"), Var("C")), strict=False))
            for _, binder in pi_binders(type_):
                for argument in arguments(substitute(binder, {n: table[n] for n in parameters if n in table})):
                    known = argument == INTEGER or self.theory.datatype_of(argument) is not None
                    if known and not isinstance(binder, Forall):
                        found[argument] = None
        if types_of is not None:
            return [Var(name) for name in types_of] + [t for t in found if not free_variables(t)]
        return [Var("A"), Var("B")][: max(1, min(most, 2))] + list(found)

    def instances(self, name: str, elements: Sequence[Term]) -> Iterator[Symbol]:
        """A function or constructor at each choice of its type arguments among `elements`."""
        type_ = self.theory.type_of_constant(name)
        parameters = 0
        rest = type_
        while isinstance(rest, Forall) and isinstance(rest.type, Sort):
            parameters, rest = parameters + 1, rest.body
        assert type_ is not None
        constructor = name in self.theory.constructors
        for choice in itertools.product(elements, repeat=parameters):
            if parameters > 1 and len(set(choice)) == 1 and len(elements) > 1:
                continue
            body = type_
            for argument in choice:
                assert isinstance(body, Forall)
                body = substitute(body.body, {body.name: argument}) if body.name != "_" else body.body
            domains = tuple(t for _, t in pi_binders(body))
            result = body
            while isinstance(result, Forall):
                result = result.body
            if isinstance(result, Sort) or any(isinstance(d, Sort) for d in domains):
                continue
            try:
                run = self._runner(name, len(choice), len(domains), constructor=constructor)
            except UnsupportedError:
                continue
            yield Symbol(apply(Const(name), choice), domains, result, run, constructor)

    def _runner(self, name: str, types: int, fields: int, *, constructor: bool) -> Callable[..., Value]:
        if constructor:
            index = self.theory.constructors[name].index
            return lambda *values: (index, *values)
        function, arity = self.tester.evaluator.function(name)
        given = (None,) * types
        if arity == types + fields:
            return lambda *values: function(*given, *values)

        def run(*values: Value) -> Value:
            everything = (*given, *values)
            result = function(*everything[:arity])
            for value in everything[arity:]:
                result = result(value)
            return result

        return run


def _is_truth_table(function: Function) -> bool:
    """A connective between Bools: case splits see through it, and its laws would only be noise."""
    return not has_fix(function.body) and set(constants(function.type)) == {"bool"}
