"""Choosing the few lemmas that may help with a statement (BM25 over the constants of statements).

A lemma is eligible for a statement when it has the same prelude and all of its definitions are among those that the
statement's problem has; `bm25.py` finds and scores these. An unselected library helps nobody, and
the smallest relevant lemmas were what helped in experiments on inductive problems: equal scores are ordered by size.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from domain import App, Const, Forall, Lambda, Lemma, Term, Var
from library_store.retrieval.bm25 import Bm25, IndexedStatement
from term_algebra import children, subterms

_WORDS = re.compile(r"[^\W\d][\w'.]*|[^\w\s\"()]+")
_NAMES = re.compile(r"[^\W\d][\w'.]*")
_VARIABLE = re.compile(r"x\d+")


class Retrieved(NamedTuple):
    """A lemma and its score for the statement: by BM25, or a fused one (`hybrid.py`)."""

    lemma: Lemma
    score: float


def statement_tokens(term: Term) -> list[str]:
    """The constants of a statement, and each application of one constant to another as `outer inner`.

    Of a statement that is kept as text, its words.
    """
    return list(Counter(read(term).tokens).elements())


def text_tokens(text: str) -> list[str]:
    """The names in a statement's text, variables of the form `x0` left out."""
    return [word for word in _NAMES.findall(text) if not _VARIABLE.fullmatch(word)]


def size(term: Term) -> int:
    """How many nodes a term has."""
    return sum(1 for _ in subterms(term))


def read(term: Term) -> IndexedStatement:
    """Tokens and size in one pass."""
    tokens: Counter[str] = Counter()
    nodes = 0
    waiting = [term]
    while waiting:
        part = waiting.pop()
        nodes += 1
        if isinstance(part, Var):
            continue
        if isinstance(part, Const):
            tokens[part.name] += 1
            if " " in part.name:  # a statement in its author's own words
                tokens.update(chain.from_iterable(map(_words, part.name.split())))
        elif isinstance(part, App):
            waiting.append(part.function)
            waiting += part.arguments
            if isinstance(part.function, Const):
                for argument in part.arguments:
                    if isinstance(argument, App) and isinstance(argument.function, Const):
                        tokens[f"{part.function.name} {argument.function.name}"] += 1
        elif isinstance(part, (Forall, Lambda)):
            waiting.append(part.type)
            waiting.append(part.body)
        else:
            waiting += [child for child, _ in children(part)]
    return IndexedStatement(tokens, nodes)


@lru_cache(1 << 16)
def _words(piece: str) -> tuple[str, ...]:
    """Of what stands between spaces, which is often seen again."""
    return tuple(_WORDS.findall(piece))


class LemmaIndex:
    """An incremental index. It holds what it was given: take retired lemmas out with `remove`."""

    def __init__(self, lemmas: Iterable[Lemma] = ()) -> None:
        self._by_prelude: defaultdict[str, Bm25] = defaultdict(Bm25)
        self._numbers: dict[str, int] = {}
        self._lemmas: dict[str, Lemma] = {}
        for lemma in lemmas:
            if lemma.retired_by is None:
                self.add(lemma)

    def __len__(self) -> int:
        return len(self._lemmas)

    def add(self, lemma: Lemma) -> None:
        """Put a lemma in, or replace its earlier revision: an id stands for one statement, so that alone is new."""
        if lemma.id not in self._lemmas:
            index = self._by_prelude[lemma.prelude_id]
            self._numbers[lemma.id] = index.add(lemma.id, read(lemma.term), lemma.definition_ids, lemma.round)
        self._lemmas[lemma.id] = lemma

    def remove(self, lemma_id: str) -> None:
        lemma = self._lemmas.pop(lemma_id, None)
        if lemma is not None:
            index = self._by_prelude[lemma.prelude_id]
            index.remove(self._numbers.pop(lemma_id), read(lemma.term), lemma.definition_ids)

    def retrieve(
        self,
        tokens: Sequence[str],
        definition_ids: Collection[str],
        prelude_id: str,
        k: int,
        *,
        at_round: int | None = None,
    ) -> list[Retrieved]:
        """The `k` best eligible lemmas that share a token with the statement, by score, then size, then id.

        Args:
            tokens: of the statement, from `statement_tokens`.
            definition_ids: of the definitions that the problem has.
            prelude_id: of the problem.
            k: at most so many.
            at_round: leave out lemmas that were admitted later.
        """
        found = self.of_prelude(prelude_id).retrieve(tokens, definition_ids, k, at_round)
        return [Retrieved(self._lemmas[identity], score) for identity, score in found]

    def of_prelude(self, prelude_id: str) -> Bm25:
        """The lemmas of a prelude."""
        return self._by_prelude.get(prelude_id) or Bm25()

    def scored(self, lemma_id: str, score: float) -> Retrieved:
        """A lemma that is in, with a score."""
        return Retrieved(self._lemmas[lemma_id], score)
