"""What the prover prints of definitions and statements, read for elaboration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from domain import Definition
from term_algebra import alpha_normal
from verifiers.audit.words import ParseError
from verifiers.canonical import Group
from verifiers.rocq.headers import Introduction
from verifiers.rocq.reader import parse_inductive
from verifiers.rocq.terms import library_parameters, parse_definition, parse_typed, render


def to_print(introduction: Introduction) -> tuple[str, ...]:
    """The names to print: one tells a whole group of datatypes."""
    return introduction.names[:1] if introduction.is_datatype else introduction.names


def introduced(definition: Definition) -> Introduction:
    names = [d.name for d in definition.datatypes] or [f.name for f in definition.functions]
    return Introduction(bool(definition.datatypes), tuple(names))


def groups_of(introductions: Sequence[Introduction], outputs: Sequence[str]) -> list[Group]:
    """What the prover printed, by sentence of the header."""
    groups: list[Group] = []
    rest = iter(outputs)
    for introduction in introductions:
        if introduction.is_datatype:
            groups.append(Group(datatypes=parse_inductive(next(rest), parameters_of(groups))))
        else:
            parameters = parameters_of(groups)
            functions = [parse_definition(next(rest), parameters) for _ in introduction.names]
            groups.append(Group(functions=tuple(functions)))
    return groups


def parameters_of(groups: Iterable[Group]) -> Callable[[str], int]:
    known = {c.name: d.parameters for group in groups for d in group.datatypes for c in d.constructors}
    return lambda constructor: known.get(constructor, library_parameters(constructor))


def type_part(output: str) -> str:
    """The type line of what `Check @name` shows."""
    at = output.find("\n     : ")
    return output[at:] if at >= 0 else "\n     : " + output.partition(":")[2]


def says(output: str, statement_exact: str) -> bool:
    try:
        return render(alpha_normal(parse_typed(output).term)) == statement_exact
    except ParseError:
        return False
