"""The sleep phase, with the real prover and a real library, over the small theory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from library_store.admission import Proposal
from library_store.attempts import Request
from library_store.state import AUTOMATION
from pipeline.loop.consolidate import consolidate
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
    """A library whose rounds end with sleep. Proofs of its lemmas are never run."""

    def id(self, name: str) -> str:
        return self.context.of_problem(name).id

    def learn(self, *names: str, uses: str = "", imported: bool = False) -> None:
        used = (self.id(uses),) if uses else ()
        lemmas = [replace(lemma_of(theory()[name], "admit."), uses=used) for name in names]
        answers = self.library.insert_many([Proposal(lemma, AUDITED, used, imported) for lemma in lemmas])
        assert {one.reason for one in answers} == {"new"}

    def sleep(self) -> int:
        """The end of a round: how many lemmas went."""
        count = consolidate(self.context, self.library.round)
        self.library.snapshot()
        return count

    def retired_by(self, name: str) -> str | None:
        return self.library.lemmas[self.id(name)].retired_by


@pytest.mark.parametrize("first", ["trim_stop", "join_stop"])
def test_the_special_case_goes_whichever_came_first(verifier: RocqVerifier, tmp_path: Path, first: str) -> None:
    bench = Bench(verifier, tmp_path)
    (second,) = {"trim_stop", "join_stop"} - {first}
    bench.learn(first, "sum_comm")
    assert bench.sleep() == 0
    bench.learn(second)
    assert bench.sleep() == 1
    assert bench.retired_by("trim_stop") == bench.id("join_stop")
    assert bench.retired_by("join_stop") is None
    assert bench.library.stands(bench.id("trim_stop"))


def test_the_general_case_replaces_a_family(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path)
    bench.learn("trim_stop", "trimmed_stop")
    bench.sleep()
    bench.learn("join_stop", uses="trim_stop")
    bench.sleep()
    assert {bench.retired_by(name) for name in ("trim_stop", "trimmed_stop")} == {bench.id("join_stop")}
    assert bench.library.trust[bench.id("trim_stop")] == "audited"


def test_what_automation_proves_and_nothing_uses_goes_a_round_later(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path)
    one = bench.context.of_problem("cut_stop")
    bench.library.add_request(
        Request(one.id, "rocq", one.prelude_id, one.reached, "cut_stop", one.exact, one.term, "problem", (), "model", 0)
    )
    bench.learn("cut_stop", "sum_comm")
    assert bench.sleep() == 0
    assert bench.sleep() == 1
    assert bench.retired_by("cut_stop") == AUTOMATION
    assert bench.retired_by("sum_comm") is None
    assert bench.library.requests[one.id].status == "answered"


def test_what_a_proof_uses_stays(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path)
    bench.learn("cut_stop")
    bench.learn("weight_flip", uses="cut_stop")
    assert (bench.sleep(), bench.sleep()) == (0, 0)


def test_what_another_lemma_went_for_stays(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path)
    bench.learn("cut_stop", "sum_comm")
    bench.library.retire(bench.id("sum_comm"), bench.id("cut_stop"))
    assert (bench.sleep(), bench.sleep()) == (0, 0)


def test_what_the_library_brought_stays(verifier: RocqVerifier, tmp_path: Path) -> None:
    bench = Bench(verifier, tmp_path)
    bench.learn("cut_stop", "trim_stop", imported=True)
    bench.learn("join_stop")
    assert (bench.sleep(), bench.sleep()) == (0, 0)
