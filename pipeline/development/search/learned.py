"""Lemmas that a run learned, in the words of a development whose datatypes and functions are the same ones.

Two definitions are the same if they are equal up to names and small functions without recursion
(`verifiers.canonical`), and up to where a function takes its types: `fix app (A : Type) …` and `fun A => fix app …`.

Invariant: what is told here is a guess like any other conjecture: it counts when it was proved in the user's own file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from domain import App, Definition, Fix, FixFunction, Function, Lambda, Sort, Term, Var
from library_store.snapshot import read
from pipeline.development.search.theory import Closed, inside
from term_algebra import alpha_normal, constants, rename_constants, size, substitute
from term_algebra.reduction import beta
from verifiers.canonical import Group, in_order
from verifiers.rocq.canonical import canon


class Learned:
    """The lemmas of a run as of a round (the last one when None) that are told to developments."""

    def __init__(self, run: Path, at_round: int | None = None) -> None:
        """Raises UserError when there is no such run or round."""
        tables = read(run, at_round, names=("lemmas", "proofs", "definitions"))
        keys = _keys(list(tables.definitions.values()))
        self._terms = [
            rename_constants(lemma.term, keys)
            for lemma in tables.lemmas.values()
            if lemma.retired_by is None and lemma.prover == "rocq"
        ]
        self._keys = frozenset(keys.values())
        stated = "\n".join(sorted(lemma.statement_exact for lemma in tables.lemmas.values()))
        self.digest = hashlib.sha256(stated.encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._terms)

    def about(self, closed: Closed, most: int) -> list[Term]:
        """The lemmas over definitions of a statement that share most with it, and of these the smallest, in its words.

        They come as the run learned them, one on which another rests first. The statement itself is not among them.
        """
        names = {key: name for name, key in _keys(closed.definitions).items()}
        own = constants(closed.term)
        same = alpha_normal(closed.term)
        found: list[tuple[int, int, int, Term]] = []
        for place, term in enumerate(self._terms):
            if (constants(term) & self._keys) <= names.keys():
                told = alpha_normal(rename_constants(term, names))
                said = inside(closed, told)
                if told != same and said is not None:
                    found.append((len(constants(told) - own), size(told), place, said))
        best = sorted(found, key=lambda one: one[:3])[:most]
        return [said for *_, said in sorted(best, key=lambda one: one[2])]


def _keys(definitions: Sequence[Definition]) -> Mapping[str, str]:
    """What each name of these definitions is called whatever they are called: the same for the same definitions."""
    owner = {name: one.id for one in definitions for name in Group(one.datatypes, one.functions).names}
    using = [
        replace(one, uses=tuple({owner[name] for name in _mentioned(one) & owner.keys()} - {one.id}))
        for one in definitions
    ]
    table = canon()
    for one in in_order(using):
        table.add(Group(one.datatypes, tuple(_types_inside(function) for function in one.functions)))
    return {name: key for name, key in table.names.items() if name in owner}


def _mentioned(one: Definition) -> frozenset[str]:
    terms = [*(c.type for datatype in one.datatypes for c in datatype.constructors), *(f.body for f in one.functions)]
    return frozenset[str]().union(*(constants(term) for term in terms))


def _types_inside(function: Function) -> Function:
    """`fun A => fix f x => …` as `fix f A x => …`, where A is a type."""
    outer: list[tuple[str, Term]] = []
    body = function.body
    while isinstance(body, Lambda) and isinstance(body.type, Sort):
        outer.append((body.name, body.type))
        body = body.body
    if not outer or not isinstance(body, Fix):
        return function
    fix, *others = body.functions
    if others:
        return function
    with_types: Term = App(Var(fix.name), tuple(Var(name) for name, _ in outer))
    inner = beta(substitute(fix.body, {fix.name: with_types}))
    structural = fix.structural or (fix.parameters[0][0] if len(fix.parameters) == 1 else None)
    lifted = FixFunction(fix.name, (*outer, *fix.parameters), structural, fix.type, inner)
    return replace(function, body=Fix((lifted,), fix.name))
