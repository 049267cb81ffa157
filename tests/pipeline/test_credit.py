"""Proofs on credit: with the real prover and a real library, over the small theory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.library import SharedLibrary
from domain import Request
from pipeline.config import RunSettings
from pipeline.credit import Credit
from pipeline.ledger import Ledger
from pipeline.proving import Found
from pipeline.world import Ports, World, build
from tests.pipeline.small_theory import theory
from verifiers.rocq.verifier import RocqVerifier


@pytest.fixture(scope="module")
def verifier() -> Iterator[RocqVerifier]:
    verifier = RocqVerifier()
    yield verifier
    verifier.close()


class Bench:
    """A library over the small theory that knows some statements as conjectures, and a step that may assume them."""

    def __init__(self, verifier: RocqVerifier, directory: Path, *conjectures: str) -> None:
        self.world: World = build(RunSettings(), list(theory().values()), "rocq", None)
        self.library = SharedLibrary(directory)
        self.library.add_definitions(list(self.world.definitions.values()))
        self.library.add_conjectures([self.conjecture(name) for name in conjectures])
        self.ledger = Ledger("step", "problem", "goal")
        library: Any = self.library
        over = list(self.world.definitions)
        self.credit = Credit(self.world, Ports(verifier, library, None), self.ledger, over, 60.0)

    def conjecture(self, name: str) -> Request:
        one = self.world.of_problem(name)
        return Request(
            one.id, "rocq", one.prelude_id, one.reached, name, one.exact, one.term, "definitions", (), "exploration", 0
        )

    def search(self, goal: str) -> Found | None:
        statement = self.world.of_problem(goal)
        return self.credit.search(statement, [], self.credit.assumable(statement))

    @property
    def learned(self) -> set[str]:
        names = {self.world.of_problem(name).id: name for name in theory()}
        return {names[identity] for identity in self.library.lemmas}


def test_only_the_conjectures_that_a_proof_needs_become_lemmas(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "sum_next", "even_even", "sum_assoc", "join_stop", "twice_sum")
    found = bench.search("twice_sum")
    assert found is not None
    assert [lemma.id for lemma in found.lemmas] == [bench.world.of_problem("sum_next").id]
    assert bench.learned == {"sum_next"}
    (lemma,) = bench.library.lemmas.values()
    assert lemma.proof
    assert bench.library.trust[lemma.id] == "audited"
    request = bench.library.requests[lemma.id]
    assert (request.status, request.answered_by) == ("answered", lemma.id)


def test_a_conjecture_may_be_proved_on_credit_too(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "flip_join", "join_join")
    found = bench.search("flip_flip")
    assert found is not None
    assert bench.learned == {"flip_join", "join_join"}
    flip_join = bench.library.lemmas[bench.world.of_problem("flip_join").id]
    assert bench.world.of_problem("join_join").id in flip_join.uses


def test_what_is_false_is_assumed_and_never_learned(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "false_flip")
    assert bench.search("flip_flip") is None
    assert not bench.learned
    assert bench.library.requests[bench.world.of_problem("false_flip").id].tries == 1


def test_another_proof_is_sought_without_a_conjecture_that_failed(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "false_flip", "flip_join", "join_join")
    assert bench.search("flip_flip") is not None
    assert bench.learned == {"flip_join", "join_join"}


def test_two_conjectures_do_not_prove_each_other(verifier: RocqVerifier, tmp_path: Path) -> None:
    """Each of these follows from the other and from nothing else here."""
    bench = Bench(verifier, tmp_path, "false_comm", "false_comm_back")
    assert bench.search("false_flip_join") is None
    assert not bench.learned


def test_a_conjecture_that_failed_often_is_not_assumed_again(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "false_flip")
    goal = bench.world.of_problem("flip_flip")
    for _ in range(RunSettings().evolve.request_tries):
        assert bench.credit.assumable(goal)
        assert bench.search("flip_flip") is None
        bench.credit.failed.clear()  # as in the next attempt
    assert not bench.credit.assumable(goal)


def test_a_lemma_that_came_in_the_meantime_is_taken(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path, "sum_next")
    goal = bench.world.of_problem("twice_sum")
    assumed = bench.credit.assumable(goal)
    assert bench.credit.search(goal, [], assumed) is not None
    audits = bench.ledger.counts["audited"]
    found = bench.credit.search(goal, [], assumed)
    assert found is not None
    assert all(lemma.proof for lemma in found.lemmas)
    assert bench.ledger.counts["audited"] == audits
