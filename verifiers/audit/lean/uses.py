"""What a proof is made of, read from the kernel's own term: library lemmas, and all global names.

Invariant: names come from what Lean prints of compiled constants, never from the candidate's text.

Layer: uses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from domain import is_canonical_lemma
from verifiers.audit import scratch
from verifiers.audit.lean.compiler import Compiler
from verifiers.audit.lean.layers import CANDIDATE_MODULE, Question, check_axioms, compile_candidate, lemmas_among
from verifiers.audit.lean.scan import scan
from verifiers.audit.lean.source import declared_names, lemma_axiom
from verifiers.audit.refusals import Unterminated

SHOW_ALL = (
    "set_option pp.all true",
    "set_option pp.deepTerms true",
    "set_option pp.maxSteps 1000000",
    "set_option format.width 100000",
)
"""What makes Lean print everything."""

_BINDERS = re.compile(r"[({\[⦃](?P<names>[^\s(){}\[\]⦃⦄:]+(?: [^\s(){}\[\]⦃⦄:]+)*) : |(?:let|have) (?P<local>\S+) : ")
_KEYWORDS = frozenset("theorem def fun let have forall Type Prop Sort max imax inductive structure axiom".split())  # noqa: SIM905


def lemmas_used(question: Question, compiler: Compiler, path: Sequence[Path]) -> tuple[str, ...]:
    """The library lemmas in the proof term, through the text's other constants but not through lemmas.

    The text is compiled once more with its lemmas as axioms: the axioms of the proof among them are what it uses.
    """
    folder = compiler.sandbox.make_folder(trusted=True)
    try:
        compile_candidate(question, compiler, path, folder, lemma_axiom)
        axioms = check_axioms(question, compiler, [*path, folder]).axioms
    finally:
        scratch.remove(folder)
    return lemmas_among(question, axioms)


def lemmas_in_text(question: Question, compiler: Compiler, path: Sequence[Path]) -> tuple[str, ...]:
    """The library lemmas that the text itself proves and that the proof term uses, not through one another.

    `path` has the compiled candidate. The text's other constants are looked through.
    """
    prefix = f"{question.header.namespace}." if question.header.namespace else ""
    own = {prefix + name for name in declared_names(question.candidate.proof)}
    lemmas = {name for name in own if is_canonical_lemma(name.removeprefix(prefix))}
    imports = f"{question.header.imports}import {CANDIDATE_MODULE}\n" + "".join(f"{line}\n" for line in SHOW_ALL)
    found: set[str] = set()
    seen = {question.name}
    frontier = [question.name] if lemmas else []
    while frontier:
        printed = ask(compiler, imports, [f"#print {name}" for name in frontier], path)
        names = set[str]().union(*map(names_printed, printed)) - seen
        seen |= names
        found |= names & lemmas
        frontier = sorted(name for name in names - lemmas if name in own or name.rpartition(".")[0] in own)
    return tuple(sorted(name.removeprefix(prefix) for name in found))


def ask(compiler: Compiler, header: str, queries: Sequence[str], path: Sequence[Path]) -> list[str]:
    """The answer to each query, in a file of their own; empty for one that Lean refuses."""
    if not queries:
        return []
    before = compiler.toolchain.header(header)
    first = before.count("\n") + 1
    text = before + "".join(f"{query}\n" for query in queries)
    compiled = compiler.compile("LemmaryQuery", text, path=path, options=("-DmaxErrors=0",))
    answers = [""] * len(queries)
    for one in compiled.said:
        if one.severity != "error" and first <= one.line < first + len(queries):
            answers[one.line - first] += one.text
    return answers


def names_printed(text: str) -> set[str]:
    """The words in a printed constant that are not variables bound in it."""
    bound = {name for found in _BINDERS.finditer(text) for name in (found["names"] or found["local"]).split()}
    try:
        words = {token.text for token in scan(text).tokens if token.kind == "word"}
    except Unterminated:
        return set()
    return {word for word in words if word.split(".")[0] not in bound and word not in _KEYWORDS}
