"""Steps of finished proofs near a hole, told again at goals like those at which they were taken.

The proofs are replayed where the hole stands, and each tactic is remembered with its goal. At another goal, the tactics
of the nearest remembered goals are told, with the hypotheses that they name replaced by those of the same role here: of
the same type, or the most similar one (online nearest neighbours over steps are what Tactician has: Blaauwbroek, Urban
and Geuvers, CICM 2020).

Invariant: what is told here is a guess about what helps; a wrong one costs seconds, never a proof.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from pipeline.development.search.moves import View, view
from pipeline.development.search.neighbours import Likeness, Neighbour
from pipeline.development.search.premises import bound_names, symbols_of
from verifiers.audit.rocq.sentences import identifiers, normal_text, rename, split
from verifiers.rocq.document import GoalText, Outcome

STEP_SECONDS = 0.5
"""CPU seconds of one step of a replay; a proof is left at one that takes longer."""

LONGEST = 200
"""Characters of a tactic that is remembered."""

_NO_TACTIC = re.compile(r"[-+*{}]|\d+ ?:|all ?:|par ?:|Proof\b|[A-Z]")
"""What a sentence of a proof begins with that is no tactic: bullets, braces, selectors, commands."""

Runs = Callable[[tuple[str, ...], str, float], Outcome]
"""Runs a sentence behind others, for so many CPU seconds, with its goals printed in full."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A tactic with the goal at which it was used."""

    goal: View
    features: frozenset[str]
    tactic: str


class Memory:
    """The steps of some proofs."""

    def __init__(self) -> None:
        self._taken: list[Taken] = []
        self._likeness = Likeness([])
        self._told: dict[View, list[str]] = {}

    def learn(self, neighbours: Iterable[Neighbour], run: Runs, left: Callable[[], float]) -> None:
        """Replays proofs, nearest first, while seconds are left; what does not replay here is left out."""
        for one in neighbours:
            statement = rename(one.proved.statement, {one.proved.name: f"{one.proved.name}_again"})
            before: tuple[str, ...] = (statement,)
            goals: tuple[GoalText, ...] = ()
            for sentence in ("Proof.", *(each.text for each in split(one.proved.proof))):
                if left() <= 0:
                    break
                outcome = run(before, sentence, STEP_SECONDS)
                if not outcome.ok:
                    break
                text = normal_text(sentence).removesuffix(".").rstrip()
                if goals and len(text) <= LONGEST and not _NO_TACTIC.match(text):
                    shown = view(goals[0])
                    self._taken.append(Taken(shown, features(shown), text))
                before, goals = (*before, sentence), outcome.goals[: outcome.focused]
        self._likeness = Likeness(taken.features for taken in self._taken)

    def tactics(self, goal: View, most: int) -> list[str]:
        """The tactics taken at the goals most like this one, in its own names, nearest first."""
        if goal not in self._told:
            self._told[goal] = self._nearest(goal, most)
        return self._told[goal]

    def _nearest(self, goal: View, most: int) -> list[str]:
        own = features(goal)
        ranked = sorted(self._taken, key=lambda taken: -self._likeness(taken.features, own))
        found: dict[str, None] = {}
        for taken in ranked:
            if len(found) == most:
                break
            tactic = _carried_over(taken, goal)
            if tactic is not None:
                found[tactic] = None
        return list(found)


def features(goal: View) -> frozenset[str]:
    """The global names of a goal, those in hypotheses apart, and the pairs of names next to each other in its claim."""
    names = [name for name, _ in goal.hypotheses]
    inside = _words(goal.conclusion, names)
    above = [word for _, type_ in goal.hypotheses for word in _words(type_, names)]
    pairs = [f"{one} {other}" for one, other in pairwise(inside)]
    return frozenset((*inside, *pairs, *(f"above {word}" for word in above)))


def _words(text: str, names: list[str]) -> list[str]:
    known = symbols_of(text, [*bound_names(text), *names])
    return [word.text for word in identifiers(text) if word.text in known]


def _carried_over(taken: Taken, goal: View) -> str | None:
    """A tactic with the hypotheses of another goal in place of those that it names; None if there are none."""
    theirs = {name for name, _ in taken.goal.hypotheses}
    named = {word.text for word in identifiers(taken.tactic)} & theirs
    if not named:
        return taken.tactic
    table: dict[str, str] = {}
    free = list(_roles(goal))
    for role in _roles(taken.goal):
        best = max(free, key=lambda one: (role.likeness(one), one.name == role.name), default=None)
        if best is not None and role.likeness(best) > 0:
            table[role.name] = best.name
            free.remove(best)
    return rename(taken.tactic, table) if named <= table.keys() else None


class _Role(NamedTuple):
    """A hypothesis with the text of its type, in which other hypotheses have no names, and the words of that."""

    name: str
    type: str
    words: tuple[str, ...]

    def likeness(self, other: _Role) -> float:
        """Between 0 and 1, which says that they differ in names of hypotheses alone."""
        if self.type == other.type:
            return 1.0
        shared = len({*self.words} & {*other.words}) / (len({*self.words, *other.words}) or 1)
        return 0.45 * (self.words[:1] == other.words[:1]) + 0.45 * shared


@lru_cache(maxsize=500)
def _roles(goal: View) -> tuple[_Role, ...]:
    nameless = dict.fromkeys((name for name, _ in goal.hypotheses), "_")
    types = [(name, rename(type_, nameless)) for name, type_ in goal.hypotheses]
    return tuple(
        _Role(name, text, tuple(word.text for word in identifiers(text) if word.text != "_")) for name, text in types
    )
