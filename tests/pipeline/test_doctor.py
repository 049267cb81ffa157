"""The doctor finds a healthy machine healthy, and names what is missing and how to mend it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.commands.doctor import CHECKS


def doctor(repository: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", "doctor", *arguments]
    environment = dict(os.environ) if path is None else dict(os.environ) | {"PATH": path}
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def path_without(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A PATH on which everything of this machine can be found but one program."""
    for folder in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(folder).glob("*"):
            (tmp_path / program.name).unlink(missing_ok=True)
            (tmp_path / program.name).symlink_to(program)
    (tmp_path / request.param).unlink()
    return str(tmp_path)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([part for part in CHECKS if part != "vllm"], id="all but vLLM, which takes longest to start"),
        pytest.param([], id="all", marks=pytest.mark.acceptance),
    ],
)
def test_a_machine_after_set_up_is_fine(parts: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", *parts, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert [part["name"] for part in answer["parts"]] == (parts or list(CHECKS))
    assert [part for part in answer["parts"] if part["needed"] and not part["fine"]] == []
    assert answer["fine"] is True
    assert code == 0


@pytest.mark.parametrize(
    ("path_without", "part", "mend"),
    [
        ("coqc", "rocq", "apt-get install --no-install-recommends coq libcoq-stdlib"),
        ("bwrap", "sandbox", "apt-get install bubblewrap"),
    ],
    indirect=["path_without"],
)
def test_what_is_missing_is_named_with_the_cure(repository: Path, path_without: str, part: str, mend: str) -> None:
    result = doctor(repository, part, path=path_without)
    assert result.returncode == 3
    assert result.stdout.startswith(f"FAIL {part}")
    assert mend in result.stdout
    assert result.stdout.count("\n") == 1


def test_an_unknown_part_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "coq"]) == 2
    assert "'coq'" in capsys.readouterr().err
