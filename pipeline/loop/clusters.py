"""Which statements are one benchmark problem in several guises: equal, an instance, or one derivation step apart.

Two statements are *equal* if they differ in names, in the order of variables and hypotheses, or in the sides of an
equation. One is an *instance* of another if `exact` closes it, and a *step* from it if one `rewrite` with it, anywhere
and in either direction, makes both sides the same; hypotheses have to be among those of the statement. A cluster is
what is connected by these relations.

Invariant (docs/compare.md): a function of the statements alone, whatever names they have. The relations are
syntactic: what takes computation to see is not seen, and terms with binders inside count as atoms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Literal, NamedTuple, TypeAlias

import networkx as nx

from domain import App, Const, Sort, Term, Var
from library_store.deduplication import dedup_key
from term_algebra import alpha_normal, children
from term_algebra.rewriting import Pattern, fill, match
from term_algebra.theory import open_statement

Relation: TypeAlias = Literal["equal", "instance", "step"]

LARGEST = 400
"""Nodes of a statement up to which more than equality is looked for; a numeral of the natural numbers may have more."""

_SYMMETRIC = ("eq", "Eq", "iff", "Iff")
"""Relations whose last two arguments may be swapped."""

_Table: TypeAlias = "dict[str, Pattern]"


class Opened(NamedTuple):
    """A statement taken apart. Without `conclusion` it is too large to be matched."""

    key: str
    hypotheses: tuple[Pattern, ...] = ()
    conclusion: Pattern | None = None
    symbols: frozenset[str] = frozenset()
    """Heads that occur in the conclusion."""


def open_problem(statement: Term) -> Opened:
    """A closed statement, ready to be compared with others."""
    key = dedup_key(statement)
    if _larger_than(statement, LARGEST):
        return Opened(key)
    opened = open_statement(statement)
    conclusion = _pattern(opened.conclusion)
    hypotheses = tuple(_pattern(binder.type) for binder in opened.hypotheses)
    return Opened(key, hypotheses, conclusion, frozenset(_heads(conclusion)))


def relation(of: Opened, to: Opened) -> Relation | None:
    """How the first statement follows from the second by one step at most, or None."""
    if of.key == to.key:
        return "equal"
    if of.conclusion is None or to.conclusion is None:
        return None
    if to.symbols <= of.symbols and any(_known(to, of, table) for table in _matches(to.conclusion, of.conclusion)):
        return "instance"
    if any(_known(to, of, table) for table in _closing_rewrites(to.conclusion, of.conclusion)):
        return "step"
    return None


def clusters(statements: Mapping[str, Term]) -> dict[str, str]:
    """The cluster of each named statement, called by the first name in it."""
    opened = {name: open_problem(term) for name, term in statements.items()}
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(opened)
    names = list(opened)
    for place, one in enumerate(names):
        for other in names[:place]:
            if relation(opened[one], opened[other]) or relation(opened[other], opened[one]):
                graph.add_edge(one, other)
    return {name: min(part) for part in nx.connected_components(graph) for name in part}


# --------------------------------------------------------------------------------------------------------- matching


def _matches(general: Pattern, special: Pattern) -> Iterator[_Table]:
    """The ways in which one proposition is an instance of another, the sides of a relation swapped or not."""
    for sides in _orientations(general):
        table: _Table = {}
        if match(sides, special, table):
            yield table


def _known(general: Opened, special: Opened, table: _Table) -> bool:
    """Whether the hypotheses of a statement, as instantiated so far, can be met by those of another."""
    if len(general.hypotheses) > 4 or len(special.hypotheses) > 6:  # keeps the search below small
        return False
    return not general.hypotheses or any(
        _all_match(general.hypotheses, chosen, dict(table))
        for chosen in permutations(special.hypotheses, len(general.hypotheses))
    )


def _all_match(hypotheses: Sequence[Pattern], facts: Sequence[Pattern], table: _Table) -> bool:
    if not hypotheses:
        return True
    for sides in _orientations(hypotheses[0]):
        extended = dict(table)
        if match(sides, facts[0], extended) and _all_match(hypotheses[1:], facts[1:], extended):
            return True
    return False


def _closing_rewrites(equation: Pattern, goal: Pattern) -> Iterator[_Table]:
    """The instances of an equation that rewrite one side of the goal to the other."""
    if not _is_symmetric(equation) or not _is_symmetric(goal):
        return
    left, right = goal[-2:]
    for _, old, new in (_sides(turned) for turned in _orientations(equation)):
        if isinstance(old, str):
            continue  # a variable alone rewrites everything
        for part in dict.fromkeys((*_parts(left), *_parts(right))):
            table: _Table = {}
            if not match(old, part, table) or not _variables(new) <= table.keys():
                continue
            put = fill(new, table)
            if _replaced(left, part, put) == _replaced(right, part, put):
                yield table


def _sides(relation: Pattern) -> tuple[Pattern, Pattern, Pattern]:
    return relation, relation[-2], relation[-1]  # type: ignore[return-value]


def _is_symmetric(pattern: Pattern) -> bool:
    return isinstance(pattern, tuple) and pattern[0] in _SYMMETRIC and len(pattern) >= 3


def _orientations(pattern: Pattern) -> Iterator[Pattern]:
    yield pattern
    if _is_symmetric(pattern):
        yield (*pattern[:-2], pattern[-1], pattern[-2])


# --------------------------------------------------------------------------------------------------------- patterns


def _pattern(term: Term) -> Pattern:
    """A variable as its name, an application as `(head, argument, …)`, a term with binders as an atom."""
    match term:
        case Var(name):
            return name
        case Const(name) | Sort(name):
            return (name,)
        case App(Const(name), arguments):
            return (name, *map(_pattern, arguments))
        case App(function, arguments):
            return ("@", _pattern(function), *map(_pattern, arguments))
        case _:
            return (alpha_normal(term),)


def _parts(pattern: object) -> Iterator[Pattern]:
    if isinstance(pattern, tuple):
        yield pattern
        for part in pattern[1:]:
            yield from _parts(part)


def _heads(pattern: Pattern) -> Iterator[str]:
    return (str(part[0]) for part in _parts(pattern))


def _variables(pattern: object) -> set[str]:
    if isinstance(pattern, str):
        return {pattern}
    return set[str]().union(*map(_variables, pattern[1:])) if isinstance(pattern, tuple) else set()


def _replaced(pattern: object, old: Pattern, new: Pattern) -> object:
    if pattern == old:
        return new
    if isinstance(pattern, tuple):
        return (pattern[0], *(_replaced(part, old, new) for part in pattern[1:]))
    return pattern


def _larger_than(term: Term, limit: int) -> bool:
    todo, count = [term], 0
    while todo and count <= limit:
        count += 1
        todo.extend(child for child, _ in children(todo.pop()))
    return count > limit
