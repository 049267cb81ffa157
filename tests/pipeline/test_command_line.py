"""The command line: what `--help` says and loads, and what a mistake, a failure and an interruption end in."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import COMMANDS, main


def test_help_lists_every_command_and_imports_none(repository: Path) -> None:
    loaded = python(
        repository,
        "import sys; from pipeline.__main__ import main; main(['--help']); "
        "print('LOADED', sorted(m for m in sys.modules if m.startswith('pipeline.commands.') or m == 'ray'))",
    )
    text, _, modules = loaded.rpartition("LOADED ")
    assert modules == "[]"
    for command in COMMANDS:
        assert f" {command} " in text


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"python -m pipeline {command}" in text.partition("\n")[2]
    assert "--no-" not in text, "what is off unless asked for needs no option that turns it off"


@pytest.mark.parametrize("arguments", [["frobnicate"], ["doctor", "--frobnicate"], ["--frobnicate"]])
def test_a_mistake_on_the_command_line_is_one_line_and_exit_code_2(repository: Path, arguments: list[str]) -> None:
    result = pipeline(repository, *arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        ("UserError('no such key')", 2, "error: no such key\n"),
        ("OutsideError('coqc is missing')", 3, "error: coqc is missing\n"),
        ("OSError(28, 'No space left on device', 'journal')", 3, "error: the disk is full at journal: "),
        ("KeyboardInterrupt", 130, "interrupted: to resume, `python -m pipeline run c.yaml`\n"),
        ("__import__('signal').raise_signal(15)", 130, "interrupted: to resume, `python -m pipeline run c.yaml`\n"),
    ],
)
def test_what_a_command_raises_becomes_an_exit_code(repository: Path, raised: str, code: int, line: str) -> None:
    result = raising(repository, raised)
    assert result.returncode == code
    assert result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1


def test_a_bug_shows_its_traceback(repository: Path) -> None:
    result = raising(repository, "ZeroDivisionError('a bug')")
    assert result.returncode == 1
    assert "Traceback" in result.stderr


def python(folder: Path, code: str, *arguments: str, interpreter: Path | str = sys.executable) -> str:
    """What a fresh Python in `folder` prints on its standard output, without the last line end."""
    command = [str(interpreter), "-c", code, *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.rstrip("\n")


def pipeline(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline", *arguments]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def raising(repository: Path, error: str) -> subprocess.CompletedProcess[str]:
    """The command line with a command `run` that raises `error`."""
    code = f"""
import sys
import types
from domain import OutsideError, UserError
from pipeline.__main__ import main

def run(config: str) -> None:
    raise {error}

sys.modules["pipeline.commands.run"] = types.ModuleType("pipeline.commands.run")
sys.modules["pipeline.commands.run"].run = run
sys.exit(main(["run", "c.yaml"]))
"""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
