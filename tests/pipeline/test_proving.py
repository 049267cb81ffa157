"""How the prover's time for one statement is spent."""

from collections.abc import Sequence
from typing import Any, cast

from domain import Candidate, Verdict
from pipeline.config import RunSettings
from pipeline.ledger import Ledger
from pipeline.proving import by_automation
from pipeline.world import Ports, Statement, build
from tests.pipeline.elaborated import lemma_of
from tests.pipeline.small_theory import theory


class Slow:
    """A verifier that accepts nothing, and says that each candidate took a second."""

    def __init__(self) -> None:
        self.lemmas: list[int] = []

    def check(self, batch: Sequence[Candidate]) -> list[Verdict]:
        self.lemmas += [len(candidate.lemmas) for candidate in batch]
        return [Verdict("rejected", "does_not_compile", "none", seconds=1.0) for _ in batch]


def test_scripts_without_lemmas_leave_half_of_the_time_to_those_with_lemmas() -> None:
    goal = theory()["sum_comm"]
    world = build(RunSettings(), [goal], "rocq", None)
    statement = Statement("0" * 40, goal.statement, goal.statement_exact, goal.prelude_id, goal.reached)
    slow = Slow()
    ports = Ports(cast("Any", slow), None, None)
    lemma = lemma_of(theory()["sum_next"], "auto.")
    assert by_automation(world, ports, Ledger("a", "problem", "b"), statement, [lemma], most=80, seconds=8.0) is None
    assert slow.lemmas == [0, 0, 0, 0, 1, 1, 1, 1]
    slow.lemmas.clear()
    assert by_automation(world, ports, Ledger("a", "problem", "b"), statement, [], most=80, seconds=8.0) is None
    assert slow.lemmas == [0] * 8
