"""What stands above a place of a file, loaded once into a warm prover and extended as work goes down the file.

Invariant: the session holds exactly the file's own text up to the place, in the file's own words: what is tried there
is tried in the surroundings in which it will be compiled.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from domain import OutsideError
from pipeline.development.project.document import Container, Document, Hole, Stated
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.search.memory import Memory
from pipeline.development.search.moves import SSREFLECT, View
from pipeline.development.search.names import Names
from pipeline.development.search.neighbours import is_lemma, nearest, used_in
from pipeline.development.search.premises import Elsewhere, Premise, as_one, equivalence, read_premise
from pipeline.development.search.questions import answers
from verifiers.audit.rocq.filling import Filling
from verifiers.audit.rocq.sentences import identifiers
from verifiers.audit.sandbox import GIBIBYTE, Limits
from verifiers.rocq.document import IN_FULL
from verifiers.rocq.session import Session

if TYPE_CHECKING:  # not loaded unless steps of other developments are asked for
    from pipeline.development.search.stored_steps import StoredSteps

OPTIONAL_TACTICS = (
    *("lia", "lra", "nia", "nra", "ring", "field", "btauto", "sfirstorder", "qauto", "sauto", SSREFLECT),
)
"""Tactics that are tried where the file has loaded them."""

OWN = 3
"""Lemmas of the file itself that are among the first premises, however many better ones other files have."""

NEARBY = 1.0
"""How much more a lemma counts that all proofs of statements like the hole use."""

REMEMBERED = 8
"""Tactics of other proofs that are told at a goal."""

MOST_EQUIVALENCES = 100
"""Proofs that a relation is an equivalence which are read."""

SEARCH_SECONDS = 1.0
"""CPU seconds in which the prover names what speaks of a symbol."""

CHECK_SECONDS = 1.0
"""CPU seconds in which the prover and this process read what is found so."""

_IN_FULL, _NAMES_ONLY = "\n".join(IN_FULL), "Set Search Output Name Only.\n"


class Refusal(NamedTuple):
    """A sentence of the file that the prover refuses, and the line where it begins."""

    line: int
    message: str


class Context:
    """A warm prover above a place of `document`, at first its beginning. Unless it `retrieves`, it tells no lemma.

    `false` and `unproved` are full names of holes, others from hole to hole: what is known to be false is never a
    premise, and what has no proof yet is none while `proved_only` holds. `given` are the names of lemmas that come
    first among the premises wherever they are in scope. `stored` are steps of other developments.
    """

    def __init__(
        self,
        copy: Copy,
        module: str,
        document: Document,
        seconds: float,
        memory_bytes: int,
        *,
        retrieves: bool = True,
        false: AbstractSet[str] = frozenset(),
        unproved: AbstractSet[str] = frozenset(),
        given: Sequence[str] = (),
        stored: StoredSteps | None = None,
    ) -> None:
        self.document = document
        self.proved_only = False
        self.unproved = unproved
        self.false = false
        self.filled: list[Hole] = []
        """Holes with the proofs that were found for them; they count like proofs that the file has."""
        self.stopped: Callable[[], bool] = lambda: False
        """Whether nobody waits for an answer any more: all seconds are over then."""
        self._retrieves = retrieves
        self._own_paths = copy.own_paths
        self.session = Session(
            Limits(memory_bytes=max(memory_bytes, GIBIBYTE), processes=32),
            sandbox=copy.sandbox,
            options=[*copy.options, "-top", module],
            readable=(copy.folder,),
            load_seconds=seconds,
        )
        self.tactics: frozenset[str] = frozenset()
        self.unfoldable: tuple[str, ...] = ()
        self._seconds = seconds
        self._at = 0
        self._premises: dict[tuple[str, tuple[Container, ...]], Premise | None] = {}
        self._frequency: Counter[str] = Counter()
        self._own: list[Premise] = []
        self._given_names = given
        self._given: list[Premise] = []
        self._found = Elsewhere(self._search, partial(self._check, seconds=CHECK_SECONDS))
        self._memory = Memory(stored, partial(self._answers, "Locate {}."))
        self.names = Names(partial(self._answers, before=_IN_FULL))
        self._nearby: dict[str, float] = {}
        """Lemmas that proofs of statements like the hole use, with what share of them does."""
        loaded = self.session.load("")
        if not loaded.ok:
            raise OutsideError(f"the prover does not start: {loaded.error}")

    def close(self) -> None:
        self.session.close()

    def advance(self, offset: int) -> Refusal | None:
        """Loads the file's text up to an offset; what the prover refuses of it, if anything."""
        text = self.document.text[self._at : offset]
        self.names.clear()
        refused = self._load(offset)
        if refused is not None:
            return refused
        if "Require" in text or "Import" in text or not self.tactics:
            self.tactics = self._available()
            self._found.clear()
            self._found.relations = self._equivalences()
        self._learn(offset)
        return None

    def aim(self, hole: Hole, seconds: float) -> None:
        """Learns from the finished proofs above that are most like this hole, until the next call.

        Lemmas that they use count more. So many CPU seconds at most are for the steps of these proofs.
        """
        self._nearby = {}
        self._memory.forget()
        if not self._retrieves:
            return
        near = nearest(self.document, hole, self.filled)
        used = used_in(near)
        seen = self._answers("Locate {}.", list(used))
        self._nearby = {name: used[name] for name, answer in seen if answer is not None and is_lemma(answer)}
        end = self.session.prover_seconds + seconds
        self._memory.learn(near, self.session.step, lambda: end - self.session.prover_seconds)

    def remembered(self, goal: View) -> list[str]:
        """Tactics that were used at goals like this one."""
        if not self._retrieves:
            return []
        told = self._memory.tactics(goal, REMEMBERED)
        return [tactic for tactic in told if not named_among(self._hidden, tactic)]

    def _load(self, offset: int) -> Refusal | None:
        text = self.document.text[self._at : offset]
        if text.strip():
            outcome = self.session.extend(text, self._seconds)
            if not outcome.ok:
                at = self._at + (outcome.failed_at or 0)
                return Refusal(self.document.line_of(at), self._own_paths(outcome.error))
        self._at = offset
        return None

    # ----------------------------------------------------------------------------------------------------- premises

    def premises(self, symbols: frozenset[str], most: int) -> list[Premise]:
        """The given lemmas, then those in scope that share most with these symbols, best first.

        A hole counts less than a lemma.
        """
        given = self.given
        if not self._retrieves:
            return given
        symbols = as_one(symbols)
        known = {premise.name for premise in given}
        near = self._shown([*self._found.read(self._nearby), *self._elsewhere(symbols), *self._own])
        found = {premise.name: premise for premise in near if premise.name not in known}
        ranked = sorted(found.values(), key=lambda premise: -self._score(premise, symbols))
        ranked = [premise for premise in ranked if self._score(premise, symbols) > 0]
        own = [premise for premise in ranked if premise in self._own][:OWN]
        first = dict.fromkeys([*ranked[:OWN], *own])
        return [*given, *[*first, *(premise for premise in ranked if premise not in first)][:most]]

    @property
    def given(self) -> list[Premise]:
        """The given lemmas that are in scope."""
        return self._shown(self._given)

    def _shown(self, premises: Iterable[Premise]) -> list[Premise]:
        """Without what is known to be false, and without what has no proof while that is no premise."""
        hidden = tuple(f".{name}" for name in self._hidden)
        return [one for one in premises if not any(name.endswith(f".{one.name}") for name in hidden)]

    @property
    def _hidden(self) -> AbstractSet[str]:
        return self.false | self.unproved if self.proved_only else self.false

    def _score(self, premise: Premise, symbols: frozenset[str]) -> float:
        shared = sum(self._weight(one) for one in premise.symbols & symbols)
        foreign = sum(self._weight(one) for one in premise.symbols - symbols)
        if not shared:
            return 0.0
        nearby = 1.0 + NEARBY * self._nearby.get(premise.name, 0.0)
        return shared / (0.3 + shared + foreign) * (0.8 if premise.is_hole else 1.0) * nearby

    def _weight(self, symbol: str) -> float:
        return 1.0 / (1.0 + math.log1p(self._frequency[symbol] + self._found.how_many(symbol)))

    def _learn(self, offset: int) -> None:
        """Reads the statements of the file that are in scope at an offset."""
        here = self.document.containers_at(offset)
        stated = [one for one in self.document.stated if one.end <= offset and _is_in_scope(one, here)]
        self.unfoldable = tuple(one.called_from(here) for one in stated if one.unfolds)
        lemmas = {one.called_from(here): one for one in stated if one.is_lemma}
        missing = [name for name in lemmas if (name, here) not in self._premises]
        for name, text in self._check(missing):
            premise = (
                read_premise(name, text, self.relations, is_hole=lemmas[name].is_hole) if text is not None else None
            )
            self._premises[name, here] = premise
        own = [self._premises[name, here] for name in lemmas]
        self._own = [premise for premise in own if premise is not None]
        told = self._check(self._given_names)
        self._given = [
            read_premise(name, text, self.relations, is_hole=False) for name, text in told if text is not None
        ]
        self._frequency = Counter(symbol for premise in self._own for symbol in premise.symbols)

    def _check(self, names: Sequence[str], seconds: float = math.inf) -> list[tuple[str, str | None]]:
        """Each name with the type that the prover prints in full, None for one that it does not know."""
        return self._answers("Check @{}.", names, before=_IN_FULL, seconds=seconds)

    def _answers(
        self, question: str, names: Sequence[str], before: str = "", seconds: float = math.inf
    ) -> list[tuple[str, str | None]]:
        return answers(self.session, question, names, before=before, limit=self._seconds, seconds=seconds)

    def _elsewhere(self, symbols: frozenset[str]) -> list[Premise]:
        known = {premise.name for premise in self._own}
        return [premise for premise in self._found.near(symbols) if premise.name not in known]

    def _search(self, symbol: str) -> list[str]:
        """The names of what speaks of a symbol."""
        outcome = self.session.run(f"Search {symbol}.", SEARCH_SECONDS, before=_NAMES_ONLY, goals=False)
        return [message.text.strip() for message in outcome.messages if message.level == "notice"]

    @property
    def relations(self) -> frozenset[str]:
        """The relations besides equality that are known here to be equivalences, by which one may rewrite."""
        return self._found.relations

    def _equivalences(self) -> frozenset[str]:
        names = self._search("headconcl:RelationClasses.Equivalence")[:MOST_EQUIVALENCES]
        found = {equivalence(printed) for _, printed in self._check(names) if printed is not None}
        return frozenset(one for one in found if one is not None) - {"eq", "iff"}

    def _available(self) -> frozenset[str]:
        """Which of the optional tactics the file has loaded here."""
        return frozenset(
            tactic
            for tactic in OPTIONAL_TACTICS
            if self.session.run(f"Ltac is_loaded := {tactic}.", 1.0, goals=False).ok
        )


def rests_on(filling: Filling, holes: Iterable[str]) -> bool:
    """Whether a filling names one of these holes."""
    return bool(named_among(holes, filling.block, *filling.lemmas))


def named_among(holes: Iterable[str], *texts: str) -> set[str]:
    """The holes that texts name; by their last names alone, so perhaps others of these names."""
    named = {one.text for text in texts for one in identifiers(text)}
    return {hole for hole in holes if hole.rpartition(".")[2] in named}


def _is_in_scope(stated: Stated, here: tuple[Container, ...]) -> bool:
    """Whether a statement can be named at a place: those of a closed functor cannot."""
    return not any(one.kind == "functor" and one not in here for one in stated.containers)
