"""What proposers know of a run's definitions: lookups by canonical name, and the term operations they share.

Invariant: nothing here depends on what a file calls its functions. The only names with a meaning of their own are the
standard ones of the prover's core (`bool`, `nat`, `eq`, `and`, `or`, `not`, `iff`, `ex`, …).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from domain import App, Const, Constructor, Datatype, Definition, Forall, Function, Sort, Term, Var
from term_algebra import alpha_normal, children, constants, substitute
from term_algebra.standard import INTEGER_FUNCTIONS, STANDARD_DATATYPES, STANDARD_FUNCTIONS

PROPOSITION_HEADS = frozenset({"eq", "and", "or", "not", "iff", "ex", "True", "False"})


def equation(type_: Term, left: Term, right: Term) -> Term:
    return App(Const("eq"), (type_, left, right))


def quantify(binders: Iterable[tuple[str, Term]], body: Term) -> Term:
    for name, type_ in reversed(list(binders)):
        body = Forall(name, type_, body)
    return body


def head(term: Term) -> Term:
    return term.function if isinstance(term, App) else term


def head_name(term: Term) -> str | None:
    """The global name that heads `term`, if any."""
    top = head(term)
    return top.name if isinstance(top, Const) else None


def arguments(term: Term) -> tuple[Term, ...]:
    return term.arguments if isinstance(term, App) else ()


@dataclass(frozen=True, slots=True)
class ConstructorInfo:
    datatype: Datatype
    index: int
    type: Term
    fields: int
    """How many arguments beyond the datatype's parameters."""


@dataclass(frozen=True)
class Theory:
    """Definitions indexed by canonical name, the standard datatypes included."""

    definitions: tuple[Definition, ...]
    datatypes: dict[str, Datatype] = field(default_factory=dict[str, Datatype])
    constructors: dict[str, ConstructorInfo] = field(default_factory=dict[str, ConstructorInfo])
    functions: dict[str, Function] = field(default_factory=dict[str, Function])

    def __post_init__(self) -> None:
        for datatype in STANDARD_DATATYPES:
            self._add_datatype(datatype)
        for definition in self.definitions:
            for datatype in definition.datatypes:
                self._add_datatype(datatype)
            for function in definition.functions:
                self.functions[function.name] = function

    def _add_datatype(self, datatype: Datatype) -> None:
        self.datatypes[datatype.name] = datatype
        for index, constructor in enumerate(datatype.constructors):
            fields = len(list(pi_binders(constructor.type))) - datatype.parameters
            self.constructors[constructor.name] = ConstructorInfo(datatype, index, constructor.type, fields)

    def type_of_constant(self, name: str) -> Term | None:
        if name in self.constructors:
            return self.constructors[name].type
        if name in self.functions:
            return self.functions[name].type
        return STANDARD_FUNCTIONS.get(name) or INTEGER_FUNCTIONS.get(name)

    def type_of(self, term: Term, variables: Mapping[str, Term]) -> Term | None:
        """The type of a first-order term (variables, constants, applications), or None for anything else."""
        if isinstance(term, Var):
            return variables.get(term.name)
        if isinstance(term, Const):
            return self.type_of_constant(term.name)
        if isinstance(term, App):
            type_ = self.type_of(term.function, variables)
            for argument in term.arguments:
                if not isinstance(type_, Forall):
                    return None
                type_ = type_.body if type_.name == "_" else substitute(type_.body, {type_.name: argument})
            return type_
        return None

    def datatype_of(self, type_: Term) -> Datatype | None:
        name = head_name(type_)
        return self.datatypes.get(name) if name is not None else None

    def constructor_fields(self, type_: Term, constructor: Constructor) -> list[Term]:
        """Types of the constructor's own arguments when its datatype is applied as in `type_`."""
        datatype = self.constructors[constructor.name].datatype
        parameters = arguments(type_)[: datatype.parameters]
        rest = constructor.type
        for parameter in parameters:
            assert isinstance(rest, Forall)
            rest = rest.body if rest.name == "_" else substitute(rest.body, {rest.name: parameter})
        return [binder_type for _, binder_type in pi_binders(rest)]

    def is_recursive(self, datatype: Datatype) -> bool:
        return any(
            head_name(binder_type) == datatype.name
            for constructor in datatype.constructors
            for _, binder_type in list(pi_binders(constructor.type))[datatype.parameters :]
        )

    def stacked(self, term: Term) -> int:
        """Calls of a constructor right below calls of one: the size of the numerals and literal lists in `term`."""
        count, todo = 0, [term]
        while todo:
            top = todo.pop()
            inside = arguments(top) if head_name(top) in self.constructors else ()
            count += sum(head_name(argument) in self.constructors for argument in inside)
            todo.extend(child for child, _ in children(top))
        return count

    def reached(self, term: Term) -> frozenset[str]:
        """Global names that `term` mentions, directly or through definitions."""
        seen: set[str] = set()
        todo = list(constants(term))
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self.functions:
                function = self.functions[name]
                todo.extend(constants(function.body) | constants(function.type))
            elif name in self.constructors:
                todo.append(self.constructors[name].datatype.name)
            elif name in self.datatypes:
                for constructor in self.datatypes[name].constructors:
                    todo.append(constructor.name)
                    todo.extend(constants(constructor.type))
        return frozenset(seen)


def pi_binders(type_: Term) -> Iterator[tuple[str, Term]]:
    while isinstance(type_, Forall):
        yield type_.name, type_.type
        type_ = type_.body


# ------------------------------------------------------------------------------------------------------- statements

BinderKind = Literal["type", "data", "function", "hypothesis"]


class Binder(NamedTuple):
    name: str
    type: Term
    kind: BinderKind


class OpenStatement(NamedTuple):
    """`forall binders, conclusion`; hypotheses are binders too, and every binder has a name of its own."""

    binders: tuple[Binder, ...]
    conclusion: Term

    def of_kind(self, *kinds: BinderKind) -> list[Binder]:
        return [binder for binder in self.binders if binder.kind in kinds]

    @property
    def hypotheses(self) -> list[Binder]:
        return self.of_kind("hypothesis")


def is_proposition(term: Term) -> bool:
    """Whether a binder's type is a proposition (by its shape: quantifiers ending in a logical constant)."""
    while isinstance(term, Forall):
        term = term.body
    return head_name(term) in PROPOSITION_HEADS


def open_statement(statement: Term) -> OpenStatement:
    """Split the leading quantifiers off; premises without a name become `h0`, `h1`, …"""
    binders: list[Binder] = []
    count = 0
    while isinstance(statement, Forall):
        name, type_, body = statement.name, statement.type, statement.body
        kind: BinderKind
        if isinstance(type_, Sort):
            kind = "type"
        elif is_proposition(type_):
            kind = "hypothesis"
        elif isinstance(type_, Forall):
            kind = "function"
        else:
            kind = "data"
        if name == "_":
            name = f"h{count}"
            count += 1
        binders.append(Binder(name, type_, kind))
        statement = body
    return OpenStatement(tuple(binders), statement)


def says_nothing(statement: Term) -> bool:
    """Whether a statement's conclusion is one of its hypotheses, or equates or exchanges a thing with itself."""
    rest, given = alpha_normal(statement), set[Term]()
    while isinstance(rest, Forall):
        given.add(alpha_normal(rest.type))
        rest = rest.body
        if alpha_normal(rest) in given:
            return True
    if head_name(rest) not in ("eq", "Eq", "iff", "Iff") or len(arguments(rest)) < 2:
        return False
    left, right = arguments(rest)[-2:]
    return alpha_normal(left) == alpha_normal(right)


class Equation(NamedTuple):
    type: Term
    left: Term
    right: Term


def as_equation(term: Term) -> Equation | None:
    if isinstance(term, App) and term.function == Const("eq") and len(term.arguments) == 3:
        return Equation(*term.arguments)
    return None


def within_constructors(sides: Equation, variables: Mapping[str, Term], theory: Theory) -> Equation:
    """The one place where two values of the same constructor differ, as an equation of its own."""
    while isinstance(sides.left, App) and isinstance(sides.right, App) and sides.left.function == sides.right.function:
        pairs = zip(sides.left.arguments, sides.right.arguments, strict=False)
        differing = [(left, right) for left, right in pairs if left != right]
        constructor = isinstance(sides.left.function, Const) and sides.left.function.name in theory.constructors
        type_ = theory.type_of(differing[0][0], variables) if constructor and len(differing) == 1 else None
        if type_ is None:
            break
        sides = Equation(type_, *differing[0])
    return sides


def _mentioned(term: Term, order: dict[str, None], bound: frozenset[str] = frozenset()) -> None:
    """Free variables in order of appearance."""
    if isinstance(term, Var) and term.name not in bound:
        order[term.name] = None
    for child, names in children(term):
        _mentioned(child, order, bound.union(names))


def close(hypotheses: Sequence[Term], conclusion: Term, variables: Mapping[str, Term]) -> Term:
    """The closed statement `forall variables, hypotheses -> conclusion`, with binders `x0`, `x1`, … in order.

    Free variables without an entry in `variables` are types.
    """
    order: dict[str, None] = {}
    for term in (*hypotheses, conclusion):
        _mentioned(term, order)
    data = [name for name in order if name in variables]
    types: dict[str, None] = {}
    for name in data:
        _mentioned(variables[name], types)
    types.update({name: None for name in order if name not in variables})
    renamed = {name: Var(f"x{index}") for index, name in enumerate([*types, *data])}
    binders = [(renamed[name].name, Sort("Type")) for name in types]
    binders += [(renamed[name].name, substitute(variables[name], renamed)) for name in data]
    body = substitute(conclusion, renamed)
    for hypothesis in reversed(hypotheses):
        body = Forall("_", substitute(hypothesis, renamed), body)
    return quantify(binders, body)
