"""What says the same as a held-out problem does not pass the gate before a corpus, and nothing else is lost."""

import pytest

from datasets.texts import Document
from domain import Problem, Prover
from pipeline.training.gate import Gate, declarations, without_comments

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
        "Lemma other a b : 0 <= b -> a + b = b + a.\nProof. lia. Qed.\n",
        "Lemma other a `(b : nat) (_ : 0 <= b) : a + b = b + a.\nProof. lia. Qed.\n",
        "Goal forall n m : nat, 0 <= n -> n + m = m + n.\nProof. lia. Qed.\n",
        "Lemma (* a (* nested *) one *) other\n  (a b : nat) : 0 <= b -> a + b = b + a.\nProof. lia. Qed.\n",
        "Lemma\nother@{u} : forall n m : nat, 0 <= n -> n + m = m + n.\nProof. lia. Qed.\n",
        "Polymorphic Lemma other : forall n m : nat, 0 <= n -> n + m = m + n.\nProof. lia. Qed.\n",
        "Timeout 10 Time Lemma other : forall n m : nat, 0 <= n -> n + m = m + n.\nProof. lia. Qed.\n",
        '#[deprecated(note="use x[0]")] Lemma other : forall n m, 0 <= n -> n + m = m + n.\nProof. lia. Qed.\n',
        "\u00a0\ufeff Lemma other : forall n m : nat, 0 <= n -> n + m = m + n.\nProof. lia. Qed.\n",
    ],
    ids=[
        "itself",
        "variables and sides",
        "hypothesis as a binder",
        "its name",
        "names without types",
        "a class as a binder",
        "without a name",
        "comments",
        "on two lines",
        "polymorphic",
        "with a limit",
        "attribute with brackets",
        "after odd spaces",
    ],
)
def test_a_statement_with_the_words_of_a_problem_is_cut_with_its_proof(same: str) -> None:
    passed = GATE.passes(Document("d", BEFORE + same + AFTER.lstrip("\n"), "rocq"))
    assert passed.cut == 1
    assert passed.document.text == BEFORE + AFTER.lstrip("\n")


@pytest.mark.parametrize(
    ("prover", "same"),
    [
        ("lean4", "@[simp]\nlemma q (a b : ℝ) (h : 2 = a * b) (g : a + b = 3) : b = a ^ 2 := by\n  nlinarith\n"),
        ("lean4", "theorem «q r» ⦃a b : ℝ⦄ (h : 2 = a * b) (g : a + b = 3) : b = a ^ 2 := by\n  nlinarith\n"),
        (
            "lean4",
            '@[simp, s [t]] nonrec theorem\n  q (a b : ℝ) : /- " /- so -/ -/ 2 = a * b → a + b = 3 → b = a ^ 2 := by\n',
        ),
        (
            "lean4",
            "open Real in\n-- a comment\nlemma q (a b : ℝ) (h : 2 = a * b) (g : a + b = 3) : b = a ^ 2 := by\n  simp\n",
        ),
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


@pytest.mark.parametrize(
    ("prover", "text", "bare"),
    [
        ("rocq", 'a (* b (* c *) "*)" d *) e "(*" f', 'a                        e "(*" f'),
        ("rocq", "a (* never closed", "a (* never closed"),
        ("lean4", 'a /- " -/ b /- " -/ c "--" -- d', 'a         b         c "--"     '),
        ("isabelle", "a (* b\n *) c", "a     \n    c"),
    ],
)
def test_comments_are_blank_and_all_else_is_where_it_was(prover: Prover, text: str, bare: str) -> None:
    assert without_comments(text, prover) == bare


def test_a_statement_after_another_sentence_of_its_line_is_cut_and_no_more() -> None:
    line = (
        "Section A. Lemma other : forall n m, 0 <= n -> n + m = m + n. Proof. lia. Qed. Lemma two : 1 = 1. auto. Qed."
    )
    passed = GATE.passes(Document("d", line, "rocq"))
    assert passed.document.text == "Section A. Lemma two : 1 = 1. auto. Qed."
    assert passed.cut == 1


def test_plain_text_passes_whole() -> None:
    document = Document("d", ROCQ.formal_statement)
    assert GATE.passes(document) == (document, 0)


def test_the_pieces_of_a_file_are_the_file() -> None:
    text = BEFORE + AFTER + "End X.\n\n  Lemma a : b.\n\nQed."
    assert "".join(piece.text for piece in declarations(text, "rocq")) == text
    assert [piece.name for piece in declarations(text, "rocq")] == ["", "", "two", "", "a"]
