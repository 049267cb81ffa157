"""Lemmas of the libraries that a header imports are found there, offered to scripts and prompts, and off by default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest

from domain import Candidate, Elaboration, Problem
from pipeline.config import RunSettings
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import Ports, RunContext, build
from pipeline.loop.llm_prover import Decomposition, formalization
from pipeline.loop.premises import Ranking, premises
from pipeline.loop.prove import Proof, Search
from pipeline.proposers.automation.with_premises import premise_scripts
from verifiers.rocq.verifier import RocqVerifier

INTEGERS = "Require Import ZArith.\nOpen Scope Z_scope."
SWAPPED = Problem("swapped", "rocq", INTEGERS, "Theorem swapped : forall a b : Z, 1 + Z.gcd b a = Z.gcd a b + 1.")
OWN = Problem("own", "rocq", "Inductive two : Set := one | other.", "Theorem own : forall t : two, t = t.")
ON = RunSettings.model_validate({"retrieval": {"premises": 24}})


@pytest.fixture(scope="module")
def verifier() -> Iterator[RocqVerifier]:
    made = RocqVerifier()
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(verifier: RocqVerifier) -> RunContext:
    """Both problems, with what the one that imports something is offered."""
    elaborations = [cast("Elaboration", one) for one in verifier.elaborate([SWAPPED, OWN])]
    bare = build(ON, elaborations, "rocq", None)
    return replace(bare, premises=premises(bare, verifier))


def found(world: RunContext, verifier: RocqVerifier) -> Proof | None:
    search = Search(
        *(world, Ports(verifier, None, None), AttemptLog("a", "problem", "swapped"), world.of_problem("swapped"), ()),
        most=80,
        seconds=20.0,
    )
    return search.few() or search.quickly()


def test_a_lemma_of_the_library_closes_what_automation_alone_leaves_open(
    world: RunContext, verifier: RocqVerifier
) -> None:
    assert found(replace(world, premises={}), verifier) is None
    proof = found(world, verifier)
    assert proof is not None
    assert "Z.gcd_comm" in proof.proof
    assert proof.lemmas == ()
    elaboration = world.elaborations["swapped"]
    texts = world.dialect.candidates(elaboration, proof.proof, (), (), world.preamble(elaboration.prelude_id))
    (verdict,) = verifier.audit([Candidate(SWAPPED, next(iter(texts)))])
    assert verdict.accepted, verdict.messages


def test_a_proof_keeps_only_the_premises_that_it_needs(world: RunContext, verifier: RocqVerifier) -> None:
    offered = [one.name for one in world.premises[world.of_problem("swapped").id]]
    proof = found(world, verifier)
    assert proof is not None
    assert [name for name in offered if f"{name} " in proof.proof] == ["Z.gcd_comm"]


def test_only_problems_that_import_something_have_premises_and_none_by_default(
    world: RunContext, verifier: RocqVerifier
) -> None:
    assert list(world.premises) == [world.of_problem("swapped").id]
    assert len(world.premises[world.of_problem("swapped").id]) == 24
    assert RunSettings().retrieval.premises == 0


def test_what_a_header_makes_visible_are_its_propositions(verifier: RocqVerifier) -> None:
    scoped, plain, bare = verifier.visible([INTEGERS, "Require Import ZArith.", OWN.header])
    stated = {one.name: one.term for one in plain}
    assert {"Z.gcd_comm", "Z.mul_comm", "Zmult_le_compat", "Nat.add_assoc"} <= stated.keys()
    assert not {"Z.gcd", "Z", "positive_ind", "nat_rect", "Z.le"} & stated.keys()
    assert len(stated) > 5000
    assert len(set(stated.values())) == len(stated)
    assert scoped == plain
    assert bare == ()


def test_a_header_that_the_prover_refuses_shows_nothing(verifier: RocqVerifier) -> None:
    assert verifier.visible(["Require Import Nowhere."]) == [()]


def test_what_states_exactly_a_problem_is_among_the_best(verifier: RocqVerifier) -> None:
    (plain,) = verifier.visible(["Require Import ZArith."])
    problem = Problem("c", "rocq", INTEGERS, "Theorem c : forall n m : Z, Z.gcd n m = Z.gcd m n.")
    (elaboration,) = verifier.elaborate([problem])
    assert isinstance(elaboration, Elaboration)
    assert "Z.gcd_comm" in [one.name for one in Ranking(plain).best(elaboration.statement, 10)]


def test_every_kind_of_script_is_read_by_the_prover(world: RunContext, verifier: RocqVerifier) -> None:
    statement = world.of_problem("swapped")
    goal, preamble = world.goal(statement), world.preamble(statement.prelude_id)
    scripts = list(premise_scripts(world.premises[statement.id]))
    verdicts = verifier.check([Candidate(goal, script.text, (), preamble) for script in scripts])
    assert len(scripts) >= 5
    for script, verdict in zip(scripts, verdicts, strict=True):
        said = " ".join(message.text for message in verdict.messages)
        assert verdict.verdict != "error", said
        assert "yntax" not in said, script.text
        assert "not found" not in said, script.text


def test_a_prompt_shows_premises_behind_lemmas_and_drops_them_first(world: RunContext) -> None:
    asked = formalization(world, world.elaborations["swapped"], [], Decomposition(), 0)
    few = replace(world, settings=ON.model_copy(update={"prove": ON.prove.model_copy(update={"prompt_lemmas": 1})}))
    shorter = formalization(few, world.elaborations["swapped"], [], Decomposition(), 0)
    first, second = (one.name for one in world.premises[world.of_problem("swapped").id][:2])
    assert f"Lemma {first} : forall" in asked.prompts[0].user
    assert f"Lemma {second} : forall" in asked.prompts[0].user
    assert f"Lemma {first} : forall" in shorter.prompts[0].user
    assert f"Lemma {second} : forall" not in shorter.prompts[0].user
    assert asked.shown == ()
