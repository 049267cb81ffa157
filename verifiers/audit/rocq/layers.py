"""The steps of an audit: each lints, compiles or compares one thing, and either holds or raises `Rejection`.

Nothing here knows of batches, folders that are kept, or trust: that is `auditor`'s.

Layer: candidate to one file.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from domain import Candidate, Lemma, Message
from verifiers.audit.refusals import Malformed, Rejection, Unterminated
from verifiers.audit.rocq.headers import Part
from verifiers.audit.rocq.lint import refuse, refuse_block, refuse_preamble
from verifiers.audit.rocq.processes import WIDE, Work, failure
from verifiers.audit.rocq.source import (
    FrozenStatement,
    declared_names,
    lemma_sentence,
    named_lemmas,
    parse_statement,
    surround,
    without_header,
)
from verifiers.audit.rocq.uses import lemmas_used
from verifiers.audit.rocq.version import Context, assumptions, classical_name, has_safe_flags

ALLOWED_AXIOMS = frozenset(
    {
        "Coq.Logic.Classical_Prop.classic",
        "Coq.Reals.ClassicalDedekindReals.sig_forall_dec",
        "Coq.Reals.ClassicalDedekindReals.sig_not_dec",
        "Coq.Logic.FunctionalExtensionality.functional_extensionality_dep",
    }
)
"""Kernel names of the axioms that every proof may use: those on which the standard library's real numbers rest."""

OWN = re.compile(r"(?:Candidate|Checker)(?:_\d+)?\.")
"""How the names begin of what a candidate's text or our checking module declares."""


class Assumed(NamedTuple):
    """What the checking process says: names as printed (shortest form), and the library lemmas in the proof term."""

    axioms: tuple[str, ...]
    uses: tuple[str, ...]


class Compiled(NamedTuple):
    """A candidate whose text and checking module have been compiled."""

    statement: FrozenStatement
    lemmas: tuple[Lemma, ...]
    assumed: Assumed


def allowed_axioms(found: Sequence[str], context: Context, more: Sequence[str]) -> tuple[str, ...]:
    """The full names of the axioms in `found`, which are as printed. Raises `Rejection` if one is not allowed."""
    own = sorted(name for name in context.axioms if OWN.match(name))
    if own:
        raise Rejection("axiom", Message("error", f"the text itself declares {', '.join(own)}"))
    allowed = ALLOWED_AXIOMS | {classical_name(name) for name in more}
    full_names: set[str] = set()
    for name in found:
        named = {one for one in context.axioms if one == name or one.endswith(f".{name}")}
        refused = {one for one in named if classical_name(one) not in allowed and not one.startswith("Header.")}
        if refused or not named:
            said = f"the proof rests on {', '.join(sorted(refused)) or name}, which `allowed_axioms` does not name"
            raise Rejection("axiom", Message("error", said))
        full_names |= named
    return tuple(sorted(full_names))


def refuse_candidate(candidate: Candidate) -> str | None:
    """Why the lint refuses a candidate's texts, those of the lemmas that it names among them, or None."""
    header = candidate.problem.header
    refused = refuse_preamble(candidate.preamble) or refuse(without_header(candidate.proof, header), header)
    if refused or not candidate.lemmas:
        return refused
    for lemma in named_lemmas(candidate.lemmas, candidate.proof, candidate.preamble):
        refused = refuse_block(lemma.proof) or refuse_exact(lemma.statement_exact)
        if refused:
            return f"in the lemma {lemma.canonical_name}, {refused}"
    return None


def refuse_exact(statement: str) -> str | None:
    """Why a lemma's statement is refused: it is not exactly one."""
    try:
        parse_statement(f"Lemma one : {statement}.")
    except (Malformed, Unterminated) as error:
        return str(error)
    return None


def compile_candidate(
    candidate: Candidate,
    statement: FrozenStatement,
    parts: Sequence[Part],
    lemmas: Sequence[Lemma],
    work: Work,
    into: Path,
) -> list[str]:
    """Compile `Candidate.Text`; the names that it declares."""
    placed = surround(statement, without_header(candidate.proof, candidate.problem.header))
    spoken = [part.spoken for part in parts]
    before = "\n".join([*spoken, candidate.preamble, *map(lemma_sentence, lemmas), placed.before])
    finished = work.compile(work.candidate, "Text", f"{before}\n{placed.text}{placed.after}\n", into)
    if not finished.ok:
        raise failure(finished, f"{before}\n{placed.text}", "", skip=len(before) + 1)
    return declared_names(placed.before + placed.text)


def compile_as_one(candidate: Candidate, compiled: Compiled, work: Work) -> None:
    """Compile header, statement and text in one file, with the text's theorem as a proof of that statement.

    A header that is read otherwise in modules of its own is found by this, and a text that uses the modules' names, or
    declares what the header has declared.
    """
    placed = surround(compiled.statement, without_header(candidate.proof, candidate.problem.header))
    mark = secrets.token_hex(16)  # so that no text can speak of it
    lines = [
        candidate.problem.header,
        f"Definition claim_{mark} : Prop := {compiled.statement.proposition}.",
        candidate.preamble,
        *map(lemma_sentence, compiled.lemmas),
        placed.before,
        placed.text + placed.after,
        f"Definition check_{mark} : claim_{mark} := @{compiled.statement.name}.",
    ]
    finished = work.ask("\n".join([*lines, ""]))
    if not finished.ok:
        raise failure(finished, "", "in one file with its header")


def check_statement(
    statement: FrozenStatement,
    number: int,
    work: Work,
    into: Path,
    names: Sequence[str],
    lemmas: frozenset[str],
) -> Assumed:
    """Compile the checking module and read what it prints between random marks."""
    mark = secrets.token_hex(16)
    marks = [f'Goal True. idtac "{mark} {number}". Abort.' for number in range(4)]
    lines = [
        "Require Frozen.Statement.",
        f"Definition frozen : Prop := Frozen.Statement.Frozen_{number}.S.",
        f"Require {work.candidate}.Text.",
        WIDE + marks[0],
        "Print Typing Flags.",
        marks[1],
        f"Definition check : frozen := @{work.candidate}.Text.{statement.name}.",
        marks[2],
        "Print Assumptions check.",
        marks[3],
    ]
    finished = work.compile(work.checker, "Check", "\n".join([*lines, ""]), into)
    said = re.split(rf"^{mark} \d\n", finished.output, flags=re.MULTILINE)
    if len(said) < 3:
        raise failure(finished, "", "the checking module")
    if not has_safe_flags(said[1]):
        raise Rejection("typing_flag", Message("error", f"the text changes typing flags: {said[1].strip()}"))
    if len(said) < 4:
        if finished.stopped:
            raise failure(finished, "", "the comparison of statements")
        about = said[2].partition("Error:")[2].strip() or said[2].strip()
        if about.startswith(f"The reference {work.candidate}.Text.{statement.name} was not found"):
            raise Rejection("wrong_statement", Message("error", f"the text proves nothing called {statement.name}"))
        raise Rejection(
            "wrong_statement", Message("error", f"{statement.name} is not a proof of the statement: {about}")
        )
    if len(said) < 5 or not finished.ok:
        raise failure(finished, "", "the list of axioms")
    others = lemmas - {statement.name}
    return Assumed(assumptions(said[3]), lemmas_used(statement.name, names, others, work) if others else ())
