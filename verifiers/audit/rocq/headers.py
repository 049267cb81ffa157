"""A problem's header, cut into the files in which it is compiled.

A header is cut into *parts*. Sentences that only set the scene (imports, scopes, flags) are repeated in every file;
runs of sentences that make things (datatypes, functions, axioms, …) become modules `Header.Part0.Body`, … in files
that are compiled once; they are imported at their place, and the scene of these files, outside of `Body`, is not. So
the frozen statement and the candidate speak of the same constants, and each is read in the surroundings that the
problem's author gave it. What a module would keep to itself
(`Local`, `#[local]`, `Let`, …) is made without that mark, or repeated; `Module Import` is a module and an import.

Invariant: nothing in what surrounds a statement comes from a candidate.

Layer: header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from verifiers.audit.refusals import Malformed, Unterminated
from verifiers.audit.rocq.lint import DECLARATIONS
from verifiers.audit.rocq.sentences import normal_text, opening, split, uncontrolled

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
_IMPORTED = re.compile(r"((?:Declare )?Module) (?:Import|Export) ([^\W\d][\w']*)")
_BEGINS = re.compile(r"Proof(?: (?:using|with)\b.*)?\.$")
_ENDS = re.compile(r"(?:Qed|Defined|Admitted|Abort|Save)\b")
_WORD = re.compile(r"[^\W\d][\w']*")
_FIRST_NAME = re.compile(r" ([^\W\d][\w']*)")
_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_CONSTRUCTOR = re.compile(r"(?:\||:=) ?([^\W\d][\w']*)")
_HINTS = re.compile(r"(?:(?:Existing|Declare) )?Instances?\b|Hint\b")
_OUR_NAME = re.compile(r"(?:Declare )?Module (?:Type )?(?:Import |Export )?Header\b")
_BEHIND_A_PROOF = frozenset(
    {"Module", "Include", "Canonical", "Coercion", "Existing", "Number", "String", "Context"}
).union(_SCENE, _EITHER, _MAKERS)
"""Sentences that would have an effect behind a proof in which they stand: no tactic begins like these."""

BODY = "Body"
"""The module of a part's file that holds what the header makes there."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a header: `module` is its name when it is compiled apart."""

    text: str
    module: str | None = None

    @property
    def spoken(self) -> str:
        """What another file says to be in the surroundings that this part makes."""
        if self.module is None:
            return self.text
        return f"Require Header.{self.module}. Import Header.{self.module}.{BODY}."

    @property
    def file(self) -> str:
        """The text of its file behind what is spoken before it, when it is compiled apart."""
        return f"Module {BODY}.\n{self.text}\nEnd {BODY}.\n"


@lru_cache(maxsize=64)
def header_parts(header: str) -> tuple[Part, ...]:
    """The parts of a header in order. Raises `Malformed`."""
    if any("\ud800" <= character <= "\udfff" for character in header):
        raise Malformed("the header holds half of a character (a lone surrogate)")
    try:
        sentences = split(header)
    except Unterminated as error:
        raise Malformed(f"in the header, {error}") from None
    _refuse_mixed_hints([uncontrolled(normal_text(one.text)) for one in sentences])
    parts = _Parts()
    depth = 0
    proving = False
    importing = ""  # the module that is open and was said to be imported when it ends
    for given in sentences:
        free = depth == 0 and not proving
        text = uncontrolled(normal_text(given.text))
        sentence, repeated = _seen(text) if free else (text, False)
        found = _WORD.match(sentence)
        word = found.group() if found else ""
        if _OUR_NAME.match(sentence):
            raise Malformed("a module of the header is called Header, as one of ours is: rename it")
        if proving and _changes_surroundings(sentence):
            raise Malformed(f"a proof of the header holds `{sentence}`: say it before the proof")
        if free and not sentence.startswith("Declare Module") and parts.is_scene(word, repeated):
            parts.set_scene(_of_one_file(sentence))
            continue
        imported = _IMPORTED.match(sentence) if free else None
        if imported is not None:
            sentence, importing = _IMPORTED.sub(r"\1 \2", sentence), imported[2]
        parts.make(sentence, _declared(sentence) if free else ())
        if opening(sentence):
            depth += 1
        elif word == "End":
            depth -= 1
        elif word == "Proof":
            proving = _BEGINS.match(sentence) is not None
        elif _ENDS.match(sentence):
            proving = False
        if depth < 0:
            raise Malformed(f"what `{sentence}` of the header ends was not seen to begin")
        if importing and depth == 0:
            parts.set_scene(f"Import {importing}.")
            importing = ""
    if depth or proving:
        raise Malformed(f"a {'proof' if proving else 'section or module'} of the header has no end")
    return parts.all()


class _Parts:
    """The parts of a header while they are cut: of the last one the sentences, and whether they make something."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._open: list[str] = []
        self._makes = False
        self._modules = 0
        self._named: set[str] = set()

    def is_scene(self, word: str, repeated: bool) -> bool:
        """Whether a sentence that begins with this word sets the scene, at this place."""
        return repeated or word in _SCENE or (word in _EITHER and not (self._makes and self._open))

    def set_scene(self, sentence: str) -> None:
        self._add(sentence, makes=False)

    def make(self, sentence: str, names: Sequence[str]) -> None:
        """Takes what makes something, perhaps of these names."""
        for name in names:
            if name in self._named:
                raise Malformed(f"the header declares {name} twice")
            self._named.add(name)
        self._add(sentence, makes=True)

    def _add(self, sentence: str, *, makes: bool) -> None:
        if makes != self._makes:
            self._close()
        self._makes = makes
        self._open.append(sentence)

    def _close(self) -> None:
        if self._open:
            module = f"Part{self._modules}" if self._makes else None
            self._modules += self._makes
            self._parts.append(Part("\n".join(self._open), module))
            self._open = []

    def all(self) -> tuple[Part, ...]:
        self._close()
        return tuple(self._parts)


def _of_one_file(sentence: str) -> str:
    """A sentence that is repeated in every file, so that it has no effect again where one of these files is loaded."""
    found = _MARKED.match(sentence)
    if found is None or found["word"] not in ("Arguments", "Hint") or re.search(r"\b(?:export|local)\b", sentence):
        return sentence
    return f"Local {found['word']}{found['rest']}"


def _declared(sentence: str) -> tuple[str, ...]:
    """The first name that a sentence outside of sections declares, and those of plain constructors."""
    found = _MARKED.match(sentence)
    name = _FIRST_NAME.match(found["rest"]) if found is not None and found["word"] in _MAKERS else None
    if found is None or name is None:
        return ()
    if found["word"] not in ("Inductive", "Variant") or "match" in sentence:
        return (name[1],)
    plain, brackets = sentence, 1
    while brackets:
        plain, brackets = _BRACKETS.subn(" ", plain)
    return (name[1], *_CONSTRUCTOR.findall(plain.replace("||", " ")))


def _refuse_mixed_hints(sentences: Sequence[str]) -> None:
    """What is exported or local takes effect where its file is imported, all else where it is loaded, before that.

    So a file's own order of instances and hints, which decides between them, is kept only if all are of one kind.
    """
    kinds: set[str] = set()
    for sentence in sentences:
        found = _MARKED.match(sentence)
        if found is None:
            continue
        begun = found["word"] + found["rest"]
        if _HINTS.match(begun) or (found["word"] == "Class" and ":>" in begun):
            mark = re.search(r"\b(?:export|local|Local)\b", found["attributes"] + found["marks"])
            kinds.add(mark[0].lower() if mark else "")
    if len(kinds) > 1:
        raise Malformed("the header mixes exported or local instances or hints with others: mark all of them alike")


def _changes_surroundings(sentence: str) -> bool:
    """Whether a sentence inside a proof has an effect behind it."""
    found = _MARKED.match(sentence)
    assert found is not None
    return found["word"] in _BEHIND_A_PROOF


def _seen(sentence: str) -> tuple[str, bool]:
    """A sentence in normal form, outside of sections, seen by who requires the file; True to repeat it instead."""
    found = _MARKED.match(sentence)
    assert found is not None
    attributes, marks, word, rest = found.group("attributes", "marks", "word", "rest")
    if word == "Context":
        raise Malformed("the header has `Context` outside of a section")
    if word in ("Set", "Unset"):
        return f"{word}{rest}", True  # in one file it is the same with `Global` or without; it is repeated anyway
    if "Local " not in marks and re.search(r"\blocal\b", attributes) is None and word not in _OUTSIDE_SECTIONS:
        return sentence, False
    if word not in _MAKERS:
        return sentence, True
    attributes = re.sub(r"\blocal\b ?,? ?", "", attributes)
    attributes = re.sub(r"# ?\[ ?\] ?", "", re.sub(r", ?\]", "]", attributes))
    word = "" if word == "Let" and re.match(r" (?:Co)?Fixpoint\b", rest) else _OUTSIDE_SECTIONS.get(word, word)
    return f"{attributes}{marks.replace('Local ', '')}{word}{rest}".strip(), False
