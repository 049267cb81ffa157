"""Lemmas that may help with a goal: what is read of each, and how those of other files are found.

The prover is asked which lemmas speak of a symbol of the goal, for their names alone: printed types cost it ten times
as much, and us more than that. Only of those that share most with the goal is the type asked for.

Invariant: what is told here is a guess about what helps; a wrong one costs seconds, never a proof.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from domain import Forall, Sort, Term
from pipeline.development.search.triggers import Trigger, trigger
from term_algebra import constants, free_variables, size
from term_algebra.standard import STANDARD_DATATYPES
from term_algebra.theory import arguments, head_name, open_statement
from verifiers.audit.words import ParseError
from verifiers.rocq.terms import parse_typed

LOGIC = frozenset(
    ("eq", "and", "or", "not", "iff", "ex", "True", "False", "forall", "fun", "match", "with", "end", "return", "in")
).union(("let", "fix", "as", "Prop", "Type", "Set", "exists", "I", "conj", "ex_intro", "struct", "for"))
"""Names that say nothing about what a statement is about."""

MOST_SYMBOLS = 12
"""Symbols of a goal that lemmas are looked for by, the first by name: only asking tells how rare one is."""

CHECKED = 200
"""Lemmas of other files, those that share most with the goal, whose types are read."""

VARIABLE = 1
"""Size of an equation's side that matches anything."""

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
    concludes: str = ""
    """The head of its conclusion."""
    trigger: Trigger | None = None
    """What it tells of."""

    @property
    def rewrites(self) -> bool:
        return self.left_size > 0 or self.is_iff

    @property
    def says_how_to_rewrite(self) -> bool:
        """Whether it is an equivalence, or an equation of which a side says what it applies to."""
        return self.is_iff or max(self.left_size, self.right_size) > VARIABLE


Checked = Callable[[Sequence[str]], "list[tuple[str, str | None]]"]
"""Asks for the types of lemmas, as the prover prints them in full; None for what it does not know."""


class Elsewhere:
    """The lemmas that a place of a file sees, found by what they speak of; `search` gives names."""

    def __init__(self, search: Callable[[str], list[str]], check: Checked) -> None:
        self._search, self._check = search, check
        self._names: dict[str, list[str]] = {}
        self._read_with: Counter[str] = Counter()
        self._premises: dict[str, Premise | None] = {}
        self.relations: frozenset[str] = frozenset()
        """Names of relations besides equality that rewriting knows, see `equivalence`."""
        self._types = {datatype.name for datatype in STANDARD_DATATYPES}
        """Heads of the types that variables have, among them propositions: proofs are variables of some lemmas."""
        self._is_data = {datatype.name: True for datatype in STANDARD_DATATYPES}

    def clear(self) -> None:
        """More is in sight than before."""
        self._names.clear()

    def near(self, symbols: Iterable[str]) -> list[Premise]:
        """The lemmas that share most with these symbols, a rarer symbol counting more.

        A type of data is not asked about where there is anything else: that takes long and says little.
        """
        shared: defaultdict[str, float] = defaultdict(float)
        every = sorted(symbols)
        telling = [symbol for symbol in every if not self._is_value(symbol)]
        for symbol in (telling or every)[:MOST_SYMBOLS]:
            names = self._names_with(symbol)
            for name in names:
                shared[name] += 1.0 / (1.0 + math.log1p(len(names)))
        best = nsmallest(CHECKED, shared, key=lambda name: (-shared[name], len(name), name))
        return self.read(best)

    def read(self, names: Iterable[str]) -> list[Premise]:
        """Those of these names that are lemmas, as far as they can be read in time."""
        wanted = list(names)
        missing = [name for name in wanted if name not in self._premises]
        for name, printed in self._check(missing):
            read = self._premises[name] = self._read(name, printed) if printed is not None else None
            self._read_with.update(read.symbols if read is not None else ())
        found = [self._premises.get(name) for name in wanted]
        return [one for one in found if one is not None and not self._is_value(one.concludes)]

    def _is_value(self, head: str) -> bool:
        """Whether what ends in a head computes a value: variables are such, and it is no proposition."""
        if head not in self._types:
            return False
        if head not in self._is_data:
            for _, printed in self._check([head]):
                self._is_data[head] = printed is not None and not printed.rstrip().endswith("Prop")
        return self._is_data.get(head, False)

    def how_many(self, symbol: str) -> int:
        """How many lemmas speak of a symbol: of all where they were asked for by it, otherwise of those read."""
        return max(len(self._names.get(symbol, ())), self._read_with[symbol])

    def _names_with(self, symbol: str) -> list[str]:
        if symbol not in self._names:
            self._names[symbol] = self._search(symbol)
        return self._names[symbol]

    def _read(self, name: str, printed: str) -> Premise | None:
        term = _term(printed)
        conclusion = term
        while isinstance(conclusion, Forall):
            if conclusion.name in free_variables(conclusion.body):
                self._types.add(head_name(conclusion.type) or "")
            conclusion = conclusion.body
        if isinstance(conclusion, Sort):
            return None
        return _premise(name, printed, term, is_hole=False, relations=self.relations)


def read_premise(name: str, printed: str, relations: frozenset[str], *, is_hole: bool) -> Premise:
    """A premise from what `Check` prints in full; one whose term is not modelled is known by its symbols alone.

    What relates two things by one of `relations` is taken for an equation.
    """
    return _premise(name, printed, _term(printed), is_hole=is_hole, relations=relations)


def equivalence(printed: str) -> str | None:
    """The name of the relation which a lemma, as `Check` prints it in full, says to be an equivalence."""
    term = _term(printed)
    relation = arguments(open_statement(term).conclusion)[-1:] if term is not None else ()
    return head_name(relation[0]) if relation else None


def _term(printed: str) -> Term | None:
    try:
        return parse_typed(printed).type
    except ParseError:
        return None


def _premise(name: str, printed: str, term: Term | None, *, is_hole: bool, relations: frozenset[str]) -> Premise:
    if term is None:
        return Premise(name, as_one(symbols_of(printed.partition(":")[2])), is_hole)
    opened = open_statement(term)
    head = head_name(opened.conclusion) or ""
    sides = arguments(opened.conclusion)[-2:] if head == "eq" or head in relations else ()
    left, right = map(size, sides) if len(sides) == 2 else (0, 0)
    return Premise(
        name,
        as_one(constants(term)) - LOGIC,
        is_hole,
        left,
        right,
        head == "iff",
        len(opened.hypotheses),
        head,
        trigger(opened),
    )


def as_one(names: Iterable[str]) -> frozenset[str]:
    """Names by which premises are found: one for each function of natural numbers, wherever it is printed from."""
    return frozenset(_TWICE.sub("", name) for name in names)


def bound_names(text: str) -> list[str]:
    """The names that a text binds which the prover printed in full."""
    return [name for group in _BINDERS.findall(text) for name in group.split()]


def symbols_of(text: str, without: Iterable[str] = ()) -> frozenset[str]:
    """The global names in a text that the prover printed in full."""
    return frozenset(_SYMBOL.findall(text)) - LOGIC - frozenset(without)
