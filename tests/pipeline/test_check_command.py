"""`check` as users call it: answers, their order, exit codes and messages."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.__main__ import main

HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""
PROBLEM = {
    "name": "right_zero",
    "prover": "rocq",
    "header": HEADER,
    "formal_statement": "Theorem right_zero : forall x, plus x Zero = x.",
}
BLOCK = "induction x; simpl; congruence."
KEYS = ["name", "verdict", "trust", "reason", "messages", "axioms", "uses", "seconds", "prover"]


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    file = tmp_path / "problem.jsonl"
    file.write_text(json.dumps(PROBLEM) + "\n")
    return file


def proof(tmp_path: Path, text: str) -> str:
    file = tmp_path / "proof.v"
    file.write_text(text)
    return str(file)


def test_an_accepted_proof_ends_with_code_0(problem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(problem), "--proof", proof(tmp_path, BLOCK), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == KEYS
    assert (answer["name"], answer["verdict"], answer["trust"]) == ("right_zero", "accepted", "audited")
    assert answer["prover"].startswith("rocq 8.")


def test_a_refused_proof_ends_with_code_1(problem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(problem), "--proof", proof(tmp_path, "intros. Admitted.")]) == 1
    assert capsys.readouterr().out.startswith("right_zero: rejected (forbidden_construct)")


@pytest.mark.parametrize("text", ["induction x. foo. simpl; congruence.", "induction x.\n- admit.\n- bar.\nAdmitted."])
def test_a_refused_proof_is_repaired_and_printed(
    problem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert main(["check", str(problem), "--proof", proof(tmp_path, text), "--repair"]) == 0
    shown, _, repaired = capsys.readouterr().out.partition("\n\n")
    assert shown.startswith("right_zero: accepted (audited)")
    assert main(["check", str(problem), "--proof", proof(tmp_path, repaired)]) == 0


def test_a_repaired_proof_imports_the_tactics_that_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "problem.jsonl"
    record = {**PROBLEM, "header": "", "formal_statement": "Theorem right_zero (a b : nat) : a * b + 1 = 1 + b * a."}
    file.write_text(json.dumps(record) + "\n")
    assert main(["check", str(file), "--proof", proof(tmp_path, "foo."), "--repair", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)["repaired"].splitlines()
    assert [line for line in lines if line.startswith("Require")] == ["Require Import Lia."]


def test_where_repair_does_not_help_the_first_verdict_stands(
    problem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lie = "Theorem right_zero : forall x, plus x Zero = Succ x. Proof. foo. Qed."
    assert main(["check", str(problem), "--proof", proof(tmp_path, lie), "--repair", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verdict"], answer["repaired"]) == ("rejected", None)
    assert main(["check", str(problem), "--proof", proof(tmp_path, lie), "--repair"]) == 1
    assert capsys.readouterr().out.endswith("\n  repair found nothing that works\n")


def test_a_message_says_where_in_the_proof(problem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{HEADER}\nTheorem right_zero : forall x, plus x Zero = x.\nProof.\n  induction x. foo. Qed."
    for begin in ("", "\ufeff"):
        assert main(["check", str(problem), "--proof", proof(tmp_path, begin + text)]) == 1
        shown = capsys.readouterr().out.splitlines()
        assert shown[1].startswith("  line 5, character 16: The reference foo was not found")


def test_a_recheck_is_told(problem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", f"{problem}:right_zero", "--proof", proof(tmp_path, BLOCK), "--recheck", "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["trust"] == "rechecked"


def test_a_batch_is_answered_in_order_whatever_its_lines_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def line(text: str, **changes: Any) -> str:
        return json.dumps({"problem": PROBLEM | changes, "proof": text})

    lines = [
        (line(BLOCK), "accepted", "proved"),
        ("not JSON", "error", "malformed"),
        (line("reflexivity.", name="second"), "rejected", "does_not_compile"),
        (json.dumps({"proof": BLOCK}), "error", "malformed"),
        (json.dumps({"problem": {"name": "third"}, "proof": BLOCK}), "error", "malformed"),
        (json.dumps({"problem": PROBLEM, "proof": 7}), "error", "malformed"),
        (line(BLOCK, prover="agda"), "error", "malformed"),
        (line(BLOCK, header="Definition a := b."), "error", "does_not_compile"),
        (line(BLOCK, header="\ud800"), "error", "malformed"),
        (line("\ud800"), "rejected", "forbidden_construct"),
        ("[" * 100_000, "error", "malformed"),
        (line(f"{PROBLEM['formal_statement']} Proof. {BLOCK} Qed."), "accepted", "proved"),
    ]
    file = tmp_path / "batch.jsonl"
    file.write_text("\n".join(text for text, _, _ in lines) + "\n")
    assert main(["check", "--batch", str(file), "--workers", "2"]) == 1
    answers = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    told = [(answer["verdict"], answer["reason"]) for answer in answers]
    assert told == [(verdict, reason) for _, verdict, reason in lines]
    assert all(list(answer) == KEYS for answer in answers)
    assert [answers[0]["name"], answers[1]["name"], answers[4]["name"]] == ["right_zero", f"{file}:2", "third"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.jsonl", "--proof", "PROOF"], "there is no file missing.jsonl"),
        (["PROBLEM", "--proof", "missing.v"], "there is no file missing.v"),
        (["PROBLEM:other", "--proof", "PROOF"], "no problem named 'other'"),
        (["PROBLEM"], "--proof FILE is missing"),
        (["--batch", "missing.jsonl"], "there is no file missing.jsonl"),
        ([], "give either a problem with --proof FILE, or --batch"),
        (["PROBLEM", "--batch", "PROBLEM"], "give either"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(
    arguments: list[str], said: str, problem: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = proof(tmp_path, BLOCK)
    given = [one.replace("PROBLEM", str(problem)).replace("PROOF", text) for one in arguments]
    assert main(["check", *given]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_file_of_several_problems_wants_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "two.jsonl"
    file.write_text(json.dumps(PROBLEM) + "\n" + json.dumps(PROBLEM | {"name": "other"}) + "\n")
    assert main(["check", str(file), "--proof", proof(tmp_path, BLOCK)]) == 2
    assert f"say which: {file}:right_zero" in capsys.readouterr().err


def test_without_a_prover_the_code_is_3(
    problem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("verifiers.audit.rocq.version.shutil.which", lambda _: None)
    assert main(["check", str(problem), "--proof", proof(tmp_path, BLOCK)]) == 3
    assert "apt-get install coq" in capsys.readouterr().err


REFUSED = [
    ("rocq", "Fixpoint f (n : nat) := g n.", "the header: The reference g"),
    ("rocq", "Require Import Nonesuch.", "the header: Cannot find a physical path"),
    ("rocq", 'Notation "x + y" :=\n  (g x y).', "the header: The reference g"),
    ("rocq", "Definition begun (* n", "in the header, the comment that begins"),
    ("rocq", "From Coq Require Import List.\nImport ListNotations.", "the statement: The reference good"),
    ("lean4", "def f (n : Nat) : Nat := g n", "the header: Unknown identifier `g`"),
    ("lean4", "import Nonesuch", "the header: unknown module prefix"),
    ("lean4", "/- begun", "in the header, a comment has no end"),
    ("lean4", "open Nat", "the statement: Unknown identifier `good`"),
]
"""Prover, header, and what is said of a problem with it whose statement nobody can read."""


def test_an_error_is_told_as_one_of_the_header_or_of_the_statement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, batch = tmp_path / "problems.jsonl", tmp_path / "batch.jsonl"
    words = {"rocq": "Theorem q : good.", "lean4": "theorem q : good"}
    problems = [
        {"name": f"q{number}", "prover": prover, "header": header, "formal_statement": words[prover]}
        for number, (prover, header, _) in enumerate(REFUSED)
    ]
    file.write_text("".join(json.dumps(problem) + "\n" for problem in problems))
    batch.write_text("".join(json.dumps({"problem": problem, "proof": "trivial."}) + "\n" for problem in problems))
    assert main(["check", "--batch", str(batch), "--workers", "2"]) == 1
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for answer, (_, _, said) in zip(answers, REFUSED, strict=True):
        assert answer["verdict"] == "error"
        assert answer["messages"][0]["text"].startswith(said)
    assert main(["datasets", str(file), "--check", "--json"]) == 0
    left_out = json.loads(capsys.readouterr().out)["left_out"]
    told = {item["name"]: item["reason"] for item in left_out}
    assert [("header" in told[f"q{number}"]) for number in range(len(REFUSED))] == [
        "header" in said for _, _, said in REFUSED
    ]


def test_a_line_of_a_batch_that_is_a_problem_alone_is_told_what_is_expected(
    problem: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--batch", str(problem)]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["name"], answer["reason"]) == ("right_zero", "malformed")
    assert (
        'each line is {"problem": {...}, "proof": "..."}, and this is a problem alone' in answer["messages"][0]["text"]
    )


def test_an_empty_list_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "empty.jsonl"
    file.write_text("\n\n")
    for arguments in (["check", "--batch", str(file)], ["datasets", str(file)], ["check", str(file), "--proof", "p.v"]):
        assert main(arguments) == 2
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1
        assert "empty.jsonl holds no " in said
