"""Pieces of a language model's answer that are the same for every prover; any text has them, perhaps empty ones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

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


class Code(NamedTuple):
    """The text of an answer before its first fence, and its fenced blocks in order."""

    before: str
    fenced: tuple[str, ...]

    @property
    def likeliest(self) -> tuple[str, ...]:
        """The fenced blocks, last one first, or all of the answer when it has none."""
        return tuple(reversed(self.fenced)) or (self.before,)


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
