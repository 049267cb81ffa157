"""The round loop: prove and evolve side by side, consolidate, snapshot; the last round rechecks the whole library.

The parts, in the order in which a run meets them: `workers` starts the actors, `resume` says what earlier sessions of
the run did, `prepare` has the problems read, `dispatch` hands the actions of a round to workers (`attempt` proves,
`evolve` finds lemmas), `consolidate` and `recheck` go over the library, `costs` says what was spent.

Invariant: a killed driver, worker or node loses no acknowledged lemma (design, invariant 9). Everything that a step
brings is in the library's journal before the step is over, so a run that was stopped goes on in its round: steps that
were recorded are not planned again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from actors import accounting
from datasets import Dataset
from library_store.tables import Manifest
from pipeline import __version__
from pipeline.config import RunSettings
from pipeline.loop.attempt_log import Result
from pipeline.loop.consolidate import consolidate
from pipeline.loop.costs import Costs
from pipeline.loop.dispatch import prove_and_evolve
from pipeline.loop.prepare import prepare
from pipeline.loop.progress import Progress
from pipeline.loop.proof_files import write_proofs
from pipeline.loop.recheck import open_again, recheck
from pipeline.loop.resume import resume
from pipeline.loop.workers import open_workers, require_prover
from verifiers.backend import prover_of


class Outcome(NamedTuple):
    """How a run ended. `stopped` says why before its last round, if so."""

    manifests: tuple[Manifest, ...]
    stopped: str | None


def run(settings: RunSettings, datasets: Sequence[Dataset], directory: Path, progress: Progress) -> Outcome:
    """Runs rounds until the last one or until the budget of CPU seconds is spent; resumes what is in `directory`."""
    problems = [problem for dataset in datasets for problem in dataset.problems]
    budget_is_spent = f"the budget of {settings.cpu_seconds:.0f} CPU seconds is spent"
    prover = prover_of(problem.prover for problem in problems)
    manifests: list[Manifest] = []

    before = accounting.cpu_seconds()
    require_prover(settings, prover)
    progress.stage("start Ray and the actors")
    with open_workers(settings, directory, prover, progress.notices) as workers:
        # Whose directory this is, and how far earlier sessions of the run came.
        begun = resume(settings, directory, workers.library, problems)
        progress.notices(begun.notices)
        costs = Costs(workers, before)

        # The problems as the prover reads them, and the lemmas that the run begins with.
        context = prepare(settings, datasets, workers, progress)
        open_again(workers, progress)
        spent = costs.charge("start")
        if begun.round > 1 and spent >= settings.cpu_seconds and not begun.within_round:
            return Outcome((), budget_is_spent)

        last_results: dict[str, Result] = {}
        for number in range(begun.round, settings.rounds + 1):
            costs.begin_round()

            # Prove ‖ evolve: workers take one action after the other until nothing is left to try.
            prove_and_evolve(context, workers, costs, number, last_results, progress)

            # Consolidate: what another lemma proves in one step leaves retrieval.
            progress.stage("consolidate")
            if settings.consolidate.enabled:
                consolidate(context, number)
            spent = costs.charge("consolidate")

            # Recheck: once no round follows, the whole library is verified once more.
            last = number == settings.rounds or spent >= settings.cpu_seconds
            if last:
                recheck(context, workers, progress)

            # Snapshot: the round's tables, and a file for each proof.
            costs.end_round()
            manifests.append(workers.library.snapshot(seed=settings.seed, code_version=__version__))
            write_proofs(directory, workers.library.all_problems(), workers.library.all_lemmas())
            progress.round(manifests[-1])
            if last and number < settings.rounds:
                return Outcome(tuple(manifests), budget_is_spent)
    return Outcome(tuple(manifests), None)
