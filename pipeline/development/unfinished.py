"""Which of a development's constants without a proof it says that it assumes; all others were left unfinished.

For the kernel an `Axiom` and a statement whose proof ends in `Admitted` are the same. The sources tell them apart.
Invariant: a constant of the project counts as assumed only if a sentence of its own source, or of a module type or
functor of the project, declares an assumption of its name, and no lemma of its source, or of a functor, of that name is
left without a proof; whatever else has no proof is open: a lemma of a file that is not worked on, an instance, a
function. What a section assumes is gone behind it: no constant has its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from domain import UserError
from pipeline.development.document import Document
from pipeline.development.project import Project
from verifiers.rocq.sentences import identifiers

_ASSUMES = re.compile(
    r"(?:# ?\[[^\]]*\] ?)*(?:(?:Local|Global|Polymorphic|Monomorphic) )*"
    r"(?:Axioms?|Parameters?|Conjectures?|(Hypothes[ie]s|Variables?|Context))\b"
)


class Unfinished:
    """Tells of the full name of a constant without a proof whether it is open."""

    def __init__(self, project: Project, holes: Iterable[str]) -> None:
        """`holes` are full names of those that are worked on."""
        self._project = project
        self._holes = frozenset(holes)

    def __contains__(self, name: str) -> bool:
        if name in self._holes:
            return True
        source = self._source(name)
        if source is None:
            return False
        last = name.rpartition(".")[2]
        # A module's parameters have their names in the file of its module type, and so may what implements them.
        if last in _left(source) or last in self._left:
            return True
        return last not in _assumed(source) and last not in self._assumed

    def _source(self, name: str) -> Path | None:
        """The source of the project that a constant is from."""
        parts = name.split(".")
        for path in self._project.paths:
            logical = path.logical.split(".") if path.logical else []
            if parts[: len(logical)] != logical:
                continue
            inner = parts[len(logical) :]
            for length in range(1, len(inner)):
                file = path.folder.joinpath(*inner[:length]).with_suffix(".v")
                if file.is_file():
                    return file
        return None

    @cached_property
    def _assumed(self) -> frozenset[str]:
        return frozenset[str]().union(*[_assumed(file, "functor") for file in self._project.files])

    @cached_property
    def _left(self) -> frozenset[str]:
        return frozenset[str]().union(*[_left(file, in_functor=True) for file in self._project.files])


def _left(file: Path, *, in_functor: bool = False) -> frozenset[str]:
    """The last names of a source's holes, perhaps only of those inside functors."""
    document = _document(file)
    holes = document.holes if document is not None else ()
    return frozenset(hole.name for hole in holes if hole.in_functor or not in_functor)


def _document(file: Path) -> Document | None:
    """A source cut into sentences, None where it cannot be."""
    try:
        document = Document(file.read_text(encoding="utf-8"), file.name)
        _ = document.sentences
    except (OSError, UnicodeDecodeError, UserError):
        return None
    return document


def _assumed(file: Path, inside: str = "") -> frozenset[str]:
    """The names in the sentences of a source that declare assumptions, perhaps only those inside such a container."""
    document = _document(file)
    names: set[str] = set()
    for text, containers, _ in document.placed if document is not None else ():
        found = _ASSUMES.match(text)
        kinds = {one.kind for one in containers}
        if found is None or (inside and inside not in kinds) or (found[1] and "section" in kinds):
            continue
        names.update(one.text for head in _heads(text[found.end() :]) for one in identifiers(head))
    return frozenset(names)


def _heads(text: str) -> list[str]:
    """What stands before the colon: of `a b : T` all of it, of `(a b : T) (c : U)` that of each group."""
    if text.lstrip(" `")[:1] not in ("(", "{", "["):
        return [text.partition(":")[0]]
    heads: list[str] = []
    depth, begun = 0, -1
    for at, character in enumerate(text):
        if character in "({[":
            depth += 1
            begun = at + 1 if depth == 1 else begun
        elif character in ")}]":
            depth -= 1
        elif character == ":" and depth == 1 and begun >= 0:
            heads.append(text[begun:at])
            begun = -1
    return heads
