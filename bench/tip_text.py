"""The text of a TIP file from its syntax tree, for copies of a suite (`transformed_suite.py`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from datasets.tip.syntax import (
    Apply,
    Arrow,
    Binder,
    Call,
    Case,
    Data,
    Datatype,
    Function,
    Lambda,
    Let,
    Match,
    Module,
    Number,
    Quantified,
    Term,
    Type,
    TypeVariable,
)
from domain import UserError


def write(module: Module) -> str:
    """The file of a syntax tree; reading it gives the tree again, without its comment. Raises `UserError`."""
    if module.constants:
        raise UserError(
            f"{module.file}: the type of `{module.constants[0]}` is not in the syntax tree, so no copy is made"
        )
    forms = [f"(declare-sort {_symbol(sort)} 0)" for sort in module.sorts]
    for group in module.datatypes:
        if len(group) == 1:
            forms.append(f"(declare-datatype {_symbol(group[0].name)} {_datatype(group[0])})")
        else:
            heads = _list(f"({_symbol(one.name)} {len(one.parameters)})" for one in group)
            forms.append(f"(declare-datatypes {heads} {_list(map(_datatype, group))})")
    for group in module.functions:
        if len(group) == 1:
            forms.append(f"(define-fun-rec {_head(group[0])} {_term(group[0].body)})")
        else:
            heads = _list(f"({_head(one)})" for one in group)
            forms.append(f"(define-funs-rec {heads} {_list(_term(one.body) for one in group)})")
    forms += [f"(assert {_over(one.type_parameters, _term(one.body))})" for one in module.assertions]
    forms.append(f"(prove {_over(module.goal.type_parameters, _term(module.goal.body))})")
    return "".join(f"{form}\n" for form in forms)


def _list(items: Iterable[str]) -> str:
    return f"({' '.join(items)})"


def _symbol(name: str) -> str:
    return name if re.fullmatch(r'[^\s()|";]+', name) else f"|{name}|"


def _over(type_parameters: Sequence[str], text: str) -> str:
    return f"(par {_list(map(_symbol, type_parameters))} {text})" if type_parameters else text


def _datatype(datatype: Datatype) -> str:
    constructors = [
        _list([_symbol(one.name), *map(_typed, one.selectors, one.fields)]) for one in datatype.constructors
    ]
    return _over(datatype.parameters, _list(constructors))


def _head(function: Function) -> str:
    signature = f"{_binders(function.parameters)} {_type(function.result)}"
    if function.type_parameters:
        signature = _over(function.type_parameters, f"({signature})")
    return f"{_symbol(function.name)} {signature}"


def _typed(name: str, type_: Type) -> str:
    return f"({_symbol(name)} {_type(type_)})"


def _binders(binders: Iterable[Binder]) -> str:
    return _list(_typed(binder.name, binder.type) for binder in binders)


def _type(type_: Type) -> str:
    match type_:
        case TypeVariable(name) | Data(name, ()):
            return _symbol(name)
        case Data(name, arguments):
            return _list([_symbol(name), *map(_type, arguments)])
        case Arrow(domain, codomain):
            return f"(=> {_type(domain)} {_type(codomain)})"


def _term(term: Term) -> str:
    match term:
        case Number(value):
            return str(value)
        case Call(name, arguments, types):
            head = _symbol(name) if types is None else _list(["_", _symbol(name), *map(_type, types)])
            return _list([head, *map(_term, arguments)]) if arguments else head
        case Apply(function, arguments):
            return _list(["@", _term(function), *map(_term, arguments)])
        case Lambda(binders, body):
            return f"(lambda {_binders(binders)} {_term(body)})"
        case Quantified(quantifier, binders, body):
            return f"({quantifier} {_binders(binders)} {_term(body)})"
        case Let(bindings, body):
            return f"(let {_list(f'({_symbol(name)} {_term(value)})' for name, value in bindings)} {_term(body)})"
        case Match(scrutinee, cases):
            return f"(match {_term(scrutinee)} {_list(map(_case, cases))})"


def _case(case: Case) -> str:
    pattern = _symbol(case.constructor or "_")
    if case.variables:
        pattern = _list([pattern, *map(_symbol, case.variables)])
    return f"({pattern} {_term(case.body)})"
