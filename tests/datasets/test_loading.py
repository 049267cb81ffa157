"""Problem sets by name: JSON lines, miniF2F, and what a user's mistake says."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from datasets import load, names
from datasets.jsonl import problem_of, read_problems, record_of, write_problems
from domain import Problem, UserError
from pipeline.commands.datasets import datasets

GOOD: dict[str, Any] = {
    "name": "one",
    "prover": "rocq",
    "header": "",
    "formal_statement": "Theorem one : 1 = 1.",
    "split": "valid",
    "informal_proof": "By computing.",
    "allowed_axioms": ["classic"],
    "difficulty": 3,
    "source_path": "valid/one.v",
}


def write_lines(file: Path, *records: object) -> Path:
    file.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in records))
    return file


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    file = tmp_path / "problems.jsonl"
    file.write_text("\ufeff" + json.dumps(GOOD) + "\n", encoding="utf-8")
    assert [record_of(problem) for problem in read_problems(file)] == [GOOD]


def test_unknown_fields_survive_a_round_trip(tmp_path: Path) -> None:
    assert record_of(problem_of(GOOD, "here")) == GOOD
    file = tmp_path / "deep" / "problems.jsonl"
    write_problems([problem_of(GOOD, "here")], file)
    assert [record_of(problem) for problem in read_problems(file)] == [GOOD]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "problems.jsonl:2: not JSON at column 2"),
        ("[1]", "problems.jsonl:2: expected a JSON object, got [1]"),
        (GOOD | {"name": "\ud83d"}, r"problems.jsonl:2: \ud83d is half of a character"),
        ({k: v for k, v in GOOD.items() if k != "header"}, "problems.jsonl:2: field `header` is missing"),
        (GOOD | {"name": 7}, "problems.jsonl:2: field `name`: expected text, got 7"),
        (GOOD | {"name": " "}, "problems.jsonl:2: field `name` is empty"),
        (GOOD | {"prover": "agda"}, "problems.jsonl:2: field `prover`: 'agda' is none of rocq, lean4, isabelle"),
        (GOOD | {"split": ["valid"]}, "problems.jsonl:2: field `split`: expected text"),
        (GOOD | {"allowed_axioms": "classic"}, "problems.jsonl:2: field `allowed_axioms`: expected a list of names"),
        (
            GOOD | {"formal_statement": "Theorem l0123456789abcdef : 1 = 1."},
            "problems.jsonl:2: l0123456789abcdef is a name that only lemmas of a library have",
        ),
        (GOOD | {"name": "zero"}, "problems.jsonl:2: field `name`: 'zero' is already on line 1"),
    ],
)
def test_malformed_line_is_named_with_its_number_and_field(line: object, message: str, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "problems.jsonl", GOOD | {"name": "zero"}, line)
    with pytest.raises(UserError, match=re.escape(message)):
        load(f"jsonl:{file}")


def test_every_name_is_a_set_or_says_what_it_needs(shared_data: Path) -> None:
    """Those of TIP are counted where their translations are tested."""
    paths = {"minif2f-rocq": "minif2f_rocq_816.jsonl", "minif2f-lean4": "minif2f_lean4.jsonl"}
    paths["minif2f-isabelle"] = "minif2f_isabelle.jsonl"
    for name in names():
        if name not in ("jsonl:FILE", "smtlib:PATH") and not name.startswith("tip:"):
            dataset = load(name, path=shared_data / paths.get(name, ""))
            assert dataset.problems
            assert len(dataset.problems) + len(dataset.left_out) == dataset.total


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("minif2f", None, "there is no dataset 'minif2f': it is a .jsonl or .smt2 file or one of jsonl:FILE"),
        ("tip:prod", None, "tip:prod needs a path (--path, or `path` in a configuration): the folder of TIP's suites"),
        ("minif2f-lean4", None, "configuration): the tree of yangky11/miniF2F-lean4, or a JSONL file"),
        ("bundled", "step9", "bundled has no split 'step9': it has step1, step2, step3"),
        ("bundled:step1", "step2", "bundled:step1 names the split step1, but --split is step2: give one of them"),
        ("nowhere.jsonl", None, "there is no file nowhere.jsonl"),
    ],
)
def test_wrong_name_or_split_is_one_clear_line(name: str, split: str | None, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        load(name, split=split)


def test_folder_without_the_suite_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(f"{tmp_path} has no prod/prop_*.smt2")):
        load("tip:prod", path=tmp_path)


def test_what_the_prover_refuses_is_left_out_and_still_counts() -> None:
    def accepts(problems: list[Problem]) -> list[str | None]:
        return ["refused" if position == 0 else None for position in range(len(problems))]

    whole, rest = load("bundled"), load("bundled", accepts=accepts)
    assert rest.total == whole.total
    assert [problem.name for problem in rest.problems] == [problem.name for problem in whole.problems[1:]]
    assert rest.reasons() == [("refused", 1)]


# --------------------------------------------------------------------------------------------------------- miniF2F


def test_raw_rocq_statements_become_those_adapted_to_816(shared_data: Path) -> None:
    ours = {p.name: p for p in load("minif2f-rocq", path=shared_data / "minif2f_rocq.jsonl").problems}
    reference = {p.name: p for p in load("minif2f-rocq", path=shared_data / "minif2f_rocq_816.jsonl").problems}
    assert ours.keys() == reference.keys()
    for name in ours.keys() - {"imo_1966_p5"}:  # this file has two theorems
        assert ours[name].header.split() == reference[name].header.split()
        assert ours[name].formal_statement.split() == reference[name].formal_statement.split()


def test_headers_assume_nothing_but_what_the_problem_declares(shared_data: Path) -> None:
    problems = load("minif2f-rocq", path=shared_data / "minif2f_rocq_816.jsonl").problems
    assert not any(re.search(r"^\s*Admitted\b", problem.header, re.MULTILINE) for problem in problems)
    allowed = {problem.name: problem.allowed_axioms for problem in problems if problem.allowed_axioms}
    assert allowed == {"amc12a_2016_p3": ("Rfloor", "Rfloor_spec")}


ENDINGS = {"minif2f-rocq": "\n\nProof.\n", "minif2f-lean4": " sorry\n", "minif2f-isabelle": "  sorry\n\nend\n"}


@pytest.mark.parametrize("name", sorted(ENDINGS))
def test_published_tree_reads_like_the_jsonl_made_from_it(name: str, shared_data: Path, tmp_path: Path) -> None:
    file = shared_data / f"{name.replace('-', '_')}.jsonl"
    for line in file.read_text().splitlines():
        record = json.loads(line)
        source = tmp_path / record["source_path"]
        source.parent.mkdir(parents=True, exist_ok=True)
        proof = record.get("reference_proof")
        ending = f"{proof}\nend\n" if proof else ENDINGS[name]
        source.write_text(record["header"] + record["formal_statement"].rstrip("\n") + "\n" * bool(proof) + ending)
    from_tree = {p.name: p for p in load(name, path=tmp_path).problems}
    from_jsonl = {p.name: p for p in load(name, path=file).problems}
    assert from_tree.keys() == from_jsonl.keys()
    for key, problem in from_tree.items():
        assert problem.split == from_jsonl[key].split
        assert problem.header.split() == from_jsonl[key].header.split()
        assert problem.formal_statement.split() == from_jsonl[key].formal_statement.split()
    assert {problem.split for problem in load(f"{name}:test", path=tmp_path).problems} == {"test"}


def test_last_of_two_theorems_is_the_goal(tmp_path: Path) -> None:
    (tmp_path / "valid").mkdir()
    text = "Require Import Arith.\n\nTheorem t : True.\nProof.\nAdmitted.\n\nTheorem t' : (* Proof. *) 1 = 1.\nProof.\n"
    (tmp_path / "valid" / "t.v").write_text(text)
    (problem,) = load("minif2f-rocq", path=tmp_path).problems
    assert problem.formal_statement == "Theorem t' : (* Proof. *) 1 = 1."
    assert problem.header.split() == ["Require", "Import", "Arith."]


# ------------------------------------------------------------------------------------------------------ the command


def test_command_lists_what_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert datasets() == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in names())


def test_command_converts_and_counts_what_was_left_out(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.jsonl"
    few = tmp_path / "tip2015"
    few.mkdir()
    for source in (shared_data / "tip" / "tip2015").glob("sort_nat_[MS]*.smt2"):
        shutil.copy(source, few)
    assert datasets("tip:tip2015", path=few, to=file, json_output=True) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["problems"], len(summary["left_out"]), summary["total"]) == (4, 8, 12)
    assert len(read_problems(file)) == 4
    assert datasets("tip:tip2015", path=few) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("tip:tip2015: 4 of 12 problems\nleft out: 8 (they still count in the total)\n")
    assert "    6  not structurally recursive: idiv\n" in printed


def test_checked_conversion_leaves_out_what_rocq_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = GOOD | {"name": "bad", "formal_statement": "Theorem bad : 1 = true."}
    file = write_lines(tmp_path / "two.jsonl", GOOD | {"allowed_axioms": []}, bad)
    assert datasets(str(file), check=True, json_output=True) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["problems"], summary["total"]) == (1, 2)
    assert [item["name"] for item in summary["left_out"]] == ["bad"]
    assert "refused by rocq" in summary["left_out"][0]["reason"]


def test_problems_that_are_no_tip_files_load_nothing_of_its_translator(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "mine.jsonl", GOOD)
    program = (
        "import sys; from datasets import load; assert load(sys.argv[1]).problems and load('bundled').problems; "
        "print([name for name in sys.modules if name.startswith('datasets.tip')])"
    )
    command = [sys.executable, "-c", program, str(file)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"
