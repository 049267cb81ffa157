"""The prompt templates for Rocq: they fit, they show what they should, and their worked examples are true and ours."""

import json
import re
import subprocess
from itertools import count
from pathlib import Path

import pytest

from domain import Elaboration, Lemma, Problem, Prompt
from pipeline.proposers.language_model.batch import Limits, PromptBatch, estimate_tokens
from pipeline.proposers.language_model.prompting import (
    EVOLUTIONS,
    decomposition_prompt,
    evolution_prompt,
    formalization_prompts,
    proof_prompts,
    repair_prompt,
)
from pipeline.proposers.language_model.worked import decompositions
from tests.pipeline.elaborated import elaborate, lemma_of
from verifiers.rocq.prompt_language import RocqPrompts

ROCQ = RocqPrompts.templates

HEADER = """
Inductive num : Type := zero : num | next : num -> num.
Fixpoint add (n m : num) {struct n} : num := match n with zero => m | next k => next (add k m) end.
Fixpoint twice (n : num) {struct n} : num := match n with zero => zero | next k => next (next (twice k)) end.
"""


@pytest.fixture(scope="module")
def goal() -> Elaboration:
    statement = "Theorem add_swaps : forall n m : num, add n m = add m n."
    return elaborate(Problem("add_swaps", "rocq", HEADER, statement, informal_prefix="Sums (* of two *) commute."))[0]


@pytest.fixture(scope="module")
def lemmas() -> list[Lemma]:
    statements = ["add n zero = n", "add n (next zero) = next n", "add (next n) zero = next n"]
    problems = [Problem("x", "rocq", HEADER, f"Lemma x : forall n, {statement}.") for statement in statements]
    return [lemma_of(one, "intros x0. induction x0; simpl; congruence.") for one in elaborate(*problems)]


def whole(prompt: Prompt) -> str:
    return f"{prompt.system}\n\n{prompt.user}\n\n{prompt.opening}"


def every_prompt(goal: Elaboration, lemmas: list[Lemma]) -> dict[str, PromptBatch]:
    asked = {
        "prove": proof_prompts(goal, lemmas),
        "solve_request": proof_prompts(goal, lemmas, request=True),
        "repair": repair_prompt(goal, lemmas, "intros n m.\nauto.", "Cannot unify d0 (* with *) x."),
        "decompose": decomposition_prompt(goal, lemmas),
    }
    asked["formalize"] = formalization_prompts(goal, lemmas, plan="Steps:\n1. Induction.")
    return asked | {operator: evolution_prompt(operator, lemmas[0], goal, lemmas) for operator in EVOLUTIONS}


def test_every_template_is_used_and_fits(goal: Elaboration, lemmas: list[Lemma]) -> None:
    asked = every_prompt(goal, lemmas)
    assert set(asked) == {file.stem for file in ROCQ.glob("*.txt")}
    for name, one in asked.items():
        assert len(one.prompts) == 1, name
        assert estimate_tokens(whole(one.prompts[0])) <= 1500, name
        continued = name != "formalize"
        assert bool(one.prompts[0].opening) == continued, name
        assert bool(one.stop) == continued, name


def test_prompts_speak_in_the_names_of_the_problem(goal: Elaboration, lemmas: list[Lemma]) -> None:
    for name, one in every_prompt(goal, lemmas).items():
        text = whole(one.prompts[0])
        assert not re.search(r"\b[dl][0-9a-f]{12,16}", text), name
        assert "Fixpoint add" in text, name
        assert "Fixpoint twice" not in text, f"{name}: what the statement does not reach is left out"


def test_a_proof_prompt_shows_statement_lemmas_with_proofs_and_the_informal_text(
    goal: Elaboration, lemmas: list[Lemma]
) -> None:
    user = proof_prompts(goal, lemmas).prompts[0].user
    assert user.count("induction n; simpl; congruence") == 3
    assert re.search(r"Lemma lemma_1 : forall n, \(?add n zero\)? = n\.", user)
    assert re.search(r"Theorem goal : forall n m, \(?add n m\)? = \(?add m n\)?\.$", user)
    assert user.count("(*") == user.count("*)") == 1


def test_every_other_sample_begins_an_induction_each_on_another_variable(goal: Elaboration) -> None:
    openings = [prompt.opening.splitlines()[-1].strip() for prompt in proof_prompts(goal, samples=5).prompts]
    assert openings == [
        "intros n m.",
        "intros n m. induction n",
        "intros n m.",
        "intros n m. induction m",
        "intros n m.",
    ]


def test_samples_repeat_the_prompt_and_free_answers_have_no_opening(goal: Elaboration) -> None:
    asked = proof_prompts(goal, [], Limits(continued=False), samples=3)
    assert len(asked.prompts) == 3
    assert asked.prompts[0].opening == ""
    assert asked.stop == ()


def test_without_instructions_a_prompt_is_the_end_of_a_file(goal: Elaboration, lemmas: list[Lemma]) -> None:
    seen: list[int] = []
    for limit in (1500, 200, 60):
        (prompt,) = proof_prompts(goal, lemmas, Limits(limit, instructed=False)).prompts
        text = whole(prompt).strip()
        assert text.split()[0] in ("Inductive", "Theorem")
        assert "You prove" not in text
        assert "copy_same" not in text
        seen.append(text.count("Lemma"))
    assert seen[0] == 3 > seen[-1]


def test_the_least_relevant_lemmas_go_first_and_then_the_examples(goal: Elaboration, lemmas: list[Lemma]) -> None:
    full = estimate_tokens(whole(proof_prompts(goal, lemmas).prompts[0]))
    seen: list[tuple[int, bool, bool]] = []
    for limit in range(full, 0, -1):
        asked = proof_prompts(goal, lemmas, Limits(limit))
        if not asked.prompts:
            break
        text = whole(asked.prompts[0])
        assert estimate_tokens(text) <= limit
        assert "Theorem goal : forall n m" in text
        assert asked.shown == tuple(lemma.id for lemma in lemmas[: len(asked.shown)])
        state = (len(asked.shown), "copy_same" in text, "Fixpoint add" in text)
        if state not in seen:
            seen.append(state)
    assert seen == [
        (3, True, True),
        (2, True, True),
        (1, True, True),
        (0, True, True),
        (0, False, True),
        (0, False, False),
    ]


def test_the_estimate_of_tokens_is_from_above(goal: Elaboration, lemmas: list[Lemma]) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    from models import model_path

    tokenizer = tokenizers.Tokenizer.from_file(str(model_path() / "tokenizer.json"))
    for name, one in every_prompt(goal, lemmas).items():
        text = whole(one.prompts[0])
        assert len(tokenizer.encode(text).ids) <= estimate_tokens(text), name


# -------------------------------------------------------------------------------------------------- worked examples


def worked_examples(template: str) -> str:
    text = (ROCQ / f"{template}.txt").read_text()
    found = re.search(r"{% if examples -%}\n(.*?)\n{% endif -%}", text, re.DOTALL)
    assert found is not None, template
    return found.group(1)


@pytest.mark.parametrize("template", ["prove", "solve_request", "repair"])
def test_worked_proofs_are_accepted_by_the_prover(template: str, tmp_path: Path) -> None:
    file = tmp_path / "examples.v"
    number = count(1)
    file.write_text(re.sub(r"Theorem goal\b", lambda _: f"Theorem goal_{next(number)}", worked_examples(template)))
    done = subprocess.run(["coqc", "-q", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("template", EVOLUTIONS)
def test_worked_statements_are_well_formed_and_true(template: str, tmp_path: Path) -> None:
    lines = worked_examples(template).splitlines()
    definitions = [line for line in lines if line.startswith(("Inductive", "Fixpoint"))]
    rule = "Lemma rule : forall a, copy a = a. Proof. induction a; simpl; congruence. Qed."
    proof = "Proof. intros; rewrite ?rule; reflexivity. Qed."
    statements = [f"{line}\n{proof}" for line in lines if re.match(r"(?:Lemma|Theorem) ", line)]
    assert len(statements) == 2
    text = "\n".join([*definitions, rule, *statements])
    file = tmp_path / "examples.v"
    file.write_text(text)
    done = subprocess.run(["coqc", "-q", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_no_worked_example_is_a_statement_of_a_bundled_suite(repository: Path) -> None:
    examples: list[Problem] = []
    for template in ("prove", *EVOLUTIONS):
        lines = worked_examples(template).splitlines()
        header = "\n".join(line for line in lines if line.startswith(("Inductive", "Fixpoint", "Definition")))
        examples += [
            Problem("example", "rocq", header, line) for line in lines if re.match(r"(?:Lemma|Theorem) ", line)
        ]
    for one in decompositions("rocq"):
        examples += [Problem("example", "rocq", one.definitions, text) for text in (*one.lemmas, one.theorem)]
    bundled = [
        Problem(record["name"], "rocq", record["header"], record["formal_statement"])
        for file in (repository / "datasets" / "bundled").glob("*.jsonl")
        for record in map(json.loads, file.read_text().splitlines())
    ]
    assert len(bundled) >= 60
    known = {(one.reached, one.statement_exact) for one in elaborate(*bundled)}
    assert not known & {(one.reached, one.statement_exact) for one in elaborate(*examples)}
