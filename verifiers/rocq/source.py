"""How a problem and a candidate become source files: pure text, no prover.

A header is cut into *parts*. Sentences that only set the scene (imports, scopes, flags) are repeated in every file;
runs of sentences that make things (datatypes, functions, axioms, …) become modules `Header.Part0`, `Header.Part1`, …
that are compiled once and imported at their place. So the frozen statement and the candidate speak of the same
constants, and each is read in the surroundings that the problem's author gave it. What a module would keep to itself
(`Local`, `#[local]`, `Let`, …) is made without that mark, or repeated.

Invariant: nothing in what surrounds a statement comes from a candidate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from domain import Lemma
from verifiers.rocq.lint import DECLARATIONS, STATEMENTS, refuse_statement
from verifiers.rocq.sentences import Unterminated, identifiers, normal_text, split

_SCENE = frozenset(
    {"Require", "From", "Import", "Export", "Open", "Close", "Set", "Unset", "Implicit", "Generalizable"}
)
"""Sentences whose effect ends with the file, or that are repeated at no cost."""
_EITHER = frozenset(
    {"Notation", "Infix", "Reserved", "Arguments", "Declare", "Delimit", "Bind", "Hint", "Ltac", "Tactic"}
)
"""Sentences that are exported with a module, and stand for themselves outside of one."""
_MAKERS = DECLARATIONS.union(
    ("Axiom", "Axioms", "Parameter", "Parameters", "Conjecture", "Variant", "Record", "Structure", "Class"),
    ("CoInductive", "CoFixpoint", "Function", "Instance", "Let", "Variable", "Variables", "Hypothesis", "Hypotheses"),
)
_OUTSIDE_SECTIONS = {
    "Let": "Definition",
    "Variable": "Parameter",
    "Variables": "Parameters",
    "Hypothesis": "Axiom",
    "Hypotheses": "Axioms",
}
"""What makes the same outside of sections, and is seen by who requires the file."""
_MARKED = re.compile(
    r"(?P<attributes>(?:# ?\[[^\]]*\] ?)*)"
    r"(?P<marks>(?:(?:Local|Global|Polymorphic|Monomorphic|Cumulative|NonCumulative|Private|Program) )*)"
    r"(?P<word>\w*)(?P<rest>.*)",
    re.DOTALL,
)
_OPENS = re.compile(r"(?:Section|Module(?:\s+Type)?)\s")
_BEGINS = re.compile(r"Proof(?: (?:using|with)\b.*)?\.$")
_ENDS = re.compile(r"(?:Time\s+)?(?:Qed|Defined|Admitted|Abort|Save)\b")
_WORD = re.compile(r"[^\W\d][\w']*")
_NAME = re.compile(rf"(?:{'|'.join(sorted(STATEMENTS))})\s+([^\W\d][\w']*)")


_CONSTRUCTOR = re.compile(r"(?:\||:=) ?([^\W\d][\w']*)")


class Malformed(ValueError):  # noqa: N818 (what the text is)
    """A statement that is not exactly one theorem-like sentence."""


class Statement(NamedTuple):
    """A frozen statement: `text` is its sentence, `proposition` the closed formula that it claims."""

    name: str
    proposition: str
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a header: `module` is its name when it is compiled apart."""

    text: str
    module: str | None = None

    @property
    def spoken(self) -> str:
        """What another file says to be in the surroundings that this part makes."""
        return self.text if self.module is None else f"Require Import Header.{self.module}."


class Surrounded(NamedTuple):
    """A candidate's text with what is put before and after it."""

    before: str
    text: str
    after: str


@lru_cache(maxsize=4096)
def parse_statement(text: str) -> Statement:
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
    return Statement(found.group(1), f"forall {binders}, {proposition}" if binders else proposition, sentence)


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


@lru_cache(maxsize=64)
def header_parts(header: str) -> tuple[Part, ...]:
    """The parts of a header in order. Raises `Malformed`."""
    if any("\ud800" <= character <= "\udfff" for character in header):
        raise Malformed("the header holds half of a character (a lone surrogate)")
    try:
        sentences = split(header)
    except Unterminated as error:
        raise Malformed(f"in the header, {error}") from None
    parts: list[Part] = []
    scene: list[str] = []
    made: list[str] = []
    modules = 0
    depth = 0
    proving = False
    for given in sentences:
        free = depth == 0 and not proving
        sentence, local_scene = _seen(given.text) if free else (given.text, False)
        found = _WORD.match(sentence)
        word = found.group() if found else ""
        if free and (word in _SCENE or local_scene or (word in _EITHER and not made)):
            if made:
                parts.append(Part("\n".join(made), f"Part{modules}"))
                modules, made = modules + 1, []
            scene.append(sentence)
            continue
        if scene:
            parts.append(Part("\n".join(scene)))
            scene = []
        made.append(sentence)
        if _OPENS.match(sentence) and ":=" not in sentence:
            depth += 1
        elif word == "End":
            depth -= 1
        elif word == "Proof":
            proving = _BEGINS.match(normal_text(sentence)) is not None
        elif _ENDS.match(sentence):
            proving = False
        if depth < 0:
            raise Malformed(f"what `{normal_text(sentence)}` of the header ends was not seen to begin")
    if depth or proving:
        raise Malformed(f"a {'proof' if proving else 'section or module'} of the header has no end")
    if made:
        parts.append(Part("\n".join(made), f"Part{modules}"))
    if scene:
        parts.append(Part("\n".join(scene)))
    return tuple(parts)


def _seen(sentence: str) -> tuple[str, bool]:
    """A sentence outside of sections, so that who requires the file sees it; True if it is to be repeated instead."""
    found = _MARKED.match(normal_text(sentence))
    assert found is not None
    attributes, marks, word, rest = found.group("attributes", "marks", "word", "rest")
    if word == "Context":
        raise Malformed("the header has `Context` outside of a section")
    if "Local " not in marks and re.search(r"\blocal\b", attributes) is None and word not in _OUTSIDE_SECTIONS:
        return sentence, False
    if word not in _MAKERS:
        return sentence, True
    attributes = re.sub(r"\blocal\b ?,? ?", "", attributes)
    attributes = re.sub(r"# ?\[ ?\] ?", "", re.sub(r", ?\]", "]", attributes))
    word = "" if word == "Let" and re.match(r" (?:Co)?Fixpoint\b", rest) else _OUTSIDE_SECTIONS.get(word, word)
    return f"{attributes}{marks.replace('Local ', '')}{word}{rest}".strip(), False


def surround(statement: Statement, proof: str) -> Surrounded:
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


def lemma_axiom(lemma: Lemma) -> str:
    """The sentence by which a warm session assumes a lemma."""
    return f"Axiom {lemma.canonical_name} : {lemma.statement_exact}."
