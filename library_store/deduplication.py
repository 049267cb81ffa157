"""Grouping statements that look alike.

`dedup_key` does not change when variables are renamed, when quantified variables or hypotheses change places, or when
the sides of a symmetric relation are swapped. It is looser than identity, and versioned: equal keys never mean equal
ids, and a key of one version says nothing about a key of another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from difflib import SequenceMatcher

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

    It depends on the order of the two, and it knows nothing of meaning; a pair costs up to a millisecond.
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


def _key(term: Term) -> str:
    variables: list[tuple[str, Term]] = []
    hypotheses: list[Term] = []
    while isinstance(term, Forall):
        if term.name == "_":
            hypotheses.append(term.type)
        else:
            variables.append((term.name, term.type))
        term = term.body
    statements = [*((False, h) for h in hypotheses), (True, term)]
    colours = {name: _digest("variable") for name, _ in variables}
    for _ in range(_ROUNDS):
        colours = {
            name: _digest(
                colours[name],
                _hash(of_type, colours, {}),
                *sorted(_digest(str(final), _hash(part, colours | {name: "self"}, {})) for final, part in statements),
                *sorted(_hash(other, colours | {name: "self"}, {}) for _, other in variables),
            )
            for name, of_type in variables
        }
    return _digest(
        *sorted(colours.values()),
        *sorted(_digest(str(final), _hash(part, colours, {})) for final, part in statements),
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _hash(term: Term, colours: dict[str, str], bound: dict[str, int], depth: int = 0) -> str:
    """A hash of a term in which free variables are their colours and bound ones the depth of their binder."""

    def inside(part: Term, *names: str) -> str:
        inner = bound | {name: depth + index for index, name in enumerate(names)} if names else bound
        return _hash(part, colours, inner, depth + len(names))

    def maybe(part: Term | None, *names: str) -> str:
        return "" if part is None else inside(part, *names)

    match term:
        case Var(name):
            return _digest("bound", str(bound[name])) if name in bound else _digest("free", colours.get(name, name))
        case Const(name) | Sort(name):
            return _digest(type(term).__name__, name)
        case App(Const(name) as head, (*others, left, right)) if name in SYMMETRIC:
            return _digest("app", inside(head), *map(inside, others), *sorted((inside(left), inside(right))))
        case App(function, arguments):
            return _digest("app", inside(function), *map(inside, arguments))
        case Forall(name, of_type, body):
            return _digest("forall", inside(of_type), inside(body, name))
        case Lambda(name, of_type, body):
            return _digest("fun", inside(of_type), inside(body, name))
        case Let(name, value, of_type, body):
            return _digest("let", inside(value), maybe(of_type), inside(body, name))
        case Match(scrutinee, branches, returns, _, _):
            arms = [_digest(b.constructor, inside(b.body, *b.variables)) for b in branches]
            scope = _pattern_names(term)
            return _digest("match", inside(scrutinee), maybe(returns, *scope), *arms)
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
            return _digest("fix", str(names.index(chosen)), *bodies)


def _pattern_names(term: Match) -> tuple[str, ...]:
    """Names that a match binds in its return type."""
    names = [] if term.as_name is None else [term.as_name]
    if isinstance(term.in_pattern, App):
        names += [argument.name for argument in term.in_pattern.arguments if isinstance(argument, Var)]
    return tuple(names)
