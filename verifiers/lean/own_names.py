"""From canonical names back to a Lean problem's own: what was proved about content becomes a text about one file.

Invariant: the theorem that a text of `self_contained` proves is the problem's formal statement, word for word. What
stands before it is in the problem's own names where the problem has them, and in canonical names otherwise.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from domain import Const, Definition, Elaboration, Lemma, Problem, Term
from term_algebra import rename_constants
from verifiers.audit.lean.lint import KEYWORDS, PREFIXES
from verifiers.canonical import Group, canonical_header, digest, in_order, reached
from verifiers.lean.canonical import WRITER
from verifiers.lean.equations import equations
from verifiers.lean.headers import read_statement
from verifiers.lean.reader import NAME
from verifiers.lean.terms import render

GOAL = "goal"
"""The name of the theorem in a canonical problem."""

_TOKEN = re.compile(rf'"(?:[^"\\]|\\.)*"|--[^\n]*|{NAME}')
_FULL = re.compile(r"(?:d[0-9a-f]{12})\.(?P<name>d[0-9a-f]{12}_\d+)")
_LISTED = re.compile(r"(?P<name>(?<=[\[ ])d[0-9a-f]{12})(?=[,\]])")
"""A definition in a list of what a tactic rewrites by."""

_CONSTRUCTOR = re.compile(r"d[0-9a-f]{12}_\d+")
_FIELD = re.compile(r"(?P<name>l[0-9a-f]{16})(?P<field>\..+)")
"""Something of what a lemma proves, as in `l….symm`."""


def canonical_problem(elaboration: Elaboration, definitions: Iterable[Definition]) -> Problem:
    """The problem over all `definitions` of a run (those of problems with this prelude), named by content."""
    header = canonical_header(elaboration.prelude, [*definitions, *elaboration.definitions])
    statement = f"theorem {GOAL} : {elaboration.statement_exact}"
    return replace(elaboration.problem, header=header, formal_statement=statement)


def to_own_names(text: str, elaboration: Elaboration) -> str:
    """A proof's text with the problem's own names in place of canonical ones."""
    return renamed(text, elaboration.own_names)


def renamed(text: str, table: Mapping[str, str]) -> str:
    """A text with other names in place of canonical ones.

    A constructor alone (`| d…_1 =>` in an induction) becomes the last part of its name, in quotation marks where that
    is a word that no candidate may have (`stop` is a tactic too, and what begins like `register_` a command).
    """

    def own(found: re.Match[str]) -> str:
        token = found.group()
        if full := _FULL.fullmatch(token):
            return table.get(full["name"], token)
        if field := _FIELD.fullmatch(token):
            return table.get(field["name"], field["name"]) + field["field"]
        known = table.get(token)
        if known is None:
            return token
        if not _CONSTRUCTOR.fullmatch(token):
            return known
        last = known.rpartition(".")[2]
        return f"«{last}»" if last in KEYWORDS or last.startswith(PREFIXES) else last

    return _TOKEN.sub(own, text)


def mentioned(text: str) -> set[str]:
    """The names that a text mentions, constructors without their types."""
    found = {token for one in identifiers(text) for token in (one, one.partition(".")[0])}
    return found | {full["name"] for one in found if (full := _FULL.fullmatch(one))}


def identifiers(text: str) -> list[str]:
    """The names in a text, outside strings and comments of one line."""
    return [one.group() for one in _TOKEN.finditer(text) if not one.group().startswith(('"', "--"))]


def needed_lemmas(proof: str, lemmas: Sequence[Lemma]) -> list[Lemma]:
    """The lemmas that a proof names, and those that their proofs name, in the order given (that of dependency)."""
    by_name = {lemma.canonical_name: lemma for lemma in lemmas} | {lemma.id: lemma for lemma in lemmas}
    found: set[str] = set()
    waiting = identifiers(proof)
    while waiting:
        lemma = by_name.get(waiting.pop())
        if lemma is not None and lemma.id not in found:
            found.add(lemma.id)
            waiting += [*identifiers(lemma.proof), *lemma.uses]
    return [lemma for lemma in lemmas if lemma.id in found]


def own_lemma(lemma: Lemma, elaboration: Elaboration) -> str:
    """The lemma with its proof in the problem's own names."""
    statement = _own_statement(lemma.term, lemma.statement_exact, elaboration)
    return f"theorem {lemma.canonical_name} : {statement} := by\n{_block(lemma.proof, elaboration)}"


def _own_statement(term: Term, exact: str, elaboration: Elaboration) -> str:
    if isinstance(term, Const):  # the author's own words, see `elaboration`
        return exact
    return render(rename_constants(term, elaboration.own_names))


def _block(proof: str, elaboration: Elaboration) -> str:
    return textwrap.indent(textwrap.dedent(to_own_names(proof.strip("\n"), elaboration)), "  ")


def own_source(definition: Definition, elaboration: Elaboration) -> str:
    """The command that introduces a definition which the problem lacks, over those that it has."""
    group = Group(definition.datatypes, definition.functions)
    kept = {name: name for name in group.names}
    group = group.map(lambda term: rename_constants(term, {**elaboration.own_names, **kept}), kept)
    return WRITER.source(group.datatypes, group.functions)


def self_contained(
    elaboration: Elaboration,
    proof: str,
    lemmas: Sequence[Lemma] = (),
    definitions: Iterable[Definition] = (),
    *,
    own_functions: bool = True,
    by_equations: bool = False,
    aside: bool = False,
) -> str:
    """A candidate for the problem as its author wrote it.

    Args:
        elaboration: The problem.
        proof: A tactic block in canonical names that proves `statement_exact`.
        lemmas: Lemmas that it may use, in dependency order; only those that are named, directly or not, are written.
        definitions: Definitions of the run; those that the written lemmas reach and the problem lacks are written.
        own_functions: False writes functions again under their canonical names, in front, and proves the statement
            about those, to which the author's are convertible.
        by_equations: True states the equations of the author's functions without his signs, and has tactics rewrite by
            these in place of the functions: for headers with instances, whose signs Lean would bring in.
        aside: True proves the statement as a theorem of its own first and applies that: for statements whose
            variables cannot be told from their text.

    Returns:
        Missing definitions, lemmas with proofs, and the theorem with its proof.
    """
    used = needed_lemmas(proof, lemmas)
    known = [*definitions, *elaboration.definitions]
    wanted = {one for lemma in used for one in (*lemma.definition_ids, *reached(known, lemma.term))}
    if not own_functions:
        elaboration = _with_datatypes_only(elaboration)
        wanted |= set(elaboration.reached)
    own = {definition.id for definition in elaboration.definitions}
    missing = [one for one in in_order(known) if one.id in wanted - own and one.source]
    statement = read_statement(elaboration.problem)
    goal = _own_statement(elaboration.statement, elaboration.statement_exact, elaboration)
    stated: list[str] = []
    if by_equations:
        equal = _equations(elaboration, "\n".join([proof, *[lemma.proof for lemma in used]]))
        proof = _with_equations(proof, equal)
        used = [replace(lemma, proof=_with_equations(lemma.proof, equal)) for lemma in used]
        stated = [
            f"theorem {name} : {text} := by\n  intros\n  rfl"
            for named in equal.values()
            for name, text in named.items()
        ]
    block = _block(proof, elaboration)
    if aside:
        name = f"{GOAL}_{digest(goal)[:12]}"
        theorem = [f"theorem {name} : {goal} := by", block, "", f"{statement.sentence} := by", f"  apply {name}"]
        theorem += ["  all_goals assumption"] if "→" in goal else []
    else:
        revert = [f"  revert {' '.join(statement.bound)}"] if statement.bound else []
        theorem = [f"{statement.sentence} := by", *revert, f"  change {goal}", block]
    parts = [own_source(definition, elaboration) for definition in missing]
    parts += [*stated, *[own_lemma(lemma, elaboration) for lemma in used]]
    return "\n\n".join([*parts, "\n".join(theorem)]) + "\n"


def _equations(elaboration: Elaboration, text: str) -> dict[str, dict[str, str]]:
    """For each of the problem's functions that a text rewrites by: the names and statements of its equations."""
    datatypes = {datatype.name: datatype for one in elaboration.definitions for datatype in one.datatypes}
    listed = {found["name"] for found in _LISTED.finditer(text)}
    functions = [one for definition in elaboration.definitions for one in definition.functions if one.name in listed]
    return {
        one.name: {
            f"eq_{one.name}_{number}": render(rename_constants(equation, elaboration.own_names))
            for number, equation in enumerate(equations(one, datatypes), start=1)
        }
        for one in functions
    }


def _with_equations(proof: str, equal: Mapping[str, Mapping[str, str]]) -> str:
    """A proof that simplifies by equations, before and after the arguments, so that no law of its comes before them."""

    def listed(found: re.Match[str]) -> str:
        names = equal.get(found["name"])
        return found["name"] if names is None else ", ".join(f"↓ {name}, {name}" for name in names)

    return _LISTED.sub(listed, proof)


def _with_datatypes_only(elaboration: Elaboration) -> Elaboration:
    """The problem as if its header defined no functions."""
    functions = {name for one in elaboration.definitions if one.kind == "function" for name in one.names}
    return replace(
        elaboration,
        definitions=tuple(one for one in elaboration.definitions if one.kind == "datatype"),
        own_names={name: own for name, own in elaboration.own_names.items() if name not in functions},
    )
