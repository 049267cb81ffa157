"""Which fillings of a file go together: as many as the whole file compiles with and the judge lets count.

Invariant: what a proof is called comes from the judge (`verifiers.audit.rocq.development`); here fillings are only ever
taken out.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from domain import UserError
from pipeline.development.project.document import Document
from pipeline.development.project.scratch_copy import Copy
from verifiers.audit.rocq.development import Judgement, Refused
from verifiers.audit.rocq.filling import Filling, refusal


@dataclass(frozen=True, slots=True)
class Compiled:
    """The fillings that the whole file compiles with and what they rest on, and why others had to be taken out."""

    fillings: Mapping[str, Filling]
    dropped: Mapping[str, str]
    judgements: Mapping[str, Judgement]


def judge(
    copy: Copy, file: Path, document: Document, fillings: Mapping[str, Filling], unproved: Container[str]
) -> Compiled:
    """Compiles the file with as many of the fillings as go together, until it holds none that may not count.

    Args:
        copy: of the project.
        file: of the project; what it needs has been compiled.
        document: the file before it is filled.
        fillings: by the qualified names of holes.
        unproved: full names (`Library.File.name`) of what the project left without a proof, filled or not.

    Raises:
        UserError: the file does not compile without any of them.
    """
    dropped = {name: why for name, filling in fillings.items() if (why := refusal(filling, document.text))}
    generalises = {hole.qualified for hole in document.holes if any(one.kind == "section" for one in hole.containers)}
    fillings = dict(fillings)
    while True:
        kept = {name: filling for name, filling in fillings.items() if name not in dropped}
        judged = copy.judge(file, document, kept, unproved)
        if isinstance(judged, Refused):
            if not kept:
                place = f"{file.name}, line {judged.line}" if judged.line else file.name
                raise UserError(f"{place}: it does not compile before anything is filled: {judged.message}")
            culprit = _culprit(document, kept, judged)
            if culprit is None:
                culprit = _by_halves(copy, file, document, kept)
                if culprit in generalises and not kept[culprit].using_all:  # what stands below may count on that
                    fillings[culprit] = replace(kept[culprit], using_all=True)
                    continue
            dropped[culprit] = f"with this proof the whole file does not compile: {judged.message}"
            continue
        refused = {name: judgement.refused for name, judgement in judged.items() if judgement.refused}
        if not refused:
            return Compiled(kept, dropped, judged)
        dropped |= refused


def _culprit(document: Document, fillings: Mapping[str, Filling], refused: Refused) -> str | None:
    """The hole whose new text holds the line that was refused."""
    filled = document.filled(fillings)
    for proof in filled.proofs:
        filling = fillings.get(proof.qualified)
        if filling is None:
            continue
        above = sum(lemma.strip().count("\n") + 2 for lemma in filling.lemmas)
        if proof.line - above <= refused.line <= filled.line_of(proof.end):
            return proof.qualified
    return None


def _by_halves(copy: Copy, file: Path, document: Document, fillings: Mapping[str, Filling]) -> str:
    """The first filling, in the file's order, with which what comes before it no longer compiles."""
    names = [hole.qualified for hole in document.holes if hole.qualified in fillings]
    good, bad = 0, len(names)
    while bad - good > 1:
        middle = (good + bad) // 2
        part = {name: fillings[name] for name in names[:middle]}
        if copy.compile(file, document.filled(part).text) is None:
            good = middle
        else:
            bad = middle
    return names[bad - 1]
