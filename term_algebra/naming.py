"""Names that say what a lemma states, as a person would choose them: `app_assoc`, `rev_involutive`, `length_app`.

A law that has a name of its own gets it; any other statement is named after the functions of its conclusion, outermost
first. The name is a function of the statement alone. Statements that read alike have one name; the library numbers
them in the order in which it admits them (`library_store.admission`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from domain import App, Const, Forall, Term, Var
from term_algebra import apply, free_variables

_EQUALITIES = frozenset({"eq", "@eq", "Coq.Init.Logic.eq", "Eq", "HOL.eq"})
_TRUTHS = frozenset({"true", "Coq.Init.Datatypes.true", "Bool.true", "True"})
_FALSEHOODS = frozenset({"false", "Coq.Init.Datatypes.false", "Bool.false", "False"})
_SPOKEN = {"O": "0", "S": "succ"}
"""How names are read in the names of laws."""

_QUOTED = re.compile(r'"([^"]*)"')
_SYMBOL = re.compile(r"\\<\^?\w+>|::\s*[\w']+(?:\s+\w+)*")
_WORD = re.compile(r"(?<![\w'])[A-Za-z][\w']+")
_LOGIC = frozenset({"and", "forall", "exists", "fun", "in", "let", "if", "then", "else", "True", "False"})

LONGEST = 48
"""Characters of a name before its number."""


def statement_name(term: Term, readable: Mapping[str, str], types: Mapping[str, int]) -> str:
    """A name for a statement; it may be that of others too."""
    if isinstance(term, Const) and " " in term.name:
        return _named(_text_words(term.name))
    term = _without_types(term, types)
    hypotheses: list[Term] = []
    functions: set[str] = set()
    while isinstance(term, Forall):
        if term.name == "_":
            hypotheses.append(term.type)
        elif isinstance(term.type, Forall):
            functions.add(term.name)
        term = term.body
    law = _relation(hypotheses, term, readable)
    if law:
        return _named(law)
    words = _law(term, functions, readable) or _heads(term, readable)
    premises = dict.fromkeys(head for one in hypotheses for head in _heads(one, readable)[:1])
    if len(words) == 1 and not premises and words not in (["equation"], ["statement"]):
        return _named([*words, "eq" if _sides(term) else "holds"])
    new = [head for head in premises if len(words) == 1 or head not in words]
    return _named([*words, "if", *new] if new else words)


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


def _law(term: Term, functions: Collection[str], readable: Mapping[str, str]) -> list[str]:
    """The name of a well-known equation, in pieces, or []. `functions` are the variables for functions."""
    sides = _sides(term)
    if sides is None:
        return []
    left, right = sides
    law = _operation(left, right) or _operation(right, left) or _distribution(left, right, functions)
    return [_word(one, readable) for one in law]


def _operation(left: Term, right: Term) -> tuple[str, ...]:
    """A law of one operation: its name, and that of its unit if it has one, before the law's."""
    match left:
        case App(Const(f), (*_, Var(x), Var(y))) if x == y and right == Var(x):
            return f, "idempotent"
        case App(Const(f), (*_, Var(x), Var(y))) if x == y and isinstance(right, Const):
            return f, "refl" if right.name in _TRUTHS else "diag"
        case App(Const(f), (*_, Var(), Var())) if right == _swapped(left):
            return f, "comm" if right != left else "refl"
        case App(Const(f), (*_, App(Const(g), (*_, Var(x))))) if f == g and right == Var(x):
            return f, "involutive"
        case App(Const(f), (*_, App(Const(g), (*_, Var(x), Var(y))), Var(z))) if f == g and len({x, y, z}) == 3:
            if _arguments(right) == (f, Var(x), (f, Var(y), Var(z))):
                return f, "assoc"
            return (f, "right_comm") if right == _exchanged(left, y, z) else ()
        case App(Const(f), (*_, Var(x), App(Const(g), (*_, Var(y), Var(z))))) if f == g and len({x, y, z}) == 3:
            return (f, "left_comm") if right == _exchanged(left, x, y) else ()
        case App(Const(f), (*_, Var(x), Const(unit))) if right in (Var(x), Const(unit)):
            return f, unit, "r"
        case App(Const(f), (*_, Const(unit), Var(x))) if right in (Var(x), Const(unit)):
            return f, unit, "l"
        case _:
            return ()


def _distribution(left: Term, right: Term, functions: Collection[str]) -> tuple[str, ...]:
    """A law of how one function goes into another, its name behind those of both."""
    match left:
        case App(Const(f), (*_, Var(x), App(Const(c), (*_, _, _)) as inner)) if right == _spread(left, inner):
            return (f, c) if x in functions else (f, c, "distr_l")
        case App(Const(f), (*_, App(Const(c), (*_, _, _)) as inner, Var())) if right == _spread(left, inner):
            return f, c, "distr_r"
        case App(Const(f), (*_, App(Const(g), (*_, _, _)))) if f != g and _under(right, g, f) == 2:
            return f, g, "distr"
        case App(Const(f), (*_, Var(), App(Const(c), _))) if _under(right, c, f) == 1:
            return f, c, "r"
        case App(Const(f), (*_, App(Const(c), _), Var())) if _under(right, c, f) == 1:
            return f, c, "l"
        case App(Const(f), (*_, App(Const(g), (*_, Var(x), Var(y))))) if x != y and right == _exchanged(left, x, y):
            return f, g, "comm"
        case _:
            return ()


def _relation(hypotheses: list[Term], conclusion: Term, readable: Mapping[str, str]) -> list[str]:
    """The name of a well-known law of a relation or function under premises, in pieces, or []."""
    match [*map(_claim, hypotheses), _claim(conclusion)]:
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
        case [App(Const(f), (Var(x), Var(y))), App(Const(g), (App(Const(h), before), App(Const(i), behind)))] if (
            f == g and h == i and _differ(before, behind, x, y)
        ):
            return [_word(h, readable), _word(f, readable), "mono"]
        case [premise, last] if len(names := sorted(free_variables(premise))) == 2:
            if last == _exchanged(premise, *names):
                return [*_heads(premise, readable), "sym"]
            return [_word(one, readable) for one in _from_equation(hypotheses[0], conclusion)]
        case [_, _]:
            return [_word(one, readable) for one in _from_equation(hypotheses[0], conclusion)]
        case _:
            return []


def _from_equation(premise: Term, conclusion: Term) -> tuple[str, ...]:
    """A law of what follows from one equation, behind the name of its function."""
    match [_sides(premise), _sides(conclusion)]:
        case [(App(Const(f), before), App(Const(g), behind)), (Var(x), Var(y))] if f == g and x != y:
            if not _differ(before, behind, x, y):
                return ()
            return (f, "inj") if len(before) == 1 else (f, "cancel_l" if before[-1] == Var(x) else "cancel_r")
        case [(App(Const(f), (Var(x), Var(y))), Const(no)), (App(Const(g), (Var(u), Var(v))), Const(yes))] if f == g:
            total = (x, y) == (v, u) and no in _FALSEHOODS and yes in _TRUTHS
            return (f, "total") if total else ()
        case _:
            return ()


def _claim(term: Term) -> Term:
    """What is claimed: of `f x y = true`, `f x y`."""
    match _sides(term):
        case App() as left, Const(name) if name in _TRUTHS:
            return left
        case _:
            return term


def _differ(before: Sequence[Term], behind: Sequence[Term], x: str, y: str) -> bool:
    """Whether arguments differ in one place, where these variables stand."""
    if len(before) != len(behind):
        return False
    return [pair for pair in zip(before, behind, strict=True) if pair[0] != pair[1]] == [(Var(x), Var(y))]


def _exchanged(term: Term, x: str, y: str) -> Term:
    """A term with two of its variables in each other's place."""
    match term:
        case Var(name) if name in (x, y):
            return Var(y if name == x else x)
        case App(function, arguments):
            return App(function, tuple(_exchanged(one, x, y) for one in arguments))
        case _:
            return term


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


def _under(term: Term, outer: str, inner: str) -> int:
    """How many arguments are calls of `inner`, if a term is a call of `outer`."""
    match term:
        case App(Const(name), arguments) if name == outer:
            return sum(isinstance(one, App) and one.function == Const(inner) for one in arguments)
        case _:
            return 0


def _spread(call: App, inner: App) -> Term:
    """`f … (g x y)` as `g (f … x) (f … y)`."""

    def at(argument: Term) -> Term:
        return App(call.function, tuple(argument if one is inner else one for one in call.arguments))

    *types, left, right = inner.arguments
    return App(inner.function, (*types, at(left), at(right)))


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
    said = readable.get(name, name).rpartition(".")[2].removesuffix("'")
    return _SPOKEN.get(said, said)
