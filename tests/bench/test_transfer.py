"""The transfer bench: strata, halves, joined libraries, what is read from runs, and the settings of its arms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bench.transfer import halves, join, read_both, settings_of, translation
from bench.transfer_arms import (
    CONTRASTS,
    EVERY,
    Run,
    Stratum,
    describe,
    differences,
    functions_learned_on,
    functions_of,
    groups,
    look_at,
    stratum,
)
from domain import Lemma, Problem, UserError
from library_store.admission import Proposal
from library_store.snapshot import read
from pipeline import config
from pipeline.config import ProblemSource
from pipeline.report.comparison.measures import Measures
from tests.library_store.samples import AUDITED, addition, lemma, opened, sha
from tests.pipeline.elaborated import elaborate, lemma_of
from tests.pipeline.test_comparison import run as measures_of

NAT = "(declare-datatype Nat ((Z) (S (p Nat))))"
PLUS = "(define-fun-rec plus ((x Nat) (y Nat)) Nat (match x ((Z y) ((S z) (S (plus z y))))))"
ROUND_ABOUT = "(define-fun-rec around ((x Nat)) Nat (match x ((Z Z) ((S z) (around (plus x Z))))))"


def run_of(name: str, library: tuple[Lemma, ...] = (), problems: tuple[str, ...] = (), **solved: float) -> Run:
    clusters = {one: one for one in problems}
    measures = replace(measures_of(name, 0, **solved), problems=problems, clusters=clusters, counts={})
    return Run(measures, library, 0, {}, (), (), 90.0)


# ------------------------------------------------------------------------------------------------------------ strata


@pytest.mark.parametrize(
    ("functions", "expected"),
    [("ab", "all"), ("ax", "some"), ("xy", "none"), ("", "all")],
)
def test_a_stratum_says_how_many_functions_are_known(functions: str, expected: Stratum) -> None:
    assert stratum(set(functions), {"a", "b", "c"}) == expected


HEADER = """Inductive num : Set := zero : num | next : num -> num.
Fixpoint sum (x y : num) : num := match x with zero => y | next z => next (sum z y) end.
"""
RENAMED = """Inductive n : Set := o : n | s : n -> n.
Fixpoint add (x y : n) : n := match x with o => y | s z => s (add z y) end.
Fixpoint double (x : n) : n := match x with o => o | s z => s (s (double z)) end.
Fixpoint unused (x : n) : n := match x with o => o | s z => unused z end.
"""


def test_functions_are_told_by_content_and_lemmas_by_what_they_reach() -> None:
    learned, stated, elsewhere = elaborate(
        Problem("learned", "rocq", HEADER, "Theorem learned : forall x y, sum x y = sum y x."),
        Problem("stated", "rocq", RENAMED, "Theorem stated : forall x y, add y x = add x (double y) -> y = o."),
        Problem("elsewhere", "rocq", f"Require Import Lia.\n{HEADER}", "Theorem elsewhere : forall x, sum x x = x."),
    )
    (known,) = functions_of(learned)
    assert functions_of(stated) > {known}
    assert len(functions_of(stated)) == 2, "neither datatypes nor what the statement does not reach"
    runs = {"frozen": run_of("frozen", (lemma_of(learned, "auto."),), ("stated",), stated=30.0)}
    row = describe("stated", stated, {known}, runs)
    assert (row["stratum"], row["known_functions"], row["visible_lemmas"]) == ("some", 1, 1)
    assert row["solved_at"] == {"frozen": 30.0}
    assert row["follows_from_a_lemma_by"] is None
    assert describe("learned", learned, {known}, runs)["follows_from_a_lemma_by"] == "equal"
    assert describe("elsewhere", elsewhere, {known}, runs)["visible_lemmas"] == 0, "it has another prelude"


# ------------------------------------------------------------------------------------------------------- differences


def measured(problems: str, solved: Mapping[str, str]) -> dict[str, Measures]:
    names = tuple(problems)
    return {arm: run_of(arm, (), names, **dict.fromkeys(those, 10.0)).measures for arm, those in solved.items()}


def test_differences_are_told_for_each_group_and_the_primary_one_is_not_corrected() -> None:
    rows = [
        {"problem": name, "stratum": known, "visible_lemmas": int(name != "d"), "follows_from_a_lemma_by": step}
        for name, known, step in zip(
            "abcdef", ("all", "all", "some", "none", "none", "none"), ("equal", *[None] * 5), strict=True
        )
    ]
    members = groups(rows)
    assert members["no function known"] == ["d", "e", "f"]
    assert members["a lemma is visible"] == ["a", "b", "c", "e", "f"]
    assert members["no lemma is one step away"] == ["b", "c", "d", "e", "f"]
    told = differences(measured("abcdef", {"none": "d", "frozen": "abce"}), members)
    by_group = {one["group"]: one for one in told}
    assert {(one["arm"], one["other"]) for one in told} == {CONTRASTS[0]}
    primary = by_group[EVERY]
    assert (primary["difference"], primary["gained"], primary["lost"]) == (3, ["a", "b", "c", "e"], ["d"])
    assert (primary["p"], primary["p_corrected"]) == (pytest.approx(2 * 6 / 32), None)
    assert by_group["all functions known"]["gained"] == ["a", "b"]
    assert by_group["no function known"]["difference"] == 0
    assert all(one["p_corrected"] >= one["p"] for one in told if one is not primary)


# ----------------------------------------------------------------------------------------------------- what runs tell


def test_what_a_proof_needs_of_the_library_is_told_apart_from_what_it_rests_on(tmp_path: Path) -> None:
    given, made = lemma("given"), lemma("made", uses=(sha("lemma given"),))
    with opened(tmp_path) as library:
        library.insert_many([Proposal(given, AUDITED, imported=True), Proposal(made, AUDITED, (given.id,))])
        library.set_problem("prop_1", "proved", uses=[given.id])
        library.set_problem("prop_2", "proved", uses=[made.id])
        library.set_problem("prop_3", "proved")
        library.snapshot(seed=7, code_version="0.1")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"settings": {"seed": 7, "cpu_seconds": 100}}))
    run = look_at(tmp_path, "learning")
    assert [one.id for one in run.library] == [given.id]
    assert run.learned == 1
    assert run.needs == {"prop_1": (given.statement,)}
    assert run.rests == ("prop_1", "prop_2")
    assert functions_learned_on([read(tmp_path)]) == {addition().id}
    with pytest.raises(UserError, match="is not frozen: it has 1 lemmas of its own"):
        look_at(tmp_path, "frozen")


def test_arms_differ_in_library_and_learning_alone(tmp_path: Path) -> None:
    base = config.resolve({"problems": [{"dataset": "bundled"}], "model": {"kind": "none"}})
    library = tmp_path / "library.jsonl"
    arms = {name: settings_of(base, name, library) for name in ("none", "frozen", "alone", "learning")}
    assert arms["alone"] == base
    assert arms["learning"] == base.model_copy(update={"library": library})
    assert arms["frozen"] == arms["none"].model_copy(update={"library": library})
    frozen = arms["frozen"]
    assert not frozen.evolve.enabled
    assert not frozen.consolidate.enabled
    assert frozen.prove.requests == 0
    assert frozen.retrieval.visibility == "shared"


# ------------------------------------------------------------------------------------------- problems and libraries


@pytest.mark.parametrize("seed", range(5))
def test_no_cluster_is_in_both_halves(seed: int) -> None:
    cluster_of = {f"p{number}": f"c{number // 3}" for number in range(30)}
    first, second = halves(cluster_of, seed)
    assert sorted([*first, *second]) == sorted(cluster_of)
    sides = [{cluster_of[name] for name in part} for part in (first, second)]
    assert not sides[0] & sides[1]
    assert [len(side) for side in sides] == [5, 5]
    assert halves(cluster_of, seed) == (first, second)
    assert halves(cluster_of, seed + 5) != (first, second)


def test_a_lemma_of_two_libraries_is_joined_once_and_a_joined_library_stays(tmp_path: Path) -> None:
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    records = [{"id": "a", "proof": "first"}, {"id": "b", "proof": ""}], [{"id": "a", "proof": "second"}, {"id": "c"}]
    for file, those in zip(files, records, strict=True):
        file.write_text("".join(f"{json.dumps(one)}\n" for one in those))
    target = tmp_path / "library.jsonl"
    assert join(files, target) == join(files, target) == 3
    joined = [json.loads(line) for line in target.read_text().splitlines()]
    assert [(one["id"], one.get("proof")) for one in joined] == [("a", "first"), ("b", ""), ("c", None)]
    with pytest.raises(UserError, match="choose another --out"):
        join(files[:1], target)


def test_files_that_do_not_translate_are_told_by_reason(tmp_path: Path) -> None:
    suite = tmp_path / "tip2015"
    suite.mkdir()
    goal = "(prove (forall ((x Nat)) (= {} x)))"
    (suite / "plus.smt2").write_text(f"{NAT}{PLUS}{goal.format('(plus x Z)')}")
    (suite / "around.smt2").write_text(f"{NAT}{PLUS}{ROUND_ABOUT}{goal.format('(around x)')}")
    assert translation([ProblemSource(dataset="tip:tip2015", path=tmp_path)]) == {
        "files": 2,
        "translate": 1,
        "left_out": {"not structurally recursive: around": ["around"]},
    }


def test_problems_of_two_suites_with_one_name_are_told_apart(tmp_path: Path) -> None:
    for suite in ("prod", "isaplanner"):
        (tmp_path / suite).mkdir()
        text = f"{NAT}{PLUS}(prove (forall ((x Nat)) (= (plus x Z) x)))"
        (tmp_path / suite / "prop_01.smt2").write_text(text)
    problems = read_both(tmp_path, None)
    assert [one.name for one in problems] == ["prod_prop_01", "isaplanner_prop_01"]
    assert replace(problems[0], name="", source="") == replace(problems[1], name="", source="")
