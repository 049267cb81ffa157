"""What is put into a file of a user's own development: what it may be made of, and where it stands.

A proof may only be made of tactics. An auxiliary lemma above it is one statement with a proof of tactics, under a name
that the file has nowhere, so that it changes no meaning of what stands below.

Invariant: nothing of the file changes but the proofs of holes and what is put above their statements.

Layer: own developments.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from verifiers.audit.refusals import Malformed
from verifiers.audit.rocq.lint import refuse, refuse_block
from verifiers.audit.rocq.recursion import may_recur
from verifiers.audit.rocq.sentences import identifiers, normal_text, split
from verifiers.audit.rocq.source import parse_statement

_LONGER_NAME = re.compile(r"(?<![^\s(@.])(?!(?:(?:co)?fix|(?:Co)?Fixpoint)(?![A-Za-z0-9_']))[A-Za-z][A-Za-z0-9_']*")
"""A name in plain sight, in which `fix` means nothing (`prefix_refl`)."""


_AUXILIARY = re.compile(r"[^\W\d][\w']*_helper[0-9]+")
"""What an auxiliary lemma is called, so that it hides nothing that another file of the project speaks of."""


_PROOF = re.compile(r"Proof\.$")
"""The beginning of a proof, at the end of what stands before it."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A proof for a hole: a tactic block, and auxiliary lemmas (whole, with their proofs) to stand above it."""

    block: str
    lemmas: tuple[str, ...] = ()
    verbatim: bool = False
    """Whether the block is the user's own unfinished proof with its gaps filled, layout included."""
    using_all: bool = False
    """Whether the statement is to depend on all variables of its section, as one without a proof does."""


class Place(Protocol):
    """Where a statement stands that has no proof. Offsets are in characters of the file's text."""

    @property
    def qualified(self) -> str:
        """Its name in the compiled file."""
        ...

    @property
    def start(self) -> int: ...

    @property
    def body(self) -> int:
        """Where its proof begins: behind `Proof.`, or behind the statement where there is none."""
        ...

    @property
    def end(self) -> int: ...

    @property
    def has_proof_sentence(self) -> bool: ...


def refusal(filling: Filling, text: str) -> str | None:
    """Why a filling of a file with this text is refused before any prover sees it, or None.

    A proof may only be made of tactics; an auxiliary lemma has a name that the file does not have.
    """
    taken = {name.text for name in identifiers(text)} if filling.lemmas else set[str]()
    lints = (refuse_block(filling.block), *[_refuse_lemma(lemma, taken) for lemma in filling.lemmas])
    why = next((said for said in lints if said), None)
    if why is not None:
        return f"not allowed: {why}"
    if may_recur([_LONGER_NAME.sub(_without_fix, text) for text in (filling.block, *filling.lemmas)], ""):
        return "not allowed: a fixpoint in a proof (the kernel's condition on recursion has holes)"
    return None


def _refuse_lemma(text: str, taken: Container[str]) -> str | None:
    """Why a text is not one lemma with a proof of tactics, under a name for such lemmas that is not taken; or None."""
    refused = refuse(text)
    if refused:
        return refused
    sentences = split(text)
    words = [normal_text(sentence.text) for sentence in sentences]
    if len(words) < 4 or words[1] != "Proof." or words[-1] != "Qed.":
        return "an auxiliary text that is not one lemma with its proof"
    try:
        name = parse_statement(words[0]).name
    except Malformed as error:
        return str(error)
    if not _AUXILIARY.fullmatch(name) or name in taken:
        return f"the name `{name}` for an auxiliary lemma"
    return refuse_block("\n".join([sentence.text for sentence in sentences[2:-1]]))


def _without_fix(name: re.Match[str]) -> str:
    return re.sub("[Ff]ix", "", name[0])


# ---------------------------------------------------------------------------------------------- the patched text


def filled(text: str, places: Iterable[Place], fillings: Mapping[str, Filling]) -> str:
    """A file's text with these proofs, by the qualified names of their places.

    Raises:
        ValueError: the places do not follow one another in the text.
    """
    parts: list[str] = []
    at = 0
    for place in places:
        filling = fillings.get(place.qualified)
        if filling is None:
            continue
        if not at <= place.start <= place.body <= place.end <= len(text):
            raise ValueError(f"{place.qualified} does not stand behind what is filled before it")
        indent = _indent(text, place.start)
        start = text[: place.start].rfind("\n") + 1
        lines = max(at, start)
        parts.append(text[at:lines])
        above = "".join([f"{_indented(lemma, indent)}\n\n" for lemma in filling.lemmas])
        if above and at > start:
            above = f"\n{above}"
        head = text[lines : place.body]
        begin = "" if place.has_proof_sentence else f"\n{indent}Proof."
        if filling.using_all:
            head, begin = _PROOF.sub("Proof using All.", head), _PROOF.sub("Proof using All.", begin)
        block = f"\n{_indented(filling.block, indent + '  ')}\n{indent}"
        proof = f"{begin}{filling.block if filling.verbatim else block}Qed."
        parts += [_ended(above, text), head, _ended(proof, text)]
        at = place.end
    return "".join([*parts, text[at:]])


def _ended(new: str, text: str) -> str:
    """A new text whose lines end as those of the file do."""
    return re.sub(r"(?<!\r)\n", "\r\n", new) if "\r\n" in text else new


def _indent(text: str, offset: int) -> str:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line if not line.strip() else ""


def _indented(text: str, indent: str) -> str:
    return "\n".join([f"{indent}{line}" if line else "" for line in text.strip().splitlines()])
