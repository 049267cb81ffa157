"""Conditional proofs: a proof may rest on conjectures, and only those that it needs are proved.

Exploration finds far more that holds than anybody needs, and to prove it all costs more than anything else in a run. A
warm session assumes lemmas in any case; so where the library's lemmas do not suffice, it may assume open requests too:
what exploration found and what stuck goals asked for, tested on values, not proved. Of a proof that goes through, the
conjectures that it needs, after it was minimised, are proved next, in the same way; where one cannot be proved, another
proof is sought without it. How much is tried for each of these is an `Effort` of `stages.ORDER`.

Invariants: nothing is accepted under a condition. A conjecture enters the library by an audited proof of its own,
before what rests on it. None is assumed in its own proof, nor in the proof of one that it is needed for, so there is no
circle.

What is assumed for a problem depends on earlier rounds alone, but for what was refuted or failed often since; proofs of
conjectures use the library of the moment, so that no two attempts prove the same. Which of two workers is faster can
therefore decide what a round solves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from domain import Lemma, Term
from library_store.attempts import Request
from library_store.deduplication import dedup_key
from pipeline.loop.admit import Draft, Origin, admit_together
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.prove import Proof, Search
from pipeline.loop.retrieve import retrieve
from pipeline.loop.stages import ALL, DERIVED, DERIVING, FEW, FIRST, ORDER, Effort, Stage
from pipeline.proposers.conjecture.testing import Tester
from term_algebra import size

DEPTH = 3
"""How many conjectures may wait for one another's proofs."""

PROOFS = 3
"""Conditional proofs that are sought for one statement, each without the conjectures that failed the one before."""

ASSUMED = 200
"""Conjectures that are retrieved for one statement; automation selects among them."""

ALIKE = 300
"""Valuations whose values repeat each other that a conjecture must stand before its proof is sought."""

GROWTH = 8
"""By how many symbols a conjecture may be larger than the conjecture for whose proof it is assumed."""


@dataclass
class ConditionalProofs:
    """The conditional proofs of one step.

    `over` are ids of the definitions in sight, `until` a limit of `log.prover_seconds`.
    """

    context: RunContext
    log: AttemptLog
    over: Sequence[str]
    until: float = 0.0
    patient: bool = False
    """Whether what the quick limit stopped is worth another run in conditional proofs, since all else failed before."""
    stuck: Sequence[Term] = ()
    """Goals on which automation got stuck in the statement of this step."""
    failed: set[str] = field(default_factory=set[str])
    """Ids of the conjectures that could not be proved in this step: none of them is assumed again."""
    _drafts: dict[str, Draft] = field(default_factory=dict[str, Draft], init=False)
    """Conjectures that were proved and wait for their audits, each after those on which it rests."""
    _false: set[str] = field(default_factory=set[str], init=False)
    """Those of `failed` that values refute: whatever the effort, they are not assumed again."""

    @property
    def left(self) -> float:
        """CPU seconds of the prover."""
        return self.until - self.log.prover_seconds

    def assumable(
        self, statement: CanonicalStatement, at_round: int | None = None, largest: int | None = None
    ) -> list[Lemma]:
        """Requests of rounds up to `at_round` that may help with a statement, as lemmas, best first.

        Those are left out that failed often, and those with more than `largest` symbols. One that was answered in the
        meantime is still among them, so what is assumed does not depend on which worker was faster.
        """
        if self.context.settings.retrieval.visibility == "none":
            return []
        found: list[Request] = self.context.library.assumable(
            statement.term, self.over, statement.prelude_id, ASSUMED, at_round=at_round
        )
        tries = self.context.settings.evolve.request_tries
        likely = [one for one in found if one.status == "answered" or (one.status == "open" and one.tries < tries)]
        fitting = [one for one in likely if largest is None or size(one.term) <= largest]
        same = dedup_key(statement.term)
        return [one.assumed() for one in fitting if one.id != statement.id and dedup_key(one.term) != same]

    def smaller(self, statement: CanonicalStatement) -> list[Lemma]:
        """What may be assumed for a statement that is no problem: only what is hardly larger."""
        return self.assumable(statement, largest=size(statement.term) + GROWTH)

    def prove(
        self, search: Search, statement: CanonicalStatement, lemmas: Sequence[Lemma], assumed: Sequence[Lemma]
    ) -> Proof | None:
        """A proof by the means of `stages.ORDER`: stages of `search`, and efforts in which `assumed` are assumed."""
        for means in ORDER:
            if isinstance(means, Stage):
                search.screen.left = min(search.screen.left, self.left)
                found = search.run(means)
            elif means.patient and not self.patient:
                continue
            else:
                if means in (FEW, ALL):  # what failed with fewer scripts may be assumed again
                    self.failed = set(self._false)
                found = self.search(statement, lemmas, assumed, means)
            if found is not None:
                return found
        return None

    def search(
        self,
        statement: CanonicalStatement,
        lemmas: Sequence[Lemma],
        assumed: Sequence[Lemma],
        effort: Effort = ALL,
        pending: frozenset[str] = frozenset(),
        depth: int = DEPTH,
    ) -> Proof | None:
        """A proof of a statement, all that it needs being lemmas now.

        Args:
            statement: what to prove.
            lemmas: that a proof may use.
            assumed: conjectures that it may use.
            effort: what is tried.
            pending: ids of the statements that wait for this proof; neither they nor lemmas that state them are used.
            depth: how many more may wait.
        """
        waiting = pending | {statement.id}
        barred = waiting | {lemma.id for lemma in lemmas}
        for _ in range(PROOFS):
            usable = [one for one in assumed if one.id not in barred | self.failed]
            if not usable or self.left <= 0:
                return None
            settings = self.context.settings
            search = Search(
                self.context,
                self.log,
                statement,
                [*lemmas, *usable],
                most=settings.prove.scripts if effort.patient else settings.evolve.scripts,
                seconds=self.left / 2 if effort.patient else min(self.left, settings.evolve.cpu_seconds),
                bare=False,
                stuck=() if pending else self.stuck,
            )
            found = search.run(*effort.stages)
            if found is None:
                return None
            unproved = [one for one in found.lemmas if not one.proof]
            if any(list(map(self._refuted, unproved))):
                continue
            proved = all(self._prove(one, effort, waiting, depth) for one in unproved)
            if not pending:
                self._admit()
                proved = proved and all(self.context.library.known([one.id for one in unproved]))
            if proved:
                ids = [lemma.id for lemma in found.lemmas]
                self.log.retrieved.update(dict.fromkeys(ids))
                self.log.mentioned.update(dict.fromkeys(ids))
                return self._with_lemmas(found)
        return None

    def _with_lemmas(self, found: Proof) -> Proof:
        """With the lemmas that conjectures have become; without its script where that rests on one that has not."""
        script = found.script
        if script is not None and not all(self._known(lemma.id) for lemma in script.lemmas):
            script = None
        script = script and self._with_lemmas(script)
        given = self.context.library.get_lemmas([one.id for one in found.lemmas if one.id not in self._drafts])
        table = {one.id: one for one in given}
        lemmas = tuple(table.get(one.id, one) for one in found.lemmas)
        return found._replace(lemmas=lemmas, script=script)

    def _known(self, identity: str) -> bool:
        """Whether a statement is a lemma, or was proved and waits for its audit."""
        return identity in self._drafts or all(self.context.library.known([identity]))

    def _admit(self) -> None:
        """Offers what was proved to the library, together."""
        drafts, self._drafts = list(self._drafts.values()), {}
        admitted = admit_together(self.context, self.log, drafts) if drafts else []
        self.failed |= {draft.statement.id for draft, one in zip(drafts, admitted, strict=True) if one is None}

    def _refuted(self, conjecture: Lemma) -> bool:
        """Whether more values than were tried before show that a conjecture is false: it is not assumed again."""
        if self._known(conjecture.id):
            return False
        found = self._tester.test(conjecture.term, alike=ALIKE).counterexample
        if found is None:
            return False
        self.failed.add(conjecture.id)
        self._false.add(conjecture.id)
        if found.certain:
            self.context.library.close_request(conjecture.id, "refuted")
        return True

    @cached_property
    def _tester(self) -> Tester:
        return Tester([self.context.definitions[identity] for identity in self.over])

    def _prove(self, conjecture: Lemma, effort: Effort, pending: frozenset[str], depth: int) -> bool:
        """Whether a conjecture, for which the statements `pending` wait, is a lemma in the end."""
        context, log = self.context, self.log
        if self._known(conjecture.id):
            return True
        if self.left <= 0:
            context.library.want(conjecture.id)
            return False
        statement = CanonicalStatement.of(conjecture)
        near = retrieve(context, statement, self.over, context.settings.prove.lemmas)
        lemmas = [one for one in near if one.id not in pending]
        most, seconds = context.settings.evolve.scripts, min(self.left, context.settings.evolve.cpu_seconds)
        search = Search(context, log, statement, lemmas, most=most, seconds=seconds)
        found = search.run(DERIVED)
        if found is None and depth:
            found = self.search(statement, lemmas, self.smaller(statement), DERIVING, pending, depth - 1)
        if found is None:
            found = search.run(FIRST)
        if found is None and depth and effort != DERIVING:
            below = ALL if effort.for_conjectures else FEW
            found = self.search(statement, lemmas, self.smaller(statement), below, pending, depth - 1)
        if found is None:
            search.screen.left = min(search.screen.left, self.left)
            found = search.run(*effort.for_conjectures)
        if found is not None:
            origin = Origin(conjecture.operator, conjecture.origin_kind, conjecture.origins, (conjecture.id,))
            self._drafts[conjecture.id] = Draft(statement, found, origin)
            return True
        self.failed.add(conjecture.id)
        if self.left <= 0:
            context.library.want(conjecture.id)
        elif effort.for_conjectures:
            context.library.count_try(conjecture.id)
        return False
