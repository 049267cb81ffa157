"""`check` and `doctor` for several provers: one batch for all, and what is said where one is missing."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors import cluster
from library_store.snapshot import read
from pipeline.__main__ import main
from tests.verifiers.isabelle_stand_in import StandIn, running
from verifiers.audit.lean.toolchain import find

ROCQ = {"name": "r", "prover": "rocq", "header": "", "formal_statement": "Theorem r : True."}
LEAN = {"name": "l", "prover": "lean4", "header": "", "formal_statement": "theorem l : True"}
ISABELLE = {"name": "i", "prover": "isabelle", "header": "", "formal_statement": 'theorem i: "True"'}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in that the environment names, as a user names a server."""
    with running(tmp_path) as one:
        settings = one.settings()
        monkeypatch.setenv("LEMMARY_ISABELLE_SERVER", settings.server)
        monkeypatch.setenv("LEMMARY_ISABELLE_PASSWORD_FILE", str(settings.password_file))
        yield one


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEMMARY_ISABELLE_SERVER", raising=False)
    monkeypatch.setenv("LEMMARY_ISABELLE", "no_such_isabelle")


@pytest.mark.usefixtures("server")
def test_a_batch_for_three_provers_is_answered_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    offered = [(ROCQ, "exact I."), (ISABELLE, "by simp"), (LEAN, "True.intro"), (ISABELLE, "sorry"), (ROCQ, "lia.")]
    file = tmp_path / "batch.jsonl"
    file.write_text("".join(json.dumps({"problem": problem, "proof": proof}) + "\n" for problem, proof in offered))
    assert main(["check", "--batch", str(file), "--workers", "3"]) == 1
    said = capsys.readouterr()
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert [answer["name"] for answer in answers] == ["r", "i", "l", "i", "r"]
    assert [answer["prover"].partition(" ")[0] for answer in answers] == [
        "rocq",
        "isabelle",
        "lean4",
        "isabelle",
        "rocq",
    ]
    told = [answer["reason"] for answer in answers]
    assert (told[0], told[1], told[3], told[4]) == ("proved", "proved", "forbidden_construct", "does_not_compile")
    assert said.err.count("runs outside the sandbox") == 1


@pytest.mark.usefixtures("server")
def test_what_a_stand_in_proves_is_not_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "problem.jsonl").write_text(json.dumps(ISABELLE))
    (tmp_path / "proof.thy").write_text("by simp")
    assert main(["check", str(tmp_path / "problem.jsonl"), "--proof", str(tmp_path / "proof.thy")]) == 1
    said = capsys.readouterr().out
    assert said.startswith("i: not accepted (only elaborated), isabelle Isabelle2025-2 (stand-in)")
    assert "no release of Isabelle" in said


@pytest.mark.usefixtures("nowhere")
def test_without_isabelle_one_line_says_how_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "problem.jsonl").write_text(json.dumps(ISABELLE))
    (tmp_path / "proof.thy").write_text("by simp")
    assert main(["check", str(tmp_path / "problem.jsonl"), "--proof", str(tmp_path / "proof.thy")]) == 3
    said = capsys.readouterr().err
    assert said.startswith("error: Isabelle is missing (`no_such_isabelle` is not found)")
    assert said.count("\n") == 1


@pytest.mark.usefixtures("nowhere")
def test_a_batch_goes_on_without_the_prover_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "batch.jsonl"
    offered = [(ISABELLE, "by simp"), (ROCQ, "exact I."), (ISABELLE, "by simp"), (LEAN, "exact True.intro")]
    file.write_text("".join(json.dumps({"problem": problem, "proof": proof}) + "\n" for problem, proof in offered))
    assert main(["check", "--batch", str(file), "--workers", "2"]) == 3
    said = capsys.readouterr()
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert [(one["name"], one["verdict"]) for one in answers] == [
        ("i", "error"),
        ("r", "accepted"),
        ("i", "error"),
        ("l", "accepted"),
    ]
    assert "Isabelle is missing" in answers[0]["messages"][0]["text"]
    assert said.err.splitlines()[-1].startswith("error: not all candidates were judged: Isabelle is missing")


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("problem", [ISABELLE, LEAN, ROCQ], ids=lambda one: str(one["prover"]))
def test_a_run_tells_of_a_missing_prover_before_it_starts_anything(
    problem: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEMMARY_LEAN", "no_such_lean")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(cluster, "connect", lambda **_: pytest.fail("Ray is started"))
    (tmp_path / "problem.jsonl").write_text(json.dumps(problem))
    assert main(["prove", str(tmp_path / "problem.jsonl"), "--out", str(tmp_path / "run")]) == 3
    said = capsys.readouterr().err
    assert " is missing (" in said
    assert said.count("\n") == 1


@pytest.mark.usefixtures("one_ray")
def test_a_run_has_the_lean_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded one under another name has no `Init`, and each worker is told so by the problem's own header."""
    monkeypatch.setenv("LEMMARY_LEAN", shlex.join(find().command))
    (tmp_path / "problem.jsonl").write_text(json.dumps(LEAN))
    command = ["prove", str(tmp_path / "problem.jsonl"), "--out", str(tmp_path / "run")]
    assert main([*command, "--set", "prove.workers=1", "--set", "verifiers.processes=1"]) == 0
    (row,) = [json.loads(line) for line in (tmp_path / "run" / "results.jsonl").read_text().splitlines()]
    assert "unknown module prefix 'Init'" in row["reason"]
    (started,) = [row for row in read(tmp_path / "run").rows("events") if row["kind"] == "started"]
    assert json.loads(started["detail"])["versions"]["prover"] == f"lean4 {find().version}"


def doctor(repository: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "doctor", "isabelle"]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("nowhere")
def test_the_doctor_does_without_isabelle(repository: Path) -> None:
    result = doctor(repository)
    assert result.returncode == 0
    assert "none found" in result.stdout
    assert "docs/isabelle.md" in result.stdout


@pytest.mark.usefixtures("server")
def test_the_doctor_is_not_convinced_by_a_stand_in(repository: Path) -> None:
    result = doctor(repository)
    assert "which is no release of Isabelle known here" in result.stdout
    assert not result.stdout.startswith("ok")
