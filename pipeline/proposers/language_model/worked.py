"""Worked decompositions for prompts: an informal statement and proof, its steps, the lemmas that it asks for, and all
of it formally, in blocks.

Each is a source file of its prover (`verifiers/PROVER/prompts/decompositions/`), which a comment begins that holds the
informal part; the prover accepts the file as it is.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from domain import Prover
from verifiers.answers import PromptLanguage
from verifiers.backend import backend_of

_INFORMAL = re.compile(
    r"\A(?:\(\*|/-)\nStatement: (?P<statement>.*?)\nProof: (?P<proof>.*?)\nSteps:\n(?P<steps>.*?)\n(?:\*\)|-/)\n",
    re.DOTALL,
)
_FRAME = re.compile(r"\Atheory\b.*?\bbegin\n(?P<body>.*)\nend\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Worked:
    """`definitions` comes before `blocks`, the lemmas and the theorem with their proofs; `lemmas` are statements."""

    name: str
    statement: str
    proof: str
    steps: str
    definitions: str
    lemmas: tuple[str, ...]
    theorem: str
    blocks: str


@cache
def decompositions(prover: Prover) -> tuple[Worked, ...]:
    """All worked decompositions for a prover, by name."""
    backend = backend_of(prover)
    files = (backend.prompts.templates / "decompositions").glob(f"*{backend.syntax.suffix}")
    return tuple(_read(backend.prompts, file) for file in sorted(files))


def draw(prover: Prover, count: int, seed: int) -> tuple[Worked, ...]:
    """So many different ones, drawn by seed."""
    return tuple(random.Random(seed).sample(decompositions(prover), count))


def _read(language: PromptLanguage, file: Path) -> Worked:
    text = file.read_text(encoding="utf-8")
    informal = _INFORMAL.match(text)
    if informal is None:
        raise ValueError(f"{file}: no comment with Statement, Proof and Steps at its beginning")
    formal = text[informal.end() :]
    framed = _FRAME.match(formal)
    formal = (framed["body"] if framed else formal).strip()
    first = re.search(r"^(?:Lemma|Theorem|lemma|theorem)\b", formal, re.MULTILINE)
    assert first is not None
    *lemmas, theorem = language.lemmas(formal)
    return Worked(
        name=file.stem,
        statement=informal["statement"],
        proof=informal["proof"],
        steps=informal["steps"],
        definitions=formal[: first.start()].strip(),
        lemmas=tuple(language.theorem("Lemma", one.name, one.statement) for one in lemmas),
        theorem=language.theorem("Theorem", theorem.name, theorem.statement),
        blocks=formal[first.start() :],
    )
