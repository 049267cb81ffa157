"""From a counterexample to a proof that a statement is false: instantiate with its values, and compute.

A type variable stands for `comparison`, which has as many inhabitants as the search has atoms, and a function for a
table of the points at which the search looked at it. What is left of the statement then is closed: the prover computes
each hypothesis to be true and the conclusion to be false.

Invariant: nothing here is trusted. The script proves the negation in the prover or fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from domain import App, Const, Definition, Elaboration, Forall, Problem, Sort, Term, Var
from term_algebra import substitute
from term_algebra.standard import INTEGER, POSITIVE
from term_algebra.theory import Theory, open_statement
from term_algebra.values import ATOMS, Recorded, UnsupportedError, Value
from verifiers.audit.rocq.source import parse_statement
from verifiers.rocq.own_names import to_own_names
from verifiers.rocq.terms import render

TACTICS = (Path(__file__).parent / "refutation.v").read_text(encoding="utf-8")
"""Tactics that the script calls."""

_TYPE = Const("Coq.Init.Datatypes.comparison")
_ATOMS = tuple(Const(f"Coq.Init.Datatypes.{name}") for name in ("Eq", "Lt", "Gt"))
assert len(_ATOMS) == ATOMS


class RocqRefuter:
    """Refutes by computing at the counterexample."""

    def negation(self, problem: Problem) -> Problem:
        stated = parse_statement(problem.formal_statement)
        text = f"Theorem {stated.name}_refuted :\n  ({stated.proposition}) ->\n  Coq.Init.Logic.False."
        return replace(problem, formal_statement=text)

    def proof(self, negated: Problem, elaboration: Elaboration, ground: Mapping[str, Value]) -> str | None:
        block = script(elaboration.statement, elaboration.definitions, ground)
        if block is None:
            return None
        return f"{TACTICS}\n{negated.formal_statement}\nProof.\n{to_own_names(block, elaboration)}\nQed."

    def own_names(self, text: str, elaboration: Elaboration) -> str:
        return to_own_names(text, elaboration)


def script(statement: Term, definitions: Sequence[Definition], ground: Mapping[str, Value]) -> str | None:
    """A tactic block for `statement -> False` in canonical names; None where the values cannot be written."""
    opened = open_statement(statement)
    types = {binder.name: _TYPE for binder in opened.of_kind("type")}
    writer = _Writer(Theory(tuple(definitions)), types)
    lines = ["intro refuted."]
    try:
        for binder in opened.binders:
            if binder.kind == "hypothesis":
                lines.append("lm_given refuted.")
            else:
                value = writer.value(ground[binder.name], binder.type)
                lines.append(f"specialize (refuted {value}).")
    except UnsupportedError:
        return None
    return "\n".join([*lines, "lm_false refuted."])


class _Writer:
    """Writes values of the evaluator as the prover's terms."""

    def __init__(self, theory: Theory, types: Mapping[str, Term]) -> None:
        self._theory, self._types = theory, types

    def value(self, value: Value, type_: Term) -> str:
        """A closed term, in parentheses where it needs them."""
        if isinstance(value, Recorded):
            return self._table(value, type_)
        return _closed(render(self._term(value, type_)))

    def _term(self, value: Value, type_: Term) -> Term:
        if isinstance(type_, Sort):
            return _TYPE
        if isinstance(type_, Var) and isinstance(value, int):
            return _ATOMS[value]
        datatype = self._theory.datatype_of(type_)
        if datatype is None and type_ in (INTEGER, POSITIVE):
            return _positive(value) if type_ == POSITIVE else _integer(value)
        if datatype is None or not isinstance(value, tuple):
            raise UnsupportedError("a value that cannot be written")
        constructor = datatype.constructors[value[0]]
        fields = self._theory.constructor_fields(type_, constructor)
        parameters = type_.arguments[: datatype.parameters] if isinstance(type_, App) else ()
        arguments = [substitute(parameter, self._types) for parameter in parameters]
        arguments += [self._term(part, field) for part, field in zip(value[1:], fields, strict=True)]
        head = Const(constructor.name)
        return App(head, tuple(arguments)) if arguments else head

    def _table(self, table: Recorded, type_: Term) -> str:
        """The function that has the recorded values at the recorded points, and the last of them elsewhere."""
        domains: list[Term] = []
        rest = type_
        while isinstance(rest, Forall):
            domains.append(rest.type)
            rest = rest.body
        names = [f"point{position}" for position in range(len(domains))]
        rows = _rows(table, len(domains))
        if not rows:
            raise UnsupportedError("a function that was never called")
        cases: list[str] = []
        for position, (points, value) in enumerate(rows):
            last = position == len(rows) - 1
            patterns = ["_" if last else self._pattern(p, t) for p, t in zip(points, domains, strict=True)]
            cases.append(f"| {', '.join(patterns)} => {self.value(value, rest)}")
        binders = " ".join(
            f"({name} : {render(substitute(domain, self._types))})" for name, domain in zip(names, domains, strict=True)
        )
        return f"(fun {binders} => match {', '.join(names)} with {' '.join(cases)} end)"

    def _pattern(self, value: Value, type_: Term) -> str:
        if callable(value):
            raise UnsupportedError("a function as an argument of a function")
        if not isinstance(value, tuple):
            return self.value(value, type_)
        datatype = self._theory.datatype_of(type_)
        assert datatype is not None
        constructor = datatype.constructors[value[0]]
        fields = self._theory.constructor_fields(type_, constructor)
        parts = ["_"] * datatype.parameters
        parts += [self._pattern(part, field) for part, field in zip(value[1:], fields, strict=True)]
        return _closed(" ".join([render(Const(constructor.name)), *parts]))


def _rows(value: Value, arity: int) -> list[tuple[tuple[Value, ...], Value]]:
    """The points of a curried table of full arity, with their values."""
    if arity == 0:
        return [((), value)]
    return [((point, *more), last) for point, inner in value.points.items() for more, last in _rows(inner, arity - 1)]


def _integer(value: int) -> Term:
    if value == 0:
        return Const("Z0")
    return App(Const("Zpos" if value > 0 else "Zneg"), (_positive(abs(value)),))


def _positive(value: int) -> Term:
    term: Term = Const("xH")
    for digit in f"{value:b}"[1:]:
        term = App(Const("xI" if digit == "1" else "xO"), (term,))
    return term


def _closed(text: str) -> str:
    return f"({text})" if " " in text or text.startswith("@") else text
