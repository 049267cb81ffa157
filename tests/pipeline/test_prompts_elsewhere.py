"""Prompts for Lean 4 and Isabelle, and the way back from answers to candidates."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Candidate, Const, Elaboration, Lemma, Problem, Prover
from models import model_path
from pipeline.proposers.language_model.batch import Limits, PromptBatch, estimate_tokens
from pipeline.proposers.language_model.prompting import (
    EVOLUTIONS,
    decomposition_prompt,
    evolution_prompt,
    formalization_prompts,
    proof_prompts,
    repair_prompt,
)
from tests.pipeline.elaborated import lemma_of
from verifiers.audit.isabelle.scan import refuse
from verifiers.backend import backend_of
from verifiers.isabelle.verifier import IsabelleVerifier
from verifiers.lean.own_names import canonical_problem
from verifiers.lean.verifier import LeanVerifier

LEAN_HEADER = """inductive Num : Type where
  | zero : Num
  | next : Num → Num

def add : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (add n m)

def twice : Num → Num
  | .zero => .zero
  | .next n => .next (.next (twice n))"""


@pytest.fixture(scope="module")
def lean() -> Iterator[LeanVerifier]:
    verifier = LeanVerifier()
    yield verifier
    verifier.close()


def elaborated(verifier: LeanVerifier | IsabelleVerifier, *problems: Problem) -> list[Elaboration]:
    answers = verifier.elaborate(list(problems))
    found = [answer for answer in answers if isinstance(answer, Elaboration)]
    assert len(found) == len(problems), answers
    return found


@pytest.fixture(scope="module")
def lean_goal(lean: LeanVerifier) -> tuple[Elaboration, Lemma]:
    text = "Sums /- of two -/ commute."
    goal, helper = elaborated(
        lean,
        Problem(
            "swaps",
            "lean4",
            LEAN_HEADER,
            "theorem swaps (a b : Num) : Eq (add a b) (add b a)",
            informal_prefix=text,
            informal_proof="By induction.",
        ),
        Problem("h", "lean4", LEAN_HEADER, "theorem h : ∀ n, Eq (add n Num.zero) n"),
    )
    (add,) = [name for name, own in helper.own_names.items() if own == "add"]
    proof = f"intro x0\ninduction x0 with\n| {zero(helper)} => eq_refl\n| {next_(helper)} k ih => simp only [{add}, ih]"
    return goal, lemma_of(helper, proof)


def zero(elaboration: Elaboration) -> str:
    return next(name for name, own in elaboration.own_names.items() if own == "Num.zero")


def next_(elaboration: Elaboration) -> str:
    return next(name for name, own in elaboration.own_names.items() if own == "Num.next")


@pytest.fixture(scope="module")
def isabelle_goal() -> tuple[Elaboration, Lemma]:
    text = "Sums (* of two *) commute."
    header = 'theory T imports Main begin\nfun twice :: "nat \\<Rightarrow> nat" where "twice n = n + n"'
    goal, helper = elaborated(
        IsabelleVerifier(),
        Problem(
            "swaps",
            "isabelle",
            header,
            'theorem swaps: "a + b = b + (a :: nat)"',
            informal_prefix=text,
            informal_proof="By induction.",
        ),
        Problem("h", "isabelle", header, 'theorem h: "twice n = 2 * n"'),
    )
    return goal, lemma_of(helper, "by simp")


@pytest.fixture(params=["lean4", "isabelle"])
def case(request: pytest.FixtureRequest) -> tuple[Elaboration, Lemma]:
    return request.getfixturevalue("lean_goal" if request.param == "lean4" else "isabelle_goal")


def every_prompt(goal: Elaboration, lemma: Lemma, limits: Limits) -> dict[str, PromptBatch]:
    asked = {
        "prove": proof_prompts(goal, [lemma], limits),
        "solve_request": proof_prompts(goal, [lemma], limits, request=True),
        "repair": repair_prompt(goal, [lemma], "by simp", "Failed (* or -/ *) here.", limits),
        "decompose": decomposition_prompt(goal, [lemma], limits, seed=3),
        "formalize": formalization_prompts(goal, [lemma], limits, plan="Steps:\n1. Induction.\nLemmas:\n", seed=3),
    }
    return asked | {operator: evolution_prompt(operator, lemma, goal, [], limits) for operator in EVOLUTIONS}


@pytest.mark.parametrize("continued", [True, False])
def test_every_template_is_used_fits_and_speaks_in_the_problems_names(
    case: tuple[Elaboration, Lemma], continued: bool
) -> None:
    goal, lemma = case
    asked = every_prompt(goal, lemma, Limits(2500, continued))
    folder = backend_of(goal.problem.prover).prompts.templates
    assert set(asked) == {file.stem for file in folder.glob("*.txt")}
    for name, one in asked.items():
        (prompt,) = one.prompts
        text = f"{prompt.system}\n\n{prompt.user}\n\n{prompt.opening}"
        assert estimate_tokens(text) <= 2500, name
        assert not re.search(r"\b[dl][0-9a-f]{12,16}", text), name
        shows_all = "def twice" in prompt.user or "fun twice" in prompt.user
        assert shows_all == (goal.problem.prover == "isabelle"), "only what is reached, if that is known"
        if not continued:
            assert prompt.opening == "", name
            assert one.stop == (), name
        if name in EVOLUTIONS:
            assert ("Answer with the lemma and its proof." in prompt.system) != continued


def test_comments_stay_comments(case: tuple[Elaboration, Lemma]) -> None:
    goal, lemma = case
    opens, closes = ("/-", "-/") if goal.problem.prover == "lean4" else ("(*", "*)")
    for name, one in every_prompt(goal, lemma, Limits(2500)).items():
        user = one.prompts[0].user
        assert user.count(opens) == user.count(closes), name


def test_what_does_not_fit_goes_in_order(case: tuple[Elaboration, Lemma]) -> None:
    """The lemma's proof, the lemma, the worked examples one by one, the definitions; never past the limit."""
    goal, lemma = case
    seen: list[tuple[int, int]] = []
    statement = formalization_prompts(goal, [lemma], Limits(9999), seed=1).prompts[0].user.splitlines()[-2]
    for limit in range(2600, 100, -20):
        asked = formalization_prompts(goal, [lemma], Limits(limit), seed=1)
        if not asked.prompts:
            break
        user = asked.prompts[0].user
        assert estimate_tokens(f"{asked.prompts[0].system}\n\n{user}\n\n") <= limit
        assert statement in user
        state = (len(asked.shown), user.count("Code:") - 1)
        if state not in seen:
            seen.append(state)
    assert seen == [(1, 3), (0, 3), (0, 2), (0, 1), (0, 0)]


def test_the_estimate_of_tokens_is_from_above(case: tuple[Elaboration, Lemma]) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(model_path() / "tokenizer.json"))
    goal, lemma = case
    for seed in range(5):
        text = formalization_prompts(goal, [lemma], Limits(9999), seed=seed).prompts[0].user
        assert len(tokenizer.encode(text).ids) <= estimate_tokens(text)


# ---------------------------------------------------------------------------------------------------------------- Lean


def test_a_lean_answer_in_the_prompts_names_proves_the_canonical_statement(
    lean: LeanVerifier, lean_goal: tuple[Elaboration, Lemma]
) -> None:
    goal, lemma = lean_goal
    asked = proof_prompts(goal, [lemma], samples=2)
    assert "theorem lemma_1 : ∀ n, add n Num.zero = n := by" in asked.prompts[0].user
    assert "theorem goal : ∀ n m, add n m = add m n" in asked.prompts[0].user
    assert asked.prompts[1].opening.endswith("induction n with")
    answer = (
        "```lean\ntheorem goal : ∀ n m, add n m = add m n := by\n  intro n m\n  induction n with\n"
        "  | zero => simp only [add, lemma_1]\n  | next k ih =>\n    simp only [add, ih]\n"
        "    clear ih\n    induction m with\n    | zero => eq_refl\n    | next j ih => simp only [add, ih]\n```\nDone."
    )
    (proof,) = asked.proofs(answer)
    assert lemma.canonical_name in proof
    assert "zero" not in proof
    (verdict,) = lean.check([Candidate(canonical_problem(goal, goal.definitions), proof, (lemma,))])
    assert verdict.trust == "elaborated", verdict.messages


def test_lean_lemmas_come_back_with_statements_that_the_prover_reads(
    lean: LeanVerifier, lean_goal: tuple[Elaboration, Lemma]
) -> None:
    goal, lemma = lean_goal
    asked = evolution_prompt("extend_dimensions", lemma, goal, [], Limits(continued=False))
    (block,) = asked.lemmas(
        "```lean\ntheorem new_lemma (a b : Num) : Eq (add (.next a) b) (Num.next (add a b)) := by\n  rfl\n```"
    )
    header = canonical_problem(goal, goal.definitions).header
    sentence = backend_of("lean4").prompts.theorem("Lemma", "e", block.statement)
    assert elaborated(lean, Problem("e", "lean4", header, sentence))
    assert block.proof == "rfl"


def test_lean_blocks_are_told_apart_and_prose_behind_them_is_left_out() -> None:
    text = (
        "theorem one : True := by\n  exact True.intro\n\nlemma two (p : Prop) (h : p) : p := h\n\n"
        "theorem goal : True := by\n  cases one with\n  | intro => exact one\nThis proves it."
    )
    language = backend_of("lean4").prompts
    whole, *proofs = language.proofs(text)
    assert [block.proof for block in language.split(whole).lemmas] == ["exact True.intro", "exact h"]
    assert language.split(whole).lemmas[1].statement == "∀ (p : Prop) (h : p), p"
    assert proofs == ["cases one with\n| intro => exact one", "exact h", "exact True.intro"]
    assert "prose" not in whole
    assert language.proofs("theorem a : False := by\n  sorry") == []


# ------------------------------------------------------------------------------------------------------------ Isabelle


def test_isabelle_blocks_are_told_apart(isabelle_goal: tuple[Elaboration, Lemma]) -> None:
    goal, lemma = isabelle_goal
    asked = formalization_prompts(goal, [lemma], Limits(4000))
    answer = (
        'Sure:\n```isabelle\ntheory X imports Main begin\nlemma one [simp]: "twice 1 = 2"\n  by simp\n\n'
        'theorem goal:\n  "a + b = b + (a :: nat)"\nproof -\n  have "twice 1 = 2" by (rule lemma_1)\n'
        "  then show ?thesis by (simp add: one)\nqed\nend\n```"
    )
    whole, last, _ = asked.proofs(answer)
    assert lemma.canonical_name in last
    assert last.endswith("qed")
    blocks = asked.naming.language.split(whole)
    assert [(one.name, one.statement, one.proof) for one in blocks.lemmas] == [("one", '"twice 1 = 2"', "by simp")]
    assert blocks.last == last
    assert refuse(whole) is None
    assert backend_of("isabelle").syntax.refuse_block(last) is None
    assert backend_of("isabelle").syntax.refuse_block(whole) is not None
    assert backend_of("isabelle").syntax.refuse_block('by simp\nlemma x: "P" by simp') is not None


def test_isabelle_statements_are_text() -> None:
    (goal,) = elaborated(
        IsabelleVerifier(), Problem("p", "isabelle", "", 'theorem p:\n  assumes "x > 0"\n  shows "x > (0::int)"')
    )
    assert goal.statement == Const('assumes "x > 0" shows "x > (0::int)"')
    (broken,) = IsabelleVerifier().elaborate([Problem("q", "isabelle", "", "lemma")])
    assert not isinstance(broken, Elaboration)
    assert broken.reason == "malformed"


@pytest.mark.parametrize("prover", ["lean4", "isabelle"])
@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                "theorem a : b",
                "lemma c:",
                ":= by",
                "\n",
                '"',
                "(*",
                "/-",
                "-/",
                "proof -",
                "qed",
                "by x",
                "```",
                "  ",
                "‹",
            ]
        ),
        max_size=30,
    ).map(" ".join)
)
def test_any_answer_can_be_read(prover: Prover, text: str) -> None:
    language = backend_of(prover).prompts
    for proof in language.proofs(text):
        assert proof.strip()
        language.split(proof)
        language.introduce(proof, ["x"])
    assert all(block.statement.strip() for block in language.lemmas(text))
    language.rename(text, {"a": "b"})


def test_statements_of_lean_are_shown_with_its_signs_and_numerals(lean: LeanVerifier) -> None:
    text = "theorem t (n m : Nat) (xs : List Nat) : n + 2 ≤ 3 * m - 1 ∧ xs ++ [1] ≠ [] ↔ ¬ n = 0"
    (one,) = elaborated(lean, Problem("t", "lean4", "", text))
    shown = backend_of("lean4").prompts.display((), one.statement)
    assert "((x0 + 2) ≤ ((3 * x1) - 1))" in shown
    assert "((x2 ++ (1 :: [])) = [])" in shown
    assert shown.endswith(" ↔ ¬ (x0 = 0)")
