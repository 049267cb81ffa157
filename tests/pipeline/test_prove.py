"""How the prover's time for one statement is spent."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from actors.library import SharedLibrary
from domain import Candidate, Elaboration, Problem, Replay, Verdict
from library_store.schema import ProblemState
from pipeline.loop.admit import Draft, Origin, admit, admit_together
from pipeline.loop.attempt import attempt
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement
from pipeline.loop.prove import AS_LONG, MOMENT, Proof, Search
from pipeline.loop.stages import FIRST, NEXT, QUICK, STOPPED
from pipeline.proposers.automation.portfolio import Portfolio
from tests.pipeline.contexts import context_of
from tests.pipeline.elaborated import lemma_of
from tests.pipeline.small_library import SmallLibrary
from tests.pipeline.small_theory import theory
from verifiers.rocq.automation import RocqAutomation
from verifiers.rocq.verifier import RocqVerifier


class Slow:
    """A verifier that rejects after a second, or says that it was stopped at the limit.

    It accepts nothing; with `proving`, it accepts after that many seconds what may use a lemma.
    """

    def __init__(self, *, stopped: bool = False, proving: float | None = None) -> None:
        self.asked: list[tuple[int, float | None]] = []
        self.stopped = stopped
        self.proving = proving

    def check(self, batch: Sequence[Candidate], seconds: float | None = None) -> list[Verdict]:
        self.asked += [(len(candidate.lemmas), seconds) for candidate in batch]
        if self.proving is not None and batch[0].lemmas:
            uses = tuple(lemma.canonical_name for lemma in batch[0].lemmas)
            return [Verdict("accepted", "proved", "elaborated", uses=uses, seconds=self.proving)]
        if self.stopped:
            return [Verdict("timeout", "timeout", "none", seconds=seconds or 1.0) for _ in batch]
        return [Verdict("rejected", "does_not_compile", "none", seconds=1.0) for _ in batch]

    def replay(self, candidate: Candidate, seconds: float | None = None) -> Replay:
        return Replay(False)


def search(slow: Slow, *lemmas: str, **limits: Any) -> Search:
    """For a statement that does not hold, so that no derivation comes before the scripts."""
    goal = theory()["false_sums_even"]
    context = context_of([goal], verifier=slow)
    statement = CanonicalStatement("0" * 40, goal.statement, goal.statement_exact, goal.prelude_id, goal.reached)
    log = AttemptLog("a", "problem", "b")
    given = [lemma_of(theory()[name], "auto.") for name in lemmas]
    return Search(context, log, statement, given, **limits)


def fails(scripts: Search, *, patient: bool = True) -> bool:
    return scripts.run(*QUICK, *([STOPPED] if patient else [])) is None


def test_scripts_without_lemmas_leave_half_of_the_time_to_those_with_lemmas() -> None:
    slow = Slow()
    assert fails(search(slow, "sum_next", most=80, seconds=8.0))
    assert [lemmas for lemmas, _ in slow.asked] == [0, 0, 0, 0, 1, 1, 1, 1]
    slow.asked.clear()
    assert fails(search(slow, most=80, seconds=8.0))
    assert [lemmas for lemmas, _ in slow.asked] == [0] * 8


def test_scripts_that_the_quick_limit_stopped_are_run_again_those_with_lemmas_first() -> None:
    slow, quick = Slow(stopped=True), RocqAutomation.quick_seconds
    assert fails(search(slow, "sum_next", most=2, seconds=60.0))
    assert slow.asked == [(0, quick), (0, quick), (1, quick), (1, quick), (1, None), (1, None), (0, None), (0, None)]
    slow.asked.clear()
    assert fails(search(slow, "sum_next", most=2, seconds=60.0), patient=False)
    assert slow.asked == [(0, quick), (0, quick), (1, quick), (1, quick)]


def test_the_first_scripts_of_each_kind_are_tried_once() -> None:
    slow = Slow()
    scripts = search(slow, "sum_next", most=80, seconds=600.0)
    assert scripts.run(FIRST) is None
    first = [0] * 4 + [1] * 7
    assert [lemmas for lemmas, _ in slow.asked] == first
    scripts.run(FIRST, NEXT)
    assert [lemmas for lemmas, _ in slow.asked[len(first) :]] == [0] * 8 + [1] * 5


def test_a_replay_without_a_lemma_stops_soon_after_the_time_that_the_proof_took() -> None:
    slow = Slow(proving=0.2)
    found = search(slow, "sum_next", "sum_assoc", most=1, seconds=60.0, bare=False).run(*QUICK)
    assert found is not None
    accepted, *replays = slow.asked
    assert accepted == (2, RocqAutomation.quick_seconds)
    assert [lemmas for lemmas, _ in replays] == [2, 0, 1, 0]
    assert {seconds for _, seconds in replays} == {AS_LONG * 0.2 + MOMENT}


def test_where_the_steps_do_not_compile_the_script_that_found_them_is_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifier, texts = RocqVerifier(), list[str]()
    audit = verifier.audit

    def strict(batch: Sequence[Candidate]) -> list[Verdict]:
        texts.extend(one.proof for one in batch)
        if "lm_" in batch[0].proof:
            return audit(batch)
        return [Verdict("rejected", "does_not_compile", "none")]

    monkeypatch.setattr(verifier, "audit", strict)
    monkeypatch.setattr(Portfolio, "derived", lambda *_: None)
    small = SmallLibrary(verifier, tmp_path)
    statement = small.context.of_problem("sum_next")
    found = Search(small.context, AttemptLog("a", "problem", "b"), statement, (), most=8, seconds=60.0).run(FIRST)
    assert found is not None
    assert "lm_" not in found.proof
    lemma = admit(small.context, AttemptLog("a", "evolve", "b"), statement, found, Origin("automation", "definitions"))
    assert lemma is not None
    assert "lm_" in lemma.proof
    assert texts == [found.proof, lemma.proof]

    name = "join_stop"
    small.library.add_problems([ProblemState(theory()[name].problem)])
    assert attempt(small.context, name, "c", 1, 0, None).proved
    verifier.close()
    assert "lm_" in small.library.problems[name].proof


def test_of_drafts_that_are_audited_together_those_on_a_refused_one_are_refused_too(tmp_path: Path) -> None:
    verifier = RocqVerifier()
    small = SmallLibrary(verifier, tmp_path)

    def draft(name: str, proof: str, *rests_on: str) -> Draft:
        lemmas = [lemma_of(theory()[one], "") for one in rests_on]
        text = proof.format(*[lemma.canonical_name for lemma in lemmas])
        origin = Origin("automation", "definitions")
        return Draft(small.context.of_problem(name), Proof(text, tuple(lemmas), "automation"), origin)

    drafts = [
        draft("false_flip", "intros; reflexivity."),
        draft("flip_flip", "intros; rewrite !{0}; reflexivity.", "false_flip"),
        draft("sum_next", "intros x y; induction x; simpl; congruence."),
        draft("false_sums_even", "intros; apply f_equal, admitted."),
        draft("sum_swapped", "intros; rewrite {0}.", "sum_next"),
        draft("join_stop", "Admitted. Axiom a : False.", "sum_next"),
        draft("join_join", "intros; rewrite {0}; reflexivity.", "join_stop"),
    ]
    log = AttemptLog("a", "evolve", "b")
    admitted = admit_together(small.context, log, drafts)
    verifier.close()
    (kept,) = [lemma for lemma in admitted if lemma is not None]
    assert admitted.index(kept) == 2
    assert [lemma.id for lemma in small.library.lemmas.values()] == [kept.id]
    assert log.counts["refused_not_tactics"] == 1


def test_the_steps_compile_in_a_file_that_defines_what_rocq_would_call_a_hypothesis(tmp_path: Path) -> None:
    header = """Inductive x0 : Set := y0 : x0 | e0 : x0 -> x0.
    Fixpoint e1 (xx y : x0) : bool :=
      match xx, y with y0, y0 => true | e0 a, e0 b => e1 a b | _, _ => false end.
    Definition x1 (a b : bool) : bool := if a then b else false."""
    verifier = RocqVerifier()
    (read,) = verifier.elaborate([Problem("same", "rocq", header, "Theorem same : forall x y, e1 x y = e1 y x.")])
    assert isinstance(read, Elaboration)
    library = SharedLibrary(tmp_path)
    library.add_problems([ProblemState(read.problem)])
    assert attempt(context_of([read], verifier=verifier, library=library), "same", "a", 1, 0, None).proved
    verifier.close()
    assert "destruct x1" in library.problems["same"].proof
    assert "lm_" not in library.problems["same"].proof
