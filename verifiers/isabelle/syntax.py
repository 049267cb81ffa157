"""How Isabelle's statements, proofs and files are written. A statement is its author's text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from domain import Definition, Elaboration, Lemma, Term
from verifiers.audit.isabelle import theories
from verifiers.backend import Surface
from verifiers.isabelle.goals import render

_STATEMENTS = "theorem|lemma|corollary|proposition|schematic_goal"
_OTHERS = "definition|fun|function|primrec|datatype|locale|context|end"


class IsabelleSyntax:
    """Isabelle, where a whole file is a theory."""

    suffix = ".thy"
    ending = "\nend\n"
    derived: tuple[str, ...] = ()
    no_prelude = ""
    surface = Surface(
        begins=re.compile(
            rf"^[^\S\n]*(?:(?:private|qualified)\s+)*({_STATEMENTS}|{_OTHERS})\b\s*(«[^»]*»|[\w.']*)"
            r"(?:@\{[^}]*\})?",
            re.MULTILINE,
        ),
        states=frozenset(_STATEMENTS.split("|")),
        ends=re.compile(r"\b(?:proof|by|sorry|oops|using|unfolding|apply|including)\b"),
        outside=re.compile(r"(?P<opens>\(\*)"),
        inside=re.compile(r"(?P<opens>\(\*)|(?P<closes>\*\))"),
        binders=False,
    )

    def render(self, term: Term) -> str:
        return render(term)

    def theorem(self, name: str, exact: str) -> str:
        return f"theorem {name}:\n  {exact}"

    def preamble(self, prelude: str) -> str:
        del prelude
        return ""

    def without_tactics(self, proof: str) -> str:
        return proof

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
