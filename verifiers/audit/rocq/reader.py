"""`domain.Term` read from what Rocq prints under `Set Printing All`.

Invariant: a name is a `Var` where a binder or a hypothesis of that name is in scope, otherwise a `Const`. Casts and
universe levels are dropped; anything outside the fragment raises `ParseError`, nothing is guessed.

Layer: recursion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from domain import (
    Branch,
    Const,
    Fix,
    FixFunction,
    Forall,
    Function,
    Lambda,
    Let,
    Match,
    Sort,
    Term,
    Var,
)
from term_algebra import apply, constants, replace_constants
from verifiers.audit.words import ParseError, Words

_LIBRARY_PARAMETERS = {
    **dict.fromkeys(("nil", "cons", "Some", "None", "eq_refl", "refl_equal"), 1),
    **dict.fromkeys(("pair", "inl", "inr", "left", "right", "inleft", "inright", "existT", "exist", "ex_intro"), 2),
    **dict.fromkeys(("conj", "or_introl", "or_intror"), 2),
    **dict.fromkeys(("existT2", "exist2", "ex_intro2"), 3),
    "eq_refl": 2,
}


def library_parameters(constructor: str) -> int:
    """How many parameters a constructor of the standard library has; 0 for one that is not known here."""
    return _LIBRARY_PARAMETERS.get(constructor.rpartition(".")[2], 0)


_NAME = r"(?:[^\W\d]|_)[\w']*"
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<name>\??{_NAME}(?:\.{_NAME})*)
      | (?P<number>-?\d[\w.]*(?:%\w+)?)
      | (?P<string>"(?:[^"]|"")*"(?:%\w+)?)
      | (?P<symbol>:=|=>|->|<<:|<:|@\{{|[()\[\]{{}}|,:@;&])
    )""",
    re.VERBOSE,
)
_KEYWORDS = frozenset(
    ("forall", "fun", "let", "fix", "cofix", "match", "with", "end", "in", "return", "as", "for", "struct")
)
_SORTS = frozenset(("Prop", "Set", "Type", "SProp"))
Scope = frozenset[str]


class Parser(Words):
    """Reads terms; `parameters` says how many parameters the patterns of a constructor leave out."""

    def __init__(self, text: str, parameters: Callable[[str], int]) -> None:
        super().__init__(text, _TOKEN)
        self.parameters = parameters

    def name(self) -> str:
        word = self.word
        if not word or word in _KEYWORDS or not (word[0].isalpha() or word[0] in "_?"):
            raise self.error("a name")
        self.at += 1
        return word

    def term(self, scope: Scope) -> Term:
        """A term of the loosest level; a cast is read and dropped."""
        term = self.open_term(scope)
        while self.word in (":", "<:", "<<:"):
            self.at += 1
            self.open_term(scope)
        return term

    def open_term(self, scope: Scope) -> Term:
        match self.word:
            case "forall" | "fun" as binder:
                self.at += 1
                binders, inner = self.binders(scope)
                self.take("," if binder == "forall" else "=>")
                body = self.term(inner)
                for name, type_ in reversed(binders):
                    body = Forall(name, type_, body) if binder == "forall" else Lambda(name, type_, body)
                return body
            case "let":
                self.at += 1
                name = self.name()
                type_ = self.term(scope) if self.accept(":") else None
                self.take(":=")
                value = self.term(scope)
                self.take("in")
                return Let(name, value, type_, self.term(scope | {name}))
            case "fix":
                return self.fix(scope)
            case _:
                left = self.application(scope)
                return Forall("_", left, self.open_term(scope)) if self.accept("->") else left

    def binders(self, scope: Scope) -> tuple[list[tuple[str, Term]], Scope]:
        """Either `x y : T` without parentheses, or groups `(x y : T)`; braces and brackets count as parentheses."""
        found: list[tuple[str, Term]] = []
        if self.word not in ("(", "{", "["):
            return self.binder_group(scope, found)
        while self.word in ("(", "{", "["):
            closing = {"(": ")", "{": "}", "[": "]"}[self.word]
            if self.words[self.at + 1] == "struct":
                break
            self.at += 1
            found, scope = self.binder_group(scope, found)
            self.take(closing)
        return found, scope

    def binder_group(self, scope: Scope, found: list[tuple[str, Term]]) -> tuple[list[tuple[str, Term]], Scope]:
        names = [self.name()]
        while self.word != ":":
            names.append(self.name())
        self.take(":")
        type_ = self.term(scope)
        return found + [(name, type_) for name in names], scope | set(names)

    def application(self, scope: Scope) -> Term:
        head = self.atom(scope)
        arguments: list[Term] = []
        while self.starts_atom():
            arguments.append(self.atom(scope))
        return apply(head, arguments)

    def starts_atom(self) -> bool:
        word = self.word
        if not word or word == "->":
            return False
        return word in ("(", "@", "match") or (word not in _KEYWORDS and (word[0].isalnum() or word[0] in '_?"-'))

    def atom(self, scope: Scope) -> Term:
        word = self.word
        if word == "(":
            self.at += 1
            term = self.term(scope)
            self.take(")")
            return term
        if word == "match":
            return self.match(scope)
        if word[:1].isdigit() or word[:1] in ('"', "-"):
            self.at += 1
            return Const(word)
        self.accept("@")
        name = self.name()
        if self.accept("@{"):
            while not self.accept("}"):
                self.at += 1
                if not self.word:
                    raise self.error("'}'")
        if name in _SORTS:
            return Sort(name)
        return Var(name) if name in scope or name[0] == "?" or name == "_" else Const(name)

    def match(self, scope: Scope) -> Term:
        self.take("match")
        scrutinee = self.term(scope)
        inner, as_name, in_pattern, returns = scope, None, None, None
        if self.accept("as"):
            as_name = self.name()
            inner = inner | {as_name}
        if self.accept("in"):
            in_pattern, inner = self.in_pattern(inner)
        if self.accept("return"):
            returns = self.term(inner)
        self.take("with")
        branches: list[Branch] = []
        self.accept("|")
        while not self.accept("end"):
            branches.append(self.branch(scope))
            if self.word != "end":
                self.take("|")
        return Match(scrutinee, tuple(branches), returns, as_name, in_pattern)

    def in_pattern(self, scope: Scope) -> tuple[Term, Scope]:
        parenthesised = self.accept("(")
        self.accept("@")
        head, names = Const(self.name()), list[str]()
        while self.word not in ("return", ")", "with"):
            names.append(self.name())
        if parenthesised:
            self.take(")")
        return apply(head, [Var(name) for name in names]), scope | set(names)

    def branch(self, scope: Scope) -> Branch:
        full = self.accept("@")
        constructor, names = self.name(), list[str]()
        while self.word != "=>":
            names.append(self.name())
        self.take("=>")
        if not full:
            names = ["_"] * self.parameters(constructor) + names
        return Branch(constructor, tuple(names), self.term(scope | set(names)))

    def fix(self, scope: Scope) -> Term:
        self.take("fix")
        functions: list[FixFunction] = []
        while not functions or self.accept("with"):
            name = self.name()
            parameters, inner = self.binders(scope)
            structural = None
            if self.accept("{"):
                self.take("struct")
                structural = self.name()
                self.take("}")
            self.take(":")
            type_ = self.open_term(inner)
            self.take(":=")
            known = {*[function.name for function in functions], name}
            body = self.term((scope | known) | {name for name, _ in parameters})
            functions.append(FixFunction(name, tuple(parameters), structural, type_, body))
        chosen = self.name() if self.accept("for") else functions[0].name
        return Fix(tuple([self.see_later_functions(index, functions) for index in range(len(functions))]), chosen)

    def see_later_functions(self, index: int, functions: Sequence[FixFunction]) -> FixFunction:
        """A function whose body calls those after it as variables: they were not in scope when it was read."""
        later = frozenset(function.name for function in functions[index + 1 :])
        function = functions[index]
        if not later & constants(function.body):
            return function
        body = replace_constants(function.body, lambda name: Var(name) if name in later else Const(name))
        return FixFunction(function.name, function.parameters, function.structural, function.type, body)


def parse(text: str, variables: Iterable[str] = (), parameters: Callable[[str], int] = library_parameters) -> Term:
    """The term that `Set Printing All` shows as `text`.

    `variables` are the free names that are local (the hypotheses of a goal). `parameters` says how many parameters a
    constructor's pattern leaves out when it is printed without `@`. Raises `ParseError`.
    """
    parser = Parser(text, parameters)
    term = parser.term(frozenset(variables))
    if parser.word:
        raise parser.error("the end")
    return term


class Typed(NamedTuple):
    """A term and its type."""

    term: Term
    type: Term


_TYPE_LINE = "\n     : "


def parse_typed(text: str, parameters: Callable[[str], int] = library_parameters) -> Typed:
    """What `Check` shows: a term, a line break and its type. Casts in the term look alike, so every break is tried."""
    text = text.partition("\n\n")[0]
    at = text.rfind(_TYPE_LINE)
    while at >= 0:
        try:
            term = parse(text[:at], (), parameters)
            return Typed(term, parse(text[at + len(_TYPE_LINE) :], (), parameters))
        except ParseError:
            at = text.rfind(_TYPE_LINE, 0, at)
            if at < 0:
                raise
    raise ParseError(f"expected a term and its type at: {text[:60]!r}")


def parse_definition(text: str, parameters: Callable[[str], int] = library_parameters) -> Function:
    """The constant that `Print` shows as `name = body : type`."""
    name, _, rest = text.partition("=")
    body, type_ = parse_typed(rest, parameters)
    return Function(name.strip(), type_, body)
