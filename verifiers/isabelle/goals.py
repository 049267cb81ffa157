"""Goals as Isabelle prints them, cut into variables, premises and conclusion; the terms inside stay text.

A `Const` whose name is a term's printed text stands for that term, and `Const("_")` for a type that is not printed. So
a goal can be shown, asked for and stated again, but not taken apart by proposers.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from domain import Const, Forall, Goal, Hypothesis, Term

_HEAD = re.compile(r"goal(?: \((?P<count>\d+) subgoals?\))?:")
_NO_GOALS = re.compile(r"\ANo subgoals!|^goal:\s*No subgoals!", re.MULTILINE)
_NUMBERED = re.compile(r"^ {1,3}(\d+)\. ", re.MULTILINE)
_BINDER = re.compile(r"(?:\\<And>|⋀|!!)\s*(?P<names>[^.]+)\.\s*")
_PIECE = re.compile(r"\\<lbrakk>|\\<rbrakk>|\\<Longrightarrow>|[⟦⟧⟹;()\[\]{}]|==>|\[\||\|\]|''(?:[^']|'(?!'))*''")
_OPENING = {"(", "[", "{"}
_CLOSING = {")", "]", "}"}


class Printed(NamedTuple):
    """The goals that a printed proof state shows, and how many it says there are."""

    goals: tuple[Goal, ...]
    total: int


def read_goals(text: str) -> Printed | None:
    """The goals of a printed state (or of the state inside an error message); None if it shows none at all."""
    found = _HEAD.search(text)
    if found is None or found["count"] is None:
        return Printed((), 0) if _NO_GOALS.search(text) else None
    listed = text[found.end() :]
    places = list(_NUMBERED.finditer(listed))
    ends = [place.start() for place in places[1:]] + [len(listed)]
    goals = tuple(read_goal(listed[place.end() : end]) for place, end in zip(places, ends, strict=True))
    return Printed(goals, int(found["count"]))


def read_goal(text: str) -> Goal:
    """One goal.

    Raises:
        ValueError: the text is empty, or its brackets do not match.
    """
    rest = " ".join(text.split())
    hypotheses: list[Hypothesis] = []
    while binder := _BINDER.match(rest):
        names = re.findall(r"[^\s()]+(?= ::)|[^\s():]+", re.sub(r"::[^()]*", " ", binder["names"]))
        hypotheses += [Hypothesis(name, Const("_")) for name in names]
        rest = rest[binder.end() :]
    *premises, conclusion = _split(rest)
    if not conclusion:
        raise ValueError("a goal without a conclusion")
    hypotheses += [Hypothesis("_", Const(premise)) for premise in premises]
    return Goal(tuple(hypotheses), Const(conclusion))


def render(term: Term) -> str:
    """A term made of such parts as Isabelle reads it, without quotes.

    Raises:
        ValueError: it has other parts.
    """
    if isinstance(term, Const):
        return term.name
    if isinstance(term, Forall) and term.name == "_":
        return f"({render(term.type)}) \\<Longrightarrow> {render(term.body)}"
    if isinstance(term, Forall) and isinstance(term.type, Const):
        of_type = "" if term.type == Const("_") else f" :: {term.type.name}"
        return f"(\\<And>{term.name}{of_type}. {render(term.body)})"
    raise ValueError("not a statement made of Isabelle's printed terms")


def _split(text: str) -> list[str]:
    """Premises and conclusion at the outermost arrows."""
    parts: list[str] = []
    depth, start, grouped = 0, 0, False
    for found in _PIECE.finditer(text):
        piece = found.group()
        if piece in ("\\<lbrakk>", "⟦", "[|") and depth == 0 and not text[start : found.start()].strip():
            grouped, start = True, found.end()
        elif piece in ("\\<rbrakk>", "⟧", "|]") and grouped and depth == 0:
            parts.append(text[start : found.start()].strip())
            grouped, start = False, found.end()
        elif piece == ";" and grouped and depth == 0:
            parts.append(text[start : found.start()].strip())
            start = found.end()
        elif piece in ("\\<Longrightarrow>", "⟹", "==>") and depth == 0 and not grouped:
            if text[start : found.start()].strip():
                parts.append(text[start : found.start()].strip())
            start = found.end()
        elif piece in _OPENING or piece in ("\\<lbrakk>", "⟦", "[|"):
            depth += 1
        elif piece in _CLOSING or piece in ("\\<rbrakk>", "⟧", "|]"):
            depth -= 1
    if depth or grouped:
        raise ValueError("the brackets of a goal do not match")
    return [*parts, text[start:].strip()]
