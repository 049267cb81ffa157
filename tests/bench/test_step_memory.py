"""The bench of the memory of steps: when a step is known, which names are, and how an answer is counted."""

from __future__ import annotations

from bench.step_memory import Everything, Known, compared, gone_through
from datasets.steps import Goal, Step


def step(theorem: str, tactic: str, *names: str, file: str = "A.v", claim: str = "@eq nat (S n) (S m)") -> Step:
    return Step("L", file, theorem, 0, tactic, Goal(("n, m : nat",), claim), 1, (), names, (), 0.0)


def test_a_step_is_known_behind_its_theorem_and_not_before() -> None:
    asked = gone_through([step("a", "lia"), step("a", "lia"), step("b", "lia")], None, "online", 1.0, 0)
    assert [one.found["exact_1"] for one in asked] == [False, False, True]


def test_a_tactic_counts_where_a_name_of_the_file_that_states_its_lemma_was_seen() -> None:
    train = [step("far", "split", file="Far.v"), step("near", "rewrite far", "far", file="Near.v")]
    known = Known(train)
    assert known.locate(["far"]) == [("far", None)]
    known.see("le near n")
    assert known.locate(["far", "near"]) == [("far", None), ("near", "Constant")]
    known.see("@Far.far")
    assert known.locate(["far"]) == [("far", "Constant")]
    told = [step("x", "rewrite far", "far", file="New.v"), step("y", "rewrite far", "far", claim="far n m")]
    asked = gone_through(told, Everything(train), "trained", 1.0, 0)
    assert [one.found["exact_10"] for one in asked] == [False, True]


def test_answers_are_counted_by_tactic_up_to_new_names_and_by_first_word() -> None:
    found = compared(["intros a b", "apply H", "apply G"], "intros x y")
    assert not found["exact_50"]
    assert found["arguments_1"]
    found = compared(["apply H", "lia"], "apply G")
    assert (found["head_1"], found["arguments_50"]) == (True, False)
