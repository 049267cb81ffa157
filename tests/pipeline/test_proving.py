"""How the prover's time for one statement is spent."""

from collections.abc import Sequence
from typing import Any, cast

from domain import Candidate, Verdict
from pipeline.config import RunSettings
from pipeline.ledger import Ledger
from pipeline.proposers.automation import Automation
from pipeline.proving import Search
from pipeline.world import Ports, Statement, build
from tests.pipeline.elaborated import lemma_of
from tests.pipeline.small_theory import theory


class Slow:
    """A verifier that rejects after a second, or says that it was stopped at the limit, and accepts nothing."""

    def __init__(self, *, stopped: bool = False) -> None:
        self.asked: list[tuple[int, float | None]] = []
        self.stopped = stopped

    def check(self, batch: Sequence[Candidate], seconds: float | None = None) -> list[Verdict]:
        self.asked += [(len(candidate.lemmas), seconds) for candidate in batch]
        if self.stopped:
            return [Verdict("timeout", "timeout", "none", seconds=seconds or 1.0) for _ in batch]
        return [Verdict("rejected", "does_not_compile", "none", seconds=1.0) for _ in batch]


def search(slow: Slow, *lemmas: str, patient: bool = True, **limits: Any) -> None:
    goal = theory()["sum_comm"]
    world = build(RunSettings(), [goal], "rocq", None)
    statement = Statement("0" * 40, goal.statement, goal.statement_exact, goal.prelude_id, goal.reached)
    ports, ledger = Ports(cast("Any", slow), None, None), Ledger("a", "problem", "b")
    given = [lemma_of(theory()[name], "auto.") for name in lemmas]
    scripts = Search(world, ports, ledger, statement, given, **limits)
    assert scripts.quickly() is None
    assert not patient or scripts.patiently() is None


def test_scripts_without_lemmas_leave_half_of_the_time_to_those_with_lemmas() -> None:
    slow = Slow()
    search(slow, "sum_next", most=80, seconds=8.0)
    assert [lemmas for lemmas, _ in slow.asked] == [0, 0, 0, 0, 1, 1, 1, 1]
    slow.asked.clear()
    search(slow, most=80, seconds=8.0)
    assert [lemmas for lemmas, _ in slow.asked] == [0] * 8


def test_scripts_that_the_quick_limit_stopped_are_run_again_those_with_lemmas_first() -> None:
    slow, quick = Slow(stopped=True), Automation.quick_seconds
    search(slow, "sum_next", most=2, seconds=60.0)
    assert slow.asked == [(0, quick), (0, quick), (1, quick), (1, quick), (1, None), (1, None), (0, None), (0, None)]
    slow.asked.clear()
    search(slow, "sum_next", most=2, seconds=60.0, patient=False)
    assert slow.asked == [(0, quick), (0, quick), (1, quick), (1, quick)]
