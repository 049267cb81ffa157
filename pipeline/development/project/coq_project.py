"""A development on disk as its `_CoqProject` describes it: where it lies, its load paths and its sources."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from domain import UserError

PROJECT_FILE = "_CoqProject"

_LOADS = re.compile(r"--?(?:r[ie]?(?:from)?|require.*|lv?|load-vernac-.*|init-file)")
"""Options that load a file which nothing in a source names, so that nobody sees that it has changed."""


class LoadPath(NamedTuple):
    """A `-Q` or `-R` of a project: a folder, and the logical name that its files have."""

    flag: str
    folder: Path
    logical: str


@dataclass(frozen=True, slots=True)
class Project:
    """Where a development lies and how it is compiled. `files` are the sources that it names, or all that it has."""

    root: Path
    paths: tuple[LoadPath, ...]
    arguments: tuple[str, ...]
    """Further options of the prover."""
    plugins: tuple[Path, ...]
    files: tuple[Path, ...]
    nested: bool = True
    """Whether the folders in those of its load paths belong to it; beside a file without a project they do not."""

    def library(self, file: Path) -> str:
        """The logical name of the folder of a file, empty without a load path for it."""
        best: LoadPath | None = None
        for path in self.paths:
            if file.is_relative_to(path.folder) and (best is None or len(path.folder.parts) > len(best.folder.parts)):
                best = path
        if best is None:
            return ""
        inner = file.parent.relative_to(best.folder).parts
        return ".".join([*([best.logical] if best.logical else []), *inner])

    def module(self, file: Path) -> str:
        """The logical name of a file."""
        library = self.library(file)
        return f"{library}.{file.stem}" if library else file.stem


def find(target: Path) -> Project:
    """The project of a file or folder: that of the nearest `_CoqProject` above it, else the folder itself.

    Raises:
        UserError: there is no such file, or its project file cannot be read.
    """
    target = target.resolve()
    if not target.exists():
        raise UserError(f"{target}: no such file or folder")
    if target.is_file() and target.suffix != ".v":
        raise UserError(f"{target}: not a Rocq source: give a FILE.v or a folder")
    folder = target if target.is_dir() else target.parent
    for root in (folder, *folder.parents):
        if (root / PROJECT_FILE).is_file():
            return _read(root)
    files = tuple(sorted(folder.rglob("*.v"))) if target.is_dir() else (target,)
    return Project(folder, (LoadPath("-Q", folder, ""),), (), (), files, nested=target.is_dir())


def _read(root: Path) -> Project:
    file = root / PROJECT_FILE
    try:
        words = iter(shlex.split(file.read_text(encoding="utf-8"), comments=True))
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: {error}") from None
    paths: list[LoadPath] = []
    arguments: list[str] = []
    plugins: list[Path] = []
    files: list[Path] = []

    def follows(flag: str) -> str:
        word = next(words, None)
        if word is None:
            raise UserError(f"{file}: nothing follows `{flag}`")
        return word

    for word in words:
        if word in ("-Q", "-R"):
            folder, logical = (root / follows(word)).resolve(), follows(word)
            paths.append(LoadPath(word, folder, logical))
        elif word == "-I":
            plugins.append((root / follows(word)).resolve())
        elif word == "-arg":
            given = shlex.split(follows(word))
            loads = next((one for one in given if _LOADS.fullmatch(one)), None)
            if loads is not None:
                raise UserError(f"{file}: `{loads}` loads something before each of your files: write it into these")
            arguments += given
        elif word.endswith(".v"):
            files.append((root / word).resolve())
        elif word in ("-install", "-docroot", "-generate-meta-for-package", "-f", "-o"):
            follows(word)
    if not paths:
        paths.append(LoadPath("-Q", root, ""))
    named = files or sorted({source for path in paths for source in path.folder.rglob("*.v")})
    return Project(root, tuple(paths), tuple(arguments), tuple(plugins), tuple(named))


def repository(project: Project) -> Path:
    """The folder of the git repository that a project is in; that of the project itself if it is in none."""
    return next((one for one in (project.root, *project.root.parents) if (one / ".git").exists()), project.root)


def sources(target: Path, project: Project) -> list[Path]:
    """The files of a target: itself, or all of the project's that lie in it."""
    target = target.resolve()
    if target.is_file():
        return [target]
    return [file for file in project.files if file.is_relative_to(target) and file.is_file()]
