"""How Isabelle's statements, proofs and files are written. A statement is its author's text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from domain import Definition, Elaboration, Lemma, Problem, Term
from verifiers.audit.isabelle import theories
from verifiers.audit.isabelle.keywords import ALLOWED, IN_PROOFS, PROOF_BEGINNINGS
from verifiers.audit.isabelle.scan import Unreadable, tokens
from verifiers.backend import Surface
from verifiers.isabelle.goals import render

_STATEMENTS = "theorem|lemma|corollary|proposition|schematic_goal"
_OTHERS = "definition|fun|function|primrec|datatype|locale|context|end"


_DECLARES = ALLOWED - IN_PROOFS - PROOF_BEGINNINGS


class IsabelleSyntax:
    """Isabelle, where a whole file is a theory."""

    suffix = ".thy"
    file_name = re.compile(r"[A-Za-z]\w*", re.ASCII)
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

    def file(self, problem: Problem, proof: str, stem: str) -> str:
        """A theory under the file's name: the header's imports and declarations, the statement, and what proves it."""
        header = theories.parse_header(problem.header)
        placed = theories.place(proof, theories.parse_statement(problem.formal_statement), header)
        return theories.theory(stem, header.imports, f"{header.body}\n\n{placed.before}{placed.text.strip()}".strip())

    def preamble(self, prelude: str, texts: Iterable[str] | None = None) -> str:
        del prelude, texts
        return ""

    def without_tactics(self, proof: str) -> str:
        return proof

    def refuse_block(self, proof: str) -> str | None:
        return None if _is_proof(proof) else "more than a proof"

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


def _is_proof(text: str) -> bool:
    """Whether a text is only a proof: it begins as one, and states nothing behind it."""
    try:
        code = [token for token in tokens(text) if token.kind != "comment"]
    except Unreadable:
        return False
    begins = bool(code) and code[0].text in PROOF_BEGINNINGS
    return begins and not any(token.kind == "word" and token.text in _DECLARES for token in code)
