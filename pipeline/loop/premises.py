"""Lemmas of the libraries that a problem's header imports, chosen for its statement.

They are ranked by the index of the library's own lemmas (BM25 over constants, `library_store.retrieval.postings`), once
for each problem when a run begins.

Invariant: a premise is a name that the problem's own header has. It is offered and never trusted: what mentions it is
checked and audited as any other text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from domain import Term
from library_store.retrieval.lexical import read, statement_tokens
from library_store.retrieval.postings import Postings
from pipeline.loop.context import RunContext
from pipeline.proposers.automation.with_premises import Premise, instance
from term_algebra.theory import constants
from verifiers.protocol import Verifier, Visible

_SILENT = frozenset(("xH", "xO", "xI", "Z0", "Zpos", "Zneg", "N0", "Npos", "IZR", "O", "S")).union(
    ("eq", "and", "or", "not", "iff", "ex", "True", "False")
)
"""Numerals and connectives: they say nothing of what a statement is about."""


def premises(world: RunContext, verifier: Verifier) -> dict[str, tuple[Premise, ...]]:
    """For the statement of each problem, by its id, the best `retrieval.premises` premises, best first.

    There is no entry where a header imports nothing.
    """
    k = world.settings.retrieval.premises
    headers = dict.fromkeys(elaboration.prelude for elaboration in world.elaborations.values())
    found: dict[str, tuple[Premise, ...]] = {}
    for header, listed in zip(headers, verifier.visible(list(headers)), strict=True):
        ranking = Ranking(listed) if listed else None
        for name, elaboration in world.elaborations.items():
            if ranking is not None and elaboration.prelude == header:
                found[world.of_problem(name).id] = ranking.best(elaboration.statement, k)
    return found


class Ranking:
    """What one header makes visible, ready to be asked."""

    def __init__(self, listed: Sequence[Visible]) -> None:
        self._postings = Postings()
        self._stated: Mapping[str, Term] = {one.name: one.term for one in listed}
        self._frequency = Counter(name for one in listed for name in constants(one.term))
        for one in listed:
            self._postings.add(one.name, read(one.term), (), 0)

    def best(self, statement: Term, k: int) -> tuple[Premise, ...]:
        """The `k` premises that share most with a statement; one that states exactly it is as good as any."""
        words = [word for word in dict.fromkeys(statement_tokens(statement)) if not _SILENT & set(word.split())]
        chosen = [one.id for one in self._postings.retrieve(words, (), k, None)]
        return tuple(
            Premise(name, self._stated[name], instance(self._stated[name], self._frequency)) for name in chosen
        )
