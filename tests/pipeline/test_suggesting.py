"""`suggest`: what is said of one place of a file, and what it rests on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.development.suggesting import Suggestion, in_order

DEMO = Path(__file__).parent / "demo"

ADMITTED = """Inductive seq := nil' | cons' (s : seq).
Fixpoint glue s t := match s with nil' => t | cons' s => cons' (glue s t) end.
Parameter f : seq -> nat.
Parameter p : nat -> Prop.
"""


def suggested(file: Path, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of the last line but one of a file, which is in the proof of its last statement."""
    file.write_text(f"{ADMITTED}{text}")
    main(["suggest", f"{file}:{len(file.read_text().splitlines()) - 1}", "--cpu-seconds", "8"])
    return capsys.readouterr().out


def test_a_proof_that_rests_on_an_admitted_statement_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = "Lemma every : forall n, p n.\nProof.\nAdmitted.\n"
    said = suggested(tmp_path / "Rests.v", f"{every}Lemma ten : p 10.\nProof.\nAdmitted.\n", capsys)
    assert "A proof of it, which rests on Rests.every (no proof yet):" in said
    proved = every.replace("Lemma every", "Axiom every").replace("\nProof.\nAdmitted.", "")
    said = suggested(tmp_path / "Proved.v", f"{proved}Lemma ten : p 10.\nProof.\nAdmitted.\n", capsys)
    assert "A proof of it:" in said


def test_a_file_above_need_not_be_utf_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Above.v").write_bytes("(* café *) Definition k := 1.".encode("latin-1"))
    (tmp_path / "_CoqProject").write_text("-Q . Demo\n")
    text = "From Demo Require Import Above.\nLemma one : k = 1.\nProof.\nAdmitted.\n"
    assert "A proof of it:" in suggested(tmp_path / "Below.v", text, capsys)


def test_what_only_follows_from_a_false_admitted_statement_is_never_shown_as_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Values refute `same`; where they are not found in time, the proof still says on what it rests."""
    wrong = "Lemma same : forall s t, s = t :> seq.\nProof.\nAdmitted.\n"
    goal = "Lemma all_one : forall s t : seq, f (glue s t) = f t.\nProof.\nAdmitted.\n"
    assert "A proof of it:" not in suggested(tmp_path / "Wrong.v", f"{wrong}{goal}", capsys)


def test_a_place_gets_a_proof_and_lemmas_that_hold(capsys: pytest.CaptureFixture[str]) -> None:
    file = DEMO / "theories" / "Tree.v"
    line = file.read_text().splitlines().index("    - simpl. (* the interesting case *)") + 1
    assert main(["suggest", f"{file}:{line}", "--cpu-seconds", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert "IHt1" in found["goal"]
    assert found["finish"] == "congruence."


def test_suggested_lemmas_stand_after_those_that_they_rest_on_and_are_numbered_in_that_order() -> None:
    def lemma(name: str, proof: str) -> str:
        return f"Lemma {name} : True.\nProof.\n  {proof}\nQed."

    ranked = [
        ("l_helper10", Suggestion(lemma("l_helper10", "apply l_helper3."), "apply l_helper10; apply l_helper2.")),
        ("l_helper2", Suggestion(lemma("l_helper2", "exact I."), None)),
        ("l_helper4", Suggestion(lemma("l_helper4", "exact I. (* not l_helper9 *)"), None)),
        ("l_helper3", Suggestion(lemma("l_helper3", "apply l_helper2."), None)),
        ("l_helper9", Suggestion(lemma("l_helper9", "apply l_helper3."), None)),
    ]
    assert in_order(ranked) == (
        Suggestion(lemma("l_helper2", "exact I."), None),
        Suggestion(lemma("l_helper3", "apply l_helper2."), None),
        Suggestion(lemma("l_helper4", "apply l_helper3."), "apply l_helper4; apply l_helper2."),
        Suggestion(lemma("l_helper9", "exact I. (* not l_helper9 *)"), None),
        Suggestion(lemma("l_helper10", "apply l_helper3."), None),
    )


def test_a_false_goal_is_said_to_be_false(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "False.v"
    file.write_text("Lemma wrong : forall n, n + 1 = n + 2.\nProof.\n  intros n.\nAdmitted.\n")
    assert main(["suggest", f"{file}:3", "--cpu-seconds", "2"]) == 0
    assert "It is false, for n := " in capsys.readouterr().out
    assert main(["suggest", f"{file}:9"]) == 2


@pytest.mark.parametrize(("line", "said"), [(4, "give a line behind the next bullet"), (5, "no goal is left there")])
def test_a_place_without_a_goal_in_focus_is_one_line(
    line: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Bullets.v"
    file.write_text("Lemma both : True /\\ True.\nProof.\n  split.\n  - exact I.\n  - exact I.\nAdmitted.\n")
    assert main(["suggest", f"{file}:{line}"]) == 2
    assert said in capsys.readouterr().err
