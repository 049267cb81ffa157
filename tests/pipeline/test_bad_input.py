"""A user's mistake is one line on stderr that says what, where and how to mend it, and exit code 2."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from domain import UserError
from pipeline.__main__ import main
from pipeline.config import resolve
from pipeline.loop.resume import settle

PROBLEM = {
    "name": "p",
    "prover": "rocq",
    "header": "",
    "formal_statement": "Theorem p : True.",
}


class Said(NamedTuple):
    """What a command ended with, and what it wrote on its standard error."""

    code: int
    stderr: str


Lemmary = Callable[..., Said]


@pytest.fixture
def lemmary(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lemmary:
    """A command as given in the root of the checkout."""
    monkeypatch.chdir(repository)
    return lambda *arguments: Said(main(arguments), capsys.readouterr().err)


def one_line(answer: Said) -> str:
    assert answer.code == 2, answer.stderr
    assert answer.stderr.count("\n") == 1, answer.stderr
    assert "Traceback" not in answer.stderr
    return answer.stderr


def test_a_missing_configuration(lemmary: Lemmary) -> None:
    assert "none.yaml: no such configuration" in one_line(lemmary("run", "none.yaml"))


def test_an_unknown_key(lemmary: Lemmary, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("evolve: {explore: 3}\n")
    said = one_line(lemmary("run", str(file), "--out", str(tmp_path / "run")))
    assert "c.yaml" in said
    assert "evolve.explore" in said
    assert not (tmp_path / "run").exists()


def test_memory_in_which_no_prover_starts(lemmary: Lemmary) -> None:
    said = one_line(lemmary("run", "configs/lean_small.yaml", "--set", "verifiers.memory_mib=512"))
    assert "verifiers.memory_mib: Input should be greater than or equal to 1024 (found 512)" in said


def test_a_configuration_without_problems(lemmary: Lemmary, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("seed: 1\n")
    assert "names no problems" in one_line(lemmary("run", str(file), "--out", str(tmp_path / "run")))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "2"),
        (json.dumps({"name": "q", "prover": "rocq"}), "header"),
        (json.dumps(PROBLEM | {"prover": 3}), "prover"),
    ],
)
def test_a_malformed_problem_line_is_named_with_its_field(
    lemmary: Lemmary, tmp_path: Path, line: str, said: str
) -> None:
    file = tmp_path / "problems.jsonl"
    file.write_text(json.dumps(PROBLEM) + "\n" + line + "\n")
    answer = one_line(lemmary("prove", str(file), "--out", str(tmp_path / "out")))
    assert "problems.jsonl" in answer
    assert said in answer


def test_an_unreadable_tip_construct_names_file_and_form(lemmary: Lemmary, tmp_path: Path) -> None:
    suite = tmp_path / "tip" / "prod"
    suite.mkdir(parents=True)
    (suite / "prop_01.smt2").write_text("(declare-datatype Nat ((Z) (S (p Nat))))\n(frobnicate Nat)\n(prove true)\n")
    answer = one_line(lemmary("datasets", "tip:prod", "--path", str(tmp_path / "tip")))
    assert "prop_01.smt2" in answer
    assert "frobnicate" in answer


def test_a_list_without_problems(lemmary: Lemmary, tmp_path: Path) -> None:
    file = tmp_path / "none.jsonl"
    file.write_text("")
    answer = one_line(lemmary("prove", str(file), "--out", str(tmp_path / "out")))
    assert "none.jsonl holds no problem" in answer
    assert not (tmp_path / "out").exists()


def test_a_cluster_that_is_not_there_is_a_failure_outside(lemmary: Lemmary, tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: nothing answers there
        address = f"127.0.0.1:{held.getsockname()[1]}"
        answer = lemmary(
            "run",
            "configs/quickstart.yaml",
            "--set",
            f"ray.address={address}",
            "--out",
            str(tmp_path / "r"),
        )
    assert answer.code == 3, answer.stderr
    assert f"nothing answers at {address}" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_directory_that_is_not_a_run(lemmary: Lemmary, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    answer = one_line(lemmary("run", "configs/quickstart.yaml", "--out", str(tmp_path)))
    assert "neither empty nor a run directory" in answer
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_a_development_that_is_given_as_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Trees.v").write_text("Lemma a : True.\nProof. exact I. Qed.\n")
    assert main(["graph", str(tmp_path)]) == 2
    assert f"say rocq:{tmp_path}\n" in capsys.readouterr().err


def test_a_second_setting_after_one_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "configs/quickstart.yaml", "--set", "rounds=1", "seed=3"]) == 2
    assert capsys.readouterr().err == "error: nothing takes seed=3: an option stands before each value\n"


def test_a_refused_configuration_can_be_mended_in_its_directory(lemmary: Lemmary, tmp_path: Path) -> None:
    file, out = tmp_path / "c.yaml", tmp_path / "run"
    file.write_text("problems: [{dataset: bundeled}]\n")
    assert "no dataset" in one_line(lemmary("run", str(file), "--out", str(out)))
    assert not out.exists()
    settle(resolve({"seed": 1}), out)
    settle(resolve({"seed": 2}), out)
    (out / "rounds" / "round=0001").mkdir(parents=True)
    with pytest.raises(UserError, match="another `seed`"):
        settle(resolve({"seed": 3}), out)


def test_a_corrupt_manifest_names_its_file(lemmary: Lemmary, tmp_path: Path) -> None:
    folder = tmp_path / "run" / "rounds" / "round=0001"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    for command in ("report", "graph"):
        assert "manifest.json" in one_line(lemmary(command, str(tmp_path / "run")))


@pytest.mark.parametrize(
    "arguments",
    [
        "check p.jsonl/x --proof p.v",
        "check p.jsonl --proof p.v/x",
        "check p.jsonl --proof loop",
        "check --batch loop",
        "check p.jsonl --proof p.v --cpu-seconds nan",
        "check p.jsonl --proof p.v --cpu-seconds 1e300",
        "prove p.jsonl --out p.jsonl/x",
        "prove p.jsonl --out loop",
        "prove p.jsonl --out /proc/x",
        "prove Long.v --out=/proc/x/y",
        "datasets bundled --to /proc/x",
        "datasets bundled --to /proc/x/y",
        "datasets bundled --to p.jsonl/x",
        "datasets bundled --to .",
        "prove p.jsonl --out run --limit 0",
        "prove p.jsonl --out run --set prove={",
        "prove p.jsonl --out run --set verifiers.audit_cpu_seconds=.inf",
        "prove Long.v --out Long.v",
        "prove Long.v --out run --cpu-seconds nan",
        "prove Long.v --out run --limit -1",
        "prove " + "y" * 300 + ".v --out run",
        "suggest Long.v:1 --cpu-seconds nan",
    ],
)
def test_paths_and_numbers_that_cannot_be_used(
    arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.jsonl").write_text(json.dumps(PROBLEM))
    Path("p.v").write_text("exact I.")
    Path("Long.v").write_text("Lemma a : True.\nAdmitted.\n")
    Path("loop").symlink_to("loop")
    assert main(arguments.split()) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.usefixtures("one_ray")
def test_a_missing_model_is_a_failure_outside(lemmary: Lemmary, tmp_path: Path) -> None:
    answer = lemmary(
        "run",
        "configs/quickstart.yaml",
        "--set",
        "model.kind=local",
        "--set",
        f"model.path={tmp_path / 'none'}",
        "--set",
        "verifiers.processes=1",
        "--set",
        "prove.workers=1",
        "--out",
        str(tmp_path / "r"),
    )
    assert answer.code == 3
    assert "the model did not start" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_missing_prover_is_a_failure_outside(repository: Path, tmp_path: Path) -> None:
    file = tmp_path / "problems.jsonl"
    file.write_text(json.dumps(PROBLEM) + "\n")
    proof = tmp_path / "p.v"
    proof.write_text("exact I.")
    programs = tmp_path / "bin"
    programs.mkdir()
    for program in Path("/usr/bin").iterdir():
        if not program.name.startswith("coq"):
            (programs / program.name).symlink_to(program)
    answer = subprocess.run(
        [sys.executable, "-m", "pipeline", "check", str(file), "--proof", str(proof)],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": str(programs)},
        check=False,
    )
    assert answer.returncode == 3, answer.stderr
    assert "Rocq" in answer.stderr
