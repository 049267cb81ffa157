"""One step of symbolic computation on canonical terms: does a call compute, and to what?

Invariant: the result is convertible to the argument in the prover; a call that is stuck on a variable stays as it is.
"""

from __future__ import annotations

from domain import App, Const, Fix, Lambda, Match, Term
from term_algebra import apply, substitute
from term_algebra.theory import Theory, head_name

DEPTH = 40
"""Calls unfolded within one another at most."""


def unfold_call(term: Term, theory: Theory) -> Term | None:
    """The value of a call of a global function once its matches are decided, or None while one is stuck."""
    body = _entered(term, theory)
    return None if body is None else _decide(body, theory)[0]


def waits_for(term: Term, theory: Theory) -> Term | None:
    """What a call of a global function is stuck on: a term that no constructor heads."""
    body = _entered(term, theory)
    return None if body is None else _decide(body, theory)[1]


def _entered(term: Term, theory: Theory) -> Term | None:
    """The body of a call at its arguments."""
    if not (isinstance(term, App) and isinstance(term.function, Const)):
        return None
    function = theory.functions.get(term.function.name)
    if function is None:
        return None
    body, given = function.body, list(term.arguments)
    table: dict[str, Term] = {}
    while given:
        if isinstance(body, Lambda):
            table[body.name] = given.pop(0)
            body = body.body
        elif isinstance(body, Fix) and len(body.functions) == 1 and not table:
            member = body.functions[0]
            if len(member.parameters) > len(given):
                return None
            for name, _ in member.parameters:
                table[name] = given.pop(0)
            table[member.name] = Const(function.name)
            body = member.body
        else:
            return None
    if isinstance(body, Lambda | Fix):
        return None
    return substitute(body, table)


def _decide(term: Term, theory: Theory) -> tuple[Term | None, Term | None]:
    """A term whose matches are decided, or what one of them is stuck on."""
    while isinstance(term, Match):
        scrutinee = simplify(term.scrutinee, theory, 4)
        name = head_name(scrutinee)
        branch = next((b for b in term.branches if b.constructor == name), None)
        if name is None or name not in theory.constructors or branch is None:
            return None, scrutinee
        arguments = scrutinee.arguments if isinstance(scrutinee, App) else ()
        fields = arguments[len(arguments) - len(branch.variables) :] if branch.variables else ()
        term = substitute(branch.body, {v: a for v, a in zip(branch.variables, fields, strict=True) if v != "_"})
    return term, None


def simplify(term: Term, theory: Theory, depth: int = DEPTH) -> Term:
    """Normal form by computation, inside out; terms other than applications are left alone."""
    if not isinstance(term, App):
        return term
    term = apply(term.function, [simplify(argument, theory, depth) for argument in term.arguments])
    if depth == 0:
        return term
    unfolded = unfold_call(term, theory)
    return term if unfolded is None else simplify(unfolded, theory, depth - 1)
