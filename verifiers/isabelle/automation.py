"""Isabelle's methods as proof scripts. Statements are text here, so scripts differ in method and lemmas alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from domain import Lemma
from term_algebra.ordering import Rule
from term_algebra.theory import OpenStatement, Theory
from verifiers.scripts import Plan, Script

METHODS = (
    *("auto", "simp", "blast", "fastforce", "force", "eval", "presburger", "sos", "arith", "linarith"),
    "(auto simp: field_simps)",
)
"""Proof methods, as they stand after `by`: those of LEGO-Prover's checker in its order (arXiv 2310.00656).

A proof by `eval` rests on an oracle, which an audit refuses unless the problem allows it. The checker's last resort,
the command `sledgehammer`, is no method: the proof that it finds stands in a message, and would have to be asked again.
"""

_WITH_LEMMAS = ("simp add: {0}", "auto simp: {0}", "metis {0}")
_WITHOUT = ("simp", "auto", "blast")


class IsabelleAutomation:
    """Isabelle's own means of proof."""

    quick_seconds: float | None = None
    reads_terms = False

    def writer(self, theory: Theory, rule: Callable[[Lemma], Rule]) -> IsabelleWriter:
        del theory, rule
        return IsabelleWriter()

    def procedures(self, prelude: str) -> Sequence[str]:
        del prelude
        return [f"by {method}" for method in METHODS if method != "eval"]  # an audit refuses the oracle of `eval`


class IsabelleWriter:
    """Writes proofs by one method; a plan's variable is the method."""

    def plans(self, shapes: Iterable[Plan], opened: OpenStatement, lemmas: Sequence[Lemma]) -> Iterator[Plan]:
        del shapes, opened
        yield from (Plan("search", method) for method in (_WITH_LEMMAS if lemmas else _WITHOUT))

    def script(self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma]) -> Script:
        del opened
        method = (plan.variable or "auto").format(" ".join(lemma.canonical_name for lemma in lemmas))
        return Script(f"by ({method})" if lemmas else f"by {method.split()[0]}", tuple(lemmas), plan)

    def beginnings(self, opened: OpenStatement, plan: Plan) -> Iterator[str]:
        del opened, plan
        yield from ()
