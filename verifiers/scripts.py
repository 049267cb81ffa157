"""Proof scripts by a prover's own means: the shapes of proofs, which no prover owns, and who writes them in its words.

Which lemmas are given and in which order shapes are tried is decided above (`pipeline.proposers.automation.portfolio`);
a `ScriptWriter` says which of the shapes its prover knows, or plans of its own, and writes them down.

Invariant: a script refers to a statement's variables only by the names that it gives them itself, and to nothing else
but the definitions of the theory, the tactics of its prover's preamble and the canonical names of the lemmas that it
lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from domain import Lemma
from term_algebra import free_variables
from term_algebra.ordering import Rule
from term_algebra.theory import Binder, OpenStatement, Theory

if TYPE_CHECKING:  # only workers find proofs
    from term_algebra.steps import Derivation

PlanKind = Literal["search", "instance", "facts", "induction", "cases", "nested", "stepwise", "derivation"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The shape of a proof: what is done before the search for the leaves.

    `induction` on `variable`, the other variables generalised if `general`; `cases` also splits `second` in each
    case; `nested` also does induction on it; `stepwise` is induction by two constructors at a time; `instance` is
    no induction but a lemma with a constant for one of its variables; `facts` splits what matches look at and goes on
    from the answers by laws under premises; `derivation` is the steps of `term_algebra.derivation`.
    """

    kind: PlanKind
    variable: str | None = None
    second: str | None = None
    general: bool = False
    normalise: bool = False
    """Rewrite with the lemmas before the induction, so that the hypotheses of the induction are normal forms too."""
    deep: bool = False
    """Search the leaves for two steps with a choice instead of one."""


@dataclass(frozen=True, slots=True)
class Script:
    """A proof as its prover takes it, without the frame around it, and the lemmas that it may name."""

    text: str
    uses_lemmas: tuple[Lemma, ...]
    plan: Plan


class ScriptWriter(Protocol):
    """Writes proofs over one theory in a prover's words."""

    def plans(self, shapes: Iterable[Plan], opened: OpenStatement, lemmas: Sequence[Lemma]) -> Iterator[Plan]:
        """Those of the shapes that are worth a script with these lemmas, in their order, or plans of its own."""
        ...

    def script(self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma]) -> Script:
        """The text for one plan, with exactly these lemmas."""
        ...

    def derived(self, opened: OpenStatement, find: Callable[[], Derivation | None], /) -> Script | None:
        """The derivation that `find` gives in the prover's words; it is not sought where the prover is not asked so."""
        ...

    def plainer(
        self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma], listen: Callable[[str], Sequence[str]], /
    ) -> str:
        """The script for a plan that went through as the steps that did it, or nothing.

        `listen` runs a text as a proof and returns what the prover said while it did; nothing if it is none.
        """
        ...

    def beginnings(self, opened: OpenStatement, plan: Plan) -> Iterator[str]:
        """Beginnings of proofs that carry out a plan and leave the goals, simplified, where a proof gets stuck."""
        ...


class ProverAutomation(Protocol):
    """A prover's own means of proof."""

    quick_seconds: float | None
    """CPU seconds of a script in a first pass over a portfolio; None for no such pass."""
    reads_terms: bool
    """Whether statements are terms here. Where they are their authors' text, lemmas are given as they are retrieved."""
    takes_choices: bool
    """Whether the lemmas that a saturation prover chooses are worth scripts of their own."""

    def knowing(self, tactics: Sequence[str]) -> ProverAutomation:
        """The same where a header brings these tactics (`Elaboration.tactics`)."""
        ...

    def writer(self, theory: Theory, rule: Callable[[Lemma], Rule]) -> ScriptWriter:
        """Who writes scripts over a theory; `rule` says how a lemma is used."""
        ...

    def procedures(self, prelude: str) -> Sequence[str]:
        """Tactic blocks of the prover's decision procedures, for statements about nothing but logic and a prelude."""
        ...


def moved(opened: OpenStatement, plan: Plan) -> list[Binder]:
    """Binders that go back into the goal before an induction: those that depend on its variable, and others."""
    found: list[Binder] = []
    dirty = {plan.variable}
    for binder in opened.binders:
        if binder.name == plan.variable or binder.kind == "type":
            continue
        if not dirty.isdisjoint(free_variables(binder.type)) or (plan.general and binder.kind == "data"):
            found.append(binder)
            dirty.add(binder.name)
    return found
