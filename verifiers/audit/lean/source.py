"""How a statement and a candidate become Lean files: pure text, no prover.

Invariant: a statement is one theorem of the problem's, and what is put around a candidate's text is that theorem.

Layer: frozen statement and candidate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from domain import Lemma
from verifiers.audit.lean.headers import BLOCKS, BRACKETS, DECLARATIONS, MAKERS, MODIFIERS, STARTS, commands
from verifiers.audit.lean.scan import Token, scan
from verifiers.audit.refusals import Malformed, Unterminated

_MORE = DECLARATIONS | BLOCKS | frozenset("axiom opaque class instance attribute mutual end sorry sorryAx".split())  # noqa: SIM905
"""What no statement has in it: keywords that begin another command, and what leaves something unproved."""


class FrozenStatement(NamedTuple):
    """A frozen statement: `text` is its declaration without proof, `proposition` the closed formula that it claims."""

    name: str
    universes: str
    proposition: str
    text: str


class Surrounded(NamedTuple):
    """A candidate's text with what is put before and after it."""

    before: str
    text: str
    after: str


# ----------------------------------------------------------------------------------------------------- statements


@lru_cache(maxsize=4096)
def parse_statement(text: str) -> FrozenStatement:
    """The statement of a `formal_statement`. Raises `Malformed` unless it is one theorem without a proof."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Malformed("the statement holds half of a character (a lone surrogate)")
    try:
        scanned = scan(text)
    except Unterminated as error:
        raise Malformed(f"in the statement, {error}") from None
    tokens = _without_ending(scanned.tokens)
    words = [token.text for token in tokens]
    if len(tokens) < 2 or words[0] not in ("theorem", "lemma") or tokens[1].kind != "word":
        modified = ", without attributes and modifiers" if words[:1] and words[0] in MODIFIERS | {"@"} else ""
        raise Malformed(f"a statement begins with `theorem` or `lemma` and a name{modified}")
    again = [word for word in words[1:] if word in _MORE]
    if again:
        raise Malformed(f"a statement is one theorem without a proof; this text has `{again[0]}` in it")
    if any(token.doubtful for token in tokens):
        raise Malformed("the statement has a string that may be interpolated, or a comment right behind a sign")
    after = 2
    universes = ""
    if words[2:4] == [".", "{"]:
        after = words.index("}", 3) + 1 if "}" in words else len(words)
        universes = text[tokens[2].start : tokens[after - 1].end]
    colon = _colon(tokens, after)
    binders = text[tokens[after].start : tokens[colon].start].strip() if colon > after else ""
    proposition = text[tokens[colon].end : tokens[-1].end].strip()
    if not proposition:
        raise Malformed("a statement has the form `theorem NAME BINDERS : PROPOSITION`")
    whole = f"theorem{text[tokens[0].end : tokens[-1].end]}"  # `lemma` is Mathlib's word for it
    return FrozenStatement(words[1], universes, f"∀ {binders}, {proposition}" if binders else proposition, whole)


def _without_ending(tokens: Sequence[Token]) -> Sequence[Token]:
    """A statement without `:=`, `:= by`, `:= sorry`, `:= by sorry` at its end."""
    end = len(tokens)
    for word in ("sorry", "by"):
        if end and tokens[end - 1].text == word:
            end -= 1
    if end > 1 and tokens[end - 1].text == "=" and tokens[end - 2].text == ":":
        return tokens[: end - 2]
    return tokens


def _colon(tokens: Sequence[Token], start: int) -> int:
    """The colon between binders and proposition: the first outside brackets."""
    depth = 0
    for index in range(start, len(tokens)):
        text = tokens[index].text
        depth += BRACKETS.get(text, 0)
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        assigns = following is not None and following.text == "=" and following.start == tokens[index].end
        if text == ":" and depth == 0 and not assigns:
            return index
    raise Malformed("a statement has a colon before its proposition")


# ----------------------------------------------------------------------------------------------------- candidates


def without_header(proof: str, header: str) -> str:
    """A candidate that repeats commands of the problem's header first, with those blanked out; others as they are."""
    try:
        known = {command.normal for command in commands(header)} if header else set[str]()
        found = commands(proof)
    except Unterminated:
        return proof
    end = 0
    for command in found:
        if command.normal not in known:
            break
        end = command.end
    return re.sub(r"[^\n]", " ", proof[:end]) + proof[end:]


def declares(text: str) -> bool:
    """Whether a text is more than a proof: it has a declaration in the first column, or begins with one."""
    return any(command.word in MAKERS for command in commands(text))


def is_one_term(text: str) -> bool:
    """Whether nothing in a text could begin a command, on whatever line: it is one term, if it is read at all."""
    return not any(token.text in STARTS or token.text == "#" for token in scan(text).tokens)


def surround(statement: FrozenStatement, proof: str) -> Surrounded:
    """A candidate's text, completed to a theorem when it is only a proof. Raises `Unterminated`."""
    if declares(proof):
        return Surrounded("", proof, "\n")
    tokens = scan(proof).tokens
    if [token.text for token in tokens[:2]] == [":", "="]:
        return Surrounded(f"{statement.text} ", proof, "\n")
    if tokens and tokens[0].text == "by":
        return Surrounded(f"{statement.text} :=\n", proof, "\n")
    if tokens and tokens[0].start == proof.rfind("\n", 0, tokens[0].start) + 1:
        # Lean takes a block in the first column for the next command, except inside parentheses.
        return Surrounded(f"{statement.text} := (by\n", proof, "\n)\n")
    return Surrounded(f"{statement.text} := by\n", proof, "\n")


def declared_names(text: str) -> list[str]:
    """The names that the declarations of a text introduce first, in order, without their namespaces."""
    names: list[str] = []
    tokens = scan(text).tokens
    for token, following in pairwise(tokens):
        if token.text in DECLARATIONS and following.kind == "word":
            names.append(following.text)
    return names


def named_lemmas(lemmas: Sequence[Lemma], text: str) -> tuple[Lemma, ...]:
    """Those lemmas that a text names, and those that their proofs name in turn, in the given order."""
    by_name = {lemma.canonical_name: lemma for lemma in lemmas}
    wanted: set[str] = set()
    texts = [text]
    while texts:
        words = {part for token in scan(texts.pop()).tokens if token.kind == "word" for part in token.text.split(".")}
        for name in words & by_name.keys() - wanted:
            wanted.add(name)
            texts.append(by_name[name].proof)
    return tuple(lemma for lemma in lemmas if lemma.canonical_name in wanted)


def lemma_theorem(lemma: Lemma) -> str:
    """A library lemma with its proof."""
    block = lemma.proof if lemma.proof.split(maxsplit=1)[:1] == ["by"] else f"by\n{lemma.proof}"
    # In parentheses, because Lean takes a block in the first column for the next command.
    return f"theorem {lemma.canonical_name} : {lemma.statement_exact} := (\n{block}\n)"


def lemma_axiom(lemma: Lemma) -> str:
    """A library lemma, assumed."""
    return f"axiom {lemma.canonical_name} : {lemma.statement_exact}"
