"""What `acceptance.py` asks of a Lean: textbook proofs, cheats, broken proofs, and with a project those over Mathlib.

Without `LEMMARY_LEAN_PROJECT` what needs Mathlib is left out, and said. The embedded Lean takes all the rest.
"""

from __future__ import annotations

from dataclasses import replace

from bench.material import Material
from domain import Candidate, Problem
from verifiers.audit.lean.toolchain import LeanSettings
from verifiers.lean.verifier import LeanVerifier
from verifiers.protocol import Verifier

READ_SECONDS = 120.0
"""For one statement of miniF2F; the first one pays for the imports."""

NUMBERS = """def twice : Nat → Nat
  | 0 => 0
  | n + 1 => twice n + 2

def sumTo : Nat → Nat
  | 0 => 0
  | n + 1 => sumTo n + (n + 1)
"""

TREES = """inductive Tree (α : Type) where
  | tip : Tree α
  | fork (l : Tree α) (x : α) (r : Tree α) : Tree α

def mirror {α : Type} : Tree α → Tree α
  | .tip => .tip
  | .fork l x r => .fork (mirror r) x (mirror l)

def weight {α : Type} : Tree α → Nat
  | .tip => 0
  | .fork l _ r => weight l + weight r + 1
"""

SEQUENCES = """def onto : List Nat → List Nat → List Nat
  | [], ys => ys
  | x :: xs, ys => onto xs (x :: ys)

def turn : List Nat → List Nat
  | [] => []
  | x :: xs => turn xs ++ [x]
"""

OPEN = """namespace Colours
inductive Colour where
  | red
  | green
  deriving DecidableEq

def other : Colour → Colour
  | .red => .green
  | .green => .red
end Colours
open Colours
"""


def offer(name: str, header: str, statement: str, proof: str) -> Candidate:
    return Candidate(Problem(name, "lean4", header, f"theorem {name} {statement}"), proof)


MIRRORED = """induction t with
| tip => rfl
| fork l x r left right =>
  show Tree.fork (mirror (mirror l)) x (mirror (mirror r)) = _
  rw [left, right]"""

HONEST = (
    offer("and_swap", "", "(p q : Prop) (h : p ∧ q) : q ∧ p", "exact ⟨h.2, h.1⟩"),
    offer("and_swap_tactics", "", "(p q : Prop) : p ∧ q → q ∧ p", "intro h\nconstructor\n· exact h.2\n· exact h.1"),
    offer(
        "or_not",
        "",
        "(p q : Prop) (h : p ∨ q) (no : ¬p) : q",
        "cases h with\n| inl k => exact absurd k no\n| inr k => exact k",
    ),
    offer("numbers", "", ": 2 ^ 10 ≤ 1025 ∧ 3 * 4 ≠ 11", "decide"),
    offer("comm", "", "(a b c : Nat) : a + b + c = c + (b + a)", "rw [Nat.add_comm a b, Nat.add_comm]"),
    offer("witness", "", ": ∃ n, n + 1 = 3", "exact ⟨2, rfl⟩"),
    offer("equal", "", "(a b : Nat) (f : Nat → Nat) (h : a = b) : f a + 1 = f b + 1", "rw [h]"),
    offer("steps", "", "(a b c : Nat) (h : a = b) (k : b = c) : c = a", "have j : a = c := by rw [h, k]\nexact j.symm"),
    offer("twice_three", NUMBERS, ": twice 3 = 6 ∧ sumTo 4 = 10", "exact ⟨rfl, rfl⟩"),
    offer(
        "twice_add",
        NUMBERS,
        "(n : Nat) : twice n = n + n",
        "induction n with\n| zero => rfl\n| succ n ih =>\n  show twice n + 2 = _\n"
        "  rw [ih, Nat.add_assoc n 1, Nat.add_comm 1]\n  first | done | rfl",
    ),
    offer("mirror_mirror", TREES, "{α : Type} (t : Tree α) : mirror (mirror t) = t", MIRRORED),
    offer(
        "weight_mirror",
        TREES,
        "{α : Type} (t : Tree α) : weight (mirror t) = weight t",
        "induction t with\n| tip => rfl\n"
        "| fork l x r left right => simp only [mirror, weight, left, right, Nat.add_comm]",
    ),
    offer(
        "onto_turn",
        SEQUENCES,
        "(xs ys : List Nat) : onto xs ys = turn xs ++ ys",
        "induction xs generalizing ys with\n| nil => rfl\n"
        "| cons x xs ih => simp only [onto, turn, ih, List.append_assoc] <;> rfl",
    ),
    offer("other_other", OPEN, "(c : Colour) : other (other c) = c", "cases c <;> rfl"),
)

MATHLIB = tuple(
    offer(f"mathlib_{number}", "import Mathlib\n", statement, proof)
    for number, (statement, proof) in enumerate(
        (
            ("(x : ℝ) (h : 2 * x + 3 = 7) : x = 2", "linarith"),
            ("(a b : ℝ) : 2 * a * b ≤ a ^ 2 + b ^ 2", "nlinarith [sq_nonneg (a - b)]"),
            (": (3 : ℚ) / 4 + 1 / 4 = 1", "norm_num"),
            ("(a b : ℤ) : (a + b) ^ 2 = a ^ 2 + 2 * a * b + b ^ 2", "ring"),
            ("(a b c : ℕ) (h : a < b) (k : b ≤ c) : a + 1 ≤ c", "omega"),
            ("(x : ℝ) : 0 < x ^ 2 + 1", "positivity"),
            ("(s : Finset ℕ) : s ⊆ s ∪ s", "exact Finset.subset_union_left"),
        )
    )
)

FALSE = ": (1 : Nat) = 2"

CHEATS = {
    "not finished": offer("goal", NUMBERS, "(n : Nat) : twice n = n + n", "induction n with\n| zero => rfl"),
    "given up": offer("goal", "", FALSE, "sorry"),
    "a lemma that is given up": offer("goal", "", FALSE, "theorem h : 1 = 2 := by sorry\ntheorem goal : 1 = 2 := h"),
    "an axiom": offer("goal", "", FALSE, "axiom h : 1 = 2\ntheorem goal : 1 = 2 := h"),
    "another statement": offer("goal", "", FALSE, "theorem goal : True := trivial"),
    "a weaker statement": offer("goal", "", FALSE, "theorem goal : 1 = 2 ∨ True := Or.inr trivial"),
    "more hypotheses": offer("goal", "", FALSE, "theorem goal (h : 1 = 2) : 1 = 2 := h"),
    "a variable that assumes it": offer(
        "goal", "", FALSE, "variable (h : 1 = 2)\ninclude h\ntheorem goal : 1 = 2 := h"
    ),
    "in another namespace": offer("goal", "", FALSE, "namespace A\ntheorem goal : True := trivial\nend A"),
    "a numeral of its own": offer(
        "goal", "", ": 2 + 2 = 5", "instance (priority := 10000) : OfNat Nat 5 := ⟨4⟩\ntheorem goal : 2 + 2 = 5 := rfl"
    ),
    "a notation": offer(
        "goal", "", FALSE, 'local infix:50 (priority := high) " = " => fun _ _ => True\ntheorem goal : 1 = 2 := trivial'
    ),
    "another function of the same name": offer(
        "goal",
        NUMBERS,
        ": twice 1 = 0",
        "namespace B\ndef twice (_ : Nat) : Nat := 0\ntheorem goal : twice 1 = 0 := rfl\nend B",
    ),
    "without the kernel": offer(
        "goal", "", FALSE, "set_option debug.skipKernelTC true\ntheorem goal : 1 = 2 := by decide"
    ),
    "by compiled code": offer("goal", "", ": 2 + 2 = 4", "native_decide"),
    "the text ends early": offer("goal", "", FALSE, "#exit\ntheorem goal : 1 = 2 := rfl"),
}
"""What each does → a candidate that must not be accepted."""

BROKEN = (
    offer("and_swap", "", "(p q : Prop) (h : p ∧ q) : q ∧ p", "constructor\n· exact h.1\n· exact h.1"),
    offer(
        "mirror_mirror",
        TREES,
        "{α : Type} (t : Tree α) : mirror (mirror t) = t",
        MIRRORED.replace("left, right", "left"),
    ),
    offer("onto_nil", SEQUENCES, "(xs : List Nat) : onto [] xs = xs", "exact nothing"),
)


def opened(**changes: float) -> LeanVerifier:
    """A verifier for the Lean that the environment names, or the embedded one. Raises `OutsideError` without either."""
    verifier = LeanVerifier(replace(LeanSettings.from_environment(), cache_entries=1, **changes))
    _ = verifier.version
    return verifier


def left_out(verifier: Verifier) -> str | None:
    del verifier
    return None if LeanSettings.from_environment().project else "no Mathlib (LEMMARY_LEAN_PROJECT names a project)"


def unread(verifier: Verifier, problem: Problem) -> str | None:
    said = verifier.replay(Candidate(problem, "skip"), READ_SECONDS)
    return None if said.ok else next((message.text for message in said.messages), "it is not read")


MATERIAL = Material(
    "lean4",
    opened,
    opened,
    "minif2f-lean4",
    unread,
    "-- {}",
    HONEST + (MATHLIB if LeanSettings.from_environment().project else ()),
    CHEATS,
    BROKEN,
    left_out,
)
