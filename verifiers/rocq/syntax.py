"""How Rocq's statements, proofs and files are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from domain import Definition, Elaboration, Lemma, Problem, Term
from verifiers.audit.rocq.lint import refuse_block
from verifiers.audit.rocq.sentences import split
from verifiers.backend import Surface
from verifiers.rocq import own_names, tactics, terms
from verifiers.rocq.canonical import prelude_id

_STATEMENTS = "Theorem|Lemma|Fact|Remark|Corollary|Proposition|Property|Example|Goal|Axiom|Conjecture"
_OTHERS = (
    "Definition|Fixpoint|CoFixpoint|Inductive|CoInductive|Variant|Record|Structure|Class|Instance|Parameter|Hint|"
    "Section|Module|End"
)
_BEFORE = (
    r'(?:^|(?<=\.\s))[^\S\n]*(?:#\[(?:[^\]"]|"[^"]*")*\]\s*|(?:Local|Global|Program|Polymorphic|Monomorphic|'
    r"Cumulative|NonCumulative|Time|Instructions|Fail|Succeed|Timeout\s+\d+)\s+)*"
)


class RocqSyntax:
    """Rocq, with tactic definitions in front of proofs."""

    suffix = ".v"
    file_name = re.compile(r"[^\W\d]\w*")
    derived: tuple[str, ...] = ("_rect", "_ind", "_rec", "_sind")
    no_prelude = prelude_id("")
    surface = Surface(
        begins=re.compile(rf"{_BEFORE}({_STATEMENTS}|{_OTHERS})\b\s*(«[^»]*»|[\w.']*)(?:@\{{[^}}]*\}})?", re.MULTILINE),
        states=frozenset(_STATEMENTS.split("|")),
        ends=re.compile(r"\.(?=\s|\Z)"),
        outside=re.compile(r'(?P<opens>\(\*)|"[^"]*"'),
        inside=re.compile(r'(?P<opens>\(\*)|(?P<closes>\*\))|"[^"]*"'),
        binders=True,
    )

    def render(self, term: Term) -> str:
        return terms.render(term)

    def theorem(self, name: str, exact: str) -> str:
        return f"Lemma {name} : {exact}."

    def file(self, problem: Problem, proof: str, stem: str) -> str:
        del stem
        return f"{problem.header.rstrip()}\n\n{proof.strip()}\n"

    def preamble(self, prelude: str, texts: Iterable[str] | None = None) -> str:
        return tactics.preamble(prelude, texts)

    def without_tactics(self, proof: str) -> str:
        starts = [sentence.start for sentence in split(proof) if not sentence.text.startswith("Ltac ")]
        return proof[starts[0] :] if starts else proof

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
            yield own_names.self_contained(elaboration, proof, lemmas, known, preamble, own_functions=own)
