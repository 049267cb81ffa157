"""From canonical names back to a problem's own: what was proved about content becomes a text about one file.

Invariant: the theorem that a text of `self_contained` proves is the problem's formal statement, word for word. What
stands before it is in the problem's own names where the problem has them, and in canonical names otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from domain import Const, Definition, Elaboration, Lemma, Problem, Term
from term_algebra import rename_constants
from verifiers.audit.rocq.sentences import identifiers, split
from verifiers.canonical import Group, canonical_header, in_order, reached
from verifiers.rocq.canonical import source
from verifiers.rocq.headers import read_statement
from verifiers.rocq.terms import PLAIN, is_canonical, render

GOAL = "goal"
"""The name of the theorem in a canonical problem."""

_INTRODUCED = re.compile(r"(?:^Ltac|\bwith)\s+([\w']+)(?:\s+[\w']+)*\s*:=")
"""The names that a sentence like `Ltac NAME PARAMETERS := … with NAME PARAMETERS := ….` introduces."""

_REVERT_ALL = "repeat match goal with H : _ |- _ => revert H end."


def canonical_problem(elaboration: Elaboration, definitions: Iterable[Definition]) -> Problem:
    """The problem over all `definitions` of a run (those of problems with this prelude), named by content."""
    header = canonical_header(elaboration.prelude, [*definitions, *elaboration.definitions])
    statement = f"Theorem {GOAL} : {elaboration.statement_exact}."
    return replace(elaboration.problem, header=header, formal_statement=statement)


def to_own_names(text: str, elaboration: Elaboration) -> str:
    """A proof's text with the problem's own names in place of canonical ones.

    A name of the library that the problem's header shadows is qualified where it stands behind `@` or can be nothing
    but a term: elsewhere it may be a tactic.
    """
    parts: list[str] = []
    at = 0
    for name in identifiers(text):
        own = elaboration.own_names.get(name.text)
        explicit = text.startswith("@", max(name.start - 1, 0)) or name.text in PLAIN
        if own is not None and (explicit or is_canonical(name.text)):
            parts += [text[at : name.start], own]
            at = name.end
    return "".join([*parts, text[at:]])


def own_lemma(lemma: Lemma, elaboration: Elaboration) -> str:
    """The lemma with its proof in the problem's own names."""
    statement = _own_statement(lemma.term, lemma.statement_exact, elaboration.own_names)
    proof = to_own_names(lemma.proof.strip(), elaboration)
    return f"Lemma {lemma.canonical_name} : {statement}.\nProof.\n{proof}\nQed."


def _own_statement(term: Term, exact: str, own_names: Mapping[str, str]) -> str:
    if isinstance(term, Const):  # the author's own words, see `elaboration`
        return exact
    return render(rename_constants(term, own_names))


def own_source(definition: Definition, elaboration: Elaboration) -> str:
    """The sentence that introduces a definition which the problem lacks, over those that it has."""
    group = Group(definition.datatypes, definition.functions)
    kept = {name: name for name in group.names}
    group = group.map(lambda term: rename_constants(term, {**elaboration.own_names, **kept}), kept)
    return source(group.datatypes, group.functions)


def needed_lemmas(proof: str, lemmas: Sequence[Lemma]) -> list[Lemma]:
    """The lemmas that a proof names, and those that their proofs name, in the order given (that of dependency)."""
    by_name = {lemma.canonical_name: lemma for lemma in lemmas}
    by_name |= {lemma.id: lemma for lemma in lemmas}
    found: set[str] = set()
    waiting = _mentioned(proof)
    while waiting:
        lemma = by_name.get(waiting.pop())
        if lemma is not None and lemma.id not in found:
            found.add(lemma.id)
            waiting += [*_mentioned(lemma.proof), *lemma.uses]
    return [lemma for lemma in lemmas if lemma.id in found]


def _mentioned(text: str) -> list[str]:
    return [name.text for name in identifiers(text)]


def self_contained(
    elaboration: Elaboration,
    proof: str,
    lemmas: Sequence[Lemma] = (),
    definitions: Iterable[Definition] = (),
    preamble: str = "",
    *,
    own_functions: bool = True,
) -> str:
    """A candidate for the problem as its author wrote it.

    Args:
        elaboration: The problem.
        proof: A tactic block in canonical names that proves `statement_exact`.
        lemmas: Lemmas that it may use, in dependency order; only those that are named, directly or not, are written.
        definitions: Definitions of the run; those that the written lemmas reach and the problem lacks are written.
        preamble: Tactic definitions, of which those are written that a proof needs; imports of it always are.
        own_functions: False writes functions again under their canonical names, in front, and proves the statement
            about those, to which the author's are convertible. Canonical bodies have helpers inlined, so tactics that
            look at what a function computes may only work there.

    Returns:
        The tactics, missing definitions, lemmas with proofs, and the theorem with its proof.
    """
    used = needed_lemmas(proof, lemmas)
    known = [*definitions, *elaboration.definitions]
    wanted = {one for lemma in used for one in (*lemma.definition_ids, *reached(known, lemma.term))}
    if not own_functions:
        elaboration = _with_datatypes_only(elaboration)
        wanted |= set(elaboration.reached)
    own = {definition.id for definition in elaboration.definitions}
    missing = [d for d in in_order(known) if d.id in wanted - own]
    parts: list[str] = []
    tactics = needed_tactics(preamble, [proof, *[lemma.proof for lemma in used]])
    parts += [tactics] if tactics else []
    statement = read_statement(elaboration.problem)
    parts += [statement.before] if statement.before else []
    parts += [own_source(definition, elaboration) for definition in missing]
    parts += [own_lemma(lemma, elaboration) for lemma in used]
    goal = _own_statement(elaboration.statement, elaboration.statement_exact, elaboration.own_names)
    lines = [
        statement.sentence,
        "Proof.",
        *([_REVERT_ALL] if statement.has_binders else []),
        f"change ({goal}).",
        to_own_names(proof.strip(), elaboration),
        "Qed.",
    ]
    return "\n".join([*parts, *lines]) + "\n"


def _with_datatypes_only(elaboration: Elaboration) -> Elaboration:
    """The problem as if its header defined no functions."""
    functions = {name for one in elaboration.definitions if one.kind == "function" for name in one.names}
    return replace(
        elaboration,
        definitions=tuple(one for one in elaboration.definitions if one.kind == "datatype"),
        own_names={name: own for name, own in elaboration.own_names.items() if name not in functions},
    )


def needed_tactics(preamble: str, proofs: Sequence[str]) -> str:
    """The imports of a preamble and those of its tactics that proofs call, directly or through others, in its order."""
    sentences = _sentences(preamble)
    introduced = [set(_INTRODUCED.findall(sentence)) for sentence in sentences]
    wanted = {at for at, names in enumerate(introduced) if not names}
    waiting = [*proofs, *[sentences[at] for at in wanted]]
    while waiting:
        mentioned = set(_mentioned(waiting.pop()))
        new = {at for at, names in enumerate(introduced) if names & mentioned} - wanted
        wanted |= new
        waiting += [sentences[at] for at in new]
    return "\n".join([sentences[at] for at in sorted(wanted)])


@lru_cache(maxsize=16)
def _sentences(preamble: str) -> tuple[str, ...]:
    return tuple(sentence.text for sentence in split(preamble))
