"""Which of a development's constants without a proof it says that it assumes; all others were left unfinished.

For the kernel an `Axiom` and a statement whose proof ends in `Admitted` are the same. The sources tell them apart.
Invariant: a constant of the project counts as assumed only if a sentence of its own source, in its own module, declares
it as an assumption; or, where its module's sentences are not in its source (what a functor makes, what is declared or
included), if a module type or functor of the project declares an assumption of its name and leaves no lemma, function
or instance of that name without a proof. Whatever else has no proof is open: a lemma of a file that is not worked on,
an instance, a function. What a section assumes is gone behind it: no constant has its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from domain import UserError
from pipeline.development.project.coq_project import Project
from pipeline.development.project.document import GIVEN_UP, Container, Document
from verifiers.audit.rocq.sentences import identifiers

_ASSUMES = re.compile(
    r"(?:# ?\[[^\]]*\] ?)*(?:(?:Local|Global|Polymorphic|Monomorphic) )*"
    r"(?:Axioms?|Parameters?|Conjectures?|(Hypothes[ie]s|Variables?|Context))\b"
)
_BEGINS = re.compile(r"(?!(?:Proof|Qed|Defined|Admitted|Abort|Save|Unshelve)\b)[#A-Z]")
"""A sentence that may begin a proof: no tactic begins like that."""
_NAMED = re.compile(r"(?:^(?:# ?\[[^\]]*\] ?)*(?:(?:Local|Global|Program) )*[A-Z]\w* |\bwith )([^\W\d][\w']*)")
"""The names that such a sentence gives."""
_ADMITTED = re.compile(r"Admitted\b")
_INCLUDES = re.compile(r"Include\b")

Name: TypeAlias = tuple[str, ...]
"""The modules of a file that a constant stands in, and its last name."""


class Unfinished:
    """Tells of the full name of a constant without a proof whether it is open."""

    def __init__(self, project: Project, holes: Iterable[str], *, erase: bool = False) -> None:
        """`holes` are full names of those that are worked on; `erase` says that all opaque proofs were left out."""
        self._project = project
        self._holes = frozenset(holes)
        self._erase = erase

    def __contains__(self, name: str) -> bool:
        if name in self._holes:
            return True
        place = self._place(name)
        if place is None:
            return False
        source, inner = place
        if inner in _assumed(source):
            return False
        if inner[:-1] in _written_out(source):
            return True
        return inner[-1] in self._left or inner[-1] not in self._assumed

    def _place(self, name: str) -> tuple[Path, Name] | None:
        """The source of the project that a constant is from, and its name there."""
        parts = name.split(".")
        for path in self._project.paths:
            logical = path.logical.split(".") if path.logical else []
            if parts[: len(logical)] != logical:
                continue
            inner = parts[len(logical) :]
            for length in range(1, len(inner)):
                file = path.folder.joinpath(*inner[:length]).with_suffix(".v")
                if file.is_file():
                    return file, tuple(inner[length:])
        return None

    @cached_property
    def _assumed(self) -> frozenset[str]:
        """The last names of what module types and functors assume."""
        return frozenset(name[-1] for file in self._project.files for name in _assumed(file, in_functor=True))

    @cached_property
    def _left(self) -> frozenset[str]:
        """The last names of what module types and functors leave without a proof."""
        return frozenset[str]().union(*[_left(file, self._erase) for file in self._project.files])


def _document(file: Path) -> Document | None:
    """A source cut into sentences, None where it cannot be."""
    try:
        document = Document(file.read_text(encoding="utf-8", errors="replace"), file.name)
        document.check_closed()
    except (OSError, UserError):
        return None
    return document


def _assumed(file: Path, *, in_functor: bool = False) -> frozenset[Name]:
    """What the sentences of a source that declare assumptions name, inside functors or outside of them."""
    document = _document(file)
    names: set[Name] = set()
    for text, containers, _ in document.placed if document is not None else ():
        found = _ASSUMES.match(text)
        kinds = {one.kind for one in containers}
        if found is None or in_functor != ("functor" in kinds) or (found[1] and "section" in kinds):
            continue
        inside = _modules(containers)
        names.update((*inside, one.text) for head in _heads(text[found.end() :]) for one in identifiers(head))
    return frozenset(names)


def _written_out(file: Path) -> frozenset[Name]:
    """The modules of a source, itself as (), of which each constant comes from a sentence that stands in them."""
    document = _document(file)
    modules: set[Name] = {()}
    including: set[Name] = set()
    for text, containers, _ in document.placed if document is not None else ():
        inside = _modules(containers)
        modules.add(inside)
        if _INCLUDES.match(text):
            including.add(inside)
    return frozenset(modules - including)


def _left(file: Path, erase: bool) -> frozenset[str]:
    """The names of what functors and module types of a source begin to prove or define and leave open."""
    document = _document(file)
    if document is not None and erase:
        document = document.erased()
    names: set[str] = set()
    begun = ""
    for text, containers, _ in document.placed if document is not None else ():
        if _BEGINS.match(text):
            begun = text
        if any(one.kind == "functor" for one in containers) and (
            _ADMITTED.match(text) or any(one.text in GIVEN_UP for one in identifiers(text))
        ):
            names.update(_NAMED.findall(begun))
    return frozenset(names)


def _modules(containers: Sequence[Container]) -> Name:
    return tuple(one.name for one in containers if one.kind != "section")


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
