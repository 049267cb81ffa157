"""Where a statement of a file begins and where its proof ends, read from the file's sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from verifiers.audit.rocq.lint import STATEMENTS
from verifiers.audit.rocq.sentences import Sentence, normal_text

MARKS = r"(?:# ?\[[^\]]*\] ?)*(?:(?:Local|Global|Polymorphic|Monomorphic|Program) )*"
"""What may stand before the first word of a sentence."""

NAME = r"[^\W\d][\w']*"

_STATEMENT = re.compile(rf"{MARKS}(?:{'|'.join(sorted(STATEMENTS))}) ({NAME})")
_BINDS = re.compile(r'"[^"]*"|:=|[()\[\]{}]|(?<![\w\'.])(?:let fix|let cofix|let|fix|cofix)(?![\w\'])')
_BEGINS = re.compile(r"Proof(?: (?:using|with)\b.*)?\.$")
_TERM = re.compile(r"Proof (?!using\b|with\b|Mode\b)")
_ENDS = re.compile(r"(?:Time )?(Qed|Defined|Admitted|Abort|Save)\b")


class Proof(NamedTuple):
    """What stands behind a statement; offsets are in characters of the file."""

    body: int
    """Where it begins: behind `Proof.`, or behind the statement where there is none."""
    end: int
    ending: str
    """The word that ends it, or `Term` or `Body` where it is given as a term; empty if nothing ends it."""
    text: str
    has_proof_sentence: bool
    next: int
    """The index of the sentence behind it."""


def name_stated(sentence: str) -> str | None:
    """The name that a sentence in normal form states something under, if it is a statement."""
    found = _STATEMENT.match(sentence)
    return found[1] if found is not None else None


def proof_behind(file: str, sentences: Sequence[Sentence], first: int) -> Proof:
    """The proof whose first sentence has this index."""
    begins = sentences[first - 1].end
    body, spoken = begins, False
    for at in range(first, len(sentences)):
        sentence = sentences[at]
        text = normal_text(sentence.text)
        if _BEGINS.match(text):
            body, spoken = sentence.end, True
        ended = _ENDS.match(text)
        if ended is not None:
            inside = file[body : sentence.start]
            return Proof(body, sentence.end, ended[1], inside, spoken, at + 1)
        if at == first and _TERM.match(text):
            return Proof(begins, sentence.end, "Term", "", spoken, at + 1)
        if name_stated(text) is not None:
            break
    else:
        at = len(sentences)
    end = sentences[at - 1].end
    return Proof(body, end, "", file[body:end], spoken, at)


def has_body(statement: str) -> bool:
    """Whether a statement gives its proof itself, as a term behind `:=`."""
    depth = binders = 0
    for found in _BINDS.finditer(statement):
        word = found[0]
        if word in ("(", "[", "{"):
            depth += 1
        elif word in (")", "]", "}"):
            depth -= 1
        elif depth:
            continue
        elif word == ":=" and not binders:
            return True
        elif word == ":=":
            binders -= 1
        elif word[0] != '"':
            binders += 1
    return False
