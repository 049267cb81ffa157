"""What a run asks of the library: every method reads, none changes anything.

They run in the process of the library's one writer and are called by name through its actor, so what they return is
small and typed. Retired lemmas are in every answer that does not say otherwise, since proofs may rest on them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from domain import Definition, Lemma, Term
from library_store import graph
from library_store.attempts import Request
from library_store.deduplication import alike
from library_store.retrieval.hybrid import HybridIndex, Ranking
from library_store.retrieval.lexical import Retrieved, statement_tokens
from library_store.schema import ProblemState
from library_store.state import State, Step
from library_store.tables import after_uses


class RecordedRound(NamedTuple):
    """What is recorded of a round and those before it."""

    open_problems: tuple[str, ...]
    steps: tuple[Step, ...]
    """The attempts of this round."""
    tried: Mapping[str, int]
    """How often each target had an attempt, in any round."""
    tokens: int
    """What the model wrote, in all rounds."""
    attempt_seconds: tuple[float, ...]
    """CPU seconds of each attempt at a problem by automation, in all rounds."""


class LibraryReader(State):
    """The library as its readers see it."""

    # ------------------------------------------------------------------------------------------------- the whole of it

    def current_round(self) -> int:
        return self.round

    def all_notices(self) -> list[str]:
        """Lines about what was mended while the library was opened."""
        return list(self.notices)

    def all_definitions(self) -> dict[str, Definition]:
        return dict(self.definitions)

    def all_lemmas(self) -> list[Lemma]:
        """Each after those that its proof uses."""
        return after_uses(self.lemmas)

    def all_problems(self) -> dict[str, ProblemState]:
        return dict(self.problems)

    def recorded_round(self, number: int) -> RecordedRound:
        waiting = tuple(name for name, state in self.problems.items() if state.status == "open")
        steps = tuple(self.steps[number])
        return RecordedRound(waiting, steps, dict(self.attempts_on), self.tokens_out, tuple(self.attempt_seconds))

    def charged_seconds(self) -> float:
        """CPU seconds that the sessions of a run were charged for so far."""
        return self.charged[max(self.charged)] if self.charged else 0.0

    def stopped_seconds(self) -> float:
        """Those of sessions that stopped in the round under way, so that they are in no metric yet."""
        if self.round not in self.charged:
            return 0.0
        earlier = max((number for number in self.charged if number < self.round), default=0)
        return self.charged[self.round] - self.charged.get(earlier, 0.0) - self.measured[self.round]

    # ---------------------------------------------------------------------------------------------------- by identity

    def get_lemma(self, identity: str) -> Lemma:
        return self.lemmas[identity]

    def get_lemmas(self, identities: Iterable[str]) -> list[Lemma]:
        return [self.lemmas[identity] for identity in identities]

    def get_request(self, identity: str) -> Request:
        return self.requests[identity]

    def known(self, identities: Iterable[str]) -> list[bool]:
        """Which of these statements are lemmas already that no recheck refused."""
        return [identity in self.lemmas and not self.refused(identity) for identity in identities]

    def admitted_by(self, identities: Iterable[str], at_round: int) -> list[str]:
        """Those of these statements that were lemmas after a round."""
        return [one for one in identities if one in self.lemmas and self.lemmas[one].round <= at_round]

    def found_by(self, identity: str, at_round: int) -> list[Lemma] | None:
        """The lemma with this statement and those that its proof uses, if rounds 1 to `at_round` found it."""
        lemma = self.lemmas.get(identity)
        if lemma is None or not 1 <= lemma.round <= at_round or self.refused(identity):
            return None
        return [lemma, *self.get_lemmas(lemma.uses)]

    def tries(self, target: str) -> int:
        """How many steps worked on a problem, request, lemma or signature."""
        return self.attempts_on[target]

    def reads_like_another(self, identity: str, text: str) -> bool:
        """Whether another lemma's statement and proof are almost this text, as LEGO-Prover counts it."""
        return alike(text, (f"{one.statement}\n{one.proof}" for one in self.lemmas.values() if one.id != identity))

    # ------------------------------------------------------------------------------------------ who rests on what

    def closure(self, names_or_ids: Iterable[str]) -> list[Lemma]:
        """These lemmas and all that their proofs use, each after those it uses; KeyError for a name that is unknown."""
        wanted: list[str] = []
        for name in names_or_ids:
            lemma = self.lemma_of(name)
            if lemma is None:
                raise KeyError(name)
            wanted.append(lemma.id)
        return self.get_lemmas(graph.closure(self.graph, wanted))

    def is_used(self, lemma_id: str) -> bool:
        """Whether a proof of a lemma or problem uses it."""
        return next(graph.users(self.graph, lemma_id), None) is not None

    def resting_on(self, lemma_id: str) -> set[str]:
        """Ids of the lemmas, and nodes of the problems, whose proofs use a lemma, directly or through others."""
        return graph.resting_on(self.graph, [lemma_id])

    def unrefused(self) -> list[Lemma]:
        """All lemmas but those that a recheck refused, each after those that its proof uses."""
        return [lemma for lemma in self.all_lemmas() if not self.refused(lemma.id)]

    def on_refused(self) -> list[str]:
        """The lemmas whose proofs rest on one that a recheck refused, and that are not refused themselves."""
        resting = self._resting_on_refused()
        return [identity for identity in self.lemmas if identity in resting and not self.refused(identity)]

    def proved_on_refused(self) -> list[str]:
        """The proved problems whose proofs rest on a lemma that a recheck refused."""
        resting = self._resting_on_refused()
        return [
            name
            for name, state in self.problems.items()
            if state.status == "proved" and graph.node_of("problem", name) in resting
        ]

    def _resting_on_refused(self) -> set[str]:
        return graph.resting_on(self.graph, [identity for identity in self.lemmas if self.refused(identity)])

    def in_use(self, born: int) -> list[Lemma]:
        """Those that entered in a round and are not retired."""
        return [lemma for lemma in self.lemmas.values() if lemma.round == born and lemma.retired_by is None]

    def unused(self, born: int) -> list[Lemma]:
        """Those of round 1 or later that entered in this one, that no proof uses and that stand for no other lemma."""
        general = {lemma.retired_by for lemma in self.lemmas.values()}
        found = self.in_use(born) if born else []
        return [lemma for lemma in found if not self.is_used(lemma.id) and lemma.id not in general]

    # ------------------------------------------------------------------------------------------------------ retrieval

    def visible(self, prelude_id: str, definition_ids: Collection[str], at_round: int) -> list[Lemma]:
        """The lemmas in retrieval that speak of these definitions alone, in order of admission."""
        known = frozenset(definition_ids)
        return [
            lemma
            for lemma in self.lemmas.values()
            if lemma.retired_by is None
            and lemma.prelude_id == prelude_id
            and lemma.round <= at_round
            and known.issuperset(lemma.definition_ids)
        ]

    def retrieve(
        self,
        statement: Term,
        definition_ids: Collection[str],
        prelude_id: str,
        k: int,
        *,
        at_round: int | None = None,
        rankings: Collection[Ranking] = ("lexical",),
        without: str = "",
    ) -> list[Retrieved]:
        """The `k` best lemmas for a statement among those not retired.

        By BM25 alone, see `LemmaIndex.retrieve`; with other `rankings`, see `HybridIndex.retrieve`.
        """
        tokens = statement_tokens(statement)
        if tuple(rankings) == ("lexical",):
            return self._index.retrieve(tokens, definition_ids, prelude_id, k, at_round=at_round)
        if self._hybrid is None:
            self._hybrid = HybridIndex(self._index)
            for lemma in self.lemmas.values():
                self._add_proof_of_lemma(self._hybrid, lemma)
            for name, state in self.problems.items():
                self._add_proof_of_problem(self._hybrid, state, self._proved_in[name])
        return self._hybrid.retrieve(
            tokens, definition_ids, prelude_id, k, rankings, at_round=at_round, without=without
        )

    def assumable(
        self,
        statement: Term,
        definition_ids: Collection[str],
        prelude_id: str,
        k: int,
        *,
        at_round: int | None = None,
    ) -> list[Request]:
        """The `k` best requests for a statement that hold as far as is known, whether they are lemmas by now or not."""
        found = self._statements_asked_for.retrieve(
            statement_tokens(statement), definition_ids, prelude_id, k, at_round=at_round
        )
        return [self.requests[one.lemma.id] for one in found]
