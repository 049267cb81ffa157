"""The provers' languages as a language model reads and writes them: one value a prover, all else is shared.

Invariant: the readers are total (any text gives a list, perhaps an empty one), and what they give is text to be
verified, never a claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from domain import Definition, Elaboration, Prover, Term
from pipeline.proposers.language_model.answers import Block, Blocks
from pipeline.proposers.language_model.isabelle_text import IsabelleText
from pipeline.proposers.language_model.lean_text import LeanText
from pipeline.proposers.language_model.rocq_text import RocqText


class PromptLanguage(Protocol):
    """A prover's language in prompts and answers."""

    prover: Prover
    suffix: str
    """Of the files of worked decompositions."""
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


PROMPT_LANGUAGES: Mapping[Prover, PromptLanguage] = {
    "rocq": RocqText(),
    "lean4": LeanText(),
    "isabelle": IsabelleText(),
}
