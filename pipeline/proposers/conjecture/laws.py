"""Shapes of laws over given functions: of binary operations, and of Bool relations and predicates.

Exploration enumerates terms by size; these laws it asks for by their shape, because much that is smaller is proved with
them, or because they are too large to be enumerated.

Invariant: what is yielded is a shape filled with symbols, true or not; testing it is the caller's.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from domain import Const, Term, Var
from term_algebra import apply
from term_algebra.theory import equation
from term_algebra.values import Value

LAW_SIZES = (4, 4, 6, 6)
"""As how large the laws of binary operations count: commutative, associative, `(x y) z = (x z) y`, all others."""


class Symbol(NamedTuple):
    """A function, constructor or variable at one choice of its type arguments."""

    term: Term
    domains: tuple[Term, ...]
    result: Term
    run: Callable[..., Value] | None
    constructor: bool


class Law(NamedTuple):
    """An equation, and as how large it counts."""

    size: int
    equation: Term


class RelationLaw(NamedTuple):
    """A conclusion under hypotheses; the first ones of a relation are the most telling."""

    rank: int
    hypotheses: list[Term]
    conclusion: Term


def of_operations(symbols: Sequence[Symbol], variables: Mapping[str, Term]) -> Iterator[Law]:
    """Commutative, associative and distributive laws, and what functions do to combinations."""
    for symbol in symbols:
        type_ = symbol.result
        names = _names(variables, type_)
        if symbol.constructor or symbol.domains != (type_, type_) or len(names) < 3:
            continue
        x, y, z = (Var(name) for name in names[:3])
        f = symbol.term
        shapes = (
            (apply(f, [x, y]), apply(f, [y, x])),
            (apply(f, [apply(f, [x, y]), z]), apply(f, [x, apply(f, [y, z])])),
            (apply(f, [apply(f, [x, y]), z]), apply(f, [apply(f, [x, z]), y])),
        )
        for other in symbols:
            if other.domains == symbol.domains and other.result == type_ and not other.constructor and other != symbol:
                g = other.term
                shapes += (
                    (apply(f, [apply(g, [x, y]), z]), apply(g, [apply(f, [x, z]), apply(f, [y, z])])),
                    (apply(f, [x, apply(g, [y, z])]), apply(g, [apply(f, [x, y]), apply(f, [x, z])])),
                )
        for rank, (left, right) in enumerate(shapes):
            yield Law(LAW_SIZES[min(rank, len(LAW_SIZES) - 1)], equation(type_, left, right))
    for law in _spread(symbols, variables):
        yield Law(LAW_SIZES[-1], law)


def of_relations(symbols: Sequence[Symbol], variables: Mapping[str, Term]) -> Iterator[RelationLaw]:
    """For a Bool relation on one type: soundness of equality, antisymmetry, totality, transitivity.

    And for two of them: whether one excludes the other, or holds where the other does not.
    """
    boolean = Const("bool")

    def holds(symbol: Symbol, a: Term, b: Term, value: str = "true") -> Term:
        return equation(boolean, apply(symbol.term, [a, b]), Const(value))

    relations = [
        symbol
        for symbol in symbols
        if symbol.result == boolean and len(symbol.domains) == 2 and symbol.domains[0] == symbol.domains[1]
        if not symbol.constructor and symbol.domains[0] != boolean
    ]
    for symbol in relations:
        type_ = symbol.domains[0]
        names = _names(variables, type_)
        if len(names) < 3:
            continue
        x, y, z = (Var(name) for name in names[:3])
        same = equation(type_, x, y)
        shapes = [
            ([holds(symbol, x, y)], same),
            ([holds(symbol, x, y), holds(symbol, y, x)], same),
            ([holds(symbol, x, y, "false")], holds(symbol, y, x)),
            ([holds(symbol, x, y)], holds(symbol, y, x, "false")),
            ([holds(symbol, x, y), holds(symbol, y, z)], holds(symbol, x, z)),
        ]
        for other in relations:
            if other is not symbol and other.domains == symbol.domains:
                shapes += [
                    ([holds(symbol, x, y)], holds(other, x, y, "false")),
                    ([holds(symbol, x, y)], holds(other, y, x, "false")),
                    ([holds(symbol, x, y, "false")], holds(other, y, x)),
                ]
        for rank, (hypotheses, conclusion) in enumerate(shapes):
            yield RelationLaw(rank, hypotheses, conclusion)


def of_predicates(symbols: Sequence[Symbol], variables: Mapping[str, Term]) -> Iterator[RelationLaw]:
    """For a Bool predicate and a binary operation on one type: whether the operation preserves it."""
    boolean, true = Const("bool"), Const("true")
    functions = [symbol for symbol in symbols if not symbol.constructor]
    for p, f in itertools.product(functions, functions):
        names = _names(variables, f.result)
        if p.result == boolean and p.domains == (f.result,) and f.domains == (f.result, f.result) and len(names) > 1:
            x, y = (Var(name) for name in names[:2])
            of_x, of_y, of_both = (equation(boolean, apply(p.term, [a]), true) for a in (x, y, apply(f.term, [x, y])))
            yield RelationLaw(0, [of_x, of_y], of_both)


def _names(variables: Mapping[str, Term], type_: Term) -> list[str]:
    return [name for name, of in variables.items() if of == type_]


def _spread(symbols: Sequence[Symbol], variables: Mapping[str, Term]) -> Iterator[Term]:
    """What a function does to a combination, if another argument of it changes from one part to the next.

    `f a (g x y) = h (f a x) (f b y)` for binary operations `g` and `h`, `b` being a small term over `a` and `x`: such
    laws are larger than what is enumerated, and they prove much that is not.
    """
    functions = [symbol for symbol in symbols if not symbol.constructor]
    binary = [symbol for symbol in functions if symbol.domains == (symbol.result, symbol.result)]
    for f, g in itertools.product(functions, binary):
        if len(f.domains) != 2 or f.domains.count(g.result) != 1:
            continue
        place = f.domains.index(g.result)
        x, y = (Var(name) for name in _names(variables, g.result)[:2])
        a = Var(_names(variables, f.domains[1 - place])[0])

        def call(a: Term, x: Term, f: Symbol = f, place: int = place) -> Term:
            return apply(f.term, [a, x] if place else [x, a])

        for h in (one for one in binary if one.result == f.result):
            for b in _combinations(functions, a, f.domains[1 - place], x, g.result):
                right = apply(h.term, [call(a, x), call(b, y)])
                yield equation(f.result, call(a, apply(g.term, [x, y])), right)


def _combinations(functions: Sequence[Symbol], a: Term, type_of_a: Term, x: Term, type_of_x: Term) -> Iterator[Term]:
    """Calls of a type-preserving binary function on `a` and a measure of `x`, in both orders."""
    measures = [(apply(m.term, [x]), m.result) for m in functions if m.domains == (type_of_x,)]
    for measure, type_ in [(x, type_of_x), *measures]:
        for f in functions:
            if f.result != type_of_a:
                continue
            if f.domains == (type_of_a, type_):
                yield apply(f.term, [a, measure])
            if f.domains == (type_, type_of_a):
                yield apply(f.term, [measure, a])
