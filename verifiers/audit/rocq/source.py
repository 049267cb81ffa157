"""How a statement and a candidate become source files: pure text, no prover.

Invariant: a statement is one sentence of the problem's, and what is put around a candidate's text is that sentence.

Layer: frozen statement and candidate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from domain import Lemma
from verifiers.audit.refusals import Malformed, Unterminated
from verifiers.audit.rocq.lint import DECLARATIONS, STATEMENTS, refuse_statement
from verifiers.audit.rocq.sentences import identifiers, normal_text, split

_NAME = re.compile(rf"(?:{'|'.join(sorted(STATEMENTS))})\s+([^\W\d][\w']*)")
_WORD = re.compile(r"[^\W\d][\w']*")
_CONSTRUCTOR = re.compile(r"(?:\||:=) ?([^\W\d][\w']*)")


class FrozenStatement(NamedTuple):
    """A frozen statement: `text` is its sentence, `proposition` the closed formula that it claims."""

    name: str
    proposition: str
    text: str


class Surrounded(NamedTuple):
    """A candidate's text with what is put before and after it."""

    before: str
    text: str
    after: str


@lru_cache(maxsize=4096)
def parse_statement(text: str) -> FrozenStatement:
    """The statement of a `formal_statement`. Raises `Malformed` unless it is one theorem-like sentence."""
    refused = refuse_statement(text)
    if refused:
        raise Malformed(f"the statement holds {refused}")
    sentences = split(text)
    if len(sentences) != 1:
        raise Malformed(f"a statement is one sentence, this text has {len(sentences)}")
    sentence = normal_text(sentences[0].text)
    found = _NAME.match(sentence)
    if found is None:
        raise Malformed(f"a statement begins with {', '.join(sorted(STATEMENTS))} and a name")
    if not sentence.endswith("."):
        sentence += "."
    colon = _colon(sentence, found.end())
    binders = sentence[found.end() : colon].strip()
    proposition = sentence[colon + 1 : -1].strip()
    if not proposition or binders.startswith("@"):
        raise Malformed("a statement has the form `Theorem NAME BINDERS : PROPOSITION.`")
    return FrozenStatement(found.group(1), f"forall {binders}, {proposition}" if binders else proposition, sentence)


def _colon(sentence: str, start: int) -> int:
    """The colon between binders and proposition: the first outside brackets and strings."""
    depth, quoted = 0, False
    for at in range(start, len(sentence)):
        character = sentence[at]
        if character == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == ":" and depth == 0 and sentence[at : at + 2] != ":=":
            return at
    raise Malformed("a statement has a colon before its proposition")


def surround(statement: FrozenStatement, proof: str) -> Surrounded:
    """A candidate's text, completed to a theorem when it is only a tactic block. Raises `Unterminated`."""
    sentences = [normal_text(one.text) for one in split(proof)]
    if any((found := _WORD.match(one)) and found.group() in DECLARATIONS for one in sentences):
        return Surrounded("", proof, "")
    begun = bool(sentences) and re.match(r"Proof\b", sentences[0]) is not None
    ended = bool(sentences) and sentences[-1] in {"Qed.", "Defined."}
    before = statement.text + "\n" + ("" if begun else "Proof.\n")
    return Surrounded(before, proof, "" if ended else "\nQed.")


def without_header(proof: str, header: str) -> str:
    """A candidate that repeats the problem's header first, with that part blanked out; others as they are."""
    try:
        given = _normal_sentences(header)
        offered = split(proof)
    except Unterminated:
        return proof
    if not given or len(offered) < len(given) or [normal_text(one.text) for one in offered[: len(given)]] != given:
        return proof
    end = offered[len(given) - 1].end
    return re.sub(r"[^\n]", " ", proof[:end]) + proof[end:]


@lru_cache(maxsize=64)
def _normal_sentences(text: str) -> list[str]:
    return [normal_text(one.text) for one in split(text)]


def declared_names(text: str) -> list[str]:
    """The names that the declarations of a text introduce first, in order, and those of plain constructors."""
    names: list[str] = []
    for sentence in split(text):
        found = identifiers(sentence.text)
        if len(found) > 1 and found[0].text in DECLARATIONS:
            names.append(found[1].text)
            if found[0].text == "Inductive" and all(one.text != "match" for one in found):
                names += _CONSTRUCTOR.findall(normal_text(sentence.text))
    return names


def named_lemmas(lemmas: Sequence[Lemma], *texts: str) -> tuple[Lemma, ...]:
    """Those lemmas that a text names, and those that their proofs name in turn, in the given order."""
    if not lemmas:
        return ()
    by_name = {lemma.canonical_name: lemma for lemma in lemmas}
    wanted: set[str] = set()
    waiting = list(texts)
    while waiting:
        for name in (_names_in(waiting.pop()) & by_name.keys()) - wanted:
            wanted.add(name)
            waiting.append(by_name[name].proof)
    return tuple(lemma for lemma in lemmas if lemma.canonical_name in wanted)


@lru_cache(maxsize=256)
def _names_in(text: str) -> frozenset[str]:
    return frozenset(one.text for one in identifiers(text))


def lemma_sentence(lemma: Lemma) -> str:
    """The lemma with its proof in canonical names."""
    return f"Lemma {lemma.canonical_name} : {lemma.statement_exact}.\nProof.\n{lemma.proof.strip()}\nQed."
