"""A prover's language in prompts and in a language model's answers: the protocol, and what all provers share of it.

Invariant: the readers are total (any text gives a list, perhaps an empty one), and what they give is text to be
verified, never a claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from domain import Definition, Elaboration, Term

_FENCE = re.compile(r"```[ \t]*[\w.+-]*[ \t]*\r?\n(.*?)(?:```|\Z)", re.DOTALL)
_CHAT = re.compile(r"<\|[^|<>\n]{1,40}\|>|</?s>")

LONGEST = 20_000
"""Characters of an answer that are read; the rest is a loop or not a proof."""


class Block(NamedTuple):
    """A lemma that an answer states; `proof` is a proof in its prover's language, empty where it gives none."""

    name: str
    statement: str
    proof: str


class Blocks(NamedTuple):
    """A candidate in pieces: its auxiliary lemmas in order, and the proof of its theorem."""

    lemmas: tuple[Block, ...]
    last: str


class Taken(NamedTuple):
    """What is taken of an answer: candidate proofs, likeliest first, or why there is none."""

    proofs: tuple[str, ...]
    refused: str = ""


class Code(NamedTuple):
    """The text of an answer before its first fence, and its fenced blocks in order."""

    before: str
    fenced: tuple[str, ...]

    @property
    def likeliest(self) -> tuple[str, ...]:
        """The fenced blocks, last one first, or all of the answer when it has none."""
        return tuple(reversed(self.fenced)) or (self.before,)


class PromptLanguage(Protocol):
    """A prover's language in prompts and answers."""

    templates: Path
    """The folder of the prompts' templates, and of worked decompositions in `decompositions/`."""
    proof_ends: tuple[str, ...]
    """Where a continued proof ends."""
    statement_ends: tuple[str, ...]
    """Where a continued statement ends."""
    plan_ends: tuple[str, ...]
    """Where a continued plan ends."""

    def proofs(self, text: str) -> list[str]:
        """Candidate proofs in an answer, likeliest first; the whole text where it proves lemmas of its own before."""
        ...

    def lemmas(self, text: str) -> list[Block]:
        """The lemmas that an answer states, each statement once, with their proofs where it gives any."""
        ...

    def split(self, text: str) -> Blocks:
        """The pieces of a candidate; one that is only a proof has no lemmas."""
        ...

    def introduce(self, text: str, names: Sequence[str]) -> str:
        """The text with these variables introduced at the beginning of its last proof."""
        ...

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        """The text with other names, or as it is when it cannot be read."""
        ...

    def names_in(self, text: str) -> set[str]:
        """The names in a header."""
        ...

    def is_statement(self, sentence: str) -> bool:
        """Whether a text is one statement and no more."""
        ...

    def in_comment(self, text: str) -> str:
        """The text without what would end a comment."""
        ...

    def display(self, definitions: Iterable[Definition], term: Term) -> str:
        """A statement as prompts show it: as the prover reads it, but without what it finds by itself."""
        ...

    def theorem(self, keyword: str, name: str, statement: str) -> str:
        """A statement without its proof; `keyword` is `Lemma` or `Theorem`."""
        ...

    def definitions(self, elaboration: Elaboration, reached: set[str]) -> str:
        """The author's text that introduces these of his names; all of his header but imports if it is opaque."""
        ...

    def opening(self, names: Sequence[str], induction: str | None) -> str:
        """The first tactics of a proof: these variables introduced, and perhaps an induction on one of them begun."""
        ...


def code_of(text: str) -> Code:
    """The code of an answer, without a chat's marks."""
    text = _CHAT.sub("", text[:LONGEST]).replace("\r\n", "\n")
    fenced = tuple(match.group(1) for match in _FENCE.finditer(text))
    return Code(text.split("```", 1)[0] if fenced else text.replace("```", "\n"), fenced)


def unique(items: Iterable[str]) -> list[str]:
    """The items that are not blank, each once, in order."""
    return list(dict.fromkeys(item for item in items if item.strip()))


def steps_of(text: str) -> str:
    """The steps of a plan: what stands between `Steps:` and the lemmas that it asks for."""
    found = re.search(r"Steps:\s*\n(.*?)(?=\n\s*(?:Lemmas:|```)|\Z)", text[:LONGEST], re.DOTALL)
    return found.group(1).strip() if found else ""
