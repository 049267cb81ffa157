"""Statements for people and language models: readable names, and what a prover finds by itself left out.

For pages and prompts; what is proved never comes from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain import App, Const, Definition, Fix, Forall, Lambda, Let, Match, Sort, Term, Var


@dataclass(frozen=True, slots=True)
class Notation:
    """How a language writes what is not an application. `names` are connectives that it writes as plain functions."""

    forall: str
    arrow: str
    infix: Mapping[str, tuple[str, int]]
    """Symbol and number of type arguments."""
    names: Mapping[str, tuple[str, int]]


PLAIN = Notation("forall", "->", {"eq": (" = ", 1), "and": (" /\\ ", 0), "or": (" \\/ ", 0), "iff": (" <-> ", 0)}, {})


class Display:
    """Renders canonical terms with the readable names of a set of definitions."""

    def __init__(self, definitions: Iterable[Definition], notation: Notation = PLAIN) -> None:
        self._notation = notation
        self._loose = frozenset({*notation.infix, "ex"})
        self._names: dict[str, str] = {name: shown for name, (shown, _) in notation.names.items()}
        self._types: dict[str, int] = {name: types for name, (_, types) in notation.names.items()}
        for definition in definitions:
            self._names.update(zip(definition.names, definition.readable, strict=True))
            for datatype in definition.datatypes:
                self._types[datatype.name] = 0
                for constructor in datatype.constructors:
                    self._types[constructor.name] = _type_arguments(constructor.type)
            for function in definition.functions:
                self._types[function.name] = _type_arguments(function.type)

    @property
    def names(self) -> Mapping[str, str]:
        """Canonical name → readable name."""
        return self._names

    @property
    def type_arguments(self) -> Mapping[str, int]:
        """Canonical name → how many types it is applied to first."""
        return self._types

    def statement(self, term: Term) -> str:
        """One line, for example `forall x y, rev (app x y) = app (rev y) (rev x)`."""
        return self._show(term, closed=False)

    def _show(self, term: Term, *, closed: bool) -> str:
        match term:
            case Var(name) | Sort(name):
                return name
            case Const(name):
                return self._names.get(name, name)
            case App(Const(name), arguments):
                return self._application(name, arguments, closed)
            case App(function, arguments):
                return _close(self._spine(self._show(function, closed=True), arguments), closed)
            case Forall("_", domain, body):
                arrow = self._notation.arrow
                return _close(f"{self._show(domain, closed=True)} {arrow} {self._show(body, closed=False)}", closed)
            case Forall():
                names: list[str] = []
                while isinstance(term, Forall) and term.name != "_":
                    names.append(term.name)
                    term = term.body
                return _close(f"{self._notation.forall} {' '.join(names)}, {self._show(term, closed=False)}", closed)
            case Lambda(name, _, body):
                return _close(f"fun {name} => {self._show(body, closed=False)}", closed)
            case Let(name, value, _, body):
                shown = self._show(value, closed=False)
                return _close(f"let {name} := {shown} in {self._show(body, closed=False)}", closed)
            case Match(scrutinee, branches):
                cases = " | ".join(
                    f"{' '.join([self._names.get(b.constructor, b.constructor), *b.variables])} => "
                    f"{self._show(b.body, closed=False)}"
                    for b in branches
                )
                return f"match {self._show(scrutinee, closed=False)} with {cases} end"
            case Fix(_, chosen):
                return f"(fix {chosen} …)"

    def _application(self, name: str, arguments: tuple[Term, ...], closed: bool) -> str:
        if name in self._notation.infix:
            operator, types = self._notation.infix[name]
            if len(arguments) == types + 2:
                left, right = arguments[types:]
                return _close(f"{self._side(left)}{operator}{self._side(right)}", closed)
        if name == "not" and len(arguments) == 1 and name not in self._names:
            return f"~ {self._show(arguments[0], closed=True)}"
        if name == "ex" and len(arguments) == 2 and isinstance(arguments[1], Lambda) and name not in self._names:
            predicate = arguments[1]
            return _close(f"exists {predicate.name}, {self._show(predicate.body, closed=False)}", closed)
        return self._closed_spine(self._names.get(name, name), arguments[self._types.get(name, 0) :], closed)

    def _side(self, term: Term) -> str:
        """A side of an infix operator: an application of a function binds tighter and needs no brackets."""
        tight = isinstance(term, App) and not (isinstance(term.function, Const) and term.function.name in self._loose)
        return self._show(term, closed=not tight)

    def _closed_spine(self, function: str, arguments: tuple[Term, ...], closed: bool) -> str:
        return _close(self._spine(function, arguments), closed) if arguments else function

    def _spine(self, function: str, arguments: tuple[Term, ...]) -> str:
        return " ".join([function, *(self._show(argument, closed=True) for argument in arguments)])


def _close(text: str, closed: bool) -> str:
    return f"({text})" if closed else text


def _type_arguments(of_type: Term) -> int:
    count = 0
    while isinstance(of_type, Forall) and isinstance(of_type.type, Sort):
        count += 1
        of_type = of_type.body
    return count
