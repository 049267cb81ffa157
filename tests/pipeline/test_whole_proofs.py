"""Public models for Lean 4: they are asked as they were trained, and of their answers only proofs are taken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import Candidate, Elaboration, Lemma, Problem, UserError
from library_store.snapshot import read
from pipeline.__main__ import main
from pipeline.config import resolve
from pipeline.loop.workers import model_settings, require_prover
from pipeline.proposers.language_model.batch import Limits
from pipeline.proposers.language_model.whole_proofs import whole_proof_prompts
from tests.actors.servers import scripted_server
from tests.pipeline.elaborated import lemma_of
from verifiers.lean.own_names import canonical_problem
from verifiers.lean.public_provers import prompt, taken
from verifiers.lean.verifier import LeanVerifier

HEADER = """inductive Num : Type where
  | zero : Num
  | next : Num → Num

def add : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (add n m)"""
PROBLEM = Problem(
    "swaps",
    "lean4",
    HEADER,
    "theorem swaps (a b : Num) : add a b = add b a := by\n  sorry",
    informal_prefix="/-- Sums commute. -/",
)
PROOF = """induction a with
  | zero => exact (right_zero b).symm
  | next n ih => rw [right_next, ← ih]; rfl"""
LEMMAS = """theorem right_zero : ∀ b, add b Num.zero = b := by
  intro b
  induction b with
  | zero => rfl
  | next n ih => simp only [add, ih]

lemma right_next : ∀ (b m : Num), add b (Num.next m) = Num.next (add b m) := by
  intro b m
  induction b with
  | zero => rfl
  | next n ih => simp only [add, ih]
"""
ANSWER = f"""### Detailed Proof Plan

By induction. A first try:
```lean4
theorem swaps (a b : Num) : add a b = add b a := by
  sorry
```
### Complete Lean 4 Proof

```lean4
{HEADER}

{LEMMAS}
/-- Sums commute. -/
theorem swaps (a b : Num) :
    add a b = add b a := by  -- as it was asked
  {PROOF}
```
It is done."""


def test_deepseek_prover_is_asked_to_complete_the_file() -> None:
    asked = prompt("deepseek-prover-v2", PROBLEM, [])
    file = f"{HEADER}\n\n/-- Sums commute. -/\ntheorem swaps (a b : Num) : add a b = add b a := by\n  sorry"
    assert asked.system == asked.opening == ""
    assert asked.user == (
        f"Complete the following Lean 4 code:\n\n```lean4\n{file}\n```\n\n"
        "Before producing the Lean 4 code to formally prove the given theorem, provide a detailed proof plan outlining "
        "the main proof steps and strategies.\nThe plan should highlight key ideas, intermediate lemmas, and proof "
        "structures that will guide the construction of the final formal proof."
    )
    goedel = prompt("goedel-prover-v2", PROBLEM, [])
    assert goedel.user == asked.user.replace("sorry\n```", "sorry```")


def test_kimina_prover_gets_the_problem_in_words_and_no_sorry() -> None:
    asked = prompt("kimina-prover", PROBLEM, ["theorem one : 1 = 1 := by\n  rfl"])
    assert asked.system == "You are an expert in mathematics and Lean 4."
    assert asked.user == (
        "Think about and solve the following problem step by step in Lean 4.\n# Problem:Sums commute.\n"
        f"# Formal statement:\n```lean4\n{HEADER}\n\ntheorem one : 1 = 1 := by\n  rfl\n\n"
        "/-- Sums commute. -/\ntheorem swaps (a b : Num) : add a b = add b a := by\n```\n"
    )


def test_the_last_block_is_taken_with_its_lemmas_and_without_its_definitions() -> None:
    whole, proof = taken(ANSWER, PROBLEM.formal_statement).proofs
    assert whole.startswith("theorem right_zero")
    assert whole.endswith("rfl")
    assert proof.startswith("-- as it was asked\ninduction a with")


@pytest.mark.parametrize(("begins", "ends"), [("<think>", "</think>"), ("◁think▷", "◁/think▷"), ("", "</think>")])
def test_thoughts_are_left_out_however_long_they_are(begins: str, ends: str) -> None:
    thoughts = f"{begins}{'Perhaps so. ' * 5000}```lean4\ntheorem swaps (a b : Num) : a = b := by\n  simp\n```{ends}"
    assert taken(thoughts + ANSWER, PROBLEM.formal_statement) == taken(ANSWER, PROBLEM.formal_statement)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("I cannot.", "no block of code"),
        ("```\ntheorem swaps (a b : Num) : add a b = add b a := by simp\n```", "no block of code"),
        ("<think>```lean4\ntheorem swaps (a b : Num) : add a b = add b a := by simp\n```", "within its thoughts"),
        ("```lean4\nsimp\n```", "has no theorem swaps"),
        ("```lean4\ntheorem other (a b : Num) : add a b = add b a := by simp\n```", "has no theorem swaps"),
        ("```lean4\ntheorem swaps (a b : Num) : add a b = add a b := by simp\n```", "states another swaps"),
        ("```lean4\ntheorem swaps (a b : Num) (h : a = b) : add a b = add b a := by simp\n```", "states another swaps"),
        ("```lean4\ntheorem swaps (a b : Num) : add a b = add b a := by\n  sorry\n```", "without a proof"),
        ("```lean4\ntheorem swaps (a b : Num) : add a b = add b a\n```", "without a proof"),
        ('```lean4\ntheorem swaps (a b : Num) : add a b = add b a := by\n  exact "\n```', "a string has no end"),
        (f"{ANSWER}\n```lean4\n-- and so on\n```", "has no theorem swaps"),
    ],
)
def test_an_answer_of_which_nothing_is_taken_says_why(answer: str, why: str) -> None:
    found = taken(answer, PROBLEM.formal_statement)
    assert found.proofs == ()
    assert why in found.refused


@pytest.fixture(scope="module")
def lean() -> Iterator[LeanVerifier]:
    verifier = LeanVerifier()
    yield verifier
    verifier.close()


@pytest.fixture(scope="module")
def goal(lean: LeanVerifier) -> tuple[Elaboration, Lemma]:
    helper = Problem("h", "lean4", HEADER, "theorem h : ∀ n, add n Num.zero = n")
    read_goal, read_helper = lean.elaborate([PROBLEM, helper])
    assert isinstance(read_goal, Elaboration)
    assert isinstance(read_helper, Elaboration)
    (add,) = [name for name, own in read_helper.own_names.items() if own == "add"]
    return read_goal, lemma_of(read_helper, f"intro x0\ninduction x0 with\n| _ => simp_all only [{add}]")


def test_lemmas_stand_before_the_theorem_in_the_problems_names_as_many_as_fit(goal: tuple[Elaboration, Lemma]) -> None:
    problem, lemma = goal
    whole = whole_proof_prompts("kimina-prover", problem, [lemma], Limits(5000), samples=2)
    assert whole.prompts[0] == whole.prompts[1]
    assert whole.shown == (lemma.id,)
    assert "theorem lemma_1 : ∀ n, add n Num.zero = n := by\n  intro n" in whole.prompts[0].user
    bare = whole_proof_prompts("kimina-prover", problem, [lemma], Limits(250), samples=1)
    assert (len(bare.prompts), bare.shown) == (1, ())
    assert whole_proof_prompts("kimina-prover", problem, [lemma], Limits(10), samples=1).prompts == ()


def test_what_is_taken_proves_the_canonical_statement(goal: tuple[Elaboration, Lemma], lean: LeanVerifier) -> None:
    problem, lemma = goal
    asked = whole_proof_prompts("deepseek-prover-v2", problem, [lemma], Limits(5000), samples=1)
    short = ANSWER.replace(LEMMAS, LEMMAS[LEMMAS.index("lemma") :]).replace("right_zero b", "lemma_1 b")
    whole, _ = asked.proofs(short)
    blocks = asked.naming.language.split(whole)
    helper = blocks.lemmas[0]
    known = f"have {helper.name} : {helper.statement} := by\n{_indented(helper.proof)}\n{blocks.last}"
    (verdict,) = lean.check([Candidate(canonical_problem(problem, problem.definitions), known, (lemma,))])
    assert verdict.trust == "elaborated", verdict.messages


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


@pytest.mark.usefixtures("one_ray")
def test_a_run_through_an_endpoint_learns_from_one_answer_and_tells_why_it_took_nothing_of_another(
    repository: Path, tmp_path: Path
) -> None:
    other = {"name": "other", "formal_statement": "theorem other (a b : Num) : add (add a b) b = add b (add b a)"}
    lines = [{"name": "swaps", "formal_statement": PROBLEM.formal_statement}, other]
    file = tmp_path / "problems.jsonl"
    file.write_text("".join(f"{json.dumps({'prover': 'lean4', 'header': HEADER} | one)}\n" for one in lines))

    def answer(system: str, user: str) -> str:
        assert system == "You are an expert in mathematics and Lean 4."
        assert user.startswith("Think about and solve the following problem step by step in Lean 4.")
        return f"<think>Hm.</think>{ANSWER}" if "theorem swaps" in user else "```lean4\nsimp\n```"

    with scripted_server(answer) as address:
        sets = (
            f"problems=[{{dataset: {file}}}]",
            *(f"model.base_url={address}", "model.kind=endpoint", "model.name=scripted"),
            *("model.prompt_format=kimina-prover", "model.max_tokens=2048", "model.context=8192"),
            *("rounds=1", "prove.scripts=0", "evolve.enabled=false", "prove.workers=1", "verifiers.processes=1"),
            *("repair.candidates=0", "prove.samples=1", "prove.candidate_cpu_seconds=15"),
        )
        options = [part for one in sets for part in ("--set", one)]
        config = str(repository / "configs" / "lean_small.yaml")
        assert main(["run", config, "--out", str(tmp_path / "run"), *options]) == 0
    tables = read(tmp_path / "run")
    assert {name: state.status for name, state in tables.problems.items()} == {"swaps": "proved", "other": "open"}
    assert {lemma.operator for lemma in tables.lemmas.values()} == {"harvest"}
    told = [row["stuck_goals"] for row in tables.rows("attempts") if row["target"] == "other" and row["output"]]
    assert told == [["the answer's last block of code has no theorem other"]]


def test_a_setting_that_cannot_work_is_told() -> None:
    with pytest.raises(UserError, match=r"model\.max_tokens: kimina-prover writes whole proofs: give it 1024 or more"):
        resolve({"model": {"prompt_format": "kimina-prover"}})
    settings = resolve({"model": {"prompt_format": "kimina-prover", "max_tokens": 8192}})
    with pytest.raises(UserError, match=r"model\.prompt_format: kimina-prover is for Lean 4, .* for rocq"):
        require_prover(settings, "rocq")


def test_a_server_has_the_time_that_a_whole_proof_takes() -> None:
    endpoint = {"kind": "endpoint", "name": "some", "prompt_format": "kimina-prover", "max_tokens": 8192}
    whole = model_settings(resolve({"model": endpoint}).model)
    short = model_settings(resolve({"model": endpoint | {"prompt_format": "lemmary", "max_tokens": 96}}).model)
    assert [getattr(one, "timeout_seconds", None) for one in (whole, short)] == [819.2, 120.0]
