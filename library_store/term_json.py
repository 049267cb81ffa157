"""Terms as JSON text, and back.

The text is a flat array of nodes in post-order: a node refers to its parts by their positions, the last node is the
whole term, and equal subterms are written once. Neither direction recurses, so a numeral of ten thousand successors
is as good as any other term.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Literal, cast

from domain import App, Branch, Const, Fix, FixFunction, Forall, Lambda, Let, Match, Sort, Term, Var
from term_algebra import children, read_json


def term_to_json(term: Term) -> str:
    nodes: list[str] = []
    positions: dict[str, int] = {}
    seen: dict[int, int] = {}  # by object, so that a term which shares its parts is not walked as a tree
    results: list[int] = []
    work: list[tuple[Term, int]] = [(term, -1)]
    while work:
        current, parts = work.pop()
        at = seen.get(id(current))
        if at is not None:
            results.append(at)
            continue
        if parts < 0:
            inner = _parts(current)
            if inner:
                work.append((current, len(inner)))
                work.extend([(part, -1) for part in reversed(inner)])
                continue
            parts = 0
        start = len(results) - parts
        node = _node(current, results[start:])
        del results[start:]
        at = positions.get(node)
        if at is None:
            at = positions[node] = len(nodes)
            nodes.append(node)
        results.append(at)
        seen[id(current)] = at
    return f"[{','.join(nodes)}]"


def term_from_json(text: str | Sequence[Any]) -> Term:
    """The term of a text made by `term_to_json`, or of the array that the text stands for."""
    nodes: Sequence[Any] = read_json(text) if isinstance(text, str) else text
    terms: list[Term] = []
    for node in nodes:
        terms.append(_term(cast("list[Any]", node), terms))
    return terms[-1]


def _parts(term: Term) -> Sequence[Term]:
    """The immediate subterms, the pattern of a match last."""
    if isinstance(term, (Var, Const, Sort)):
        return ()
    if isinstance(term, App):
        return (term.function, *term.arguments)
    parts = [child for child, _ in children(term)]
    return [*parts, term.in_pattern] if isinstance(term, Match) and term.in_pattern is not None else parts


def _node(term: Term, at: list[int]) -> str:
    """The text of a node whose parts are at these positions."""
    match term:
        case App():
            return f'["app",{",".join(map(str, at))}]'
        case Var(name):
            return f'["var",{encode_basestring(name)}]'
        case Const(name):
            return f'["const",{encode_basestring(name)}]'
        case Sort(name):
            return f'["sort",{encode_basestring(name)}]'
        case Forall(name):
            return f'["forall",{encode_basestring(name)},{at[0]},{at[1]}]'
        case Lambda(name):
            return f'["fun",{encode_basestring(name)},{at[0]},{at[1]}]'
        case _:
            return json.dumps(_large_node(term, at), ensure_ascii=False, separators=(",", ":"))


def _large_node(term: Let | Match | Fix, at: list[int]) -> list[Any]:
    match term:
        case Let(name):
            return ["let", name, at[0], at[-1], *([] if term.type is None else [at[1]])]
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


@lru_cache(1 << 16)
def _leaf(kind: Literal["var", "const", "sort"], name: str) -> Term:
    """One object for all variables, constants or sorts of one name: most of a library's memory is terms."""
    return {"var": Var, "const": Const, "sort": Sort}[kind](name)


def _term(node: list[Any], terms: list[Term]) -> Term:
    def at(position: int | None) -> Term | None:
        return None if position is None else terms[position]

    kind = node[0] if node else None
    if kind == "app" and len(node) > 1:
        return App(terms[node[1]], tuple([terms[position] for position in node[2:]]))
    if len(node) == 2 and (kind == "var" or kind == "const" or kind == "sort") and isinstance(node[1], str):
        return _leaf(kind, node[1])
    match node:
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
