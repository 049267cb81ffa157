"""What stands above a place of a file, loaded once into a warm prover and extended as work goes down the file.

Invariant: the session holds exactly the file's own text up to the place, in the file's own words: what is tried there
is tried in the surroundings in which it will be compiled.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from domain import OutsideError
from pipeline.development.document import Container, Document, Stated
from pipeline.development.scratch_copy import Copy
from term_algebra import constants, size
from term_algebra.standard import STANDARD_DATATYPES
from term_algebra.theory import as_equation, head_name, open_statement
from verifiers.audit.rocq.filling import Filling
from verifiers.audit.rocq.sentences import identifiers
from verifiers.audit.sandbox import GIBIBYTE, Limits
from verifiers.audit.words import ParseError
from verifiers.rocq.document import Outcome
from verifiers.rocq.session import Session
from verifiers.rocq.terms import parse_typed

LOGIC = frozenset(
    ("eq", "and", "or", "not", "iff", "ex", "True", "False", "forall", "fun", "match", "with", "end", "return", "in")
).union(("let", "fix", "as", "Prop", "Type", "Set", "exists", "I", "conj", "ex_intro", "struct", "for"))
"""Names that say nothing about what a statement is about."""

OPTIONAL_TACTICS = ("lia", "lra", "nia", "nra", "ring", "field", "btauto", "sfirstorder", "qauto", "sauto")
"""Tactics that are tried where the file has loaded them."""

SEARCHED = 6
"""Symbols of a goal, the rarest in the file first, for which equations of other files are looked for."""

_EVERYWHERE = frozenset(one.name for datatype in STANDARD_DATATYPES for one in (datatype, *datatype.constructors))
"""Symbols about which there is too much to find."""

OWN = 3
"""Lemmas of the file itself that are among the first premises, however many better ones other files have."""

VARIABLE = 1
"""Size of an equation's side that matches anything."""

MOST_FOUND = 40
"""Lemmas of other files that a search for two symbols brings at most."""

_IN_FULL = "Set Printing All.\n"
_BINDERS = re.compile(r"(?:[(\[{]|forall |fun )((?:[^\W\d][\w']* )+):")
_TWICE = re.compile(r"^(?:Coq\.)?(?:Init|(?:Arith\.)?PeanoNat)\.(?=Nat\.)")
"""PeanoNat includes Init.Nat: what is printed as `Nat.add` and as `PeanoNat.Nat.add` is one function to the prover."""

_SYMBOL = re.compile(r"@?((?:[^\W\d]|_)[\w']*(?:\.(?:[^\W\d]|_)[\w']*)*)")


@dataclass(frozen=True, slots=True)
class Premise:
    """A lemma in scope. `left_size` and `right_size` are those of an equation's sides, 0 for anything else."""

    name: str
    symbols: frozenset[str]
    is_hole: bool = False
    left_size: int = 0
    right_size: int = 0
    is_iff: bool = False
    conditions: int = 0

    @property
    def rewrites(self) -> bool:
        return self.left_size > 0 or self.is_iff

    @property
    def says_how_to_rewrite(self) -> bool:
        """Whether it is an equivalence, or an equation of which a side says what it applies to."""
        return self.is_iff or max(self.left_size, self.right_size) > VARIABLE


class Refusal(NamedTuple):
    """A sentence of the file that the prover refuses, and the line where it begins."""

    line: int
    message: str


class Context:
    """A warm prover above a place of `document`, at first its beginning. Unless it `retrieves`, it tells no lemma.

    `false` and `unproved` are full names of holes, others from hole to hole: what is known to be false is never a
    premise, and what has no proof yet is none while `proved_only` holds.
    """

    def __init__(
        self,
        copy: Copy,
        module: str,
        document: Document,
        seconds: float,
        memory_bytes: int,
        *,
        retrieves: bool = True,
        false: AbstractSet[str] = frozenset(),
        unproved: AbstractSet[str] = frozenset(),
    ) -> None:
        self.document = document
        self.proved_only = False
        self.unproved = unproved
        self._false = false
        self._retrieves = retrieves
        self.session = Session(
            Limits(memory_bytes=max(memory_bytes, GIBIBYTE), processes=32),
            sandbox=copy.sandbox,
            options=[*copy.options, "-top", module],
            readable=(copy.folder,),
            load_seconds=seconds,
        )
        self.tactics: frozenset[str] = frozenset()
        self.unfoldable: tuple[str, ...] = ()
        self._seconds = seconds
        self._at = 0
        self._premises: dict[tuple[str, tuple[Container, ...]], Premise | None] = {}
        self._frequency: Counter[str] = Counter()
        self._own: list[Premise] = []
        self._defined: frozenset[str] = frozenset()
        self._found: dict[str, list[tuple[str, str]]] = {}
        loaded = self.session.load("")
        if not loaded.ok:
            raise OutsideError(f"the prover does not start: {loaded.error}")

    def close(self) -> None:
        self.session.close()

    def advance(self, offset: int) -> Refusal | None:
        """Loads the file's text up to an offset; what the prover refuses of it, if anything."""
        text = self.document.text[self._at : offset]
        outcome = self.session.extend(text, self._seconds) if text.strip() else Outcome(ok=True)
        if not outcome.ok:
            at = self._at + (outcome.failed_at or 0)
            return Refusal(self.document.line_of(at), outcome.error)
        self._at = offset
        if "Require" in text or "Import" in text or not self.tactics:
            self.tactics = self._available()
            self._found.clear()
        self._learn(offset)
        return None

    # ----------------------------------------------------------------------------------------------------- premises

    def premises(self, symbols: frozenset[str], most: int) -> list[Premise]:
        """The lemmas in scope that share most with these symbols, best first; a hole counts less than a lemma."""
        if not self._retrieves:
            return []
        symbols = _as_one(symbols)
        hidden = tuple(f".{name}" for name in (self._false | self.unproved if self.proved_only else self._false))
        found = {
            premise.name: premise
            for premise in [*self._own, *self._searched(symbols)]
            if not any(name.endswith(f".{premise.name}") for name in hidden)
        }
        ranked = sorted(found.values(), key=lambda premise: -self._score(premise, symbols))
        ranked = [premise for premise in ranked if self._score(premise, symbols) > 0]
        own = [premise for premise in ranked if premise in self._own][:OWN]
        first = dict.fromkeys([*ranked[:OWN], *own])
        return [*first, *(premise for premise in ranked if premise not in first)][:most]

    def _score(self, premise: Premise, symbols: frozenset[str]) -> float:
        shared = sum(self._weight(one) for one in premise.symbols & symbols)
        foreign = sum(self._weight(one) for one in premise.symbols - symbols)
        if not shared:
            return 0.0
        return shared / (0.3 + shared + foreign) * (0.8 if premise.is_hole else 1.0)

    def _weight(self, symbol: str) -> float:
        return 1.0 / (1.0 + math.log1p(self._frequency[symbol]))

    def _learn(self, offset: int) -> None:
        """Reads the statements of the file that are in scope at an offset."""
        here = self.document.containers_at(offset)
        stated = [one for one in self.document.stated if one.end <= offset and _is_in_scope(one, here)]
        self._defined = frozenset(one.called_from(here) for one in stated if not one.is_lemma)
        self.unfoldable = tuple(one.called_from(here) for one in stated if one.unfolds)
        lemmas = {one.called_from(here): one for one in stated if one.is_lemma}
        missing = [name for name in lemmas if (name, here) not in self._premises]
        for name, text in self._check(missing):
            premise = read_premise(name, text, is_hole=lemmas[name].is_hole) if text is not None else None
            self._premises[name, here] = premise
        own = [self._premises[name, here] for name in lemmas]
        self._own = [premise for premise in own if premise is not None]
        self._frequency = Counter(symbol for premise in self._own for symbol in premise.symbols)

    def _check(self, names: Sequence[str]) -> list[tuple[str, str | None]]:
        """Each name with the type that the prover prints in full, None for one that it does not know."""
        found: list[tuple[str, str | None]] = []
        while len(found) < len(names):
            left = names[len(found) :]
            outcome = self.session.run("\n".join([f"Check @{name}." for name in left]), self._seconds, before=_IN_FULL)
            answers = [message.text for message in outcome.messages if message.level == "notice" and message.start >= 0]
            found += zip(left, answers, strict=False)
            if len(answers) < len(left):
                found.append((left[len(answers)], None))
        return found

    def _searched(self, symbols: frozenset[str]) -> list[Premise]:
        """Lemmas of other files by the prover's own search: equations of these symbols, and all of two of them."""
        rare = sorted(symbols - self._defined, key=lambda one: (self._frequency[one], one))
        known = {premise.name for premise in self._own}
        found: dict[str, Premise] = {}
        for symbol in [one for one in rare if one not in _EVERYWHERE][:SEARCHED]:
            for name, type_ in self._ask(f"Search {symbol}."):
                if _as_one(symbols_of(type_, bound_names(type_))) <= symbols:
                    premise = read_premise(name, f"x\n     : {type_}", is_hole=False)
                    if premise.says_how_to_rewrite:
                        found[name] = premise
        rarest = rare[:4]
        pairs = [(a, b) for i, a in enumerate(rarest) for b in rarest[i + 1 :]] or [(a, a) for a in rarest[:1]]
        for a, b in pairs[:4]:
            for name, type_ in self._ask(f"Search {a} {b}.")[:MOST_FOUND]:
                if name not in found:
                    found[name] = read_premise(name, f"x\n     : {type_}", is_hole=False)
        return [premise for name, premise in found.items() if name not in known]

    def _ask(self, search: str) -> list[tuple[str, str]]:
        """Names and types that a search finds, once for all holes below the same imports."""
        if search not in self._found:
            outcome = self.session.run(search, 0.5, before=_IN_FULL, goals=False)
            told = [message.text.partition(":") for message in outcome.messages if message.level == "notice"]
            self._found[search] = [(name.strip(), type_) for name, _, type_ in told if " " not in name.strip()]
        return self._found[search]

    def _available(self) -> frozenset[str]:
        """Which of the optional tactics the file has loaded here."""
        return frozenset(
            tactic
            for tactic in OPTIONAL_TACTICS
            if self.session.run(f"Ltac is_loaded := {tactic}.", 1.0, goals=False).ok
        )


def rests_on(filling: Filling, holes: Iterable[str]) -> bool:
    """Whether a filling names one of these holes."""
    return bool(named_among(holes, filling.block, *filling.lemmas))


def named_among(holes: Iterable[str], *texts: str) -> set[str]:
    """The holes that texts name; by their last names alone, so perhaps others of these names."""
    named = {one.text for text in texts for one in identifiers(text)}
    return {hole for hole in holes if hole.rpartition(".")[2] in named}


def _is_in_scope(stated: Stated, here: tuple[Container, ...]) -> bool:
    """Whether a statement can be named at a place: those of a closed functor cannot."""
    return not any(one.kind == "functor" and one not in here for one in stated.containers)


def read_premise(name: str, printed: str, *, is_hole: bool) -> Premise:
    """A premise from what `Check` prints in full; one whose term is not modelled is known by its symbols alone."""
    try:
        term = parse_typed(printed).type
    except ParseError:
        return Premise(name, _as_one(symbols_of(printed.partition(":")[2])), is_hole)
    opened = open_statement(term)
    sides = as_equation(opened.conclusion)
    conditions = len(opened.hypotheses)
    return Premise(
        name,
        _as_one(constants(term)) - LOGIC,
        is_hole,
        size(sides.left) if sides else 0,
        size(sides.right) if sides else 0,
        head_name(opened.conclusion) == "iff",
        conditions,
    )


def _as_one(names: Iterable[str]) -> frozenset[str]:
    """Names by which premises are found: one for each function of natural numbers, wherever it is printed from."""
    return frozenset(_TWICE.sub("", name) for name in names)


def bound_names(text: str) -> list[str]:
    """The names that a text binds which the prover printed in full."""
    return [name for group in _BINDERS.findall(text) for name in group.split()]


def symbols_of(text: str, without: Iterable[str] = ()) -> frozenset[str]:
    """The global names in a text that the prover printed in full."""
    return frozenset(_SYMBOL.findall(text)) - LOGIC - frozenset(without)
