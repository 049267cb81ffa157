"""One hole: refute it, fill what the user left open in it, prove it afresh, or prove what it lacks first.

Invariant: every text that is offered was accepted by the warm prover up to `Qed`; it may still be refused when the
whole file is compiled (`judging`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from pipeline.development.project.document import Hole
from pipeline.development.search import theory
from pipeline.development.search.budget import Budget, Spent
from pipeline.development.search.context import Context, rests_on
from pipeline.development.search.helper_names import number_of, numbered, stem_of
from pipeline.development.search.levels import LEVELS
from pipeline.development.search.moves import view
from pipeline.development.search.premises import Premise, symbols_of
from pipeline.development.search.proof_search import Search
from pipeline.development.search.steps import Step, written
from verifiers.audit.rocq.filling import Filling, refusal
from verifiers.audit.rocq.layers import refuse_exact
from verifiers.audit.rocq.sentences import identifiers, normal_text, split
from verifiers.rocq.terms import render

if TYPE_CHECKING:  # neither is loaded unless a library or a model is asked for
    from pipeline.development.search.learned import Learned
    from pipeline.development.search.writing import Writer

READ_SHARE = 0.15
"""Share of a hole's seconds for reading what its statement rests on."""

TEST_SHARE = 0.1
"""Share of a hole's seconds for values that refute it."""

MEMORY_SHARE = 0.1
"""Share of a hole's seconds for the steps of other proofs."""

PARTIAL_SHARE = 0.3
"""Share of a hole's seconds for the gaps of a proof that the user has begun."""

SEARCH_SHARE = 0.6
"""Share of what is then left for a search without auxiliary lemmas."""

RETRY_SECONDS = 1.5
"""CPU seconds for the statement itself after each auxiliary lemma."""

LEARNED, LEARNED_SHARE = 8, 0.6
"""Lemmas of a run that are tried as auxiliary lemmas, and their share of what the search then left."""

CONJECTURES = 8
"""Auxiliary lemmas that are tried for one hole, best first."""

CONJECTURE_SECONDS = 1.5
"""CPU seconds for the proof of one of them."""

CONJECTURE_LEVELS = LEVELS[:5]
RETRY_LEVELS = LEVELS[:6]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a hole: a filling, values that refute it, the goals on which the search got stuck, or a fault."""

    filling: Filling | None = None
    counterexample: Mapping[str, str] | None = None
    stuck: tuple[str, ...] = ()
    tokens: int = 0
    fault: str = ""
    """What went wrong in this program, not in the file, if anything did."""


@dataclass(frozen=True, slots=True)
class Helper:
    """An auxiliary lemma with its proof, accepted by the warm prover."""

    name: str
    statement: str
    proof: Step

    @property
    def text(self) -> str:
        lines = "\n".join([f"  {line}" for line in written(self.proof).splitlines()])
        return f"Lemma {self.name} : {self.statement}.\nProof.\n{lines}\nQed."

    @property
    def premise(self) -> Premise:
        """It as a premise; its sides are taken to be such that it rewrites from left to right first."""
        return Premise(self.name, symbols_of(self.statement), left_size=2, right_size=1)


@dataclass
class Solver:
    """Works on one hole, above which the context stands."""

    context: Context
    hole: Hole
    seconds: float
    seed: int = 0
    writer: Writer | None = None
    learned: Learned | None = None
    helpers: list[Helper] = field(default_factory=list[Helper])

    def __post_init__(self) -> None:
        self._budget = Budget(self.context, self.seconds)
        self._begin = f"{self.hole.statement}\nProof."
        self._search: Search | None = None

    def run(self) -> Answer:
        """The answer, within the hole's CPU seconds (the last step may pass them)."""
        closed = theory.read_closed(self.context, self.hole, self.seconds * READ_SHARE)
        if closed is not None and not self.hole.in_functor:  # its parameters may say what no value does
            found = theory.counterexample(self.context, closed, self.seed, self.seconds * TEST_SHARE)
            if found is not None:
                return Answer(counterexample=found)
        self.context.aim(self.hole, self.seconds * MEMORY_SHARE)
        filling = self._found(closed)
        if filling is not None and rests_on(filling, self.context.unproved):
            filling = self._unconditional(closed) or filling
        tokens = 0
        if filling is None and self.writer is not None:
            filling, tokens = self._written(self.writer)
        if filling is not None:
            return Answer(filling, tokens=tokens)
        return Answer(stuck=self._stuck(), tokens=tokens)

    def _found(self, closed: theory.Closed | None) -> Filling | None:
        filling = self._within(self._partial, PARTIAL_SHARE) if self.hole.proof.strip() else None
        filling = filling or self._within(self._afresh, SEARCH_SHARE if closed is not None else 1.0)
        if filling is None and closed is not None and self.learned is not None:
            filling = self._within(partial(self._with_learned, closed, self.learned), LEARNED_SHARE)
        if filling is None and closed is not None:
            filling = self._within(partial(self._with_helpers, closed), 1.0)
        return filling or self._within(self._afresh, 1.0)

    def _unconditional(self, closed: theory.Closed | None) -> Filling | None:
        """A filling that rests on no hole without a proof, in the seconds that are left."""
        self.helpers.clear()
        self._search = None
        self.context.proved_only = True
        try:
            filling = self._found(closed)
        finally:
            self.context.proved_only = False
        return None if filling is not None and rests_on(filling, self.context.unproved) else filling

    def _within(self, attempt: Callable[[Budget], Filling | None], share: float) -> Filling | None:
        """An attempt with a share of the seconds that are left."""
        try:
            return attempt(Budget(self.context, self._budget.left * share))
        except Spent:
            return None

    # --------------------------------------------------------------------------------------------------- attempts

    def _afresh(self, budget: Budget) -> Filling | None:
        """A search without auxiliary lemmas, which goes on where it ran out of time, and then with other premises."""
        if self._search is None:
            self._search = Search(self.context, self._begin, budget)
        self._search.budget = budget
        step = self._search.run()
        while step is None and self._search.further():
            step = self._search.run()
        return self._accepted(written(step)) if step is not None else None

    def _partial(self, budget: Budget) -> Filling | None:
        """The user's own beginning, each of its `admit` replaced by a proof of that goal."""
        proof = self.hole.proof
        done, at = "", 0
        sentences = split(proof)
        if not any(_is_admit(one.text) for one in sentences):
            return None
        for sentence in sentences:
            if not _is_admit(sentence.text):
                continue
            done += proof[at : sentence.start]
            step = Search(self.context, f"{self._begin}\n{done}\n1: {{", budget).run()
            if step is None:
                return None
            column = len(done) - done.rfind("\n") - 1
            done += written(step, 4).replace("\n", "\n" + " " * column)
            at = sentence.end
        done += proof[at:]
        if any(one.text in ("admit", "give_up") for one in identifiers(done)):
            return None
        return self._accepted(done, verbatim=True)

    def _with_learned(self, closed: theory.Closed, learned: Learned, budget: Budget) -> Filling | None:
        """Lemmas of a run about the same definitions: those that are proved here too are premises of another search."""
        for term in learned.about(closed, LEARNED):
            helper = self.prove_helper(theory.readable(self.context, render(term)), budget)
            if helper is not None:
                self.helpers.append(helper)
        if not self.helpers:
            return None
        before = "\n".join([*(one.text for one in self.helpers), self._begin])
        step = Search(self.context, before, budget, extra=self._known).run(RETRY_LEVELS)
        return self._with_needed(step) if step is not None else None

    def _with_helpers(self, closed: theory.Closed, budget: Budget) -> Filling | None:
        """Auxiliary lemmas cut from the statement and its stuck goals; each that is proved may be what was missing."""
        for statement in theory.conjectures(self.context, closed, self.seed, CONJECTURES, budget.left / 2):
            budget.check()
            helper = self.prove_helper(theory.readable(self.context, statement), budget)
            if helper is None:
                continue
            self.helpers.append(helper)
            before = "\n".join([*(one.text for one in self.helpers), self._begin])
            retry = Budget(self.context, RETRY_SECONDS, budget)
            try:
                step = Search(self.context, before, retry, extra=self._known).run(RETRY_LEVELS)
            except Spent:
                continue
            if step is not None:
                return self._with_needed(step)
        return None

    def prove_helper(self, statement: str, budget: Budget) -> Helper | None:
        """An auxiliary lemma, if a short search proves it with those before it."""
        if refuse_exact(statement):  # a library that was read in may say anything
            return None
        taken = {one.text for one in identifiers(self.context.document.text)} | {one.name for one in self.helpers}
        stem = stem_of(self.context, statement) or self.hole.name
        last = max([number_of(one.name) for one in self.helpers], default=0)
        name = next(own for number in count(last + 1) if (own := numbered(stem, number)) not in taken)
        before = "\n".join([*(one.text for one in self.helpers), f"Lemma {name} : {statement}.\nProof."])
        own = Budget(self.context, CONJECTURE_SECONDS, budget)
        try:
            step = Search(self.context, before, own, extra=self._known).run(CONJECTURE_LEVELS)
        except Spent:
            return None
        return Helper(name, statement, step) if step is not None else None

    @property
    def _known(self) -> tuple[Premise, ...]:
        return tuple(helper.premise for helper in self.helpers)

    def _with_needed(self, step: Step) -> Filling | None:
        """The filling with the helpers that it names, directly or through others."""
        wanted = {one.text for one in identifiers(written(step))}
        needed: list[Helper] = []
        for helper in reversed(self.helpers):
            if helper.name in wanted:
                needed.insert(0, helper)
                wanted |= {one.text for one in identifiers(helper.text)}
        return self._accepted(written(step), [helper.text for helper in needed])

    def _written(self, writer: Writer) -> tuple[Filling | None, int]:
        """What the language model writes."""
        answers = writer.proofs(self.context.document, self.hole)
        for block in answers.blocks:
            filling = self._accepted(block)
            if filling is not None:
                return filling, answers.tokens
        return None, answers.tokens

    # --------------------------------------------------------------------------------------------------- the prover

    def _accepted(self, block: str, lemmas: Sequence[str] = (), *, verbatim: bool = False) -> Filling | None:
        """The filling, if the warm prover accepts it up to `Qed`."""
        filling = Filling(block, tuple(lemmas), verbatim)
        if refusal(filling, self.context.document.text):
            return None
        before = "\n".join([*lemmas, self._begin])
        outcome = self.context.session.run(f"{block}\nQed.", 10.0, before=before, goals=False)
        return filling if outcome.ok else None

    def _stuck(self) -> tuple[str, ...]:
        """Goals as people read them, where fewest are left: by an induction, unless all leave more than none does."""
        best: tuple[str, ...] | None = None
        for tactic in self._openings():
            text = f"intros. {tactic}simpl in *; try solve [auto | congruence | tauto]."
            outcome = self.context.session.run(text, 1.0, before=self._begin, in_full=False)
            if outcome.ok and outcome.goals and (best is None or len(outcome.goals) < len(best)):
                best = tuple(map(str, outcome.goals))
        return best or ()

    def _openings(self) -> list[str]:
        outcome = self.context.session.run("intros.", 1.0, before=self._begin)
        if not outcome.ok or not outcome.goals:
            return [""]
        return [*(f"induction {name}; " for name in view(outcome.goals[0]).variables), ""]


def _is_admit(sentence: str) -> bool:
    return re.fullmatch(r"(?:admit|give_up) ?\.", normal_text(sentence)) is not None
