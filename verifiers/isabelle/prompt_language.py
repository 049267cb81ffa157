"""How prompts for Isabelle are written, and what a language model wrote in Isar, read as candidates to be verified.

The readers are total, as for the other provers. A proof is what follows a statement: `by simp`, `proof - … qed`, ….
Statements are text: Isabelle's terms are not read here, so nothing but the names of library lemmas is ever renamed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from domain import Const, Definition, Elaboration, Term
from verifiers.answers import Block, Blocks, code_of, unique
from verifiers.audit.isabelle.keywords import PROOF_BEGINNINGS, STATEMENTS
from verifiers.audit.isabelle.scan import Token, Unreadable, tokens
from verifiers.audit.isabelle.theories import parse_header, parse_statement
from verifiers.audit.refusals import Malformed

_GIVEN_UP = frozenset({"sorry", "oops"})


class IsabellePrompts:
    """Isabelle, as prompts show it and answers give it."""

    templates = Path(__file__).parent / "prompts"
    proof_ends: tuple[str, ...] = ("\nlemma", "\ntheorem", "\nend", "```")
    statement_ends: tuple[str, ...] = ("\n  by", "\nproof", "\n\n", "```")
    plan_ends: tuple[str, ...] = ("\ntheorem", "\nproof", "```")

    def proofs(self, text: str) -> list[str]:
        found: list[str] = []
        for code in code_of(text).likeliest:
            read = _code(code)
            blocks = _blocks(code, read)
            if len(blocks) > 1 and all(block.proof for block in blocks):
                found.append("\n\n".join(f"lemma {one.name}:\n  {one.statement}\n{one.proof}" for one in blocks))
            found += [block.proof for block in reversed(blocks)] if blocks else [_proof(code, read)]
        return unique(found)

    def lemmas(self, text: str) -> list[Block]:
        found: dict[str, Block] = {}
        for code in code_of(text).likeliest:
            for block in _blocks(code, _code(code)):
                found.setdefault(block.statement, block)
        return list(found.values())

    def split(self, text: str) -> Blocks:
        blocks = _blocks(text, _code(text))
        return Blocks(tuple(blocks[:-1]), blocks[-1].proof) if blocks else Blocks((), text)

    def introduce(self, text: str, names: Sequence[str]) -> str:
        del names  # Isabelle fixes the variables of a statement by itself
        return text

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        if not table:
            return text
        names = "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))
        return re.sub(rf"(?<![\w'])(?:{names})(?![\w'])", lambda found: table[found.group()], text)

    def names_in(self, text: str) -> set[str]:
        return set(re.findall(r"[A-Za-z][\w']*", text))

    def is_statement(self, sentence: str) -> bool:
        try:
            parse_statement(sentence)
        except Malformed:
            return False
        return True

    def in_comment(self, text: str) -> str:
        return text.replace("(*", "( *").replace("*)", "* )")

    def display(self, definitions: Iterable[Definition], term: Term) -> str:
        del definitions
        return term.name if isinstance(term, Const) else ""

    def theorem(self, keyword: str, name: str, statement: str) -> str:
        return f"{keyword.lower()} {name}:\n  {statement}"

    def definitions(self, elaboration: Elaboration, reached: set[str]) -> str:
        del reached
        try:
            return parse_header(elaboration.problem.header).body
        except Malformed:
            return ""

    def opening(self, names: Sequence[str], induction: str | None) -> str:
        del names  # Isabelle fixes them by itself
        return f"proof (induction {induction})" if induction else ""


def _code(text: str) -> list[Token]:
    """The tokens of a text, comments left out, up to where it cannot be read."""
    read: list[Token] = []
    with suppress(Unreadable):
        read.extend(token for token in tokens(text) if token.kind != "comment")
    return read


def _blocks(text: str, read: Sequence[Token]) -> list[Block]:
    """The named statements of a text in order, with what proves them; one that is given up has no proof."""
    starts = [number for number, token in enumerate(read) if token.kind == "word" and token.text in STATEMENTS]
    found: list[Block] = []
    for start, end in pairwise([*starts, len(read)]):
        piece = read[start:end]
        begin = next((n for n, token in enumerate(piece) if n and _begins_proof(token)), len(piece))
        try:
            statement = parse_statement(text[piece[0].start : piece[begin - 1].end])
        except Malformed:
            continue
        found.append(Block(statement.name, " ".join(statement.body.split()), _proof(text, piece[begin:])))
    return found


def _begins_proof(token: Token) -> bool:
    return token.kind in ("word", "sign", "symbol") and token.text in PROOF_BEGINNINGS


def _proof(text: str, read: Sequence[Token]) -> str:
    """The text of the proof with which these tokens begin, empty when there is none or it is given up."""
    begin = next((number for number, token in enumerate(read) if _begins_proof(token)), None)
    if begin is None or any(token.kind == "word" and token.text in _GIVEN_UP for token in read):
        return ""
    end = len(read)
    while end > begin + 1 and read[end - 1].kind == "word" and read[end - 1].text == "end":
        end -= 1
    return text[read[begin].start : read[end - 1].end]
