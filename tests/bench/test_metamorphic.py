"""Transformed copies of a suite of TIP mean the same, differ in what they should differ in, and are run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.same_values import Evaluations, evaluate
from bench.tip_text import write
from bench.transformed_suite import TRANSFORMATIONS, USUAL, Copy, transform
from datasets.tip.parse import parse
from domain import UserError

PLUS = """
(declare-datatype Nat ((Z) (S (pred Nat))))
(define-fun-rec plus ((x Nat) (y Nat)) Nat (match x ((Z y) ((S z) (S (plus z y))))))
(define-fun-rec minus ((x Nat) (y Nat)) Nat
  (match x ((Z Z) ((S p) (match y ((Z x) ((S q) (minus p q))))))))
"""

LIST = """
(declare-datatype list (par (a) ((nil) (cons (head a) (tail (list a))))))
(define-fun-rec |to the end| (par (a) (((x (list a)) (y a)) (list a)))
  (match x ((nil (cons y (_ nil a))) ((cons x xs) (cons x (|to the end| xs y))))))
"""

SUITE = {
    "prop_01": PLUS + "(prove (forall ((x Nat) (y Nat)) (= (plus x (S y)) (S (plus x y)))))",
    "prop_02": PLUS
    + LIST
    + """
(define-fun-rec fold (par (a b) (((f (=> a b b)) (e b) (x (list a))) b))
  (match x ((nil e) ((cons y xs) (@ f y (fold f e xs))))))
(define-fun sum ((x (list Nat))) Nat (fold plus Z x))
(prove (forall ((x (list Nat)) (y Nat)) (= (sum (|to the end| x y)) (plus (sum x) y))))""",
    "prop_03": PLUS
    + LIST
    + """
(declare-datatypes ((Tree 1) (Forest 1)) (
  (par (a) ((Leaf) (Node (label a) (below (Forest a)))))
  (par (a) ((None) (More (first (Tree a)) (others (Forest a)))))))
(define-funs-rec
  ((size (par (a) (((t (Tree a)) (n Nat)) Nat))) (sizes (par (a) (((f (Forest a)) (n Nat)) Nat))))
  ((match t (((Node x f) (S (sizes f n))) (_ n)))
   (match f ((None n) ((More t ts) (sizes ts (size t n)))))))
(define-fun pair ((minus Nat) (y Nat)) (list Nat)
  (let ((x (plus minus y)) (y minus)) (ite (is-Z y) (_ nil Nat) (cons x (cons y (_ nil Nat))))))
(prove (par (a) (forall ((t (Tree a)) (x Nat) (y Nat))
  (=> (distinct x y) (not (= x y)) (or (= (pair x y) (pair y x)) (= (size t x) (minus (size t x) Z)))))))""",
}
"""`plus` is an argument of `fold`, and `minus` the name of a variable too."""


def evaluations(suite: dict[str, str], copy: Copy, count: int = 25) -> dict[str, Evaluations]:
    return {
        name: evaluate(suite[name], copy.texts[place], copy.symbols, seed=1, count=count)
        for place, name in copy.originals.items()
    }


def copies(chosen: Sequence[str] = tuple(TRANSFORMATIONS)) -> Iterator[Copy]:
    return (transform(SUITE, seed, chosen) for seed in range(8))


def of(copy: Copy, name: str) -> str:
    """The copy of one problem."""
    return next(copy.texts[place] for place, original in copy.originals.items() if original == name)


def sentences(text: str, kind: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"({kind}")]


@pytest.mark.parametrize("chosen", [USUAL, tuple(TRANSFORMATIONS)], ids=["usual", "all"])
def test_copies_compute_the_same(chosen: Sequence[str]) -> None:
    for copy in copies(chosen):
        found = evaluations(SUITE, copy)
        assert [difference for one in found.values() for difference in one.differences] == []
        assert {name: one.agreed >= 75 for name, one in found.items()} == dict.fromkeys(SUITE, True)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("((Z y) ((S z)", "((Z x) ((S z)"), ("(minus p q)", "(minus q p)"), ("(S (plus z y))", "(plus z y)")],
)
def test_a_copy_that_computes_something_else_is_seen(right: str, wrong: str) -> None:
    copy = transform(SUITE, 0, ["order"])
    assert all(right in text for text in copy.texts.values())
    spoilt = copy._replace(texts={name: text.replace(right, wrong) for name, text in copy.texts.items()})
    assert all(found.differences for found in evaluations(SUITE, spoilt).values())


def test_every_name_is_new_and_no_two_names_become_one() -> None:
    for copy in copies():
        assert len(set(copy.symbols.values())) == len(copy.symbols)
        assert not set(copy.symbols) & set(copy.symbols.values())
        assert sorted(copy.symbols, key=copy.symbols.__getitem__) != sorted(copy.symbols)
        words = set(" ".join(copy.texts.values()).replace("(", " ").replace(")", " ").split())
        assert not words & copy.symbols.keys()


def test_what_files_share_they_share_in_the_copy() -> None:
    for copy in copies():
        lines = [frozenset(of(copy, name).splitlines()) for name in ("prop_01", "prop_02", "prop_03")]
        assert len(lines[0] & lines[1] & lines[2]) == 3
        assert len(lines[1] & lines[2]) == 5


def test_functions_without_their_arguments_keep_their_order_in_every_file() -> None:
    for copy in copies(["arguments"]):
        assert copy.left_alone == ("minus", "plus")
        assert "(define-fun-rec plus ((x Nat) (y Nat))" in of(copy, "prop_01")


def test_each_transformation_changes_something_of_its_own() -> None:
    plain = transform(SUITE, 0, [])
    assert plain.texts == {name: write(parse(text, name)) for name, text in SUITE.items()}
    changed = {name: [copy for copy in copies([name]) if copy.texts != plain.texts] for name in TRANSFORMATIONS}
    assert all(changed.values())
    for copy in changed["equations"] + changed["binders"]:
        for name in SUITE:
            assert of(copy, name).splitlines()[:-1] == plain.texts[name].splitlines()[:-1]
    for copy in changed["order"]:
        assert sorted(copy.texts.values()) == sorted(plain.texts.values())
    for copy in changed["arguments"]:
        assert sentences(of(copy, "prop_02"), "declare") == sentences(plain.texts["prop_02"], "declare")
    assert any(
        "(define-fun-rec minus ((x Nat) (y Nat)) Nat (match x (((S p)" in of(one, "prop_01")
        for one in changed["constructors"]
    )
    assert any("(cons (tail (list a)) (head a))" in of(one, "prop_02") for one in changed["fields"])
    assert any(
        "(fold (par (a b) (((x (list a)) " in of(one, "prop_02").replace("define-fun-rec ", "(")
        for one in changed["arguments"]
    )


def test_the_same_seed_gives_the_same_copy_and_another_seed_another() -> None:
    assert transform(SUITE, 3) == transform(dict(reversed(SUITE.items())), 3)
    assert len({tuple(copy.texts.values()) for copy in copies()}) == 8


@pytest.mark.parametrize("suite", ["prod", "isaplanner", "tip2015"])
def test_what_is_written_is_read_as_the_same_tree(suite: str, shared_data: Path) -> None:
    refused = 0
    files = sorted((shared_data / "tip" / suite).glob("*.smt2"))
    for file in files:
        tree = replace(parse(file.read_text(encoding="utf-8"), file.stem), comment="")
        try:
            again = parse(write(tree), file.stem)
        except UserError:
            refused += 1
            continue
        assert replace(again, integers=tree.integers) == tree
    assert (len(files) > 0, refused) == (True, 1 if suite == "tip2015" else 0)


def test_copies_of_the_prod_suite_compute_the_same(shared_data: Path) -> None:
    files = sorted((shared_data / "tip" / "prod").glob("prop_*.smt2"))
    suite = {file.stem: file.read_text(encoding="utf-8") for file in files}
    copy = transform(suite, 7)
    found = evaluations(suite, copy, count=4)
    assert [difference for one in found.values() for difference in one.differences] == []
    assert sum(one.agreed for one in found.values()) > 500
    assert copy.left_alone == ()


# ---------------------------------------------------------------------------------------------------------- the program

EASY = {
    "prop_01": "(prove (forall ((x Nat)) (= (plus x Z) x)))",
    "prop_02": "(prove (forall ((x Nat) (y Nat)) (= (plus x y) (S y))))",
    "prop_03": "(prove (forall ((x Nat) (y Nat)) (= (plus (S x) y) (S (plus x y)))))",
}
"""The second is false, so no run proves it."""


@pytest.fixture
def easy(tmp_path: Path) -> Path:
    folder = tmp_path / "tip" / "prod"
    folder.mkdir(parents=True)
    for name, goal in EASY.items():
        (folder / f"{name}.smt2").write_text(PLUS + goal)
    return folder.parent


def metamorphic(repository: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "bench/metamorphic.py", *map(str, arguments)]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


@pytest.mark.acceptance
def test_copies_are_checked_in_rocq_and_runs_on_them_told_by_the_original_names(
    repository: Path, easy: Path, tmp_path: Path
) -> None:
    out, file = tmp_path / "out", tmp_path / "result.json"
    short = ["rounds=1", "cpu_seconds=60", "prove.cpu_seconds=2", "evolve.enabled=false"]
    short += ["verifiers.processes=1", "prove.workers=1"]
    given = ["--tip", easy, "--out", out, "--seeds", "2", "--json", file, *(f"--set={one}" for one in short)]
    done = metamorphic(repository, *given)
    assert done.returncode == 0, done.stderr
    assert "seed 2: 3 problems and 2 definitions" in done.stdout
    found = json.loads(file.read_text())
    originals = json.loads((out / "seed2" / "copy.json").read_text())["originals"]
    assert originals["prop_02"] != "prop_02"
    (row,) = found["rows"]
    assert row["proved"] == found["base"]["proved"] == ["prop_01", "prop_03"]
    assert (row["lost"], row["gained"], row["settings_other_than_base"]) == ([], [], [])
    assert found["settings"]["model"]["kind"] == "none"
    told = {file: file.stat().st_mtime_ns for file in out.glob("*/run.json")}
    assert len(told) == 2
    again = metamorphic(repository, *given)
    assert again.stdout == done.stdout
    assert told == {file: file.stat().st_mtime_ns for file in out.glob("*/run.json")}
    other = metamorphic(repository, *given, "--transformations", "names")
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)


def test_a_suite_that_is_not_there_is_one_line(repository: Path, tmp_path: Path) -> None:
    done = metamorphic(repository, "--tip", tmp_path / "nowhere", "--out", tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
