"""Copies of a TIP suite that mean the same, made from a seed.

Every choice is drawn from the seed and the original name that it is about: of a function, a datatype, or a problem. So
what several files define alike stays alike in all of them. Names are replaced by one injection for the whole suite,
which keeps only those of the language, so nothing is captured. A function that occurs anywhere without all of its
arguments, or whose name means something else too, keeps the order of its parameters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from random import Random
from typing import Any, NamedTuple

from bench.tip_text import write
from datasets.tip.parse import parse
from datasets.tip.syntax import (
    OPERATORS,
    Call,
    Case,
    Constructor,
    Datatype,
    Formula,
    Function,
    Match,
    Module,
    Quantified,
)

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
