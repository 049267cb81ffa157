"""Proving one canonical statement: screen candidates in warm sessions, keep only the lemmas that are needed.

Invariant: nothing here accepts a proof. What is found was elaborated; the audit that follows decides, and a lemma
counts as needed only after the proof was seen to fail without it (design, invariant 8).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from domain import Candidate, Lemma, Problem, Verdict
from pipeline.ledger import Ledger
from pipeline.proposers.automation import Proof as ScriptProof
from pipeline.proposers.automation import Script, minimise, run_portfolio
from pipeline.proposers.theory import open_statement
from pipeline.repairing import repair_candidate
from pipeline.world import Ports, Statement, World

RESTART_SECONDS = 1.0
"""What a candidate that ran out of time costs its statement beside its own seconds: a new prover process."""


class Found(NamedTuple):
    """A proof that a warm session accepted: a tactic block in canonical names, and the lemmas that it needs."""

    proof: str
    lemmas: tuple[Lemma, ...]
    operator: str


class Screen:
    """Checks tactic blocks for one statement in a warm session, and notes what that cost and whose they were."""

    def __init__(
        self,
        world: World,
        ports: Ports,
        ledger: Ledger,
        statement: Statement,
        seconds: float = math.inf,
        *,
        by_model: bool = False,
    ) -> None:
        """`seconds` are CPU seconds of the prover after which no new candidate is checked."""
        self.left = seconds
        """CPU seconds of the prover that this statement may still take."""
        self.problem: Problem = world.goal(statement)
        self.preamble = world.preamble(statement.prelude_id)
        self.uses: tuple[str, ...] = ()
        """Canonical names of the lemmas on which the last candidate was seen to rest."""
        self._verifier = ports.verifier
        self._ledger = ledger
        self._by_model = by_model
        self._repair = world.settings.repair

    def verdict(self, proof: str, lemmas: Sequence[Lemma]) -> Verdict:
        """The verdict on a new candidate."""
        verdict = self._check(proof, lemmas)
        self.uses = verdict.uses
        self._ledger.proposed(verdict, by_model=self._by_model)
        return verdict

    def accepts(self, proof: str, lemmas: Sequence[Lemma], reserve: float = 0.0) -> bool:
        """Whether a new candidate is a proof; False unseen when no more than `reserve` CPU seconds are left."""
        return self.left > reserve and self.verdict(proof, lemmas).trust == "elaborated"

    def repaired(self, proof: str, lemmas: Sequence[Lemma], verdict: Verdict) -> str | None:
        """The text of a candidate with that verdict after repair by the prover's automation, or None."""
        settings = self._repair
        if verdict.verdict == "error" or self._ledger.counts["repair_tried"] >= settings.candidates:
            return None
        found = repair_candidate(self._verifier, self._candidate(proof, lemmas), settings)
        accepted = found.proof is not None
        self._ledger.tried_repair(found.seconds, verdict, repaired=accepted, by_model=self._by_model)
        return found.proof

    def mentions(self, lemmas: Sequence[Lemma]) -> None:
        """Notes the lemmas that the text of an accepted candidate names, needed or not."""
        self._ledger.mentioned.update(dict.fromkeys(lemma.id for lemma in lemmas))

    def replays(self, proof: str, lemmas: Sequence[Lemma]) -> bool:
        """Whether a proof that was found also goes through with these lemmas only; not a new candidate."""
        verdict = self._check(proof, lemmas)
        self._ledger.counts["replayed"] += 1
        self._ledger.prover_seconds += verdict.seconds
        return verdict.trust == "elaborated"

    def _candidate(self, proof: str, lemmas: Sequence[Lemma]) -> Candidate:
        return Candidate(self.problem, proof, tuple(lemmas), self.preamble)

    def _check(self, proof: str, lemmas: Sequence[Lemma]) -> Verdict:
        verdict = self._verifier.check([self._candidate(proof, lemmas)])[0]
        if verdict.verdict == "error":
            self._ledger.failed(verdict)
        self.left -= verdict.seconds + (RESTART_SECONDS if verdict.verdict == "timeout" else 0.0)
        return verdict


def by_automation(
    world: World,
    ports: Ports,
    ledger: Ledger,
    statement: Statement,
    lemmas: Sequence[Lemma],
    *,
    most: int,
    seconds: float,
    bare: bool = True,
) -> Found | None:
    """Tries the prover's own means.

    Args:
        world: of the run.
        ports: to the verifier.
        ledger: notes candidates and seconds.
        statement: what to prove.
        lemmas: that may be used.
        most: scripts tried, with and without lemmas each; 0 leaves automation out.
        seconds: CPU seconds of the prover after which no further script is tried.
        bare: whether to try without lemmas first; False when that is known to fail.
    """
    if not most:
        return None
    screen = Screen(world, ports, ledger, statement, seconds)
    found = _inductive(world, screen, statement, lemmas, most=most, bare=bare) if statement.reached or lemmas else None
    if found is None and (not statement.reached or world.preludes[statement.prelude_id]):
        found = _by_procedures(world, screen, world.preludes[statement.prelude_id]) if bare else None
    return found


def _inductive(
    world: World, screen: Screen, statement: Statement, lemmas: Sequence[Lemma], *, most: int, bare: bool
) -> Found | None:
    automation = world.dialect.automation(world.over(statement.prelude_id))
    selected = automation.select(statement.term, lemmas)
    kept_for_lemmas = screen.left / 2 if selected else 0.0

    def check(scripts: Sequence[Script]) -> list[bool]:
        accepted: list[bool] = []
        for script in scripts:
            reserve = 0.0 if script.uses_lemmas else kept_for_lemmas
            accepted.append(not any(accepted) and screen.accepts(script.text, script.uses_lemmas, reserve))
        return accepted

    def replay(scripts: Sequence[Script]) -> list[bool]:
        return [screen.replays(script.text, script.uses_lemmas) for script in scripts]

    if bare:
        result = run_portfolio(automation.scripts(statement.term), check, most=most)
        if isinstance(result, ScriptProof):
            return Found(result.script.text, (), "automation")
    if not selected:
        return None
    result = run_portfolio(automation.scripts(statement.term, selected), check, most=most)
    if not isinstance(result, ScriptProof):
        return None
    script = result.script
    screen.mentions(script.uses_lemmas)
    rested_on = tuple(lemma for lemma in script.uses_lemmas if lemma.canonical_name in screen.uses)
    narrow = automation.script(open_statement(statement.term), script.plan, rested_on)
    if replay([narrow])[0]:
        script = narrow
    script = minimise(script, statement.term, automation, replay)
    return Found(script.text, script.uses_lemmas, "automation")


def _by_procedures(world: World, screen: Screen, prelude: str) -> Found | None:
    for script in world.dialect.procedures(prelude):
        if screen.accepts(script, ()):
            return Found(script, (), "automation")
    return None


def needed_lemmas(screen: Screen, proof: str, lemmas: Sequence[Lemma]) -> tuple[Lemma, ...]:
    """The lemmas that a proof names and without which it fails."""
    named = [lemma for lemma in lemmas if re.search(rf"\b{lemma.canonical_name}\b", proof)]
    for lemma in list(named):
        rest = [other for other in named if other is not lemma]
        if screen.replays(proof, rest):
            named = rest
    return tuple(named)
