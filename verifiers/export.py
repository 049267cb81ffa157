"""How an exported library is written in a prover's language, and what makes it a project of that prover's.

Invariant: a form has no state, and renaming changes names alone: in the text of a form's language, a name that is a key
of the table becomes the value wherever it stands for that thing, and nothing else changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from domain import Definition


class Written(NamedTuple):
    """The lemmas of one prelude under readable names, in the order of dependency."""

    prelude: str
    tactics: str
    """Definitions of tactics that the proofs call."""
    definitions: Sequence[str]
    lemmas: Sequence[str]
    """Each with its docstring and proof."""


class ExportForm(Protocol):
    """A prover's language, for an exported library."""

    project: str
    """What `--as` calls a development of this prover."""
    stale: str
    """Files that an earlier export may have left, as a pattern."""
    building: str
    """How the development is built, for its card."""

    @property
    def reserved(self) -> frozenset[str]:
        """Words that cannot be names, or would mean something else."""
        ...

    def mentioned(self, text: str) -> set[str]:
        """The global names that a text mentions."""
        ...

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        """The text under other names."""
        ...

    def spelled(self, definition: Definition, stems: Mapping[str, str]) -> dict[str, str]:
        """The names of what a definition introduces, and of what the prover derives, from a stem for each."""
        ...

    def beside(self, name: str) -> str:
        """A lemma's name in a file that has other things in it than the library."""
        ...

    def proved(self, name: str, statement: str, proof: str) -> str:
        """A statement with its proof."""
        ...

    def docstring(self, text: str) -> str:
        """A text as a comment."""
        ...

    def tactics(self, prelude: str, proofs: Sequence[str]) -> str:
        """The definitions of tactics that proofs under a prelude call."""
        ...

    def files(self, parts: Sequence[Written], version: str) -> dict[str, str]:
        """Relative path → text of each file of the development that is the prover's; `version` is the prover's."""
        ...


def numbered(stem: str, number: int) -> str:
    """The name of the part with this number, from 1."""
    return stem if number == 1 else f"{stem}_{number}"


def joined(parts: Iterable[str]) -> str:
    """The parts that are not empty, a blank line between two."""
    return "\n\n".join([text for text in parts if text]) + "\n"


def identifier(name: str) -> str:
    """A lemma's name as every prover takes it; one that comes with a user's file may be anything."""
    name = re.sub(r"\W+", "_", name).strip("_")
    return name if re.match(r"[^\W\d]", name) else f"lemma_{name}"


def free_name(wish: str, used: set[str]) -> str:
    """The name, with a number behind it, or a higher one, where it is used; it is then."""
    numbered = re.fullmatch(r"(.+)_([2-9]|[1-9]\d+)", wish)
    stem, number = (numbered[1], int(numbered[2])) if numbered else (wish, 1)
    name = wish
    while name in used:
        number += 1
        name = f"{stem}_{number}"
    used.add(name)
    return name
