"""What says the same as a held-out problem does not pass the gate before a corpus, and nothing else is lost."""

import pytest

from datasets.texts import Document
from domain import Problem, Prover
from pipeline.training.gate import Gate, declarations

ROCQ = Problem("sum_comm", "rocq", "", "Theorem sum_comm : forall n m : nat, 0 <= n -> n + m = m + n.")
LEAN = Problem(
    "lean_one", "lean4", "", "theorem lean_one (x y : ℝ) (h₀ : x + y = 3) (h₁ : x * y = 2) : x ^ 2 = y := by\n"
)
ISABELLE = Problem(
    "isa_one", "isabelle", "", 'theorem isa_one:\n  fixes x y :: real\n  assumes "x + y = 3"\n  shows "y = 3 - x"\n'
)
GATE = Gate([ROCQ, LEAN, ISABELLE])
BEFORE, AFTER = "(* a file *)\nDefinition one := 1.\n\n", "\nLemma two : 1 + 1 = 2.\nProof. reflexivity. Qed.\n"


@pytest.mark.parametrize(
    "same",
    [
        "Theorem sum_comm : forall n m : nat, 0 <= n -> n + m = m + n.\nProof. lia. Qed.\n",
        "Lemma other (b a : nat) : 0 <= b -> (* swapped *) a + b = b + a.\nProof. lia. Qed.\n",
        "#[local] Lemma other {b} (a : nat) (H : 0 <= b) :\n  a + b = b + a.\nProof.\n  lia.\nQed.\n",
        "Local Remark sum_comm : True.\nProof. exact I. Qed.\n",
    ],
    ids=["itself", "variables and sides", "hypothesis as a binder", "its name"],
)
def test_a_statement_with_the_words_of_a_problem_is_cut_with_its_proof(same: str) -> None:
    passed = GATE.passes(Document("d", BEFORE + same + AFTER.lstrip("\n"), "rocq"))
    assert passed.cut == 1
    assert passed.document.text == BEFORE + AFTER.lstrip("\n")


@pytest.mark.parametrize(
    ("prover", "same"),
    [
        ("lean4", "@[simp]\nlemma q (a b : ℝ) (h : 2 = a * b) (g : a + b = 3) : b = a ^ 2 := by\n  nlinarith\n"),
        ("lean4", "theorem q : ∀ a b : ℝ, a * b = 2 → 3 = a + b → a ^ 2 = b := by\n  intros\n  nlinarith\n"),
        (
            "isabelle",
            'lemma other:\n  fixes b a :: real\n  assumes "a + b = 3"\n  shows "b = 3 - a"\n  using assms by auto\n',
        ),
    ],
)
def test_other_provers_too(prover: Prover, same: str) -> None:
    assert GATE.passes(Document("d", same, prover)).cut == 1


@pytest.mark.parametrize(
    "other",
    [
        "Lemma other : forall n m, 0 <= n -> n * m = m * n.\nProof. lia. Qed.\n",
        "Lemma other : forall n m, n + m = m + n.\nProof. lia. Qed.\n",
        "Definition f := forall n m : nat, 0 <= n -> n + m = m + n.\n",
    ],
    ids=["another symbol", "a hypothesis less", "no statement"],
)
def test_other_statements_pass_whole(other: str) -> None:
    document = Document("d", BEFORE + other + AFTER, "rocq")
    assert GATE.passes(document) == (document, 0)


def test_plain_text_passes_whole() -> None:
    document = Document("d", ROCQ.formal_statement)
    assert GATE.passes(document) == (document, 0)


def test_the_pieces_of_a_file_are_the_file() -> None:
    text = BEFORE + AFTER + "End X.\n\n  Lemma a : b.\n\nQed."
    assert "".join(piece.text for piece in declarations(text, "rocq")) == text
    assert [piece.name for piece in declarations(text, "rocq")] == ["", "", "two", "", "a"]
