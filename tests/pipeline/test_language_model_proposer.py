"""Answers of a language model read as candidates, and the way from a prompt's names to canonical ones and back."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import Candidate, Elaboration, Problem, Verdict
from pipeline.loop.llm_prover import read_statements
from pipeline.proposers.language_model.prompting import decomposition_prompt, evolution_prompt, proof_prompts
from tests.pipeline.elaborated import elaborate, lemma_of
from verifiers.rocq.own_names import canonical_problem
from verifiers.rocq.prompt_language import parse_lemmas, parse_proofs, split_blocks
from verifiers.rocq.verifier import RocqVerifier

HEADER = """
Inductive num : Type := zero : num | next : num -> num.
Fixpoint add (n m : num) {struct n} : num := match n with zero => m | next k => next (add k m) end.
"""

# ------------------------------------------------------------------------------------------------------------ proofs


def test_a_tactic_block_is_laid_out_one_sentence_a_line_with_its_bullets() -> None:
    text = (
        "Proof.\n  intros n. induction n as [|k IH].\n  - reflexivity.\n  - simpl. rewrite IH.\n    reflexivity.\nQed."
    )
    assert parse_proofs(text) == [
        "intros n.\ninduction n as [|k IH].\n- reflexivity.\n- simpl.\nrewrite IH.\nreflexivity."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Proof. intros n. auto. Qed.",
        "intros n. auto.",
        "Sure!\n```coq\nTheorem goal : forall n, n = n.\nProof.\n  intros n. auto.\nQed.\n```\nIt works by logic.",
        "```\nProof.\nintros n. auto.\nQed.\n```",
        "```rocq\nintros n. auto.",
        "<|im_start|>Proof. intros n. auto. Qed.<|im_end|>",
        "Proof.\nintros n. auto. (* now it is",
        "Proof. intros n. auto. rewrite IH",
        "Proof. intros n. auto. Defined. More text.",
        "Proof. intros n. auto. This shows that it holds. trivial.",
        "Proof with auto? no.\nProof. intros n. auto. Qed. Proof. admit. Admitted.",
    ],
)
def test_a_proof_is_found_in_whatever_stands_around_it(text: str) -> None:
    assert "intros n.\nauto." in parse_proofs(text)


@pytest.mark.parametrize(
    "text", ["", "Proof.", "Qed.", "I cannot.", "Proof. admit. Admitted.", "```coq\n```", "(*", '"']
)
def test_where_there_is_no_proof_none_is_found(text: str) -> None:
    assert parse_proofs(text) == []


def test_lemmas_of_its_own_come_with_the_whole_text_first() -> None:
    text = "Lemma one : 1 = 1.\nProof. reflexivity. Qed.\nTheorem goal : 1 = 1.\nProof. auto using one. Qed."
    whole, *blocks = parse_proofs(text)
    assert whole == text
    assert blocks == ["auto using one.", "reflexivity."]
    assert [block.name for block in split_blocks(whole).lemmas] == ["one"]


@given(
    st.text(max_size=300)
    | st.lists(
        st.sampled_from(["(*", "*)", '"', "Proof.", "Qed.", "- ", "```", "Lemma a : ", "auto.", "\n", "{", ":", "."]),
        max_size=30,
    ).map(" ".join)
)
@example('Lemma a "b : c" d : e "f. Proof. auto. Qed.')
@example('Lemma a "b : c. Lemma d : e "f : g.')
def test_any_text_can_be_read(text: str) -> None:
    for proof in parse_proofs(text):
        assert proof.strip()
        split_blocks(proof)
    assert all(block.statement.strip() for block in parse_lemmas(text))


# -------------------------------------------------------------------------------------------------------- statements


def test_statements_are_read_with_their_binders() -> None:
    text = "Lemma a : forall n, n = n.\nProof. auto. Qed.\nTheorem b (x y : nat) {A : Type} : x = y ->\n  y = x."
    assert [(block.statement, block.proof) for block in parse_lemmas(text)] == [
        ("forall n, n = n", "auto."),
        ("forall (x y : nat) {A : Type}, x = y -> y = x", ""),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Lemma a : forall n, n =",
        "Lemma a : (n = n.",
        "Lemma : n = n.",
        "Lemma a := 1.",
        "forall n, n = n.",
        "Lemma a :.",
    ],
)
def test_what_is_no_whole_statement_is_left_out(text: str) -> None:
    assert parse_lemmas(text) == []


def test_a_plan_asks_for_at_most_five_lemmas() -> None:
    text = "Steps:\n1. Induction.\nLemmas:\n" + "\n".join(f"Lemma l{k} : {k} = {k}." for k in range(9))
    (goal,) = elaborated("Theorem p : forall n, add n zero = n.")
    assert decomposition_prompt(goal).requests(text) == [f"{k} = {k}" for k in range(5)]


# ------------------------------------------------------------------------------------------------------------- names


@pytest.fixture(scope="module")
def verifier() -> RocqVerifier:
    return RocqVerifier()


def elaborated(*statements: str, header: str = HEADER) -> list[Elaboration]:
    return elaborate(*(Problem("p", "rocq", header, statement) for statement in statements))


def test_a_proof_in_the_prompts_names_proves_the_canonical_statement(verifier: RocqVerifier) -> None:
    goal, helper = elaborated(
        "Theorem p : forall a b, add (add a zero) b = add a b.", "Theorem h : forall n, add n zero = n."
    )
    lemma = lemma_of(helper, "intros x0. induction x0; simpl; congruence.")
    asked = proof_prompts(goal, [lemma])
    assert asked.shown == (lemma.id,)
    answer = asked.prompts[0].opening + " rewrite lemma_1. change (add zero zero) with zero. reflexivity.\n"
    (block,) = parse_proofs(answer)
    canonical = asked.naming.proof(block)
    assert lemma.canonical_name in canonical
    assert "zero" not in canonical
    problem = canonical_problem(goal, goal.definitions)
    (verdict,) = verifier.check([Candidate(problem, canonical, (lemma,))])
    assert verdict.trust == "elaborated", verdict.messages


def test_induction_hypotheses_and_variables_come_back_too(verifier: RocqVerifier) -> None:
    (goal,) = elaborated("Theorem p : forall a b, add a (next b) = next (add a b).")
    asked = proof_prompts(goal)
    (block,) = parse_proofs("Proof. induction n; intros m. reflexivity. simpl. rewrite IHn. reflexivity. Qed.")
    (verdict,) = verifier.check([Candidate(canonical_problem(goal, goal.definitions), asked.naming.proof(block))])
    assert verdict.trust == "elaborated", verdict.messages


def test_a_letter_that_the_problem_uses_is_not_a_variable() -> None:
    (goal,) = elaborated("Theorem p : forall a, n a = a.", header=HEADER + "Definition n (k : num) : num := k.")
    assert re.search(r"Theorem goal : forall m, \(?n m\)? = m\.", proof_prompts(goal).prompts[0].user)


def test_a_lemma_name_of_the_problem_is_not_taken_for_a_library_lemma() -> None:
    header = HEADER + "Definition lemma_1 (n : num) : num := n."
    goal, helper = elaborated(
        "Theorem p : forall a, lemma_1 a = a.", "Theorem h : forall n, add n zero = n.", header=header
    )
    asked = proof_prompts(goal, [lemma_of(helper, "auto.")])
    assert "Lemma lemma_2 :" in asked.prompts[0].user
    assert "Lemma lemma_1 :" not in asked.prompts[0].user


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("Theorem p (x y : nat) (h0 : x = y) : y = x.", "symmetry. exact h0."),
        ("Theorem p (x : nat) : forall y : nat, x = y -> y = x.", "intros z h. now rewrite h."),
        ("Theorem p : forall n : nat, n + 0 = n.", "induction n. reflexivity. simpl. rewrite IHn. reflexivity."),
        ("Theorem p x y : x + y = y + x.", "lia."),
    ],
)
def test_a_proof_of_the_authors_statement_proves_the_canonical_one_under_an_opaque_header(
    verifier: RocqVerifier, statement: str, answer: str
) -> None:
    (goal,) = elaborated(statement, header="Require Import Lia.\nLtac nothing := idtac.")
    asked = proof_prompts(goal)
    assert statement in asked.prompts[0].user
    (block,) = parse_proofs(answer)
    problem = canonical_problem(goal, goal.definitions)
    (verdict,) = verifier.check([Candidate(problem, asked.naming.proof(block))])
    assert verdict.trust == "elaborated", verdict.messages


def test_introductions_go_into_the_last_proof_of_an_answer_with_lemmas() -> None:
    (goal,) = elaborated("Theorem p (x : nat) : x = x.", header="Require Import Lia.\nLtac nothing := idtac.")
    naming = proof_prompts(goal).naming
    text = "Lemma a : 1 = 1. Proof. auto. Qed. Theorem p (x : nat) : x = x. Proof. auto. Qed."
    assert [block.proof for block in split_blocks(naming.proof(text)).lemmas] == ["auto."]
    assert split_blocks(naming.proof(text)).last.splitlines() == ["intros x.", "auto."]


def test_an_evolved_statement_comes_back_in_canonical_names(verifier: RocqVerifier) -> None:
    goal, parent = elaborated(
        "Theorem p : forall a b, add (add a zero) b = add a b.", "Theorem h : forall n, add n zero = n."
    )
    asked = evolution_prompt("parameterize", lemma_of(parent, "auto."), goal)
    assert "Lemma known : forall n," in asked.prompts[0].user
    (block,) = asked.lemmas(asked.prompts[0].opening + " n m, add n (next m) = next (add n m).")
    header = canonical_problem(goal, goal.definitions).header
    (answer,) = verifier.elaborate([Problem("e", "rocq", header, f"Lemma e : {block.statement}.")])
    assert isinstance(answer, Elaboration)


def test_a_statement_that_is_more_than_a_sentence_is_not_shown_to_the_prover() -> None:
    """A lemma that begins in a comment gives a text which commands stand in."""

    class Prover(RocqVerifier):
        shown: tuple[str, ...] = ()

        def elaborate(self, problems: Sequence[Problem]) -> list[Elaboration | Verdict]:
            self.shown += tuple(problem.formal_statement for problem in problems)
            return []

    (block,) = parse_lemmas(
        'Foo (* Lemma a : True. Admitted. Redirect "file" Print nat. Lemma b : ltac:(exact True || intros *) .'
    )
    text, goal = block.statement, Problem("goal", "rocq", "", "Lemma goal : True.")
    assert "Redirect" in text
    prover: Any = Prover()
    assert read_statements(prover, goal, [text, "0 = 0", "a (*", ""]) == {}
    assert prover.shown == ("Lemma written : 0 = 0.",)


def test_a_statement_that_says_nothing_is_left_out(verifier: RocqVerifier) -> None:
    goal = Problem("goal", "rocq", HEADER, "Lemma goal : True.")
    nothing = [
        "forall n, add n zero = add n zero",
        "forall n m, add n m = n -> add n m = n",
        "forall n m, (forall k, add k n = m) -> add n m = n -> forall k, add k n = m",
        "forall n m : num, n = m <-> n = m",
    ]
    something = [
        "forall n, add n zero = n",
        "forall n m, add n m = n -> n = add n m",
        "forall n m : num, n = m -> forall n, n = m",
    ]
    assert list(read_statements(verifier, goal, nothing + something)) == something
