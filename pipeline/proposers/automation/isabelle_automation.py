"""Isabelle's methods as proof scripts. Statements are text here, so scripts differ in method and lemmas alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from domain import Lemma, Term
from pipeline.proposers.automation.portfolio import MOST_LEMMAS, Automation, Plan, Script
from term_algebra.theory import OpenStatement

_WITH_LEMMAS = ("simp add: {0}", "auto simp: {0}", "metis {0}")


@dataclass
class IsabelleAutomation(Automation):
    """Portfolios in Isabelle; a plan's variable is its method."""

    quick_seconds = None

    def select(
        self, statement: Term, lemmas: Iterable[Lemma], most: int = MOST_LEMMAS, stuck: Iterable[Term] = ()
    ) -> tuple[Lemma, ...]:
        del stuck
        return tuple([lemma for lemma in lemmas if lemma.term != statement][:most])

    def plans(self, opened: OpenStatement, *, with_lemmas: bool) -> Iterator[Plan]:
        del opened
        yield from (Plan("search", method) for method in (_WITH_LEMMAS if with_lemmas else ("simp", "auto", "blast")))

    def script(self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma]) -> Script:
        del opened
        method = (plan.variable or "auto").format(" ".join(lemma.canonical_name for lemma in lemmas))
        return Script(f"by ({method})" if lemmas else f"by {method.split()[0]}", tuple(lemmas), plan)
