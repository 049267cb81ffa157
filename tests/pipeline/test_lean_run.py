"""The loop in Lean 4: what a round learns proves problems in the next, and what is written stands without the loop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from datasets import load
from library_store.snapshot import read
from library_store.tables import Tables
from pipeline.__main__ import main
from pipeline.report.summary import summarise
from verifiers.audit.lean.toolchain import find
from verifiers.audit.sandbox import Limits, Sandbox

CHOSEN = ["add_swaps", "double_by_add", "join_assoc", "join_empty", "turn_join", "weight_mirror"]


ONE_OF_EACH = ("--set", "prove.workers=1", "--set", "verifiers.processes=1")
"""Fewer actors, for runs that do not show what happens side by side."""


@pytest.fixture(scope="module")
def run(repository: Path, one_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the small suite's configuration on a few of its problems."""
    folder = tmp_path_factory.mktemp("lean")
    tree = yaml.safe_load((repository / "configs" / "lean_small.yaml").read_text())
    suite = str(repository / tree["problems"][0]["dataset"])
    tree["problems"] = [{"dataset": suite, "names": CHOSEN}]
    tree["verifiers"]["processes"] = 1
    tree["prove"] |= {"candidate_cpu_seconds": 15, "cpu_seconds": 40}  # a slow machine takes three times as long
    tree["evolve"]["cpu_seconds"] = 15
    (folder / "lean.yaml").write_text(yaml.safe_dump(tree))
    assert main(["run", str(folder / "lean.yaml"), "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def tables(run: Path) -> Tables:
    return read(run)


def test_the_second_round_proves_more_with_what_the_first_one_learned(tables: Tables) -> None:
    proved = {
        row["target"]: row
        for row in tables.rows("attempts")
        if row["kind"] == "problem" and row["verdict"] == "accepted"
    }
    early = {name for name, row in proved.items() if row["round"] == 1}
    late = {name for name, row in proved.items() if row["round"] == 2}
    assert early >= {"join_assoc", "join_empty", "add_swaps"}
    assert late >= {"double_by_add", "turn_join"}
    assert not any(proved[name]["uses"] for name in early)
    assert all(proved[name]["uses"] for name in late)
    assert {lemma for name in late for lemma in proved[name]["uses"]} <= set(tables.lemmas)


def test_lemmas_are_rechecked_statements_of_lean(tables: Tables) -> None:
    assert {lemma.prover for lemma in tables.lemmas.values()} == {"lean4"}
    assert {row["trust"] for row in tables.rows("lemmas")} == {"rechecked"}


def test_definitions_are_shared_between_files_that_call_them_differently(tables: Tables) -> None:
    readable = [definition.readable for definition in tables.definitions.values()]
    assert len(tables.definitions) == len({d.canonical_text for d in tables.definitions.values()})
    assert sum(len(names) == 3 and names[2].endswith((".next", ".more", ".S")) for names in readable) == 1


def test_every_proof_file_is_accepted_by_the_bare_prover(run: Path, tables: Tables) -> None:
    toolchain, sandbox = find(), Sandbox()
    files = sorted((run / "proofs").glob("*.lean"))
    assert len(files) >= 5
    for file in files:
        with sandbox.folder() as folder:
            (folder / file.name).write_text(toolchain.header(file.read_text()))
            limits = toolchain.limits(60.0, Limits().memory_bytes)
            done = sandbox.run(toolchain.argv("-j1", file.name), folder, limits, toolchain.readable)
        assert done.ok, done.output
        assert "sorry" not in done.output


@pytest.mark.usefixtures("one_ray")
def test_what_is_not_read_is_said_once_in_the_run_and_in_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two problems whose header stays whole are still proved by induction over its types."""
    header = "theorem helper : True := trivial\n\ninductive Kind where\n  | leaf\n  | node (a b : Kind)\n\n"
    header += "def turn : Kind → Kind\n  | .leaf => .leaf\n  | .node a b => .node (turn b) (turn a)\n"
    statements = {"twice": "turn (turn k) = k", "thrice": "turn (turn (turn k)) = turn k"}
    problems = [
        {"name": name, "prover": "lean4", "header": header, "formal_statement": f"theorem {name} (k : Kind) : {text}"}
        for name, text in statements.items()
    ]
    (tmp_path / "mine.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in problems))
    assert main(["prove", str(tmp_path / "mine.jsonl"), "--out", str(tmp_path / "run"), *ONE_OF_EACH]) == 0
    printed = capsys.readouterr()
    said = printed.out + printed.err
    told = "2 problems (twice, thrice): its header is kept whole: it has `theorem`"
    assert said.count(told) >= 1
    assert told in summarise(tmp_path / "run").text
    assert {row["status"] for row in read(tmp_path / "run").rows("problems")} == {"proved"}
    assert "kept whole" in (tmp_path / "run" / "report" / "index.html").read_text()


@pytest.mark.usefixtures("one_ray")
def test_a_run_whose_headers_all_fail_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = {"prover": "lean4", "header": "import Mathlib", "formal_statement": "theorem t : True"}
    lines = [json.dumps(problem | {"name": name}) for name in ("one", "other")]
    (tmp_path / "mathlib.jsonl").write_text("\n".join(lines) + "\n")
    main(["prove", str(tmp_path / "mathlib.jsonl"), "--out", str(tmp_path / "run"), *ONE_OF_EACH])
    printed = capsys.readouterr()
    told = "2 problems (one, other) left out: does_not_compile: the header: unknown module prefix 'Mathlib'"
    assert told in printed.out + printed.err
    assert "set LEMMARY_LEAN_PROJECT" in printed.out + printed.err
    assert "one is error: does_not_compile: the header: unknown module prefix" in printed.out


def test_a_run_for_two_provers_is_refused_in_one_line(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = repository / "datasets" / "bundled" / "lean4" / "small.jsonl"
    problems = [{"dataset": str(suite), "limit": 1}, {"dataset": "bundled", "names": ["plus_right_zero"]}]
    (tmp_path / "both.yaml").write_text(yaml.safe_dump({"problems": problems, "model": {"kind": "none"}}))
    assert main(["run", str(tmp_path / "both.yaml"), "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "a run is for one prover" in said
    assert len(said.strip().splitlines()) == 1


def test_the_small_suite_has_one_prover_and_different_names() -> None:
    suite = load(str(Path(__file__).parents[2] / "datasets" / "bundled" / "lean4" / "small.jsonl"))
    assert {problem.prover for problem in suite.problems} == {"lean4"}
    assert len({problem.header for problem in suite.problems}) == 3
