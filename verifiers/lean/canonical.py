"""How Lean writes down what is canonical: the commands that introduce definitions and lemmas.

Invariant: a command means the same whatever namespaces are open, and needs no imports beside what it mentions.
"""

from __future__ import annotations

import textwrap
from collections.abc import Container, Sequence
from dataclasses import dataclass

from domain import Const, Datatype, Definition, Fix, Forall, Function, Lambda, Lemma, Prover, Term, Var
from term_algebra import alpha_normal, constants, separate, substitute, variant
from verifiers.audit.words import ParseError
from verifiers.canonical import Canon, Group, canonical_text, digest
from verifiers.lean.core import FUNCTIONS
from verifiers.lean.terms import render, render_binders, render_open


@dataclass(frozen=True, slots=True)
class LeanWriter:
    """Lean as a `verifiers.canonical.Writer`. Nothing is inlined: tactics unfold what a file's functions call."""

    prover: Prover = "lean4"
    helper_size: int = 0

    def render(self, term: Term) -> str:
        return render_open(separate(term)) if not isinstance(term, Fix) else _fix_text(term)

    def source(self, datatypes: Sequence[Datatype], functions: Sequence[Function]) -> str:
        if len(datatypes) == 1 and not functions:
            return _datatype(datatypes[0])
        if len(functions) == 1 and not datatypes:
            return _function(functions[0])
        raise ParseError("groups of mutually recursive definitions are kept whole")


WRITER = LeanWriter()


def canon(mentioned: Container[str] = ()) -> Canon:
    """A table of definitions with those of Lean's core that are `mentioned`; see `verifiers.canonical.Canon`."""
    table = Canon(WRITER)
    for definition in looked_at("", core_groups(mentioned)):
        table.know(definition)
    return table


def core_groups(mentioned: Container[str]) -> list[Group]:
    """The functions of Lean's core that are mentioned, and those that they call."""
    known = {one.name: Group(functions=(one,)) for one in FUNCTIONS}
    called = {name for group in known.values() if group.names[0] in mentioned for name in group.mentioned}
    return [group for name, group in known.items() if name in mentioned or name in called]


def prelude_id(prelude: str) -> str:
    """The identity of a prelude: its text up to layout."""
    return digest("lean4 " + " ".join(prelude.split()))


def looked_at(prelude: str, groups: Sequence[Group]) -> list[Definition]:
    """What a prelude introduces, as definitions under their own names: without a source, since the prelude has it."""
    found: list[Definition] = []
    owner: dict[str, str] = {}
    for group in groups:
        same = {name: name for name in group.names}
        shape = group.map(alpha_normal, same)
        text = canonical_text(shape, WRITER)
        identity = digest(f"{prelude_id(prelude)}\n{text}")
        uses = tuple(sorted({owner[name] for name in shape.mentioned if name in owner} - {identity}))
        kind = "datatype" if group.datatypes else "function"
        found.append(
            Definition(
                identity, "lean4", kind, group.names, group.names, "", text, uses, shape.datatypes, shape.functions
            )
        )
        owner |= dict.fromkeys(group.names, identity)
    return found


def lemma_sentence(lemma: Lemma) -> str:
    """The lemma with its proof in canonical names."""
    proof = textwrap.indent(textwrap.dedent(lemma.proof.strip("\n")), "  ")
    return f"theorem {lemma.canonical_name} : {lemma.statement_exact} := by\n{proof}"


def _fix_text(fix: Fix) -> str:
    """A fixpoint's text for identity; Lean has no such term."""
    return " with ".join(
        [
            f"fix {f.name} {render_binders(f.parameters)} {{{f.structural}}} : {render_open(f.type)}"
            f" := {render_open(f.body)}"
            for f in fix.functions
        ]
    )


def _function(function: Function) -> str:
    name, body = function.name, function.body
    ending = ""
    if isinstance(body, Fix):
        member = body.functions[0]
        opened = substitute(member.body, {member.name: Const(name)})
        if member.structural is not None:
            ending = f"\ntermination_by structural {member.structural}"
        parameters, type_ = list(member.parameters), member.type
    else:
        parameters, type_, opened = [], function.type, body
        while isinstance(opened, Lambda) and isinstance(type_, Forall):
            parameter = variant(f"x{len(parameters)}", constants(function.body) | constants(function.type))
            parameters.append((parameter, type_.type))
            opened = substitute(opened.body, {opened.name: Var(parameter)}) if opened.name != "_" else opened.body
            type_ = substitute(type_.body, {type_.name: Var(parameter)}) if type_.name != "_" else type_.body
    binders = f" {render_binders(parameters)}" if parameters else ""
    return f"def {name}{binders} : {render(type_)} :=\n  {render(opened)}{ending}"


def _datatype(datatype: Datatype) -> str:
    types = [datatype.type, *[constructor.type for constructor in datatype.constructors]]
    avoid = frozenset[str]().union(*[constants(type_) for type_ in types])
    names: list[str] = []
    for index in range(datatype.parameters):
        names.append(variant(f"x{index}", avoid | set(names)))
    binders, sort = _instantiate(datatype.type, names)
    shown = f" {render_binders(binders)}" if binders else ""
    lines = [f"inductive {datatype.name}{shown} : {render(sort)} where"]
    for constructor in datatype.constructors:
        _, rest = _instantiate(constructor.type, names)
        lines.append(f"  | {constructor.name} : {render(alpha_normal(rest, first=len(names)))}")
    return "\n".join(lines)


def _instantiate(type_: Term, names: Sequence[str]) -> tuple[list[tuple[str, Term]], Term]:
    binders: list[tuple[str, Term]] = []
    for name in names:
        assert isinstance(type_, Forall)
        binders.append((name, type_.type))
        type_ = substitute(type_.body, {type_.name: Var(name)}) if type_.name != "_" else type_.body
    return binders, type_
