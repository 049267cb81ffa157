"""The sleep phase of a round: lemmas that another lemma proves in one step leave retrieval.

A retired lemma stays readable, and proofs that use it stay valid. Which of two lemmas goes is decided by size and id,
never by age, so the result does not depend on the order in which workers finished.
"""

from __future__ import annotations

from typing import Any

from domain import Lemma
from pipeline.ledger import Ledger
from pipeline.proving import Screen
from pipeline.retrieval import retrieve
from pipeline.world import Ports, Statement, World

NEIGHBOURS = 6
"""Similar lemmas that each new lemma is compared with."""

ONE_STEP = "intros; solve [ {0} | symmetry; {0} ]."
"""How one lemma proves another in one step."""


def consolidate(world: World, ports: Ports, number: int) -> int:
    """Retires the lemmas of round `number` that a similar one proves in one step; returns how many."""
    ledger = Ledger(f"r{number}-consolidate", "evolve", "library", operator="consolidation")
    fresh: list[Lemma] = ports.library.query(_lemmas_of, number)
    retired: set[str] = set()
    for lemma in sorted(fresh, key=lambda one: (-len(one.statement_exact), one.id)):
        statement = Statement.of(lemma)
        screen = Screen(world, ports, ledger, statement)
        for other in retrieve(world, ports, statement, lemma.definition_ids, NEIGHBOURS):
            if other.id in retired or len(other.statement_exact) > len(lemma.statement_exact):
                continue
            step = ONE_STEP.format(f"apply {other.canonical_name}")
            if screen.replays(step, [other]) and not screen.replays("intros; reflexivity.", []):
                ports.library.retire(lemma.id, other.id)
                retired.add(lemma.id)
                break
    return len(retired)


def _lemmas_of(library: Any, number: int) -> list[Lemma]:
    return [lemma for lemma in library.lemmas.values() if lemma.round == number and lemma.retired_by is None]
