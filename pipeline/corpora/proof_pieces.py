"""A Rocq file cut into what may be proofs and what stands between them.

Invariant: the pieces in order are the file, and each of its sentences is in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pipeline.development.project.document import GIVEN_UP, Document, Placed
from pipeline.development.project.proofs import MARKS, NAME, has_body, name_stated
from verifiers.audit.rocq.sentences import identifiers, normal_text

_ENDS = re.compile(r"(?:Qed|Defined|Admitted|Abort|Save)\b")
_TERM = re.compile(r"Proof (?!using\b|with\b|Mode\b)")
_NAMED = re.compile(rf"{MARKS}\w+ ({NAME})")
_BEGINS = re.compile(r"Proof\b")
_MAY_OPEN = re.compile(
    r"(?:# ?\[[^\]]*\] ?)*(?:(?:Local|Global|Polymorphic|Monomorphic|Program|Canonical|Existing) )*"
    r"(?:Next Obligation|Obligation \d|Definition|Instance|Fixpoint|CoFixpoint|Goal|Let|Add|Function|Lemma|Derive)\b"
)


class ProofPiece(NamedTuple):
    """A piece of a file that may be a proof: its statement, its sentences, and what ends it."""

    statement: str
    placed: Placed
    sentences: tuple[str, ...]
    end: str

    @property
    def is_finished(self) -> bool:
        """Whether it was not given up."""
        words = (word.text for one in self.sentences for word in identifiers(one))
        return normal_text(self.end).startswith(("Qed", "Defined", "Save")) and not any(w in GIVEN_UP for w in words)

    @property
    def name(self) -> str:
        """The name of its theorem as far as its text tells it."""
        found = _NAMED.match(self.placed.text)
        return self.qualified(found[1] if found else "?")

    def qualified(self, name: str) -> str:
        """A name in the modules in which the proof stands."""
        return ".".join([*(one.name for one in self.placed.containers if one.kind != "section"), name])


def pieces(document: Document) -> Iterator[ProofPiece | tuple[str, ...]]:
    """The file cut into what may be proofs and what stands between them."""
    placed = document.placed
    texts = [one.text for one in document.sentences]
    between: list[str] = []
    at = 0
    while at < len(texts):
        end = _end_of_proof(placed, at)
        if end is None:
            between.append(texts[at])
            at += 1
            continue
        if between:
            yield tuple(between)
            between = []
        yield ProofPiece(texts[at], placed[at], tuple(texts[at + 1 : end]), texts[end])
        at = end + 1
    if between:
        yield tuple(between)


def _end_of_proof(placed: Sequence[Placed], at: int) -> int | None:
    """The index of the sentence that ends the proof which the sentence at an index may begin."""
    text = placed[at].text
    following = placed[at + 1].text if at + 1 < len(placed) else ""
    stated = name_stated(text) is not None and not has_body(text)
    if not stated and not (_BEGINS.match(following) or (_MAY_OPEN.match(text) and not has_body(text))):
        return None
    if _TERM.match(following):
        return None
    for end in range(at + 1, len(placed)):
        other = placed[end].text
        if _ENDS.match(other):
            return end
        if name_stated(other) is not None or _MAY_OPEN.match(other):
            return None
    return None
