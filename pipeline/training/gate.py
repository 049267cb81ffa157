"""The gate before a corpus: what says the same as a held-out problem is cut out, with its proof.

Invariant (design, invariant 6), as far as words go: a text is not elaborated, so statements are compared by their
*words*. The words of a statement are its symbols and global names, without its own name, each bound variable
being one and the same word, and binders' types only where they are more than a name; their order does not matter. So
renamed variables, swapped sides, another order of hypotheses and other binders make no difference, and statements that
have the same words in another order are cut as well, which errs on the safe side. What the prover's notations hide, an
instance of a problem, and what is one rewriting step from it is not seen here; nor is the second statement of a
`Theorem … with …`, nor in Isabelle one with attributes, named assumptions, cartouches, or a locale before its name.

A declaration that has the name of a held-out problem is cut whatever it says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from datasets.texts import Document
from domain import Problem, Prover
from verifiers.backend import backend_of

Words: TypeAlias = frozenset[tuple[str, int]]
"""The words of a statement, each with how often it stands there."""

_WORD = re.compile(r"[^\W\d][\w.']*|\d+|\\<\w+>|[^\s\w]")
_BINDER = re.compile(
    r"[({\[]\s*((?:[^\W\d][\w']*\s+)*[^\W\d][\w']*)\s*:(?!=)\s*([^(){}\[\]]*(?:\([^()]*\)[^(){}\[\]]*)*)[)}\]]"
)
_UNTYPED = re.compile(r"\{\s*((?:[^\W\d][\w']*\s+)*[^\W\d][\w']*)\s*\}")
_QUANTIFIER = re.compile(
    r"(?:\bforall\b|\bexists!?|∀|∃!?|\bfun\b|λ|\\<forall>|\\<exists>|⋀|\\<And>|\bfixes\b)\s*((?:[^\W\d][\w']*\s*)+)(:[^,.⇒]*?)?(?=[,.(⇒=]|\Z)"
)
_SILENT = frozenset("(){}[],:.;\"'") | {"forall", "∀", "->", "→", "fixes", "assumes", "shows", "and", "by"}
_BRACKETS = str.maketrans("⦃⦄`", "{} ")
_ARROW = re.compile(r"->|→|⟶|⟹|=>|-->|==>|\\<Longrightarrow>|\\<longrightarrow>")


class Passed(NamedTuple):
    """A document after the gate."""

    document: Document
    cut: int
    """Declarations that were cut out."""


class Gate:
    """Knows the problems that are held out."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._names: set[str] = set()
        self._words: set[Words] = set()
        for problem in problems:
            self._names.add(problem.name)
            for declaration in declarations(problem.formal_statement, problem.prover):
                if declaration.words:
                    self._words.add(declaration.words)
                    self._names.add(declaration.name)
        self._names.discard("")

    def __len__(self) -> int:
        return len(self._words)

    def passes(self, document: Document) -> Passed:
        """The document without the declarations that are refused. Plain text has none, and passes whole."""
        if document.prover is None or not self._words:
            return Passed(document, 0)
        kept: list[str] = []
        cut = 0
        for declaration in declarations(document.text, document.prover):
            if declaration.name in self._names or (declaration.words and declaration.words in self._words):
                cut += 1
            else:
                kept.append(declaration.text)
        return Passed(document._replace(text="".join(kept)), cut) if cut else Passed(document, 0)


class Declaration(NamedTuple):
    """A piece of a file: from where a declaration begins to where the next does."""

    text: str
    name: str
    """Empty for what stands before the first declaration."""
    words: Words
    """Empty for what states nothing."""


def declarations(text: str, prover: Prover) -> Iterator[Declaration]:
    """The pieces of a file, in order; joined, they are the file."""
    bare, surface = without_comments(text, prover), backend_of(prover).syntax.surface
    begins = list(surface.begins.finditer(bare))
    if not begins or begins[0].start():
        yield Declaration(text[: begins[0].start()] if begins else text, "", frozenset())
    for place, begin in enumerate(begins):
        upto = begins[place + 1].start() if place + 1 < len(begins) else len(text)
        piece = text[begin.start() : upto]
        if begin[1] not in surface.states:
            yield Declaration(piece, "", frozenset())
        elif begin[1] == "Goal":
            yield Declaration(piece, "", words(f":{bare[begin.end(1) : upto]}", prover))
        else:
            yield Declaration(piece, begin[2].strip("«»."), words(bare[begin.end() : upto], prover))


def without_comments(text: str, prover: Prover) -> str:
    """The text with spaces in the place of its comments, which may be nested, and of marks of the order of bytes."""
    surface = backend_of(prover).syntax.surface
    spaces: list[tuple[int, int]] = []
    place = depth = begin = 0
    while found := (surface.inside if depth else surface.outside).search(text, place):
        place = found.end()
        if found.lastgroup == "opens":
            begin = begin if depth else found.start()
            depth += 1
        elif found.lastgroup == "closes":
            depth -= 1
        if found.lastgroup == "line" or (found.lastgroup == "closes" and not depth):
            spaces.append((found.start() if found.lastgroup == "line" else begin, place))
    parts, done = [], 0
    for first, last in spaces:
        parts += [text[done:first], re.sub(r"[^\n]", " ", text[first:last])]
        done = last
    return "".join((*parts, text[done:])).replace("\ufeff", " ")


def _bare_binders(text: str) -> tuple[set[str], str]:
    """The names that stand without brackets before the colon of a statement, and the statement without them."""
    depth, names, kept = 0, "", ""
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == ":" and not depth:
            return set(re.findall(r"[^\W\d][\w']*", names)), kept + text[place:]
        inside = depth > 0 or letter in ")]}"
        names += " " if inside else letter
        kept += letter if inside else " "
    return set(), text


def words(statement: str, prover: Prover) -> Words:
    """The words of what follows a declaration's name, up to its proof; without comments."""
    surface = backend_of(prover).syntax.surface
    end = surface.ends.search(statement)
    text = (statement[: end.start()] if end else statement).translate(_BRACKETS)
    bound: set[str] = set()
    if surface.binders:
        bound, text = _bare_binders(text)

    def binder(found: re.Match[str]) -> str:
        bound.update(found[1].split())
        kind = _WORD.findall(found[2])
        return f" ({found[2]}) " if len(kind) > 1 else " "

    def quantifier(found: re.Match[str]) -> str:
        bound.update(found[1].split())
        kind = _WORD.findall(found[2] or "")[1:]
        keyword = " " if found[0].startswith(("forall", "∀", "\\<forall>", "⋀", "\\<And>", "fixes")) else " ∃ "
        return keyword + (" ".join(kind) if len(kind) > 1 else "") + " "

    def untyped(found: re.Match[str]) -> str:
        bound.update(found[1].split())
        return " "

    text = _UNTYPED.sub(untyped, _BINDER.sub(binder, text))
    text = _QUANTIFIER.sub(quantifier, text)
    text = _ARROW.sub(" ", text)
    kept = [word for word in _WORD.findall(text) if word not in _SILENT]
    return frozenset(Counter("_" if word in bound else word for word in kept).items())
