"""What a run has to know of its prover's language: how statements, proofs and whole candidates are written.

One value stands for each prover whose problems a run can take. Everything else in the pipeline works on terms and on
texts that come from here.

Invariant: a dialect has no state; what it writes is a function of its arguments alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from domain import Definition, Elaboration, Lemma, Prover, Term, UserError
from pipeline.proposers.automation import portfolio, procedures
from pipeline.proposers.automation.isabelle_automation import IsabelleAutomation
from pipeline.proposers.automation.lean_automation import LeanAutomation
from pipeline.proposers.automation.portfolio import Automation
from verifiers.audit.isabelle import theories
from verifiers.audit.lean.source import declares
from verifiers.audit.rocq.lint import refuse_block
from verifiers.isabelle.goals import render as render_isabelle
from verifiers.isabelle.methods import METHODS
from verifiers.lean import own_names as lean_own_names
from verifiers.lean import terms as lean_terms
from verifiers.rocq import own_names as rocq_own_names
from verifiers.rocq import terms as rocq_terms


class Dialect(Protocol):
    """A prover's language."""

    prover: Prover

    def render(self, term: Term) -> str:
        """A closed term as text that the prover reads back as exactly it."""
        ...

    def theorem(self, name: str, exact: str) -> str:
        """The `formal_statement` of a problem that asks for a proof of `exact`."""
        ...

    def preamble(self, prelude: str) -> str:
        """The tactic definitions that proofs under a prelude may call."""
        ...

    def automation(self, definitions: Sequence[Definition]) -> Automation:
        """Portfolios of proof scripts over definitions."""
        ...

    def procedures(self, prelude: str) -> Sequence[str]:
        """Tactic blocks of the prover's decision procedures, for statements about nothing but logic and a prelude."""
        ...

    def refuse_block(self, proof: str) -> str | None:
        """Why a text that should hold nothing but tactics does not, or None."""
        ...

    def candidates(
        self,
        elaboration: Elaboration,
        proof: str,
        lemmas: Sequence[Lemma],
        definitions: Iterable[Definition],
        preamble: str,
    ) -> Iterator[str]:
        """Texts that prove a problem as its author wrote it, from a tactic block in canonical names, best first."""
        ...


class Rocq:
    """Rocq, with tactic definitions in front of proofs."""

    prover: Prover = "rocq"

    def render(self, term: Term) -> str:
        return rocq_terms.render(term)

    def theorem(self, name: str, exact: str) -> str:
        return f"Lemma {name} : {exact}."

    def preamble(self, prelude: str) -> str:
        return f"{procedures.PREAMBLE}\n{portfolio.TACTICS}" if "Require" in prelude else portfolio.TACTICS

    def automation(self, definitions: Sequence[Definition]) -> Automation:
        return Automation(definitions)

    def procedures(self, prelude: str) -> Sequence[str]:
        return procedures.scripts(numbers="Require" in prelude)

    def refuse_block(self, proof: str) -> str | None:
        return refuse_block(proof)

    def candidates(
        self,
        elaboration: Elaboration,
        proof: str,
        lemmas: Sequence[Lemma],
        definitions: Iterable[Definition],
        preamble: str,
    ) -> Iterator[str]:
        known = tuple(definitions)
        for own in (True, False):
            yield rocq_own_names.self_contained(elaboration, proof, lemmas, known, preamble, own_functions=own)


class Lean:
    """Lean 4; its proofs are plain tactics."""

    prover: Prover = "lean4"

    def render(self, term: Term) -> str:
        return lean_terms.render(term)

    def theorem(self, name: str, exact: str) -> str:
        return f"theorem {name} : {exact}"

    def preamble(self, prelude: str) -> str:
        del prelude
        return ""

    def automation(self, definitions: Sequence[Definition]) -> Automation:
        return LeanAutomation(definitions)

    def procedures(self, prelude: str) -> Sequence[str]:
        del prelude
        return (procedures.LEAN_LOGIC,)

    def refuse_block(self, proof: str) -> str | None:
        return "a declaration" if declares(proof) else None

    def candidates(
        self,
        elaboration: Elaboration,
        proof: str,
        lemmas: Sequence[Lemma],
        definitions: Iterable[Definition],
        preamble: str,
    ) -> Iterator[str]:
        del preamble
        known = tuple(definitions)
        write = lean_own_names.self_contained
        yield write(elaboration, proof, lemmas, known)
        yield write(elaboration, proof, lemmas, known, aside=True)
        yield write(elaboration, proof, lemmas, known, own_functions=False)


class Isabelle:
    """Isabelle. A statement is its author's text, so there is neither exploration nor goal surgery."""

    prover: Prover = "isabelle"

    def render(self, term: Term) -> str:
        return render_isabelle(term)

    def theorem(self, name: str, exact: str) -> str:
        return f"theorem {name}:\n  {exact}"

    def preamble(self, prelude: str) -> str:
        del prelude
        return ""

    def automation(self, definitions: Sequence[Definition]) -> Automation:
        return IsabelleAutomation(definitions)

    def procedures(self, prelude: str) -> Sequence[str]:
        del prelude
        return [f"by {method}" for method in METHODS if method != "eval"]  # an audit refuses the oracle of `eval`

    def refuse_block(self, proof: str) -> str | None:
        return None if theories.is_proof(proof) else "more than a proof"

    def candidates(
        self,
        elaboration: Elaboration,
        proof: str,
        lemmas: Sequence[Lemma],
        definitions: Iterable[Definition],
        preamble: str,
    ) -> Iterator[str]:
        del definitions, preamble
        statement = theories.parse_statement(elaboration.problem.formal_statement)
        yield f"{theories.lemma_texts(lemmas, assumed=False)}\n{statement.text}\n{proof}".lstrip() if lemmas else proof


DIALECTS: Mapping[Prover, Dialect] = {"rocq": Rocq(), "lean4": Lean(), "isabelle": Isabelle()}


def prover_of(provers: Iterable[Prover]) -> Prover:
    """The one prover of a run's problems. Raises `UserError` for several."""
    found = sorted(set(provers))
    if len(found) > 1:
        raise UserError(
            f"the problems are for {' and '.join(found)}, a run is for one prover: "
            "choose some by name, or make a run for each"
        )
    return found[0] if found else "rocq"
