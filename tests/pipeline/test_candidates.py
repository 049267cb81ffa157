"""What the library offers to the policy."""

from dataclasses import replace
from pathlib import Path

from library_store.library import Library
from pipeline.loop.candidates import candidates
from tests.library_store.samples import attempt, opened, request


def try_in_vain(library: Library, number: int, target: str) -> None:
    library.add_attempt(attempt(f"try {number}", target, kind="request", operator="solve_request"))
    library.count_try(target)


def test_a_request_that_failed_often_waits_until_half_as_many_lemmas_more_were_learned(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        wanted = library.add_request(replace(request("wanted"), operator="language_model")).id
        library.add_attempt(attempt("explored", "signature", kind="evolve", harvested=("a", "b", "c", "d")))
        for number in range(2):
            assert [one.tries for one in candidates(library, 2, 0.02).requests] == [number]
            try_in_vain(library, number, wanted)
        assert not candidates(library, 2, 0.02).requests
        library.add_attempt(attempt("explored more", "signature", kind="evolve", harvested=("e",)))
        assert not candidates(library, 2, 0.02).requests
        library.add_attempt(attempt("explored all", "signature", kind="evolve", harvested=("f",)))
        assert [one.id for one in candidates(library, 2, 0.02).requests] == [wanted]
        try_in_vain(library, 2, wanted)
        assert not candidates(library, 2, 0.02).requests


def test_what_attempts_may_assume_waits_until_a_proof_wanted_it(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        asked = library.add_request(replace(request("asked"), operator="language_model")).id
        stuck = library.add_request(replace(request("stuck"), operator="goal_surgery")).id
        assert [one.id for one in candidates(library, 2, 0.02).requests] == [asked]
        assert {one.id for one in candidates(library, 2, 0.02, assumed=False).requests} == {asked, stuck}
        library.want(stuck)
        library.want(stuck)
        assert {one.id: one.tries for one in candidates(library, 2, 0.02).requests} == {asked: 0, stuck: 1}
