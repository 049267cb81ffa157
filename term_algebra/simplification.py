"""One step of symbolic computation on canonical terms: does a call compute, and to what?

Invariant: the result is convertible to the argument in the prover; a call that is stuck on a variable stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain import App, Const, Fix, FixFunction, Lambda, Let, Match, Term
from term_algebra import apply, substitute
from term_algebra.theory import Theory, arguments, head, head_name

DEPTH = 40
"""Calls unfolded within one another at most."""


def unfold_call(term: Term, theory: Theory) -> Term | None:
    """The value of a call of a global function once its matches are decided, or None while one is stuck."""
    return _Simplifier(theory).reduced(term)[0]


def waits_for(term: Term, theory: Theory) -> Term | None:
    """What a call of a global function is stuck on: a term that no constructor heads."""
    return _Simplifier(theory).reduced(term)[1]


def simplify(term: Term, theory: Theory, depth: int = DEPTH) -> Term:
    """Normal form by computation, inside out; what is bound is left alone, and a match that is not decided."""
    return _Simplifier(theory).simplify(term, depth)


class _Simplifier:
    """What is simple already is known by identity, so that a term within many calls is looked at once."""

    def __init__(self, theory: Theory) -> None:
        self._theory = theory
        self._simple: dict[int, Term] = {}
        self._cut = 0
        """Calls that were left alone since the depth was used up; what holds one is not simple yet."""

    def simplify(self, term: Term, depth: int) -> Term:
        if not isinstance(term, App | Const | Match | Let) or id(term) in self._simple:
            return term
        cut = self._cut
        if isinstance(term, App):
            term = apply(term.function, [self.simplify(argument, depth) for argument in term.arguments])
        if depth == 0:
            self._cut += isinstance(term, Match | Let) or head_name(term) in self._theory.functions
            return term
        value = self._decide(term, {})[0] if isinstance(term, Match | Let) else self.reduced(term)[0]
        if value is not None:
            return self.simplify(value, depth - 1)
        if self._cut == cut:
            self._simple[id(term)] = term
        return term

    def reduced(self, term: Term) -> tuple[Term | None, Term | None]:
        """The value of a call, or what it is stuck on."""
        entered = _entered(term, self._theory)
        if entered is None:
            return None, None
        body, table, recurred_on = entered
        for argument in recurred_on:
            value = self.simplify(argument, 4)
            if head_name(value) not in self._theory.constructors:
                return None, value
        return self._decide(body, table)

    def _decide(self, term: Term, table: Mapping[str, Term]) -> tuple[Term | None, Term | None]:
        """A term whose matches are decided, or what one of them is stuck on; `table` says what its variables are.

        Bodies can be large, so that only what a branch leads to is ever substituted in.
        """
        while isinstance(term, Match | Let):
            if isinstance(term, Let):
                table = {**table, term.name: substitute(term.value, table)}
                term = term.body
                continue
            scrutinee = self.simplify(substitute(term.scrutinee, table), 4)
            if isinstance(scrutinee, Match | Let):
                return None, self._decide(scrutinee, {})[1]
            name = head_name(scrutinee)
            branch = next((b for b in term.branches if b.constructor == name), None)
            if name is None or name not in self._theory.constructors or branch is None:
                return None, scrutinee
            given = arguments(scrutinee)
            fields = given[len(given) - len(branch.variables) :] if branch.variables else ()
            table = {**table, **{v: a for v, a in zip(branch.variables, fields, strict=True) if v != "_"}}
            term = branch.body
        return substitute(term, table), None


def _entered(term: Term, theory: Theory) -> tuple[Term, dict[str, Term], list[Term]] | None:
    """The body of a call, what its variables are, and the arguments on which the function recurses, also one inside
    the other."""
    name = head_name(term)
    function = theory.functions.get(name) if name is not None else None
    if function is None:
        return None
    called = arguments(term)
    body, given = function.body, list(called)
    table: dict[str, Term] = {}
    recurred_on: list[Term] = []
    while given:
        if isinstance(body, Lambda):
            table[body.name] = given.pop(0)
            body = body.body
        elif isinstance(body, Fix) and len(body.functions) == 1 and len(body.functions[0].parameters) <= len(given):
            member = body.functions[0]
            itself = apply(Const(function.name), called[: len(called) - len(given)])
            index = _structural(member)
            recurred_on += [] if index is None else [given[index]]
            for name, _ in member.parameters:
                table[name] = given.pop(0)
            table[member.name] = itself
            body = member.body
        else:
            return None
    if isinstance(body, Lambda) or isinstance(head(body), Fix):
        return None
    return body, table, recurred_on


def _structural(member: FixFunction) -> int | None:
    """The place of the parameter on which a function recurses; where there is one, the prover may not say which."""
    if member.structural is None:
        return 0 if len(member.parameters) == 1 else None
    return next(i for i, (name, _) in enumerate(member.parameters) if name == member.structural)
