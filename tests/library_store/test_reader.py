"""What a run asks of the library, and the graph that answers who rests on what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from library_store import graph, snapshot
from library_store.admission import Proposal
from library_store.library import Library
from library_store.schema import SPENT, Metric
from library_store.state import REFUSED, Step
from tests.library_store.samples import AUDITED, attempt, lemma, opened, sha

A, B, C, D = (sha(f"lemma {name}") for name in "abcd")


def chain(library: Library) -> None:
    """`c` uses `b`, which uses `a`; `d` uses `a` and `c`; nothing uses `d`."""
    lemmas = [lemma("a"), lemma("b", uses=(A,)), lemma("c", uses=(B,)), lemma("d", uses=(A, C))]
    library.insert_many([Proposal(one, AUDITED) for one in lemmas])


def test_a_closure_has_each_lemma_after_those_it_uses(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        chain(library)
        assert [one.name for one in library.closure([D])] == ["a", "b", "c", "d"]
        assert [one.name for one in library.closure([library.lemmas[B].canonical_name, A])] == ["a", "b"]
        with pytest.raises(KeyError, match="nobody"):
            library.closure(["nobody"])


def test_a_lemma_that_came_back_rests_on_what_its_new_proof_uses(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        chain(library)
        library.retire(B, "another reason")
        answer = library.insert(lemma("b", uses=()), AUDITED)
        assert answer.reason == "revived"
        assert [one.name for one in library.closure([C])] == ["b", "c"]
        assert list(graph.users(library.graph, A)) == [D]
        library.snapshot()
    with Library(tmp_path) as library:
        assert list(graph.users(library.graph, A)) == [D]
    edges = graph.lemma_graph(snapshot.read(tmp_path), {"proof_uses"}).edges
    assert (B, A, "proof_uses") in edges, "the table keeps what was"


def test_problems_rest_on_a_refused_lemma_through_others(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        chain(library)
        library.set_problem("prop_1", "proved", uses=[C])
        library.set_problem("prop_2", "proved", uses=[A])
        library.set_problem("prop_3", "open")
        assert library.proved_on_refused() == []
        library.retire(B, REFUSED)
        assert library.proved_on_refused() == ["prop_1"]
        assert [one.id for one in library.unrefused()] == [A, C, D]
        library.set_problem("prop_1", "open")
        assert library.proved_on_refused() == []


def test_unused_are_those_that_no_proof_uses_and_that_stand_for_no_other(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        chain(library)
        library.insert_many([Proposal(lemma("e"), AUDITED), Proposal(lemma("f"), AUDITED, imported=True)])
        library.insert(lemma("g"), AUDITED)
        library.retire(sha("lemma g"), sha("lemma e"))
        assert [one.id for one in library.unused(1)] == [D]
        assert [one.name for one in library.in_use(1)] == ["a", "b", "c", "d", "e"]
        assert library.unused(0) == []
        library.set_problem("prop_1", "proved", uses=[D])
        assert library.unused(1) == []
        assert library.is_used(D)


def test_what_was_admitted_known_or_found_by_a_round(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.insert_many([Proposal(lemma("a"), AUDITED, imported=True), Proposal(lemma("b", uses=(A,)), AUDITED)])
        library.snapshot()
        library.insert(lemma("c"), AUDITED)
        assert library.known([A, C, D]) == [True, True, False]
        library.set_trust([C], "none")
        assert library.known([A, C]) == [True, False]
        assert library.admitted_by([A, B, C, D], 1) == [A, B]
        assert library.found_by(A, 2) is None, "an imported lemma was not found"
        assert [one.id for one in library.found_by(B, 1) or ()] == [B, A]
        assert library.found_by(B, 0) is None
        assert library.found_by(C, 2) is None, "a recheck refused it"
        assert library.reads_like_another(D, f"{lemma('a').statement}\n{lemma('a').proof}")
        assert not library.reads_like_another(A, f"{lemma('a').statement}\n{'x' * 99}")


def test_visible_are_those_over_the_definitions_in_order_of_admission(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        chain(library)
        library.insert(lemma("e", definition_ids=(sha("nat"),)), AUDITED)
        library.retire(B, C)
        over = (sha("nat"), sha("plus"))
        assert [one.name for one in library.visible(sha(""), over, 1)] == ["a", "c", "d", "e"]
        assert [one.name for one in library.visible(sha(""), over[:1], 1)] == ["e"]
        assert library.visible(sha(""), over, 0) == []
        assert library.visible("another prelude", over, 1) == []


def test_what_a_stopped_session_was_charged_for_is_in_no_metric(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        assert (library.charged_seconds(), library.stopped_seconds()) == (0.0, 0.0)
        library.add_event(SPENT, "start", detail={"cpu_seconds": 2.0})
        library.add_event(SPENT, "consolidate", detail={"cpu_seconds": 10.0})
        library.add_metrics([Metric("cpu_seconds", "prover", 0, 7.0), Metric("seconds", "wall", 0, 9.0)])
        assert (library.charged_seconds(), library.stopped_seconds()) == (10.0, 3.0)
        library.snapshot()
        assert library.stopped_seconds() == 0.0
        library.add_event(SPENT, "start", detail={"cpu_seconds": 14.5})
    with Library(tmp_path) as library:
        assert (library.charged_seconds(), library.stopped_seconds()) == (14.5, 4.5)


def test_a_round_that_goes_on_knows_what_it_has_done(tmp_path: Path) -> None:
    with opened(tmp_path) as library:
        library.add_attempt(replace(attempt("r1-0001", candidates=3, cpu_seconds=1.5), model=""))
        library.snapshot()
        library.add_attempt(replace(attempt("r2-0001", kind="request", target="asked"), model="small"))
        library.set_problem("prop_1", "proved")
    with Library(tmp_path) as library:
        recorded = library.recorded_round(2)
        assert library.current_round() == 2
        assert recorded.steps == (Step("r2-0001", "request", "asked", by_model=True),)
        assert recorded.attempt_seconds == (1.5,)
        assert recorded.tried["asked"] == library.tries("asked") == 1
        assert "prop_1" not in recorded.open_problems
        assert list(library.all_problems()) != list(recorded.open_problems)
