"""Prompts that are asked together, and what the model answers to them, back in the canonical names of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domain import Prompt
from pipeline.proposers.language_model.naming import Naming
from verifiers.answers import Block, Taken

MOST_REQUESTS = 5
"""Lemmas that one plan may ask for (LEGO-Prover, section 3.2)."""


def estimate_tokens(text: str) -> int:
    """A guess from above: code in a small vocabulary has more than two bytes a token."""
    return len(text.encode()) // 2 + 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What a prompt has to fit, and how the model answers.

    `continued` gives the answer an opening to go on from, which a small model needs; without it the answer is free
    text. Without `instructed` a prompt is what would stand in a file, with no word on what is asked and no worked
    examples: for a model that only knows how such files go on.
    """

    tokens: int = 1500
    continued: bool = True
    instructed: bool = True
    count: Callable[[str], int] = estimate_tokens


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class PromptBatch:
    """Prompts, where their answers end, the ids of the lemmas that they show, and the way back to canonical names.

    `prompts` is empty when not even the bare statement fits. `reader` reads answers of another form than the prompt
    language's.
    """

    prompts: tuple[Prompt, ...]
    stop: tuple[str, ...]
    shown: tuple[str, ...]
    naming: Naming
    reader: Callable[[str], Taken] | None = None

    def proofs(self, answer: str) -> list[str]:
        """The candidate proofs in an answer, likeliest first, in canonical names."""
        return list(self.taken(answer).proofs)

    def taken(self, answer: str) -> Taken:
        """The candidate proofs in an answer in canonical names, or why none is taken."""
        read = self.reader(answer) if self.reader is not None else Taken(tuple(self.naming.language.proofs(answer)))
        return read._replace(proofs=tuple([self.naming.proof(proof) for proof in read.proofs]))

    def lemmas(self, answer: str) -> list[Block]:
        """The lemmas that an answer states, with their proofs where it gives any, in canonical names."""
        rename = self.naming.statement
        return [
            Block(block.name, rename(block.statement), rename(block.proof))
            for block in self.naming.language.lemmas(answer)
        ]

    def requests(self, answer: str) -> list[str]:
        """The statements of the lemmas that a plan asks for, in canonical names."""
        return [block.statement for block in self.lemmas(answer)[:MOST_REQUESTS]]
