"""Proving one canonical statement: screen candidates in warm sessions, keep only the lemmas that are needed.

Invariant: nothing here accepts a proof. What is found was elaborated; the audit that follows decides, and a lemma
counts as needed only after the proof was seen to fail without it (design, invariant 8).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from domain import Candidate, Lemma, Problem, Term, Verdict
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.repair import repair_candidate
from pipeline.loop.stages import PROCEDURES, Stage
from pipeline.proposers.automation import saturation
from pipeline.proposers.automation.portfolio import minimise
from term_algebra.theory import open_statement
from verifiers.scripts import Script

CLOSEST = 8
"""Lemmas of the selected ones that are also tried alone: more of them can take a proof astray."""

SMALLEST = 5, 12
"""How many of the smallest lemmas a saturation prover chooses among first."""

AS_LONG, MOMENT = 2.0, 0.1
"""A lemma is needed if without it the proof fails or takes more than twice the time and 0.1 CPU seconds."""


PLAIN_SECONDS = 0.5
"""CPU seconds in which a proof that was found says its steps, and in which these have to go through."""


class Proof(NamedTuple):
    """A proof that a warm session accepted: a tactic block in canonical names, and the lemmas that it needs."""

    proof: str
    lemmas: tuple[Lemma, ...]
    source: str
    """What made it, as the library's column `operator` names it."""
    script: Proof | None = None
    """The script that found it, where the proof is said in other words: what else may be audited."""


class Screen:
    """Checks tactic blocks for one statement in a warm session, and notes what that cost and whose they were."""

    def __init__(
        self,
        context: RunContext,
        log: AttemptLog,
        statement: CanonicalStatement,
        seconds: float = math.inf,
        *,
        by_model: bool = False,
    ) -> None:
        """`seconds` are CPU seconds of the prover after which no new candidate is checked."""
        self.left = seconds
        """CPU seconds of the prover that this statement may still take."""
        self.problem: Problem = context.goal(statement)
        self.preamble = context.preamble(statement.prelude_id)
        self.uses: tuple[str, ...] = ()
        """Canonical names of the lemmas on which the last candidate was seen to rest."""
        self._verifier = context.verifier
        self._log = log
        self._by_model = by_model
        self._repair = context.settings.repair

    def verdict(self, proof: str, lemmas: Sequence[Lemma], seconds: float | None = None) -> Verdict:
        """The verdict on a new candidate, within `seconds` of CPU time instead of the settings' limit."""
        verdict = self._check(proof, lemmas, seconds)
        self.uses = verdict.uses
        self._log.proposed(verdict, by_model=self._by_model)
        return verdict

    def accepts(self, proof: str, lemmas: Sequence[Lemma]) -> bool:
        """Whether a new candidate is a proof; False unseen when no CPU seconds are left."""
        return self.left > 0 and self.verdict(proof, lemmas).trust == "elaborated"

    def repaired(self, proof: str, lemmas: Sequence[Lemma], verdict: Verdict) -> str | None:
        """The text of a candidate with that verdict after repair by the prover's automation, or None."""
        settings = self._repair
        if verdict.verdict == "error" or self._log.counts["repair_tried"] >= settings.candidates:
            return None
        found = repair_candidate(self._verifier, self._candidate(proof, lemmas), settings)
        accepted = found.proof is not None
        self._log.tried_repair(found.seconds, verdict, repaired=accepted, by_model=self._by_model)
        return found.proof

    def mentions(self, lemmas: Sequence[Lemma]) -> None:
        """Notes the lemmas, conjectures apart, that the text of an accepted candidate names, needed or not."""
        self._log.mentioned.update(dict.fromkeys(lemma.id for lemma in lemmas if lemma.proof))

    def replays(self, proof: str, lemmas: Sequence[Lemma], seconds: float | None = None) -> bool:
        """Whether a proof that was found also goes through with these lemmas only; not a new candidate.

        `seconds` of CPU time are the limit, instead of the settings'.
        """
        verdict = self._check(proof, lemmas, seconds)
        self._log.counts["replayed"] += 1
        self._log.prover_seconds += verdict.seconds
        return verdict.trust == "elaborated"

    def heard(self, proof: str, lemmas: Sequence[Lemma]) -> list[str]:
        """What the prover says while a text proves the statement; nothing if it does not."""
        answer = self._verifier.replay(self._candidate(proof, lemmas), PLAIN_SECONDS)
        self._log.plain_seconds += answer.seconds
        return [message.text for message in answer.messages] if answer.ok and not answer.open else []

    def _candidate(self, proof: str, lemmas: Sequence[Lemma]) -> Candidate:
        return Candidate(self.problem, proof, tuple(lemmas), self.preamble)

    def _check(self, proof: str, lemmas: Sequence[Lemma], seconds: float | None = None) -> Verdict:
        verdict = self._verifier.check([self._candidate(proof, lemmas)], seconds)[0]
        if verdict.verdict == "error":
            self._log.failed(verdict)
        self.left -= verdict.seconds
        return verdict


class Search:
    """The prover's own means for one statement: stages of scripts (`stages`), none of which is run twice."""

    def __init__(
        self,
        context: RunContext,
        log: AttemptLog,
        statement: CanonicalStatement,
        lemmas: Sequence[Lemma],
        *,
        most: int,
        seconds: float,
        bare: bool = True,
        stuck: Sequence[Term] = (),
    ) -> None:
        """Selects lemmas; nothing is tried yet.

        Args:
            context: of the run.
            log: notes candidates and seconds.
            statement: what to prove.
            lemmas: that may be used.
            most: scripts tried without lemmas, with the selected ones and with the closest of these each; 0 leaves
                automation out.
            seconds: CPU seconds of the prover after which no further script is tried.
            bare: whether to try without lemmas first; False when that is known to fail.
            stuck: goals on which automation got stuck: what speaks of their terms is relevant too.
        """
        self.screen = Screen(context, log, statement, seconds)
        self._log = log
        self._term = term = statement.term
        self._lemmas = tuple(lemmas)
        self._automation = automation = context.automation(statement.prelude_id)
        asked = most > 0 and context.settings.prove.saturation and context.backend.automation.takes_choices
        self._saturates = asked and saturation.available()
        prelude = context.preludes[statement.prelude_id]
        logic = bare and most > 0 and (not statement.reached or bool(prelude))
        self._procedures = context.means(statement.prelude_id).procedures(prelude) if logic else ()
        self._procedures_first = not statement.reached
        self._selected = automation.select(term, lemmas, stuck=stuck) if most else ()
        closest = self._selected[:CLOSEST] if len(self._selected) > CLOSEST else ()
        self._bare_scripts = islice(automation.scripts(term, ()), most if bare else 0)
        self._selected_scripts = islice(automation.scripts(term, self._selected), most if self._selected else 0)
        self._closest_scripts = islice(automation.scripts(term, closest), most if closest else 0)
        self._kept_for_lemmas = seconds / 2 if self._selected else 0.0
        self._stopped: list[Script] = []
        self._done: set[Stage] = set()

    def run(self, *stages: Stage) -> Proof | None:
        """The first script that goes through, with the lemmas that it needs, of those stages that were not run yet.

        A statement over nothing but what a prover or its libraries bring has the procedures for that first.
        """
        for stage in (PROCEDURES, *stages) if self._procedures_first else stages:
            if stage in self._done:
                continue
            self._done.add(stage)
            found = self._run(stage)
            if found is not None:
                return found
        return None

    def _run(self, stage: Stage) -> Proof | None:
        limit = self._automation.quick_seconds if stage.quick else None
        if stage.procedures:
            accepted = next((text for text in self._procedures if self.screen.accepts(text, ())), None)
            return None if accepted is None else Proof(accepted, (), "automation")
        for script in self._scripts(stage):
            kept = self._kept_for_lemmas if stage.quick and not script.uses_lemmas else 0.0
            if self.screen.left <= kept:
                continue
            verdict = self.screen.verdict(script.text, script.uses_lemmas, limit)
            if verdict.trust == "elaborated":
                return self._narrowed(script, verdict.seconds)
            if verdict.verdict == "timeout" and limit is not None:
                self._stopped.append(script)
        return None

    def _scripts(self, stage: Stage) -> Iterator[Script]:
        derived = self._automation.derived(self._term, self._lemmas) if stage.derived else None
        yield from () if derived is None else (derived,)
        yield from islice(self._bare_scripts, stage.bare)
        yield from islice(self._selected_scripts, stage.selected)
        yield from islice(self._closest_scripts, stage.closest)
        if stage.chosen and self._saturates:
            yield from self._chosen_scripts(stage.chosen)
        if stage.stopped:
            yield from sorted(self._stopped, key=lambda script: not script.uses_lemmas)

    def _chosen_scripts(self, most: int) -> Iterator[Script]:
        """Scripts for each choice of lemmas that a saturation prover makes.

        It chooses among the smallest first, for others lead it astray too, then among those selected, then among all.
        """
        term, automation, screen = self._term, self._automation, self.screen
        smallest = [automation.smallest(term, self._lemmas, number) for number in SMALLEST]
        sets = {tuple(one.id for one in lemmas): lemmas for lemmas in (*smallest, self._selected, self._lemmas)}
        seen: set[tuple[str | None, tuple[str, ...]]] = set()
        for lemmas in sets.values():
            for choice in saturation.select(term, automation, lemmas):
                self._log.prover_seconds += choice.seconds
                screen.left -= choice.seconds
                if screen.left <= 0:
                    return
                ids = tuple(lemma.id for lemma in choice.lemmas or ())
                if not choice.lemmas or not seen.isdisjoint([(None, ids), (choice.variable, ids)]):
                    continue
                seen.add((choice.variable, ids))
                scripts = automation.scripts(term, choice.lemmas)
                fitting = (one for one in scripts if choice.variable is None or one.plan.variable == choice.variable)
                yield from islice(fitting, most)

    def _narrowed(self, script: Script, seconds: float) -> Proof:
        """An accepted candidate, which took so many CPU seconds, with no more lemmas than it needs, said plainly."""
        screen, automation, term = self.screen, self._automation, self._term
        if script.plan.kind == "derivation":  # it names no lemma that it does not need
            screen.mentions(script.uses_lemmas)
            return Proof(script.text, script.uses_lemmas, "automation")
        limit = AS_LONG * seconds + MOMENT if automation.quick_seconds is not None else None

        def replay(scripts: Sequence[Script]) -> list[bool]:
            return [screen.replays(script.text, script.uses_lemmas, limit) for script in scripts]

        if script.uses_lemmas:
            screen.mentions(script.uses_lemmas)
            rested_on = tuple(lemma for lemma in script.uses_lemmas if lemma.canonical_name in screen.uses)
            narrow = automation.script(open_statement(term), script.plan, rested_on)
            script = minimise(narrow if replay([narrow])[0] else script, term, automation, replay)
        found = Proof(script.text, script.uses_lemmas, "automation")
        told = automation.plainer(term, script, lambda text: screen.heard(text, script.uses_lemmas))
        if told and screen.replays(told, script.uses_lemmas, PLAIN_SECONDS):
            named = tuple(lemma for lemma in script.uses_lemmas if lemma.canonical_name in told)
            return Proof(told, named, "automation", found)
        return found


def needed_lemmas(screen: Screen, proof: str, lemmas: Sequence[Lemma]) -> tuple[Lemma, ...]:
    """The lemmas that a proof names and without which it fails."""
    named = [lemma for lemma in lemmas if re.search(rf"\b{lemma.canonical_name}\b", proof)]
    for lemma in list(named):
        rest = [other for other in named if other is not lemma]
        if screen.replays(proof, rest):
            named = rest
    return tuple(named)
