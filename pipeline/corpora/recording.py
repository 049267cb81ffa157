"""The steps of a development, or of an installed library, recorded into a folder: a part for each file, and a card.

Files are replayed side by side; each has a prover of its own. Of an installed library nothing is compiled: what its
files require is there. A development is copied, and what is not compiled of it is compiled in the copy.

Invariant: a part stands for one text of its file, one prover and one choice of theorems; a part that does not is made
anew, or refused where only another folder helps. The card tells nothing that the parts do not.
"""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from datasets.steps import PARTS, parts, write_part
from domain import UserError
from pipeline.corpora.card import PAGE, digest, earlier_seconds, told_by, write_card
from pipeline.corpora.rocq import stdlib_folder
from pipeline.corpora.steps import LOAD_SECONDS, FileSteps, Recorded
from pipeline.development.project import coq_project
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.project.source import read_document
from verifiers.audit.rocq.version import installed_version
from verifiers.audit.sandbox import GIBIBYTE, MEBIBYTE, Limits, Sandbox
from verifiers.rocq.idetop import Idetop
from verifiers.rocq.replay import Replay

LIMITS = Limits(memory_bytes=6 * GIBIBYTE, output_bytes=128 * MEBIBYTE, processes=32)
"""Of one prover."""


class Wanted(NamedTuple):
    """What is recorded of a source: files and theorems by patterns, and how many files at most."""

    names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    limit: int | None = None


class SourceFile(NamedTuple):
    """A file to be replayed: what it is called, and how a prover stands in its place."""

    library: str
    file: str
    path: Path
    module: str
    options: tuple[str, ...]
    """The prover's, one choice of them after the other until the file's first sentences load."""
    others: tuple[str, ...] | None = None
    readable: tuple[Path, ...] = ()

    @property
    def part(self) -> Path:
        return Path(PARTS) / Path(self.file).with_suffix(".parquet")


def record(source: Path, out: Path, wanted: Wanted, jobs: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Records what is not recorded yet; the card.

    Raises:
        UserError: the source cannot be replayed, or the folder holds something else.
    """
    began = _cpu_seconds()
    installed = stdlib_folder().parent.resolve()
    target = source.resolve()
    if not target.exists():
        raise UserError(f"{source}: no such file or folder")
    if target.is_relative_to(installed):
        work = _Work(source, out, wanted, installed_files(target, installed))
        return work.run(jobs, say, began)
    project = coq_project.find(source)
    paths = coq_project.sources(source, project)
    if not paths:
        raise UserError(f"{source} holds no .v file: give a Rocq development, or a folder of an installed library")
    with Copy(project, LOAD_SECONDS) as copy:
        return _Work(source, out, wanted, [_own(path, copy) for path in paths], copy).run(jobs, say, began)


def installed_files(source: Path, installed: Path) -> list[SourceFile]:
    """The files of an installed library, or of a folder of it."""
    inner = source.relative_to(installed).parts
    if not inner or inner[0] not in ("theories", "user-contrib") or inner == ("user-contrib",):
        raise UserError(f"{source} is no library: give {installed}/theories/…, or {installed}/user-contrib/NAME")
    root = installed / "theories" if inner[0] == "theories" else installed / "user-contrib" / inner[1]
    library = "Coq" if inner[0] == "theories" else inner[1]
    paths = sorted(source.rglob("*.v")) if source.is_dir() else [source]
    if not any(path.suffix == ".v" and path.is_file() for path in paths):
        raise UserError(f"{source} holds no .v file: install the package that has the library's sources")
    if not any(path.with_suffix(".vo").is_file() for path in paths):
        raise UserError(f"{source} holds no compiled files (.vo): install the library, or give a development's folder")
    found: list[SourceFile] = []
    for path in paths:
        file = path.relative_to(root)
        module = ".".join((library, *file.with_suffix("").parts))
        first = ("-noinit",) if library == "Coq" and file.parts[0] == "Init" else ()
        others = ("-R", str(root), library) if library != "Coq" else None
        found.append(SourceFile(library, file.as_posix(), path, module, first, others))
    return found


def _own(path: Path, copy: Copy) -> SourceFile:
    """A file of a development."""
    project = copy.project
    module = project.module(path)
    library = module.partition(".")[0] if "." in module else project.root.name
    file = path.relative_to(project.root) if path.is_relative_to(project.root) else Path(path.name)
    return SourceFile(library, file.as_posix(), path, module, tuple(copy.options), None, (copy.folder,))


# ------------------------------------------------------------------------------------------------------- the parts


class _Work:
    """The files of a source that are recorded into a folder; those of a development in their copy."""

    def __init__(
        self, source: Path, out: Path, wanted: Wanted, files: Sequence[SourceFile], copy: Copy | None = None
    ) -> None:
        self._source, self._out, self._wanted, self._copy = source, out, wanted, copy
        chosen = [one for one in files if not wanted.files or any(fnmatchcase(one.file, glob) for glob in wanted.files)]
        if not chosen:
            raise UserError(f"--files {' '.join(wanted.files)}: no file of {source} is called so")
        self._files = chosen[: wanted.limit]
        self._asked = {
            "library": files[0].library,
            "prover": f"rocq {installed_version()}",
            "names": sorted(wanted.names),
        }
        self._spent = 0.0
        """CPU seconds that the parts made here tell."""
        self._compiles = threading.Lock()

    def run(self, jobs: int, say: Callable[[str], None], began: float) -> dict[str, Any]:
        _check_folder(self._out, self._asked)
        missing = [one for one in self._files if not self._is_done(one)]
        if len(missing) < len(self._files):
            say(f"{len(self._files) - len(missing)} of {len(self._files)} files are recorded already")
        waiting: SimpleQueue[SourceFile] = SimpleQueue()
        for one in missing:
            waiting.put(one)
        failures: list[BaseException] = []
        told: list[str] = []

        def work() -> None:
            with suppress(Empty):
                while not failures:
                    one = waiting.get_nowait()
                    try:
                        said = self._record(one)
                    except BaseException as error:  # noqa: BLE001 (it is raised where the work is waited for)
                        failures.append(error)
                        return
                    told.append(said)
                    say(f"{len(told)}/{len(missing)} {one.file}: {said}")

        workers = [threading.Thread(target=work, daemon=True) for _ in range(min(jobs, len(missing)))]
        for worker in workers:
            worker.start()  # an interruption waits for none of them
        for worker in workers:
            worker.join()
        if failures:
            raise failures[0]
        return write_card(self._out, _cpu_seconds() - began - self._spent)

    def _is_done(self, one: SourceFile) -> bool:
        """Whether a file has a part that is made of its text as it is now."""
        part = self._out / one.part
        return part.is_file() and told_by(part)["source_sha256"] == digest(one.path)

    def _record(self, one: SourceFile) -> str:
        """Writes the part of a file; what came of it, in words."""
        began, cpu_began = time.monotonic(), time.thread_time()
        found, spent = self._replayed(one)
        spent += time.thread_time() - cpu_began
        replayed = found.theorems - len(found.failed)
        told: dict[str, Any] = {
            "file": one.file,
            "source": str(self._source),
            "source_sha256": digest(one.path),
            "asked": self._asked,
            "theorems": found.theorems,
            "replayed": replayed,
            "steps": len(found.steps),
            "failed": [failed._asdict() for failed in found.failed],
            "left_out": dict(found.left_out),
            "stopped": found.stopped,
            "cpu_seconds": round(spent, 3),
            "seconds": round(time.monotonic() - began, 3),
        }
        write_part(self._out / one.part, found.steps, told)
        self._spent += spent
        return f"{replayed} of {found.theorems} theorems, {len(found.steps)} steps, {spent:.1f} CPU s"

    def _replayed(self, one: SourceFile) -> tuple[Recorded, float]:
        """What came of a file, and the CPU seconds of its provers."""
        steps = FileSteps(one.library, one.file, self._wants)
        try:
            document = read_document(one.path, one.file, roughly=True)
            _ = document.placed
            with self._compiles:
                refused = self._copy.prepare(one.path) if self._copy is not None else None
        except UserError as error:
            return Recorded(stopped=str(error)), 0.0
        if refused is not None:
            return steps.unloaded(document, refused.message), 0.0
        best = Recorded()
        spent = 0.0
        for options in (one.options, *([one.others] if one.others is not None else [])):
            arguments = (*options, "-top", one.module)
            with closing(Replay(partial(Idetop, Sandbox(), LIMITS, arguments, one.readable))) as replay:
                found = steps.record(document, replay)
                best = max(best, found, key=lambda one: (one.theorems, -len(one.failed)))
            spent += replay.cpu_seconds
            if found.stopped is None:
                break
        return best, spent

    def _wants(self, theorem: str) -> bool:
        return not self._wanted.names or any(fnmatchcase(theorem, glob) for glob in self._wanted.names)


def _check_folder(out: Path, asked: dict[str, Any]) -> None:
    """Raises `UserError` for a folder in which something else is than parts of these."""
    if not out.exists():
        return
    if not out.is_dir():
        raise UserError(f"{out} is no folder: give another --out")
    others = {one.name for one in out.iterdir()} - {PARTS}
    recorded = parts(out) if (out / PARTS).is_dir() else []
    if earlier_seconds(out) is None and others and (PAGE in others or not recorded):
        raise UserError(f"{out} holds no steps but other files, some of which may be overwritten: give another --out")
    for part in recorded:
        told = told_by(part)["asked"]
        differs = next((key for key in asked if told.get(key) != asked[key]), None)
        if differs is not None:
            raise UserError(
                f"{out} holds steps of {differs} {told.get(differs)}, not {asked[differs]}: give another --out"
            )


def _cpu_seconds() -> float:
    """Of this process and of what it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
