"""A problem's text taken apart: its header into prelude and definitions, its statement into name and type.

Invariant: a header is taken apart only if moving its definitions behind the rest cannot change what anything means;
in every other case (notations, sections, axioms, flags of the kernel, …) the whole header is the prelude.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from domain import Problem, UserError
from verifiers.audit.refusals import Unterminated
from verifiers.audit.rocq.sentences import identifiers, normal_text, split

_IMPORT = re.compile(r"(?:From [\w.]+ )?(?:Require|Import|Export)\b")
SCOPE = re.compile(r"(?:Local |Global )?(?:Open|Close) Scope [\w]+\.$")
_ELABORATION_FLAG = re.compile(
    r"(?:Local |Global )?(?:Set|Unset) (?:Implicit Arguments|Strict Implicit|Strongly Strict Implicit"
    r"|Contextual Implicit|Reversible Pattern Implicit|Maximal Implicit Insertion|Asymmetric Patterns"
    r"|Printing [\w ]+|Warnings \"[^\"]*\")\.$|Implicit Types? |Generalizable "
)
"""Sentences that change how an author's text is read, and nothing about what was read."""
_ARGUMENTS = re.compile(r"(?:Local |Global )?Arguments ([\w']+)[^:]*\.$")
_DATATYPE = re.compile(r"(?:Inductive|Variant) ")
_FUNCTION = re.compile(r"(?:Fixpoint|Definition) ")
_STATEMENT = re.compile(r"(?:Theorem|Lemma|Fact|Remark|Corollary|Proposition|Property|Example)\s+([^\W\d][\w']*)")


@dataclass(frozen=True, slots=True)
class Introduction:
    """A sentence that introduces datatypes or functions; `names` are those of the types or functions."""

    is_datatype: bool
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """`prelude` comes first; `body` holds the definitions and the elaboration flags in the author's order."""

    prelude: str
    body: str
    introductions: tuple[Introduction, ...]


@dataclass(frozen=True, slots=True)
class AuthorStatement:
    """A formal statement: what stands before the theorem (seldom anything), the theorem's name and whole sentence."""

    before: str
    name: str
    sentence: str
    has_binders: bool
    """Whether variables are introduced before the colon."""
    type_text: str
    """The proposition in the author's words, binders included."""


def opaque(problem: Problem) -> Header:
    """The whole header as a prelude."""
    return Header(problem.header.strip(), "", ())


def take_apart(header: str) -> Header | None:
    """The header's parts, or None where it must stay whole. Raises `Unterminated`."""
    prelude: list[str] = []
    body: list[str] = []
    introductions: list[Introduction] = []
    own: set[str] = set()
    for sentence in split(header):
        text = normal_text(sentence.text)
        if (SCOPE.match(text) or _IMPORT.match(text)) and not introductions:
            prelude.append(text)
        elif _ELABORATION_FLAG.match(text) or ((about := _ARGUMENTS.match(text)) and about.group(1) in own):
            body.append(sentence.text)
        elif introduction := _introduction(text):
            introductions.append(introduction)
            own |= {name.text for name in identifiers(text)}
            body.append(sentence.text)
        else:
            return None
    return Header("\n".join(prelude), "\n".join(body), tuple(introductions))


def _introduction(text: str) -> Introduction | None:
    is_datatype = _DATATYPE.match(text) is not None
    if not (is_datatype or _FUNCTION.match(text)) or ":=" not in text or not text.endswith("."):
        return None
    names: list[str] = []
    depth, expects = 0, True
    for word in [name.text for name in identifiers(text)][1:]:
        if word == "where":
            return None
        if expects:
            names.append(word)
        depth += {"match": 1, "end": -1}.get(word, 0)
        expects = word == "with" and depth == 0
    return Introduction(is_datatype, tuple(names))


def read_statement(problem: Problem) -> AuthorStatement:
    """The problem's statement. Raises `UserError` if it is none."""
    try:
        sentences = split(problem.formal_statement.strip())
    except Unterminated as error:
        raise UserError(f"problem {problem.name}: {error}; close it") from None
    found = _STATEMENT.match(sentences[-1].text) if sentences else None
    if found is None:
        raise UserError(
            f"problem {problem.name}: formal_statement must end with `Theorem NAME : STATEMENT.` (or Lemma, …)"
        )
    sentence = sentences[-1].text
    sentence = sentence if sentence.endswith(".") else sentence + "."
    rest = sentence[found.end() : -1]
    colon = _top_colon(rest)
    if colon < 0:
        raise UserError(f"problem {problem.name}: no `:` between the theorem's name and its statement")
    binders, type_ = rest[:colon].strip(), rest[colon + 1 :].strip()
    return AuthorStatement(
        before="\n".join([before.text for before in sentences[:-1]]),
        name=found.group(1),
        sentence=sentence,
        has_binders=bool(binders),
        type_text=f"forall {binders}, {type_}" if binders else type_,
    )


def _top_colon(text: str) -> int:
    """The offset of the first colon outside brackets, comments and strings, or -1."""
    plain = re.sub(r'\(\*.*?\*\)|"[^"]*"', lambda found: " " * len(found.group()), text, flags=re.DOTALL)
    depth = 0
    for at, character in enumerate(plain):
        depth += (character in "([{") - (character in ")]}")
        if character == ":" and depth == 0:
            return at
    return -1
