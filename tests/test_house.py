"""The shape of the house: who may import whom, how long a module is, what a run loads, whose `datasets` are found."""

import ast
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import networkx as nx
import pytest

from domain import Prover
from models import model_path
from verifiers.backend import BACKENDS

FLOORS = (
    ("pipeline.__main__",),
    ("pipeline.commands",),
    ("pipeline.config_page",),
    ("pipeline.training",),
    ("pipeline.report", "pipeline.corpora", "pipeline.export", "pipeline.service"),
    ("pipeline.development",),
    ("pipeline.loop",),
    ("pipeline.proposers",),
    ("pipeline.config",),
    ("pipeline.typed_yaml", "pipeline.words"),
    ("pipeline",),
    ("actors",),
    ("verifiers", "library_store", "models", "datasets"),
    ("term_algebra",),
    ("domain",),
)
"""The house from the roof to the ground. A file may import its own room and all floors below, never a room beside it
or above. `pipeline` is its `__init__.py`, which has the version, and any module that no floor names."""

ROOMS = ("pipeline", "actors", "verifiers", "library_store", "models", "datasets", "term_algebra", "domain")
"""The packages, and one module, that are the product."""

LONG, LONGEST = 300, 400
"""Lines of a module; those of a module whose docstring has a paragraph that begins with `Long because`."""

FLAT = 8
"""Modules that stand directly in `pipeline/`."""

RUN_LOADS = 120
"""Modules of ours that the driver of a run has loaded at its end, for Rocq problems and without a language model."""

CONFINED = {
    "ray": ("actors/", "pipeline/loop/dispatch.py", "pipeline/commands/", "pipeline/service/"),
    "vllm": ("actors/local_engine.py", "models/memoryformer/vllm_"),
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
    module: str
    """What is imported, as a full dotted name; of ours, the module that holds it."""


@pytest.fixture(scope="session")
def imports(repository: Path) -> tuple[Import, ...]:
    return tuple(imports_of(repository))


def files_of(repository: Path, *more: str) -> list[Path]:
    """The Python files of the product, and of the folders `more`."""
    folders = [file for room in (*ROOMS, *more) for file in (repository / room).rglob("*.py")]
    return [repository / "domain.py", *sorted(folders)]


def module_of(file: str) -> str:
    """`pipeline/loop/run.py` is the module `pipeline.loop.run`."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports_of(repository: Path) -> Iterator[Import]:
    """Every import statement of the product, wherever in a file it stands, for type checking alone too."""
    files = [file.relative_to(repository).as_posix() for file in files_of(repository)]
    ours = {module_of(file) for file in files}
    for file in files:
        for node in ast.walk(ast.parse((repository / file).read_text(), filename=file)):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(file, node.lineno, alias.name)
            elif isinstance(node, ast.ImportFrom):
                folder = ".".join(Path(file).parts[: -node.level]) if node.level else ""
                package = ".".join(part for part in (folder, node.module) if part)
                for alias in node.names:
                    module = f"{package}.{alias.name}"
                    yield Import(file, node.lineno, module if module in ours else package)


def floor_of(module: str) -> tuple[int, str]:
    """The floor, counted from the roof, and the room of a module: the longest name in `FLOORS` that begins its own."""
    rooms = [(number, room) for number, floor in enumerate(FLOORS) for room in floor]
    return max(((n, room) for n, room in rooms if f"{module}.".startswith(f"{room}.")), key=lambda one: len(one[1]))


def trespasses(imports: Iterable[Import]) -> list[str]:
    """The imports that the house forbids, one line each."""
    found: list[str] = []
    for file, line, module in imports:
        package = module.partition(".")[0]
        if package in ROOMS:
            floor, room = floor_of(module_of(file))
            lower, below = floor_of(module)
            if room != below and floor >= lower:
                found.append(f"{file}:{line}: {room} imports {module}, which is not below it")
        if package in CONFINED and not file.startswith(CONFINED[package]):
            found.append(f"{file}:{line}: {package} is imported outside {', '.join(CONFINED[package])}")
    return found


def test_imports_go_down_only(imports: tuple[Import, ...]) -> None:
    assert trespasses(imports) == []


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("term_algebra/theory.py", "library_store.schema"),
        ("datasets/tip/__init__.py", "verifiers.rocq"),
        ("library_store/library.py", "models"),
        ("actors/library.py", "pipeline"),
        ("domain.py", "term_algebra"),
        ("pipeline/loop/run.py", "pipeline.commands.run"),
        ("pipeline/proposers/automation/portfolio.py", "pipeline.loop.context"),
        ("pipeline/config.py", "pipeline.proposers.automation.portfolio"),
        ("pipeline/export/development.py", "pipeline.report.page"),
        ("pipeline/loop/attempt.py", "ray"),
        ("pipeline/loop/attempt.py", "vllm"),
        ("actors/library.py", "torch.nn"),
        ("models/embedding.py", "vllm"),
        ("models/memoryformer/layer.py", "triton"),
    ],
)
def test_a_trespass_is_seen(file: str, module: str) -> None:
    assert len(trespasses([Import(file, 1, module)])) == 1


def outside_of_the_audit(imports: Iterable[Import]) -> list[str]:
    """What files of the audit import that is neither theirs, nor what all rooms stand on, nor a library it may have."""
    allowed = {"domain", "term_algebra", "verifiers.audit", "psutil"}
    return [
        f"{file}:{line}: the audit imports {module}"
        for file, line, module in imports
        if file.startswith("verifiers/audit/")
        if module not in allowed and not module.startswith("verifiers.audit.")
        if module.partition(".")[0] not in sys.stdlib_module_names
    ]


def test_the_audit_rests_on_itself_the_domain_and_the_algebra_of_terms(imports: tuple[Import, ...]) -> None:
    assert outside_of_the_audit(imports) == []


@pytest.mark.parametrize("module", ["verifiers.canonical", "verifiers.rocq.terms", "term_algebra.theory", "pyarrow"])
def test_what_the_audit_must_not_rest_on_is_seen(module: str) -> None:
    assert len(outside_of_the_audit([Import("verifiers/audit/cache.py", 1, module)])) == 1


def circles(imports: Iterable[Import]) -> list[list[str]]:
    """The sets of files that import one another, directly or through others."""
    graph: nx.DiGraph[str] = nx.DiGraph((module_of(one.file), one.module) for one in imports)
    return [sorted(files) for files in nx.strongly_connected_components(graph) if len(files) > 1]


def test_no_files_import_one_another_in_a_circle(imports: tuple[Import, ...]) -> None:
    assert circles(imports) == []


def test_a_circle_is_seen() -> None:
    chain = [Import("a/b.py", 1, "a.c"), Import("a/c.py", 1, "d"), Import("d/__init__.py", 1, "ray")]
    assert circles(chain) == []
    assert circles([*chain, Import("d/__init__.py", 2, "a.b")]) == [["a.b", "a.c", "d"]]


def test_imports_are_read_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "domain.py").touch()
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "worker.py").write_text(
        "import ray.util\nif TYPE_CHECKING:\n    from . import batching\ndef f():\n    from .batching import Batch\n"
    )
    (tmp_path / "actors" / "batching.py").touch()
    file, batching = "actors/worker.py", "actors.batching"
    assert sorted(imports_of(tmp_path)) == [
        Import(file, 1, "ray.util"),
        Import(file, 3, batching),
        Import(file, 5, batching),
    ]


def is_too_long(text: str) -> bool:
    """Whether a module has too many lines; more are allowed to one whose docstring says why."""
    docstring = ast.get_docstring(ast.parse(text)) or ""
    excused = any(line.startswith("Long because ") for line in docstring.splitlines())
    return text.count("\n") > (LONGEST if excused else LONG)


def test_no_module_is_long_without_a_reason(repository: Path) -> None:
    found = [
        file.relative_to(repository).as_posix()
        for file in files_of(repository, "bench")
        if is_too_long(file.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("docstring", "lines", "too_long"),
    [
        ("It reads.", 300, False),
        ("It reads.", 301, True),
        ("It reads.\n\nLong because a parser is one thing.", 400, False),
        ("It reads.\n\nLong because a parser is one thing.", 401, True),
    ],
)
def test_a_long_module_says_why(docstring: str, lines: int, too_long: bool) -> None:
    text = f'"""{docstring}\n"""\n'
    assert is_too_long(text + "\n" * (lines - text.count("\n"))) is too_long


def test_few_modules_stand_directly_in_pipeline(repository: Path) -> None:
    assert len(list((repository / "pipeline").glob("*.py"))) <= FLAT


WHAT_A_RUN_IMPORTS = """
import sys
import pipeline.commands.run, pipeline.loop.problem_sources, pipeline.loop.progress, pipeline.loop.run
from verifiers.backend import backend_of

backend_of("{prover}")
print(*(name for name in sys.modules if name.partition(".")[0] in {rooms}))
"""


AT_THE_END = """
import sys
from pipeline.__main__ import main

code = main(sys.argv[1:])
print("LOADED", *(name for name in sys.modules if name.partition(".")[0] in {rooms}))
sys.exit(code)
"""


def test_a_run_loads_few_of_our_modules(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(
        "rounds: 1\ncpu_seconds: 30\nproblems:\n  - dataset: bundled\n    limit: 1\nmodel:\n  kind: none\n"
        "prove:\n  workers: 1\nverifiers:\n  processes: 1\n"
    )
    arguments = ["run", str(tmp_path / "small.yaml"), "--out", str(tmp_path / "out"), "--json"]
    _, _, loaded = python(repository, AT_THE_END.format(rooms=ROOMS), *arguments).rpartition("LOADED ")
    modules = sorted(loaded.split())
    assert {"pipeline.loop.run", "verifiers.rocq.backend", "pipeline.report.page"} <= set(modules)
    assert len(modules) <= RUN_LOADS, modules


@pytest.mark.parametrize("prover", BACKENDS)
def test_a_run_loads_no_other_prover_than_its_own(repository: Path, prover: Prover) -> None:
    own = BACKENDS[prover].split(".")[1]
    others = {module.split(".")[1] for module in BACKENDS.values()} - {own}
    modules = what_a_run_loads(repository, prover)
    assert BACKENDS[prover] in modules
    found = [one for one in modules if one.startswith("verifiers.") and not others.isdisjoint(one.split("."))]
    assert found == []


def what_a_run_loads(repository: Path, prover: Prover) -> list[str]:
    """The modules of ours that the driver of a run has imported when it begins."""
    return sorted(python(repository, WHAT_A_RUN_IMPORTS.format(rooms=ROOMS, prover=prover)).split())


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
        ["git", "ls-files", *(set(ROOMS) - {"domain"})], check=False, cwd=repository, capture_output=True
    )
    if rooms.returncode:
        pytest.skip("this copy has no git history, so nothing tells its files from what was built")
    assert {Path(name).suffix for name in rooms.stdout.decode().splitlines()} <= packed


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
import os
import ray
from actors.cluster import connect

def where_it_works():
    return os.getcwd()

connect(address=None, cpus=1, object_store_mib=100)
print(*ray.get([ray.remote(num_cpus=0)(one).remote() for one in (where_it_works, where_from)]), sep="\\n")
ray.shutdown()
"""

IN_THE_VLLM_PROCESS = """
import sys
from pathlib import Path
from actors.local_engine import EngineSettings, LocalEngine
from domain import Prompt

engine = LocalEngine(EngineSettings(path=Path(sys.argv[1]), context=256, batch=1))
(answer,) = engine.generate([Prompt("", "Hello")], max_tokens=2, temperature=0.0, seed=0)
assert answer.tokens_out > 0
print(where_from())
# The engine is not closed: its process ends all the same.
"""


@pytest.mark.parametrize(
    "process",
    [
        pytest.param(IN_THE_DRIVER, id="driver"),
        pytest.param(IN_THE_VLLM_PROCESS, id="vllm process", marks=pytest.mark.acceptance),
    ],
)
def test_our_packages_win_over_look_alikes(repository: Path, look_alikes: LookAlikes, process: str) -> None:
    said = python(repository, WHERE_FROM + process, str(model_path()), interpreter=look_alikes.interpreter)
    ours = [str(repository / name / "__init__.py") for name in SHADOWED]
    assert said.splitlines()[-1] == str(ours)
    assert look_alikes.imported() == []


def test_a_ray_worker_imports_ours_wherever_the_command_is_given(
    repository: Path, look_alikes: LookAlikes, tmp_path: Path
) -> None:
    """Neither what lies in that folder counts nor what is installed; relative paths mean what they mean there."""
    here = tmp_path / "here"
    for file in ("domain.py", *(f"{name}/__init__.py" for name in SHADOWED)):
        (here / file).parent.mkdir(parents=True, exist_ok=True)
        (here / file).write_text(LOOK_ALIKE)
    code = f"import sys; sys.path[:0] = [{str(repository)!r}]\n" + WHERE_FROM + IN_A_RAY_WORKER
    said = python(here, code, interpreter=look_alikes.interpreter).splitlines()
    assert said[-2:] == [str(here), str([str(repository / name / "__init__.py") for name in SHADOWED])]
    assert look_alikes.imported() == []
    assert not list(here.rglob("was_imported"))


# ------------------------------------------------------------------------------------------------------------ helpers


def python(folder: Path, code: str, *arguments: str, interpreter: Path | str = sys.executable) -> str:
    """What a fresh Python in `folder` prints on its standard output, without the last line end."""
    command = [str(interpreter), "-c", code, *arguments]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.rstrip("\n")
