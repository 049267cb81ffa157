"""How Lean's statements, proofs and files are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from domain import Definition, Elaboration, Lemma, Problem, Term
from verifiers.audit.lean.source import declares
from verifiers.backend import Surface
from verifiers.lean import terms
from verifiers.lean.canonical import prelude_id
from verifiers.lean.own_names import self_contained

_STATEMENTS = "theorem|lemma|example|axiom"
_OTHERS = "def|abbrev|instance|inductive|structure|class|variable|namespace|section|end"
_INSTANCE = re.compile(r"^instance\b", re.MULTILINE)
_BEFORE = (
    r"^[^\S\n]*(?:@\[(?:[^\[\]]|\[[^\[\]]*\])*\]\s*|(?:private|protected|noncomputable|nonrec|unsafe|partial|"
    r"public|scoped|local|(?:open|set_option|omit|include|variable)\b[^\n]*?\bin)\s+)*"
)


class LeanSyntax:
    """Lean 4; its proofs are plain tactics."""

    suffix = ".lean"
    file_name = re.compile(r"[^\W\d]\w*")
    derived: tuple[str, ...] = (".rec", ".casesOn", ".recOn", ".noConfusion")
    no_prelude = prelude_id("")
    surface = Surface(
        begins=re.compile(rf"{_BEFORE}({_STATEMENTS}|{_OTHERS})\b\s*(«[^»]*»|[\w.']*)(?:@\{{[^}}]*\}})?", re.MULTILINE),
        states=frozenset(_STATEMENTS.split("|")),
        ends=re.compile(r":=|\n\s*\|"),
        outside=re.compile(r'(?P<opens>/-)|(?P<line>--[^\n]*)|"(?:[^"\\]|\\.)*"', re.DOTALL),
        inside=re.compile(r"(?P<opens>/-)|(?P<closes>-/)"),
        binders=True,
    )

    def render(self, term: Term) -> str:
        return terms.render(term)

    def theorem(self, name: str, exact: str) -> str:
        return f"theorem {name} : {exact}"

    def file(self, problem: Problem, proof: str, stem: str) -> str:
        del stem
        return f"{problem.header.rstrip()}\n\n{proof.strip()}\n"

    def preamble(self, prelude: str, texts: Iterable[str] | None = None) -> str:
        del prelude, texts
        return ""

    def without_tactics(self, proof: str) -> str:
        return proof

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
        if _INSTANCE.search(elaboration.problem.header) and not elaboration.unread:
            yield self_contained(elaboration, proof, lemmas, known, by_equations=True)
        yield self_contained(elaboration, proof, lemmas, known)
        yield self_contained(elaboration, proof, lemmas, known, aside=True)
        yield self_contained(elaboration, proof, lemmas, known, own_functions=False)
