"""What a lemma tells of: a function whose arguments are all that the lemma quantifies, like `Z.max` of `Z.max_spec`.

Each place where a goal applies that function says which values to take for the lemma's variables (the triggers of SMT
solvers: Detlefs, Nelson and Saxe, JACM 2005).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from domain import App, Const, Term, Var
from term_algebra import free_variables, subterms
from term_algebra.theory import OpenStatement, arguments, head_name

MOST_PLACES = 3
"""Places in a goal at which one lemma is taken."""

_CONNECTIVES = frozenset(("and", "or", "iff", "not", "sumbool", "sumor", "sum", "prod"))

_ATOM = re.compile(r"[\w.']+")


class Trigger(NamedTuple):
    """A function with so many arguments, and which of them each variable of the lemma is."""

    function: str
    arguments: int
    places: tuple[int, ...]
    types: int
    """How many of the lemma's first variables are types."""


def trigger(opened: OpenStatement) -> Trigger | None:
    """What a lemma tells of; None where no function has all that it quantifies as its arguments."""
    used = free_variables(opened.conclusion).union(*(free_variables(binder.type) for binder in opened.binders))
    names = [binder.name for binder in opened.binders if binder.name in used]
    if not names or names != [binder.name for binder in opened.binders[: len(names)]]:
        return None
    types = sum(binder.kind == "type" for binder in opened.binders)
    said = list(_said(opened.conclusion))
    inside = [part for claim in said for part in subterms(claim) if part is not claim]
    for parts in (inside, said):
        found = [one for part in parts if (one := _applied(part, names, types)) is not None]
        if found:
            return found[0]
    return None


def _said(claim: Term) -> Iterator[Term]:
    """What a claim says, without the connectives in between."""
    if head_name(claim) in _CONNECTIVES:
        for part in arguments(claim):
            yield from _said(part)
    else:
        yield claim


def _applied(term: Term, names: Sequence[str], types: int) -> Trigger | None:
    if not isinstance(term, App) or not isinstance(term.function, Const) or term.function.name == "eq":
        return None
    said = [one.name if isinstance(one, Var) else "" for one in term.arguments]
    if sorted(said) != sorted(names):
        return None
    return Trigger(term.function.name, len(said), tuple(said.index(name) for name in names), types)


def instances(told: Trigger, goal: str) -> list[tuple[str, ...]]:
    """The values of a lemma's variables at the places in a goal, printed in full, that it tells of."""
    found: dict[tuple[str, ...], None] = {}
    for place in re.finditer(rf"(?<![\w.'@])@?{re.escape(told.function)}(?![\w.'])", goal):
        values = list(applied_to(goal, place.end(), told.arguments))
        if len(values) == told.arguments:
            found[tuple(values[at] for at in told.places)] = None
    return list(found)[:MOST_PLACES]


def applied_to(text: str, at: int, most: int = 20) -> Iterator[str]:
    """The arguments of a function that ends at a place of a text, atoms or in parentheses."""
    for _ in range(most):
        while text[at : at + 1].isspace():
            at += 1
        atom = _ATOM.match(text, at)
        end = atom.end() if atom is not None else _closing(text, at) if text[at : at + 1] == "(" else at
        if end == at:
            return
        yield " ".join(text[at:end].split())
        at = end


def _closing(text: str, at: int) -> int:
    """Behind the parenthesis that closes the one at a place; the place itself if none does."""
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] == "(") - (text[end] == ")")
        if not depth:
            return end + 1
    return at
