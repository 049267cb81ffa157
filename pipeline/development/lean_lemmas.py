"""Lemmas that a run proved, in the words of the user's Lean file.

Invariant: each text is a theorem that Lean accepts above the problem's statement, behind those before it, and rests on
no axiom of the file, of which a `sorry` is one there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from domain import Candidate, Definition, Elaboration, Forall, Lemma, Problem, Sort, Term, Verdict
from pipeline.development.own_file import OwnFile
from term_algebra.display import Display
from term_algebra.naming import statement_name
from verifiers.audit.lean.headers import declared, parse_header
from verifiers.audit.lean.toolchain import LeanSettings
from verifiers.export import free_name
from verifiers.lean.own_names import own_lemma, renamed
from verifiers.lean.plainer import plainer
from verifiers.lean.prompt_language import LeanPrompts
from verifiers.lean.verifier import LeanVerifier


def lemmas(own: OwnFile, problem: Problem, found: Sequence[Lemma]) -> list[str]:
    """Those of the lemmas that Lean proves in the file, given each after those that it uses."""
    verifier = LeanVerifier(LeanSettings.from_environment())
    try:
        (read,) = verifier.elaborate([problem])
        return [] if isinstance(read, Verdict) else list(_texts(own, read, found, verifier).values())
    finally:
        verifier.close()


def _texts(own: OwnFile, read: Elaboration, found: Sequence[Lemma], verifier: LeanVerifier) -> dict[str, str]:
    """The texts of those lemmas that Lean accepts, by their ids."""
    taken = {part for _, name in declared(own.text) for part in (name, name.rpartition(".")[2])}
    called = {name: other.rpartition(".")[2] for name, other in read.own_names.items()}
    types = Display(_own(read)).type_arguments
    names = {one.id: free_name(statement_name(one.term, called, types), taken) for one in found}
    table = {one.canonical_name: names[one.id] for one in found}
    assumed = parse_header(read.problem.header).axioms
    texts: dict[str, str] = {}
    for one in found:
        if not assumed.isdisjoint(one.axioms) or not texts.keys() >= set(one.uses):
            continue
        exact = renamed(own_lemma(one, read), table)
        stated = replace(read.problem, name=names[one.id], formal_statement=exact.partition(" := by\n")[0])

        def works(text: str, stated: Problem = stated) -> bool:
            candidate = Candidate(stated, "\n\n".join([*texts.values(), text]))
            return verifier.check([candidate])[0].trust == "elaborated"

        def counts(text: str, stated: Problem = stated) -> bool:
            """What a warm check accepts may rest on the file's axioms, by tactics that look for what fits."""
            (verdict,) = verifier.audit([Candidate(stated, "\n\n".join([*texts.values(), text]))])
            return verdict.accepted and assumed.isdisjoint(verdict.axioms)

        for text in (_readable(names[one.id], one.term, exact, read), exact):
            forms = (plainer(text, works), text) if works(text) else ()
            told = next((said for said in dict.fromkeys(forms) if counts(said)), None)
            if told is not None:
                texts[one.id] = told
                break
    return texts


def _own(read: Elaboration) -> list[Definition]:
    """The definitions, readable by their names in the file."""
    return [replace(d, readable=tuple([read.own_names.get(name, name) for name in d.names])) for d in read.definitions]


def _readable(name: str, term: Term, exact: str, read: Elaboration) -> str:
    """A lemma as one writes it: variables before the colon, signs, and no arguments that Lean finds by itself."""
    prompts, definitions = LeanPrompts(), _own(read)
    bound: list[str] = []
    binders = ""
    while isinstance(term, Forall) and term.name != "_":
        bound.append(term.name)
        begin, end = "{}" if isinstance(term.type, Sort) else "()"
        binders += f" {begin}{term.name} : {prompts.display(definitions, term.type)}{end}"
        term = term.body
    proof = exact.partition(" := by\n")[2]
    rest = re.sub(rf"\A  intro {' '.join(bound)}\n", "", proof)
    if rest == proof and bound:
        rest = f"  revert {' '.join(bound)}\n{proof}"
    return f"theorem {name}{binders} : {prompts.display(definitions, term)} := by\n{rest}"
