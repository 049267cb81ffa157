"""Names that say what a lemma states, as a person would choose them: `app_assoc`, `rev_involutive`, `length_app`.

A law that has a name of its own gets it; any other statement is named after the functions of its conclusion, outermost
first. Names are given in the order of admission and a name that is taken gets a number, so a lemma keeps its name while
the library grows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from domain import App, Const, Forall, Lemma, Term, Var
from term_algebra import apply

_EQUALITIES = frozenset({"eq", "@eq", "Coq.Init.Logic.eq", "Eq", "HOL.eq"})
_TRUTHS = frozenset({"true", "Coq.Init.Datatypes.true", "Bool.true", "True"})

_QUOTED = re.compile(r'"([^"]*)"')
_SYMBOL = re.compile(r"\\<\^?\w+>|::\s*[\w']+(?:\s+\w+)*")
_WORD = re.compile(r"(?<![\w'])[A-Za-z][\w']+")
_LOGIC = frozenset({"and", "forall", "exists", "fun", "in", "let", "if", "then", "else", "True", "False"})

LONGEST = 48
"""Characters of a name before its number."""


def lemma_names(
    lemmas: Iterable[Lemma], readable: Mapping[str, str], types: Mapping[str, int], taken: Iterable[str]
) -> dict[str, str]:
    """Id → name, each unlike the others and those in `taken`.

    `readable` are the names of constants, `types` says how many types each is applied to first.
    """
    used = set(taken)
    found: dict[str, str] = {}
    for lemma in lemmas:
        name = stem = statement_name(lemma.term, readable, types)
        number = 1
        while name in used:
            number += 1
            name = f"{stem}_{number}"
        used.add(name)
        found[lemma.id] = name
    return found


def statement_name(term: Term, readable: Mapping[str, str], types: Mapping[str, int]) -> str:
    """A name for a statement; it may be that of others too."""
    if isinstance(term, Const) and " " in term.name:
        return _named(_text_words(term.name))
    term = _without_types(term, types)
    hypotheses: list[Term] = []
    while isinstance(term, Forall):
        if term.name == "_":
            hypotheses.append(term.type)
        term = term.body
    law = _relation(hypotheses, term, readable)
    if law:
        return _named(law)
    words = _law(term, readable) or _heads(term, readable)
    if hypotheses:
        words += ["if", *dict.fromkeys(head for one in hypotheses for head in _heads(one, readable)[:1])]
    return _named(words)


def _named(words: Iterable[str]) -> str:
    name = re.sub(r"[^\w']+", "_", "_".join(words)).strip("_")[:LONGEST].rstrip("_")
    return name if re.match(r"[^\W\d]", name) else f"lemma_{name}".rstrip("_")


def _text_words(text: str) -> list[str]:
    """Of a statement in its author's words: the functions that its last quoted proposition begins with.

    What is applied to something counts as a function, as far as a text shows that.
    """
    quoted = _QUOTED.findall(text)
    said = _SYMBOL.sub(" ", quoted[-1] if quoted else text)
    words = [word for word in _WORD.findall(said) if word not in _LOGIC]
    applied = list(dict.fromkeys(word for word in words if re.search(rf"(?<![\w']){re.escape(word)} [\w('\[]", said)))
    return (applied or list(dict.fromkeys(words)))[:4] or ["statement"]


def _without_types(term: Term, types: Mapping[str, int]) -> Term:
    match term:
        case Forall(name, of_type, body):
            return Forall(name, _without_types(of_type, types), _without_types(body, types))
        case App(function, arguments):
            kept = arguments[types.get(function.name, 0) :] if isinstance(function, Const) else arguments
            return apply(function, [_without_types(one, types) for one in kept])
        case _:
            return term


def _law(term: Term, readable: Mapping[str, str]) -> list[str]:
    """The name of a well-known law, in pieces, or []."""
    sides = _sides(term)
    if sides is None:
        return []
    for left, right in (sides, sides[::-1]):
        match left:
            case App(Const(f), (*_, Var(x), Var(y))) if right == _swapped(left):
                return [_word(f, readable), "comm" if x != y else "refl"]
            case App(Const(f), (*_, Var(x), Var(y))) if x == y and right == Var(x):
                return [_word(f, readable), "idempotent"]
            case App(Const(f), (*_, Var(x), Var(y))) if x == y and isinstance(right, Const):
                return [_word(f, readable), "refl" if right.name in _TRUTHS else "same"]
            case App(Const(f), (*_, App(Const(g), (*_, Var(x))))) if f == g and right == Var(x):
                return [_word(f, readable), "involutive"]
            case App(Const(f), (*_, App(Const(g), (*_, Var(x), Var(y))), Var(z))) if f == g and len({x, y, z}) == 3:
                if _arguments(right) == (f, Var(x), (f, Var(y), Var(z))):
                    return [_word(f, readable), "assoc"]
            case App(Const(f), (*_, Var(x), Const(unit))) if right == Var(x):
                return [_word(f, readable), _word(unit, readable), "r"]
            case App(Const(f), (*_, Const(unit), Var(x))) if right == Var(x):
                return [_word(f, readable), _word(unit, readable), "l"]
            case _:
                pass
    left, right = sides
    match left:
        case App(Const(f), (*_, Var(), App(Const(c), _))) if _under(right, c, f):
            return [_word(f, readable), _word(c, readable), "r"]
        case App(Const(f), (*_, App(Const(c), _), Var())) if _under(right, c, f):
            return [_word(f, readable), _word(c, readable), "l"]
        case App(Const(f), (*_, App(Const(g), (*_, _, _)))) if f != g and _under(right, g, f):
            return [_word(f, readable), _word(g, readable), "distr"]
        case _:
            return []


def _relation(hypotheses: list[Term], conclusion: Term, readable: Mapping[str, str]) -> list[str]:
    """The name of a well-known law of a relation, in pieces, or []."""
    match [*hypotheses, conclusion]:
        case [App(Const(f), (Var(x), Var(y))), App(Const(g), (Var(u), Var(v)))] if f == g and (x, y) == (v, u):
            return [_word(f, readable), "sym"]
        case [
            App(Const(f), (Var(x), Var(y))),
            App(Const(g), (Var(u), Var(v))),
            App(Const(h), (Var(p), Var(q))),
        ] if f == g == h and ((y == u and (p, q) == (x, v)) or (v == x and (p, q) == (u, y))):
            return [_word(f, readable), "trans"]
        case [App(Const(f), (Var(x), Var(y))), App(Const(g), (Var(u), Var(v))), last] if f == g and (x, y) == (v, u):
            return [_word(f, readable), "antisym"] if _sides(last) in ((Var(x), Var(y)), (Var(y), Var(x))) else []
        case _:
            return []


def _sides(term: Term) -> tuple[Term, Term] | None:
    match term:
        case App(Const(name), (*_, left, right)) if name in _EQUALITIES:
            return left, right
        case _:
            return None


def _swapped(term: App) -> Term:
    *others, left, right = term.arguments
    return App(term.function, (*others, right, left))


def _arguments(term: Term) -> tuple[object, ...] | None:
    """`f x (f y z)` as (f, x, (f, y, z)), whatever type arguments stand before."""
    match term:
        case App(Const(f), (*_, left, App(Const(g), (*_, middle, right)))) if f == g:
            return f, left, (g, middle, right)
        case _:
            return None


def _under(term: Term, outer: str, inner: str) -> bool:
    """Whether a term is `outer … (inner …) …`."""
    match term:
        case App(Const(name), arguments) if name == outer:
            return any(isinstance(one, App) and one.function == Const(inner) for one in arguments)
        case _:
            return False


def _heads(term: Term, readable: Mapping[str, str]) -> list[str]:
    """The functions on the way into a statement: of an equation, those of its left side, then the right one's."""
    sides = _sides(term)
    if sides is None:
        return _spine(term, readable) or ["statement"]
    left, right = sides
    words = _spine(left, readable)
    if isinstance(right, Const) and right.name in _TRUTHS:
        return words or ["statement"]
    if len(words) < 2:
        words += [word for word in _spine(right, readable)[:2] if word not in words]
    return words or ["equation"]


def _spine(term: Term, readable: Mapping[str, str]) -> list[str]:
    """A function and the functions that its arguments begin with."""
    match term:
        case Const(name):
            return [_word(name, readable)]
        case App(Const(name), arguments):
            inner = [_head(one, readable) for one in arguments if isinstance(one, App)]
            return list(dict.fromkeys([_word(name, readable), *[word for word in inner if word]]))[:4]
        case _:
            return []


def _head(term: Term, readable: Mapping[str, str]) -> str:
    match term:
        case Const(name) | App(Const(name), _):
            return _word(name, readable)
        case _:
            return ""


def _word(name: str, readable: Mapping[str, str]) -> str:
    return readable.get(name, name.rpartition(".")[2] if "." in name else name)
