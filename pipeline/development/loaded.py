"""A file of a development that is kept loaded from one question to the next, while its text changes.

Invariant: a question is answered above the text that the file has then, and above files as they are on disk then; what
stands unchanged above a place is not loaded again.
"""

from __future__ import annotations

import re
from pathlib import Path

from domain import UserError
from pipeline.development.file_work import opened
from pipeline.development.project import coq_project
from pipeline.development.project.coq_project import Project
from pipeline.development.project.document import Document, Hole
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.project.source import LOAD_SECONDS, read_document
from pipeline.development.search.context import Context, Refusal
from pipeline.development.search.premises import Elsewhere

_REQUIRES = re.compile(r"\b(?:Require|Load)\b[^\n]*")
"""Where a text may name other files."""


class MovingContext(Context):
    """A context that can also go up the file, and take another text of it."""

    def __init__(self, copy: Copy, module: str, document: Document, memory_bytes: int, steps: Path | None) -> None:
        self._marks: list[int] = []
        """Where the texts ended that were loaded, one after the other."""
        super().__init__(copy, module, document, LOAD_SECONDS, memory_bytes, stored=opened(steps))

    def follow(self, document: Document) -> None:
        """Takes another text of the file, and goes up to where it differs, if that stands above."""
        pairs = zip(self.document.text, document.text, strict=False)
        same = next((at for at, (old, new) in enumerate(pairs) if old != new), None)
        self.document = document
        if same is not None and same < self._at:
            self._retreat(same)

    def advance(self, offset: int) -> Refusal | None:
        """Goes up or down to an offset, with a stop before each statement on the way down, to return to."""
        if offset < self._at:
            self._retreat(offset)
        begun = self._at
        for cut in [one.start for one in self.document.proofs if begun < one.start < offset]:
            self._load(cut)  # what is refused here, at the end of an open proof, say, is loaded with what follows
        if self._at != begun:
            self.tactics = frozenset()  # to be asked for anew, and what is in sight too
        return super().advance(offset)

    def _load(self, offset: int) -> Refusal | None:
        loads = bool(self.document.text[self._at : offset].strip())
        refused = super()._load(offset)
        if loads and refused is None:
            self._marks.append(offset)
        return refused

    def _retreat(self, offset: int) -> None:
        """Goes up to the last stop that is not below an offset, and forgets what was read below."""
        below = sum(mark > offset for mark in self._marks)
        self.session.retreat(below)
        del self._marks[len(self._marks) - below :]
        self._at = self._marks[-1] if self._marks else 0
        self._premises.clear()
        self._found = Elsewhere(self._search, self._check)
        self.tactics = frozenset()


class LoadedFile:
    """A file with a prover that stands somewhere in it, as soon as it was asked about; `close` ends the prover."""

    def __init__(self, file: Path, memory_bytes: int, steps: Path | None = None) -> None:
        """With `steps`, a folder of recorded steps of other developments. Raises `UserError` where there is no file."""
        self.file = file
        self.path = file.resolve()
        self._memory_bytes = memory_bytes
        self._steps = steps
        self._project = coq_project.find(file)
        self._rests_on: object = None
        self._copy: Copy | None = None
        self._context: MovingContext | None = None

    def close(self) -> None:
        if self._context is not None:
            self._context.close()
        if self._copy is not None:
            self._copy.close()
        self._context = self._copy = None

    def above(self, document: Document, hole: Hole) -> Context:
        """The prover above a statement of the file as it reads now; no premise is known to be false.

        Raises:
            UserError: what stands above, or a file that it needs, does not compile.
        """
        self._project = coq_project.find(self.file)
        names = _REQUIRES.findall(document.text)
        if self._copy is None or self._rests_on != (names, self._project, self._stamps(self._copy)):
            self.close()
            copy = self._copy = Copy(self._project, LOAD_SECONDS)
            copy.place(self.path).write_bytes(document.text.encode())
            refused = copy.prepare(self.path)
            if refused is not None:
                self.close()
                raise UserError(refused.message)
            self._rests_on = (names, self._project, self._stamps(copy))
        copy = self._copy
        own = self._project.module(self.path)
        if self._context is None:
            self._context = MovingContext(copy, own, document, self._memory_bytes, self._steps)
        self._context.follow(document)
        unproved = {f"{own}.{one.qualified}" for one in document.holes}
        unproved |= _unproved(self._project, [one for one in copy.read_for(self.path) if one.suffix == ".v"])
        self._context.false, self._context.unproved = set(), unproved - {f"{own}.{hole.qualified}"}
        broken = self._context.advance(hole.start)
        if broken is not None:
            raise UserError(f"{self.file}, line {broken.line}: {broken.message}")
        return self._context

    def _stamps(self, copy: Copy) -> list[tuple[Path, int, int]]:
        """What changes when a file is saved that this one needs."""
        stats = [(path, path.stat()) for path in copy.read_for(self.path) if path.is_file()]
        return [(path, stat.st_mtime_ns, stat.st_size) for path, stat in stats]


def _unproved(project: Project, files: list[Path]) -> set[str]:
    """The full names of statements of these files that have no proof."""
    read = [(path, read_document(path, path.name, roughly=True)) for path in files]
    return {f"{project.module(path)}.{hole.qualified}" for path, document in read for hole in document.holes}
