"""The recheck at the end of a run: it finds the lemma that spoils a library, and retires what rests on it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actors.library import SharedLibrary
from datasets import load
from domain import Development, Elaboration, Forall, Lemma, Message, Var, Verdict
from library_store.admission import Proposal
from library_store.library import Library
from library_store.snapshot import read
from library_store.state import REFUSED
from pipeline.config import resolve
from pipeline.loop import run
from pipeline.loop.progress import Progress
from pipeline.loop.recheck import judge
from pipeline.loop.recheck import recheck as recheck_run
from pipeline.loop.resume import settle
from tests.library_store import samples
from verifiers.audit.rocq.recheck import recheck
from verifiers.audit.sandbox import Limits, Sandbox
from verifiers.canonical import lemma_id
from verifiers.rocq.terms import render
from verifiers.rocq.verifier import RocqVerifier

HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""
BLOCK = "induction x; intros; simpl; congruence."


def lemma(number: int, statement: str, proof: str, uses: tuple[str, ...] = ()) -> Lemma:
    return Lemma(
        id=f"{number:x}" * 64, revision=1, prover="rocq", name="", prelude_id="", definition_ids=(),
        statement=statement, statement_exact=statement, term=Var("?"), proof=proof, uses=uses, dedup_key="",
        origin_kind="", origins=(), parents=(), operator="", round=1, attempt_id="", prover_version="",
    )  # fmt: skip


def check(lemmas: Sequence[Lemma]) -> Verdict:
    return recheck(Development(HEADER, "", tuple(lemmas)), Sandbox(), Limits(wall_seconds=240, cpu_seconds=60))


def nobody(_: str) -> set[str]:
    """No lemma rests on any."""
    return set()


def test_the_lemmas_that_spoil_a_library_are_found_with_what_rests_on_them() -> None:
    good = lemma(1, "forall x, plus x Zero = x", BLOCK)
    bad = lemma(2, "forall x, plus x Zero = Succ x", BLOCK)
    uses_good = lemma(3, "forall x, x = plus x Zero", f"intros; symmetry; apply {good.canonical_name}.", (good.id,))
    uses_bad = lemma(4, "Zero = Succ Zero", f"exact ({bad.canonical_name} Zero).", (bad.id,))
    also_bad = lemma(5, "forall x, plus x x = x", BLOCK)
    resting = {good.id: {uses_good.id}, bad.id: {uses_bad.id}}
    judged = judge([good, bad, uses_good, uses_bad, also_bad], check, lambda one: resting.get(one, set[str]()))
    assert judged.good == (good.id, uses_good.id)
    assert set(judged.bad) == {bad.id, uses_bad.id, also_bad.id}
    assert judged.bad[uses_bad.id] == f"rests on {bad.canonical_name}"
    assert "does_not_compile" in judged.bad[bad.id]
    assert not judged.reason
    assert judged.cpu_seconds > 0


def test_without_a_verdict_nothing_is_retired_and_nothing_rechecked() -> None:
    header = Development("Inductive N := .", "", (lemma(1, "forall x : M, x = x", "reflexivity."),))
    judged = judge(header.lemmas, lambda lemmas: recheck(header, Sandbox(), Limits()), nobody)
    assert (judged.good, judged.bad) == ((), {})
    assert judged.reason.startswith("a recheck came to no verdict (does_not_compile: the statements")


def test_without_a_checker_lemmas_stay_audited_and_the_reason_is_kept() -> None:
    said = Verdict("accepted", "proved", "audited", (Message("warning", "there is no checker"),))
    judged = judge([lemma(1, "True", "exact I.")], lambda _: said, nobody)
    assert (judged.good, judged.bad, judged.reason) == ((), {}, "there is no checker")


def test_a_recheck_that_was_stopped_before_it_opened_the_problems_is_mended_by_the_next(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    with samples.opened(directory) as library:
        library.insert(samples.lemma("a"), samples.AUDITED)
        library.set_problem("prop_1", "proved", proof="apply a.", uses=[samples.sha("lemma a")])
        library.set_trust([samples.sha("lemma a")], "none")
        library.retire(samples.sha("lemma a"), REFUSED)
    shared: Any = SharedLibrary(directory)
    workers: Any = SimpleNamespace(library=shared, verifiers=[])
    with Progress(directory / "logs" / "run.log") as progress:
        recheck_run(cast("Any", None), workers, progress)
    assert shared.problems["prop_1"].status == "open"


@pytest.mark.usefixtures("one_ray")
def test_a_false_lemma_in_the_runs_own_journal_does_not_outlive_the_run(tmp_path: Path) -> None:
    """A journal is taken at its word when a run resumes; the end of the run does not take it.

    The run goes on without its cache of verdicts, which is damaged, and says so.
    """
    dataset = load("bundled:step1")
    verifier = RocqVerifier()
    first = verifier.elaborate(dataset.problems[:1])[0]
    verifier.close()
    assert isinstance(first, Elaboration)
    assert isinstance(first.statement, Forall)
    # Not provable: for all values of a datatype with several, any two are equal.
    kind = first.statement.type
    exact = f"forall x0 x1 : {render(kind)}, x0 = x1"
    false = replace(
        lemma(6, exact, "intros; reflexivity."),
        id=lemma_id(first.prelude_id, first.reached, exact),
        prelude_id=first.prelude_id,
        definition_ids=first.reached,
    )
    settings = resolve(
        {
            "rounds": 1,
            "problems": [{"dataset": "bundled", "split": "step1", "limit": 1}],
            "model": {"kind": "none"},
            "verifiers": {"processes": 1},
            "prove": {"workers": 1},
            "evolve": {"enabled": False},
        }
    )
    settle(settings, tmp_path / "run")
    with Library(tmp_path / "run") as library:
        library.add_definitions(first.definitions)
        said = Verdict("accepted", "proved", "audited")
        assert [one.new for one in library.insert_many([Proposal(false, said)])] == [True]
    limited = replace(dataset, problems=dataset.problems[:1])
    kept = tmp_path / "run" / "cache" / f"verdicts-{platform.node()}.sqlite"
    kept.parent.mkdir(parents=True)
    kept.write_text("this is no database")
    with Progress(tmp_path / "run" / "logs" / "run.log") as progress:
        run.run(settings, [limited], tmp_path / "run", progress)
    tables = read(tmp_path / "run")
    rows = {row["id"]: row for row in tables.rows("lemmas")}
    assert rows[false.id]["retired_by"] == REFUSED
    assert rows[false.id]["trust"] == "none"
    assert all(row["trust"] == "rechecked" for name, row in rows.items() if name != false.id)
    said = (tmp_path / "run" / "logs" / "run.log").read_text()
    assert "LEMMA REFUSED" in said
    assert said.count(f"the cache of verdicts {kept} is not used") == 1
    events = [row for row in tables.rows("events") if row["kind"] == "recheck_failed"]
    assert [row["subject"] for row in events] == [false.id]
    counts = tables.manifests[-1].counts
    assert counts["lemmas"] == counts["lemmas_rechecked"]
    solved = [row for row in tables.rows("problems") if row["status"] == "proved"]
    assert not any(false.id in row["uses"] for row in solved)
