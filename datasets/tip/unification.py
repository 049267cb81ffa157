"""Types of which parts are not known yet, and what makes them equal.

A type that is not known is a variable with an entry in `solution`; every answer of `resolve` has all that is known
filled in. Mistakes in a file are `UserError` and name the declaration.
"""

from __future__ import annotations

from collections.abc import Mapping

from datasets.tip.syntax import Arrow, Data, TranslationError, Type, TypeVariable
from domain import UserError

_UNKNOWN = "|"
"""How the names of types that are not known yet begin: no symbol of a file has this sign."""

MOST_STEPS = 300_000
"""Types that are looked up in one declaration; `let` can double a type again and again."""


class Unification:
    """The types of one declaration, called `where`. `arities` says how many arguments each type of the file takes."""

    def __init__(self, file: str, where: str, arities: Mapping[str, int]) -> None:
        self.file = file
        self.where = where
        self.arities = arities
        self.solution: dict[str, Type] = {}
        self.steps = 0

    def error(self, what: str) -> UserError:
        return UserError(f"{self.file}: in `{self.where}`: {what}")

    def unknown(self) -> Type:
        name = f"{_UNKNOWN}{len(self.solution)}"
        self.solution[name] = variable = TypeVariable(name)
        return variable

    def resolve(self, type_: Type) -> Type:
        """`type_` with everything known filled in."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TranslationError(f"types that are too large: {self.where}")
        match type_:
            case TypeVariable(name):
                known = self.solution.get(name, type_)
                return type_ if known == type_ else self.resolve(known)
            case Data(name, arguments):
                return Data(name, tuple(self.resolve(item) for item in arguments))
            case Arrow(domain, codomain):
                return Arrow(self.resolve(domain), self.resolve(codomain))

    def unify(self, left: Type, right: Type) -> None:
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return
        match left, right:
            case TypeVariable(name), _ if name in self.solution:
                self.solve(name, right)
            case _, TypeVariable(name) if name in self.solution:
                self.solve(name, left)
            case Data(first, ones), Data(second, others) if first == second and len(ones) == len(others):
                for one, other in zip(ones, others, strict=True):
                    self.unify(one, other)
            case Arrow(domain, codomain), Arrow(other_domain, other_codomain):
                self.unify(domain, other_domain)
                self.unify(codomain, other_codomain)
            case _:
                raise self.error(f"a term of type {show_type(left)} stands where {show_type(right)} is expected")

    def solve(self, name: str, type_: Type) -> None:
        waiting = [type_]
        while waiting:
            match waiting.pop():
                case TypeVariable(inside):
                    if inside == name:
                        raise self.error("a type would have to be a part of itself")
                case Data(_, arguments):
                    waiting.extend(arguments)
                case Arrow(domain, codomain):
                    waiting += [domain, codomain]
        self.solution[name] = type_

    def well_formed(self, type_: Type) -> None:
        match type_:
            case Data(name, arguments):
                if self.arities.get(name) != len(arguments):
                    raise self.error(f"unknown type `{show_type(type_)}`")
                for item in arguments:
                    self.well_formed(item)
            case Arrow(domain, codomain):
                self.well_formed(domain)
                self.well_formed(codomain)
            case TypeVariable():
                pass

    def settled(self, type_: Type) -> Type:
        resolved = self.resolve(type_)
        if _has_unknown(resolved):
            raise self.error("a type is not determined; write `(_ name types)`")
        return resolved


def _has_unknown(type_: Type) -> bool:
    match type_:
        case TypeVariable(name):
            return name.startswith(_UNKNOWN)
        case Data(arguments=arguments):
            return any(_has_unknown(item) for item in arguments)
        case Arrow(domain, codomain):
            return _has_unknown(domain) or _has_unknown(codomain)


def show_type(type_: Type) -> str:
    match type_:
        case TypeVariable(name):
            return name
        case Data(name, ()):
            return name
        case Data(name, arguments):
            return f"({name} {' '.join(show_type(item) for item in arguments)})"
        case Arrow(domain, codomain):
            return f"(=> {show_type(domain)} {show_type(codomain)})"
