"""A Rocq file of a user's own, cut where its holes are: statements whose proofs are admitted.

Where a hole is, and what stands around it, is read here; how a file is filled is the judge's to say
(`verifiers.audit.rocq.development`).
"""

from __future__ import annotations

import re
from collections.abc import Container as Names
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from domain import UserError
from pipeline.development.project.proofs import MARKS, NAME, Proof, has_body, name_stated, proof_behind
from verifiers.audit.refusals import Unterminated
from verifiers.audit.rocq.filling import Filling, filled
from verifiers.audit.rocq.sentences import Sentence, identifiers, normal_text, opening, split, uncontrolled

_DEFINITION = re.compile(rf"{MARKS}(Definition|Fixpoint|Function|Let|Inductive|CoInductive|Variant) ({NAME})")
_CLOSES = re.compile(rf"End ({NAME})\.$")
GIVEN_UP = frozenset({"admit", "give_up"})
"""Tactics that leave a goal without a proof."""


class Container(NamedTuple):
    """An open section or module; a `functor` is a module with parameters, or a module type."""

    kind: Literal["section", "module", "functor"]
    name: str


class Placed(NamedTuple):
    """A sentence in normal form (without `Time`), what is open around it (also by itself), and where it ends."""

    text: str
    containers: tuple[Container, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Stated:
    """A named statement of the file, or a definition; `end` is the offset behind it (and its proof)."""

    name: str
    containers: tuple[Container, ...]
    end: int
    is_hole: bool = False
    unfolds: bool = False
    """Whether it is a definition without recursion."""
    is_lemma: bool = True

    def called_from(self, containers: Sequence[Container]) -> str:
        """Its name at a place inside these containers."""
        around = [one.name for one in containers if one.kind != "section"]
        own = [one.name for one in self.containers if one.kind != "section"]
        while own and around and own[0] == around[0]:
            own, around = own[1:], around[1:]
        return ".".join([*own, self.name])


@dataclass(frozen=True, slots=True)
class Hole:
    """A statement without a proof. Offsets are in characters of the text; `proof` is what stands for its proof now."""

    name: str
    containers: tuple[Container, ...]
    statement: str
    start: int
    body: int
    """Where the proof begins: behind `Proof.`, or behind the statement where there is none."""
    end: int
    line: int
    proof: str
    has_proof_sentence: bool

    @property
    def qualified(self) -> str:
        """Its name in the compiled file."""
        return ".".join([*(one.name for one in self.containers if one.kind != "section"), self.name])

    @property
    def in_functor(self) -> bool:
        return any(one.kind == "functor" for one in self.containers)


@dataclass(frozen=True)
class Document:
    """The text of a file. Raises `UserError` where it cannot be cut into sentences."""

    text: str
    name: str

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        try:
            return split(self.text)
        except Unterminated as error:
            raise UserError(f"{self.name}: {error}; close it") from None

    def line_of(self, offset: int) -> int:
        """The line, from 1, of an offset."""
        return self.text.count("\n", 0, offset) + 1

    def containers_at(self, offset: int) -> tuple[Container, ...]:
        """What is open at an offset."""
        open_: tuple[Container, ...] = ()
        for sentence in self.sentences:
            if sentence.end > offset:
                break
            open_ = self._after(open_, sentence)
        return open_

    def check_closed(self) -> None:
        """Raises `UserError` where a section or module of the file was not seen to end."""
        open_ = self.placed[-1].containers if self.placed else ()
        if open_:
            raise UserError(f"{self.name}: no `End {open_[-1].name}.` was seen for {open_[-1].kind} {open_[-1].name}")

    def proof_around(self, offset: int) -> Hole | None:
        """The statement whose proof an offset lies in, whether it is finished or not, as a hole."""
        for hole in self.proofs:
            if hole.start <= offset < hole.end:
                return hole
        return None

    @cached_property
    def proofs(self) -> tuple[Hole, ...]:
        """Every statement that has a proof, finished or not, as if it were a hole."""
        return tuple(hole for hole, ending in self._proofs if ending != "Body")

    @cached_property
    def holes(self) -> tuple[Hole, ...]:
        """The holes in order."""
        return tuple(hole for hole, ending in self._proofs if _is_hole(hole, ending))

    @cached_property
    def stated(self) -> tuple[Stated, ...]:
        """What the file states and defines."""
        lemmas = [
            Stated(hole.name, hole.containers, hole.end, is_hole=_is_hole(hole, ending))
            for hole, ending in self._proofs
            if ending != "Abort"
        ]
        return (*lemmas, *self._defined)

    @cached_property
    def _proofs(self) -> tuple[tuple[Hole, str], ...]:
        found: list[tuple[Hole, str]] = []
        open_: tuple[Container, ...] = ()
        at = 0
        while at < len(self.sentences):
            sentence = self.sentences[at]
            text = normal_text(sentence.text)
            stated = name_stated(text)
            at += 1
            if stated is None:
                open_ = self._after(open_, sentence)
            elif has_body(text):
                whole = Proof(sentence.end, sentence.end, "Body", "", False, at)
                found.append((self._hole(sentence, stated, open_, whole), whole.ending))
            else:
                proof = proof_behind(self.text, self.sentences, at)
                found.append((self._hole(sentence, stated, open_, proof), proof.ending))
                at = proof.next
        return tuple(found)

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """The sentences with the sections and modules that they stand in."""
        found: list[Placed] = []
        open_: tuple[Container, ...] = ()
        for sentence in self.sentences:
            open_ = self._after(open_, sentence)
            found.append(Placed(uncontrolled(normal_text(sentence.text)), open_, sentence.end))
        return tuple(found)

    @cached_property
    def _defined(self) -> tuple[Stated, ...]:
        found: list[Stated] = []
        for text, containers, end in self.placed:
            defined = _DEFINITION.match(text)
            if defined is not None and ":=" in text:
                unfolds = defined[1] in ("Definition", "Let")
                found.append(Stated(defined[2], containers, end, unfolds=unfolds, is_lemma=False))
        return tuple(found)

    def _after(self, open_: tuple[Container, ...], sentence: Sentence) -> tuple[Container, ...]:
        """What is open behind a sentence."""
        text = normal_text(sentence.text)
        opened, closed = opening(text), _CLOSES.match(uncontrolled(text))
        if opened is not None:
            functor = opened.kind == "Module Type" or opened.has_parameters
            kind = "section" if opened.kind == "Section" else "functor" if functor else "module"
            return (*open_, Container(kind, opened.name))
        if closed is None:
            return open_
        if not open_ or open_[-1].name != closed[1]:
            line = self.line_of(sentence.start)
            raise UserError(f"{self.name}, line {line}: what `{text}` ends was not seen to begin")
        return open_[:-1]

    def _hole(self, sentence: Sentence, name: str, open_: tuple[Container, ...], proof: Proof) -> Hole:
        return Hole(
            name,
            open_,
            sentence.text,
            sentence.start,
            proof.body,
            proof.end,
            self.line_of(sentence.start),
            proof.text,
            proof.has_proof_sentence,
        )

    # -------------------------------------------------------------------------------------------------- new texts

    @cached_property
    def finished(self) -> tuple[Hole, ...]:
        """Every statement with an opaque proof (`Qed`), as if it were a hole."""
        return tuple(proof for proof, ending in self._proofs if ending in ("Qed", "Term", "Save"))

    def erased(self, names: Names[str] | None = None) -> Document:
        """The file with every opaque proof left out, or those of some statements: each of them is admitted."""
        return self._admitted([proof for proof in self.finished if names is None or proof.qualified in names])

    def given_up(self) -> Document:
        """The file with nothing of what was begun in its holes: each of them is admitted."""
        return self._admitted(self.holes)

    def _admitted(self, proofs: Iterable[Hole]) -> Document:
        parts: list[str] = []
        at = 0
        for proof in proofs:
            parts += [self.text[at : proof.start], proof.statement, "\nAdmitted."]
            at = proof.end
        return Document("".join([*parts, self.text[at:]]), self.name)

    def filled(self, fillings: Mapping[str, Filling]) -> Document:
        """The file with these proofs, by the qualified names of their holes."""
        return Document(filled(self.text, self.holes, fillings), self.name)


def _is_hole(proof: Hole, ending: str) -> bool:
    return ending == "Admitted" or any(one.text in GIVEN_UP for one in identifiers(proof.proof))


def unique(holes: Iterable[Hole]) -> None:
    """Raises `UserError` where two holes have one name."""
    seen: set[str] = set()
    for hole in holes:
        if hole.qualified in seen:
            raise UserError(f"two holes are called {hole.qualified}: rename one")
        seen.add(hole.qualified)
