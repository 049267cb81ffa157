"""Documents for language models, from folders, JSON lines, problems and the LeanDojo benchmark."""

import json
from pathlib import Path

import pytest

from datasets.texts import Document, Suffixes, problem_texts, read_leandojo_texts, read_texts
from domain import Problem, UserError

SUFFIXES: Suffixes = {".v": "rocq", ".lean": "lean4", ".txt": None}


def test_a_folder_is_its_files_by_name(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "B.v").write_bytes(b"Check \xff.")
    (tmp_path / "a.lean").write_text("theorem")
    (tmp_path / "c.vo").write_text("compiled")
    assert list(read_texts(tmp_path, SUFFIXES)) == [
        Document("a.lean", "theorem", "lean4"),
        Document("b/B.v", "Check \N{REPLACEMENT CHARACTER}.", "rocq"),
    ]


def test_json_lines_have_text_and_perhaps_more(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"text": "one"}\n\n{"text": "two", "name": "n", "prover": "lean4"}\n')
    assert list(read_texts(file, SUFFIXES)) == [Document("1", "one"), Document("n", "two", "lean4")]


@pytest.mark.parametrize(("line", "said"), [('{"txt": 1}', "`text`"), ('{"text": "a", "prover": "coq"}', "`prover`")])
def test_a_line_without_text_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"text": "one"}\n' + line + "\n")
    with pytest.raises(UserError, match=rf"t\.jsonl:2.*{said}"):
        list(read_texts(file, SUFFIXES))


def test_a_problem_is_its_words_header_statement_and_proof() -> None:
    problem = Problem(
        "p", "rocq", "Require Import Arith.\n", "Theorem p : 1 = 1.", informal_prefix="(* one *)", extra={"proof": "Q."}
    )
    (document,) = problem_texts([problem])
    assert document == Document("p", "(* one *)\nRequire Import Arith.\nTheorem p : 1 = 1.\nQ.\n", "rocq")


def test_leandojo_files_have_their_declarations_in_order_with_tactic_proofs(tmp_path: Path) -> None:
    folder = tmp_path / "leandojo_benchmark_4"
    (folder / "random").mkdir(parents=True)
    premises = [
        {"full_name": "b", "code": "theorem b : 2 = 2", "start": [5, 1], "end": [6, 1], "kind": "x"},
        {"full_name": "a", "code": "def a := 1", "start": [1, 1], "end": [1, 9], "kind": "x"},
    ]
    (folder / "corpus.jsonl").write_text(json.dumps({"path": "M/A.lean", "imports": [], "premises": premises}) + "\n")
    traced = {"tactic": "rfl", "annotated_tactic": ["rfl", []]}
    theorem = {"file_path": "M/A.lean", "full_name": "b", "start": [5, 1], "traced_tactics": [traced, traced]}
    for split in ("train", "val", "test"):
        (folder / "random" / f"{split}.json").write_text(json.dumps([theorem] if split == "val" else []))
    (document,) = read_leandojo_texts(tmp_path)
    assert document == Document("M/A.lean", "def a := 1\n\ntheorem b : 2 = 2 := by\n  rfl\n  rfl\n", "lean4")
