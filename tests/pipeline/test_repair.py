"""What the language model wrote is repaired before it is asked again, and that is counted apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from domain import Completion, Elaboration, Problem, Prompt
from pipeline.config import RepairSettings, RunSettings
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.llm_prover import Decomposition, by_model, formalization
from tests.pipeline.contexts import context_of
from verifiers.rocq.verifier import RocqVerifier

HEADER = """
Inductive num : Type := zero : num | next : num -> num.
Fixpoint add (n m : num) {struct n} : num := match n with zero => m | next k => next (add k m) end.
"""
PROBLEM = Problem("p", "rocq", HEADER, "Theorem p : forall a b, add a (next b) = next (add a b).")


class Writer:
    """A language model that always writes the same."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.prompts = 0

    def generate(
        self, prompts: Sequence[Prompt], *, max_tokens: int, temperature: float, seed: int, stop: Sequence[str] = ()
    ) -> list[Completion]:
        self.prompts += len(prompts)
        return [Completion(self.text, 10, 10, "stop") for _ in prompts]


@pytest.fixture(scope="module")
def verifier() -> Iterator[RocqVerifier]:
    made = RocqVerifier()
    yield made
    made.close()


def asked(verifier: RocqVerifier, text: str, repair: RepairSettings) -> tuple[str | None, AttemptLog, int]:
    """The proof that comes of a model's text, the log, and how often the model was asked."""
    elaboration = cast("Elaboration", verifier.elaborate([PROBLEM])[0])
    writer, log = Writer(text), AttemptLog("a", "problem", "p")
    context = context_of([elaboration], RunSettings(repair=repair), verifier=verifier, model=writer)
    prompts = formalization(context, elaboration, [], Decomposition(), 0)
    found = by_model(context, log, elaboration, context.of_problem("p"), [], prompts, 0)
    return (found.proof if found else None), log, writer.prompts


BROKEN = """```coq
Theorem goal : forall n m, add n (next m) = next (add n m).
Proof.
  intros n m. induction n.
  - foo.
  - simpl. rewrite IHn. reflexivity.
Qed.
```"""


@pytest.mark.parametrize("text", [BROKEN, BROKEN.replace("foo", "admit").replace("Qed", "Admitted")])
def test_a_broken_proof_is_repaired_before_the_model_is_asked_again(verifier: RocqVerifier, text: str) -> None:
    proof, log, prompts = asked(verifier, text, RepairSettings())
    assert proof is not None
    assert "solve [easy]" in proof
    assert prompts == RunSettings().prove.samples
    counts = {name: log.counts[f"model_{name}"] for name in ("proposed", "elaborated", "repair_tried", "repaired")}
    assert counts == {"proposed": 1, "elaborated": 1, "repair_tried": 1, "repaired": 1}
    assert log.prover_seconds > 0


def test_without_repair_the_model_is_asked_again(verifier: RocqVerifier) -> None:
    proof, log, prompts = asked(verifier, BROKEN, RepairSettings(candidates=0))
    assert proof is None
    assert prompts == RunSettings().prove.samples + RunSettings().prove.repairs
    assert not log.counts["repair_tried"]


def test_what_cannot_be_repaired_is_counted_as_tried(verifier: RocqVerifier) -> None:
    proof, log, _ = asked(verifier, "Proof. intros n m. foo. Qed.", RepairSettings(rocq=("easy",), rocq_moves=()))
    assert proof is None
    assert log.counts["model_repair_tried"] > 0
    assert not log.counts["repaired"]
