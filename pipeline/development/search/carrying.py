"""A tactic that was used at one goal, in the names of another.

Hypotheses are replaced by those that play the same role: of the same type, or the most similar one, and standing in the
same places of the claim. Names that the tactic introduces give way to those that are taken.

Invariant: what is told here is a guess about what helps; a wrong one costs seconds, never a proof.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from pipeline.development.search.goal_features import spoken
from pipeline.development.search.moves import View
from verifiers.audit.rocq.sentences import Identifier, identifiers, rename
from verifiers.rocq.keywords import KEYWORDS

LONGEST = 200
"""Characters of a tactic that is remembered."""

NAME = re.compile(r"(?:[^\W\d]|_)[\w']*(?:\.(?:[^\W\d]|_)[\w']*)*")
"""A name of the prover's, perhaps with the modules that it stands in."""
_INTRODUCES = re.compile(r"\bintros?\b|\bas\b|\beqn ?:|=>|\b(?:assert|enough|have|set|pose|remember|cut) ?\(")
"""Behind this a tactic introduces names."""
_PATTERN = re.compile(r"[\s\[\]()|&,?*~!]*")
_ENDS = re.compile(r"\b(?:in|by|using|at|with|eqn|as|then)\b|[;:.=/]")


LEAST = 0.2
"""How like its role a hypothesis must be to stand in the place of another."""


class Taken(NamedTuple):
    """A tactic with the goal at which it was used."""

    goal: View
    tactic: str
    names: tuple[str, ...] = ()
    """Global names in it that may mean nothing elsewhere."""


class Role(NamedTuple):
    """A hypothesis with the text of its type, in which other hypotheses have no names, the words of that, and where
    the claim speaks of it."""

    name: str
    type: str
    words: frozenset[str]
    first: str
    places: frozenset[tuple[str, int]]

    def likeness(self, other: Role) -> float:
        """Between 0 and 2; below 1 their types differ in more than names of hypotheses, at 0 they share nothing."""
        places = len(self.places & other.places) / (len(self.places | other.places) or 1)
        if self.type == other.type:
            return 1.0 + places
        shared = len(self.words & other.words) / (len(self.words | other.words) or 1)
        return 0.4 * (self.first == other.first) + 0.4 * shared + 0.1 * places * bool(shared)


def carried_over(taken: Taken, goal: View) -> str | None:
    """A tactic in the names of another goal; None where that has nothing in the place of a hypothesis."""
    theirs, tactic = taken.goal, taken.tactic
    said = identifiers(tactic)
    words = {one.text for one in said}
    named = words & {name for name, _ in theirs.hypotheses}
    table = _matched(theirs, goal, named) if named else {}
    if not named <= table.keys():
        return None
    present = {name for name, _ in goal.hypotheses}
    for name in sorted((introduced(tactic, said) - named) & present):
        table[name] = _fresh(name, present | words | set(table.values()))
    return rename(tactic, table) if table else tactic


def _matched(theirs: View, goal: View, named: set[str]) -> dict[str, str]:
    """For hypotheses that are named, and those of their kind, the one of another goal in their role, each for one."""
    kinds = {role.first for role in roles(theirs) if role.name in named}
    rivals = [role for role in roles(theirs) if role.first in kinds]
    here = roles(goal)
    pairs = [
        (-mine.likeness(other), mine.name != other.name, at, to)
        for at, mine in enumerate(rivals)
        for to, other in enumerate(here)
    ]
    found: dict[str, str] = {}
    given: set[int] = set()
    for likeness, _, at, to in sorted(pairs):
        if -likeness >= LEAST and rivals[at].name not in found and to not in given:
            found[rivals[at].name] = here[to].name
            given.add(to)
    return {name: other for name, other in found.items() if name in named}


def introduced(tactic: str, said: list[Identifier]) -> set[str]:
    """The names that a tactic introduces: by `intros`, in patterns, for what it asserts."""
    found: set[str] = set()
    terms = re.search(r"\b(?:fun|match)\b", tactic) is not None
    for begin in _INTRODUCES.finditer(tactic):
        if terms and begin.group() == "=>":
            continue
        at = begin.end()
        for one in said:
            if one.start < at:
                continue
            if one.text in KEYWORDS or not _PATTERN.fullmatch(tactic, at, one.start):
                break
            found.add(one.text)
            at = one.end
    return found


@lru_cache(maxsize=2_000)
def roles(goal: View) -> tuple[Role, ...]:
    """The hypotheses of a goal, in order."""
    local = {name for name, _ in goal.hypotheses}
    places: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    for one in spoken(goal.conclusion):
        if one.name in local:
            places[one.name].add(("_" if one.under in local else one.under, one.argument))
    return tuple(_role(name, type_, local, frozenset(places[name])) for name, type_ in goal.hypotheses)


def _role(name: str, type_: str, local: set[str], places: frozenset[tuple[str, int]]) -> Role:
    text = NAME.sub(lambda word: "_" if word.group() in local else word.group(), type_)
    words = [word for word in NAME.findall(text) if word != "_"]
    return Role(name, text, frozenset(words), words[0] if words else "", places)


def _fresh(name: str, taken: set[str]) -> str:
    """A name like another that is not taken."""
    stem = name.rstrip("0123456789'") or name
    return next(one for one in _numbered(stem) if one not in taken)


def _numbered(stem: str) -> Iterator[str]:
    number = 0
    while True:
        yield f"{stem}{number}"
        number += 1
