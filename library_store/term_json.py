"""Terms as JSON text, and back.

The text is a flat array of nodes in post-order: a node refers to its parts by their positions, the last node is the
whole term, and equal subterms are written once. Neither direction recurses, so a numeral of ten thousand successors
is as good as any other term.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from domain import App, Branch, Const, Fix, FixFunction, Forall, Lambda, Let, Match, Sort, Term, Var
from term_algebra import children


def term_to_json(term: Term) -> str:
    nodes: list[list[Any]] = []
    positions: dict[str, int] = {}
    seen: dict[int, int] = {}  # by object, so that a term which shares its parts is not walked as a tree
    results: list[int] = []
    work: list[tuple[Term, bool]] = [(term, False)]
    while work:
        current, ready = work.pop()
        if id(current) in seen:
            results.append(seen[id(current)])
            continue
        inner = _parts(current)
        if inner and not ready:
            work.append((current, True))
            work.extend((part, False) for part in reversed(inner))
            continue
        start = len(results) - len(inner)
        node = _node(current, results[start:])
        del results[start:]
        key = json.dumps(node, ensure_ascii=False)
        if key not in positions:
            positions[key] = len(nodes)
            nodes.append(node)
        results.append(positions[key])
        seen[id(current)] = positions[key]
    return json.dumps(nodes, ensure_ascii=False, separators=(",", ":"))


def term_from_json(text: str | Sequence[Any]) -> Term:
    """The term of a text made by `term_to_json`, or of the array that the text stands for."""
    nodes: Sequence[Any] = json.loads(text) if isinstance(text, str) else text
    terms: list[Term] = []
    for node in nodes:
        terms.append(_term(cast("list[Any]", node), terms))
    return terms[-1]


def _parts(term: Term) -> list[Term]:
    """The immediate subterms, the pattern of a match last."""
    parts = [child for child, _ in children(term)]
    return [*parts, term.in_pattern] if isinstance(term, Match) and term.in_pattern is not None else parts


def _node(term: Term, at: list[int]) -> list[Any]:
    match term:
        case Var(name):
            return ["var", name]
        case Const(name):
            return ["const", name]
        case Sort(name):
            return ["sort", name]
        case App():
            return ["app", *at]
        case Forall(name, _, _):
            return ["forall", name, *at]
        case Lambda(name, _, _):
            return ["fun", name, *at]
        case Let(name, _, type, _):
            return ["let", name, at[0], at[-1], *([] if type is None else [at[1]])]
        case Match(_, branches, returns, as_name, in_pattern):
            rest = iter(at[1:])
            returned = None if returns is None else next(rest)
            arms = [[branch.constructor, list(branch.variables), next(rest)] for branch in branches]
            return ["match", at[0], arms, returned, as_name, None if in_pattern is None else next(rest)]
        case Fix(functions, chosen):
            rest = iter(at)
            return [
                "fix",
                [
                    [f.name, [[p, next(rest)] for p, _ in f.parameters], f.structural, next(rest), next(rest)]
                    for f in functions
                ],
                chosen,
            ]


def _term(node: list[Any], terms: list[Term]) -> Term:
    def at(position: int | None) -> Term | None:
        return None if position is None else terms[position]

    match node:
        case ["var", name]:
            return Var(name)
        case ["const", name]:
            return Const(name)
        case ["sort", name]:
            return Sort(name)
        case ["app", function, *arguments]:
            return App(terms[function], tuple(terms[position] for position in arguments))
        case ["forall", name, type, body]:
            return Forall(name, terms[type], terms[body])
        case ["fun", name, type, body]:
            return Lambda(name, terms[type], terms[body])
        case ["let", name, value, body, *type]:
            return Let(name, terms[value], terms[type[0]] if type else None, terms[body])
        case ["match", scrutinee, arms, returns, as_name, in_pattern]:
            branches = tuple(Branch(constructor, tuple(names), terms[body]) for constructor, names, body in arms)
            return Match(terms[scrutinee], branches, at(returns), as_name, at(in_pattern))
        case ["fix", functions, chosen]:
            return Fix(
                tuple(
                    FixFunction(
                        name, tuple((p, terms[of]) for p, of in parameters), structural, terms[of_type], terms[body]
                    )
                    for name, parameters, structural, of_type, body in functions
                ),
                chosen,
            )
        case _:
            raise ValueError(f"not a node of a term: {node!r}")
