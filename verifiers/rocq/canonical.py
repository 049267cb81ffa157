"""Definitions by content: canonical texts, ids and names, and the sentences that introduce them.

Invariant: an id is a function of the canonical text alone, and the canonical text of the structure after resolving
what it mentions: not of names, layout, notations, unused neighbours or the order of a header. Small helpers without
recursion are inlined, so two files that share a function share it however they cut it up.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain import Const, Constructor, Datatype, Definition, Fix, FixFunction, Forall, Function, Lemma, Term, Var
from term_algebra import (
    alpha_normal,
    constants,
    has_fix,
    rename_constants,
    replace_constants,
    separate,
    size,
    substitute,
    unfold,
    variant,
)
from verifiers.rocq.sentences import normal_text
from verifiers.rocq.terms import render, render_binders, render_open

HELPER_SIZE = 60
"""Up to this size (in variables, constants, binders, …) a function without recursion is inlined; part of identity."""

_DERIVED = ("_rect", "_ind", "_rec", "_sind")
"""The names that the prover derives from a datatype's."""


@dataclass(frozen=True, slots=True)
class Group:
    """What one sentence of a header introduced: datatypes, or functions, in that file's names."""

    datatypes: tuple[Datatype, ...] = ()
    functions: tuple[Function, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names introduced: types or functions first, then constructors."""
        constructors = [constructor.name for datatype in self.datatypes for constructor in datatype.constructors]
        return (*[datatype.name for datatype in self.datatypes], *[f.name for f in self.functions], *constructors)

    def map(self, change: Callable[[Term], Term], names: Mapping[str, str]) -> Group:
        """The group with its terms changed and what it introduces renamed."""
        datatypes = [
            Datatype(
                names[datatype.name],
                change(datatype.type),
                datatype.parameters,
                tuple([Constructor(names[c.name], change(c.type)) for c in datatype.constructors]),
            )
            for datatype in self.datatypes
        ]
        functions = [Function(names[f.name], change(f.type), change(f.body)) for f in self.functions]
        return Group(tuple(datatypes), tuple(functions))


def digest(text: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def prelude_id(prelude: str) -> str:
    """The identity of a prelude: its text up to layout and comments."""
    return digest(normal_text(prelude))


def canonical_names(definition_id: str, count: int) -> tuple[str, ...]:
    """The names of what a definition introduces: `d…` for the first, `d…_k` for the k-th after it."""
    stem = f"d{definition_id[:12]}"
    return (stem, *[f"{stem}_{index}" for index in range(1, count)])


def with_derived(names: Mapping[str, str], datatypes: Iterable[str]) -> dict[str, str]:
    """The table of names with those of the induction principles of `datatypes` (keys of the table) added."""
    derived = {name + suffix: names[name] + suffix for name in datatypes for suffix in _DERIVED}
    return {**derived, **names}


class Canon:
    """The definitions of one header, added in its order.

    `names` maps the header's names to canonical ones. `library` says what a qualified name of the library, printed so
    because the header shadows it, is called where nothing shadows it.
    """

    def __init__(self, library: Callable[[str], str] = str) -> None:
        self.names: dict[str, str] = {}
        self.definitions: list[Definition] = []
        self._library = library
        self._ids: dict[str, str] = {}
        self._helpers: dict[str, Term] = {}

    def resolve(self, name: str) -> Const:
        """The canonical name for a printed one."""
        return Const(self.names.get(name) or self._library(name))

    def term(self, term: Term) -> Term:
        """A term of the header, alpha-normal, in canonical names."""
        return alpha_normal(replace_constants(term, self.resolve))

    def shape(self, group: Group) -> Group:
        """The group in canonical names, with `#0`, `#1`, … for the names that it introduces, helpers inlined."""
        holes = {name: f"#{index}" for index, name in enumerate(group.names)}

        def change(term: Term) -> Term:
            named = replace_constants(term, lambda name: Const(holes[name]) if name in holes else self.resolve(name))
            return alpha_normal(unfold(named, self._helpers))

        return group.map(change, holes)

    def add(self, group: Group) -> Definition:
        """The definition for a group, whose names are canonical from here on."""
        shape = self.shape(group)
        holes = shape.names
        text = canonical_text(shape)
        twins = sum(content(definition) == text for definition in self.definitions)
        if twins:  # equal content under two names in one file: two things all the same
            text += f"\ncopy {twins}"
        definition_id = digest(text)
        names = canonical_names(definition_id, len(group.names))
        filled = dict(zip(holes, names, strict=True))
        final = shape.map(lambda term: rename_constants(term, filled), filled)
        mentioned = frozenset[str]().union(*[constants(term) for term in _terms(final)])
        definition = Definition(
            id=definition_id,
            prover="rocq",
            kind="datatype" if final.datatypes else "function",
            names=names,
            readable=group.names,
            source=source(final.datatypes, final.functions),
            canonical_text=text,
            uses=tuple(sorted({self._ids[name] for name in mentioned if name in self._ids})),
            datatypes=final.datatypes,
            functions=final.functions,
        )
        self.definitions.append(definition)
        own = with_derived(dict(zip(group.names, names, strict=True)), [d.name for d in group.datatypes])
        self.names.update(own)
        self._ids.update(dict.fromkeys(own.values(), definition_id))
        if len(final.functions) == 1 and _is_helper(final.functions[0].body):
            self._helpers[names[0]] = final.functions[0].body
        return definition


def _is_helper(body: Term) -> bool:
    """Whether a constant with this body is inlined: not if it recurs, or if copies of it would swamp its callers."""
    return size(body) <= HELPER_SIZE and not has_fix(body)


def _terms(group: Group) -> list[Term]:
    found = [datatype.type for datatype in group.datatypes]
    found += [constructor.type for datatype in group.datatypes for constructor in datatype.constructors]
    return [*found, *[term for function in group.functions for term in (function.type, function.body)]]


def content(definition: Definition) -> str:
    """The canonical text without the mark that tells equal definitions of one header apart."""
    return definition.canonical_text.partition("\ncopy ")[0]


def canonical_text(shape: Group) -> str:
    """The text that a definition's id hashes."""
    lines: list[str] = []
    for datatype in shape.datatypes:
        lines.append(f"datatype {datatype.name} : {render(datatype.type)} with {datatype.parameters} parameters")
        lines += [f"constructor {c.name} : {render(c.type)}" for c in datatype.constructors]
    lines += [f"function {f.name} : {render(f.type)} := {render(f.body)}" for f in shape.functions]
    return "\n".join(lines)


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


def in_order(definitions: Iterable[Definition]) -> list[Definition]:
    """Each definition once, after those that it uses; otherwise by id."""
    by_id = {definition.id: definition for definition in definitions}
    done: dict[str, Definition] = {}

    def visit(definition_id: str) -> None:
        if definition_id in done or definition_id not in by_id:
            return
        for used in by_id[definition_id].uses:
            visit(used)
        done[definition_id] = by_id[definition_id]

    for definition_id in sorted(by_id):
        visit(definition_id)
    return list(done.values())


def reached(definitions: Iterable[Definition], term: Term) -> tuple[str, ...]:
    """Ids of the definitions that a term in canonical names reaches, directly or through others, sorted."""
    by_id = {definition.id: definition for definition in definitions}
    owner = {name: definition.id for definition in by_id.values() for name in definition.names}
    owner |= {
        datatype.name + suffix: definition.id
        for definition in by_id.values()
        for datatype in definition.datatypes
        for suffix in _DERIVED
    }
    found: set[str] = set()
    waiting = [owner[name] for name in constants(term) if name in owner]
    while waiting:
        definition_id = waiting.pop()
        if definition_id not in found:
            found.add(definition_id)
            waiting += by_id[definition_id].uses
    return tuple(sorted(found))


def lemma_id(prelude: str, definition_ids: Iterable[str], statement_exact: str, prover: str = "rocq") -> str:
    """The identity of a lemma. `prelude` is a prelude's id; `definition_ids` are those that the statement reaches."""
    return digest("\n".join([prover, prelude, " ".join(sorted(definition_ids)), statement_exact]))


def canonical_header(prelude: str, definitions: Iterable[Definition]) -> str:
    """The prelude, then the sources of the definitions in an order that the prover accepts."""
    return "\n".join([*([prelude] if prelude else []), *[d.source for d in in_order(definitions)]])


def is_canonical_lemma(name: str) -> bool:
    """Whether a name is one that `Lemma.canonical_name` gives."""
    return re.fullmatch(r"l[0-9a-f]{16}", name) is not None


def lemma_sentence(lemma: Lemma) -> str:
    """The lemma with its proof in canonical names."""
    return f"Lemma {lemma.canonical_name} : {lemma.statement_exact}.\nProof.\n{lemma.proof.strip()}\nQed."
