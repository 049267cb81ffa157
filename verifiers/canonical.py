"""Definitions by content, for every prover: canonical texts, ids and names.

A `Writer` says how a prover writes terms and definitions down. Invariant: an id is a function of the canonical text
alone, and the canonical text of the structure after resolving what it mentions: not of names, layout, notations, unused
neighbours or the order of a header. Where the writer allows it, small helpers without recursion are inlined, so two
files that share a function share it however they cut it up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain import Const, Constructor, Datatype, Definition, Elaboration, Function, Problem, Prover, Term
from term_algebra import alpha_normal, constants, has_fix, rename_constants, replace_constants, size
from term_algebra.reduction import unfold
from verifiers.backend import backend_of


class Writer(Protocol):
    """How a prover writes down what is canonical."""

    @property
    def prover(self) -> Prover:
        """Which prover."""
        ...

    @property
    def helper_size(self) -> int:
        """Up to this size (in variables, constants, binders, …) a function without recursion is inlined; 0: never."""
        ...

    def render(self, term: Term) -> str:
        """A term."""
        ...

    def source(self, datatypes: Sequence[Datatype], functions: Sequence[Function]) -> str:
        """The sentence that introduces these datatypes or functions, whatever notations or scopes are in force."""
        ...


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

    @property
    def mentioned(self) -> frozenset[str]:
        """The names in its terms."""
        return frozenset[str]().union(*[constants(term) for term in _terms(self)])

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


def canonical_names(definition_id: str, count: int) -> tuple[str, ...]:
    """The names of what a definition introduces: `d…` for the first, `d…_k` for the k-th after it."""
    stem = f"d{definition_id[:12]}"
    return (stem, *[f"{stem}_{index}" for index in range(1, count)])


def with_derived(names: Mapping[str, str], datatypes: Iterable[str], prover: Prover) -> dict[str, str]:
    """The table of names with what the prover derives from `datatypes` (keys of the table) added."""
    derived = {
        name + suffix: names[name] + suffix for name in datatypes for suffix in backend_of(prover).syntax.derived
    }
    return {**derived, **names}


class Canon:
    """The definitions of one header, added in its order.

    `names` maps the header's names to canonical ones. `library` says what a qualified name of the library, printed so
    because the header shadows it, is called where nothing shadows it.
    """

    def __init__(self, writer: Writer, library: Callable[[str], str] = str) -> None:
        self.writer = writer
        self.names: dict[str, str] = {}
        self.definitions: list[Definition] = []
        self._library = library
        self._ids: dict[str, str] = {}
        self._helpers: dict[str, Term] = {}

    def resolve(self, name: str) -> Const:
        """The canonical name for a printed one."""
        return Const(self.names.get(name) or self._library(name))

    def know(self, definition: Definition) -> None:
        """Takes up a definition that every header has, under its own names."""
        self.definitions.append(definition)
        self._ids.update(dict.fromkeys(definition.names, definition.id))

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
        text = canonical_text(shape, self.writer)
        twins = sum(content(definition) == text for definition in self.definitions)
        if twins:  # equal content under two names in one file: two things all the same
            text += f"\ncopy {twins}"
        definition_id = digest(text)
        names = canonical_names(definition_id, len(group.names))
        filled = dict(zip(holes, names, strict=True))
        final = shape.map(lambda term: rename_constants(term, filled), filled)
        definition = Definition(
            id=definition_id,
            prover=self.writer.prover,
            kind="datatype" if final.datatypes else "function",
            names=names,
            readable=group.names,
            source=self.writer.source(final.datatypes, final.functions),
            canonical_text=text,
            uses=tuple(sorted({self._ids[name] for name in final.mentioned if name in self._ids})),
            datatypes=final.datatypes,
            functions=final.functions,
        )
        self.definitions.append(definition)
        datatypes = [datatype.name for datatype in group.datatypes]
        own = with_derived(dict(zip(group.names, names, strict=True)), datatypes, self.writer.prover)
        self.names.update(own)
        self._ids.update(dict.fromkeys(own.values(), definition_id))
        if len(final.functions) == 1 and self._is_helper(final.functions[0].body):
            self._helpers[names[0]] = final.functions[0].body
        return definition

    def _is_helper(self, body: Term) -> bool:
        """Whether a constant with this body is inlined: not if it recurs, or if copies would swamp its callers."""
        return size(body) <= self.writer.helper_size and not has_fix(body)


def _terms(group: Group) -> list[Term]:
    found = [datatype.type for datatype in group.datatypes]
    found += [constructor.type for datatype in group.datatypes for constructor in datatype.constructors]
    return [*found, *[term for function in group.functions for term in (function.type, function.body)]]


def content(definition: Definition) -> str:
    """The canonical text without the mark that tells equal definitions of one header apart."""
    return definition.canonical_text.partition("\ncopy ")[0]


def canonical_text(shape: Group, writer: Writer) -> str:
    """The text that a definition's id hashes."""
    render = writer.render
    lines: list[str] = []
    for datatype in shape.datatypes:
        lines.append(f"datatype {datatype.name} : {render(datatype.type)} with {datatype.parameters} parameters")
        lines += [f"constructor {c.name} : {render(c.type)}" for c in datatype.constructors]
    lines += [f"function {f.name} : {render(f.type)} := {render(f.body)}" for f in shape.functions]
    return "\n".join(lines)


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
        for suffix in backend_of(definition.prover).syntax.derived
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
    return "\n".join([*([prelude] if prelude else []), *[d.source for d in in_order(definitions) if d.source]])


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem in canonical form that was not read back yet."""

    problem: Problem
    prelude: str
    definitions: tuple[Definition, ...]
    own_names: Mapping[str, str]
    statement: Term
    statement_exact: str
    unread: str = ""

    def finished(self, prelude_id: Callable[[str], str]) -> Elaboration:
        """The elaboration, with the prover's own identity of a prelude."""
        return Elaboration(
            problem=self.problem,
            prelude_id=prelude_id(self.prelude),
            prelude=self.prelude,
            definitions=self.definitions,
            own_names=self.own_names,
            statement=self.statement,
            statement_exact=self.statement_exact,
            reached=reached(self.definitions, self.statement),
            unread=self.unread,
        )
