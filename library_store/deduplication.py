"""Grouping statements that look alike.

`dedup_key` does not change when variables are renamed, when quantified variables or hypotheses change places, or when
the sides of a symmetric relation are swapped. It is looser than identity, and versioned: equal keys never mean equal
ids, and a key of one version says nothing about a key of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

from domain import App, Const, Fix, Forall, Lambda, Let, Match, Sort, Term, Var
from library_store.term_json import term_to_json
from term_algebra import children

DEDUP_VERSION = 1

SYMMETRIC = frozenset({"eq", "@eq", "Coq.Init.Logic.eq", "iff", "Coq.Init.Logic.iff", "Eq", "Iff", "HOL.eq"})
"""Relations whose last two arguments may be swapped."""

DEEPEST = 300
"""Nesting up to which look-alikes are recognised; deeper terms look like nothing but themselves."""

ALIKE = 0.85
"""Share of two texts that matches, from which LEGO-Prover takes them for one (its code, `ratio`)."""

_ROUNDS = 3
"""How often the colours of variables are refined by the colours of the variables around them."""


def alike(text: str, others: Iterable[str]) -> bool:
    """Whether `difflib` finds a text at least `ALIKE` to one of the others: LEGO-Prover's rule.

    It depends on the order of the two, and it knows nothing of meaning.
    """
    matcher = SequenceMatcher(None, autojunk=False)
    matcher.set_seq2(text)
    for other in others:
        matcher.set_seq1(other)
        bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)  # each at most the one before
        if all(bound() >= ALIKE for bound in bounds):
            return True
    return False


def dedup_key(term: Term) -> str:
    """32 hexadecimal digits; raises nothing, whatever the depth of the term."""
    return _digest("deep", term_to_json(term))[:32] if _is_deep(term) else _key(term)[:32]


def _is_deep(term: Term) -> bool:
    """Whether a term nests too deeply for functions that call themselves (a large numeral, say)."""
    level = [term]
    for _ in range(DEEPEST):
        level = [child for outer in level for child, _ in children(outer)]
        if not level:
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Free:
    """An occurrence of a quantified variable: its hash is that of its colour."""

    name: str


@dataclass(slots=True)
class _Node:
    """A part of a term in which quantified variables occur; of a `symmetric` one the last two parts have no order."""

    prefix: tuple[str, ...]
    parts: tuple[_Shape, ...]
    symmetric: bool
    names: frozenset[str]
    """The quantified variables that occur."""
    plain: str = ""
    """The hash with the colours of this round, none of them marked."""


_Shape: TypeAlias = "str | _Free | _Node"
"""A term whose parts without quantified variables are hashed already."""


def _key(term: Term) -> str:
    variables: list[tuple[str, Term]] = []
    hypotheses: list[Term] = []
    while isinstance(term, Forall):
        if term.name == "_":
            hypotheses.append(term.type)
        else:
            variables.append((term.name, term.type))
        term = term.body
    names = frozenset(name for name, _ in variables)
    types = [(name, _shape(of_type, names, {})) for name, of_type in variables]
    statements = [("False", _shape(one, names, {})) for one in hypotheses]
    statements.append(("True", _shape(term, names, {})))
    colours = dict.fromkeys(names, _digest("variable"))
    for _ in range(_ROUNDS if names else 0):
        hashes = _hashes(colours)
        plain = [_plain(shape, hashes) for _, shape in types]
        for _, shape in statements:
            _plain(shape, hashes)
        colours = {
            name: _digest(
                colours[name],
                hash_of_type,
                *sorted([_digest(final, _marked(part, name, hashes)) for final, part in statements]),
                *sorted([_marked(other, name, hashes) for _, other in types]),
            )
            for (name, _), hash_of_type in zip(types, plain, strict=True)
        }
    hashes = _hashes(colours)
    return _digest(
        *sorted(colours.values()),
        *sorted([_digest(final, _plain(part, hashes)) for final, part in statements]),
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


_MARK = _digest("free", "self")


def _hashes(colours: dict[str, str]) -> dict[str, str]:
    return {name: _digest("free", colour) for name, colour in colours.items()}


def _plain(shape: _Shape, hashes: dict[str, str]) -> str:
    """The hash of a term whose quantified variables have these hashes."""
    if isinstance(shape, str):
        return shape
    if isinstance(shape, _Free):
        return hashes[shape.name]
    shape.plain = _joined(shape, [_plain(part, hashes) for part in shape.parts])
    return shape.plain


def _marked(shape: _Shape, name: str, hashes: dict[str, str]) -> str:
    """The same, but for one of the variables, which is marked; `_plain` comes first."""
    if isinstance(shape, str):
        return shape
    if isinstance(shape, _Free):
        return _MARK if shape.name == name else hashes[shape.name]
    if name not in shape.names:
        return shape.plain
    return _joined(shape, [_marked(part, name, hashes) for part in shape.parts])


def _joined(node: _Node, parts: list[str]) -> str:
    if node.symmetric:
        parts[-2:] = sorted(parts[-2:])
    return _digest(*node.prefix, *parts)


def _shape(term: Term, variables: Collection[str], bound: dict[str, int], depth: int = 0) -> _Shape:
    """A term ready for hashing: a variable that the term binds is the depth of its binder."""

    def inside(part: Term, *names: str) -> _Shape:
        inner = bound | {name: depth + index for index, name in enumerate(names)} if names else bound
        return _shape(part, variables, inner, depth + len(names))

    def maybe(part: Term | None, *names: str) -> _Shape:
        return "" if part is None else inside(part, *names)

    match term:
        case Var(name) if name in bound:
            return _digest("bound", str(bound[name]))
        case Var(name):
            return _Free(name) if name in variables else _digest("free", name)
        case Const(name) | Sort(name):
            return _digest(type(term).__name__, name)
        case App(function, arguments):
            symmetric = isinstance(function, Const) and function.name in SYMMETRIC and len(arguments) > 1
            return _folded(("app",), inside(function), *map(inside, arguments), symmetric=symmetric)
        case Forall(name, of_type, body):
            return _folded(("forall",), inside(of_type), inside(body, name))
        case Lambda(name, of_type, body):
            return _folded(("fun",), inside(of_type), inside(body, name))
        case Let(name, value, of_type, body):
            return _folded(("let",), inside(value), maybe(of_type), inside(body, name))
        case Match(scrutinee, branches, returns, _, _):
            arms = [_folded((b.constructor,), inside(b.body, *b.variables)) for b in branches]
            return _folded(("match",), inside(scrutinee), maybe(returns, *_pattern_names(term)), *arms)
        case Fix(functions, chosen):
            names = tuple(f.name for f in functions)
            bodies = [
                inside(
                    App(Const("fix"), (*(of for _, of in f.parameters), f.type, f.body)),
                    *names,
                    *(parameter for parameter, _ in f.parameters),
                )
                for f in functions
            ]
            return _folded(("fix", str(names.index(chosen))), *bodies)


def _folded(prefix: tuple[str, ...], *parts: _Shape, symmetric: bool = False) -> _Shape:
    names = {part.name for part in parts if isinstance(part, _Free)}
    for part in parts:
        if isinstance(part, _Node):
            names |= part.names
    node = _Node(prefix, parts, symmetric, frozenset(names))
    return node if names else _plain(node, {})


def _pattern_names(term: Match) -> tuple[str, ...]:
    """Names that a match binds in its return type."""
    names = [] if term.as_name is None else [term.as_name]
    if isinstance(term.in_pattern, App):
        names += [argument.name for argument in term.in_pattern.arguments if isinstance(argument, Var)]
    return tuple(names)
