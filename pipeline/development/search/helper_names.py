"""What auxiliary lemmas are called: after what they state, `rev_app_distr_helper1`.

Invariant: the names of a file's auxiliary lemmas differ from each other and from all that the file mentions. Each ends
in `_helper` and a number, so that it hides nothing that another file speaks of (`verifiers.audit.rocq.filling`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import replace
from itertools import count

from domain import App, Forall, Sort, Term, Var
from pipeline.development.search.context import Context
from term_algebra import apply, constants, substitute
from term_algebra.naming import statement_name
from term_algebra.theory import head_name
from verifiers.audit.rocq.filling import Filling
from verifiers.audit.rocq.sentences import identifiers, rename
from verifiers.audit.words import ParseError
from verifiers.rocq.document import IN_FULL
from verifiers.rocq.terms import parse_typed

_NUMBERED = re.compile(r"(.*_helper)([0-9]+)")
_STATED = re.compile(r"Lemma ([\w']+)")

READ_SECONDS = 1.0
"""CPU seconds in which the prover prints a statement."""


def stem_of(context: Context, statement: str) -> str | None:
    """What a statement is about, in words; None where it is not understood."""
    asked = f"Check (fun _ : ({statement}) => I)."
    outcome = context.session.run(asked, READ_SECONDS, before="\n".join(IN_FULL), goals=False)
    told = [message.text for message in outcome.messages if message.level == "notice" and message.start >= 0]
    try:
        term = parse_typed(told[-1]).type if outcome.ok and told else None
    except ParseError:
        return None
    return statement_name(_without_types(term.type, frozenset()), {}, {}) if isinstance(term, Forall) else None


def numbered(stem: str, number: int) -> str:
    return f"{stem}_helper{number}"


def number_of(name: str) -> int:
    """The number of an auxiliary lemma."""
    return int(name.rpartition("_helper")[2])


def in_turn(names: Mapping[str, object]) -> dict[str, str]:
    """The names, which end in numbers, with these given out anew in order."""
    found = [one for one in map(_NUMBERED.fullmatch, names) if one is not None]
    numbers = sorted(int(one[2]) for one in found)
    return {one[0]: f"{one[1]}{number}" for one, number in zip(found, numbers, strict=True)}


def told_apart(fillings: Mapping[str, Filling], text: str) -> dict[str, Filling]:
    """The fillings of a file, in its order, with other numbers where two auxiliary lemmas have one name."""
    taken = {one.text for one in identifiers(text)}
    found: dict[str, Filling] = {}
    for hole, filling in fillings.items():
        table: dict[str, str] = {}
        for lemma in filling.lemmas:
            for name in _STATED.findall(lemma)[:1]:
                table[name] = _free(name, taken)
                taken.add(table[name])
        lemmas = tuple(rename(lemma, table) for lemma in filling.lemmas)
        found[hole] = replace(filling, block=rename(filling.block, table), lemmas=lemmas) if lemmas else filling
    return found


def _free(name: str, taken: Set[str]) -> str:
    cut = _NUMBERED.fullmatch(name)
    if name not in taken or cut is None:
        return name
    return next(own for number in count(1) if (own := f"{cut[1]}{number}") not in taken)


def _without_types(term: Term, types: frozenset[str]) -> Term:
    """A statement without the arguments that are variables for types."""
    match term:
        case Forall(name, of_type, body):
            inner = types | {name} if isinstance(of_type, Sort) else types - {name}
            return Forall(name, _without_types(of_type, types), _without_types(body, inner))
        case App(function, arguments):
            kept = [
                one
                for one in arguments
                if not isinstance(one, Sort) and not (isinstance(one, Var) and one.name in types)
            ]
            return apply(function, [_without_types(one, types) for one in kept])
        case _:
            return term


_LETTERS = {
    "list": ("l", "m", "k"),
    "nat": ("n", "m", "k"),
    "N": ("n", "m", "k"),
    "Z": ("n", "m", "k"),
    "bool": ("b", "c"),
}
_TYPES, _FUNCTIONS, _OTHERS = ("A", "B", "C", "D"), ("f", "g", "h"), ("x", "y", "z", "u", "v", "w")


def lettered(term: Term) -> Term:
    """A closed statement with the letters for its variables that people use, by their types."""
    binders: list[tuple[str, Term]] = []
    used = {name.rpartition(".")[2] for name in constants(term)}
    while isinstance(term, Forall):
        type_ = term.type
        letters = _TYPES if isinstance(type_, Sort) else _FUNCTIONS if isinstance(type_, Forall) else _OTHERS
        letters = _LETTERS.get(head_name(type_) or "", letters)
        numbered = (f"{letter}{number or ''}" for number in count() for letter in letters)
        name = next(letter for letter in numbered if letter not in used)
        used.add(name)
        binders.append((name, type_))
        term = substitute(term.body, {term.name: Var(name)})
    for name, type_ in reversed(binders):
        term = Forall(name, type_, term)
    return term
