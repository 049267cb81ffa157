"""How prompts for Lean 4 are written, and what a language model wrote in Lean, read as candidates to be verified.

The readers are total, as for the other provers. A proof is a tactic block without `by`, laid out as the model did it.
Statements are shown with Lean's signs and numerals.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from domain import App, Const, Definition, Elaboration, Forall, Lambda, Term
from term_algebra.display import Display, Notation
from verifiers.answers import Block, Blocks, code_of, unique
from verifiers.audit.lean.headers import Command, commands
from verifiers.audit.lean.scan import scan
from verifiers.audit.lean.source import parse_statement
from verifiers.audit.refusals import Malformed, Unterminated
from verifiers.lean.operators import successors
from verifiers.lean.reader import CORE, NAME
from verifiers.lean.terms import render_name

_TOKEN = re.compile(rf'"(?:[^"\\]|\\.)*"|--[^\n]*|(?P<lead>\|\s*@?|\.)?(?P<name>{NAME})')
_CONSTRUCTOR = re.compile(r"d[0-9a-f]{12}_\d+")
_GIVEN_UP = re.compile(r"\b(?:sorry|admit|sorryAx)\b")
_INTRODUCES = re.compile(r"(?:inductive|structure|def|abbrev)\s+([^\s:({\[]+)")
_BRACKETS = {"(": 1, "[": 1, "{": 1, "⟨": 1, "⦃": 1, ")": -1, "]": -1, "}": -1, "⟩": -1, "⦄": -1}

_NOTATION = Notation(
    "∀",
    "→",
    {
        "eq": (" = ", 1),
        "and": (" ∧ ", 0),
        "or": (" ∨ ", 0),
        "iff": (" ↔ ", 0),
        "List.append": (" ++ ", 1),
        "cons": (" :: ", 1),
    }
    | {
        f"{type_}.{name}": (f" {sign} ", 0)
        for type_ in ("Nat", "Int")
        for name, sign in {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%", "le": "≤", "lt": "<"}.items()
    }
    | {"Nat.pow": (" ^ ", 0)},
    {name: (f"@{lean}", 0) for name, lean in CORE.items() if name not in ("eq", "and", "or", "iff")}
    | {"not": ("¬", 0), "ex": ("Exists", 1), "nil": ("[]", 1)},
)


class LeanPrompts:
    """Lean 4, as prompts show it and answers give it."""

    templates = Path(__file__).parent / "prompts"
    proof_ends: tuple[str, ...] = ("\ntheorem", "\nlemma", "\n\n", "```")
    statement_ends: tuple[str, ...] = (" :=", "\n\n", "\n--", "```")
    plan_ends: tuple[str, ...] = (" := by", "```")

    def proofs(self, text: str) -> list[str]:
        found: list[str] = []
        for code in code_of(text).likeliest:
            blocks = _blocks(code)
            if len(blocks) > 1 and blocks[-1].proof and all(block.proof for block in blocks):
                found.append(_from_first(code))
            found += [block.proof for block in reversed(blocks)] if blocks else [_tactics(code)]
        return unique(proof for proof in found if not gives_up(proof))

    def lemmas(self, text: str) -> list[Block]:
        found: dict[str, Block] = {}
        for code in code_of(text).likeliest:
            for block in _blocks(code):
                proved = "" if gives_up(block.proof) else block.proof
                found.setdefault(block.statement, block._replace(proof=proved))
        return list(found.values())

    def split(self, text: str) -> Blocks:
        blocks = _blocks(text)
        return Blocks(tuple(blocks[:-1]), blocks[-1].proof) if blocks else Blocks((), text)

    def introduce(self, text: str, names: Sequence[str]) -> str:
        blocks = _blocks(text)
        last = blocks[-1].proof if blocks else text
        written = f"intro {' '.join(names)}\n{textwrap.dedent(last)}"
        if not blocks:
            return written
        lemmas = [f"theorem {one.name} : {one.statement} := by\n{_indented(one.proof)}" for one in blocks[:-1]]
        theorem = f"theorem {blocks[-1].name} : {blocks[-1].statement} := by\n{_indented(written)}"
        return "\n\n".join([*lemmas, theorem])

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        full, short = _tables(table)

        def other(found: re.Match[str]) -> str:
            name, lead = found["name"], found["lead"] or ""
            if name is None:
                return found.group()
            if lead:
                return lead + short.get(name, full.get(name, name) if lead != "." else name)
            if name in full:
                return full[name]
            first, dot, rest = name.partition(".")
            return f"{full[first]}.{rest}" if dot and first in full else name

        return _TOKEN.sub(other, text)

    def names_in(self, text: str) -> set[str]:
        return {found["name"] for found in _TOKEN.finditer(text) if found["name"]}

    def is_statement(self, sentence: str) -> bool:
        try:
            parse_statement(sentence)
            return len(commands(sentence)) == 1
        except (Malformed, Unterminated):
            return False

    def in_comment(self, text: str) -> str:
        return text.replace("/-", "/ -").replace("-/", "- /")

    def display(self, definitions: Iterable[Definition], term: Term) -> str:
        if isinstance(term, Const):  # the author's own words
            return term.name
        return Display(definitions, _NOTATION).statement(_with_numerals(term))

    def theorem(self, keyword: str, name: str, statement: str) -> str:
        return f"{'theorem' if keyword == 'Lemma' else keyword.lower()} {name} : {statement}"

    def definitions(self, elaboration: Elaboration, reached: set[str]) -> str:
        try:
            found = commands(elaboration.problem.header)
        except Unterminated:
            return ""
        if not elaboration.definitions:
            return "\n".join(one.text for one in found if one.word not in ("import", "open", "set_option", "universe"))
        wanted = [one.text for one in found if (name := _INTRODUCES.match(one.text)) and name.group(1) in reached]
        return "\n".join(wanted)

    def opening(self, names: Sequence[str], induction: str | None) -> str:
        plain = f"intro {' '.join(names)}"
        return f"{plain}\n  induction {induction} with" if induction else plain


def _with_numerals(term: Term) -> Term:
    """A term with numerals in place of constructors, as people write them."""
    count, rest = successors(term)
    if rest == Const("O"):
        return Const(str(count))
    if count:
        return App(Const("Nat.add"), (_with_numerals(rest), Const(str(count))))
    match term:
        case App(function, arguments):
            return App(_with_numerals(function), tuple([_with_numerals(argument) for argument in arguments]))
        case Forall(name, type_, body) | Lambda(name, type_, body):
            return type(term)(name, _with_numerals(type_), _with_numerals(body))
        case _:
            return term


def _tables(table: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The table for whole names, and that for a constructor's last name behind a dot or a bar.

    A constructor is `d….d…_1` in a text and `d…_1` in terms, and `Num.next` for an author.
    """
    full = dict(table)
    short: dict[str, str] = {}
    for name, other in table.items():
        if _CONSTRUCTOR.fullmatch(name):
            full[render_name(name)] = other
            short[name] = other.rpartition(".")[2]
        elif _CONSTRUCTOR.fullmatch(other):
            last = name.rpartition(".")[2]
            full[name] = render_name(other)
            short[last] = "" if last in short else other
    return full, {name: other for name, other in short.items() if other}


def _blocks(code: str) -> list[Block]:
    """The theorems of a text in order, with their proofs as tactic blocks."""
    try:
        found = commands(code)
    except Unterminated:
        return []
    blocks = [block_of(command) for command in found if command.word in ("theorem", "lemma")]
    return [block for block in blocks if block is not None]


def block_of(command: Command) -> Block | None:
    """A theorem with its proof as a tactic block; None if its statement cannot be read."""
    stated, proof = cut(command)
    try:
        statement = parse_statement(stated)
    except Malformed:
        return None
    return Block(statement.name, " ".join(statement.proposition.split()), _tactics(proof))


def cut(command: Command) -> tuple[str, str]:
    """The text of a theorem in two: up to where its proof begins, and from there on."""
    text = command.text
    tokens = scan(text).tokens
    depth, split_at = 0, len(text)
    for token, after in pairwise(tokens):
        depth += _BRACKETS.get(token.text, 0)
        if depth == 0 and token.text == ":" and after.text == "=" and after.start == token.end:
            split_at = token.start
            break
    start = next((token.start for token in tokens if token.text in ("theorem", "lemma")), 0)
    return text[start:split_at], text[split_at:]


def gives_up(proof: str) -> bool:
    """Whether a proof leaves something open and says so."""
    return _GIVEN_UP.search(proof) is not None


def _tactics(text: str) -> str:
    """The tactic block of what stands behind a statement: `:= by …`, `by …`, a term or the tactics themselves.

    Behind `by`, a line in the first column ends it.
    """
    text = text.strip("\n")
    assigned = re.match(r"\s*:=\s*", text)
    text = text[assigned.end() :] if assigned else text
    begun = re.match(r"\s*by\b[ \t]*", text)
    if assigned and not begun:
        return f"exact {text.strip()}" if text.strip() else ""
    body = text[begun.end() :] if begun else text
    first, *rest = body.split("\n")
    kept: list[str] = []
    for line in rest:
        if begun and line and not line[0].isspace():
            break
        kept.append(line)
    block = "\n".join(kept)
    if not first.strip():
        return textwrap.dedent(block).strip("\n").rstrip()
    if begun:
        return "\n".join([first.strip(), textwrap.dedent(block)]).rstrip()
    return textwrap.dedent("\n".join([first, *kept])).rstrip()


def _from_first(code: str) -> str:
    """The text from its first theorem on, without prose in the first column behind the last one."""
    found = [command for command in commands(code) if command.word in ("theorem", "lemma")]
    lines = code[found[0].start : found[-1].end].split("\n")
    last = max(index for index, line in enumerate(lines) if re.match(r"(?:theorem|lemma)\b", line))
    end = next((i for i in range(last + 1, len(lines)) if lines[i] and not lines[i][0].isspace()), len(lines))
    return "\n".join(lines[:end]).rstrip()


def _indented(block: str) -> str:
    return textwrap.indent(textwrap.dedent(block), "  ")
