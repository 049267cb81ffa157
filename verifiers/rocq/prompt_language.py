"""How prompts for Rocq are written, and what a language model wrote in Rocq, read as candidates to be verified.

The readers are total: any text gives a list, perhaps an empty one. They put the likelier candidate first, hold no
duplicates, and drop what is no proof (nothing but `admit`, a lone keyword).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from domain import Definition, Elaboration, Term
from term_algebra.display import Display
from verifiers.answers import Block, Blocks, code_of, unique
from verifiers.audit.refusals import Malformed, Unterminated
from verifiers.audit.rocq.sentences import identifiers, normal_text, rename, split
from verifiers.audit.rocq.source import parse_statement

_BEGIN = re.compile(r"\bProof(?:\s+using\b[^.]*)?\s*\.", re.IGNORECASE)
_END = re.compile(r"\b(?:Qed|Defined|QED)\b\s*\.?|\b(?:Admitted|Abort)\b|∎|□")
_STATEMENT = re.compile(
    r"(?:Lemma|Theorem|Corollary|Fact|Remark|Proposition|Property|Example)\s+(?P<name>[^\W\d][\w']*)(?P<rest>.*)\.",
    re.DOTALL,
)
_GIVEN_UP = re.compile(r"\b(?:admit|Admitted|Abort|give_up)\b")
_TACTIC = re.compile(r"(?:\d+\s*:|all\s*:)?\s*(?:[a-z_(\[]|\{)")
_PROSE = re.compile(
    r"^(?:the|this|that|we|here|then|so|thus|hence|since|let us|note|which|is|it)\s+[a-z]+", re.IGNORECASE
)

_INTRODUCES = re.compile(r"(?:#\[[^\]]*\]\s*)?(?:Inductive|Variant|Fixpoint|Definition)\s+([^\W\d][\w']*)")
_SCENERY = re.compile(r"(?:From\s+\S+\s+)?(?:Require|Import|Export|Open|Set|Unset|Local|Global|Arguments)\b")


class RocqPrompts:
    """Rocq, as prompts show it and answers give it."""

    templates = Path(__file__).parent / "prompts"
    proof_ends: tuple[str, ...] = ("Qed.", "Admitted.", "Abort.", "\nLemma", "\nTheorem", "```")
    statement_ends: tuple[str, ...] = ("\nProof", "\n(*", "\n\n", "```")
    plan_ends: tuple[str, ...] = ("\nProof", "\nTheorem", "```")

    def proofs(self, text: str) -> list[str]:
        return parse_proofs(text)

    def lemmas(self, text: str) -> list[Block]:
        return parse_lemmas(text)

    def split(self, text: str) -> Blocks:
        return split_blocks(text)

    def introduce(self, text: str, names: Sequence[str]) -> str:
        return within_last_proof(text, f"intros {' '.join(names)}.")

    def rename(self, text: str, table: Mapping[str, str]) -> str:
        try:
            return rename(text, table)
        except Unterminated:
            return text

    def names_in(self, text: str) -> set[str]:
        try:
            return {name.text for name in identifiers(text)}
        except Unterminated:
            return set()

    def is_statement(self, sentence: str) -> bool:
        try:
            parse_statement(sentence)
        except Malformed:
            return False
        return True

    def in_comment(self, text: str) -> str:
        return text.replace("(*", "( *").replace("*)", "* )")

    def display(self, definitions: Iterable[Definition], term: Term) -> str:
        return Display(definitions).statement(term)

    def theorem(self, keyword: str, name: str, statement: str) -> str:
        return f"{keyword} {name} : {statement}."

    def definitions(self, elaboration: Elaboration, reached: set[str]) -> str:
        try:
            sentences = [sentence.text for sentence in split(elaboration.problem.header)]
        except Unterminated:
            return ""
        if not elaboration.definitions:
            return "\n".join(sentence for sentence in sentences if not _SCENERY.match(sentence))
        return "\n".join(text for text in sentences if (found := _INTRODUCES.match(text)) and found.group(1) in reached)

    def opening(self, names: Sequence[str], induction: str | None) -> str:
        plain = f"intros {' '.join(names)}."
        return f"{plain} induction {induction}" if induction else plain


def parse_proofs(text: str) -> list[str]:
    """Candidate proofs in an answer: tactic blocks without `Proof.` and `Qed.`, likeliest first.

    An answer that proves lemmas of its own before the last proof also gives the whole text as a candidate.
    """
    found: list[str] = []
    for code in _code(text):
        ends = [match.start() for match in _END.finditer(code)]
        begins = [match.end() for match in _BEGIN.finditer(code)] or [0]
        if len(begins) > 1 and (whole := _whole(code)):
            found.append(whole)
        for begin in reversed(begins):
            stop = min((end for end in ends if end >= begin), default=len(code))
            after = min((other for other in begins if other > begin), default=len(code))
            found += _blocks(code[begin : min(stop, after)])
    return unique(found)


def parse_lemmas(text: str) -> list[Block]:
    """The `Lemma NAME : STATEMENT.` sentences of an answer, binders before the colon turned into a `forall`, with the
    proofs that follow them."""
    found: dict[str, Block] = {}
    for code in _code(text):
        pieces = _sentences(code)
        for at, sentence in enumerate(pieces):
            begin = _STATEMENT.search(sentence)
            if begin is None:
                continue
            statement = _quantified(begin["rest"])
            if statement and ":=" not in statement and _balanced(statement):
                found.setdefault(statement, Block(begin["name"], statement, _proof_after(pieces, at)))
    return list(found.values())


def _proof_after(pieces: list[str], at: int) -> str:
    """The tactic block of the lemma that sentence `at` states, empty when it has none or gives up."""
    if at + 1 >= len(pieces) or not _BEGIN.fullmatch(pieces[at + 1]):
        return ""
    body: list[str] = []
    for piece in pieces[at + 2 :]:
        if _END.fullmatch(piece):
            block = _laid_out(body)
            return "" if _GIVEN_UP.search(f"{block} {piece}") else block
        if _STATEMENT.match(piece):
            break
        body.append(piece)
    return ""


def within_last_proof(text: str, sentence: str) -> str:
    """The text with a sentence put at the beginning of its last proof, or in front if it is only a tactic block."""
    begins = [match.end() for match in _BEGIN.finditer(text)]
    return f"{text[: begins[-1]]}\n{sentence}{text[begins[-1] :]}" if begins else f"{sentence}\n{text}"


def split_blocks(text: str) -> Blocks:
    """The pieces of a candidate; one that is only a tactic block has no lemmas."""
    pieces = _sentences(text)
    found: list[Block] = []
    at = 0
    while at < len(pieces):
        begin = _STATEMENT.search(pieces[at])
        end = next((i for i in range(at, len(pieces)) if re.fullmatch(r"(?:Qed|Defined)\s*\.", pieces[i])), None)
        if begin is None or end is None:
            at += 1
            continue
        body = [piece for piece in pieces[at + 1 : end] if not _BEGIN.fullmatch(piece)]
        found.append(Block(begin["name"], _quantified(begin["rest"]), _laid_out(body)))
        at = end + 1
    return Blocks(tuple(found[:-1]), found[-1].proof) if found else Blocks((), text)


def _code(text: str) -> list[str]:
    """The code of an answer, likeliest first; proofs before the first fence come last."""
    code = code_of(text)
    return [*code.likeliest, *([code.before] if code.fenced and _BEGIN.search(code.before) else [])]


def _sentences(text: str) -> list[str]:
    """Sentences with a full stop, bullets and braces; a last sentence that was cut off is dropped."""
    try:
        pieces = [sentence.text for sentence in split(text)]
    except Unterminated:
        cut = max(text.rfind("(*"), text.rfind('"'))
        return _sentences(text[:cut]) if cut > 0 else []
    if pieces and not pieces[-1].endswith(".") and not _is_mark(pieces[-1]):
        pieces.pop()
    return pieces


def _is_mark(piece: str) -> bool:
    return bool(re.fullmatch(r"[-+*]+|\{|\}|(?:\d+|all)\s*:\s*\{", piece))


def _blocks(text: str) -> list[str]:
    """The tactics that a stretch of text begins with; prose ends them."""
    kept: list[str] = []
    for piece in _sentences(text):
        if not _is_mark(piece) and (not _TACTIC.match(piece) or _PROSE.match(piece)):
            break
        kept.append(piece)
    while kept and _is_mark(kept[-1]) and kept[-1] != "}":
        kept.pop()
    if all(_is_mark(piece) or _GIVEN_UP.search(piece) for piece in kept):
        return []  # with a proof around it, a gap is a step that a repair may fill
    return [_laid_out(kept)]


def _laid_out(pieces: list[str]) -> str:
    """One sentence a line, a bullet before its first one."""
    lines: list[str] = []
    mark = ""
    for piece in pieces:
        if _is_mark(piece) and not piece.endswith(("{", "}")):
            mark += piece + " "
        else:
            lines.append(mark + " ".join(piece.split()) if "\n" in piece else mark + piece)
            mark = ""
    return "\n".join(lines)


def _whole(code: str) -> str:
    """The text from its first lemma to its last `Qed.`, when nothing in it is given up."""
    first = _STATEMENT.search(code)
    last = max((match.end() for match in re.finditer(r"\b(?:Qed|Defined)\s*\.", code)), default=-1)
    if first is None or last < first.start():
        return ""
    whole = code[first.start() : last].strip()
    try:
        split(whole)
    except Unterminated:
        return ""
    return "" if _GIVEN_UP.search(whole) else whole


def _quantified(rest: str) -> str:
    """`(x y : T) : P` becomes `forall (x y : T), P`; empty when there is no colon outside brackets."""
    depth = 0
    for at, character in enumerate(rest):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == ":" and depth == 0:
            if rest.startswith(":=", at):
                return ""
            try:
                binders, statement = normal_text(rest[:at]), normal_text(rest[at + 1 :])
            except Unterminated:
                return ""
            if not statement:
                return ""
            return f"forall {binders}, {statement}" if binders else statement
    return ""


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return False
    return depth == 0
