"""Reduction of terms: applied abstractions, and global names replaced by their bodies."""

from __future__ import annotations

from collections.abc import Mapping

from domain import App, Branch, Const, Fix, FixFunction, Forall, Lambda, Let, Match, Sort, Term, Var
from term_algebra import apply, constants, replace_constants, substitute


def beta(term: Term) -> Term:
    """The term without applied abstractions (`(fun x => b) a`)."""
    match term:
        case Var() | Const() | Sort():
            return term
        case App(function, arguments):
            head, rest = beta(function), [beta(argument) for argument in arguments]
            reduced = False
            while isinstance(head, Lambda) and rest:
                head, reduced = substitute(head.body, {head.name: rest.pop(0)}), True
            result = apply(head, rest)
            return beta(result) if reduced else result
        case Forall(name, type_, body) | Lambda(name, type_, body):
            return type(term)(name, beta(type_), beta(body))
        case Let(name, value, type_, body):
            return Let(name, beta(value), beta(type_) if type_ else None, beta(body))
        case Match(scrutinee, branches, returns, as_name, in_pattern):
            new_branches = tuple([Branch(b.constructor, b.variables, beta(b.body)) for b in branches])
            return Match(beta(scrutinee), new_branches, beta(returns) if returns else None, as_name, in_pattern)
        case Fix(functions, chosen):
            new_functions = [
                FixFunction(
                    f.name, tuple([(n, beta(t)) for n, t in f.parameters]), f.structural, beta(f.type), beta(f.body)
                )
                for f in functions
            ]
            return Fix(tuple(new_functions), chosen)


def unfold(term: Term, bodies: Mapping[str, Term]) -> Term:
    """The term with the global names in `bodies` replaced by their (closed) bodies, then beta reduced."""
    if not bodies.keys() & constants(term):
        return term
    return beta(replace_constants(term, lambda name: bodies.get(name, Const(name))))
