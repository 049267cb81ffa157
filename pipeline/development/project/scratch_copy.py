"""A scratch copy of a development, in which it is compiled.

Nothing is ever written into the user's own folder here: sources and compiled files are copied into a scratch folder,
files that others need are compiled there, in the sandbox, and boxed provers are shown that copy read-only.

Invariant: a compiled file of the copy is one that the user had, no older than any source behind it, or comes from the
sources of the copy.
"""

from __future__ import annotations

import shutil
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from domain import UserError
from pipeline.development.project.coq_project import PROJECT_FILE, Project
from pipeline.development.project.dependencies import Needs, behind, read_dependencies, resting_on
from pipeline.development.project.document import Document
from verifiers.audit import scratch
from verifiers.audit.rocq.development import Judgement, OwnFile, Prover, Refused, judge
from verifiers.audit.rocq.filling import Filling
from verifiers.audit.sandbox import Finished, Sandbox

_PLUGINS = (".cmxs", ".cma")
_COPIED = (".v", ".vo", ".cmi", *_PLUGINS)
_COQDEP = 'coqdep "$@" 2>said || { cat said; exit 1; }'
"""Its warnings, which would come in the midst of its answers, are shown only if it fails."""


@dataclass
class Copy:
    """The scratch copy of a project. Use as a context manager."""

    project: Project
    seconds: float
    """CPU seconds that one file may take to compile."""
    sandbox: Sandbox = field(default_factory=Sandbox)

    def __post_init__(self) -> None:
        self.folder = self.sandbox.make_folder(trusted=True)
        self._places: dict[Path, Path] = {}
        for number, folder in enumerate(_outermost([path.folder for path in self.project.paths], self.project)):
            place = self.folder / f"part{number}"
            _copy(folder, place, nested=self.project.nested)
            self._places[folder] = place
        self._needs: dict[Path, Needs | str] | None = None
        self.prover = Prover(self.sandbox, self.folder, self.options, self.seconds)

    @property
    def cpu_seconds(self) -> float:
        """Of all that was compiled and asked."""
        return self.prover.cpu_seconds

    def close(self) -> None:
        scratch.remove(self.folder)

    def __enter__(self) -> Copy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------------------------------------- places

    def place(self, path: Path) -> Path:
        """Where a file or folder of the project lies in the copy."""
        for folder, place in self._places.items():
            if path.is_relative_to(folder):
                return place / path.relative_to(folder)
        raise UserError(f"{path} lies outside the load paths of {self.project.root / PROJECT_FILE}: add a -Q for it")

    def own_paths(self, said: str) -> str:
        """What the prover says, with the project's own paths, from its folder, in the place of those of the copy."""
        for folder, place in self._places.items():
            own = folder.relative_to(self.project.root) if folder.is_relative_to(self.project.root) else folder
            said = said.replace(f"{place}/", f"{own}/" if own.parts else "")
        return said

    @property
    def options(self) -> list[str]:
        """The prover's options for this project, its folders being those of the copy."""
        return [*self._load_paths, *self.project.arguments]

    @property
    def _load_paths(self) -> list[str]:
        shown = [part for flag, folder, name in self.project.paths for part in (flag, str(self.place(folder)), name)]
        plugins = [part for folder in self.project.plugins for part in ("-I", str(self.place(folder)))]
        return [*plugins, *shown]

    # ------------------------------------------------------------------------------------------------ compiling

    def prepare(self, file: Path) -> Refused | None:
        """Compiles what a file needs, as far as that is not compiled; what the prover refuses, if it does."""
        for needed in self.in_order([file])[:-1]:
            refused = self.compile_anew(needed)
            if refused is not None:
                place = f"{needed.name}, line {refused.line}" if refused.line else needed.name
                return Refused(refused.line, f"{place}, which {file.name} needs: {refused.message}")
        return None

    def compile_anew(self, file: Path) -> Refused | None:
        """Compiles a file as it stands unless its compiled file is fresh; what it needs has been compiled."""
        return None if self._is_fresh(file) else self.compile(file)

    def compile(self, file: Path, text: str | None = None) -> Refused | None:
        """Compiles a file, or a text in its place; on success text and compiled file are those of the copy."""
        place = self.place(file)
        source = text.encode() if text is not None else place.read_bytes()
        refused = self.prover.compile(file.name, self.project.library(file), source, place.with_suffix(".vo"))
        if refused is None:
            self._keep(file, source)
        return self._told(refused) if refused is not None else None

    def judge(
        self, file: Path, document: Document, fillings: Mapping[str, Filling], unproved: Container[str]
    ) -> dict[str, Judgement] | Refused:
        """What the judge says of the fillings of a file, which is as it was before in `document`."""
        own = OwnFile(
            file.name,
            self.project.library(file),
            document.text,
            document.holes,
            self.place(file).with_suffix(".vo"),
        )
        judged = judge(self.prover, own, fillings, unproved)
        if isinstance(judged, Refused):
            return self._told(judged)
        self._keep(file, document.filled(fillings).text.encode())
        return judged

    def _told(self, refused: Refused) -> Refused:
        return refused._replace(message=self.own_paths(refused.message))

    def leave(self, file: Path, source: bytes) -> None:
        """Makes this the text of a file, to be compiled when it is needed."""
        if self.place(file).read_bytes() == source:
            return
        self.place(file).write_bytes(source)
        for other in {file, *resting_on(file, self._dependencies)}:
            self.place(other).with_suffix(".vo").unlink(missing_ok=True)

    def _keep(self, file: Path, source: bytes) -> None:
        """A source whose compiled file is in its place; what rests on it has to be compiled anew."""
        self.place(file).write_bytes(source)
        self.place(file).with_suffix(".vo").touch()
        for other in resting_on(file, self._dependencies):
            self.place(other).with_suffix(".vo").unlink(missing_ok=True)

    def ask(self, text: str) -> Finished:
        """Runs a text that stands outside of the project, and may require its files."""
        return self.prover.ask(text)

    def in_order(self, files: Iterable[Path]) -> list[Path]:
        """The files and what they require, those first on which others rest."""
        wanted = dict.fromkeys(files)
        found: dict[Path, None] = {}
        for file in wanted:
            needed = behind(file, self._dependencies)
            found |= dict.fromkeys([*(one for one, compiled in needed.items() if compiled or one in wanted), file])
        return list(found)

    def read_for(self, file: Path) -> list[Path]:
        """All of the project that compiling a file may read besides it: what it and these require or load, plugins."""
        plugins = [file for place, file in self._files().items() if place.suffix in _PLUGINS]
        return [*behind(file, self._dependencies), *plugins]

    def _is_fresh(self, file: Path) -> bool:
        compiled = self.place(file).with_suffix(".vo")
        sources = [self.place(one) for one in (*behind(file, self._dependencies), file)]
        return compiled.is_file() and all(compiled.stat().st_mtime >= one.stat().st_mtime for one in sources)

    @property
    def _dependencies(self) -> Mapping[Path, Needs | str]:
        if self._needs is None:
            self._needs = read_dependencies(self._files(), self._coqdep)
        return self._needs

    def _coqdep(self, texts: Mapping[str, bytes]) -> Finished:
        with self.sandbox.folder() as folder:
            for name, text in texts.items():
                (folder / name).write_bytes(text)
            return self.prover.run(["sh", "-c", _COQDEP, "coqdep", *self._load_paths, *texts], folder)

    def _files(self) -> dict[Path, Path]:
        """The files of the project by their places in the copy."""
        found = {self.place(file): file for file in self.project.files if file.is_file()}
        for folder, place in self._places.items():
            every = [one for one in sorted(place.rglob("*")) if one.suffix in _COPIED and one.is_file()]
            found |= {one: folder / one.relative_to(place) for one in every}
        return found


def _outermost(folders: Iterable[Path], project: Project) -> list[Path]:
    """The folders without those that lie in another one; files outside of all of them add theirs."""
    found: list[Path] = []
    every = [*folders, *project.plugins, *(file.parent for file in project.files)]
    for folder in sorted(set(every), key=lambda path: len(path.parts)):
        if not any(folder.is_relative_to(other) for other in found):
            found.append(folder)
    return found


def _copy(folder: Path, place: Path, *, nested: bool) -> None:
    """Copies the sources and compiled files of a folder, or tree, with their times; hidden folders are left out."""
    if not folder.is_dir():
        raise UserError(f"{folder}, a load path of the project, is not a folder")

    def left_out(parent: str, names: list[str]) -> set[str]:
        folders = {name for name in names if (Path(parent) / name).is_dir()}
        wanted = {name for name in names if name.endswith(_COPIED)} - folders | (folders if nested else set())
        return {name for name in names if name.startswith(".") or name not in wanted}

    shutil.copytree(folder, place, ignore=left_out, symlinks=False, ignore_dangling_symlinks=True)
    for path in (place, *place.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
