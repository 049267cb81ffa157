"""Files of SMT-LIB as problems, with the real prover."""

import re
import subprocess
from pathlib import Path

import pytest

from datasets import load
from datasets.tip.parse import parse
from datasets.tip.rocq import translate
from domain import UserError

LISTS = """(set-logic UFDT)
(declare-datatypes ((lst 0) (nat 0)) (((nil) (cons (head nat) (tail lst))) ((zero) (s (p nat)))))
(define-fun-rec app ((l lst) (r lst)) lst (match l ((nil r) ((cons a m) (cons a (app m r))))))
"""
GOAL = "(forall ((v lst)) (= (app v (app v v)) (app (app v v) v)))"
FILE = f"{LISTS}(assert (not {GOAL}))\n(check-sat)\n"
WRONG = (
    "(declare-datatypes ((n 0)) (((z) (s (p n)))))\n(define-fun-rec f ((x n)) n (f (s x)))\n(assert (not (= (f z) z)))"
)
ANY = """(declare-sort E 0)
(declare-fun f (E) E)
(declare-const e E)
(assert (forall ((x E)) (= (f (f x)) (f x))))
(assert (not (= (f (f (f e))) (f e))))
"""
TREES = "(declare-datatypes ((tree 0) (l 0)) (((node (sons l))) ((none) (more (first tree) (rest l)))))\n"


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_a_goal_is_what_is_asserted_to_be_false(tmp_path: Path) -> None:
    (problem,) = load(str(written(tmp_path, {"app.smt2": FILE}) / "app.smt2")).problems
    tip = translate(parse(f"{LISTS}(prove {GOAL})", "app.smt2"), "app")
    assert (problem.name, problem.prover) == ("app", "rocq")
    assert (problem.header, problem.formal_statement) == (tip.header, tip.statement)


def test_what_is_asserted_besides_are_hypotheses(tmp_path: Path) -> None:
    given = "(assert (forall ((v lst)) (= (app v nil) v)))\n"
    text = FILE.replace("(assert", f"{given}(assert").replace("(app v v) v)", "(app v v) (app v nil))")
    (problem,) = load(str(written(tmp_path, {"app.smt2": text}) / "app.smt2")).problems
    assert "(forall (v : lst), app_2 v nil = v) ->" in problem.formal_statement


def test_sorts_functions_and_constants_that_are_only_declared_are_any_ones(tmp_path: Path) -> None:
    (problem,) = load(str(written(tmp_path, {"any.smt2": ANY}) / "any.smt2")).problems
    assert (
        "forall (E : Type),\n  forall (f : E -> E) (e : E) (some_E : E), (forall (x : E), f (f x) = f x) -> "
        in problem.formal_statement
    )
    (tmp_path / "T.v").write_text(f"{problem.formal_statement}\nProof. intros E f e some_E H. now rewrite !H. Qed.")
    subprocess.run(["coqc", "-q", "T.v"], cwd=tmp_path, check=True)
    named = ANY.replace("(assert", "(define-fun g ((x E)) E (f x))\n(assert", 1).replace(
        "(= (f (f (f e)))", "(= (g (f (f e)))"
    )
    with pytest.raises(UserError, match=r"any\.smt2: an uninterpreted constant: f"):
        load(str(written(tmp_path, {"any.smt2": named}) / "any.smt2"))


def test_a_sort_has_a_value(tmp_path: Path) -> None:
    text = "(declare-sort E 0)\n(assert (not (exists ((x E)) (= x x))))"
    for same in (text, text.replace("(x E)", "(some_E E)").replace("= x x", "= some_E some_E")):
        (problem,) = load(str(written(tmp_path, {"any.smt2": same}) / "any.smt2")).problems
        (tmp_path / "T.v").write_text(f"{problem.formal_statement}\nProof. intros E x. now exists x. Qed.")
        subprocess.run(["coqc", "-q", "T.v"], cwd=tmp_path, check=True)


def test_datatypes_that_are_declared_together_are_mutual_only_where_they_need_one_another(tmp_path: Path) -> None:
    header = load(str(written(tmp_path, {"app.smt2": FILE}) / "app.smt2")).problems[0].header
    assert re.findall(r"^(?:Inductive|with) \w+", header, re.MULTILINE) == ["Inductive nat", "Inductive lst"]
    both = translate(parse(f"{TREES}(prove (forall ((x tree)) (= x x)))", "t.smt2"), "t").header
    assert re.findall(r"^(?:Inductive|with) \w+", both, re.MULTILINE) == ["Inductive tree", "with l"]
    (tmp_path / "T.v").write_text(header + both)
    subprocess.run(["coqc", "-q", "T.v"], cwd=tmp_path, check=True)


def test_a_folder_is_read_whole_and_what_is_no_problem_is_left_out_with_its_place(tmp_path: Path) -> None:
    rational = "(declare-const x Real)\n(assert (not (= x 0.5)))"
    files = {
        "b/1.smt2": FILE,
        "a/1.smt2": FILE,
        "a_1.smt2": FILE,
        "a/half.smt2": FILE[:100],
        "c.smt2": rational,
        "d.smt2": LISTS,
    }
    found = load(f"smtlib:{written(tmp_path, files)}")
    assert [problem.name for problem in found.problems] == ["a_1", "b_1"]
    assert [problem.source for problem in found.problems] == ["smtlib:a/1.smt2", "smtlib:b/1.smt2"]
    assert found.total == 6
    told = {one.name: one.reason for one in found.left_out}
    assert told["a_1"].endswith("/a_1.smt2: another file's problem has this name")
    assert told["a_half"].startswith(f"{tmp_path}/a/half.smt2:2: ")
    assert told["d"].startswith(f"{tmp_path}/d.smt2:3: expected exactly one `(prove …)`, or `(assert (not …))`")
    assert told["c"].endswith("/c.smt2: in `prove`: unknown type `Real`")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "x.smt2:1: "),
        ("(assert (not (= 1 1))) (assert (not (= 2 2)))", "x.smt2:1: expected exactly one"),
        ("(declare-fun f (Real) Real)\n(assert (not (= (f 1.5) (f 1.5))))", "x.smt2: in `prove`: unknown type `Real`"),
        (WRONG, "x.smt2: not structurally recursive: f"),
    ],
)
def test_a_file_that_is_no_problem_is_one_clear_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        load(str(written(tmp_path, {"x.smt2": text}) / "x.smt2"))
    assert "\n" not in str(caught.value)


def test_where_nothing_is_that_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.smt2", tmp_path / "nowhere"):
        with pytest.raises(UserError, match=re.escape(f"there is no .smt2 file at {path}")):
            load(f"smtlib:{path}")
