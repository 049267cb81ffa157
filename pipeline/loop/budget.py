"""How much time steps get: pure functions of the settings, of what a run has spent and of what failed before."""

from __future__ import annotations

from pipeline.config import RunSettings
from pipeline.loop.candidates import Candidates

MOST_PATIENT = 8.0
"""How many times as long as the first try a later one may take."""

WITHOUT_LEMMAS = 0.1
"""Share of an attempt's time that one without any lemma gets while rounds follow."""

OVER_ALL = 120.0
"""CPU seconds of a worker itself for a step, beyond twice the longest that one may take: far more than any needs."""


def most_of_worker(settings: RunSettings) -> float:
    """CPU seconds after which a step is taken to hang in the worker itself, outside the prover and the model."""
    return OVER_ALL + 2.0 * patient(max(settings.prove.cpu_seconds, settings.evolve.cpu_seconds), 100)


def asks_model(settings: RunSettings, offered: Candidates, seconds: float, spent: float) -> bool:
    """Whether a language model that took so many of the `spent` CPU seconds may take more.

    It has the share that the settings give it or, where that is more, its share of the proved problems.
    """
    return seconds <= spent * max(settings.model.cpu_share, offered.by_model / max(1, offered.proved))


def evolved_until(settings: RunSettings, still_open: int, attempt: float, allowed: float) -> float:
    """CPU seconds of the run after which no step of evolution starts.

    The rest is kept for attempts, but no more than one at each open problem may take: the `allowed` CPU seconds of the
    next round, or twice the `attempt` ones of those so far, since audits come on top.
    """
    rest = settings.cpu_seconds * (1.0 - settings.evolve.budget_share)
    return settings.cpu_seconds - min(rest, max(2.0 * attempt, allowed) * still_open)


def attempt_seconds(settings: RunSettings, number: int, *, with_lemmas: bool) -> float:
    """CPU seconds of the prover for an attempt in a round.

    What automation proves alone it proves soon, so an attempt without any lemma gets a share while rounds follow. From
    the third round on each is given more than the one before, since what is open then was short of time or of lemmas.
    """
    if not with_lemmas and number < settings.rounds:
        return settings.prove.cpu_seconds * WITHOUT_LEMMAS
    return patient(settings.prove.cpu_seconds, number - 2)


def patient(seconds: float, failures: int) -> float:
    """CPU seconds for the next try at what failed so often: each failure doubles them, up to `MOST_PATIENT` times."""
    return seconds * min(2.0 ** max(0, failures), MOST_PATIENT)
