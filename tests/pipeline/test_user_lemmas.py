"""`--library FILE.jsonl`: a user's own lemmas are taken where they hold; each that is not is named with why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from library_store.snapshot import read
from pipeline.__main__ import main

HEADER = """
Inductive num : Type := zero : num | next : num -> num.
Fixpoint add (n m : num) {struct n} : num := match n with zero => m | next k => next (add k m) end.
"""
OTHER = "Inductive N := Z | S' (n : N). Fixpoint plus2 (a b : N) := match a with Z => b | S' k => S' (plus2 k b) end."
FLIP = "Inductive bit := on | off. Definition flip b := match b with on => off | off => on end."


def line(name: str, statement: str, proof: str | None = None, header: str = HEADER, **more: Any) -> dict[str, Any]:
    sentence = f"Theorem {name} {statement}."
    return {"name": name, "prover": "rocq", "header": header, "formal_statement": sentence, "proof": proof} | more


LEMMAS = [
    line("right_zero", "(n : num) : add n zero = n", "Proof. induction n as [|k IH]; simpl; congruence. Qed."),
    line(
        "commutes",
        ": forall a b, add a b = add b a",
        "Lemma z : forall n, add n zero = n. Proof. induction n; simpl; congruence. Qed.\n"
        "Lemma s : forall b a, add a (next b) = next (add a b). Proof. induction a; simpl; congruence. Qed.\n"
        "Theorem commutes : forall a b, add a b = add b a.\n"
        "Proof. intros a b. induction a. simpl. now rewrite z. simpl. rewrite s. now rewrite IHa. Qed.",
    ),
    line("renamed", ": forall p, plus2 (S' Z) p = S' p", "reflexivity.", OTHER),
    line("wrong", ": forall n, add n n = n", "induction n; simpl; congruence."),
    line(
        "assumed", ": forall n, add n n = n", "Axiom a : forall n, add n n = n.\nTheorem t : True. Proof. apply a. Qed."
    ),
    line("far", ": forall b, flip (flip b) = b", "destruct b; reflexivity.", FLIP),
    line("unread", ": forall n, adds n = n", "reflexivity."),
    line("left_open", ": forall n, add n n = n", status="open"),
    line("bare", ": forall n, add n n = n"),
    line("lean", "", "rfl", prover="lean4"),
]
PROBLEM = line("swap", ": forall a b c, add (add a b) c = add c (add b a)")
TAKEN = {"right_zero", "commutes", "renamed"}


def write(file: Path, *lines: dict[str, Any]) -> str:
    file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return str(file)


@pytest.mark.usefixtures("one_ray")
def test_lemmas_that_hold_are_taken_and_the_others_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lemmas = write(tmp_path / "lemmas.jsonl", *LEMMAS)
    problems = write(tmp_path / "problems.jsonl", {key: value for key, value in PROBLEM.items() if key != "proof"})
    command = ["prove", problems, "--library", lemmas, "--out", str(tmp_path / "out"), "--set", "prove.scripts=4"]
    assert main([*command, "--set", "prove.workers=1", "--set", "verifiers.processes=1"]) == 0
    said = capsys.readouterr().err
    tables = read(tmp_path / "out")
    given = {lemma.name: lemma for lemma in tables.lemmas.values() if lemma.operator == "given"}
    assert given.keys() >= TAKEN
    assert len(given) == len(TAKEN) + 1, "one auxiliary lemma is new beside them"
    assert all(lemma.round == 0 and lemma.prover_version for lemma in given.values())
    assert len(given["commutes"].uses) == 2
    told = [text.partition("lemmas.jsonl: ")[2] for text in said.splitlines() if "is not taken" in text]
    assert [text.partition(" is not taken: ")[0] for text in told] == [
        *("far", "unread", "left_open", "bare", "lean"),
        *("wrong", "assumed"),
    ]
    for why, name in {
        "no problem has its definitions": "far",
        "its statement is not read": "unread",
        "it is open": "left_open",
        "it has no proof": "bare",
        "for another prover": "lean",
        "does not compile": "wrong",
        "forbidden construct": "assumed",
    }.items():
        assert why in next(text for text in told if text.startswith(name))
    (result,) = [json.loads(text) for text in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert result["status"] == "proved"
    assert result["uses"] == ["commutes"]
    assert result["header"] == HEADER, "a result is a lemma for --library"
    assert 'href="proofs/swap.v"' in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", [], "holds no lemma"),
        ('{"name": "a", "proof": "x"}\n', [], ":1: field `prover` is missing"),
        (json.dumps(LEMMAS[0] | {"proof": 3}), [], ":1: field `proof`: expected the text of a proof"),
        (json.dumps(LEMMAS[0]), ["--at-round", "1"], "a file of lemmas has no rounds"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, options: list[str], said: str
) -> None:
    (tmp_path / "lemmas.jsonl").write_text(text)
    arguments = ["prove", "bundled", "--library", str(tmp_path / "lemmas.jsonl"), *options]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_library_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for there, said in ((False, "no such file or directory"), (True, "neither a run directory with a finished round")):
        if there:
            (tmp_path / "none").mkdir()
        assert main(["prove", "bundled", "--library", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
        assert said in capsys.readouterr().err
