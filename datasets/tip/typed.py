"""Typed terms of a TIP file: every constant carries its type arguments, every variable and term its type.

Every variable has a name of its own within its declaration, and none of them is a global name, so that terms may be
moved below other binders without capture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from datasets.tip.syntax import BOOL, INT, Arrow, Data, Type, TypeVariable, arrow


@dataclass(frozen=True, slots=True)
class Local:
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Integer:
    value: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A constructor, function or operator, applied to at most as many arguments as it takes.

    `inner` is the same function as `function`, called where only the inner of two nested recursions goes on, or with
    less fuel.
    """

    kind: Literal["constructor", "function", "inner", "operator"]
    name: str
    types: tuple[Type, ...]
    arguments: tuple[Typed, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Application:
    function: Typed
    arguments: tuple[Typed, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Abstraction:
    binders: tuple[Local, ...]
    body: Typed


@dataclass(frozen=True, slots=True)
class Branch:
    constructor: str | None
    variables: tuple[Local, ...]
    body: Typed


@dataclass(frozen=True, slots=True)
class Selection:
    """A `match`."""

    scrutinee: Typed
    branches: tuple[Branch, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Binding:
    """A `let` of one variable."""

    variable: Local
    value: Typed
    body: Typed


@dataclass(frozen=True, slots=True)
class Quantification:
    quantifier: Literal["forall", "exists"]
    binders: tuple[Local, ...]
    body: Typed


Typed: TypeAlias = Local | Integer | Constant | Application | Abstraction | Selection | Binding | Quantification

TermMap: TypeAlias = Callable[[Typed], Typed]


@dataclass(frozen=True, slots=True)
class TypedFunction:
    name: str
    type_parameters: tuple[str, ...]
    parameters: tuple[Local, ...]
    result: Type
    body: Typed


@dataclass(frozen=True, slots=True)
class TypedFormula:
    type_parameters: tuple[str, ...]
    body: Typed


def type_of(term: Typed) -> Type:
    match term:
        case Integer():
            return INT
        case Quantification():
            return BOOL
        case Abstraction(binders, body):
            return arrow(tuple(binder.type for binder in binders), type_of(body))
        case Binding(body=body):
            return type_of(body)
        case _:
            return term.type


def children(term: Typed) -> tuple[Typed, ...]:
    """The direct subterms."""
    match term:
        case Local() | Integer():
            return ()
        case Constant(arguments=arguments):
            return arguments
        case Application(function, arguments):
            return (function, *arguments)
        case Abstraction(body=body) | Quantification(body=body):
            return (body,)
        case Selection(scrutinee, branches):
            return (scrutinee, *(branch.body for branch in branches))
        case Binding(_, value, body):
            return (value, body)


def map_children(term: Typed, change: TermMap) -> Typed:
    """`term` with each direct subterm changed."""
    match term:
        case Local() | Integer():
            return term
        case Constant(kind, name, types, arguments, type_):
            return Constant(kind, name, types, tuple(change(item) for item in arguments), type_)
        case Application(function, arguments, type_):
            return Application(change(function), tuple(change(item) for item in arguments), type_)
        case Abstraction(binders, body):
            return Abstraction(binders, change(body))
        case Quantification(quantifier, binders, body):
            return Quantification(quantifier, binders, change(body))
        case Selection(scrutinee, branches, type_):
            changed = tuple(Branch(branch.constructor, branch.variables, change(branch.body)) for branch in branches)
            return Selection(change(scrutinee), changed, type_)
        case Binding(variable, value, body):
            return Binding(variable, change(value), change(body))


def map_types(term: Typed, at: Callable[[Type], Type]) -> Typed:
    """`term` with every type changed."""

    def local(item: Local) -> Local:
        return Local(item.name, at(item.type))

    term = map_children(term, lambda item: map_types(item, at))
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


def typed_subterms(term: Typed) -> list[Typed]:
    """All subterms, `term` first."""
    found: list[Typed] = []
    stack = [term]
    while stack:
        current = stack.pop()
        found.append(current)
        stack.extend(reversed(children(current)))
    return found


def variable_names(term: Typed) -> frozenset[str]:
    """The names of all variables that a term mentions or binds."""
    found: set[str] = set()
    for item in typed_subterms(term):
        match item:
            case Local(name):
                found.add(name)
            case Abstraction(binders) | Quantification(_, binders):
                found.update(binder.name for binder in binders)
            case Selection(_, branches):
                found.update(variable.name for branch in branches for variable in branch.variables)
            case Binding(variable):
                found.add(variable.name)
            case _:
                pass
    return frozenset(found)


def substitute(term: Typed, name: str, value: Typed) -> Typed:
    """Replace a variable where it is free.

    Names are unique within a declaration, so nothing is captured; but a term that stands in several places binds the
    same names in each, also inside of itself.
    """

    def inside(item: Typed) -> Typed:
        return substitute(item, name, value)

    def below(binders: tuple[Local, ...], body: Typed) -> Typed:
        return body if any(binder.name == name for binder in binders) else inside(body)

    match term:
        case Local():
            return value if term.name == name else term
        case Abstraction(binders, body):
            return Abstraction(binders, below(binders, body))
        case Quantification(quantifier, binders, body):
            return Quantification(quantifier, binders, below(binders, body))
        case Selection(scrutinee, branches, type_):
            changed = tuple(Branch(b.constructor, b.variables, below(b.variables, b.body)) for b in branches)
            return Selection(inside(scrutinee), changed, type_)
        case Binding(variable, bound, body):
            return Binding(variable, inside(bound), below((variable,), body))
        case _:
            return map_children(term, inside)


def substitute_type(type_: Type, table: dict[str, Type]) -> Type:
    match type_:
        case TypeVariable(name):
            return table.get(name, type_)
        case Data(name, arguments):
            return Data(name, tuple(substitute_type(item, table) for item in arguments))
        case Arrow(domain, codomain):
            return Arrow(substitute_type(domain, table), substitute_type(codomain, table))


def result_datatype(type_: Type) -> Data:
    """What a constructor of this type makes."""
    while isinstance(type_, Arrow):
        type_ = type_.codomain
    assert isinstance(type_, Data)
    return type_


def apply_to(function: Typed, point: Local, type_: Type) -> Typed:
    """`function` at `point`, reduced if it is an abstraction."""
    if isinstance(function, Abstraction):
        first, *rest = function.binders
        body = substitute(function.body, first.name, point)
        return Abstraction(tuple(rest), body) if rest else body
    return Application(function, (point,), type_)


def says_more_than_boolean(term: Typed) -> bool:
    """Whether a Boolean term quantifies, or compares functions: then only a proposition can say it."""
    for item in typed_subterms(term):
        match item:
            case Quantification() | Constant("operator", "=", (Arrow(),)):
                return True
            case _:
                pass
    return False
