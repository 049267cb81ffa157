"""Pure functions on `domain.Term`: variables, constants, substitution and renaming. Knows no prover.

Invariant: no function lets a free variable be captured. Names of bound variables carry no meaning here: `alpha_normal`
maps terms that differ only in them to one term. Comparing very deep terms by `==` is limited by the interpreter's
stack; compare rendered texts where numerals of the natural numbers may occur.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from domain import App, Branch, Const, Fix, FixFunction, Forall, Lambda, Let, Match, Sort, Term, Var

sys.setrecursionlimit(max(sys.getrecursionlimit(), 60_000))  # `2024 : nat` is a term of depth 2024

_Environment: TypeAlias = Mapping[str, Term]
_Choose: TypeAlias = Callable[[str, bool, set[str]], str]
"""Chooses a binder's new name: from its name, whether it occurs in its scope, and the names that capture there."""
_Memo: TypeAlias = dict[int, tuple[Term, frozenset[str]]]
"""What was found in compound terms, by identity; the terms are held so that no identity is used twice."""


def read_json(text: str | bytes, deepest: int = 1000) -> Any:
    """The value of a JSON text that somebody else wrote, or damaged.

    Python's reader recurses in C as far as the limit above allows, which is further than the stack goes.

    Raises:
        ValueError: it is not JSON, or not UTF-8.
        RecursionError: brackets nest deeper than `deepest`.
    """
    said = text.decode() if isinstance(text, bytes) else text
    depth = 0
    if said.count("[") + said.count("{") > deepest:
        for bracket in re.findall(r"[\[\]{}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", said, flags=re.DOTALL)):
            depth += 1 if bracket in "[{" else -1
            if depth > deepest:
                raise RecursionError(f"nested more than {deepest} deep")
    return json.loads(said)


def apply(function: Term, arguments: Sequence[Term]) -> Term:
    """An application in spine form."""
    if not arguments:
        return function
    if isinstance(function, App):
        return App(function.function, (*function.arguments, *arguments))
    return App(function, tuple(arguments))


def pattern_names(match: Match) -> tuple[str, ...]:
    """The names that the `as` and `in` clauses bind in the return type."""
    pattern = match.in_pattern.arguments if isinstance(match.in_pattern, App) else ()
    names = [argument.name for argument in pattern if isinstance(argument, Var)]
    return tuple(([match.as_name] if match.as_name else []) + names)


def children(term: Term) -> list[tuple[Term, tuple[str, ...]]]:
    """The immediate subterms of a term, each with the names that the term binds in it."""
    match term:
        case Var() | Const() | Sort():
            return []
        case App(function, arguments):
            return [(function, ()), *[(argument, ()) for argument in arguments]]
        case Forall(name, type_, body) | Lambda(name, type_, body):
            return [(type_, ()), (body, (name,))]
        case Let(name, value, type_, body):
            return [(value, ()), *([(type_, ())] if type_ else []), (body, (name,))]
        case Match(scrutinee, branches, returns):
            inner = [(branch.body, branch.variables) for branch in branches]
            return [(scrutinee, ()), *([(returns, pattern_names(term))] if returns else []), *inner]
        case Fix(functions):
            found: list[tuple[Term, tuple[str, ...]]] = []
            for function in functions:
                names = tuple([name for name, _ in function.parameters])
                found += [(type_, names[:index]) for index, (_, type_) in enumerate(function.parameters)]
                found += [(function.type, names), (function.body, (*[f.name for f in functions], *names))]
            return found


def subterms(term: Term) -> Iterator[Term]:
    """Every subterm outside of patterns, the term itself first; without recursion."""
    waiting = [term]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(child for child, _ in reversed(children(current)))


def free_variables(term: Term, memo: _Memo | None = None) -> frozenset[str]:
    """The variables that occur in a term and that it does not bind. A `memo` makes repeated questions cheap."""
    if isinstance(term, Var):
        return frozenset((term.name,))
    if isinstance(term, (Const, Sort)):
        return frozenset()
    memo = {} if memo is None else memo
    if id(term) not in memo:
        found: set[str] = set()
        for child, bound in children(term):
            found |= free_variables(child, memo).difference(bound)
        memo[id(term)] = (term, frozenset(found))
    return memo[id(term)][1]


def constants(term: Term, memo: _Memo | None = None) -> frozenset[str]:
    """The global names in a term, those of constructors in patterns included. For `memo` see `free_variables`."""
    if isinstance(term, Const):
        return frozenset((term.name,))
    if isinstance(term, (Var, Sort)):
        return frozenset()
    memo = {} if memo is None else memo
    if id(term) not in memo:
        found: set[str] = set()
        if isinstance(term, Match):
            found |= {branch.constructor for branch in term.branches}
            if term.in_pattern is not None:
                found |= constants(term.in_pattern, memo)
        for child, _ in children(term):
            found |= constants(child, memo)
        memo[id(term)] = (term, frozenset(found))
    return memo[id(term)][1]


def size(term: Term) -> int:
    """How many variables, constants, sorts, binders, matches and fixpoints a term has; application is free."""
    own = 0 if isinstance(term, App) else 1
    return own + sum([size(child) for child, _ in children(term)])


def has_fix(term: Term) -> bool:
    """Whether a fixpoint occurs in the term."""
    if isinstance(term, Fix):
        return True
    found = [child for child, _ in children(term) if has_fix(child)]
    return bool(found)


def variant(name: str, avoid: frozenset[str] | set[str]) -> str:
    """The name itself, or with the least number behind it that makes it differ from all in `avoid`."""
    if name not in avoid:
        return name
    number = 0
    while f"{name}{number}" in avoid:
        number += 1
    return f"{name}{number}"


def _others(name: str, names: Sequence[str]) -> list[Term]:
    return [Var(other) for other in names if other not in (name, "_")]


def _keep_apart(name: str, _: bool, taken: set[str]) -> str:
    return variant(name, taken)


class _Walk:
    """One pass over a term that replaces variables and constants and renames binders in order of appearance.

    A binder is named before its type is walked; a match names what its `as` and `in` clauses bind after its
    scrutinee; a fixpoint names its functions first.
    """

    def __init__(
        self, choose: _Choose, constant: Callable[[str], Term] = Const, *, constants_capture: bool = False
    ) -> None:
        self.choose = choose
        self.constant = constant
        self.constants_capture = constants_capture
        self.free: _Memo = {}
        self.global_names: _Memo = {}

    def bind(self, name: str, scope: Sequence[Term], env: _Environment) -> tuple[str, _Environment]:
        if name == "_":
            return name, env
        free = frozenset[str]().union(*[free_variables(term, self.free) for term in scope])
        taken: set[str] = set()
        for other in free - {name}:
            taken |= free_variables(env[other], self.free) if other in env else {other}
        if self.constants_capture:
            taken = taken.union(*[constants(term, self.global_names) for term in scope])
        new = self.choose(name, name in free, taken)
        return new, {**env, name: Var(new)}

    def bind_all(
        self, names: Sequence[str], scope: Sequence[Term], env: _Environment
    ) -> tuple[list[str], _Environment]:
        """Binds names of one pattern or group, and keeps them different."""
        new_names: list[str] = []
        for name in names:
            new, env = self.bind(name, [*scope, *_others(name, names)], env)
            new_names.append(new)
        return new_names, env

    def walk(self, term: Term, env: _Environment) -> Term:
        match term:
            case Var(name):
                return env.get(name, term)
            case Const(name):
                return self.constant(name)
            case Sort():
                return term
            case App(function, arguments):
                return apply(self.walk(function, env), [self.walk(argument, env) for argument in arguments])
            case Forall(name, type_, body) | Lambda(name, type_, body):
                new, inner = self.bind(name, (body,), env)
                return type(term)(new, self.walk(type_, env), self.walk(body, inner))
            case Let(name, value, type_, body):
                new, inner = self.bind(name, (body,), env)
                new_value = self.walk(value, env)
                return Let(new, new_value, self.walk(type_, env) if type_ else None, self.walk(body, inner))
            case Match():
                return self.walk_match(term, env)
            case Fix():
                return self.walk_fix(term, env)

    def walk_match(self, term: Match, env: _Environment) -> Match:
        scrutinee = self.walk(term.scrutinee, env)
        returns, as_name, in_pattern = None, None, None
        if term.returns is not None:
            names, inner = self.bind_all(pattern_names(term), (term.returns,), env)
            if term.as_name:
                first = names.pop(0)
                as_name = None if first == "_" else first
            if isinstance(term.in_pattern, App) and any(name != "_" for name in names):
                rest = iter(names)
                pattern = [Var(next(rest)) if isinstance(a, Var) else Var("_") for a in term.in_pattern.arguments]
                in_pattern = App(self.walk(term.in_pattern.function, {}), tuple(pattern))
            returns = self.walk(term.returns, inner)
        branches: list[Branch] = []
        for branch in term.branches:
            names, inner = self.bind_all(branch.variables, (branch.body,), env)
            constructor = self.constant(branch.constructor)
            new_name = constructor.name if isinstance(constructor, Const) else branch.constructor
            branches.append(Branch(new_name, tuple(names), self.walk(branch.body, inner)))
        return Match(scrutinee, tuple(branches), returns, as_name, in_pattern)

    def walk_fix(self, term: Fix, env: _Environment) -> Fix:
        own_names = [function.name for function in term.functions]
        scope = [*[function.body for function in term.functions], *[Var(name) for name in own_names]]
        new_names, outer = self.bind_all(own_names, scope, env)
        functions: list[FixFunction] = []
        for new_name, function in zip(new_names, term.functions, strict=True):
            type_env, body_env, structural = env, outer, None
            parameters: list[tuple[str, Term]] = []
            names = [name for name, _ in function.parameters]
            for index, (name, type_) in enumerate(function.parameters):
                rest = [*[later for _, later in function.parameters[index + 1 :]], *_others(name, names)]
                rest += [function.type, function.body, *([Var(name)] if name == function.structural else [])]
                new, body_env = self.bind(name, rest, body_env)
                parameters.append((new, self.walk(type_, type_env)))
                type_env = type_env if name == "_" else {**type_env, name: Var(new)}
                structural = new if name == function.structural else structural
            type_, body = self.walk(function.type, type_env), self.walk(function.body, body_env)
            functions.append(FixFunction(new_name, tuple(parameters), structural, type_, body))
        return Fix(tuple(functions), dict(zip(own_names, new_names, strict=True)).get(term.chosen, term.chosen))


def substitute(term: Term, values: Mapping[str, Term]) -> Term:
    """The term with its free variables replaced; its binders are renamed where they would capture."""
    return _Walk(_keep_apart).walk(term, values)


def replace_constants(term: Term, replacement: Callable[[str], Term]) -> Term:
    """The term with each global name replaced by a closed term (in patterns only if that is a global name again)."""
    return _Walk(_keep_apart, replacement).walk(term, {})


def rename_constants(term: Term, names: Mapping[str, str]) -> Term:
    return replace_constants(term, lambda name: Const(names.get(name, name)))


def separate(term: Term) -> Term:
    """The same term with no binder named like a global name or a free variable that occurs in its scope."""
    return _Walk(_keep_apart, constants_capture=True).walk(term, {})


def alpha_normal(term: Term, first: int = 0) -> Term:
    """The term with its binders named `x0`, `x1`, … in order of appearance, and `_` where nothing refers to them.

    Names that occur free, or as global names, are passed over; numbering begins at `first`.
    """
    avoid = free_variables(term) | constants(term)
    number = first

    def choose(_: str, occurs: bool, __: set[str]) -> str:
        nonlocal number
        if not occurs:
            return "_"
        while f"x{number}" in avoid:
            number += 1
        number += 1
        return f"x{number - 1}"

    return _Walk(choose).walk(term, {})
