"""What a language model wrote, read as candidates: whatever it is, it is text to be verified.

The functions are total: any text gives a list, perhaps an empty one. They put the likelier candidate first, hold no
duplicates, and drop what cannot be accepted (`admit`, a lone keyword).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from verifiers.rocq.sentences import Unterminated, normal_text, split

_FENCE = re.compile(r"```[ \t]*[\w.+-]*[ \t]*\r?\n(.*?)(?:```|\Z)", re.DOTALL)
_BEGIN = re.compile(r"\bProof(?:\s+using\b[^.]*)?\s*\.", re.IGNORECASE)
_END = re.compile(r"\b(?:Qed|Defined|QED)\b\s*\.?|\b(?:Admitted|Abort)\b|∎|□")
_CHAT = re.compile(r"<\|[^|<>\n]{1,40}\|>|</?s>")
_STATEMENT = re.compile(
    r"(?:Lemma|Theorem|Corollary|Fact|Remark|Proposition|Property|Example)\s+(?P<name>[^\W\d][\w']*)(?P<rest>.*)\.",
    re.DOTALL,
)
_GIVEN_UP = re.compile(r"\b(?:admit|Admitted|Abort|give_up)\b")
_TACTIC = re.compile(r"(?:\d+\s*:|all\s*:)?\s*(?:[a-z_(\[]|\{)")
_PROSE = re.compile(
    r"^(?:the|this|that|we|here|then|so|thus|hence|since|let us|note|which|is|it)\s+[a-z]+", re.IGNORECASE
)

LONGEST = 20_000
"""Characters of an answer that are read; the rest is a loop or not a proof."""


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
    return _unique(found)


def parse_statements(text: str, most: int | None = None) -> list[str]:
    """The statements of `Lemma NAME : STATEMENT.` sentences, binders before the colon turned into a `forall`."""
    found: list[str] = []
    for code in _code(text):
        for sentence in _sentences(code):
            begin = _STATEMENT.search(sentence)
            if begin is None:
                continue
            statement = _quantified(begin["rest"])
            if statement and ":=" not in statement and _balanced(statement):
                found.append(statement)
    return _unique(found)[:most]


def parse_requests(text: str, most: int = 5) -> list[str]:
    """The lemma statements that a plan asks for, at most `most`."""
    return parse_statements(text, most)


class Block(NamedTuple):
    """A lemma that a candidate proves before its theorem; `proof` is a tactic block."""

    name: str
    statement: str
    proof: str


class Blocks(NamedTuple):
    """A candidate in pieces: its auxiliary lemmas in order, and the tactic block of its theorem."""

    lemmas: tuple[Block, ...]
    last: str


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
    """The fenced blocks of an answer, last one first, or all of it when it has none."""
    text = _CHAT.sub("", text[:LONGEST]).replace("\r\n", "\n")
    blocks = [match.group(1) for match in _FENCE.finditer(text)]
    if not blocks:
        return [text.replace("```", "\n")]
    before = text.split("```", 1)[0]
    return [*reversed(blocks), *([before] if _BEGIN.search(before) else [])]


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
    block = _laid_out(kept)
    return [block] if block and not _GIVEN_UP.search(block) else []


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


def _unique(items: list[str]) -> list[str]:
    return list(dict.fromkeys(item for item in items if item.strip()))
