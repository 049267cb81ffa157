"""The syntax tree of a TIP file, as written: no types are inferred and no name is resolved beyond variables of types.

Covers `declare-sort`, `declare-const`, `declare-fun`, `declare-datatype(s)`, `par`, `define-fun`, `define-fun-rec`,
`define-funs-rec`, `assert`, `prove`; in terms `match` (with a default `_`), `ite`, `let`, `lambda` and `@`,
quantifiers, `(_ name types)`, integers and the logical and arithmetical operators. Anything else is an error that
names the form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

# ---------------------------------------------------------------------------------------------------------- types


@dataclass(frozen=True, slots=True)
class TypeVariable:
    name: str


@dataclass(frozen=True, slots=True)
class Data:
    """A datatype or a declared sort applied to its arguments; `Bool` and `Int` are among these."""

    name: str
    arguments: tuple[Type, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrow:
    """A function type; several arguments are curried."""

    domain: Type
    codomain: Type


Type: TypeAlias = TypeVariable | Data | Arrow

BOOL = Data("Bool")
INT = Data("Int")


def arrow(domains: tuple[Type, ...], codomain: Type) -> Type:
    for domain in reversed(domains):
        codomain = Arrow(domain, codomain)
    return codomain


# ---------------------------------------------------------------------------------------------------------- terms


@dataclass(frozen=True, slots=True)
class Number:
    value: int


@dataclass(frozen=True, slots=True)
class Call:
    """A name applied to arguments (none for a variable or a constant). `types` is given for `(_ name types)`."""

    name: str
    arguments: tuple[Term, ...] = ()
    types: tuple[Type, ...] | None = None


@dataclass(frozen=True, slots=True)
class Apply:
    """`(@ f x y)`: a term applied."""

    function: Term
    arguments: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Binder:
    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Lambda:
    binders: tuple[Binder, ...]
    body: Term


@dataclass(frozen=True, slots=True)
class Case:
    """`constructor` is None for the default case `_`."""

    constructor: str | None
    variables: tuple[str, ...]
    body: Term


@dataclass(frozen=True, slots=True)
class Match:
    scrutinee: Term
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Let:
    """Parallel bindings: no value sees a name that the same `let` binds."""

    bindings: tuple[tuple[str, Term], ...]
    body: Term


@dataclass(frozen=True, slots=True)
class Quantified:
    quantifier: Literal["forall", "exists"]
    binders: tuple[Binder, ...]
    body: Term


Term: TypeAlias = Number | Call | Apply | Lambda | Match | Let | Quantified

OPERATORS = frozenset(
    {"ite", "and", "or", "not", "=>", "=", "distinct", "+", "-", "*", "div", "mod", "<", "<=", ">", ">="},
)

# --------------------------------------------------------------------------------------------------- declarations


@dataclass(frozen=True, slots=True)
class Constructor:
    name: str
    selectors: tuple[str, ...]
    fields: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Datatype:
    name: str
    parameters: tuple[str, ...]
    constructors: tuple[Constructor, ...]


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    type_parameters: tuple[str, ...]
    parameters: tuple[Binder, ...]
    result: Type
    body: Term


@dataclass(frozen=True, slots=True)
class Formula:
    """What `prove` or `assert` says: a Boolean term, for all of `type_parameters`."""

    type_parameters: tuple[str, ...]
    body: Term


@dataclass(frozen=True, slots=True)
class Module:
    """One file. `datatypes` and `functions` are groups: those of one group may mention each other."""

    file: str
    comment: str
    sorts: tuple[str, ...]
    constants: tuple[str, ...]
    """Uninterpreted functions and constants that the file declares."""
    datatypes: tuple[tuple[Datatype, ...], ...]
    functions: tuple[tuple[Function, ...], ...]
    assertions: tuple[Formula, ...]
    goal: Formula
    integers: bool
    """Whether the file mentions integers."""
    owners: dict[str, Datatype] = field(default_factory=dict[str, Datatype], compare=False)
    """The datatype of each constructor."""


class TranslationError(Exception):
    """The problem has no translation; the text is the reason, in a few words."""
