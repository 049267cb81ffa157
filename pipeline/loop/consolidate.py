"""The sleep phase of a round: lemmas that another lemma, or automation alone, proves in one step leave retrieval.

A retired lemma stays readable, and proofs that use it stay valid. Which of two lemmas goes is decided by size and id,
never by age, so the result does not depend on the order in which workers finished, and a family of lemmas leaves once
what generalises it is there. Lemmas that a library brought into the run are kept.
"""

from __future__ import annotations

from domain import Lemma
from library_store.state import AUTOMATION
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.prove import Screen
from pipeline.loop.retrieve import retrieve

NEIGHBOURS = 6
"""Similar lemmas that each new lemma is compared with, over its own definitions and over any."""

_ONE_STEP = "intros; solve [ {0} | symmetry; {0} ]."
"""How one lemma proves another in one step."""


def consolidate(context: RunContext, number: int) -> int:
    """Retires lemmas at the end of round `number`; returns how many.

    Of each lemma of this round and one like it, of this round or before, that one goes which the other proves in one
    step. A lemma of the round before goes if the first script of automation proves it alone, unless a proof uses it or
    another lemma went for it.
    """
    log = AttemptLog(f"r{number}-consolidate", "evolve", "library", operator="consolidation")
    retired: set[str] = set()

    def retire(lemma: Lemma, by: str) -> None:
        context.library.retire(lemma.id, by)
        retired.add(lemma.id)

    def screen(lemma: Lemma) -> Screen:
        return Screen(context, log, CanonicalStatement.of(lemma))

    for lemma in sorted(context.library.in_use(number), key=_size, reverse=True):
        for other in _alike(context, lemma):
            general, special = sorted((lemma, other), key=_size)
            if not retired.isdisjoint((general.id, special.id)) or not special.round:
                continue
            if set(general.definition_ids) <= set(special.definition_ids) and follows(screen(special), general):
                retire(special, general.id)
    for lemma in context.library.unused(number - 1):
        automation = context.automation(lemma.prelude_id)
        script = next(automation.scripts(lemma.term))
        if screen(lemma).replays(script.text, [], automation.quick_seconds):
            retire(lemma, AUTOMATION)
    return len(retired)


def _alike(context: RunContext, lemma: Lemma) -> list[Lemma]:
    """The closest lemmas over a lemma's own definitions, and over any: its generalisations and its special cases."""
    statement = CanonicalStatement.of(lemma)
    near = [
        one
        for over in (lemma.definition_ids, tuple(context.definitions))
        for one in retrieve(context, statement, over, NEIGHBOURS)
    ]
    return list({one.id: one for one in near}.values())


def _size(lemma: Lemma) -> tuple[int, str]:
    return len(lemma.statement_exact), lemma.id


def follows(special: Screen, general: Lemma) -> bool:
    """Whether a lemma proves a statement in one step that does not hold by computation."""
    step = _ONE_STEP.format(f"apply {general.canonical_name}")
    return special.replays(step, [general]) and not special.replays("intros; reflexivity.", [])
