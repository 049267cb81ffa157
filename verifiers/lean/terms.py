"""`domain.Term` written so that Lean reads it back.

Invariant: `parse` of what Lean prints for `render(term)` under `pp.all` is `term` up to the names of bound variables,
once matches are read (`matches`); the text depends on no notation but `→`, on no open namespace, implicit argument or
coercion. Constructors are called `d…_k` in terms and `d….d…_k` in text, since Lean puts a constructor's name behind
its type's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from domain import App, Branch, Const, Fix, Forall, Lambda, Let, Match, Sort, Term, Var
from term_algebra import separate
from verifiers.audit.words import ParseError
from verifiers.lean.operators import written
from verifiers.lean.reader import NAME, lean_name, parse

__all__ = ["PLAIN", "ParseError", "lean_name", "parse", "render", "render_binders", "render_name", "render_open"]

PLAIN = frozenset(("True", "False", "bool", "nat"))
"""Names without arguments that stand without `@`."""
_CONSTRUCTOR = re.compile(r"(?P<type>d[0-9a-f]{12})_\d+")
_GLOBAL = re.compile(NAME)


def render(term: Term) -> str:
    """Text that Lean reads as exactly this term: every global name with all its arguments, explicitly.

    Binders are renamed where they would capture a global name.
    """
    return render_open(separate(term))


def render_name(name: str) -> str:
    """A global name as Lean has it, for lists of names and patterns."""
    found = _CONSTRUCTOR.fullmatch(name)
    return f"{found['type']}.{name}" if found else lean_name(name)


def render_binders(binders: Sequence[tuple[str, Term]]) -> str:
    """`(x : T) (y : U)`; the caller keeps the names apart."""
    return " ".join([f"({name} : {render_open(type_)})" for name, type_ in binders])


def render_open(term: Term) -> str:
    """As `render`, for a term whose binders the caller keeps apart from its global names."""
    match term:
        case Forall("_", type_, body):
            return f"{_tight(type_)} → {render_open(body)}"
        case Forall() | Lambda():
            binders: list[tuple[str, Term]] = []
            kind, body = type(term), term
            while isinstance(body, kind) and (kind is Lambda or body.name != "_"):
                binders.append((body.name, body.type))
                body = body.body
            word, arrow = ("∀", ",") if kind is Forall else ("fun", " =>")
            return f"{word} {render_binders(binders)}{arrow} {render_open(body)}"
        case Let(name, value, type_, body):
            typed = f" : {render_open(type_)}" if type_ else ""
            return f"let {name}{typed} := {render_open(value)}; {render_open(body)}"
        case Match(scrutinee, branches):
            cases = "".join([f" | {_pattern(branch)} => {_atom(branch.body)}" for branch in branches])
            return f"match {_tight(scrutinee)} with{cases}" if branches else f"nomatch {_tight(scrutinee)}"
        case Fix():
            raise ParseError("Lean has no term for a recursive function: it is a definition of its own")
        case _:
            return _tight(term)


def _tight(term: Term) -> str:
    term = written(term)
    match term:
        case App(function, arguments):
            head = _global(function.name) if isinstance(function, Const) else _atom(function)
            return " ".join([head, *[_atom(argument) for argument in arguments]])
        case Const(name):
            return name if name.isdecimal() else lean_name(name) if name in PLAIN else _global(name)
        case Sort(name):
            return name
        case _:
            return _atom(term)


def _global(name: str) -> str:
    shown = render_name(name)
    return f"@{shown}" if _GLOBAL.fullmatch(shown) else shown


def _atom(term: Term) -> str:
    match term:
        case Var(name):
            return name
        case Const(name) if name.isdecimal():
            return f"(nat_lit {name})"
        case Const() if written(term) == term and (shown := _tight(term)) and not shown.startswith("@"):
            return shown
        case Sort(name) if " " not in name:
            return name
        case _:
            return f"({render_open(term)})"


def _pattern(branch: Branch) -> str:
    return " ".join([f"@{render_name(branch.constructor)}", *branch.variables])
