"""Typed terms as Rocq text, with everything explicit.

Rendering tells its owner, through `require`, which datatypes, functions, operators and equality functions the text
refers to; the owner sees to it that their sentences come before.
"""

from __future__ import annotations

from typing import Literal, Protocol

from datasets.tip.functions import Functions
from datasets.tip.identifiers import Identifiers
from datasets.tip.names import Names
from datasets.tip.rocq_text import (
    APPLICATION,
    ARROW,
    ATOM,
    CONJUNCTION,
    DISJUNCTION,
    EQUATION,
    EQUIVALENCE,
    NEGATION,
    OPEN,
    Text,
    application,
    explicit,
    integer,
)
from datasets.tip.syntax import BOOL, Arrow, Data, TranslationError, Type, TypeVariable
from datasets.tip.typed import (
    Abstraction,
    Application,
    Binding,
    Constant,
    Integer,
    Local,
    Quantification,
    Selection,
    Typed,
    apply_to,
    result_datatype,
    says_more_than_boolean,
    type_of,
    variable_names,
)

_ARITHMETIC = {
    "+": "Z.add",
    "-": "Z.sub",
    "*": "Z.mul",
    "div": "Z.div",
    "mod": "Z.modulo",
    "<": "Z.ltb",
    "<=": "Z.leb",
}

Requirement = Literal["datatype", "function", "operator", "equality", "integers", "fuel", "size"]


class Owner(Protocol):
    """The header that the text stands behind."""

    identifiers: Identifiers
    functions: Functions
    sorts: frozenset[str]
    """The sorts that the file declares."""

    def require(self, kind: Requirement, name: str) -> None:
        """See to it that the sentence for `name` is in the header."""
        ...

    def has(self, kind: Requirement, name: str) -> bool:
        """Whether it is."""
        ...


class Renderer:
    """Renders the terms of one declaration. `equalities_used` are type variables and sorts compared inside terms."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._identifiers = owner.identifiers
        self._sorts = owner.sorts
        self._names = Names(owner.identifiers.names.taken)
        self.equalities_used: dict[str, None] = {}
        self.sorts_used: dict[str, None] = {}

    # -------------------------------------------------------------------------------------------------- types

    def type(self, type_: Type) -> Text:
        match type_:
            case TypeVariable(name):
                return Text(self._identifiers.variables[name], ATOM)
            case Data(name, arguments):
                self._mention(name)
                head = self._identifiers.types[name]
                return application(head, [self.type(item).at(ATOM) for item in arguments])
            case Arrow(domain, codomain):
                return Text(f"{self.type(domain).at(EQUIVALENCE)} -> {self.type(codomain).at(ARROW)}", ARROW)

    def _mention(self, name: str) -> None:
        if name in self._sorts:
            self.sorts_used[name] = None
        elif name == "Int":
            self._owner.require("integers", name)
        elif name != "Bool":
            self._owner.require("datatype", name)

    def equality(self, type_: Type) -> Text:
        """The function that decides equality at a type."""
        match type_:
            case TypeVariable(name):
                self.equalities_used[name] = None
                return Text(self._identifiers.dictionaries[name], ATOM)
            case Data("Int"):
                self._mention("Int")
                return Text("Z.eqb", ATOM)
            case Data(name, arguments):
                self._mention(name)
                if name in self._sorts:
                    self.equalities_used[name] = None
                    return Text(self._identifiers.equalities[name], ATOM)
                self._owner.require("equality", name)
                types = [self.type(item).at(ATOM) for item in arguments]
                dictionaries = [self.equality(item).at(ATOM) for item in arguments]
                return application(explicit(self._identifiers.equalities[name], types), types + dictionaries)
            case Arrow():
                raise TranslationError("equality of functions inside a term")

    def binder(self, local: Local) -> str:
        return f"({local.name} : {self.type(local.type).text})"

    # -------------------------------------------------------------------------------------------------- terms

    def term(self, term: Typed, indent: str = "  ") -> Text:
        match term:
            case Local(name):
                return Text(name, ATOM)
            case Integer(value):
                self._mention("Int")
                return integer(value)
            case Constant("operator"):
                return self._operator(term, indent)
            case Constant():
                return self._call(term, indent)
            case Application(function, arguments):
                rest = [self.term(item, indent).at(ATOM) for item in arguments]
                return application(self.term(function, indent).at(ATOM), rest)
            case Abstraction(binders, body):
                names = " ".join(self.binder(item) for item in binders)
                return Text(f"fun {names} => {self.term(body, indent).text}", OPEN)
            case Binding(variable, value, body):
                bound = f"let {variable.name} : {self.type(variable.type).text} := {self.term(value, indent).text} in"
                return Text(f"{bound}\n{indent}{self.term(body, indent).text}", OPEN)
            case Selection():
                return self._selection(term, indent, self.term)
            case Quantification():
                raise TranslationError("a quantifier inside a term")

    def _call(self, term: Constant, indent: str) -> Text:
        rest = [self.term(item, indent).at(ATOM) for item in term.arguments]
        types = [self.type(item).at(ATOM) for item in term.types]
        match term.kind:
            case "constructor":
                self._owner.require("datatype", result_datatype(term.type).name)
                name, dictionaries = self._identifiers.constructors[term.name], list[str]()
            case "inner":
                head, positions = self._owner.functions.inner_call(term.name)
                return application(head, [rest[position] for position in positions])
            case _:
                self._owner.require("function", term.name)
                name = self._identifiers.functions[term.name]
                dictionaries = [
                    self.equality(term.types[position]).at(ATOM)
                    for position in self._owner.functions.dictionaries_of(term.name)
                ]
                outer = self._owner.functions.outer_name(term.name)
                if outer is not None:
                    name, order = outer
                    rest = [rest[position] for position in order]
        return application(explicit(name, types), [*types, *dictionaries, *rest])

    def _operator(self, term: Constant, indent: str) -> Text:
        match term.name, term.arguments:
            case "true" | "false", _:
                return Text(term.name, ATOM)
            case "ite", (condition, then, otherwise):
                deeper = indent + "  "
                return Text(
                    f"match {self.term(condition, indent).text} with\n"
                    f"{indent}| true => {self.term(then, deeper).text}\n"
                    f"{indent}| false => {self.term(otherwise, deeper).text}\n"
                    f"{indent}end",
                    ATOM,
                )
            case "=", operands:
                head = self.equality(term.types[0]).text
                return application(head, [self.term(item, indent).at(ATOM) for item in operands])
            case name, operands:
                if name in self._identifiers.operators:
                    self._owner.require("operator", name)
                    head = self._identifiers.operators[name]
                else:
                    self._mention("Int")
                    head = _ARITHMETIC[name]
                return application(head, [self.term(item, indent).at(ATOM) for item in operands])

    def _selection(self, term: Selection, indent: str, render: _Render) -> Text:
        lines = [f"match {self.term(term.scrutinee, indent).text} with"]
        for branch in term.branches:
            if branch.constructor is None:
                pattern = "_"
            else:
                type_ = type_of(term.scrutinee)
                blanks = ["_"] * (len(type_.arguments) if isinstance(type_, Data) else 0)
                self._mention(result_datatype(type_).name)
                name = self._identifiers.constructors[branch.constructor]
                pattern = application(explicit(name, blanks), [*blanks, *(v.name for v in branch.variables)]).text
            lines.append(f"{indent}| {pattern} => {render(branch.body, indent + '  ').text}")
        lines.append(f"{indent}end")
        return Text("\n".join(lines), ATOM)

    # -------------------------------------------------------------------------------------------- propositions

    def proposition(self, term: Typed, indent: str = "  ") -> Text:
        """A Boolean term as a proposition."""
        match term:
            case Quantification(quantifier, binders, body):
                names = [self.binder(item) for item in binders]
                return Text(f"{quantifier} {' '.join(names)}, {self.proposition(body, indent).text}", OPEN)
            case Constant("operator", "and", _, (left, right)):
                return self._connect(left, "/\\", right, CONJUNCTION, indent)
            case Constant("operator", "or", _, (left, right)):
                return self._connect(left, "\\/", right, DISJUNCTION, indent)
            case Constant("operator", "=>", _, (left, right)):
                hypothesis = self.proposition(left, indent).at(EQUIVALENCE)
                return Text(f"{hypothesis} -> {self.proposition(right, indent).at(OPEN)}", ARROW)
            case Constant("operator", "=", (type_,), (left, right)):
                return self._equation(left, right, type_, indent)
            case Constant("operator", "not", _, (inner,)):
                return self._negation(inner, indent)
            case Constant("operator", "ite", _, (condition, then, otherwise)) if says_more_than_boolean(term):
                first = Constant("operator", "=>", (), (condition, then), BOOL)
                negated = Constant("operator", "not", (), (condition,), BOOL)
                second = Constant("operator", "=>", (), (negated, otherwise), BOOL)
                return self.proposition(Constant("operator", "and", (), (first, second), BOOL), indent)
            case Selection() if says_more_than_boolean(term):
                return self._selection(term, indent, self.proposition)
            case Binding(variable, value, body):
                bound = f"let {variable.name} : {self.type(variable.type).text} := {self.term(value, indent).text} in"
                return Text(f"{bound}\n{indent}{self.proposition(body, indent).text}", OPEN)
            case _:
                return Text(f"{self.term(term, indent).at(APPLICATION)} = true", EQUATION)

    def _connect(self, left: Typed, sign: str, right: Typed, level: int, indent: str) -> Text:
        first, second = self.proposition(left, indent), self.proposition(right, indent)
        return Text(f"{first.at(level - 1)} {sign} {second.at(level)}", level)

    def _negation(self, inner: Typed, indent: str) -> Text:
        match inner:
            case Constant("operator", "=", (type_,), (left, right)) if not (
                isinstance(type_, Arrow) or says_more_than_boolean(left) or says_more_than_boolean(right)
            ):
                first, second = self.term(left, indent), self.term(right, indent)
                return Text(f"{first.at(APPLICATION)} <> {second.at(APPLICATION)}", EQUATION)
            case Local() | Application() | Constant("function") | Constant("operator", "<" | "<="):
                return Text(f"{self.term(inner, indent).at(APPLICATION)} = false", EQUATION)
            case _:
                return Text(f"~ {self.proposition(inner, indent).at(ATOM)}", NEGATION)

    def _equation(self, left: Typed, right: Typed, type_: Type, indent: str) -> Text:
        if type_ == BOOL and (says_more_than_boolean(left) or says_more_than_boolean(right)):
            first, second = self.proposition(left, indent), self.proposition(right, indent)
            return Text(f"{first.at(EQUIVALENCE - 1)} <-> {second.at(EQUIVALENCE - 1)}", EQUIVALENCE)
        binders: list[Local] = []
        while isinstance(type_, Arrow):
            point = Local(self._point(left, right), type_.domain)
            binders.append(point)
            left, right = apply_to(left, point, type_.codomain), apply_to(right, point, type_.codomain)
            type_ = type_.codomain
        first, second = self.term(left, indent), self.term(right, indent)
        equation = Text(f"{first.at(APPLICATION)} = {second.at(APPLICATION)}", EQUATION)
        if not binders:
            return equation
        return Text(f"forall {' '.join(self.binder(item) for item in binders)}, {equation.text}", OPEN)

    def _point(self, *terms: Typed) -> str:
        """A name for a new variable, which the terms neither mention nor bind."""
        used = frozenset[str]().union(*map(variable_names, terms))
        while (name := self._names.fresh("point")) in used:
            pass
        return name


class _Render(Protocol):
    def __call__(self, term: Typed, indent: str, /) -> Text: ...
