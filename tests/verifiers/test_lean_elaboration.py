"""Lean problems in canonical form, from the real prover: identity by content, read back, and back to a file's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from domain import Candidate, Const, Elaboration, Fix, Lemma, Match, Problem, Verdict
from pipeline.proposers.conjecture import exploration, testing
from term_algebra import constants
from term_algebra.ordering import Precedence, classify
from term_algebra.theory import Theory, open_statement
from verifiers.audit.lean.compiler import Compiler
from verifiers.canonical import canonical_header, lemma_id
from verifiers.lean import session
from verifiers.lean.automation import CLOSERS, LeanAutomation
from verifiers.lean.headers import take_apart
from verifiers.lean.own_names import canonical_problem, self_contained, to_own_names
from verifiers.lean.server import Server
from verifiers.lean.syntax import LeanSyntax
from verifiers.lean.verifier import LeanVerifier
from verifiers.scripts import Plan

ONE = """
inductive Num : Type where
  | zero : Num
  | next : Num → Num

-- addition by patterns
def add : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (add n m)

def less : Num → Num → Bool
  | _, .zero => false
  | .zero, .next _ => true
  | .next n, .next m => less n m
"""
OTHER = """
inductive Count : Type
  | none
  | more (rest : Count)

def smaller (a b : Count) : Bool :=
  match b with
  | .none => false
  | .more b' => match a with
    | .none => true
    | .more a' => smaller a' b'

def plus (a b : Count) : Count :=
  match a with
  | .none => b
  | .more rest => Count.more (plus rest b)
"""
LISTS = """
inductive Seq (α : Type) : Type where
  | empty : Seq α
  | link : α → Seq α → Seq α

def keep {α : Type} (p : α → Bool) : Seq α → Seq α
  | .empty => .empty
  | .link x xs => match p x with
    | true => .link x (keep p xs)
    | false => keep p xs
"""


def problem(header: str, statement: str) -> Problem:
    return Problem("asked", "lean4", header, statement)


@pytest.fixture(scope="module")
def verifier() -> Iterator[LeanVerifier]:
    verifier = LeanVerifier()
    yield verifier
    verifier.close()


def elaborated(verifier: LeanVerifier, *problems: Problem) -> list[Elaboration]:
    answers = verifier.elaborate(problems)
    refused = [answer for answer in answers if not isinstance(answer, Elaboration)]
    assert not refused
    return [answer for answer in answers if isinstance(answer, Elaboration)]


@pytest.fixture(scope="module")
def pair(verifier: LeanVerifier) -> list[Elaboration]:
    return elaborated(
        verifier,
        problem(ONE, "theorem right_zero (n : Num) : Eq (add n Num.zero) n := by sorry"),
        problem(OTHER, "theorem right_none : ∀ c : Count, Eq (plus c Count.none) c"),
    )


def test_the_same_content_has_the_same_ids_whatever_it_is_called_and_however_it_is_written(
    pair: list[Elaboration],
) -> None:
    one, other = pair
    assert {d.id for d in one.definitions} == {d.id for d in other.definitions}
    assert (one.statement_exact, one.reached, one.prelude_id) == (
        other.statement_exact,
        other.reached,
        other.prelude_id,
    )
    assert {one.own_names[name] for name in other.own_names} >= {"Num", "Num.zero", "Num.next", "add", "less"}


def test_a_changed_function_has_another_id(verifier: LeanVerifier, pair: list[Elaboration]) -> None:
    changed = ONE.replace("| .zero, m => m", "| .zero, m => .next m")
    (odd,) = elaborated(verifier, problem(changed, "theorem t (n : Num) : Eq (add n Num.zero) n"))
    assert len({d.id for d in odd.definitions} & {d.id for d in pair[0].definitions}) == 2
    assert odd.statement_exact != pair[0].statement_exact


def test_functions_are_matches_that_can_be_evaluated(pair: list[Elaboration]) -> None:
    add = next(d for d in pair[0].definitions if d.readable == ("add",))
    body = add.functions[0].body
    assert isinstance(body, Fix)
    assert isinstance(body.functions[0].body, Match)
    assert body.functions[0].structural == body.functions[0].parameters[0][0]
    assert testing.Tester(pair[0].definitions).test(pair[0].statement).counterexample is None
    assert testing.Tester(pair[0].definitions).test(pair[0].statement).tested > 20


def test_overlapping_patterns_mean_the_first_that_fits(verifier: LeanVerifier, pair: list[Elaboration]) -> None:
    statements = ["theorem a (n : Num) : Eq (less n n) false", "theorem b (n m : Num) : Eq (less n m) (less m n)"]
    true, false = elaborated(verifier, *[problem(ONE, statement) for statement in statements])
    assert testing.Tester(true.definitions).test(true.statement).counterexample is None
    assert testing.Tester(false.definitions).test(false.statement).counterexample is not None


def test_matches_on_values_are_read(verifier: LeanVerifier) -> None:
    (found,) = elaborated(
        verifier,
        problem(LISTS, "theorem t {α : Type} (p : α → Bool) (xs : Seq α) : Eq (keep p (keep p xs)) (keep p xs)"),
    )
    assert len(found.definitions) == 2
    assert testing.Tester(found.definitions).test(found.statement).tested > 20


def test_a_proof_about_content_proves_each_file_in_its_own_names(
    verifier: LeanVerifier, pair: list[Elaboration]
) -> None:
    (name,) = [d.names[0] for d in pair[0].definitions if d.readable == ("add",)]
    datatype = next(d for d in pair[0].definitions if d.kind == "datatype").names
    proof = (
        f"  intro n\n  induction n with\n  | {datatype[1]} => eq_refl\n  | {datatype[2]} k ih => simp only [{name}, ih]"
    )
    for elaboration in pair:
        text = self_contained(elaboration, proof)
        assert "d" + pair[0].definitions[0].id[:12] not in text
        verdict = verifier.audit([Candidate(elaboration.problem, text)])[0]
        assert verdict.accepted, verdict


def test_a_lemma_and_definitions_that_a_file_lacks_are_written_in_front(
    verifier: LeanVerifier, pair: list[Elaboration]
) -> None:
    one = pair[0]
    identity = lemma_id(one.prelude_id, one.reached, one.statement_exact, "lean4")
    (name,) = [d.names[0] for d in one.definitions if d.readable == ("add",)]
    datatype = next(d for d in one.definitions if d.kind == "datatype").names
    proof = (
        f"  intro n\n  induction n with\n  | {datatype[1]} => eq_refl\n  | {datatype[2]} k ih => simp only [{name}, ih]"
    )
    lemma = Lemma(
        identity, 1, "lean4", "lemma", one.prelude_id, one.reached, one.statement_exact, one.statement_exact,
        one.statement, proof, (), "", "problem", ("asked",), (), "automation", 1, "", "",
    )  # fmt: skip
    bare = ONE.partition("-- addition")[0]
    (poor,) = elaborated(verifier, problem(bare, "theorem t (n : Num) : Eq n n"))
    text = self_contained(poor, f"  have_none {lemma.canonical_name}", [lemma], one.definitions)
    assert text.index(f"def {name}") < text.index(f"theorem {lemma.canonical_name}") < text.index("theorem t ")
    verdict = verifier.audit(
        [Candidate(poor.problem, text.replace(f"have_none {lemma.canonical_name}", "intro n\n  eq_refl"))]
    )[0]
    assert verdict.accepted, verdict
    user = self_contained(one, f"  intro n\n  exact {lemma.canonical_name} n", [lemma])
    verdict = verifier.audit([Candidate(one.problem, user)])[0]
    assert verdict.accepted
    assert verdict.uses == (lemma.canonical_name,)


@pytest.mark.parametrize(
    "header",
    [
        "structure Two (p : Nat → Prop) where\n  one : Nat\n  fits : p one",
        "namespace N\nmutual\ninductive T where\n  | a : T\nend\nend N",
        "inductive Vec (α : Type) : Nat → Type where\n  | nil : Vec α Nat.zero",
        "universe u\ninductive Box (α : Type u) : Type u where\n  | box : α → Box α",
        "axiom a : False",
        "class C (α : Type) where\n  c : α",
    ],
)
def test_what_cannot_be_taken_apart_stays_whole(verifier: LeanVerifier, header: str) -> None:
    (found,) = elaborated(verifier, problem(header, "theorem t (n : Nat) : Eq n n"))
    assert ([one for one in found.definitions if one.source], found.prelude) == ([], header)
    assert found.unread.startswith("its header is kept whole: ")
    verdict = verifier.audit([Candidate(found.problem, self_contained(found, "  intro n\n  eq_refl"))])[0]
    assert verdict.accepted, verdict


def test_a_statement_that_lean_refuses_is_an_error_and_its_neighbours_are_not(verifier: LeanVerifier) -> None:
    bad, malformed, good = verifier.elaborate(
        [
            problem(ONE, "theorem t (n : Num) : Eq (add n) n"),
            problem(ONE, "def t := 1"),
            problem(ONE, "theorem t (n : Num) : Eq n n"),
        ]
    )
    assert isinstance(bad, Verdict)
    assert (bad.verdict, bad.reason) == ("error", "does_not_compile")
    assert isinstance(malformed, Verdict)
    assert malformed.reason == "malformed"
    assert isinstance(good, Elaboration)


def test_canonical_sources_are_accepted_by_the_prover(verifier: LeanVerifier, pair: list[Elaboration]) -> None:
    header = canonical_header("", pair[0].definitions)
    (again,) = elaborated(
        verifier, replace(pair[0].problem, header=header, formal_statement=f"theorem t : {pair[0].statement_exact}")
    )
    assert again.statement_exact == pair[0].statement_exact
    assert {d.id for d in again.definitions} == {d.id for d in pair[0].definitions}


def test_comments_do_not_count_and_constructors_keep_their_last_name(pair: list[Elaboration]) -> None:
    assert take_apart("/- a /- nested -/ b -/\n-- c\n") == take_apart("")
    datatype = next(d for d in pair[1].definitions if d.kind == "datatype").names
    text = f"| {datatype[2]} k => exact {datatype[0]}.{datatype[2]} k"
    assert to_own_names(text, pair[1]) == "| more k => exact Count.more k"
    assert Const(datatype[0]) in {d.datatypes[0].constructors[0].type for d in pair[1].definitions if d.datatypes}


SIGNS = """
def double : Nat → Nat
  | 0 => 0
  | n + 1 => double n + 2

def total : List Nat → Nat
  | [] => 0
  | x :: xs => x + total xs
"""
CONSTRUCTORS = """
def twice : Nat → Nat
  | .zero => .zero
  | .succ n => .succ (.succ (twice n))

def sum (xs : List Nat) : Nat :=
  match xs with
  | .nil => .zero
  | .cons x rest => Nat.add x (sum rest)
"""


def test_numerals_and_signs_are_the_constructors_and_functions_that_they_stand_for(verifier: LeanVerifier) -> None:
    signs, plain = elaborated(
        verifier,
        problem(SIGNS, "theorem t (n : Nat) (xs ys : List Nat) : double n + 2 = 1 ∨ total (xs ++ ys) ≠ n * 3"),
        problem(
            CONSTRUCTORS,
            "theorem t (n : Nat) (xs ys : List Nat) : Or (Eq (Nat.succ (.succ (twice n))) (.succ .zero)) "
            "(Not (Eq (sum (List.append xs ys)) (Nat.mul n (.succ (.succ (.succ .zero))))))",
        ),
    )
    assert [d.id for d in signs.definitions] == [d.id for d in plain.definitions]
    assert len([one for one in signs.definitions if one.source]) == 2
    assert (signs.statement, signs.prelude_id) == (plain.statement, plain.prelude_id)


def test_statements_with_numerals_and_signs_can_be_tested(verifier: LeanVerifier) -> None:
    right, wrong = elaborated(
        verifier,
        problem(SIGNS, "theorem right (n : Nat) : double (n + 1) = 2 * n + 2"),
        problem(SIGNS, "theorem wrong (n : Nat) : double n = 2 + n"),
    )
    assert testing.Tester(right.definitions).test(right.statement).tested > 10
    assert testing.Tester(right.definitions).test(right.statement).counterexample is None
    assert testing.Tester(wrong.definitions).test(wrong.statement).counterexample is not None


@pytest.mark.parametrize(
    ("statement", "written"),
    [
        ("∀ n : Nat, n + 300 = 300 + n", "300"),
        ("∀ a b : Nat, a < b → b ≥ a ∧ ¬ a ∣ b - 1", "LT.lt"),
        ("∀ a b : Nat, (if a = b then 1 else 2) ^ 2 ≤ 4", "HPow.hPow"),
        ("∀ a b : Nat, (a == b) = true ∨ ∃ c, a ≠ c", "BEq.beq"),
    ],
)
def test_what_lean_writes_with_instances_is_read_and_read_back(
    verifier: LeanVerifier, statement: str, written: str
) -> None:
    (one,) = elaborated(verifier, problem("", f"theorem t : {statement}"))
    assert not isinstance(one.statement, Const)
    assert written in one.statement_exact


def test_a_numeral_of_the_headers_own_instance_is_no_number(verifier: LeanVerifier) -> None:
    lying = "instance : OfNat Nat 5 := ⟨4⟩\n"
    (one,) = elaborated(verifier, problem(lying, "theorem t : Eq (Nat.add 2 2) 5"))
    assert "instOfNatNat (nat_lit 5)" not in one.statement_exact
    (five,) = elaborated(verifier, problem("", "theorem t : Eq (Nat.add 2 2) 5"))
    assert one.statement_exact != five.statement_exact


@pytest.mark.parametrize(
    "scene",
    [
        "{}namespace Mine\nvariable (n : Nat)\n",
        "namespace Mine\n{}end Mine\nopen Mine\naxiom a : True\n",
        "{}theorem helper : True := trivial\n",
        "{}@[simp] def other (k : Kind) : Kind := k\n",
        "{}class Small (α : Type) where\n  least : α\ninstance : Small Kind := ⟨.leaf⟩\n",
    ],
)
def test_types_and_functions_of_a_header_that_stays_whole_are_looked_at(verifier: LeanVerifier, scene: str) -> None:
    kinds = "inductive Kind where\n  | leaf\n  | node (a b : Kind)\n\n"
    turn = "def turn : Kind → Kind\n  | .leaf => .leaf\n  | .node a b => .node (turn b) (turn a)\n\n"
    (found,) = elaborated(
        verifier, problem(scene.replace("{}", kinds + turn), "theorem t (k : Kind) : turn (turn k) = k")
    )
    assert found.definitions[0].names[0].endswith("Kind")
    assert {name.rpartition(".")[2] for one in found.definitions for name in one.names} >= {"Kind", "leaf", "turn"}
    assert len(found.reached) == 2
    assert testing.Tester(found.definitions).test(found.statement).tested > 5
    assert "its header is kept whole: it has `" in found.unread


OWN = """inductive Kind where
  | leaf
  | node (a b : Kind)

def graft : Kind → Kind → Kind
  | .leaf, k => k
  | .node a b, k => .node a (graft b k)

def double (k : Kind) : Kind := graft k k

"""


def in_own_signs(header: str) -> str:
    """The same functions, in a namespace and with signs of their own."""
    signs = "instance : OfNat Kind 0 := ⟨.leaf⟩\ninstance : Add Kind where\n  add := graft\n\n"
    written = header.replace(":= graft k k", ":= k + k")
    return f"namespace Mine\n{written.replace('def double', f'{signs}def double')}end Mine\nopen Mine\n"


def test_signs_of_a_header_are_the_functions_of_its_instances_whatever_namespace_they_are_in(
    verifier: LeanVerifier,
) -> None:
    plain, signs = elaborated(
        verifier,
        problem(OWN, "theorem t (a b : Kind) : graft (double a) .leaf = b ∨ ∃ c, graft c c = a"),
        problem(in_own_signs(OWN), "theorem t (a b : Kind) : double a + 0 = b ∨ ∃ c : Kind, c + c = a"),
    )
    assert (signs.statement, signs.prelude_id, signs.unread) == (plain.statement, plain.prelude_id, "")
    assert [one.id for one in signs.definitions] == [one.id for one in plain.definitions]
    assert set(signs.own_names.values()) >= {"Mine.Kind", "Mine.graft", "Mine.double"}


def test_what_is_proved_of_signs_is_proved_in_the_authors_file(verifier: LeanVerifier) -> None:
    (found,) = elaborated(verifier, problem(in_own_signs(OWN), "theorem t (a : Kind) : a + 0 = a"))
    graft = next(name for name, own in found.own_names.items() if own == "Mine.graft")
    proof = f"intro x0\ninduction x0 with\n| _ => simp_all only [{graft}]"
    goal = canonical_problem(found, found.definitions)
    assert verifier.check([Candidate(goal, proof)])[0].trust == "elaborated"
    verdict = verifier.audit([Candidate(found.problem, self_contained(found, proof))])[0]
    assert verdict.accepted, verdict


def test_tactics_find_the_functions_and_not_the_signs_in_the_authors_equations(verifier: LeanVerifier) -> None:
    spin = "def spin : Kind → Kind\n  | .leaf => 0\n  | .node a b => spin b + .node (spin a) 0\n"
    header = in_own_signs(OWN).replace("end Mine", f"{spin}end Mine")
    statement = "(a b : Kind) (h : ∀ x y : Kind, x + y = y) : spin (.node a b) = .node (spin a) 0"
    (found,) = elaborated(verifier, problem(header, f"theorem t {statement}"))
    name = next(name for name, own in found.own_names.items() if own == "Mine.spin")
    proof = f"intro x0 x1 x2\nsimp only [{name}, x2]"
    assert verifier.check([Candidate(canonical_problem(found, found.definitions), proof)])[0].trust == "elaborated"
    plain = verifier.audit([Candidate(found.problem, self_contained(found, proof))])[0]
    assert plain.reason == "does_not_compile"
    text = next(LeanSyntax().candidates(found, proof, (), found.definitions, ""))
    assert "↓ eq_" in text
    verdict = verifier.audit([Candidate(found.problem, text)])[0]
    assert verdict.accepted, verdict


@pytest.mark.parametrize(
    ("relation", "statement", "read"),
    [
        ("LE Kind := ⟨fun a b => ∃ c, graft a c = b⟩", "∀ a b : Kind, a ≥ b → b ≤ a", "Exists"),
        ("Append Kind := ⟨graft⟩", "∀ a b : Kind, a ++ b = b", "graft"),
        ("HAdd Kind Nat Kind := ⟨fun a _ => a⟩", "∀ (a : Kind) (n : Nat), a + n = a", "@Eq"),
        ("Inhabited Kind := ⟨.leaf⟩", "∀ a : Kind, a = Inhabited.default", "leaf"),
    ],
)
def test_instances_of_many_classes_are_read(verifier: LeanVerifier, relation: str, statement: str, read: str) -> None:
    scene = f"{OWN}instance : {relation}\ntheorem one : True := trivial\n"
    taken, whole = elaborated(
        verifier,
        problem(f"{OWN}instance : {relation}", f"theorem t : {statement}"),
        problem(scene, f"theorem t : {statement}"),
    )
    assert (taken.unread, taken.prelude) == ("", "")
    assert "it has `theorem`" in whole.unread
    assert read in whole.statement_exact
    assert "inst" not in whole.statement_exact


def test_an_instance_that_more_than_signs_rest_on_keeps_the_header_whole_and_is_told(verifier: LeanVerifier) -> None:
    header = OWN.replace("(a b : Kind)\n", "(a b : Kind)\n  deriving DecidableEq\n")
    plain, needing = elaborated(
        verifier,
        problem(header, "theorem t (a : Kind) : graft a .leaf = a"),
        problem(header, "theorem t (a : Kind) : (if a = .leaf then 1 else 1) = 1"),
    )
    assert (plain.unread, plain.prelude) == ("", "")
    assert needing.unread == "its header is kept whole: it has `deriving`, which more than the signs in it rests on"
    assert needing.prelude == header.strip()


def test_signs_stay_where_a_header_stays_whole_and_its_functions_are_written_with_them(verifier: LeanVerifier) -> None:
    """What tactics find in the functions is what statements and lemmas are about."""
    header = in_own_signs(OWN).replace("open Mine", "theorem one : True := trivial\nopen Mine")
    (found,) = elaborated(verifier, problem(header, "theorem t (a : Kind) : double a = a + a ∧ a + 0 = a"))
    assert found.statement_exact.count("Mine.instAddKind") == 2
    assert "OfNat" not in found.statement_exact, "no function has a 0"
    (double,) = [one for one in found.definitions if one.names == ("Mine.double",)]
    assert "Mine.instAddKind" in double.canonical_text


def test_an_instance_for_a_type_of_the_library_is_not_looked_into(verifier: LeanVerifier) -> None:
    (found,) = elaborated(
        verifier, problem("instance : Add Bool := ⟨fun a _ => a⟩", "theorem t (a : Bool) : a + a = a")
    )
    assert "instAddBool" in found.statement_exact
    assert "it has `instance`" in found.unread


def test_a_structure_is_a_datatype_and_its_projections_are_functions(verifier: LeanVerifier) -> None:
    header = """structure Pair (α : Type) where
  left : α
  right : Nat
  deriving DecidableEq

namespace Pair
def grow {α : Type} (p : Pair α) : Pair α := { p with right := p.right + 1 }
def same {α : Type} : Pair α → Pair α
  | ⟨a, n⟩ => ⟨a, n⟩
end Pair"""
    (found,) = elaborated(verifier, problem(header, "theorem t {α : Type} (p : Pair α) : p.grow.left = p.same.left"))
    assert (found.unread, found.prelude) == ("", "")
    assert set(found.own_names.values()) >= {"Pair", "Pair.mk", "Pair.left", "Pair.right", "Pair.grow", "Pair.same"}
    assert testing.Tester(found.definitions).test(found.statement).tested > 5
    goal = canonical_problem(found, found.definitions)
    functions = ", ".join(
        name for one in found.definitions if one.functions for name in one.names if name in goal.header
    )
    for proof in (
        "intro x0 x1\ncases x1 with\n| _ => rfl",
        f"intro x0 x1\ncases x1 with\n| _ => simp only [{functions}]",
    ):
        assert verifier.check([Candidate(goal, proof)])[0].trust == "elaborated"
        verdict = verifier.audit([Candidate(found.problem, self_contained(found, proof))])[0]
        assert verdict.accepted, verdict


def test_problems_of_one_header_are_elaborated_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = LeanVerifier()
    count = [0]

    def counting(*arguments: Any, **named: Any) -> Server:
        count[0] += 1
        return Server(*arguments, **named)

    monkeypatch.setattr(session, "Server", counting)
    monkeypatch.setattr(Compiler, "compile", None)
    for header in (SIGNS, f"{SIGNS}\ntheorem one : True := trivial"):
        count[0] = 0
        elaborated(verifier, *[problem(header, f"theorem t (n : Nat) : double n + {k} = n") for k in range(20)])
        assert count[0] == 1
    others = [f"{SIGNS}\ndef more{k} : Nat := {k}\ntheorem one : True := trivial" for k in range(4)]
    count[0] = 0
    elaborated(verifier, *[problem(header, "theorem t (n : Nat) : double n = n") for header in others])
    assert count[0] == 4, "each header is done with before the next, for which its process may have to go"
    verifier.close()


def test_what_is_not_read_of_a_statement_is_told(verifier: LeanVerifier) -> None:
    (found,) = elaborated(verifier, problem("universe u\n", "theorem t (α : Type u) (a : α) : a = a"))
    assert isinstance(found.statement, Const)
    assert found.unread.startswith("the statement is not read: a universe variable in Type u")


@pytest.mark.parametrize(
    ("header", "statement", "advice"),
    [
        ("", "theorem t (xs : List α) : xs = xs", "write that as a binder, like `{α : Type}`"),
        ("", "theorem t (α : Type _) (x : α) : x = x", "`Type u` in place of `Type _`"),
        ("variable (n : Nat)", "theorem t : n = n", "write them as binders of the theorem"),
        ("", "@[simp] theorem t : True", "without attributes and modifiers"),
        ("", "private theorem t : True", "without attributes and modifiers"),
        ("", "theorem t (n : Nat) : n = missing", "Unknown identifier `missing`"),
    ],
)
def test_a_statement_that_no_check_can_accept_is_refused_with_advice(
    verifier: LeanVerifier, header: str, statement: str, advice: str
) -> None:
    asked = problem(header, statement)
    (refusal,) = verifier.elaborate([asked])
    assert isinstance(refusal, Verdict)
    assert advice in refusal.messages[0].text
    assert verifier.audit([Candidate(asked, "exact rfl")])[0].verdict == "error"


@pytest.mark.parametrize(
    "statement",
    ["lemma t : 1 + 1 = 2", "theorem t.{v} (α : Type v) (x : α) : x = x", "lemma t (n : Nat) : n = n := by"],
)
def test_a_lemma_without_mathlib_and_a_universe_of_its_own_are_fine(verifier: LeanVerifier, statement: str) -> None:
    asked = problem("", statement)
    assert isinstance(verifier.elaborate([asked])[0], Elaboration)
    candidate = Candidate(asked, "rfl")
    assert [verifier.check([candidate])[0].verdict, verifier.audit([candidate])[0].verdict] == ["accepted"] * 2


def test_automation_asks_for_those_tactics_that_a_header_brings(verifier: LeanVerifier) -> None:
    (found,) = elaborated(verifier, problem(SIGNS, "theorem t (n : Nat) : double n = n + n"))
    assert set(found.tactics) == {"decide", "simp_all"}  # of the embedded Lean
    theory, opened = Theory(found.definitions), open_statement(found.statement)
    for tactics in (found.tactics, ("omega", "grind", "linarith")):
        automation = LeanAutomation().knowing(tactics)
        leaf = automation.writer(theory, lambda lemma: classify(lemma.term, Precedence(theory)))
        script = leaf.script(opened, Plan("induction", opened.binders[0].name), ()).text
        texts = "\n".join([script, *automation.procedures("")])
        asked = {tactic for tactic in CLOSERS if re.search(rf"(?<![\w']){re.escape(tactic)}(?![\w'])", texts)}
        assert asked == set(tactics)
    assert "Nat.add_comm" in script


def test_laws_about_sums_are_found(verifier: LeanVerifier) -> None:
    (found,) = elaborated(verifier, problem(SIGNS, "theorem t (n : Nat) : double n = n + n"))
    double = next(one for one in found.definitions if one.readable == ("double",))
    laws = exploration.explore([one for one in found.definitions if one.readable in (("Nat.add",), ("double",))])
    assert any({double.names[0], "Nat.add"} <= constants(law) for law in laws)
