"""Copies of a TIP suite that mean the same, made from a seed.

Every choice is drawn from the seed and the original name that it is about: of a function, a datatype, or a problem. So
what several files define alike stays alike in all of them. Names are replaced by one injection for the whole suite,
which keeps only those of the language, so nothing is captured. A function that occurs anywhere without all of its
arguments, or whose name means something else too, keeps the order of its parameters.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from random import Random
from typing import Any, NamedTuple

from datasets.tip.parse import parse
from datasets.tip.syntax import (
    OPERATORS,
    Apply,
    Arrow,
    Binder,
    Call,
    Case,
    Constructor,
    Data,
    Datatype,
    Formula,
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

TRANSFORMATIONS = {
    "names": "every name of the files is replaced",
    "arguments": "parameters of functions are permuted, and arguments in every call",
    "constructors": "constructors of datatypes are permuted, and the cases of matches with them",
    "equations": "the sides of half of the equations in goals are swapped",
    "order": "problems exchange their file names, and with them their order",
    "fields": "fields of constructors are permuted, and arguments in every term and pattern",
    "binders": "variables under a quantifier in goals are permuted",
}

USUAL = ("names", "arguments", "constructors", "equations", "order")
"""What is applied unless the caller chooses."""

LANGUAGE = OPERATORS | {"Bool", "Int", "true", "false", "forall", "exists", "is", "_"}
"""Names in syntax trees that are kept."""


class Copy(NamedTuple):
    """A transformed suite."""

    texts: Mapping[str, str]
    """Problem → its file."""
    originals: Mapping[str, str]
    """Problem → the problem of the original suite that it was made from."""
    symbols: Mapping[str, str]
    """Original name → new name."""
    left_alone: tuple[str, ...]
    """Functions and constructors whose arguments had to keep their order."""


def transform(texts: Mapping[str, str], seed: int, chosen: Collection[str] = USUAL) -> Copy:
    """A copy of a suite, given as problem → text of its file."""
    modules = {name: replace(parse(text, name), comment="") for name, text in sorted(texts.items())}
    fixed = set[str]().union(*(_fixed(module, _arities(module, chosen)) for module in modules.values()))
    symbols = _new_names(modules.values(), seed) if "names" in chosen else {}
    places = list(modules)
    if "order" in chosen:
        Random(f"{seed} order").shuffle(places)
    originals = dict(sorted(zip(places, modules, strict=True)))
    written: dict[str, str] = {}
    for place, original in originals.items():
        module = modules[original]
        goal = _changed_goal(module.goal, Random(f"{seed} goal {original}"), chosen)
        permuted = _permuted(replace(module, goal=goal), seed, chosen, fixed)
        written[place] = write(
            _rebuilt(permuted, lambda part: symbols.get(part, part) if isinstance(part, str) else part)
        )
    return Copy(written, originals, symbols, tuple(sorted(fixed)))


# ------------------------------------------------------------------------------------------------------ transforming


def _parts(node: object) -> Iterator[object]:
    """A part of a syntax tree and all that it consists of, names too."""
    yield node
    for child in _children(node):
        yield from _parts(child)


def _children(node: Any) -> Sequence[Any]:
    if isinstance(node, tuple):
        return node
    return [getattr(node, field.name) for field in fields(node) if field.compare] if is_dataclass(node) else ()


def _rebuilt(node: Any, change: Callable[[Any], Any]) -> Any:
    """A syntax tree with every part changed, innermost first."""
    if isinstance(node, tuple):
        return tuple(_rebuilt(child, change) for child in node)
    if is_dataclass(node) and not isinstance(node, type):
        names = [field.name for field in fields(node) if field.compare]
        node = replace(node, **{name: _rebuilt(getattr(node, name), change) for name in names})
    return change(node)


def _changed_goal(goal: Formula, draws: Random, chosen: Collection[str]) -> Formula:
    def change(part: Any) -> Any:
        match part:
            case Call("=", sides) if "equations" in chosen and draws.random() < 1 / 2:
                return replace(part, arguments=sides[::-1])
            case Quantified(_, binders) if "binders" in chosen:
                return replace(part, binders=tuple(draws.sample(binders, len(binders))))
            case _:
                return part

    return _rebuilt(goal, change)


def _permuted(module: Module, seed: int, chosen: Collection[str], fixed: Collection[str]) -> Module:
    """`module` with arguments and constructors in another order, all names being what they were."""

    def order(kind: str, name: str, size: int) -> list[int]:
        places = list(range(size))
        Random(f"{seed} {kind} {name}").shuffle(places)
        return places

    calls = {n: order("arguments", n, size) for n, size in _arities(module, chosen).items() if n not in fixed}
    constructors = {
        datatype.name: order("constructors", datatype.name, len(datatype.constructors))
        for group in module.datatypes
        for datatype in group
        if "constructors" in chosen
    }
    ranks = {
        module.owners[name].constructors[place].name: rank
        for name, owner in module.owners.items()
        for rank, place in enumerate(constructors.get(owner.name, ()))
    }

    def called(name: str, items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(items[place] for place in calls.get(name, range(len(items))))

    def change(part: Any) -> Any:
        match part:
            case Call(name, arguments) if arguments:
                return replace(part, arguments=called(name, arguments))
            case Function(name, _, parameters):
                return replace(part, parameters=called(name, parameters))
            case Constructor(name, selectors, types):
                return Constructor(name, called(name, selectors), called(name, types))
            case Case(str(name), variables, body):
                return Case(name, called(name, variables), body)
            case Match(scrutinee, cases):
                last = len(ranks)
                return Match(scrutinee, tuple(sorted(cases, key=lambda one: ranks.get(one.constructor or "", last))))
            case Datatype(name, _, declared) if name in constructors:
                return replace(part, constructors=tuple(declared[place] for place in constructors[name]))
            case _:
                return part

    return _rebuilt(module, change)


def _arities(module: Module, chosen: Collection[str]) -> dict[str, int]:
    """What may be permuted: functions, constructors, and how many arguments each has."""
    arities: dict[str, int] = {}
    if "arguments" in chosen:
        arities |= {function.name: len(function.parameters) for group in module.functions for function in group}
    if "fields" in chosen:
        arities |= {one.name: len(one.fields) for datatype in module.owners.values() for one in datatype.constructors}
    return {name: arity for name, arity in arities.items() if arity > 1}


def _fixed(module: Module, arities: Mapping[str, int]) -> set[str]:
    """The names of `arities` that occur otherwise than as what they are, with all arguments."""
    found: Counter[str] = Counter()
    proper: Counter[str] = Counter()
    for part in _parts(module):
        match part:
            case str():
                found[part] += 1
            case Call(name, arguments) if len(arguments) == arities.get(name):
                proper[name] += 1
            case Function(name) | Constructor(name) | Case(str(name)):
                proper[name] += 1
            case _:
                pass
    return {name for name in arities if found[name] != proper[name]}


def _new_names(modules: Collection[Module], seed: int) -> dict[str, str]:
    """New names, in an order that has nothing to do with that of the old ones."""
    names = {part for module in modules for part in _parts(replace(module, file="")) if isinstance(part, str)}
    testers = {f"is-{constructor}": constructor for module in modules for constructor in module.owners}
    old = sorted(names - LANGUAGE - testers.keys() - {""})
    new = [f"n{number:0{len(str(len(old)))}}" for number in range(len(old))]
    Random(f"{seed} names").shuffle(new)
    table = dict(zip(old, new, strict=True))
    return table | {tester: f"is-{table[constructor]}" for tester, constructor in testers.items()}


# ----------------------------------------------------------------------------------------------------------- writing


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
