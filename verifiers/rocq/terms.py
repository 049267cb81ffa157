"""`domain.Term` written so that Rocq reads it back, and everything on terms that the other rooms need of Rocq.

Invariant: `parse(render(term))` is `term` up to the names of bound variables, and the text depends on no notation
(but `->`), scope or implicit argument. The functions that know no prover live in `term_algebra`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from domain import App, Branch, Const, Fix, FixFunction, Forall, Lambda, Let, Match, Sort, Term, Var
from term_algebra import (
    alpha_normal,
    apply,
    constants,
    free_variables,
    rename_constants,
    replace_constants,
    separate,
    size,
    substitute,
)
from term_algebra.reduction import beta, unfold
from verifiers.audit.rocq.reader import (
    library_parameters,
    parse,
    parse_definition,
    parse_typed,
)
from verifiers.audit.words import ParseError

__all__ = [
    "PLAIN",
    "ParseError",
    "alpha_normal",
    "apply",
    "beta",
    "constants",
    "free_variables",
    "is_canonical",
    "library_parameters",
    "parse",
    "parse_definition",
    "parse_typed",
    "rename_constants",
    "render",
    "render_binders",
    "render_open",
    "replace_constants",
    "size",
    "substitute",
    "unfold",
]

PLAIN = frozenset(
    ("nat", "O", "S", "bool", "true", "false", "unit", "tt", "True", "False", "I", "Z", "N", "R", "positive", "xH")
).union(("xO", "xI", "Z0", "Zpos", "Zneg", "N0", "Npos"))
"""Names of the library without implicit arguments that are no tactics either; they stand without `@`."""
_CANONICAL = re.compile(r"d[0-9a-f]{12}(?:_\w+)?|l[0-9a-f]{16}")
_GLOBAL = re.compile(r"(?:[^\W\d]|_)[\w']*(?:\.(?:[^\W\d]|_)[\w']*)*")


def render(term: Term) -> str:
    """Text that Rocq reads as exactly this term: every global name with all its arguments, explicitly.

    Binders are renamed where they would capture a global name. Canonical names have no implicit arguments in the
    canonical world, so they stand without `@` where they have no arguments.
    """
    return render_open(separate(term))


def is_canonical(name: str) -> bool:
    """Whether a name derives from the content of a definition or lemma."""
    return _CANONICAL.fullmatch(name) is not None


def _constant(name: str) -> str:
    if name in PLAIN or is_canonical(name):
        return name
    return f"@{name}" if _GLOBAL.fullmatch(name) else name


def render_binders(binders: Sequence[tuple[str, Term]]) -> str:
    """`(x : T) (y : U)`; the caller keeps the names apart."""
    return " ".join([f"({name} : {render_open(type_)})" for name, type_ in binders])


def render_open(term: Term) -> str:
    """As `render`, for a term whose binders the caller keeps apart from its global names."""
    match term:
        case Forall("_", type_, body):
            return f"{_tight(type_)} -> {render_open(body)}"
        case Forall() | Lambda():
            binders: list[tuple[str, Term]] = []
            kind, body = type(term), term
            while isinstance(body, kind) and (kind is Lambda or body.name != "_"):
                binders.append((body.name, body.type))
                body = body.body
            word, arrow = ("forall", ",") if kind is Forall else ("fun", " =>")
            return f"{word} {render_binders(binders)}{arrow} {render_open(body)}"
        case Let(name, value, type_, body):
            typed = f" : {render_open(type_)}" if type_ else ""
            return f"let {name}{typed} := {render_open(value)} in {render_open(body)}"
        case Fix(functions, chosen):
            text = " with ".join([_fix_function(function) for function in functions])
            # In parentheses: a `with` behind it would be read as its own.
            return f"(fix {text}{f' for {chosen}' if len(functions) > 1 else ''})"
        case _:
            return _tight(term)


def _fix_function(function: FixFunction) -> str:
    struct = f" {{struct {function.structural}}}" if function.structural else ""
    head = f"{function.name} {render_binders(function.parameters)}{struct}"
    return f"{head} : {render_open(function.type)} := {render_open(function.body)}"


def _tight(term: Term) -> str:
    """The term as the left side of an arrow or the operand of nothing: applications stand without parentheses."""
    match term:
        case App(function, arguments):
            head = function.name if isinstance(function, Const) else None
            shown = f"@{head}" if head and _GLOBAL.fullmatch(head) else _atom(function)
            return " ".join([shown, *[_atom(argument) for argument in arguments]])
        case Const(name):
            return _constant(name)
        case _:
            return _atom(term)


def _atom(term: Term) -> str:
    match term:
        case Var(name) | Sort(name):
            return name
        case Const(name):
            shown = _constant(name)
            return f"({shown})" if shown.startswith("@") else shown
        case Match(scrutinee, branches, returns, as_name, in_pattern):
            clauses = f" as {as_name}" if as_name else ""
            clauses += f" in {_tight(in_pattern)}" if in_pattern else ""
            clauses += f" return {_tight(returns)}" if returns else ""
            cases = "".join([f" | {_pattern(branch)} => {render_open(branch.body)}" for branch in branches])
            return f"match {_tight(scrutinee)}{clauses} with{cases} end"
        case App():
            return f"({_tight(term)})"
        case Fix():
            return render_open(term)
        case _:
            return f"({render_open(term)})"


def _pattern(branch: Branch) -> str:
    return " ".join([f"@{branch.constructor}", *branch.variables]) if branch.variables else branch.constructor
