"""Repair makes proofs out of texts that fail, by the prover's own automation, and never returns one that fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Candidate, Problem
from pipeline.config import RepairSettings
from pipeline.loop.repair import tactics_of
from verifiers.repair import Repair, RepairLimits, RepairTactics, repair
from verifiers.rocq.steps import RocqSteps
from verifiers.rocq.verifier import RocqVerifier
from verifiers.steps import block_end

HEADER = """Require Import Arith Lia.
Inductive num := zero | next (n : num).
Fixpoint plus (a b : num) := match a with zero => b | next x => next (plus x b) end."""
GOAL = Problem("goal", "rocq", HEADER, "Theorem goal : forall x (a b : nat), plus x zero = x /\\ a + b = b + a.")
ROCQ = RocqSteps()
TACTICS = tactics_of(RepairSettings(), "rocq")


@pytest.fixture(scope="module")
def verifier() -> Iterator[RocqVerifier]:
    made = RocqVerifier()
    yield made
    made.close()


def repaired(
    verifier: RocqVerifier, proof: str, tactics: RepairTactics = TACTICS, limits: RepairLimits | None = None
) -> Repair:
    found = repair(verifier, ROCQ, Candidate(GOAL, proof), tactics, limits)
    if found.proof is not None:
        assert verifier.check([Candidate(GOAL, found.proof)])[0].trust == "elaborated"
    return found


# ----------------------------------------------------------------------------------------------------- what it mends


def test_a_step_that_fails_in_a_bullet_is_replaced_and_the_rest_of_that_bullet_left_out(verifier: RocqVerifier) -> None:
    found = repaired(
        verifier,
        "intros x a b. split.\n- induction x.\n  + foo. bar.\n  + simpl. rewrite IHx. reflexivity.\n"
        "- apply Nat.add_comm.",
    )
    assert found.proof == (
        "intros x a b. split.\n- induction x.\n  + solve [easy].\n  + simpl. rewrite IHx. reflexivity.\n"
        "- apply Nat.add_comm."
    )
    assert [change.kind for change in found.changes] == ["closed"]


def test_without_bullets_the_text_goes_on_with_the_next_goal(verifier: RocqVerifier) -> None:
    text = "intros x a b. split. induction x. foo. bar. simpl. rewrite IHx. reflexivity. lia."
    found = repaired(verifier, text)
    assert found.proof == text.replace("foo. bar.", "solve [easy].")


def test_only_the_part_behind_by_is_replaced(verifier: RocqVerifier) -> None:
    text = "intros x a b. split.\n- induction x; simpl; congruence.\n- assert (é : a + b = b + a) by foo.\n  exact é."
    found = repaired(verifier, text)
    assert found.proof == text.replace("by foo", "by solve [lia]")


def test_a_tactic_may_come_in_before_a_step(verifier: RocqVerifier) -> None:
    text = "intros x a b. split.\n- induction x.\n  + reflexivity.\n  + rewrite IHx. reflexivity.\n- lia."
    found = repaired(verifier, text, RepairTactics((), ("simpl",)))
    assert found.proof == text.replace("rewrite", "simpl. rewrite")


@pytest.mark.parametrize(
    "proof",
    [
        "intros x a b. split.\n- induction x.\n  + reflexivity.\n  + simpl.",
        "intros x a b. split. - induction x. + reflexivity. + simpl. congru",
        "intros x a b. split.\n- induction x.\n  + reflexivity.\n- lia.",
        "intros x a b. split.\n{ induction x.\n  + reflexivity. } lia.",
        "intros x a b. split.\n{ induction x; simpl; congruence.",
        "intros x a b. split. induction x; simpl; congruence. admit.",
        "intros x a b. split.\n- induction x; simpl; congruence.\n- lia.\n- lia.",
        "intros x a b. split.\n- induction x; simpl; congruence. simpl. simpl.\n- lia.",
        "intros x a b. split.\n- induction x.\n  + reflexivity.\n    simpl. rewrite IHx. reflexivity.\n- lia.",
        "Proof.\nintros x a b. split.\n- induction x; simpl; congruence.\n- foo.\nQed.",
    ],
)
def test_what_ends_too_early_or_too_late_is_mended(verifier: RocqVerifier, proof: str) -> None:
    assert repaired(verifier, proof).proof is not None


def test_a_whole_text_keeps_its_statements(verifier: RocqVerifier) -> None:
    text = (
        "Lemma h : forall x, plus x zero = x.\nProof.\n  induction x.\n  - foo.\n  - simpl. congruence.\nQed.\n"
        f"{GOAL.formal_statement}\nProof.\n  intros x a b. split.\n  - apply h.\n  - bar.\n"
    )
    found = repaired(verifier, text)
    assert found.proof is not None
    assert found.proof.rstrip() == text.replace("foo", "solve [easy]").replace("bar", "solve [lia]") + "Qed."


# -------------------------------------------------------------------------------------------------- what it does not


@pytest.mark.parametrize(
    ("statement", "proof"),
    [
        ("Theorem goal : forall x, plus x zero = next x.", "intros x. induction x. foo. bar."),
        ("Theorem goal : forall x, plus x zero = x.", "(* no end"),
        ("Theorem goal : forall x, plus x zero = x.", "Axiom a : False. destruct a."),
        ("Theorem goal : forall x, plus x zero = x.", "Lemma b : nonsense. Proof. auto. Qed."),
        ("Theorem goal : nonsense.", "foo."),
    ],
)
def test_where_there_is_no_proof_none_is_returned(verifier: RocqVerifier, statement: str, proof: str) -> None:
    problem = Problem("goal", "rocq", HEADER, statement)
    assert repair(verifier, ROCQ, Candidate(problem, proof), TACTICS).proof is None


def test_a_proof_of_something_else_is_not_repaired(verifier: RocqVerifier) -> None:
    text = "Theorem goal : forall x, plus x zero = x. Proof. induction x. foo. simpl; congruence. Qed."
    assert repaired(verifier, text).proof is None


def test_repair_ends_with_its_seconds(verifier: RocqVerifier) -> None:
    endless = RepairTactics(("let rec f x := f x in f 0", "let rec g x := g x in g 1", "lia"))
    limits = RepairLimits(step_seconds=0.3, seconds=0.5)
    found = repaired(verifier, "intros x a b. split. foo. foo.", endless, limits)
    assert found.proof is None
    assert found.seconds < 1.5


def test_a_tactic_that_takes_too_long_does_not_stop_the_others(verifier: RocqVerifier) -> None:
    tactics = RepairTactics(("let rec f x := f x in f 0", "lia", "simpl in *; congruence"))
    limits = RepairLimits(step_seconds=0.2, seconds=20)
    text = "intros x a b. split.\n- induction x.\n  + foo.\n  + foo.\n- foo."
    assert repaired(verifier, text, tactics, limits).proof is not None


def test_a_tactic_that_does_not_exist_is_tried_once(verifier: RocqVerifier) -> None:
    text = "intros x a b. split.\n- induction x.\n  + foo.\n  + foo.\n- foo."
    known = repaired(verifier, text, RepairTactics(("lia", "simpl in *; congruence")))
    more = repaired(verifier, text, RepairTactics(("sauto_that_is_not_there 1", "lia", "simpl in *; congruence")))
    assert more.proof == known.proof
    assert more.replays == known.replays + 1


# ------------------------------------------------------------------------------------------------------------- steps


def test_blocks_are_those_of_bullets_and_braces() -> None:
    steps = ROCQ.steps("a. - b. + c. { d. - e. } + f. - g. Qed. h.")
    depths = {step.text: len(step.path) for step in steps if step.kind == "step"}
    assert depths == {"a.": 0, "b.": 1, "c.": 2, "d.": 3, "e.": 4, "f.": 2, "g.": 1, "h.": 0}
    ends = {step.text: steps[end].text for at, step in enumerate(steps) if (end := block_end(steps, at)) < len(steps)}
    assert {name: ends[name] for name in ("a.", "b.", "c.", "d.", "e.", "f.")} == {
        "a.": "Qed.",
        "b.": "-",
        "c.": "+",
        "d.": "}",
        "e.": "}",
        "f.": "-",
    }


PIECES = st.sampled_from(
    ["- ", "+ ", "-- ", "{ ", "} ", "auto. ", "split; [a|b]. ", "Qed. ", "(* . *) ", "admit. ", "\n"]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.data())
def test_steps_are_places_in_the_text_and_edits_change_nothing_else(text: str, data: st.DataObject) -> None:
    steps = ROCQ.steps(text)
    assert all(text[step.start : step.end] == step.text for step in steps)
    begin = data.draw(st.integers(0, len(steps)))
    end = data.draw(st.integers(begin, len(steps)))
    new = data.draw(st.sampled_from(["", "new."]))
    said = [step.text for step in ROCQ.steps(ROCQ.replace(text, steps, begin, end, new))]
    kept = [step.text for step in steps]
    assert said == [*kept[:begin], *([new] if new else []), *kept[end:]]
