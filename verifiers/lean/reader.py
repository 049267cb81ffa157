"""`domain.Term` read from what Lean prints under `set_option pp.all true`.

Terms call the core's connectives and datatypes by one set of names, whatever the prover: `Eq` is read as `eq`,
`Nat.succ` as `S` (see `CORE`); a global name of the file that looks like one of those is read with `_root_.` in front.
Calls of matchers (`f.match_1`) and of `casesOn` are read as matches by `matches`, numerals and signs by `operators`.

Invariant: a name is a `Var` where a binder or a hypothesis of that name is in scope, otherwise a `Const`. The universe
levels of constants are dropped; anything outside the fragment raises `ParseError`, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from domain import Const, Forall, Lambda, Let, Sort, Term, Var
from term_algebra import apply
from verifiers.audit.words import Words
from verifiers.lean.operators import read

CORE = {
    "eq": "Eq",
    "and": "And",
    "or": "Or",
    "not": "Not",
    "iff": "Iff",
    "ex": "Exists",
    "bool": "Bool",
    "true": "Bool.true",
    "false": "Bool.false",
    "nat": "Nat",
    "O": "Nat.zero",
    "S": "Nat.succ",
    "list": "List",
    "nil": "List.nil",
    "cons": "List.cons",
    "option": "Option",
    "None": "Option.none",
    "Some": "Option.some",
    "prod": "Prod",
    "pair": "Prod.mk",
    "andb": "and",
    "orb": "or",
    "negb": "not",
    "Nat.eqb": "Nat.beq",
    "Nat.leb": "Nat.ble",
}
"""The name of a core constant in terms → its name in Lean."""
_FROM_LEAN = {lean: name for name, lean in CORE.items()}
ROOT = "_root_."


def term_name(lean: str) -> str:
    """What a global name of Lean is called in terms."""
    return _FROM_LEAN.get(lean) or (ROOT + lean if lean in CORE else lean)


def lean_name(name: str) -> str:
    """What Lean calls a global name of a term."""
    return CORE.get(name, name)


_PART = r"(?:«[^»]*»|(?:[^\W\d]|_)[\w'!?✝]*)"
NAME = rf"{_PART}(?:\.(?:{_PART}|\d+))*"
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<name>{NAME})
      | (?P<number>\d+)
      | (?P<symbol>:=|=>|->|→|\.\{{|[∀@λ()\[\]{{}}⦃⦄,:;?+])
    )""",
    re.VERBOSE,
)
_KEYWORDS = frozenset(("fun", "let", "have", "forall", "match", "with"))
_SORTS = frozenset(("Prop", "Type", "Sort"))
_CLOSING = {"(": ")", "{": "}", "[": "]", "⦃": "⦄"}
_Scope = frozenset[str]


class Parser(Words):
    """Reads terms from a text, one after the other."""

    def __init__(self, text: str) -> None:
        super().__init__(text, _TOKEN)

    def is_name(self, offset: int = 0) -> bool:
        word = self.words[self.at + offset]
        return bool(word) and word not in _KEYWORDS and (word[0].isalpha() or word[0] in "_«")

    def name(self) -> str:
        if not self.is_name():
            raise self.error("a name")
        self.at += 1
        return self.words[self.at - 1]

    def term(self, scope: _Scope) -> Term:
        """A term of the loosest level."""
        if self.accept("∀", "forall"):
            binders, scope = self.binders(scope)
            self.take(",")
            return _close(Forall, binders, self.term(scope))
        if self.accept("fun", "λ"):
            binders, scope = self.binders(scope)
            self.take("=>")
            return _close(Lambda, binders, self.term(scope))
        if self.accept("let", "have"):
            name = self.name()
            self.take(":")
            type_ = self.term(scope)
            self.take(":=")
            value = self.term(scope)
            self.take(";")
            return Let(name, value, type_, self.term(scope | {name}))
        if self.at_binder():
            binders, scope = self.binder(scope)
            if not self.accept("→", "->"):
                raise self.error("'→'")
            return _close(Forall, binders, self.term(scope))
        left = self.application(scope)
        return Forall("_", left, self.term(scope)) if self.accept("→", "->") else left

    def at_binder(self) -> bool:
        """Whether a bracket here opens a binder: names and a colon; or a class without a name."""
        if self.word == "[":
            return True
        if self.word not in _CLOSING:
            return False
        offset = 1
        while self.is_name(offset):
            offset += 1
        return offset > 1 and self.words[self.at + offset] == ":"

    def binders(self, scope: _Scope) -> tuple[list[tuple[str, Term]], _Scope]:
        found: list[tuple[str, Term]] = []
        while self.word in _CLOSING:
            more, scope = self.binder(scope)
            found += more
        if not found:
            raise self.error("a binder with its type")
        return found, scope

    def binder(self, scope: _Scope) -> tuple[list[tuple[str, Term]], _Scope]:
        opening = self.word
        closing = _CLOSING[opening]
        self.at += 1
        names: list[str] = []
        if opening == "[" and not (self.is_name() and self.words[self.at + 1] == ":"):
            names = ["_"]
        else:
            while self.word != ":":
                names.append(self.name())
            self.take(":")
        type_ = self.term(scope)
        self.take(closing)
        return [(name, type_) for name in names], scope | (set(names) - {"_"})

    def application(self, scope: _Scope) -> Term:
        head = self.atom(scope)
        arguments: list[Term] = []
        while True:
            if self.word in ("fun", "λ", "∀", "forall", "let", "have"):
                arguments.append(self.term(scope))  # a last argument may stand without parentheses
                break
            if not (self.word in ("(", "@") or self.is_name() or self.word.isdecimal()) or self.at_binder():
                break
            arguments.append(self.atom(scope))
        return read(apply(head, arguments))

    def atom(self, scope: _Scope) -> Term:
        if self.word == "(" and not self.at_binder():
            self.at += 1
            term = self.term(scope)
            self.take(")")
            return term
        if self.word.isdecimal():
            self.at += 1
            return Const(self.words[self.at - 1])
        if self.word == "nat_lit" and self.words[self.at + 1].isdecimal():
            self.at += 2
            return Const(self.words[self.at - 1])
        self.accept("@")
        if self.accept("?"):
            return Var(f"?{self.name()}")
        name = self.name()
        if name in _SORTS:
            return Sort(name if name == "Prop" else f"{name}{self.level()}")
        if self.accept(".{"):
            while not self.accept("}"):
                if not self.word:
                    raise self.error("'}'")
                self.at += 1
        return Var(name) if name in scope or name == "_" else Const(term_name(name))

    def level(self) -> str:
        """The level behind `Type` or `Sort`, with a blank in front."""
        if self.word.isdecimal() or self.is_name():
            self.at += 1
            return f" {self.words[self.at - 1]}"
        if self.word != "(":
            return ""
        begin, depth = self.at, 0
        while depth or self.at == begin:
            word = self.word
            depth += {"(": 1, ")": -1}.get(word, 0)
            self.at += 1
            if not word:
                raise self.error("')'")
        return " " + " ".join(self.words[begin : self.at]).replace("( ", "(").replace(" )", ")")


def _close(kind: type[Forall] | type[Lambda], binders: Sequence[tuple[str, Term]], body: Term) -> Term:
    for name, type_ in reversed(binders):
        body = kind(name, type_, body)
    return body


def parse(text: str, variables: Iterable[str] = ()) -> Term:
    """The term that `set_option pp.all true` shows as `text`. Raises `ParseError`.

    `variables` are the free names that are local: the hypotheses of a goal.
    """
    parser = Parser(text)
    term = parser.term(frozenset(variables))
    parser.end()
    return term
