"""Which texts get a process of their own, and that they leave none behind."""

from typing import NamedTuple

import psutil
import pytest

from domain import Reason
from verifiers.lean.verifier import LeanVerifier
from verifiers.lean.whole_file import runs_code
from verifiers.rocq.verifier import RocqVerifier
from verifiers.rocq.whole_file import changes_its_process
from verifiers.warm_sessions import WarmSessions


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("theorem t (n : Nat) : n = n := by simp", False),
        ("#check Nat\n#print axioms t", False),
        ("theorem t : 1 = 2 := sorry", False),
        ('notation "two" => 2', False),
        ("-- #eval 1", False),
        ("#eval 1", True),
        ('elab "x" : tactic => pure ()', True),
        ("theorem t : True := by run_tac pure ()", True),
        ("unsafe def f := 1", True),
        ("def f : IO Unit := pure ()", True),
        ("open Lean", True),
        ("@[implemented_by f] def g := 1", True),
        ("theorem t : 2 = 2 := by native_decide", True),
        ('#check s!"{x}"', True),
    ],
)
def test_lean_texts_that_run_code_are_alone(text: str, alone: bool) -> None:
    assert runs_code(text) is alone


@pytest.mark.parametrize(
    ("sentence", "alone"),
    [
        ("Theorem Load : True.", False),
        ("Require Import Lia.", False),
        ("Set Printing All.", False),
        ('Redirect "x" Check nat.', True),
        ('Time Redirect "x" Check nat.', True),
        ("Fail Load x.", True),
        ("#[local] Load x.", True),
        ('Declare ML Module "m".', True),
        ("Recursive Extraction nat.", True),
        ("exact (eq_refl <<: True). native_compute.", True),
    ],
)
def test_rocq_sentences_that_change_their_process_are_alone(sentence: str, alone: bool) -> None:
    assert changes_its_process(sentence) is alone


class Warm:
    """A session that has cost a second."""

    cpu_seconds = 1.0

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Loaded(NamedTuple):
    ok: bool
    reason: Reason | None = None


def test_a_session_of_ones_own_ends_and_its_seconds_are_counted() -> None:
    started: list[Warm] = []

    def start(header: str) -> tuple[Warm, Loaded]:
        started.append(Warm())
        return started[-1], Loaded(header != "broken", "does_not_compile" if header == "broken" else None)

    sessions: WarmSessions[Warm, Loaded] = WarmSessions(2, start)
    with sessions.borrowed("", alone=False) as shared:
        assert shared is started[0]
    with sessions.borrowed("", alone=True) as own:
        assert own is started[1]
        assert not started[1].closed
    with sessions.borrowed("broken", alone=True) as refused:
        assert refused == Loaded(ok=False, reason="does_not_compile")
    assert [one.closed for one in started] == [False, True, True]
    assert sessions.cpu_seconds == 3.0
    with sessions.borrowed("", alone=False) as again:
        assert again is shared


@pytest.mark.parametrize(
    ("verifier", "shared", "alone"),
    [(RocqVerifier, "Check nat.", 'Cd "/". Check nat.'), (LeanVerifier, "#check Nat", "#check Nat\nopen Lean")],
)
def test_a_text_of_its_own_leaves_no_process(
    verifier: type[RocqVerifier | LeanVerifier], shared: str, alone: str
) -> None:
    one = verifier()
    try:
        assert one.run_file(shared, 20).messages
        before = psutil.Process().children(recursive=True)
        assert before
        assert one.run_file(alone, 20).messages
        assert psutil.Process().children(recursive=True) == before
    finally:
        one.close()
