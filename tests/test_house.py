"""The shape of the house: who may import whom, whose `datasets` and `verifiers` are found, and the command line."""

import ast
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from models import model_path
from pipeline.__main__ import COMMANDS

ROOMS = {
    "domain": frozenset[str](),
    "verifiers": frozenset({"domain"}),
    "library_store": frozenset({"domain"}),
    "models": frozenset({"domain"}),
    "datasets": frozenset({"domain"}),
    "actors": frozenset({"verifiers", "library_store", "models", "datasets", "domain"}),
    "pipeline": frozenset({"actors", "verifiers", "library_store", "models", "datasets", "domain"}),
}
"""Room → the rooms that it may import, besides itself."""

CONFINED = {
    "ray": ("actors/", "pipeline/loop/run.py", "pipeline/commands/"),
    "vllm": ("actors/language_model.py", "models/memoryformer/vllm_"),
    "torch": ("models/",),
    "transformers": ("models/",),
    "triton": ("models/memoryformer/triton_kernel.py",),
}
"""Heavy package → where alone it may be imported."""

SHADOWED = ("datasets", "verifiers")
"""Packages of ours that have a namesake on PyPI."""


class Import(NamedTuple):
    file: str
    line: int
    package: str


def imports_of(repository: Path) -> Iterator[Import]:
    """Every import statement of the rooms, wherever in a file it stands."""
    files = [repository / "domain.py"]
    for room in ROOMS:
        files += sorted((repository / room).rglob("*.py"))
    for file in files:
        name = file.relative_to(repository).as_posix()
        for node in ast.walk(ast.parse(file.read_text(), filename=name)):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(name, node.lineno, alias.name.partition(".")[0])
            elif isinstance(node, ast.ImportFrom) and node.level == 0:  # a relative import stays in its room
                yield Import(name, node.lineno, (node.module or "").partition(".")[0])


def trespasses(imports: Iterator[Import]) -> list[str]:
    """The imports that the house forbids, one line each."""
    found: list[str] = []
    for file, line, package in imports:
        room = file.partition("/")[0].removesuffix(".py")
        if package in ROOMS and package != room and package not in ROOMS[room]:
            found.append(f"{file}:{line}: {room} imports {package}")
        if package in CONFINED and not file.startswith(CONFINED[package]):
            found.append(f"{file}:{line}: {package} is imported outside {', '.join(CONFINED[package])}")
    return found


def test_rooms_import_only_in_the_direction_of_the_design(repository: Path) -> None:
    assert trespasses(imports_of(repository)) == []


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("datasets/tip.py", "verifiers"),
        ("library_store/library.py", "models"),
        ("actors/library.py", "pipeline"),
        ("domain.py", "datasets"),
        ("pipeline/loop/attempt.py", "ray"),
        ("pipeline/loop/attempt.py", "vllm"),
        ("actors/library.py", "torch"),
        ("models/embedding.py", "vllm"),
        ("models/memoryformer/layer.py", "triton"),
    ],
)
def test_a_trespass_is_seen(file: str, package: str) -> None:
    assert len(trespasses(iter([Import(file, 1, package)]))) == 1


def test_configuration_imports_nothing_heavy(repository: Path) -> None:
    heavy = python(
        repository, "import sys, pipeline.config; print(sorted({'ray', 'torch', 'vllm'} & set(sys.modules)))"
    )
    assert heavy == "[]"


def test_no_root_module_shadows_the_standard_library(repository: Path) -> None:
    roots = {file.stem for file in repository.glob("*.py")}
    roots |= {folder.name for folder in repository.iterdir() if folder.is_dir() and any(folder.glob("*.py"))}
    assert set(ROOMS) <= roots
    assert roots & sys.stdlib_module_names == set()


def test_a_built_package_has_the_templates_and_suites(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["setuptools"]
    packed = {Path(pattern).suffix for pattern in settings["package-data"]["*"]} | {".py"}
    rooms = subprocess.run(
        ["git", "ls-files", *(ROOMS.keys() - {"domain"})], check=False, cwd=repository, capture_output=True
    )
    if rooms.returncode:
        pytest.skip("this copy has no git history, so nothing tells its files from what was built")
    assert {Path(name).suffix for name in rooms.stdout.decode().splitlines()} <= packed


# ------------------------------------------------------------------------------------------------- the command line


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
def test_each_command_has_help_with_an_example(repository: Path, command: str) -> None:
    result = pipeline(repository, command, "--help")
    assert result.returncode == 0, result.stderr
    assert f"python -m pipeline {command}" in result.stdout.partition("\n")[2]
    assert "--no-" not in result.stdout, "what is off unless asked for needs no option that turns it off"


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


# ---------------------------------------------------------------------------------------- look-alikes in site-packages

LOOK_ALIKE = "from pathlib import Path\nPath(__file__).with_name('was_imported').touch()\n"
"""Leaves a trace whichever process imports it."""

WHERE_FROM = """
import importlib

def where_from():
    return sorted(importlib.import_module(name).__file__ for name in ("datasets", "verifiers"))
"""


class LookAlikes(NamedTuple):
    """An environment whose site-packages hold foreign packages `datasets` and `verifiers` besides all that we need."""

    interpreter: Path
    packages: Path

    def imported(self) -> list[str]:
        return sorted(trace.parent.name for trace in self.packages.glob("*/was_imported"))


@pytest.fixture
def look_alikes(tmp_path: Path) -> LookAlikes:
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in SHADOWED:
        (packages / name).mkdir()
        (packages / name / "__init__.py").write_text(LOOK_ALIKE)
    (packages / "environment.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return LookAlikes(folder / "bin" / "python", packages)


def test_look_alikes_are_imported_where_our_packages_are_not_in_sight(look_alikes: LookAlikes, tmp_path: Path) -> None:
    python(tmp_path, WHERE_FROM + "where_from()", interpreter=look_alikes.interpreter)
    assert look_alikes.imported() == ["datasets", "verifiers"]


IN_THE_DRIVER = "print(where_from())"

IN_A_RAY_WORKER = """
import ray
from actors.cluster import connect

connect(address=None, cpus=1, object_store_mib=100)
print(ray.get(ray.remote(num_cpus=0)(where_from).remote()))
ray.shutdown()
"""

IN_THE_VLLM_PROCESS = """
import sys
from pathlib import Path
from actors.language_model import EngineSettings, LocalEngine
from domain import Prompt

engine = LocalEngine(EngineSettings(path=Path(sys.argv[1]), context=256, batch=1))
(answer,) = engine.generate([Prompt("", "Hello")], max_tokens=2, temperature=0.0, seed=0)
assert answer.tokens_out > 0
print(where_from())
engine.close()
"""


@pytest.mark.parametrize(
    "process", [IN_THE_DRIVER, IN_A_RAY_WORKER, IN_THE_VLLM_PROCESS], ids=["driver", "ray worker", "vllm process"]
)
def test_our_packages_win_over_look_alikes(repository: Path, look_alikes: LookAlikes, process: str) -> None:
    said = python(repository, WHERE_FROM + process, str(model_path()), interpreter=look_alikes.interpreter)
    ours = [str(repository / name / "__init__.py") for name in SHADOWED]
    assert said.splitlines()[-1] == str(ours)
    assert look_alikes.imported() == []


# ------------------------------------------------------------------------------------------------------------ helpers


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
