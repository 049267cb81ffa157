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

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import networkx as nx

from datasets.tip.inference import Inference, TranslationError, equation
from datasets.tip.syntax import BOOL, INT, Arrow, Constructor, Data, Module, Type, TypeVariable
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
    map_children,
    substitute,
    substitute_type,
    subterms,
    type_of,
)

_Key: TypeAlias = tuple[str, tuple[Type, ...]]
"""A function and the types at which it is used."""

DEEPEST = 8
"""How far types may be nested; they go deeper only where a function or datatype refers to itself at larger types."""


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
        self._datatypes = {datatype.name: datatype for group in module.datatypes for datatype in group}
        self._names: dict[tuple[object, ...], str] = {}
        self._types: dict[Type, str] = {}
        self._functions: dict[_Key, TypedFunction] = {}
        self._waiting: list[_Key] = []
        self._symbols: list[str] = []
        """Declarations of function sorts, `apply` and closures."""
        self._sorts: list[str] = []
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
            *self._sorts,
            *self._datatype_sentences(),
            *self._symbols,
            *declared,
            *defined,
            *self._axioms,
            *assertions,
            f"(assert (not {goal_text}))",
            "(check-sat)",
        ]
        return "\n".join(lines) + "\n"

    # ------------------------------------------------------------------------------------------------------ names

    def _name(self, *key: object) -> str:
        """The symbol for a name at some types: no reserved word has a `!`."""
        if key not in self._names:
            word = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in str(key[1]))
            self._names[key] = f"{word}!{len(self._names)}"
        return self._names[key]

    def _selector(self, datatype: Type, constructor: str, position: int) -> str:
        return self._name("selector", f"{constructor}_{position}", datatype)

    # ------------------------------------------------------------------------------------------------------ types

    def _type(self, type_: Type) -> str:
        if type_ in (BOOL, INT):
            return "Bool" if type_ == BOOL else "Int"
        if type_ in self._types:
            return self._types[type_]
        _bound_depth(type_, DEEPEST)
        match type_:
            case TypeVariable(name):
                text = self._types[type_] = self._name("sort", name)
                self._sorts.append(f"(declare-sort {text} 0)")
            case Data(name) if name in self._datatypes:
                text = self._types[type_] = self._name("type", name, type_)
                for constructor in self._datatypes[name].constructors:
                    for field in self._fields(type_, constructor):
                        self._type(field)
            case Data(name):
                text = self._types[type_] = self._name("sort", name)
                self._sorts.append(f"(declare-sort {text} 0)")
            case Arrow(domain, codomain):
                text = self._types[type_] = self._name("type", "function", type_)
                parts = self._type(domain), self._type(codomain)
                self._sorts.append(f"(declare-sort {text} 0)")
                self._symbols.append(f"(declare-fun {self._apply(type_)} ({text} {parts[0]}) {parts[1]})")
        return text

    def _apply(self, type_: Type) -> str:
        return self._name("apply", "apply", type_)

    def _fields(self, type_: Data, constructor: Constructor) -> list[Type]:
        table = dict(zip(self._datatypes[type_.name].parameters, type_.arguments, strict=True))
        return [substitute_type(field, table) for field in constructor.fields]

    def _constructor(self, name: str, type_: Type) -> str:
        self._type(type_)
        return self._name("constructor", name, type_)

    def _datatype_sentences(self) -> Iterator[str]:
        """The datatypes by groups that mention each other, each after those that it needs."""
        graph: nx.DiGraph[Data] = nx.DiGraph()
        instances = [t for t in self._types if isinstance(t, Data) and t.name in self._datatypes]
        for type_ in instances:
            graph.add_node(type_)
            for constructor in self._datatypes[type_.name].constructors:
                graph.add_edges_from((type_, f) for f in self._fields(type_, constructor) if f in instances)
        for group in nx.strongly_connected_components(graph):
            members = [type_ for type_ in instances if type_ in group]
            heads = " ".join(f"({self._type(type_)} 0)" for type_ in members)
            yield f"(declare-datatypes ({heads}) ({' '.join(self._datatype(type_) for type_ in members)}))"

    def _datatype(self, type_: Data) -> str:
        parts: list[str] = []
        for constructor in self._datatypes[type_.name].constructors:
            fields = [
                f" ({self._selector(type_, constructor.name, position)} {self._type(field)})"
                for position, field in enumerate(self._fields(type_, constructor))
            ]
            parts.append(f"({self._constructor(constructor.name, type_)}{''.join(fields)})")
        return f"({' '.join(parts)})"

    # -------------------------------------------------------------------------------------------------- functions

    def _function(self, name: str, types: tuple[Type, ...]) -> TypedFunction:
        """A function at some types; the first call asks for its sentence."""
        key = (name, types)
        if key not in self._functions:
            for type_ in types:
                _bound_depth(type_, DEEPEST)
            typed = self._inference.function(self._inference.functions[name])
            table = dict(zip(typed.type_parameters, types, strict=True))

            def at(type_: Type) -> Type:
                return substitute_type(type_, table)

            parameters = tuple(Local(item.name, at(item.type)) for item in typed.parameters)
            body = _at_types(typed.body, at)
            self._functions[key] = TypedFunction(name, (), parameters, at(typed.result), body)
            self._waiting.append(key)
        return self._functions[key]

    def _all_functions(self) -> tuple[list[str], list[str]]:
        """Declarations of recursive functions, and definitions of the others, each after those that it calls."""
        calls: nx.DiGraph[_Key] = nx.DiGraph()
        while self._waiting:
            key = self._waiting.pop(0)
            calls.add_node(key)
            for item in subterms(self._functions[key].body):
                if isinstance(item, Constant) and item.kind == "function":
                    self._function(item.name, item.types)
                    calls.add_edge(key, (item.name, item.types))
        declared: list[str] = []
        defined: list[str] = []
        for group in nx.strongly_connected_components(calls):
            for key in sorted(group, key=list(calls).index):
                function, head = self._functions[key], self._name("function", *key)
                result = self._type(function.result)
                if len(group) > 1 or calls.has_edge(key, key):
                    domains = " ".join(self._type(p.type) for p in function.parameters)
                    declared.append(f"(declare-fun {head} ({domains}) {result})")
                    self._axioms += self._equations(head, function.parameters, function.body)
                else:
                    binders = " ".join(f"({p.name} {self._type(p.type)})" for p in function.parameters)
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
        for constructor in self._datatypes[type_.name].constructors:
            if branch.constructor == constructor.name:
                yield Constant("constructor", constructor.name, type_.arguments, branch.variables, type_), branch.body
            elif branch.constructor is None and constructor.name not in covered:
                fields = tuple(self._point(field) for field in self._fields(type_, constructor))
                yield Constant("constructor", constructor.name, type_.arguments, fields, type_), branch.body

    def _point(self, type_: Type) -> Local:
        self._points += 1
        return Local(f"point!{self._points}", type_)

    def _forall(self, variables: Sequence[Local], text: str) -> str:
        if variables:
            text = f"(forall ({' '.join(f'({v.name} {self._type(v.type)})' for v in variables)}) {text})"
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
                bound = " ".join(f"({item.name} {self._type(item.type)})" for item in binders)
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
            self._type(type_)
            head = f"({self._apply(type_)} {head} {self._term(argument)})"
            type_ = type_.codomain
        return head

    def _call(self, term: Constant) -> str:
        if term.kind == "constructor":
            result = term.type
            missing: list[Type] = []
            while isinstance(result, Arrow):
                missing.append(result.domain)
                result = result.codomain
            head = self._constructor(term.name, result)
        else:
            function = self._function(term.name, term.types)
            missing = [item.type for item in function.parameters[len(term.arguments) :]]
            result = function.result
            head = self._name("function", term.name, term.types)
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
        text = self._type(type_)
        symbol = self._name("closure", "closure", len(self._names))
        self._symbols.append(f"(declare-fun {symbol} ({' '.join(self._type(v.type) for v in free)}) {text})")
        head = f"({' '.join([symbol, *(v.name for v in free)])})" if free else symbol
        equal = f"(= ({self._apply(type_)} {head} {first.name}) {self._term(body)})"
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
            head = self._constructor(branch.constructor, type_)
            pattern = f"({' '.join([head, *(v.name for v in branch.variables)])})" if branch.variables else head
            parts.append(f"({pattern} {self._term(branch.body)})")
        return f"(match {value} ({' '.join(parts)}))"


def _bound_depth(type_: Type, depth: int) -> None:
    if depth == 0:
        raise TranslationError("polymorphic recursion")
    match type_:
        case Data(arguments=arguments):
            for item in arguments:
                _bound_depth(item, depth - 1)
        case Arrow(domain, codomain):
            _bound_depth(domain, depth - 1)
            _bound_depth(codomain, depth)
        case TypeVariable():
            pass


def _words(branch: Branch) -> tuple[str, ...]:
    return ("true", "false") if branch.constructor is None else (branch.constructor,)


def _at_types(term: Typed, at: Callable[[Type], Type]) -> Typed:
    """`term` with every type changed."""

    def local(item: Local) -> Local:
        return Local(item.name, at(item.type))

    term = map_children(term, lambda item: _at_types(item, at))
    match term:
        case Local():
            return local(term)
        case Integer():
            return term
        case Constant(kind, name, types, arguments, type_):
            return Constant(kind, name, tuple(map(at, types)), arguments, at(type_))
        case Application(function, arguments, type_):
            return Application(function, arguments, at(type_))
        case Abstraction(binders, body):
            return Abstraction(tuple(map(local, binders)), body)
        case Quantification(quantifier, binders, body):
            return Quantification(quantifier, tuple(map(local, binders)), body)
        case Binding(variable, value, body):
            return Binding(local(variable), value, body)
        case Selection(scrutinee, branches, type_):
            changed = tuple(Branch(b.constructor, tuple(map(local, b.variables)), b.body) for b in branches)
            return Selection(scrutinee, changed, at(type_))


def _variables(terms: Sequence[Typed]) -> list[Local]:
    """The free variables, each once; names are unique within a declaration."""
    found: dict[Local, None] = {}
    bound: set[str] = set()
    for item in (part for term in terms for part in subterms(term)):
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
