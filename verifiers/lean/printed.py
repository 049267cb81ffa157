"""What Lean says under `pp.all` of definitions and statements, read as terms.

Invariant: what is not understood raises `ParseError`; families with indices, mutual types and types over universe
variables are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain import Branch, Constructor, Datatype, Forall, Function, Lambda, Match, Sort, Term, Var
from term_algebra import alpha_normal, children, constants, free_variables
from verifiers.audit.words import ParseError
from verifiers.canonical import Group
from verifiers.lean import instances, matches
from verifiers.lean.equations import function
from verifiers.lean.headers import Introduction
from verifiers.lean.reader import Parser, parse, term_name

_EQUATION = re.compile(r"^(?:@\[[^\]]*\]\s*)?(?:(?:private|protected) )*theorem \S+?(?:\.\{[^}]*\})? :", re.MULTILINE)
_NAMED = re.compile(r"\A(?:@\[[^\]]*\]\s*)?(?:[a-z_]+ )*@?(?P<name>[^\s{]+?)(?:\.\{[^}]*\})?\s+:\s")
_CONSTRUCTOR = re.compile(r"^(?P<name>\S+?)(?:\.\{[^}]*\})? : (?P<type>.*(?:\n .*)*)", re.MULTILINE)
_TYPE = re.compile(
    r"\Ainductive (?P<name>\S+?)(?:\.\{[^}]*\})? : (?P<type>.*(?:\n .*)*)\nnumber of parameters: (?P<count>\d+)"
)


def queries(introduction: Introduction) -> tuple[str, ...]:
    """The commands whose answers `Reading.groups` reads."""
    if introduction.is_structure:
        return (f"#check @{introduction.name}", f"#check @{introduction.name}.mk")
    if introduction.is_datatype:
        return (f"#print {introduction.name}",)
    return (f"#check @{introduction.name}", f"#print eqns {introduction.name}")


@dataclass
class Reading:
    """Reads what was printed of one header, in its order. `missing` are matchers and instances to be printed too."""

    bodies: Mapping[str, Term]
    whole: bool = False
    """Whether the header stays as it is: then signs stay in statements too that tactics would find in its functions."""
    datatypes: dict[str, Datatype] = field(default_factory=dict[str, Datatype])
    missing: set[str] = field(default_factory=set[str])
    kept: set[str] = field(default_factory=set[str])
    """Instances that stay."""

    def term(self, text: str) -> Term:
        """A term, its matches read, if the bodies of all matchers in it are known."""
        return self.read(parse(text))

    def read(self, term: Term) -> Term:
        """A term with its matches read, and signs of the header's types as what they stand for."""
        seen: set[str] = set()
        waiting = set(self._wanted(term))
        while waiting:
            name = waiting.pop()
            seen.add(name)
            if name in self.bodies:
                waiting |= self._wanted(self.bodies[name]) - seen
        absent = seen - self.bodies.keys()
        self.missing |= absent
        if absent:
            return term
        matchers = {name: body for name, body in self.bodies.items() if matches.is_helper(name)}
        signs = {name: body for name, body in self.bodies.items() if name not in self.kept}
        return matches.read(instances.read(term, signs), matchers, self.datatypes)

    def _wanted(self, term: Term) -> frozenset[str]:
        return matches.helpers(term) | (instances.heads(term, self.datatypes) - self.kept)

    def groups(self, introduction: Introduction, answers: tuple[str, ...]) -> list[Group]:
        """What a command of the header introduced: a structure is a datatype and its projections."""
        if not introduction.is_structure:
            return [self.group(introduction, answers)]
        datatype, projections = structure(introduction.name, self.statement(answers[0]), self.statement(answers[1]))
        self.datatypes[datatype.name] = datatype
        return [Group(datatypes=(datatype,)), *[Group(functions=(one,)) for one in projections]]

    def group(self, introduction: Introduction, answers: tuple[str, ...]) -> Group:
        """What a command of the header introduced, by the names of terms."""
        if introduction.is_datatype:
            datatype = self.datatype(answers[0])
            self.datatypes[datatype.name] = datatype
            return Group(datatypes=(datatype,))
        name = term_name(introduction.name)
        type_ = self.statement(answers[0])
        shown = [parse(text) for text in _EQUATION.split(answers[1])[1:]]
        if self.whole:
            self.kept |= frozenset[str]().union(*[instances.heads(term, self.datatypes) for term in shown])
        equations = [self.read(term) for term in shown]
        if self.missing:
            return Group()
        return Group(functions=(_checked(function(name, type_, equations, self.datatypes)),))

    def datatype(self, text: str) -> Datatype:
        found = _TYPE.match(text)
        if found is None:
            raise ParseError(f"a datatype is shown in a way that is not understood: {text[:60]!r}")
        name, type_, parameters = term_name(found["name"]), parse(found["type"]), int(found["count"])
        if _arity(type_) != parameters:
            raise ParseError(f"{name} is a family with indices")
        shown = text.partition("\nconstructors:")[2]
        constructors = [Constructor(term_name(one["name"]), parse(one["type"])) for one in _CONSTRUCTOR.finditer(shown)]
        datatype = Datatype(name, type_, parameters, tuple(constructors))
        for term in (type_, *[constructor.type for constructor in constructors]):
            refuse_levels(term)
        return datatype

    def statement(self, text: str) -> Term:
        """The type of what `#check @name` shows."""
        found = _NAMED.match(text)
        if found is None:
            raise ParseError(f"a statement is shown in a way that is not understood: {text[:60]!r}")
        term = self.term(text[found.end() :])
        refuse_levels(term)
        return term


def definition_body(text: str) -> Term:
    """The body of what `#print name` shows of a definition."""
    found = _NAMED.match(text)
    if found is None:
        raise ParseError(f"a definition is shown in a way that is not understood: {text[:60]!r}")
    parser = Parser(text[found.end() :])
    parser.term(frozenset())
    parser.take(":=")
    body = parser.term(frozenset())
    parser.end()
    return body


def structure(lean_name: str, type_: Term, constructor: Term) -> tuple[Datatype, list[Function]]:
    """A structure as a datatype of one constructor, and its projections as functions by a match."""
    name, parameters = term_name(lean_name), _arity(type_)
    maker = Constructor(f"{name}.mk", constructor)
    binders: list[tuple[str, Term]] = []
    rest = constructor
    while isinstance(rest, Forall):
        binders.append((rest.name, rest.type))
        rest = rest.body
    fields = binders[parameters:]
    names = [own for own, _ in fields]
    if len(set(names)) < len(names) or any(not free_variables(one).isdisjoint(names) for _, one in fields):
        raise ParseError(f"{name} has fields whose types depend on others")
    given = [*binders[:parameters], ("self'", rest)]
    projections: list[Function] = []
    for own, result in fields:
        chosen = ("_",) * parameters + tuple([one if one == own else "_" for one in names])
        body: Term = Match(Var("self'"), (Branch(maker.name, chosen, Var(own)),))
        projected = result
        for parameter, its_type in reversed(given):
            body, projected = Lambda(parameter, its_type, body), Forall(parameter, its_type, projected)
        projections.append(_checked(Function(f"{name}.{own}", alpha_normal(projected), alpha_normal(body))))
    return Datatype(name, type_, parameters, (maker,)), projections


def _checked(found: Function) -> Function:
    refuse_levels(found.type)
    refuse_levels(found.body)
    if any(name.endswith((".rec", ".brecOn", ".casesOn")) for name in constants(found.body)):
        raise ParseError(f"{found.name} uses a recursor by itself")
    return found


def refuse_levels(term: Term) -> None:
    """Raises `ParseError` if a sort of the term has a universe variable: no header would declare it."""
    if isinstance(term, Sort) and re.search(r"[^\W\d]", term.name.partition(" ")[2]):
        raise ParseError(f"a universe variable in {term.name}")
    for child, _ in children(term):
        refuse_levels(child)


def _arity(type_: Term) -> int:
    count = 0
    while isinstance(type_, Forall):
        count, type_ = count + 1, type_.body
    return count
