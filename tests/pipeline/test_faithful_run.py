"""LEGO-Prover's configuration as a run: decomposer, retrieval, formalizer in blocks, harvest, the paper's evolver.

The model is a script here, so that each part has something to do. For Rocq the prover is real and lemmas enter the
library. For Isabelle the server is a stand-in: theories are written and judged by protocol, and nothing is admitted.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from library_store.snapshot import read
from library_store.tables import Tables
from tests.actors.servers import scripted_server
from tests.verifiers.isabelle_stand_in import running

pytestmark = pytest.mark.acceptance

HEADER = """
Inductive num : Type := zero : num | next : num -> num.
Fixpoint add (n m : num) {struct n} : num := match n with zero => m | next k => next (add k m) end.
"""
ROCQ = [
    {
        "name": name,
        "prover": "rocq",
        "header": HEADER,
        "formal_statement": f"Theorem {name} : {statement}.",
        "informal_prefix": "Sums commute.",
        "informal_proof": "By induction on the first summand.",
    }
    for name, statement in {
        "add_swaps": "forall n m : num, add n m = add m n",
        "add_zero_twice": "forall n : num, add (add n zero) zero = n",
    }.items()
]
PLAN = """Steps:
1. Prove two lemmas about the right summand.
2. Use induction.
Lemmas:
Lemma right_zero : forall n, add n zero = n.
Lemma right_next : forall n m, add n (next m) = next (add n m).
Lemma wrong : forall n, add n n = n.
"""
BLOCKS = """```coq
Lemma right_next : forall n m, add n (next m) = next (add n m).
Proof.
  intros n m. induction n; simpl; congruence.
Qed.
Lemma false_one : forall n, add n n = n.
Proof.
  intros n. induction n; simpl; congruence.
Qed.
Theorem goal : forall n m, add n m = add m n.
Proof.
  intros n m. foo.
Qed.
```"""
EVOLVED = """```coq
Lemma new_lemma : forall n m, add (next n) (next m) = next (next (add n m)).
Proof.
  intros n m. simpl. induction n; simpl; congruence.
Qed.
```"""


def answer(system: str, user: str) -> str:
    """A model that plans well, proves one lemma, fails on theorems, and solves requests."""
    del user
    if "plan proofs" in system:
        return PLAN
    if "invent lemmas" in system:
        return EVOLVED
    return BLOCKS if "prove theorems" in system else "Proof.\nintros. induction n; simpl; congruence.\nQed."


def faithful(repository: Path, folder: Path, address: str, *changes: str, **environment: str) -> Tables:
    """A short run of the configuration with a scripted model."""
    few = ["rounds=3", "prove.workers=2", "evolve.workers=1", "evolve.model_steps=6", "verifiers.processes=1"]
    model = [f"model.base_url={address}", "model.name=scripted", "prove.candidate_cpu_seconds=5"]
    problems = f"problems=[{{dataset: {folder / 'problems.jsonl'}}}]"
    sets = [
        part for change in (*few, *model, "repair.step_cpu_seconds=1", problems, *changes) for part in ("--set", change)
    ]
    config = str(repository / "configs" / "lego_prover_faithful.yaml")
    command = [sys.executable, "-m", "pipeline", "run", config, "--out", str(folder / "run"), *sets]
    done = subprocess.run(
        command, cwd=repository, capture_output=True, text=True, check=False, timeout=900, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return read(folder / "run")


@pytest.fixture(scope="module")
def tables(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("faithful")
    (folder / "problems.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in ROCQ))
    with scripted_server(answer) as address:
        return faithful(repository, folder, address)


def test_verified_blocks_of_failed_attempts_are_harvested_and_false_ones_are_not(tables: Tables) -> None:
    harvested = [lemma for lemma in tables.lemmas.values() if lemma.operator == "harvest"]
    assert len(harvested) == 1
    assert "next" in harvested[0].statement
    assert {state.status for name, state in tables.problems.items() if name == "add_swaps"} == {"open"}


def test_the_plans_lemmas_become_requests_unless_values_refute_them(tables: Tables) -> None:
    asked = {row["statement"] for row in tables.rows("requests") if row["operator"] == "decomposer"}
    assert len(asked) >= 1
    assert not any(re.fullmatch(r"forall \w+, add (\w+) \1 = \1", statement) for statement in asked)


def test_requests_are_solved_by_the_model_and_retrieved_for_the_next_prompt(tables: Tables) -> None:
    solved = [lemma for lemma in tables.lemmas.values() if lemma.operator == "solve_request"]
    assert [lemma.statement.count("zero") for lemma in solved] == [1]
    late = [row for row in tables.rows("attempts") if row["kind"] == "problem" and row["round"] == 3]
    assert any(solved[0].id in row["retrieved"] for row in late)
    assert any("Lemma lemma_1 : forall n, add n zero = n." in row["prompt"] for row in late)


def test_every_step_is_the_models_and_parents_are_updated_in_turn(tables: Tables) -> None:
    rows = [row for row in tables.rows("attempts") if row["kind"] != "problem"]
    assert rows
    assert all(row["model"] == "scripted" for row in rows)
    updates = Counter(row["target"] for row in rows if row["kind"] == "evolve")
    assert all(row["prompt"] for row in rows)
    assert sum(updates.values()) + sum(row["kind"] == "request" for row in rows) == len(rows)


def test_as_an_arm_it_has_the_same_model_and_budget_and_its_own_policies(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "problems.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in ROCQ))
    with scripted_server(answer) as address:
        settings = {
            "rounds": 2,
            "cpu_seconds": 300,
            "problems": [{"dataset": str(tmp_path / "problems.jsonl")}],
            "model": {"kind": "endpoint", "base_url": address, "name": "scripted"},
        }
        (tmp_path / "configuration.yaml").write_text(json.dumps(settings))
        command = [sys.executable, "-m", "pipeline", "compare", str(tmp_path / "configuration.yaml")]
        command += ["--arms", "shared,faithful", "--out", str(tmp_path / "out")]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    steps = {
        arm: Counter(bool(row["model"]) for row in read(tmp_path / "out" / arm / "seed=0").rows("attempts"))
        for arm in ("shared", "faithful")
    }
    assert steps["shared"][False]
    assert steps["faithful"][True]
    # An attempt is recorded without its model's part first: it tried no script.
    rows = [row for row in read(tmp_path / "out" / "faithful" / "seed=0").rows("attempts") if not row["model"]]
    assert {row["kind"] for row in rows} == {"problem"}
    assert not any(row["candidates"] for row in rows)


# ------------------------------------------------------------------------------------------------------------ Isabelle

ISAR = """```isabelle
lemma square_positive:
  "0 \\<le> x * x" for x :: int
  by simp

theorem goal:
  fixes x :: int
  assumes "x > 0"
  shows "0 \\<le> x * x + 1"
proof -
  have "0 \\<le> x * x" by (rule square_positive)
  then show ?thesis by simp
qed
```"""


def isar(system: str, user: str) -> str:
    assert "Isabelle" in system
    if "plan proofs" in system:
        return 'Steps:\n1. A square is not negative.\nLemmas:\nlemma square:\n  "0 \\<le> x * x" for x :: int\n'
    assert "Steps:" in user
    return ISAR if "prove theorems" in system else "  by simp"


def test_isabelle_goes_as_far_as_theories_and_protocol(repository: Path, tmp_path: Path) -> None:
    problem = {
        "name": "positive",
        "prover": "isabelle",
        "header": "theory Positive imports Main begin",
        "formal_statement": 'theorem positive: fixes x :: int assumes "x > 0" shows "0 \\<le> x * x + 1"',
        "informal_prefix": "x² + 1 is not negative.",
        "informal_proof": "A square is not negative.",
    }
    (tmp_path / "problems.jsonl").write_text(json.dumps(problem) + "\n")
    with running(tmp_path) as stand_in, scripted_server(isar) as address:
        settings = stand_in.settings()
        tables = faithful(
            repository,
            tmp_path,
            address,
            "rounds=1",
            LEMMARY_ISABELLE_SERVER=settings.server,
            LEMMARY_ISABELLE_PASSWORD_FILE=str(settings.password_file),
        )
    (row,) = [row for row in tables.rows("attempts") if row["kind"] == "problem" and row["model"]]
    assert "x² + 1 is not negative." in row["prompt"]
    assert row["prompt"].count("theorem positive:") == 2, "in the plan's prompt and in the proof's"
    assert dict(row["counts"])["model_elaborated"] == 2, "the lemma and the theorem pass the stand-in"
    assert dict(row["counts"])["requested"] == 1
    assert tables.lemmas == {}, "a stand-in admits nothing"
    assert {state.status for state in tables.problems.values()} == {"open"}
