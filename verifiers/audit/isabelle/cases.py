"""A candidate made ready to be asked for: its five theories (see `theories`), or a verdict that needs no prover.

Invariant: only text that the scanner passed is put into a theory, and everything that judges it is under names, and
behind a nonce, that are drawn anew each time.

Layer: header, frozen statement, candidate.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from domain import Candidate, Message, Verdict
from verifiers.audit.isabelle import scan, theories
from verifiers.audit.isabelle.answers import Node
from verifiers.audit.isabelle.comparison import audit_body
from verifiers.audit.isabelle.theories import FrozenStatement, Header, Names, Placed
from verifiers.audit.refusals import Malformed

_SYMBOL = re.compile(r"\\<\^?[A-Za-z][A-Za-z0-9_']*>|.", re.DOTALL)
"""What Isabelle counts: `\\<forall>` is one of Isabelle's symbols, and so is every other character of a text."""


class Case(NamedTuple):
    """A candidate, its theories by name, and what is needed to read the answer."""

    candidate: Candidate
    header: Header
    statement: FrozenStatement
    placed: Placed
    names: Names
    nonce: str
    texts: dict[str, str]
    text_start: int
    """Where the candidate's text begins in theory C."""


def prepare(
    candidate: Candidate, access: Sequence[str], *, assumed: bool, prefix: bool = False, strict: bool = False
) -> Case | Verdict:
    """The theories of a candidate, or the verdict on one that needs no prover.

    `access` is how this server tells names (see `comparison.probes`). `assumed`: library lemmas come without
    their proofs. `prefix`: the text may stop anywhere, and the state after it is printed. `strict`: the audit theory
    fails unless all is well.
    """
    problem = candidate.problem
    try:
        header = theories.parse_header(problem.header)
        statement = theories.parse_statement(problem.formal_statement)
    except Malformed as error:
        return Verdict("error", "malformed", "none", (Message("error", str(error)),))
    try:
        placed = theories.place(candidate.proof, statement, header, prefix=prefix)
    except Malformed as error:
        return Verdict("rejected", "does_not_compile", "none", (Message("error", str(error)),))
    lemmas = theories.named_lemmas(candidate.lemmas, candidate.proof + candidate.preamble)
    parts = [candidate.preamble, placed.text, *(f"{one.statement_exact} {one.proof}" for one in lemmas)]
    refused = next((why for part in parts if (why := scan.refuse(part, prefix=prefix))), None)
    if refused:
        said = Message("error", f"not allowed: {refused}")
        return Verdict("rejected", "forbidden_construct", "none", (said,))
    token, nonce = secrets.token_hex(6), secrets.token_hex(16)
    names = Names(*(f"Lemmary_{letter}_{token}" for letter in "SRLCA"))
    before = f"{candidate.preamble}\n{placed.before}"
    after = "\nprint_state\noops" if prefix else ""
    allowed = problem.allowed_axioms if strict else None
    body = audit_body(names, statement.name, nonce, access, strict_oracles=allowed)
    texts = {
        names.header: theories.theory(names.header, header.imports, header.body),
        names.statement: theories.theory(names.statement, [names.header], theories.frozen(statement)),
        names.lemmas: theories.theory(names.lemmas, [names.header], theories.lemma_texts(lemmas, assumed=assumed)),
        names.candidate: theories.theory(names.candidate, [names.lemmas], before + placed.text + after),
        names.audit: theories.theory(names.audit, [names.candidate, names.statement], body),
    }
    start = theories.body_offset(names.candidate, [names.lemmas]) + len(before)
    return Case(candidate, header, statement, placed, names, nonce, texts, start)


def errors_of(case: Case, node: Node) -> tuple[Message, ...]:
    """The errors of theory C in the order of their places, which are counted in the candidate's own text.

    What lies before the text (our statement, say) has no place; what lies behind it lies behind the whole text.
    """
    theory = case.texts[case.names.candidate]
    length = len(case.placed.text)
    found: list[Message] = []
    for error in node.errors:
        if error.start < 1:
            found.append(Message("error", error.text))
            continue
        start = offset_of_symbol(theory, error.start) - case.text_start
        end = offset_of_symbol(theory, max(error.start, error.end)) - case.text_start
        if start >= length + 1:
            found.append(Message("error", error.text, len(case.candidate.proof) + 1, len(case.candidate.proof) + 1))
        elif start < 0:
            found.append(Message("error", error.text))
        else:
            offset = case.placed.offset
            found.append(Message("error", error.text, offset + start, offset + min(end, length)))
    return tuple(sorted(found, key=lambda message: message.start))


def offset_of_symbol(text: str, symbol: int) -> int:
    """The offset in characters of the `symbol`-th symbol, counted from 1; the length of the text if there are fewer."""
    for number, found in enumerate(_SYMBOL.finditer(text), start=1):
        if number == symbol:
            return found.start()
    return len(text)


def sessions_of(header: Header) -> tuple[str, ...]:
    """The sessions whose theories a header imports by their full names."""
    return tuple(sorted({name.partition(".")[0] for name in header.imports if "." in name}))


def groups(ready: Mapping[int, Case], size: int) -> Iterator[dict[int, Case]]:
    """Cases that can be asked for together: of the same sessions, and no more than `size`."""
    by_sessions: dict[tuple[str, ...], dict[int, Case]] = {}
    for number, case in ready.items():
        by_sessions.setdefault(sessions_of(case.header), {})[number] = case
    for cases in by_sessions.values():
        numbers = list(cases)
        for start in range(0, len(numbers), size):
            yield {number: cases[number] for number in numbers[start : start + size]}
