"""Gives every term of a TIP file its type, by unification, and every variable a name of its own.

Operators leave here in a small normal form: `and`, `or`, `=>` and arithmetic are binary, `distinct` is `not` of `=`,
`>` and `>=` are turned round, selectors and testers are matches. What has a meaning in TIP but none in a total logic
(a selector of a datatype with several constructors, a match that misses a case) raises `TranslationError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations, pairwise

from datasets.tip import syntax
from datasets.tip.names import Names
from datasets.tip.syntax import BOOL, INT, Arrow, Data, Module, Type, TypeVariable, arrow
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
    map_children,
    substitute_type,
)
from domain import UserError

_UNKNOWN = "|"
"""How the names of types that are not known yet begin: no symbol of a file has this sign."""

MOST_STEPS = 300_000
"""Types that are looked up in one declaration; `let` can double a type again and again."""


class TranslationError(Exception):
    """The problem has no translation; the text is the reason, in a few words."""


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


class _Scope:
    def __init__(self, inference: Inference, where: str) -> None:
        self.inference = inference
        self.where = where
        self.names = Names(inference.taken)
        self.solution: dict[str, Type] = {}
        self.steps = 0

    # ------------------------------------------------------------------------------------------------- errors

    def error(self, what: str) -> UserError:
        return UserError(f"{self.inference.module.file}: in `{self.where}`: {what}")

    # ------------------------------------------------------------------------------------------------- types

    def unknown(self) -> Type:
        name = f"{_UNKNOWN}{len(self.solution)}"
        self.solution[name] = variable = TypeVariable(name)
        return variable

    def resolve(self, type_: Type) -> Type:
        """`type_` with everything known filled in."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TranslationError(f"types that are too large: {self.where}")
        match type_:
            case TypeVariable(name):
                known = self.solution.get(name, type_)
                return type_ if known == type_ else self.resolve(known)
            case Data(name, arguments):
                return Data(name, tuple(self.resolve(item) for item in arguments))
            case Arrow(domain, codomain):
                return Arrow(self.resolve(domain), self.resolve(codomain))

    def unify(self, left: Type, right: Type) -> None:
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return
        match left, right:
            case TypeVariable(name), _ if name in self.solution:
                self.solve(name, right)
            case _, TypeVariable(name) if name in self.solution:
                self.solve(name, left)
            case Data(first, ones), Data(second, others) if first == second and len(ones) == len(others):
                for one, other in zip(ones, others, strict=True):
                    self.unify(one, other)
            case Arrow(domain, codomain), Arrow(other_domain, other_codomain):
                self.unify(domain, other_domain)
                self.unify(codomain, other_codomain)
            case _:
                raise self.error(f"a term of type {show_type(left)} stands where {show_type(right)} is expected")

    def solve(self, name: str, type_: Type) -> None:
        waiting = [type_]
        while waiting:
            match waiting.pop():
                case TypeVariable(inside):
                    if inside == name:
                        raise self.error("a type would have to be a part of itself")
                case Data(_, arguments):
                    waiting.extend(arguments)
                case Arrow(domain, codomain):
                    waiting += [domain, codomain]
        self.solution[name] = type_

    def well_formed(self, type_: Type) -> None:
        match type_:
            case Data(name, arguments):
                if self.inference.arities.get(name) != len(arguments):
                    raise self.error(f"unknown type `{show_type(type_)}`")
                for item in arguments:
                    self.well_formed(item)
            case Arrow(domain, codomain):
                self.well_formed(domain)
                self.well_formed(codomain)
            case TypeVariable():
                pass

    def declare(self, binder: syntax.Binder) -> Local:
        self.well_formed(binder.type)
        return Local(self.names.fresh(binder.name), binder.type)

    def finish(self, term: Typed) -> Typed:
        """`term` with all types resolved."""
        resolve = self.settled
        match term:
            case Local(name, type_):
                return Local(name, resolve(type_))
            case Integer():
                return term
            case Constant(kind, name, types, arguments, type_):
                resolved = tuple(resolve(item) for item in types)
                return Constant(kind, name, resolved, tuple(self.finish(item) for item in arguments), resolve(type_))
            case Application(function, arguments, type_):
                return Application(
                    self.finish(function), tuple(self.finish(item) for item in arguments), resolve(type_)
                )
            case Abstraction(binders, body):
                return Abstraction(tuple(Local(b.name, resolve(b.type)) for b in binders), self.finish(body))
            case Quantification(quantifier, binders, body):
                bound = tuple(Local(b.name, resolve(b.type)) for b in binders)
                return Quantification(quantifier, bound, self.finish(body))
            case Selection(scrutinee, branches, type_):
                finished = tuple(
                    Branch(
                        branch.constructor,
                        tuple(Local(v.name, resolve(v.type)) for v in branch.variables),
                        self.finish(branch.body),
                    )
                    for branch in branches
                )
                return Selection(self.finish(scrutinee), finished, resolve(type_))
            case Binding(variable, value, body):
                bound_variable = Local(variable.name, resolve(variable.type))
                return Binding(bound_variable, self.finish(value), self.finish(body))

    def settled(self, type_: Type) -> Type:
        resolved = self.resolve(type_)
        if _has_unknown(resolved):
            raise self.error("a type is not determined; write `(_ name types)`")
        return resolved

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
        count = len(arguments)

        def operands(type_: Type) -> list[Typed]:
            return [self.check(argument, environment, type_) for argument in arguments]

        match name:
            case "true" | "false" if count == 0:
                self.unify(BOOL, expected)
                return operation(name, ())
            case "ite" if count == 3:
                condition = self.check(arguments[0], environment, BOOL)
                chosen = tuple(self.check(argument, environment, expected) for argument in arguments[1:])
                return Constant("operator", "ite", (expected,), (condition, *chosen), expected)
            case "not" if count == 1:
                self.unify(BOOL, expected)
                return operation("not", tuple(operands(BOOL)))
            case "and" | "or" | "=>" if count >= 1:
                self.unify(BOOL, expected)
                return _fold_right(name, operands(BOOL))
            case "=" | "distinct" if count >= 2:
                self.unify(BOOL, expected)
                type_ = self.unknown()
                typed = operands(type_)
                if name == "=":
                    return _fold_right("and", [equation(one, other, type_) for one, other in pairwise(typed)])
                different = [equation(one, other, type_) for one, other in combinations(typed, 2)]
                return _fold_right("and", [operation("not", (item,)) for item in different])
            case "<" | "<=" | ">" | ">=" if count >= 2:
                self.unify(BOOL, expected)
                return _fold_right("and", [_comparison(name, *pair) for pair in pairwise(operands(INT))])
            case "+" | "-" | "*" | "div" | "mod" if count >= 1:
                self.unify(INT, expected)
                return self._arithmetic(name, operands(INT))
            case _:
                kind = f"an operator with {count} arguments" if name in syntax.OPERATORS else "an unknown name"
                raise self.error(f"`{name}` is {kind}")

    def _arithmetic(self, name: str, operands: list[Typed]) -> Typed:
        if len(operands) == 1 and name == "-":
            return Constant("operator", "-", (), (Integer(0), operands[0]), INT)
        result = operands[0]
        for operand in operands[1:]:
            if name in {"div", "mod"} and not (isinstance(operand, Integer) and operand.value > 0):
                raise TranslationError(f"division by what is not a positive numeral: {self.where}")
            result = Constant("operator", name, (), (result, operand), INT)
        return result


def operation(name: str, arguments: tuple[Typed, ...]) -> Typed:
    """A Boolean operator applied."""
    return Constant("operator", name, (), arguments, BOOL)


def equation(left: Typed, right: Typed, type_: Type) -> Typed:
    return Constant("operator", "=", (type_,), (left, right), BOOL)


def _comparison(name: str, left: Typed, right: Typed) -> Typed:
    if name in {">", ">="}:
        name, left, right = {">": "<", ">=": "<="}[name], right, left
    return operation(name, (left, right))


def _fold_right(name: str, operands: list[Typed]) -> Typed:
    result = operands[-1]
    for operand in reversed(operands[:-1]):
        result = operation(name, (operand, result))
    return result


def _has_unknown(type_: Type) -> bool:
    match type_:
        case TypeVariable(name):
            return name.startswith(_UNKNOWN)
        case Data(arguments=arguments):
            return any(_has_unknown(item) for item in arguments)
        case Arrow(domain, codomain):
            return _has_unknown(domain) or _has_unknown(codomain)


def show_type(type_: Type) -> str:
    match type_:
        case TypeVariable(name):
            return name
        case Data(name, ()):
            return name
        case Data(name, arguments):
            return f"({name} {' '.join(show_type(item) for item in arguments)})"
        case Arrow(domain, codomain):
            return f"(=> {show_type(domain)} {show_type(codomain)})"


def rewrite(term: Typed, change: Callable[[Typed], Typed | None]) -> Typed:
    """`term` with every outermost subterm that `change` answers replaced by the answer."""
    changed = change(term)
    return changed if changed is not None else map_children(term, lambda item: rewrite(item, change))
