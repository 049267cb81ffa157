"""One file of the user's development with its holes, and what changes in it when some of them are filled."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from domain import OutsideError, UserError
from pipeline.development.patches import lines_of, unified
from pipeline.development.project import coq_project
from pipeline.development.project.coq_project import Project
from pipeline.development.project.document import Document, Hole, unique
from pipeline.development.project.options import Options
from verifiers.audit.rocq.filling import Filling

LOAD_SECONDS = 600.0
"""CPU seconds in which one file of a development has to compile, or to load."""


@dataclass
class Source:
    """A file of the development with its holes; `document` is what is filled (erased, if so wanted)."""

    path: Path
    shown: str
    document: Document
    holes: tuple[Hole, ...]
    fillings: dict[str, Filling] = field(default_factory=dict[str, Filling])

    @property
    def filled(self) -> str:
        """Its text with the fillings."""
        return self.document.filled(self.fillings).text

    def comments(self, path: str) -> list[dict[str, str | int]]:
        """Each filling as GitHub takes it: a comment on lines of the file, which is called `path` there."""
        found: list[dict[str, str | int]] = []
        old = lines_of(self.document.text)
        for name in self.fillings:
            new = lines_of(self.document.filled({name: self.fillings[name]}).text)
            same = _same(old, new)
            rest = _same(old[same:][::-1], new[same:][::-1])
            if same + rest == len(old):  # nothing is replaced, but a comment is on a line
                same, rest = (same, rest - 1) if rest else (same - 1, rest)
            told = "".join(new[same : len(new) - rest])
            fence = "`" * max([3, *(len(one) + 1 for one in re.findall("`{3,}", told))])
            body = f"A proof of `{name}`:\n{fence}suggestion\n{told.rstrip(chr(10))}\n{fence}"
            lines = {"start_line": same + 1, "start_side": "RIGHT"} if same + 1 < len(old) - rest else {}
            found.append({"path": path, **lines, "line": len(old) - rest, "side": "RIGHT", "body": body})
        return found

    def patch(self) -> str:
        """The fillings as a unified diff."""
        return unified(self.document.text, self.filled, self.shown)


def review(sources: Sequence[Source], project: Project) -> str:
    """The fillings as a review for GitHub, its paths from the top of the repository."""
    top = coq_project.repository(project)
    paths = [(one, one.path.relative_to(top)) for one in sources if one.path.is_relative_to(top)]
    comments = [comment for source, path in paths for comment in source.comments(path.as_posix())]
    return json.dumps({"event": "COMMENT", "comments": comments}, indent=1, ensure_ascii=False) + "\n"


def read_document(path: Path, shown: str, *, roughly: bool = False) -> Document:
    """A file of the user's, its ends of lines as they are; `shown` is what messages call it.

    If `roughly`, what is not UTF-8 does not matter: a sign stands for it, in a comment mostly.
    """
    try:
        return Document(path.read_bytes().decode("utf-8", "replace" if roughly else "strict"), shown)
    except UnicodeDecodeError:
        raise UserError(f"{shown}: not UTF-8 text") from None
    except OSError as error:
        raise OutsideError(f"{shown}: {error.strerror}") from error


def read_sources(target: Path, project: Project, options: Options) -> list[Source]:
    """The files of a target that have holes, as far as these are wanted; they are read roughly.

    Raises:
        UserError: a file is not understood, or a hole that is wanted is not there.
    """
    if options.sample is not None:
        return _sampled(target, project, *options.sample)
    found: list[Source] = []
    wanted = set(options.names)
    left = options.limit
    for path, shown, read in _documents(target, project):
        document = read.erased() if options.erase else read
        document.check_closed()
        unique(document.holes)
        holes = [hole for hole in document.holes if not options.names or hole.qualified in options.names]
        holes = holes[:left] if left is not None else holes
        left = left - len(holes) if left is not None else None
        wanted -= {hole.qualified for hole in holes}
        if holes:
            found.append(Source(path, shown, document, tuple(holes)))
    if wanted and left is None:
        raise UserError(f"--names {min(wanted)}: no hole of {target} is called so")
    return found


def _sampled(target: Path, project: Project, many: int, seed: int) -> list[Source]:
    """The files of which finished proofs are drawn, without those; nothing else of them is a hole."""
    read = list(_documents(target, project))
    every = [
        (path, proof.qualified) for path, _, document in read for proof in document.finished if not proof.in_functor
    ]
    drawn = frozenset(random.Random(seed).sample(every, min(many, len(every))))
    found: list[Source] = []
    for path, shown, document in read:
        names = {name for place, name in drawn if place == path}
        if names:
            erased = document.erased(names)
            erased.check_closed()
            holes = tuple(hole for hole in erased.holes if hole.qualified in names)
            unique(holes)
            found.append(Source(path, shown, erased, holes))
    return found


def _documents(target: Path, project: Project) -> Iterator[tuple[Path, str, Document]]:
    """The files of a target, each with what messages call it."""
    for path in coq_project.sources(target, project):
        root = project.root
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        yield path, shown, read_document(path, shown, roughly=True)


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """With how many equal lines both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))
