"""The order of means: what is tried for a statement, one stage after the other.

A stage says which scripts are tried, with which lemmas, within which limit of time. Between a statement's own stages
stand efforts to prove it by conjectures (`conditional_proof`), which have stages of their own: first with few scripts
for each statement, so that what leads nowhere costs little, then with all of them. `ORDER` is the whole.

The scripts without lemmas and those with them come by turns, first those that prove most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Stage:
    """Scripts that are tried one after the other. Their numbers count on from the stages before; None is all left."""

    derived: bool = False
    """First a derivation with any of the lemmas, which is found outside the prover (`term_algebra.derivation`)."""
    bare: int | None = 0
    """Scripts without lemmas."""
    selected: int | None = 0
    """Scripts with the lemmas that automation selects."""
    closest: int | None = 0
    """Scripts with the closest of these alone."""
    procedures: bool = False
    """The prover's procedures for what needs no induction."""
    chosen: int = 0
    """Scripts for each choice of lemmas that a saturation prover makes."""
    stopped: bool = False
    """Scripts that the quick limit stopped, those with lemmas first."""
    quick: bool = True
    """Whether each script has the quick limit of CPU seconds, and what is without lemmas half of the whole time only;
    otherwise a script has the limit of the settings."""


DERIVED = Stage(derived=True)

FIRST = Stage(bare=4, selected=7)
"""With lemmas the first induction that leaves other variables alone is among the first seven, if there are at most
three to induct on."""

NEXT = Stage(bare=8, selected=5, closest=12)

REST = Stage(bare=None, selected=None, closest=None)

PROCEDURES = Stage(procedures=True, quick=False)

CHOSEN = Stage(chosen=4)

STOPPED = Stage(stopped=True, quick=False)

QUICK = (DERIVED, FIRST, NEXT, REST, PROCEDURES)
"""What is tried where a statement is not worth more."""


class Effort(NamedTuple):
    """How hard a proof that rests on conjectures is sought."""

    stages: tuple[Stage, ...]
    """Of the search that assumes conjectures."""
    for_conjectures: tuple[Stage, ...]
    """Of a conjecture's own search, once no proof of it that assumes others was found."""
    patient: bool = False
    """Whether it has as many scripts as a problem has, and half of the time that is left."""


DERIVING = Effort((DERIVED,), ())
"""Next to nothing is spent where no derivation shows which conjectures suffice."""

FEW = Effort((FIRST, CHOSEN), ())

ALL = Effort((*QUICK, CHOSEN), QUICK)

PATIENT = Effort((*QUICK, CHOSEN, STOPPED), QUICK, patient=True)
"""Only where all else failed in an earlier attempt."""

ORDER: tuple[Stage | Effort, ...] = (DERIVED, DERIVING, FIRST, NEXT, FEW, ALL, REST, PROCEDURES, PATIENT, STOPPED)
"""What a problem or a request gets."""
