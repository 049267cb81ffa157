"""Identity by content, with the real prover: what a file calls things, or how it is cut up, does not matter."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from domain import Definition, Elaboration, Lemma, Problem, Verdict
from verifiers.audit.rocq.source import lemma_sentence
from verifiers.canonical import canonical_header, lemma_id
from verifiers.rocq.elaboration import Elaborator, Ran, Run, elaborate, run_in
from verifiers.rocq.own_names import canonical_problem, self_contained
from verifiers.rocq.session import Session

LISTS = """
Inductive list (a : Type) : Type := nil : list a | cons : a -> list a -> list a.
Arguments nil {a}.
Arguments cons {a} _ _.
Fixpoint append {a} (x y : list a) {struct x} : list a :=
  match x with nil => y | cons z xs => cons z (append xs y) end.
Fixpoint rev {a} (x : list a) {struct x} : list a :=
  match x with nil => nil | cons y xs => append (rev xs) (cons y nil) end.
"""
SEQUENCES = """
(* The same things under other names, with a bystander in between. *)
Set Implicit Arguments.
Inductive colour := red | green.
Inductive seq (T : Type) := Nil | Cons (head : T) (tail : seq T).
Definition one T (t : T) := Cons t (Nil T).
Fixpoint cat T (l m : seq T) : seq T := match l with Nil _ => m | Cons h t => Cons h (cat t m) end.
Definition back T : seq T -> seq T := fix go (l : seq T) : seq T :=
  match l with Nil _ => Nil T | Cons h t => cat (go t) (one h) end.
Fixpoint turn T (l : seq T) : seq T := match l with Nil _ => Nil T | Cons h t => cat (turn t) (one h) end.
"""


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with Session() as session:
        yield run_in(session)


def problem(header: str, statement: str, name: str = "p") -> Problem:
    return Problem(name, "rocq", header, f"Theorem {name} {statement}.")


def all_elaborated(run: Run, *problems: Problem) -> list[Elaboration]:
    results = elaborate(run, problems)
    for result in results:
        assert isinstance(result, Elaboration), result.messages
    return [result for result in results if isinstance(result, Elaboration)]


def ids(elaboration: Elaboration) -> dict[str, str]:
    return {name: one.id for one in elaboration.definitions for name in one.readable}


def identity(elaboration: Elaboration) -> str:
    return lemma_id(elaboration.prelude_id, elaboration.reached, elaboration.statement_exact)


def lemma(elaboration: Elaboration, proof: str, *uses: Lemma) -> Lemma:
    return Lemma(
        id=identity(elaboration),
        revision=1,
        prover="rocq",
        name=elaboration.problem.name,
        prelude_id=elaboration.prelude_id,
        definition_ids=elaboration.reached,
        statement="",
        statement_exact=elaboration.statement_exact,
        term=elaboration.statement,
        proof=proof,
        uses=tuple(one.id for one in uses),
        dedup_key="",
        origin_kind="problem",
        origins=(),
        parents=(),
        operator="",
        round=1,
        attempt_id="",
        prover_version="",
    )


def coqc(folder: Path, text: str) -> str:
    """What the bare prover says of a file: the empty string if it accepts it."""
    (folder / "file.v").write_text(text)
    done = subprocess.run(["coqc", "-q", "file.v"], cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr


# ---------------------------------------------------------------------------------------------------- identity


def test_names_order_and_bystanders_do_not_matter(run: Run) -> None:
    left, right = all_elaborated(
        run,
        problem(LISTS, ": forall (a : Type) (x : list a), rev (rev x) = x"),
        problem(SEQUENCES, "T (some : seq T) : turn (turn some) = some"),
    )
    assert (ids(left)["list"], ids(left)["append"], ids(left)["rev"]) == (
        ids(right)["seq"],
        ids(right)["cat"],
        ids(right)["turn"],
    )
    assert left.statement_exact == right.statement_exact
    assert left.reached == right.reached
    assert identity(left) == identity(right)
    assert len(right.reached) == 3
    assert right.own_names[left.definitions[0].names[2]] == "Cons"


def test_a_function_that_is_defined_otherwise_is_another(run: Run) -> None:
    (elaboration,) = all_elaborated(run, problem(SEQUENCES, ": True"))
    assert ids(elaboration)["back"] != ids(elaboration)["turn"]
    assert len({one.id for one in elaboration.definitions}) == 6


def test_swapped_branches_are_another_function(run: Run) -> None:
    header = "Inductive b := yes | no. Definition f (x : b) := match x with yes => {} | no => {} end."
    left, right = all_elaborated(
        run, problem(header.format("yes", "no"), ": True"), problem(header.format("no", "yes"), ": True")
    )
    assert ids(left)["b"] == ids(right)["b"]
    assert ids(left)["f"] != ids(right)["f"]


def test_equal_types_of_one_header_stay_two(run: Run) -> None:
    header = "Inductive b := yes | no. Inductive c := left | right. Definition f (x : c) : b := yes."
    (elaboration,) = all_elaborated(run, problem(header, ": forall x : c, f x = yes"))
    assert ids(elaboration)["b"] != ids(elaboration)["c"]
    (twins,) = all_elaborated(run, problem(header, ": forall (x : b) (y : c), x = yes -> y = left -> f y = x"))
    assert len(twins.reached) == 3


def test_helpers_without_recursion_are_inlined(run: Run) -> None:
    nat = "Inductive nat := O | S (n : nat). "
    helped = nat + "Definition two n := S (S n). Fixpoint f n := match n with O => O | S k => two (f k) end."
    plain = nat + "Fixpoint g n := match n with O => O | S k => S (S (g k)) end."
    left, right = all_elaborated(run, problem(helped, ": f O = O"), problem(plain, ": g O = O"))
    assert ids(left)["f"] == ids(right)["g"]
    assert identity(left) == identity(right)


def test_a_name_that_shadows_the_library_is_told_apart_from_it(run: Run) -> None:
    own = "Inductive nat := O | S (n : nat). Definition f (n : Datatypes.nat) : nat := S O."
    other = "Inductive num := z | s (n : num). Definition f (n : nat) : num := s z."
    left, right = all_elaborated(
        run, problem(own, ": forall n, f n = S O"), problem(other, ": forall m : nat, f m = s z")
    )
    assert identity(left) == identity(right)
    assert left.own_names["nat"] == "Coq.Init.Datatypes.nat"


def test_the_prelude_is_part_of_the_identity_but_its_layout_is_not(run: Run) -> None:
    left, right, other = all_elaborated(
        run,
        problem("Require Import List.\nOpen Scope nat_scope.", ": 0 = 0"),
        problem("(* imports *) Require   Import List. Open Scope nat_scope.", ": 0 = 0"),
        problem("Require Import Arith.", ": 0 = 0"),
    )
    assert identity(left) == identity(right)
    assert identity(left) != identity(other)


MUTUAL = """
Inductive tree (A : Type) : Type := node : A -> forest A -> tree A
with forest (A : Type) : Type := empty : forest A | more : tree A -> forest A -> forest A.
Arguments node {A}.
Fixpoint size {A} (t : tree A) : nat := match t with node _ f => S (sizes f) end
with sizes {A} (f : forest A) : nat := match f with empty _ => 0 | more _ t r => size t + sizes r end.
Fixpoint ack (m : nat) : nat -> nat := fix inner (n : nat) : nat :=
  match m, n with 0, _ => S n | S k, 0 => ack k 1 | S k, S l => ack k (inner l) end.
Inductive vec (A : Type) : nat -> Type := vnil : vec A 0 | vcons n : A -> vec A n -> vec A (S n).
Definition head A n (v : vec A (S n)) : A :=
  match v in vec _ m return match m with 0 => unit | _ => A end with vnil _ => tt | vcons _ _ x _ => x end.
Definition by_principle (n : nat) (t : tree nat) : nat := tree_rect nat (fun _ => nat) (fun k _ => k + n) t.
"""


def test_mutual_nested_and_dependent_definitions_are_taken_apart(run: Run) -> None:
    statement = (
        ": forall A (t : tree A) n x (v : vec A n), 0 < size t + ack 1 2 + by_principle 3 (node 1 (empty nat)) /\\ "
    )
    statement += "head A n (vcons A n x v) = x"
    (elaboration,) = all_elaborated(run, problem(MUTUAL, statement))
    assert [one.readable for one in elaboration.definitions] == [
        ("tree", "forest", "node", "empty", "more"),
        ("size", "sizes"),
        ("ack",),
        ("vec", "vnil", "vcons"),
        ("head",),
        ("by_principle",),
    ]
    assert len(elaboration.reached) == 6
    again = canonical_problem(elaboration, elaboration.definitions)
    (twice,) = all_elaborated(run, again)
    assert twice.statement_exact == elaboration.statement_exact
    assert {one.id for one in twice.definitions} == {one.id for one in elaboration.definitions}


@pytest.mark.parametrize(
    "sentence",
    [
        'Notation "x ** y" := (f x y) (at level 40).',
        "Axiom a : f 0 = 0.",
        "Section S. Variable n : nat. Definition g := n. End S.",
        "Record r := { field : nat }.",
        "Set Universe Polymorphism.",
        "Require Import List.",
    ],
)
def test_a_header_with_other_sentences_stays_whole(run: Run, sentence: str) -> None:
    header = f"Definition f (n : nat) := n. {sentence}"
    (elaboration,) = all_elaborated(run, problem(header, ": forall x, f x = x"))
    assert elaboration.definitions == ()
    assert elaboration.prelude == header
    assert elaboration.statement_exact == "forall (x0 : nat), @eq nat (@f x0) x0"


def test_what_the_prover_refuses_is_an_error_and_harms_no_neighbour(run: Run) -> None:
    bad = [
        problem("Inductive t := a : u.", ": True"),
        problem(LISTS, ": rev = 3"),
        problem("(* open", ": True"),
        Problem("p", "rocq", "", "forall x, x = x"),
    ]
    results = elaborate(run, [*bad, problem(LISTS, ": True")])
    assert [type(result) for result in results] == [Verdict, Verdict, Verdict, Verdict, Elaboration]
    reasons = [result.reason for result in results if isinstance(result, Verdict)]
    assert reasons == ["does_not_compile", "does_not_compile", "malformed", "malformed"]


def test_a_form_that_is_not_understood_keeps_the_words_of_its_author(run: Run) -> None:
    header = "CoInductive stream := more (n : nat) (s : stream)."
    text = "(n : nat) : (cofix s := more n s) = (cofix s := more n s)"
    (elaboration,) = all_elaborated(run, problem(header, text))
    assert elaboration.statement_exact == "forall (n : nat), (cofix s := more n s) = (cofix s := more n s)"


def test_canonical_sources_that_are_not_read_back_leave_the_header_whole(run: Run) -> None:
    def forgetful(header: str, text: str) -> Ran:
        ran = run(header, text)
        refused = "Inductive d" in text
        return Ran(ran.outputs[:0], 0, "refused") if refused else ran

    (elaboration,) = all_elaborated(forgetful, problem(LISTS, ": forall x : list nat, rev x = x"))
    assert elaboration.definitions == ()
    assert elaboration.statement_exact.startswith("forall (x0 : @list nat)")


# ---------------------------------------------------------------------------------------- lemmas across headers

APPEND_NIL = "induction x1 as [|h t IH]; [reflexivity|]. simpl. rewrite IH. reflexivity."
APPEND_ASSOC = APPEND_NIL
REV_APPEND = """intros x0 x1 x2. induction x1 as [|h t IH]; simpl.
- symmetry. apply {nil}.
- rewrite IH. apply {assoc}."""
REV_REV = """intros x0 x1. induction x1 as [|h t IH]; [reflexivity|]. simpl.
rewrite {rev}. rewrite IH. lm_done."""
PREAMBLE = "Ltac lm_done := reflexivity."


def library(run: Run) -> tuple[list[Lemma], Elaboration, Elaboration]:
    statements = (
        ": forall (a : Type) (x : list a), append x nil = x",
        ": forall (a : Type) (x y z : list a), append (append x y) z = append x (append y z)",
        ": forall (a : Type) (x y : list a), rev (append x y) = append (rev y) (rev x)",
        ": forall (a : Type) (x : list a), rev (rev x) = x",
    )
    problems = [problem(LISTS, statement, f"p{index}") for index, statement in enumerate(statements)]
    other = problem(SEQUENCES, "T (l : seq T) : turn (turn l) = l", "other")
    nil, assoc, rev, own, foreign = all_elaborated(run, *problems, other)
    first = lemma(nil, f"intros x0 x1. {APPEND_NIL}")
    second = lemma(assoc, f"intros x0 x1 x2 x3. {APPEND_ASSOC}")
    proof = REV_APPEND.format(nil=first.canonical_name, assoc=second.canonical_name)
    third = lemma(rev, proof, first, second)
    return [first, second, third], own, foreign


def whole_file(
    elaboration: Elaboration,
    proof: str,
    lemmas: Sequence[Lemma] = (),
    definitions: Sequence[Definition] = (),
    preamble: str = "",
) -> str:
    """A file that the bare prover accepts: the problem's header, then the proof with all that it needs."""
    return f"{elaboration.problem.header}\n{self_contained(elaboration, proof, lemmas, definitions, preamble)}"


def test_a_lemma_is_accepted_in_the_canonical_world(run: Run, tmp_path: Path) -> None:
    lemmas, own, _ = library(run)
    text = canonical_header(own.prelude, own.definitions) + "\n" + "\n".join(map(lemma_sentence, lemmas))
    assert coqc(tmp_path, text) == ""


def test_lemmas_of_one_file_prove_the_theorem_of_another(run: Run, tmp_path: Path) -> None:
    lemmas, own, foreign = library(run)
    proof = REV_REV.format(rev=lemmas[2].canonical_name)
    assert coqc(tmp_path, whole_file(own, proof, lemmas, (), PREAMBLE)) == ""
    text = whole_file(foreign, proof, lemmas, own.definitions, PREAMBLE)
    assert "Theorem other T (l : seq T) : turn (turn l) = l." in text
    assert "d" + ids(own)["rev"][:12] not in text
    assert coqc(tmp_path, text) == ""


def test_only_what_is_needed_is_written(run: Run) -> None:
    lemmas, own, _ = library(run)
    text = self_contained(own, f"apply {lemmas[0].canonical_name}.", lemmas, (), PREAMBLE)
    assert lemmas[0].canonical_name in text
    assert lemmas[1].canonical_name not in text
    assert "Ltac" not in text


def test_definitions_that_a_problem_lacks_are_written_before_the_lemmas(run: Run, tmp_path: Path) -> None:
    lemmas, own, _ = library(run)
    poor = LISTS[: LISTS.index("Fixpoint rev")]
    (target,) = all_elaborated(run, problem(poor, ": forall a (x : list a), x = x"))
    proof = f"intros x0 x1. pose proof (@{lemmas[2].canonical_name} x0 x1 x1). reflexivity."
    text = whole_file(target, proof, lemmas, own.definitions)
    assert f"Fixpoint d{ids(own)['rev'][:12]}" in text
    assert coqc(tmp_path, text) == ""


def test_names_of_the_file_are_not_captured_by_binders(run: Run, tmp_path: Path) -> None:
    header = (
        "Inductive x0 := x1 | x2 (x3 : x0). Fixpoint x4 (x5 : x0) := match x5 with x1 => x1 | x2 y => x2 (x4 y) end."
    )
    (target,) = all_elaborated(run, problem(header, ": forall x4' x5 : x0, x4 x5 = x5"))
    proof = "intros a b. induction b as [|b IH]; simpl; [|rewrite IH]; reflexivity."
    assert coqc(tmp_path, whole_file(target, proof)) == ""


def test_headers_are_elaborated_once_and_remembered(run: Run) -> None:
    asked: list[str] = []

    def counting(header: str, text: str) -> Ran:
        asked.append(text)
        return run(header, text)

    elaborator = Elaborator(counting)
    first = elaborator.elaborate([problem(LISTS, ": forall a (x : list a), rev x = x")])
    count = len(asked)
    second = elaborator.elaborate([problem(LISTS, ": forall a (x : list a), rev x = x")])
    assert first == second
    assert "Locate" not in "".join(asked[count:])
