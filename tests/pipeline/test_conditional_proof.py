"""Conditional proofs: with the real prover and a real library, over the small theory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from library_store.admission import Proposal
from library_store.attempts import Request
from library_store.schema import ProblemState
from library_store.snapshot import read
from library_store.state import REFUSED
from pipeline.config import ProveSettings, RunSettings
from pipeline.loop.attempt import attempt
from pipeline.loop.attempt_log import OUT_OF_TIME, AttemptLog, Result
from pipeline.loop.conditional_proof import ConditionalProofs
from pipeline.loop.prove import Proof
from pipeline.loop.stages import ALL, FEW, Effort
from tests.library_store.samples import AUDITED
from tests.pipeline.elaborated import lemma_of
from tests.pipeline.small_library import SmallLibrary
from tests.pipeline.small_theory import theory
from verifiers.rocq.verifier import RocqVerifier


@pytest.fixture(scope="module")
def verifier() -> Iterator[RocqVerifier]:
    verifier = RocqVerifier()
    yield verifier
    verifier.close()


class Bench(SmallLibrary):
    """A library that knows some statements as conjectures, and a step that may assume them."""

    def __init__(self, verifier: RocqVerifier, directory: Path, *conjectures: str) -> None:
        super().__init__(verifier, directory)
        self.library.add_conjectures([self.conjecture(name) for name in conjectures])
        self.log = AttemptLog("step", "problem", "goal")
        self.conditional = ConditionalProofs(self.context, self.log, list(self.context.definitions), 60.0)

    def conjecture(self, name: str) -> Request:
        one = self.context.of_problem(name)
        return Request(
            one.id, "rocq", one.prelude_id, one.reached, name, one.exact, one.term, "definitions", (), "exploration", 0
        )

    def search(self, goal: str, effort: Effort = ALL) -> Proof | None:
        statement = self.context.of_problem(goal)
        return self.conditional.search(statement, [], self.conditional.assumable(statement), effort)

    @property
    def learned(self) -> set[str]:
        names = {self.context.of_problem(name).id: name for name in theory()}
        return {names[identity] for identity in self.library.lemmas}


def test_only_the_conjectures_that_a_proof_needs_become_lemmas(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "sum_next", "even_even", "sum_assoc", "join_stop", "twice_sum")
    found = bench.search("twice_sum")
    assert found is not None
    assert [lemma.id for lemma in found.lemmas] == [bench.context.of_problem("sum_next").id]
    assert bench.learned == {"sum_next"}
    (lemma,) = bench.library.lemmas.values()
    assert lemma.proof
    assert bench.library.trust[lemma.id] == "audited"
    request = bench.library.requests[lemma.id]
    assert (request.status, request.answered_by) == ("answered", lemma.id)


def test_an_attempt_is_not_accepted_for_a_lemma_that_it_learned(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "sum_next")
    assert bench.search("twice_sum") is not None
    told = bench.log.attempt()
    assert told.harvested
    assert told.verdict == "rejected"


def test_a_conjecture_may_be_proved_under_a_condition_too(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "flip_join", "join_join")
    found = bench.search("flip_flip")
    assert found is not None
    assert bench.learned == {"flip_join", "join_join"}
    flip_join = bench.library.lemmas[bench.context.of_problem("flip_join").id]
    assert bench.context.of_problem("join_join").id in flip_join.uses


def test_what_is_false_and_seen_to_be_is_not_assumed_again(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "false_flip")
    assert bench.search("flip_flip") is None
    assert not bench.learned
    assert bench.library.requests[bench.context.of_problem("false_flip").id].status == "refuted"
    assert not bench.conditional.assumable(bench.context.of_problem("flip_flip"))


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """No value shows that a conjecture is false."""
    monkeypatch.setattr(ConditionalProofs, "_refuted", lambda *_: False)


@pytest.mark.usefixtures("blind")
def test_what_is_false_is_assumed_and_never_learned(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "false_flip")
    assert bench.search("flip_flip") is None
    assert not bench.learned
    assert bench.library.requests[bench.context.of_problem("false_flip").id].tries == 1


def test_another_proof_is_sought_without_a_conjecture_that_failed(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "false_flip", "flip_join", "join_join")
    assert bench.search("flip_flip") is not None
    assert bench.learned == {"flip_join", "join_join"}


@pytest.mark.usefixtures("blind")
def test_two_conjectures_do_not_prove_each_other(verifier: RocqVerifier, tmp_path: Path) -> None:
    """Each of these follows from the other and from nothing else here."""
    bench = Bench(verifier, tmp_path, "false_comm", "false_comm_back")
    assert bench.search("false_flip_join") is None
    assert not bench.learned


@pytest.mark.usefixtures("blind")
def test_a_conjecture_that_failed_often_is_not_assumed_again(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "false_flip")
    goal = bench.context.of_problem("flip_flip")
    for _ in range(RunSettings().evolve.request_tries):
        assert bench.conditional.assumable(goal)
        assert bench.search("flip_flip") is None
        bench.conditional.failed.clear()  # as in the next attempt
    assert not bench.conditional.assumable(goal)


@pytest.mark.usefixtures("blind")
def test_a_conjecture_fails_with_few_scripts_before_it_fails_with_all(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "false_comm")
    identity = bench.context.of_problem("false_comm").id
    assert bench.search("false_flip_join", FEW) is None
    few = bench.log.counts["proposed"]
    assert bench.conditional.failed == {identity}
    assert bench.library.requests[identity].tries == 0
    bench.conditional.failed.clear()
    assert bench.search("false_flip_join") is None
    assert bench.log.counts["proposed"] > 2 * few
    assert bench.library.requests[identity].tries == 1


def test_a_lemma_that_came_in_the_meantime_is_taken(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "sum_next")
    goal = bench.context.of_problem("twice_sum")
    assumed = bench.conditional.assumable(goal)
    assert bench.conditional.search(goal, [], assumed) is not None
    audits = bench.log.counts["audited"]
    found = bench.conditional.search(goal, [], assumed)
    assert found is not None
    assert all(lemma.proof for lemma in found.lemmas)
    assert bench.log.counts["audited"] == audits


def test_a_lemma_that_a_recheck_refused_is_proved_anew(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "sum_next")
    refused = lemma_of(theory()["sum_next"], "exact refused.")
    bench.library.insert_many([Proposal(refused, AUDITED)])
    bench.library.set_trust([refused.id], "none")
    bench.library.retire(refused.id, REFUSED)
    found = bench.search("twice_sum")
    assert found is not None
    assert [lemma.id for lemma in found.lemmas] == [refused.id]
    assert found.lemmas[0].proof != refused.proof
    assert bench.library.trust[refused.id] == "audited"


@pytest.mark.usefixtures("blind")
def test_what_is_to_be_proved_is_not_assumed_for_what_it_rests_on(verifier: RocqVerifier, tmp_path: Path) -> None:
    """The goal is a conjecture too; what it rests on follows from it at zero and from nothing else here."""
    bench = Bench(verifier, tmp_path, "false_all_even", "false_sums_even")
    assert bench.search("false_sums_even") is None
    tries = {one.statement: one.tries for one in bench.library.requests.values()}
    assert tries == {"false_all_even": 1, "false_sums_even": 0}


def test_what_says_the_same_as_the_goal_is_not_assumed(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "false_comm", "false_comm_turned")
    assert not bench.conditional.assumable(bench.context.of_problem("false_comm"))


@pytest.mark.usefixtures("blind")
def test_an_imported_lemma_that_states_the_goal_proves_nothing_that_it_rests_on(
    verifier: RocqVerifier, tmp_path: Path
) -> None:
    bench = Bench(verifier, tmp_path, "false_all_even")
    itself = lemma_of(theory()["false_sums_even"], "auto.")
    bench.library.insert_many([Proposal(itself, AUDITED, imported=True)])
    assert bench.search("false_sums_even") is None
    assert not [fate for fate in bench.log.counts if fate.startswith("audit")]


def hasty(verifier: RocqVerifier, directory: Path) -> tuple[Bench, Result]:
    """A first attempt at `flip_flip` that had conjectures which prove it, but hardly any time."""
    bench = Bench(verifier, directory, "flip_join", "join_join")
    bench.library.add_problems([ProblemState(theory()["flip_flip"].problem)])
    bench.library.snapshot()
    context = replace(bench.context, settings=RunSettings(prove=ProveSettings(cpu_seconds=0.001, requests=0)))
    return bench, attempt(context, "flip_flip", "first", 2, 0, None)


def test_a_problem_is_tried_again_when_what_it_assumed_was_proved(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench, first = hasty(verifier, tmp_path)
    assert not first.proved
    assert bench.search("flip_flip") is not None
    bench.library.snapshot()
    again = attempt(bench.context, "flip_flip", "again", 3, 0, first._replace(short_of=0.0))
    assert again.proved


def test_a_problem_that_was_short_of_time_is_tried_again(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench, first = hasty(verifier, tmp_path)
    assert first.short_of == 0.001
    assert not first.proved
    idle = attempt(bench.context, "flip_flip", "idle", 3, 0, first._replace(short_of=0.0))
    assert not idle.proved
    assert attempt(bench.context, "flip_flip", "again", 3, 0, first).proved
    bench.library.snapshot()
    noted = {row["id"]: OUT_OF_TIME in dict(row["counts"]) for row in read(tmp_path).rows("attempts")}
    assert noted["first"]
    assert not noted["again"]


def test_a_problem_for_which_nothing_was_found_asks_for_its_stuck_goals(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path)
    bench.library.snapshot()
    assert bench.context.explores
    nothing = Result(proved=False, retrieved=frozenset(), cpu_seconds=0.0)
    result = attempt(bench.context, "flip_flip", "again", 2, 0, nothing)
    assert not result.proved
    assert {one.term for one in bench.library.requests.values()} <= set(result.stuck)
    assert {one.operator for one in bench.library.requests.values()} == {"goal_surgery"}
