"""Theory texts: a problem's header and statement, a candidate, and where each of them is put.

A problem's header is `theory NAME imports … begin` and definitions; its statement is one `theorem NAME: …` without the
proof. A candidate is a whole theory, a text of declarations among which is the theorem, or only its proof.

Five theories judge a candidate, all under names drawn at random:
`S` has the header, `R` imports S and states the theorem (this is the frozen statement: nothing of the candidate is in
its sight), `L` imports S and proves the library lemmas, `C` imports L and holds the candidate's text, and `A` imports C
and R and compares (`comparison`).

Invariant: of these, only C holds text of the candidate, and only A, our own, imports C.

Layer: header, frozen statement, candidate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from domain import Lemma
from verifiers.audit.isabelle.keywords import ALLOWED, PROOF_BEGINNINGS, STATEMENTS
from verifiers.audit.isabelle.scan import Token, Unreadable, refuse_statement, tokens
from verifiers.audit.refusals import Malformed, hidden_character

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_']*\Z")
_ELEMENTS = frozenset({"fixes", "assumes", "shows", "obtains", "if", "for", "when"})


class Header(NamedTuple):
    """A problem's header: what it imports, as written, and the declarations after `begin`."""

    imports: tuple[str, ...]
    body: str


class FrozenStatement(NamedTuple):
    """A statement without its proof. `body` is what stands after the colon, as written."""

    name: str
    body: str

    @property
    def text(self) -> str:
        """The statement as it is put before a proof."""
        return f"theorem {self.name}:\n  {self.body}"


class Placed(NamedTuple):
    """A candidate's text where it stands in theory C. `offset` is where `text` begins in what the candidate gave."""

    before: str
    text: str
    offset: int


# ------------------------------------------------------------------------------------------------- reading problems


def parse_header(header: str) -> Header:
    """The imports and declarations of a problem's header; an empty one imports `Main`.

    Raises:
        Malformed: it is not the beginning of a theory.
    """
    read = _read(header, "the header")
    code = [token for token in read if token.kind != "comment"]
    if not code:
        return Header(("Main",), "")
    frame = _frame(code)
    if frame is None:
        raise Malformed("the header is not `theory NAME imports … begin`")
    body = header[code[frame.begin].end :]
    depth = 0
    for token in code[frame.begin + 1 :]:
        depth += {"begin": 1, "end": -1}.get(token.text, 0) if token.kind == "word" else 0
        if depth < 0:
            raise Malformed("the header ends its theory")
    if depth:
        raise Malformed("a `begin` in the header has no `end`")
    return Header(frame.imports, body.strip())


def parse_statement(text: str) -> FrozenStatement:
    """A statement taken apart. A `sorry` or `oops` at its end is left out.

    Raises:
        Malformed: it is not exactly one named theorem without a proof.
    """
    hidden = hidden_character(text)
    if hidden:
        raise Malformed(f"the statement has {hidden}")
    code = [token for token in _read(text, "the statement") if token.kind != "comment"]
    if not code or code[0].kind != "word" or code[0].text not in STATEMENTS:
        raise Malformed("the statement is not `theorem NAME: …`")
    while code[-1].kind == "word" and code[-1].text in ("sorry", "oops"):
        code.pop()
    rest = code[1:]
    if not rest or rest[0].kind != "word" or _NAME.match(rest[0].text) is None or rest[0].text in _ELEMENTS:
        raise Malformed("the statement has no plain name")
    name = rest[0].text
    rest = rest[1:]
    if rest and rest[0].text == "[":
        rest = rest[_closing(rest) + 1 :]
    if not rest or rest[0].text != ":":
        raise Malformed(f"a colon is missing after `{name}`")
    rest = rest[1:]
    if not rest:
        raise Malformed(f"`{name}` states nothing")
    body = text[rest[0].start : rest[-1].end]
    refused = refuse_statement(body)
    if refused:
        raise Malformed(f"the statement has {refused}")
    return FrozenStatement(name, body)


# ---------------------------------------------------------------------------------------------- placing a candidate


def place(proof: str, statement: FrozenStatement, header: Header, *, prefix: bool = False) -> Placed:
    """Where a candidate's text goes; a `prefix` of a proof may be empty.

    Raises:
        Malformed: it is a whole theory that imports what the problem does not, or is cut short.
    """
    code = [token for token in _read(proof, "the text") if token.kind != "comment"]
    if not code and not prefix:
        raise Malformed("the text is empty")
    if not code or code[0].text in PROOF_BEGINNINGS:
        return Placed(f"{statement.text}\n", proof, 0)
    if code[0].kind == "word" and code[0].text == "theory":
        frame = _frame(code)
        if frame is None:
            raise Malformed("the text begins a theory that has no `imports … begin`")
        foreign = [name for name in frame.imports if name not in (*header.imports, "Main")]
        if foreign:
            raise Malformed(f"the text imports {foreign[0]}, which the problem does not")
        if len(code) - 1 == frame.begin or code[-1].text != "end":
            raise Malformed("the text begins a theory and does not end it")
        start = code[frame.begin].end
        return Placed("", proof[start : code[-1].start], start)
    return Placed("", proof, 0)


def named_lemmas(lemmas: Sequence[Lemma], text: str) -> tuple[Lemma, ...]:
    """The library lemmas that a text names, and those that their proofs name, in the given order."""
    words = set(re.findall(r"[A-Za-z][\w']*", text))
    wanted: set[str] = set()
    for lemma in reversed(lemmas):
        if lemma.canonical_name in words | wanted:
            wanted.add(lemma.canonical_name)
            wanted |= set(re.findall(r"[A-Za-z][\w']*", lemma.proof))
    return tuple(lemma for lemma in lemmas if lemma.canonical_name in wanted)


# ------------------------------------------------------------------------------------------------------- theories


class Names(NamedTuple):
    """The names of the five theories of one candidate."""

    header: str
    statement: str
    lemmas: str
    candidate: str
    audit: str


def theory(name: str, imports: Sequence[str], body: str) -> str:
    """A theory as its file has it."""
    quoted = " ".join(f'"{one}"' for one in imports)
    return f"theory {name} imports {quoted}\nbegin\n{body}\nend\n"


def body_offset(name: str, imports: Sequence[str]) -> int:
    """Where in `theory(name, imports, …)` the body begins, in characters."""
    return len(theory(name, imports, "")) - len("\nend\n")


def frozen(statement: FrozenStatement) -> str:
    """The body of R. Its `sorry` is never imported by the candidate; what counts of the theorem is its proposition."""
    return f"declare [[quick_and_dirty = true]]\n{statement.text}\n  sorry"


def lemma_texts(lemmas: Sequence[Lemma], *, assumed: bool) -> str:
    """The body of L: library lemmas with their proofs, or `assumed` without."""
    texts: list[str] = []
    for lemma in lemmas:
        proof = "sorry" if assumed else lemma.proof.strip()
        texts.append(f"lemma {lemma.canonical_name}:\n  {lemma.statement_exact.strip()}\n  {proof}\n")
    return "\n".join(texts)


# ------------------------------------------------------------------------------------------------------------ parts


class _Frame(NamedTuple):
    imports: tuple[str, ...]
    begin: int
    """Which token is the theory's `begin`."""


def _frame(code: Sequence[Token]) -> _Frame | None:
    """The frame of `theory NAME imports A B begin`; None for anything else."""
    words = [token.text for token in code]
    if words[:1] != ["theory"] or words[2:3] != ["imports"] or code[1].kind not in ("word", "string"):
        return None
    imports: list[str] = []
    for number in range(3, len(code)):
        token = code[number]
        if token.kind == "word" and token.text == "begin":
            return _Frame(tuple(imports), number) if imports else None
        if token.kind not in ("word", "string") or token.text in ALLOWED or "\n" in token.text:
            return None
        imports.append(token.text.strip('"'))
    return None


def _read(text: str, what: str) -> list[Token]:
    try:
        return list(tokens(text))
    except Unreadable as error:
        raise Malformed(f"{what} has {error}") from error


def _closing(code: Sequence[Token]) -> int:
    depth = 0
    for number, token in enumerate(code):
        depth += {"[": 1, "]": -1}.get(token.text, 0)
        if depth == 0:
            return number
    raise Malformed("a bracket is not closed")
