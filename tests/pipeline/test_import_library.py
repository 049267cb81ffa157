"""A library that is read in is believed in nothing that can be seen without a prover, and described anew."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from domain import Lemma
from library_store.admission import Proposal
from library_store.library import Library
from library_store.state import REFUSED
from pipeline.loop.context import RunContext
from pipeline.loop.import_library import _usable, import_library  # pyright: ignore[reportPrivateUsage]
from tests.library_store.samples import AUDITED
from tests.pipeline.contexts import context_of
from tests.pipeline.elaborated import lemma_of
from tests.pipeline.small_theory import theory
from verifiers.canonical import lemma_id

NOBODY: Any = None
"""Staff of whom nothing is asked."""
NAMES = ("sum_next", "twice_sum", "sum_comm")


@pytest.fixture(scope="module")
def context() -> RunContext:
    return context_of([theory()[name] for name in NAMES])


def offered() -> tuple[Lemma, Lemma]:
    """A lemma and one whose proof uses it."""
    used = lemma_of(theory()["sum_next"], "induction x; simpl; congruence.")
    return used, replace(lemma_of(theory()["twice_sum"], "auto."), uses=(used.id,))


def test_what_is_recorded_beside_statement_and_proof_is_written_anew(context: RunContext) -> None:
    lies = {"statement": "forall x y, x = y", "dedup_key": "of another", "prover_version": "rocq 99", "name": "a\nb"}
    used, using = offered()
    first, second = _usable(context, [replace(used, **lies), replace(using, **lies)], set())
    assert (first.id, second.id, second.uses) == (used.id, using.id, (used.id,))
    assert first.statement == "forall x0 x1, sum x0 (next x1) = next (sum x0 x1)"
    assert (first.dedup_key, first.prover_version) == ("", "")
    assert first.name.isidentifier()
    assert (first.statement_exact, first.proof) == (used.statement_exact, used.proof)


@pytest.mark.parametrize(
    "lie",
    [
        {"proof": "auto. Qed. Definition leak := zero. Lemma leaked : True. Proof. exact I."},
        {"proof": "Lemma leaked : True. Proof. exact I. Qed."},
        {"id": "0" * 64},
        {"statement_exact": "False"},
        {"term": theory()["sum_comm"].statement},
        {"prelude_id": "another"},
        {"definition_ids": ("of nobody",)},
        {"prover": "lean4"},
        {"uses": ("of nobody",)},
        {"retired_by": REFUSED},
    ],
    ids=lambda lie: next(iter(lie)),
)
def test_a_lemma_that_is_not_what_it_claims_is_left_out_with_what_rests_on_it(
    context: RunContext, lie: Mapping[str, Any]
) -> None:
    used, using = offered()
    assert _usable(context, [replace(used, **lie), using], set()) == []


def test_another_statement_under_its_own_identity_is_left_to_the_audit(context: RunContext) -> None:
    used, _ = offered()
    exact = theory()["sum_comm"].statement_exact
    other = lemma_id(used.prelude_id, used.definition_ids, exact)
    claimed = replace(used, id=other, statement_exact=exact, term=theory()["sum_comm"].statement)
    (found,) = _usable(context, [claimed], set())
    assert (found.id, found.statement) == (other, "forall x0 x1, sum x0 x1 = sum x1 x0")


def test_a_library_comes_with_its_retirements_in_one_write(context: RunContext, tmp_path: Path) -> None:
    used, using = offered()
    source = tmp_path / "source"
    with Library(source) as library:
        library.add_definitions(context.definitions.values())
        library.insert_many([Proposal(one, AUDITED) for one in (used, using)])
        library.retire(used.id, using.id)
        library.snapshot()
    log = tmp_path / "run" / "journal" / "round-0001.log"
    with Library(tmp_path / "run") as library:
        library.add_definitions(context.definitions.values())
        before = log.stat().st_size
        workers: Any = SimpleNamespace(library=library, ask_verifiers=lambda _, asked: [AUDITED] * len(asked))
        assert import_library(context, workers, source) == [f"2 lemmas of {source} audited and taken"]
    whole = log.read_bytes()
    for end in (*range(before, len(whole), 97), len(whole)):
        log.write_bytes(whole[:end])
        with Library(tmp_path / "run") as library:
            there = {one.id: one.retired_by for one in library.lemmas.values()}
            assert there == ({used.id: using.id, using.id: None} if end == len(whole) else {})


def test_of_a_run_without_lemmas_it_is_said_where_its_proved_problems_are(context: RunContext, tmp_path: Path) -> None:
    with Library(tmp_path) as library:
        library.snapshot()
    none = f"0 lemmas of {tmp_path} audited and taken: it has none"
    assert import_library(context, NOBODY, tmp_path) == [none]
    results = tmp_path / "results.jsonl"
    results.touch()
    where = f"; the problems that it proved are in {results}, which --library takes too"
    assert import_library(context, NOBODY, tmp_path) == [none + where]
