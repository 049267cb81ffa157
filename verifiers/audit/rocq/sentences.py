"""Rocq text cut into sentences and identifiers, without a prover.

Invariant: what `split` calls one sentence is what the prover reads as one sentence, whatever comments and strings it
contains; text that the prover's lexer would refuse (a comment or string without an end) raises `Unterminated`.

Layer: lint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple, cast

from verifiers.audit.refusals import Unterminated


class Sentence(NamedTuple):
    """One sentence with its final full stop, or a bullet or brace; offsets are in characters of the whole text."""

    text: str
    start: int
    end: int


class Identifier(NamedTuple):
    """A maximal (perhaps qualified) name, for example `x'` or `Nat.add`."""

    text: str
    start: int
    end: int


class Opening(NamedTuple):
    """What a sentence opens that an `End` closes."""

    kind: Literal["Section", "Module", "Module Type"]
    name: str
    has_parameters: bool
    """Whether it is a functor: a module, or a module type, of other modules."""


KEPT_LENGTH = 65_536
"""Characters of the longest text of which the sentences are remembered."""

_BULLET = re.compile(r"-+|\++|\*+|\}|(?:(?:\d+|\[[^\W\d][\w']*\]|all|!)\s*:\s*)?\{(?!\|)")
_NAME = r"(?:[^\W\d]|_)[\w']*"
_NUMBER = r"0[xX][\da-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][-+]?\d[\d_]*)?"
"""As the prover's lexer has it: a name may follow without a blank, as in `do 1idtac`."""
_WORDS = re.compile(rf"(?P<name>{_NAME}(?:\.{_NAME})*)|{_NUMBER}")
_WORDS_OR_HIDING = re.compile(rf'{_WORDS.pattern}|(?P<comment>\(\*)|(?P<string>")')
_HIDING = re.compile(r'\(\*|"')
_STOPS = re.compile(r"\.+")
_PLAIN = re.compile(rf'(?:{_NAME}(?:\.{_NAME})*|{_NUMBER}|[^\w."(]+|\((?!\*))+')
"""A run of pieces that end no sentence and hide nothing. Nothing follows it in the pattern, so it never gives back and
its time is linear. (Possessive quantifiers say so too, but Python 3.11.2, which Debian 12 has, gets them wrong.)"""
_BLANKS = re.compile(r"\s+")
_CONTROL = re.compile(r'(?:(?:Time|Instructions|Timeout \d+|Redirect "[^"]*") )+')
_OPENING = re.compile(
    r"(?:# ?\[[^\]]*\] ?)*(Section|Module Type|Module)(?: (?:Import|Export))? ([^\W\d][\w']*)(.*)\.$", re.DOTALL
)
_CONSTRAINT = re.compile(r"\bwith (?:Definition|Module) [^:]*:=")
"""In the type of a module: it gives no body to the module itself."""


def _skip_string(text: str, start: int) -> int:
    """The offset after the string that begins at `start`; a doubled quote inside stands for one."""
    at = start + 1
    while True:
        at = text.find('"', at)
        if at < 0:
            raise Unterminated(f"the string that begins at character {start} has no end")
        if not text.startswith('""', at):
            return at + 1
        at += 2


_IN_COMMENT = re.compile(r'\(\*|\*\)|"')


def _skip_comment(text: str, start: int) -> int:
    """The offset after the (nested) comment that begins at `start`; strings inside hide its delimiters."""
    depth, at = 1, start + 2
    while depth:
        found = _IN_COMMENT.search(text, at)
        if found is None:
            raise Unterminated(f"the comment that begins at character {start} has no end")
        if found.group() == '"':
            at = _skip_string(text, found.start())
        else:
            depth += 1 if found.group() == "(*" else -1
            at = found.end()
    return at


def _names(text: str) -> Iterator[re.Match[str]]:
    """The names and numbers of a text outside comments and strings; a number's group `name` is empty."""
    if _HIDING.search(text) is None:
        yield from _WORDS.finditer(text)
        return
    at = 0
    while at < len(text):
        found = _WORDS_OR_HIDING.search(text, at)
        if found is None:
            return
        if found.lastgroup == "comment":
            at = _skip_comment(text, found.start())
        elif found.lastgroup == "string":
            at = _skip_string(text, found.start())
        else:
            at = found.end()
            yield found


def _sentence_end(text: str, start: int) -> int:
    """The offset after the sentence that begins at `start` (a full stop or an ellipsis, then a blank or the end)."""
    at = start
    while True:
        found = _PLAIN.match(text, at)
        at = found.end() if found else at
        if at == len(text):
            return at
        if text[at] == "(":
            at = _skip_comment(text, at)
        elif text[at] == '"':
            at = _skip_string(text, at)
        else:
            stops = _STOPS.match(text, at)
            assert stops is not None
            at = stops.end()
            closed = at == len(text) or text[at].isspace()
            if closed and len(stops.group()) in (1, 3):
                return at


def split(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text in order; what is left after the last full stop is a sentence without one.

    Comments and blanks between sentences belong to none of them. Raises `Unterminated`.
    """
    return _split(text) if len(text) > KEPT_LENGTH else _split_and_keep(text)


@lru_cache(maxsize=32)
def _split_and_keep(text: str) -> tuple[Sentence, ...]:
    """The same: a candidate's text is cut by the lint, by the verifier and by the session, one after another."""
    return _split(text)


def _split(text: str) -> tuple[Sentence, ...]:
    sentences: list[Sentence] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text.startswith("(*", at):
            at = _skip_comment(text, at)
        else:
            bullet = _BULLET.match(text, at)
            end = bullet.end() if bullet else _sentence_end(text, at)
            sentences.append(Sentence(text[at:end].rstrip(), at, end))
            at = end
    return tuple(sentences)


def identifiers(text: str) -> list[Identifier]:
    """The names in a text, outside comments, strings and scope keys (`%nat`)."""
    return [
        Identifier(found.group(), found.start(), found.end())
        for found in _names(text)
        if found["name"] is not None and not text.startswith("%", max(found.start() - 1, 0))
    ]


def rename(text: str, table: Mapping[str, str]) -> str:
    """Replaces every name that is a key of `table`; a qualified name is replaced only as a whole."""
    parts: list[str] = []
    at = 0
    for name in identifiers(text):
        if name.text in table:
            parts += [text[at : name.start], table[name.text]]
            at = name.end
    return "".join([*parts, text[at:]])


def normal_text(text: str) -> str:
    """The text without comments and with single blanks: equal for texts that differ only in layout."""
    if _HIDING.search(text) is None:
        return " ".join(text.split())
    parts: list[str] = []
    plain: list[str] = []
    at = 0
    while found := _HIDING.search(text, at):
        plain.append(text[at : found.start()])
        if found.group() == '"':
            at = _skip_string(text, found.start())
            parts += [_BLANKS.sub(" ", "".join(plain)), text[found.start() : at]]
            plain.clear()
        else:
            at = _skip_comment(text, found.start())
            plain.append(" ")
    return "".join([*parts, _BLANKS.sub(" ", "".join([*plain, text[at:]]))]).strip()


def uncontrolled(text: str) -> str:
    """A sentence in normal form without what only measures it, or bounds or redirects what it prints (`Time`, …)."""
    control = _CONTROL.match(text)
    return text[control.end() :] if control else text


def opening(text: str) -> Opening | None:
    """What a sentence in normal form opens: not a module that it defines by `:=` at once.

    A `:=` inside the constraint `with Definition t := let x := a in b` is taken for such one: then its `End` closes
    what was not seen to begin.
    """
    found = _OPENING.match(uncontrolled(text))
    if found is None or ":=" in _CONSTRAINT.sub("", found[3]):
        return None
    return Opening(cast("Literal['Section', 'Module', 'Module Type']", found[1]), found[2], found[3].strip()[:1] == "(")
