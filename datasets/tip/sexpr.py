"""Reads S-expressions of SMT-LIB 2.6: atoms, `|quoted symbols|`, lists, and `;` comments.

Every expression keeps the line on which it starts, so that an error can say where it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from domain import UserError

_LEXEME = re.compile(r"""\s+ | ;[^\n]* | [()] | \|[^|]*\| | "(?:[^"]|"")*" | [^\s()|";]+""", re.VERBOSE)

RESERVED = frozenset({"_", "@", "lambda", "forall", "exists", "let", "match", "par", ""})
"""Words that mean something else between bars."""


@dataclass(frozen=True, slots=True)
class Atom:
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Form:
    items: tuple[SExpr, ...]
    line: int


SExpr: TypeAlias = Atom | Form


def begins(expression: SExpr, keyword: str) -> bool:
    """Whether it is a form of that keyword."""
    match expression:
        case Form((Atom(first), *_)):
            return first == keyword
        case _:
            return False


def unreadable(file: str, expression: SExpr, what: str) -> UserError:
    """The user's error for a form that cannot be read: the file, the line, what was expected, and the form."""
    return UserError(f"{file}:{expression.line}: {what}: `{shorten(render(expression))}`")


def shorten(text: str, width: int = 100) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def render(expression: SExpr) -> str:
    if isinstance(expression, Atom):
        return expression.text
    return "(" + " ".join(render(item) for item in expression.items) + ")"


def read(text: str, file: str) -> list[SExpr]:
    """All top-level expressions of `text`. Quoted symbols lose their bars."""
    top: list[SExpr] = []
    stack: list[tuple[int, list[SExpr]]] = []
    line = 1
    position = 0
    while position < len(text):
        match = _LEXEME.match(text, position)
        if match is None:
            raise UserError(f"{file}:{line}: a quoted symbol or string that does not end")
        lexeme = match.group()
        position = match.end()
        target = stack[-1][1] if stack else top
        if lexeme == "(":
            stack.append((line, []))
        elif lexeme == ")":
            if not stack:
                raise UserError(f"{file}:{line}: a closing parenthesis without its opening one")
            start, items = stack.pop()
            (stack[-1][1] if stack else top).append(Form(tuple(items), start))
        elif lexeme.startswith("|"):
            if lexeme[1:-1] in RESERVED or lexeme[1:-1].isdecimal():
                raise UserError(f"{file}:{line}: cannot read {lexeme}, which is no symbol without its bars")
            target.append(Atom(lexeme[1:-1], line))
        elif not lexeme[0].isspace() and lexeme[0] != ";":
            target.append(Atom(lexeme, line))
        line += lexeme.count("\n")
    if stack:
        raise UserError(f"{file}:{stack[-1][0]}: an opening parenthesis without its closing one")
    return top


def leading_comment(text: str) -> str:
    """The comment lines at the head of a file, without their semicolons."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith(";"):
            break
        lines.append(line.lstrip("; ").rstrip())
    return "\n".join(lines).strip()
