"""Isabelle proofs as steps, and LEGO-Prover's list tried where one fails."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import Candidate, Problem
from pipeline.config import RepairSettings
from pipeline.loop.repair import repair_text
from tests.verifiers.isabelle_stand_in import StandIn, running
from verifiers.audit.isabelle.scan import refuse
from verifiers.isabelle.automation import METHODS
from verifiers.isabelle.steps import IsabelleSteps
from verifiers.isabelle.verifier import IsabelleVerifier

STEPS = IsabelleSteps()
PROBLEM = Problem("goal", "isabelle", "", 'theorem goal: fixes n :: nat assumes "n > 0" shows "n \\<noteq> 0"')


def test_commands_are_steps_in_their_blocks() -> None:
    text = 'proof (cases n)\n  case 0 (* by *)\n  then show ?thesis using "by x" by simp\nnext { fix m } show 1 .\nqed'
    steps = STEPS.steps(text)
    assert [(step.text.split()[0], step.kind, len(step.path)) for step in steps] == [
        ("proof", "opens", 0), ("case", "step", 1), ("then", "step", 1), ("show", "step", 1), ("using", "step", 1),
        ("by", "step", 1), ("next", "opens", 0), ("{", "opens", 1), ("fix", "step", 2), ("}", "closes", 1),
        ("show", "step", 1), (".", "step", 1), ("qed", "closes", 0),
    ]  # fmt: skip
    assert [text[step.start : step.end] for step in steps] == [step.text for step in steps]


def test_gaps_and_frames_are_told() -> None:
    kinds = [step.kind for step in STEPS.steps('lemma a: "x" sorry theorem b: "y" proof - show ?thesis ...')]
    assert kinds == ["frame", "gap", "frame", "opens", "step", "gap"]
    with pytest.raises(ValueError, match="does not end"):
        STEPS.steps('have "x')


def test_terminal_methods_are_tails() -> None:
    for text, tail in (("by (induct n) auto", "auto"), ("by simp (auto simp: x[of y])", "(auto"), ("qed simp", "simp")):
        (step,) = STEPS.steps(text)
        assert text[step.tails[0] :].startswith(tail)
        assert STEPS.with_tail(text, step, step.tails[0], "blast").endswith(" blast")
    assert STEPS.steps("by simp")[0].tails == ()


def test_one_method_can_stand_for_several() -> None:
    assert STEPS.closing(STEPS.any_of(["auto", "(auto simp: x)"])) == "by ((auto; fail) | ((auto simp: x); fail))"
    assert STEPS.unknown('Undefined method: "sos"\\<^here>') == "sos"
    assert STEPS.unknown("Failed to finish proof") is None


def test_open_proofs_are_finished() -> None:
    for text, end in (("proof -\n{", "}\nqed\n"), ("apply simp", "done\n"), ("by simp", "by simp")):
        assert STEPS.finished(text, STEPS.steps(text)).endswith(end)
    assert STEPS.marks(STEPS.steps("proof - show x by simp")) == ["next", "qed"]
    assert STEPS.marks(STEPS.steps("proof - {")) == ["}"]


def test_every_skill_is_cut_into_its_commands(shared_data: Path) -> None:
    with gzip.open(shared_data / "lego_skills.jsonl.gz", "rt") as lines:
        for line in lines:
            text = json.loads(line)["full_code"]
            steps = STEPS.steps(text)
            assert steps[0].kind == "frame"
            assert all(text[step.start : step.end] == step.text for step in steps)
            assert not any(step.kind == "gap" for step in steps)


def test_the_list_is_the_papers_and_every_method_may_stand_in_a_candidate() -> None:
    assert RepairSettings().isabelle == METHODS
    assert len(METHODS) == 11
    assert all(refuse(STEPS.closing(method)) is None for method in METHODS)
    assert refuse(STEPS.closing(STEPS.any_of(METHODS))) is None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StandIn]:
    with running(tmp_path) as one:
        yield one


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("using assms by (simp add: undefined_fact)", "using assms by auto"),
        (
            'proof -\n  have "n > 0" by (rule undefined_fact)\n  then show ?thesis by simp\nqed',
            'proof -\n  have "n > 0" by auto\n  then show ?thesis by simp\nqed',
        ),
    ],
)
def test_a_step_that_fails_is_done_by_the_first_method_that_works(server: StandIn, broken: str, mended: str) -> None:
    """For the stand-in everything works that does not say `undefined_fact`."""
    server.play({"when": "undefined_fact"}, {"when": r"(using assms by \w+|qed)\s*print_state", "state": ""})
    verifier = IsabelleVerifier(server.settings())
    assert repair_text(verifier, Candidate(PROBLEM, broken), RepairSettings()) == mended
    verifier.close()
