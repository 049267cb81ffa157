"""Writes a TIP file as a first-order SMT-LIB 2.6 problem, for solvers that know datatypes: `unsat` means proved.

Choices, those of the published encodings for induction in SMT solvers:

* Everything is monomorphic: a type variable of the goal, like a declared sort, is an uninterpreted sort, and each
  datatype and function is written once for every choice of types at which the statement reaches it.
* A recursive function is an uninterpreted symbol with one equation for each case that its matches tell apart
  (`plus Z y = y`, `plus (S x) y = S (plus x y)`), so that instances are found by pattern; any other is a definition.
* A function type is a sort with an `apply` symbol. An abstraction or a partial application is a symbol of that sort,
  with its free variables as arguments and one equation for `apply`. Functions are equal if they are so pointwise.
* `=`, `ite`, `let`, integers and matches on anything but a variable are SMT-LIB's own; the goal is asserted negated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import networkx as nx

from datasets.tip.inference import Inference
from datasets.tip.operators import equation
from datasets.tip.smtlib_sorts import Sorts, bound_depth
from datasets.tip.syntax import BOOL, Arrow, Data, Module, TranslationError, Type
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
    TypedFunction,
    map_types,
    substitute,
    substitute_type,
    type_of,
    typed_subterms,
)

_Key: TypeAlias = tuple[str, tuple[Type, ...]]
"""A function and the types at which it is used."""


def encode(module: Module, goal: Typed | None = None) -> str:
    """The problem of a file, or with another closed `goal` over its definitions.

    Raises:
        TranslationError: what has no counterpart, as for the translation to Rocq.
    """
    return _Encoder(module).problem(goal)


class _Encoder:
    def __init__(self, module: Module) -> None:
        self._module = module
        self._inference = Inference(module, frozenset())
        self._sorts = Sorts(module)
        self._functions: dict[_Key, TypedFunction] = {}
        self._waiting: list[_Key] = []
        self._axioms: list[str] = []
        self._points = 0

    def problem(self, goal: Typed | None) -> str:
        formula = self._inference.formula(self._module.goal, "prove")
        goal_text = self._term(formula.body if goal is None else goal)
        assertions: list[str] = []
        for item in self._module.assertions:
            if item.type_parameters:
                raise TranslationError("a polymorphic assertion")
            assertions.append(f"(assert {self._term(self._inference.formula(item, 'assert').body)})")
        declared, defined = self._all_functions()
        lines = [
            "(set-logic ALL)",
            *self._sorts.declared,
            *self._sorts.datatype_sentences(),
            *self._sorts.symbols,
            *declared,
            *defined,
            *self._axioms,
            *assertions,
            f"(assert (not {goal_text}))",
            "(check-sat)",
        ]
        return "\n".join(lines) + "\n"

    # -------------------------------------------------------------------------------------------------- functions

    def _function(self, name: str, types: tuple[Type, ...]) -> TypedFunction:
        """A function at some types; the first call asks for its sentence."""
        key = (name, types)
        if key not in self._functions:
            for type_ in types:
                bound_depth(type_)
            typed = self._inference.function(self._inference.functions[name])
            table = dict(zip(typed.type_parameters, types, strict=True))

            def at(type_: Type) -> Type:
                return substitute_type(type_, table)

            parameters = tuple(Local(item.name, at(item.type)) for item in typed.parameters)
            body = map_types(typed.body, at)
            self._functions[key] = TypedFunction(name, (), parameters, at(typed.result), body)
            self._waiting.append(key)
        return self._functions[key]

    def _all_functions(self) -> tuple[list[str], list[str]]:
        """Declarations of recursive functions, and definitions of the others, each after those that it calls."""
        calls: nx.DiGraph[_Key] = nx.DiGraph()
        while self._waiting:
            key = self._waiting.pop(0)
            calls.add_node(key)
            for item in typed_subterms(self._functions[key].body):
                if isinstance(item, Constant) and item.kind == "function":
                    self._function(item.name, item.types)
                    calls.add_edge(key, (item.name, item.types))
        declared: list[str] = []
        defined: list[str] = []
        for group in nx.strongly_connected_components(calls):
            for key in sorted(group, key=list(calls).index):
                function, head = self._functions[key], self._sorts.name("function", *key)
                result = self._sorts.type(function.result)
                if len(group) > 1 or calls.has_edge(key, key):
                    domains = " ".join(self._sorts.type(p.type) for p in function.parameters)
                    declared.append(f"(declare-fun {head} ({domains}) {result})")
                    self._axioms += self._equations(head, function.parameters, function.body)
                else:
                    binders = " ".join(f"({p.name} {self._sorts.type(p.type)})" for p in function.parameters)
                    defined.append(f"(define-fun {head} ({binders}) {result} {self._term(function.body)})")
        return declared, defined

    def _equations(self, head: str, arguments: Sequence[Typed], body: Typed) -> Iterator[str]:
        """One equation for each case that matches on variables tell apart."""
        match body:
            case Selection(Local(name, type_), branches):
                covered = {branch.constructor for branch in branches}
                for branch in branches:
                    for pattern, chosen in self._patterns(type_, branch, covered):
                        yield from self._equations(
                            head,
                            [substitute(item, name, pattern) for item in arguments],
                            substitute(chosen, name, pattern),
                        )
            case Selection(Constant("constructor", name, _, given), branches):
                branch = next(item for item in branches if item.constructor in (name, None))
                chosen = branch.body
                for variable, value in zip(branch.variables, given, strict=False):
                    chosen = substitute(chosen, variable.name, value)
                yield from self._equations(head, arguments, chosen)
            case _:
                left = f"({' '.join([head, *map(self._term, arguments)])})" if arguments else head
                variables = _variables(arguments)
                yield self._forall(variables, f"(= {left} {self._term(body)})")

    def _patterns(self, type_: Type, branch: Branch, covered: set[str | None]) -> Iterator[tuple[Typed, Typed]]:
        """The constructor terms that a branch takes, with its body: several for the default."""
        if type_ == BOOL:
            for word in ("true", "false"):
                if branch.constructor == word or (branch.constructor is None and word not in covered):
                    yield Constant("operator", word, (), (), BOOL), branch.body
            return
        assert isinstance(type_, Data)
        for constructor in self._sorts.datatypes[type_.name].constructors:
            if branch.constructor == constructor.name:
                yield Constant("constructor", constructor.name, type_.arguments, branch.variables, type_), branch.body
            elif branch.constructor is None and constructor.name not in covered:
                fields = tuple(self._point(field) for field in self._sorts.fields(type_, constructor))
                yield Constant("constructor", constructor.name, type_.arguments, fields, type_), branch.body

    def _point(self, type_: Type) -> Local:
        self._points += 1
        return Local(f"point!{self._points}", type_)

    def _forall(self, variables: Sequence[Local], text: str) -> str:
        if variables:
            text = f"(forall ({' '.join(f'({v.name} {self._sorts.type(v.type)})' for v in variables)}) {text})"
        return f"(assert {text})"

    # ------------------------------------------------------------------------------------------------------ terms

    def _term(self, term: Typed) -> str:
        match term:
            case Local(name):
                return name
            case Integer(value):
                return str(value) if value >= 0 else f"(- {-value})"
            case Application(function, arguments):
                return self._applied(self._term(function), type_of(function), arguments)
            case Abstraction(binders, body):
                return self._abstraction(term, binders, body)
            case Binding(variable, value, body):
                return f"(let (({variable.name} {self._term(value)})) {self._term(body)})"
            case Quantification(quantifier, binders, body):
                bound = " ".join(f"({item.name} {self._sorts.type(item.type)})" for item in binders)
                return f"({quantifier} ({bound}) {self._term(body)})"
            case Selection(scrutinee, branches):
                return self._selection(scrutinee, branches)
            case Constant("operator", name, types, arguments):
                if name == "=" and isinstance(types[0], Arrow):
                    return self._pointwise(arguments[0], arguments[1], types[0])
                parts = [self._term(item) for item in arguments]
                return f"({' '.join([name, *parts])})" if parts else name
            case Constant():
                return self._call(term)

    def _applied(self, head: str, type_: Type, arguments: Sequence[Typed]) -> str:
        for argument in arguments:
            assert isinstance(type_, Arrow)
            self._sorts.type(type_)
            head = f"({self._sorts.apply(type_)} {head} {self._term(argument)})"
            type_ = type_.codomain
        return head

    def _call(self, term: Constant) -> str:
        if term.kind == "constructor":
            result = term.type
            missing: list[Type] = []
            while isinstance(result, Arrow):
                missing.append(result.domain)
                result = result.codomain
            head = self._sorts.constructor(term.name, result)
        else:
            function = self._function(term.name, term.types)
            missing = [item.type for item in function.parameters[len(term.arguments) :]]
            result = function.result
            head = self._sorts.name("function", term.name, term.types)
        if missing:
            points = tuple(self._point(type_) for type_ in missing)
            full = Constant(term.kind, term.name, term.types, (*term.arguments, *points), result)
            return self._abstraction(Abstraction(points, full), points, full)
        parts = [self._term(item) for item in term.arguments]
        return f"({' '.join([head, *parts])})" if parts else head

    def _abstraction(self, term: Typed, binders: tuple[Local, ...], body: Typed) -> str:
        first, *rest = binders
        if rest:
            body = Abstraction(tuple(rest), body)
        free = [item for item in _variables([body]) if item != first]
        type_ = type_of(term)
        text = self._sorts.type(type_)
        symbol = self._sorts.name("closure", "closure", len(self._sorts.names))
        self._sorts.symbols.append(
            f"(declare-fun {symbol} ({' '.join(self._sorts.type(v.type) for v in free)}) {text})"
        )
        head = f"({' '.join([symbol, *(v.name for v in free)])})" if free else symbol
        equal = f"(= ({self._sorts.apply(type_)} {head} {first.name}) {self._term(body)})"
        self._axioms.append(self._forall([*free, first], equal))
        return head

    def _pointwise(self, left: Typed, right: Typed, type_: Type) -> str:
        points: list[Local] = []
        while isinstance(type_, Arrow):
            points.append(self._point(type_.domain))
            type_ = type_.codomain
        sides = (Application(left, tuple(points), type_), Application(right, tuple(points), type_))
        return self._term(Quantification("forall", tuple(points), equation(*sides, type_)))

    def _selection(self, scrutinee: Typed, branches: tuple[Branch, ...]) -> str:
        type_, value = type_of(scrutinee), self._term(scrutinee)
        if type_ == BOOL:
            chosen = {word: self._term(b.body) for b in reversed(branches) for word in _words(b)}
            return f"(ite {value} {chosen['true']} {chosen['false']})"
        parts: list[str] = []
        for branch in branches:
            if branch.constructor is None:
                parts.append(f"({self._point(type_).name} {self._term(branch.body)})")
                continue
            head = self._sorts.constructor(branch.constructor, type_)
            pattern = f"({' '.join([head, *(v.name for v in branch.variables)])})" if branch.variables else head
            parts.append(f"({pattern} {self._term(branch.body)})")
        return f"(match {value} ({' '.join(parts)}))"


def _words(branch: Branch) -> tuple[str, ...]:
    return ("true", "false") if branch.constructor is None else (branch.constructor,)


def _variables(terms: Sequence[Typed]) -> list[Local]:
    """The free variables, each once; names are unique within a declaration."""
    found: dict[Local, None] = {}
    bound: set[str] = set()
    for item in (part for term in terms for part in typed_subterms(term)):
        match item:
            case Local():
                found[item] = None
            case Abstraction(binders) | Quantification(_, binders):
                bound |= {binder.name for binder in binders}
            case Binding(variable):
                bound.add(variable.name)
            case Selection(_, branches):
                bound |= {variable.name for branch in branches for variable in branch.variables}
            case _:
                pass
    return [item for item in found if item.name not in bound]
