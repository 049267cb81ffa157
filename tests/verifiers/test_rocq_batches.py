"""A batch of audits: candidates share processes, and each has the verdict that it has alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from domain import Candidate, Problem, Verdict
from verifiers.audit.rocq.auditor import Auditor
from verifiers.audit.rocq.judge import RocqSettings
from verifiers.audit.sandbox import Limits, Sandbox
from verifiers.rocq.verifier import RocqVerifier

HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""
FALSE = Problem("goal", "rocq", HEADER, "Theorem goal : forall x, plus x Zero = Succ x.")
TRUE = Problem("goal", "rocq", HEADER, "Theorem goal : forall x, plus x Zero = x.")
HONEST = Candidate(TRUE, "induction x; simpl; congruence.")
SHARE = 15
LIMITS = Limits(wall_seconds=60, cpu_seconds=5)


def cheats() -> list[str]:
    blocks = (Path(__file__).parent / "rocq_cheats.txt").read_text().split("\n== ")[1:]
    return [block.partition("\n")[2].strip() for block in blocks]


def short(verdict: Verdict) -> tuple[str, str]:
    return verdict.verdict, verdict.reason


def judge_without_lint(auditor: Auditor, group: Sequence[Candidate]) -> list[Verdict]:
    return auditor._judge(group, recheck=False)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.acceptance)])
def test_cheats_in_a_batch_have_the_verdicts_that_they_have_alone_and_leave_neighbours_in_peace(every: int) -> None:
    """Without the lint, so that they get as far as the processes that are shared."""
    auditor = Auditor(Sandbox(), LIMITS)
    texts = cheats()[::every]
    for start in range(0, len(texts), SHARE):
        share = [Candidate(FALSE, text) for text in texts[start : start + SHARE]]
        together = judge_without_lint(auditor, [*share[:7], HONEST, *share[7:]])
        assert together.pop(7).accepted
        assert [short(one) for one in together] == [short(auditor.judge_compiled(one)) for one in share]
    auditor.close()


def test_a_batch_is_answered_in_order_whatever_fails() -> None:
    auditor = Auditor(Sandbox(), LIMITS, workers=2)
    other = Candidate(Problem("other", "rocq", "", "Theorem other : 1 = 1."), "reflexivity.")
    no_statement = Candidate(Problem("goal", "rocq", HEADER, "Theorem goal : forall x, plus x = no."), "auto.")
    refused = Candidate(TRUE, "admit.")
    wrong = Candidate(FALSE, "Theorem goal : True. Proof. exact I. Qed.")
    batch = [HONEST, no_statement, other, refused, wrong, HONEST, Candidate(TRUE, "auto.")]
    assert [short(one) for one in auditor.audit(batch)] == [
        ("accepted", "proved"),
        ("error", "does_not_compile"),
        ("accepted", "proved"),
        ("rejected", "forbidden_construct"),
        ("rejected", "wrong_statement"),
        ("accepted", "proved"),
        ("rejected", "does_not_compile"),
    ]
    auditor.close()


def test_axioms_of_one_are_not_those_of_another() -> None:
    header = f"{HEADER}\nAxiom odd : plus Zero Zero = Succ Zero."
    statement = "Theorem goal : plus Zero Zero = Succ Zero \\/ True."
    problem = Problem("goal", "rocq", header, statement)
    auditor = Auditor(Sandbox(), LIMITS)
    verdicts = auditor.audit([Candidate(problem, "left; apply odd."), Candidate(problem, "right; exact I.")])
    assert [one.axioms for one in verdicts] == [("Header.Part0.Body.odd",), ()]
    auditor.close()


def test_verifiers_of_a_machine_share_verdicts(tmp_path: Path) -> None:
    first, second = (RocqVerifier(RocqSettings(cache=tmp_path / "cache")) for _ in range(2))
    answers = first.audit([HONEST, HONEST, Candidate(TRUE, "auto.")])
    assert [one.verdict for one in answers] == ["accepted", "accepted", "rejected"]
    assert second.audit([HONEST, Candidate(TRUE, "auto.")]) == [answers[0], answers[2]]
    assert second.cpu_seconds() == 0
    assert first.notices() == []
    for verifier in (first, second):
        verifier.close()
