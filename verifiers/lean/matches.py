"""Matches read from what Lean compiles them to: calls of `f.match_1` and of `T.casesOn` become `domain.Match`.

Invariant: a term without helpers and `casesOn` comes back as it is; a call of either that is not understood (too few
arguments, an indexed family) raises `ParseError`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from domain import App, Branch, Const, Datatype, Forall, Lambda, Let, Match, Term, Var
from term_algebra import apply, constants, free_variables, substitute, variant
from term_algebra.reduction import beta, unfold
from verifiers.audit.words import ParseError
from verifiers.lean.core import DATATYPES
from verifiers.lean.reader import CORE

_HELPER = re.compile(r".*\.(?:match_\d+|_sparseCasesOn_\d+)")
_CASES = ".casesOn"


def helpers(term: Term) -> frozenset[str]:
    """The names in a term that Lean made for matches; `read` wants their bodies."""
    return frozenset(filter(is_helper, constants(term)))


def is_helper(name: str) -> bool:
    """Whether Lean made this name for a match."""
    return _HELPER.fullmatch(name) is not None


def read(term: Term, bodies: Mapping[str, Term], datatypes: Mapping[str, Datatype]) -> Term:
    """The term with calls of the matchers in `bodies` and of `casesOn` read as matches."""
    for _ in range(8):  # a matcher's body may use others
        if not bodies.keys() & constants(term):
            break
        term = unfold(term, bodies)
    return _read(term, datatypes)


def _read(term: Term, datatypes: Mapping[str, Datatype]) -> Term:
    match term:
        case App(Const(name), arguments) if name.endswith(_CASES):
            return beta(_cases(name.removesuffix(_CASES), arguments, datatypes))
        case Const(name) if name.endswith(_CASES) or _HELPER.fullmatch(name):
            raise ParseError(f"{name} stands without its arguments")
        case App(function, arguments):
            return apply(_read(function, datatypes), [_read(argument, datatypes) for argument in arguments])
        case Forall(name, type_, body) | Lambda(name, type_, body):
            return type(term)(name, _read(type_, datatypes), _read(body, datatypes))
        case Let(name, value, type_, body):
            known = _read(type_, datatypes) if type_ else None
            return Let(name, _read(value, datatypes), known, _read(body, datatypes))
        case _:
            return term


def _cases(lean_type: str, arguments: tuple[Term, ...], datatypes: Mapping[str, Datatype]) -> Term:
    name = next((core for core, lean in CORE.items() if lean == lean_type), lean_type)
    datatype = datatypes.get(name) or DATATYPES.get(name)
    if datatype is None:
        raise ParseError(f"a match on {lean_type}, which is not known here")
    count, parameters = len(datatype.constructors), datatype.parameters
    if len(arguments) < parameters + 2 + count:
        raise ParseError(f"{lean_type}{_CASES} has too few arguments")
    scrutinee = arguments[parameters + 1]
    alternatives = arguments[parameters + 2 : parameters + 2 + count]
    rest = arguments[parameters + 2 + count :]
    branches: list[Branch] = []
    for constructor, alternative in zip(datatype.constructors, alternatives, strict=True):
        fields = _arity(constructor.type) - parameters
        names, body = _opened(alternative, fields)
        inner = [_read(argument, datatypes) for argument in rest]
        clash = frozenset[str]().union(*[free_variables(argument) for argument in inner]) & set(names)
        if clash:
            fresh = {name: variant(name, clash | free_variables(body) | set(names)) for name in clash}
            body = substitute(body, {name: Var(new) for name, new in fresh.items()})
            names = [fresh.get(name, name) for name in names]
        body = beta(apply(_read(body, datatypes), inner))
        branches.append(Branch(constructor.name, ("_",) * parameters + tuple(names), body))
    return Match(_read(scrutinee, datatypes), tuple(branches))


def _arity(type_: Term) -> int:
    count = 0
    while isinstance(type_, Forall):
        count, type_ = count + 1, type_.body
    return count


def _opened(alternative: Term, fields: int) -> tuple[list[str], Term]:
    """An alternative as the names of the constructor's fields and what is done with them."""
    names: list[str] = []
    body = alternative
    avoid = set(free_variables(alternative))
    while len(names) < fields:
        if isinstance(body, Lambda):
            name = "_" if body.name not in free_variables(body.body) else body.name
            if name in names and name != "_":
                fresh = variant(name, avoid | set(names) | free_variables(body.body))
                body = Lambda(fresh, body.type, substitute(body.body, {name: Var(fresh)}))
                name = fresh
            names.append(name)
            body = body.body
        else:
            name = variant(f"a{len(names)}", avoid | set(names) | free_variables(body))
            names.append(name)
            body = apply(body, [Var(name)])
    return names, body
