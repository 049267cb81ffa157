"""Recursion that is plainly structural passes our own condition; what the kernel's guard checker believes may not."""

from collections.abc import Iterator

import pytest

from domain import Candidate, Problem
from verifiers.audit.rocq.auditor import Auditor
from verifiers.audit.rocq.recursion import may_recur
from verifiers.audit.sandbox import Limits, Sandbox

HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""
STATEMENT = "Theorem goal : forall x, plus x Zero = x."


@pytest.fixture(scope="module")
def auditor() -> Iterator[Auditor]:
    made = Auditor(Sandbox(), Limits(wall_seconds=60, cpu_seconds=5))
    yield made
    made.close()


def using(definitions: str, used: str) -> str:
    """An honest proof whose term holds `used`, which has the type N -> N."""
    return f"{definitions}\n{STATEMENT}\nProof. intros x. pose (v := ({used}) x). induction x; simpl; congruence. Qed."


STRUCTURAL = {
    "the tactic": "fix IH 1. intros [|x]; simpl; [reflexivity | rewrite IH; reflexivity].",
    "a term": "exact (fix f x := match x with Zero => eq_refl | Succ y => f_equal Succ (f y) end).",
    "two steps down": using(
        "Fixpoint half (x : N) := match x with Succ (Succ y) => Succ (half y) | _ => Zero end.", "half"
    ),
    "another argument changes": using(
        "Fixpoint add (x y : N) := match x with Zero => y | Succ k => add k (Succ y) end.", "add Zero"
    ),
    "an inner fixpoint over a part": using(
        "Inductive rose := node (l : list rose).\n"
        "Fixpoint size (t : rose) : N := match t with node l =>\n"
        "  (fix sum (l : list rose) : N := match l with nil => Zero | cons x r => plus (size x) (sum r) end) l end.",
        "plus (size (node nil))",
    ),
    "mutual": using(
        "Fixpoint even (x : N) := match x with Zero => Zero | Succ y => odd y end\n"
        "with odd (x : N) := match x with Zero => Succ Zero | Succ y => even y end.",
        "even",
    ),
    "mutual theorems": (
        "Lemma a : forall x : N, x = x with b : forall x : N, x = x.\n"
        "Proof. intros [|x]; [reflexivity | f_equal; apply b]. intros [|x]; [reflexivity | f_equal; apply a]. Qed.\n"
        f"{STATEMENT} Proof. intros x. transitivity x; [induction x; simpl; congruence | apply a]. Qed."
    ),
    "accessibility": using(
        "Fixpoint walk (x : N) (a : Acc (fun n m : N => m = Succ n) x) {struct a} : N :=\n"
        "  match a with Acc_intro _ h => (match x as m return (x = m -> N) with\n"
        "    Zero => fun _ => Zero | Succ y => fun e => walk y (h y e) end) eq_refl end.",
        "fun y => match y with Zero => Zero | Succ z => z end",
    ),
}

NOT_PLAINLY = {
    "the function is handed on": using(
        "Definition use (f : N -> N) (x : N) := f x.\n"
        "Fixpoint down (x : N) : N := match x with Zero => Zero | Succ y => use down y end.",
        "down",
    ),
    "a smaller argument that is computed": using(
        "Definition before (x : N) := match x with Zero => Zero | Succ y => y end.\n"
        "Fixpoint down (x : N) : N :=\n"
        "  match x with Zero => Zero | Succ (Succ y) => down (before (Succ y)) | _ => x end.",
        "down",
    ),
    "a part is applied": using(
        "Inductive tree := leaf | node (below : N -> tree).\n"
        "Fixpoint left (t : tree) : N := match t with leaf => Zero | node b => left (b Zero) end.",
        "fun x => plus (left leaf) x",
    ),
    "in another argument": using(
        "Fixpoint f (x : N) (g : N -> N) : N := match x with Zero => g Zero | Succ y => f y (fun z => f z g) end.",
        "fun x => f x (fun z => z)",
    ),
}


@pytest.mark.parametrize("proof", STRUCTURAL.values(), ids=STRUCTURAL.keys())
def test_plain_recursion_is_accepted(auditor: Auditor, proof: str) -> None:
    verdict = auditor.audit([Candidate(Problem("goal", "rocq", HEADER, STATEMENT), proof)])[0]
    assert verdict.accepted, verdict.messages


@pytest.mark.parametrize("proof", NOT_PLAINLY.values(), ids=NOT_PLAINLY.keys())
def test_other_recursion_is_refused(auditor: Auditor, proof: str) -> None:
    verdict = auditor.audit([Candidate(Problem("goal", "rocq", HEADER, STATEMENT), proof)])[0]
    assert (verdict.verdict, verdict.reason) == ("rejected", "forbidden_construct")
    assert "recursion" in verdict.messages[0].text


@pytest.mark.parametrize(
    ("text", "makes"),
    [
        ("fix IH 1.", True),
        ("do 1fix IH 1.", True),
        ("exact (fix f x := x).", True),
        ("Fixpoint f (n : nat) := n.", True),
        ("Lemma a : A with b : B.", True),
        ("Lemma a : T 0with b : B.", True),
        ("Lemma a : x²with b : B.", True),
        ("exact (cofix s := s).", True),
        ("Inductive t := c.", True),
        ("(* fix *) match goal with H : _ |- _ => exact H end.", False),
        ("induction x; simpl; congruence.", False),
    ],
)
def test_texts_that_can_make_fixpoints_are_known(text: str, makes: bool) -> None:
    assert may_recur([text], "") is makes


def test_a_header_can_make_fixpoints_for_a_text() -> None:
    assert may_recur(["reflexivity."], "Notation r := (fix f (n : nat) := n).")
    assert not may_recur(["reflexivity."], HEADER)
