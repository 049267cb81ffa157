"""How Rocq writes down what is canonical: the sentences that introduce definitions and lemmas.

Invariant: a sentence means the same whatever notations, scopes or implicit arguments are in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from domain import Const, Datatype, Fix, FixFunction, Forall, Function, Prover, Term, Var
from term_algebra import alpha_normal, constants, separate, substitute, variant
from verifiers import canonical
from verifiers.audit.rocq.sentences import normal_text
from verifiers.canonical import Canon, Group, digest
from verifiers.rocq.terms import render, render_binders, render_open

HELPER_SIZE = 60
"""Up to this size (in variables, constants, binders, …) a function without recursion is inlined; part of identity."""


@dataclass(frozen=True, slots=True)
class _Writer:
    """Rocq as a `verifiers.canonical.Writer`."""

    prover: Prover = "rocq"
    helper_size: int = HELPER_SIZE

    def render(self, term: Term) -> str:
        return render(term)

    def source(self, datatypes: Sequence[Datatype], functions: Sequence[Function]) -> str:
        return source(datatypes, functions)


_WRITER = _Writer()


def canon(library: Callable[[str], str] = str) -> Canon:
    """An empty table of definitions; see `verifiers.canonical.Canon`."""
    return Canon(_WRITER, library)


def canonical_text(shape: Group) -> str:
    """The text that a definition's id hashes."""
    return canonical.canonical_text(shape, _WRITER)


def prelude_id(prelude: str) -> str:
    """The identity of a prelude: its text up to layout and comments."""
    return digest(normal_text(prelude))


# -------------------------------------------------------------------------------------------------------- sentences


def source(datatypes: Sequence[Datatype], functions: Sequence[Function]) -> str:
    """The sentence that introduces these datatypes or functions, whatever notations or scopes are in force."""
    if datatypes:
        return f"Inductive {' with '.join([_datatype(datatype) for datatype in datatypes])}."
    body = functions[0].body
    if isinstance(body, Fix) and _is_fixpoint(body, functions):
        return f"Fixpoint {_fixpoint(body, [function.name for function in functions])}."
    only = functions[0]
    return f"Definition {only.name} : {render(only.type)} := {render(only.body)}."


def _is_fixpoint(body: Fix, functions: Sequence[Function]) -> bool:
    """Whether functions are all those of one fixpoint, in its order."""
    if len(body.functions) != len(functions):
        return False
    chosen = [function.body.chosen if isinstance(function.body, Fix) else "" for function in functions]
    return chosen == [function.name for function in body.functions]


def _fixpoint(fix: Fix, names: Sequence[str]) -> str:
    table = {f.name: Const(name) for f, name in zip(fix.functions, names, strict=True)}
    opened = [
        FixFunction(f.name, f.parameters, f.structural, f.type, substitute(f.body, _without(table, f.parameters)))
        for f in fix.functions
    ]
    ready = separate(Fix(tuple(opened), fix.chosen))
    assert isinstance(ready, Fix)
    parts: list[str] = []
    for name, function in zip(names, ready.functions, strict=True):
        struct = f" {{struct {function.structural}}}" if function.structural else ""
        head = f"{name} {render_binders(function.parameters)}{struct}"
        parts.append(f"{head} : {render_open(function.type)} := {render_open(function.body)}")
    return " with ".join(parts)


def _without(table: Mapping[str, Const], parameters: Sequence[tuple[str, Term]]) -> dict[str, Term]:
    names = {name for name, _ in parameters}
    return {name: value for name, value in table.items() if name not in names}


def _datatype(datatype: Datatype) -> str:
    types = [datatype.type, *[constructor.type for constructor in datatype.constructors]]
    avoid = frozenset[str]().union(*[constants(type_) for type_ in types])
    names: list[str] = []
    for index in range(datatype.parameters):
        names.append(variant(f"x{index}", avoid | set(names)))
    binders, sort = _instantiate(datatype.type, names)
    shown = f" {render_binders(binders)}" if binders else ""
    parts = [f" | {constructor.name} : {_rest(constructor.type, names)}" for constructor in datatype.constructors]
    return f"{datatype.name}{shown} : {render(sort)} :={''.join(parts)}"


def _instantiate(type_: Term, names: Sequence[str]) -> tuple[list[tuple[str, Term]], Term]:
    binders: list[tuple[str, Term]] = []
    for name in names:
        assert isinstance(type_, Forall)
        binders.append((name, type_.type))
        type_ = substitute(type_.body, {type_.name: Var(name)})
    return binders, type_


def _rest(type_: Term, names: Sequence[str]) -> str:
    _, rest = _instantiate(type_, names)
    return render(alpha_normal(rest, first=len(names)))
