"""The names in a prompt: short ones for library lemmas and variables, and the way back to canonical names.

Invariant: what `Naming` renames is one name for another, everywhere in a text, so a proof stays the same proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count

from domain import Const, Forall, Lemma, Sort, Term
from verifiers.answers import PromptLanguage


@dataclass(frozen=True, slots=True)
class Naming:
    """Between the names in a prompt and canonical names.

    `table` maps a name that the prompt shows to the canonical one. `introduces` are the binders that stand before the
    colon of the author's statement: the author's proof finds them introduced, a canonical one has to introduce them.
    """

    table: Mapping[str, str]
    introduces: tuple[str, ...]
    language: PromptLanguage

    def proof(self, text: str) -> str:
        """A proof from an answer, for the canonical statement."""
        canonical = self.statement(text)
        return self.language.introduce(canonical, self.introduces) if self.introduces else canonical

    def statement(self, text: str) -> str:
        """A statement from an answer, in canonical names."""
        return self.language.rename(text, self.table)


def aliases(lemmas: Iterable[Lemma], avoid: set[str]) -> dict[str, str]:
    """Canonical name → a short name that nothing in the problem has."""
    free = (name for name in (f"lemma_{number}" for number in count(1)) if name not in avoid)
    return {lemma.canonical_name: next(free) for lemma in lemmas}


def letters_of(term: Term, taken: set[str]) -> dict[str, str]:
    """Short names for the variables x0, x1, … that a statement begins with, and for their induction hypotheses.

    A small model writes far better proofs about `n` than about `x0`. Types get capital letters.
    """
    small = iter([letter for letter in "nmkpqrstuvwabcdefgh" if letter not in taken])
    capital = iter([letter for letter in "ABCDE" if letter not in taken])
    table: dict[str, str] = {}
    while isinstance(term, Forall):
        letter = next(capital if isinstance(term.type, Sort) else small, None) if term.name != "_" else None
        if letter is not None:
            table |= {term.name: letter, **{ours: theirs for theirs, ours in _hypotheses(letter, term.name).items()}}
        term = term.body
    return table


def author_naming(statement: str, term: Term, table: Mapping[str, str], language: PromptLanguage) -> Naming:
    """For a statement that is shown as its author wrote it: its binders are those that `term` begins with."""
    before, after = binders_of(statement)
    chain = _chain(term)
    table = dict(table)
    for name, canonical in zip([*before, *after], chain, strict=False):
        if name in after and canonical != "_":
            table |= {name: canonical, **_hypotheses(name, canonical)}
    known = isinstance(term, Const) or len(before) <= len(chain)  # a constant holds the author's own words
    return Naming(table, tuple(before) if known else (), language)


def _hypotheses(name: str, canonical: str) -> dict[str, str]:
    """The names that induction on a variable gives its hypotheses: one, or several that are numbered."""
    return {f"IH{name}": f"IH{canonical}"} | {f"IH{name}{k}": f"IH{canonical}_{k}" for k in (1, 2, 3)}


def _chain(term: Term) -> list[str]:
    names: list[str] = []
    while isinstance(term, Forall):
        names.append(term.name)
        term = term.body
    return names


_NAME = re.compile(r"[^\W\d][\w']*")


def binders_of(statement: str) -> tuple[list[str], list[str]]:
    """The names bound before the colon of a statement, and those of the `forall`s that it then begins with."""
    head = re.match(r"\s*\w+\s+[^\W\d][\w']*", statement)
    before, at = _bound(statement, head.end() if head else 0, until=":")
    after: list[str] = []
    while quantifier := re.compile(r"[\s:,]*(?:forall\b|∀)").match(statement, at):
        names, at = _bound(statement, quantifier.end(), until=",")
        after += names
    return before, after


def _bound(text: str, at: int, *, until: str) -> tuple[list[str], int]:
    """The names of binders like `x y (a b : T) {c}` or `x y : T`, up to `until` outside brackets, and where that is."""
    names: list[str] = []
    depth, typed = 0, 0
    """`typed` is 1 + the depth of the colon after which names belong to a type, or 0."""
    while at < len(text):
        character = text[at]
        if depth == 0 and character == until:
            break
        if found := _NAME.match(text, at):
            if not typed:
                names.append(found.group())
            at = found.end()
            continue
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            typed = typed if typed <= depth + 1 else 0
        elif character == ":" and not typed:
            typed = depth + 1
        at += 1
    return names, at
