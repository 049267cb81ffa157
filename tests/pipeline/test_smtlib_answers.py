"""`prove FILE.smt2`: answers as solvers print them, each with a file that the prover takes. Real Ray, real prover."""

import subprocess
from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.datasets.test_smtlib import FILE, GOAL

ONE_OF_EACH = ("--set", "verifiers.processes=1", "--set", "prove.workers=1")


@pytest.mark.usefixtures("one_ray")
@pytest.mark.parametrize(
    ("goal", "more", "answer", "proof"),
    [
        (GOAL, (), "unsat", "own.v"),
        ("(forall ((v lst)) (= (app v v) v))", (), "sat", "own_refuted.v"),
        (GOAL, ("--set", "cpu_seconds=0.1", "--set", "prove.scripts=0"), "unknown", None),
    ],
)
def test_a_file_is_answered_and_its_proof_compiles(
    goal: str, more: tuple[str, ...], answer: str, proof: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "own.smt2", tmp_path / "out"
    file.write_text(FILE.replace(GOAL, goal))
    assert main(["prove", str(file), "--out", str(out), *ONE_OF_EACH, *more]) == 0
    assert capsys.readouterr().out.splitlines()[0] == answer
    assert [one.name for one in (out / "proofs").iterdir()] == ([proof] if proof else [])
    if proof:
        subprocess.run(["coqc", "-q", proof], cwd=out / "proofs", check=True)


def test_what_each_problem_finds_alone_goes_with_no_other_library(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["prove", "bundled", "--out", str(tmp_path / "out"), "--explore", "--library", str(tmp_path)]
    assert main(command) == 2
    assert "--explore" in capsys.readouterr().err
    (tmp_path / "own.v").write_text("Lemma a : True. Admitted.\n")
    assert main(["prove", str(tmp_path / "own.v"), "--out", str(tmp_path / "out"), "--explore"]) == 2
    assert "--explore goes with a list of problems" in capsys.readouterr().err
