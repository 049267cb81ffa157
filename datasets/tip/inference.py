"""Gives every term of a TIP file its type, by unification, and every variable a name of its own.

Operators leave here in a small normal form (`operators`), selectors and testers as matches. What has a meaning in TIP
but none in a total logic (a selector of a datatype with several constructors, a match that misses a case) raises
`TranslationError`.
"""

from __future__ import annotations

from collections.abc import Mapping

from datasets.tip import syntax
from datasets.tip.names import Names
from datasets.tip.operators import applied, signature
from datasets.tip.syntax import BOOL, INT, Data, Module, TranslationError, Type, TypeVariable, arrow
from datasets.tip.typed import (
    Abstraction,
    Application,
    Binding,
    Branch,
    Constant,
    Integer,
    Local,
    Quantification,
    Selection,
    Typed,
    TypedFormula,
    TypedFunction,
    map_types,
    substitute_type,
)
from datasets.tip.unification import Unification


class Inference:
    """Types the declarations of one file. `taken` are identifiers that no variable may have."""

    def __init__(self, module: Module, taken: frozenset[str]) -> None:
        self.module = module
        self.taken = taken
        self.functions = {function.name: function for group in module.functions for function in group}
        self.constructors = {
            constructor.name: (datatype, constructor)
            for group in module.datatypes
            for datatype in group
            for constructor in datatype.constructors
        }
        self.selectors = {
            selector: (datatype, constructor, position)
            for datatype, constructor in self.constructors.values()
            for position, selector in enumerate(constructor.selectors)
        }
        self.arities = {datatype.name: len(datatype.parameters) for group in module.datatypes for datatype in group}
        self.arities |= {"Bool": 0, "Int": 0} | dict.fromkeys(module.sorts, 0)

    def function(self, function: syntax.Function) -> TypedFunction:
        scope = _Scope(self, function.name)
        parameters = tuple(scope.declare(binder) for binder in function.parameters)
        environment = {b.name: local for b, local in zip(function.parameters, parameters, strict=True)}
        body = scope.finish(scope.check(function.body, environment, function.result))
        return TypedFunction(function.name, function.type_parameters, parameters, function.result, body)

    def formula(self, formula: syntax.Formula, where: str) -> TypedFormula:
        scope = _Scope(self, where)
        return TypedFormula(formula.type_parameters, scope.finish(scope.check(formula.body, {}, BOOL)))

    def term(self, term: syntax.Term, expected: Type) -> Typed:
        """A closed term, of a type without variables."""
        scope = _Scope(self, "a term")
        return scope.finish(scope.check(term, {}, expected))


class _Scope(Unification):
    """The terms of one declaration."""

    def __init__(self, inference: Inference, where: str) -> None:
        super().__init__(inference.module.file, where, inference.arities)
        self.inference = inference
        self.names = Names(inference.taken)

    def declare(self, binder: syntax.Binder) -> Local:
        self.well_formed(binder.type)
        return Local(self.names.fresh(binder.name), binder.type)

    def finish(self, term: Typed) -> Typed:
        """`term` with all types resolved."""
        return map_types(term, self.settled)

    # ------------------------------------------------------------------------------------------------- terms

    def check(self, term: syntax.Term, environment: Mapping[str, Local], expected: Type) -> Typed:
        match term:
            case syntax.Number(value):
                self.unify(INT, expected)
                return Integer(value)
            case syntax.Call():
                return self._call(term, environment, expected)
            case syntax.Apply(function, arguments):
                domains = tuple(self.unknown() for _ in arguments)
                head = self.check(function, environment, arrow(domains, expected))
                typed = tuple(self.check(a, environment, d) for a, d in zip(arguments, domains, strict=True))
                return Application(head, typed, expected)
            case syntax.Lambda(binders, body):
                bound = tuple(self.declare(binder) for binder in binders)
                codomain = self.unknown()
                self.unify(arrow(tuple(local.type for local in bound), codomain), expected)
                inner = {**environment, **{b.name: local for b, local in zip(binders, bound, strict=True)}}
                return Abstraction(bound, self.check(body, inner, codomain))
            case syntax.Quantified(quantifier, binders, body):
                bound = tuple(self.declare(binder) for binder in binders)
                self.unify(BOOL, expected)
                inner = {**environment, **{b.name: local for b, local in zip(binders, bound, strict=True)}}
                return Quantification(quantifier, bound, self.check(body, inner, BOOL))
            case syntax.Let(bindings, body):
                values: list[tuple[Local, Typed]] = []
                inner = dict(environment)
                for name, value in bindings:
                    type_ = self.unknown()
                    typed_value = self.check(value, environment, type_)
                    local = Local(self.names.fresh(name), type_)
                    values.append((local, typed_value))
                    inner[name] = local
                result = self.check(body, inner, expected)
                for local, typed_value in reversed(values):
                    result = Binding(local, typed_value, result)
                return result
            case syntax.Match(scrutinee, cases):
                return self._match(scrutinee, cases, environment, expected)

    def _match(
        self, scrutinee: syntax.Term, cases: tuple[syntax.Case, ...], environment: Mapping[str, Local], expected: Type
    ) -> Typed:
        type_ = self.unknown()
        head = self.check(scrutinee, environment, type_)
        branches: list[Branch] = []
        total: frozenset[str] = frozenset({"true", "false"})
        for case in cases:
            inner = dict(environment)
            variables: list[Local] = []
            if case.constructor in {"true", "false"}:
                self.unify(type_, BOOL)
            elif case.constructor is not None:
                if case.constructor not in self.inference.constructors:
                    raise self.error(f"`{case.constructor}` is not a constructor")
                datatype, constructor = self.inference.constructors[case.constructor]
                total = frozenset(item.name for item in datatype.constructors)
                types = tuple(self.unknown() for _ in datatype.parameters)
                self.unify(type_, Data(datatype.name, types))
                table = dict(zip(datatype.parameters, types, strict=True))
                if len(constructor.fields) != len(case.variables):
                    raise self.error(f"`{case.constructor}` takes {len(constructor.fields)} arguments in a pattern")
                for name, field in zip(case.variables, constructor.fields, strict=True):
                    local = Local(self.names.fresh(name if name != "_" else "x"), substitute_type(field, table))
                    variables.append(local)
                    if name != "_":
                        inner[name] = local
            branches.append(Branch(case.constructor, tuple(variables), self.check(case.body, inner, expected)))
        told = [branch.constructor for branch in branches]
        seen = set(told)
        if len(seen) < len(told):
            raise self.error("a match with two cases of the same constructor")
        if None in seen and told[-1] is not None:
            raise TranslationError(f"a default case with others behind it: {self.where}")
        if told == [None]:
            return branches[0].body
        if None not in seen and not total <= seen:
            raise TranslationError(f"a match that misses a case: {self.where}")
        if total <= seen and None in seen:
            branches = [branch for branch in branches if branch.constructor is not None]
        return Selection(head, tuple(branches), expected)

    def _call(self, call: syntax.Call, environment: Mapping[str, Local], expected: Type) -> Typed:
        name, arguments = call.name, call.arguments
        if name in environment and not call.types:
            local = environment[name]
            if arguments:
                return self.check(syntax.Apply(syntax.Call(name), arguments), environment, expected)
            self.unify(local.type, expected)
            return local
        if name in self.inference.constructors:
            datatype, constructor = self.inference.constructors[name]
            result = Data(datatype.name, tuple(TypeVariable(parameter) for parameter in datatype.parameters))
            return self._apply(
                "constructor", call, datatype.parameters, constructor.fields, result, environment, expected
            )
        if name in self.inference.functions:
            function = self.inference.functions[name]
            domains = tuple(binder.type for binder in function.parameters)
            return self._apply(
                "function", call, function.type_parameters, domains, function.result, environment, expected
            )
        if name in self.inference.selectors and len(arguments) == 1:
            return self._selector(name, arguments[0], environment, expected)
        if name in self.inference.module.constants:
            raise TranslationError(f"an uninterpreted constant: {name}")
        tested = name.removeprefix("is-") if name.startswith("is-") else None
        if name == "is" and call.types and isinstance(call.types[0], Data):
            tested = call.types[0].name
        if tested in self.inference.constructors and len(arguments) == 1:
            return self._tester(tested, arguments[0], environment, expected)
        return self._operator(name, arguments, environment, expected)

    def _apply(
        self,
        kind: str,
        call: syntax.Call,
        parameters: tuple[str, ...],
        domains: tuple[Type, ...],
        result: Type,
        environment: Mapping[str, Local],
        expected: Type,
    ) -> Typed:
        if call.types is not None and len(call.types) != len(parameters):
            raise self.error(f"`{call.name}` takes {len(parameters)} types")
        if len(call.arguments) > len(domains):
            raise self.error(f"`{call.name}` takes {len(domains)} arguments, not {len(call.arguments)}")
        types = call.types or tuple(self.unknown() for _ in parameters)
        for type_ in call.types or ():
            self.well_formed(type_)
        table = dict(zip(parameters, types, strict=True))
        given = len(call.arguments)
        remaining = substitute_type(arrow(domains[given:], result), table)
        self.unify(remaining, expected)
        typed = tuple(
            self.check(argument, environment, substitute_type(domain, table))
            for argument, domain in zip(call.arguments, domains[:given], strict=True)
        )
        return Constant("constructor" if kind == "constructor" else "function", call.name, types, typed, remaining)

    def _selector(self, name: str, argument: syntax.Term, environment: Mapping[str, Local], expected: Type) -> Typed:
        datatype, constructor, position = self.inference.selectors[name]
        if len(datatype.constructors) > 1:
            raise TranslationError(f"a partial selector: {name}")
        variables = tuple("_" if index != position else "selected" for index in range(len(constructor.fields)))
        case = syntax.Case(constructor.name, variables, syntax.Call("selected"))
        return self._match(argument, (case,), environment, expected)

    def _tester(self, name: str, argument: syntax.Term, environment: Mapping[str, Local], expected: Type) -> Typed:
        datatype, constructor = self.inference.constructors[name]
        cases = [syntax.Case(name, ("_",) * len(constructor.fields), syntax.Call("true"))]
        if len(datatype.constructors) > 1:
            cases.append(syntax.Case(None, (), syntax.Call("false")))
        return self._match(argument, tuple(cases), environment, expected)

    # --------------------------------------------------------------------------------------------- operators

    def _operator(
        self, name: str, arguments: tuple[syntax.Term, ...], environment: Mapping[str, Local], expected: Type
    ) -> Typed:
        if name == "ite" and len(arguments) == 3:
            condition = self.check(arguments[0], environment, BOOL)
            chosen = tuple(self.check(argument, environment, expected) for argument in arguments[1:])
            return Constant("operator", "ite", (expected,), (condition, *chosen), expected)
        types = signature(name, len(arguments))
        if types is None:
            kind = f"an operator with {len(arguments)} arguments" if name in syntax.OPERATORS else "an unknown name"
            raise self.error(f"`{name}` is {kind}")
        self.unify(types.result, expected)
        type_ = types.operand or self.unknown()
        return applied(name, [self.check(argument, environment, type_) for argument in arguments], type_, self.where)
