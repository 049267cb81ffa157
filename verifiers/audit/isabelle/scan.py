"""What a candidate's text may say, read before any prover sees it: Isabelle's outer syntax as tokens, and a whitelist.

Strings, cartouches and nested comments are told apart as Isabelle does it; everything else falls into ASCII words and
single signs. That splits more finely than Isabelle, so no command hides in a longer name. A text passes if all its
commands are in `keywords.ALLOWED`, no other known command occurs, attributes set no options, formal text has no
antiquotations, and every `end` has its `begin`.

Invariant: a text that passes runs no ML of its own, reads and writes no file, and can only state and prove, or define.
The ML of an audit runs in the same process as the candidate, so this layer carries more weight than its relatives for
other provers. Not known to it: commands that a theory outside the distribution adds (docs/isabelle.md).

Layer: lint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from verifiers.audit.isabelle.keywords import ALLOWED, ML_METHODS, ODD_SETTINGS, PLAIN_METHODS, REFUSED
from verifiers.audit.refusals import hidden_character

Kind: TypeAlias = Literal["word", "number", "sign", "symbol", "string", "cartouche", "comment"]


class Token(NamedTuple):
    """A token of the text; `start` and `end` are offsets in characters. Quoted tokens keep their quotes."""

    kind: Kind
    text: str
    start: int
    end: int


class Unreadable(Exception):  # noqa: N818 (the text's fault, an ordinary answer)
    """The text is not made of tokens; the message says why in a few words."""


_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\n\r\f]+)
  | (?P<comment>\(\*)
  | (?P<open>\\<open>|‹)
  | (?P<close>\\<close>|›)
  | (?P<string>"(?:[^"\\]++|\\<\^?\w+>|\\["\\]|\\\d\d\d)*+(?P<string_end>")?)
  | (?P<quoted>`(?:[^`\\]++|\\<\^?\w+>|\\[`\\]|\\\d\d\d)*+(?P<quoted_end>`)?)
  | (?P<word>[A-Za-z][\w']*(?:\.[A-Za-z][\w']*)*)
  | (?P<number>\d+)
  | (?P<symbol>\\<\^?\w+>)
  | (?P<dots>\.\.\.?)
  | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_IN_COMMENT = re.compile(r"\(\*|\*\)")
_IN_CARTOUCHE = re.compile(r"\\<open>|‹|\\<close>|›")
_ANTIQUOTATION = re.compile(r"@\s*\{|\\<\^(?!sub>|sup>|isub>|isup>|bold>)|\\<comment>|―|\\<proof>")
_CODE = re.compile(r"\\\d\d\d")
_FORMAL = re.compile(r"\\<(?:comment|proof|marker)>|\\<\^(?!sub>|sup>|isub>|isup>|bold>)|―")


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text in Isabelle's outer syntax, blanks left out.

    Raises:
        Unreadable: a string, cartouche or comment does not end, or the text has a sign that no token begins with.
    """
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        assert found is not None
        kind = found.lastgroup
        start, end = found.span()
        if found["comment"]:
            end = _nested(text, end, _IN_COMMENT, ("(*",), "comment")
            if "(*)" in text[start:end]:
                raise Unreadable("`(*)` outside of quotes, which may be read as the beginning of a comment or not")
            yield Token("comment", text[start:end], start, end)
        elif found["open"]:
            end = _nested(text, end, _IN_CARTOUCHE, ("\\<open>", "‹"), "cartouche")
            yield Token("cartouche", text[start:end], start, end)
        elif found["close"]:
            raise Unreadable("a cartouche ends that did not begin")
        elif found["string"] or found["quoted"]:
            if not (found["string_end"] or found["quoted_end"]):
                raise Unreadable("a string that does not end, or has a bad escape")
            yield Token("string", text[start:end], start, end)
        elif found["blank"] is None:
            yield Token(_kind(kind), text[start:end], start, end)
        position = end


def refuse(text: str, *, prefix: bool = False) -> str | None:
    """Why a candidate's text is refused, in a few words, or None. A `prefix` may leave blocks open."""
    hidden = hidden_character(text)
    if hidden:
        return hidden
    try:
        read = list(tokens(text))
    except Unreadable as error:
        return str(error)
    return _refuse_tokens(read) or _refuse_blocks(read, prefix=prefix)


def refuse_statement(text: str) -> str | None:
    """Why the text of a statement (its first word taken off) is refused whatever it says, or None."""
    hidden = hidden_character(text)
    if hidden:
        return hidden
    try:
        read = list(tokens(text))
    except Unreadable as error:
        return str(error)
    for token in read:
        if token.kind == "word" and token.text in ALLOWED:
            return f"the command `{token.text}` inside a statement"
        if token.kind == "word" and token.text in {"notes", "includes", "defines", "constrains"}:
            return f"the element `{token.text}`"
    return _refuse_tokens(read)


def _refuse_tokens(read: Sequence[Token]) -> str | None:
    code = [token for token in read if token.kind != "comment"]
    for number, token in enumerate(code):
        refused = _refuse_token(token, code[number - 1].text if number else "")
        if refused:
            return refused
    return _refuse_attributes(code)


def _refuse_token(token: Token, before: str) -> str | None:
    if _name(token) in ML_METHODS:
        return f"`{_name(token)}`, which {REFUSED[_name(token)]}"
    if token.kind == "word":
        reason = REFUSED.get(token.text)
        if reason:
            return f"`{token.text}`, which {reason}"
        odd = token.text.startswith(("ML_", "SML_", "print_", "code_", "spark_", "import_"))
        if odd and token.text not in PLAIN_METHODS:
            return f"`{token.text}`, which looks like a command for ML, printing or code"
    elif token.kind in ("string", "cartouche"):
        found = _ANTIQUOTATION.search(token.text)
        if found:
            return f"`{found.group()}` in quoted text: an antiquotation or formal comment"
        if token.kind == "string" and _CODE.search(token.text):
            return f"`{token.text[:40]}`, which has a character by its code"
    elif token.kind == "symbol":
        if _FORMAL.match(token.text):
            return f"`{token.text}`, a formal comment or a proof left out"
    elif token.text == "―":
        return "`―`, a formal comment"
    elif token.text == "\\":
        return "a backslash that begins no symbol"
    elif token.text == "{" and before == "@":
        return "`@{`, an antiquotation"
    elif token.text == "*" and before == "{":
        return "`{*`, verbatim text"
    return None


def _refuse_attributes(code: Sequence[Token]) -> str | None:
    """Attributes may not set options: neither `[[option]]`, nor `[option = value]`, nor `[option]` for odd ones."""
    brackets: list[str] = []
    begins = False  # whether the token is the first of an attribute
    for number, token in enumerate(code):
        text = token.text
        if text == "[" and begins:
            return "`[[`, which sets options"
        if text in ("[", "("):
            brackets.append(text)
        elif text in ("]", ")"):
            del brackets[-1:]
        elif begins:
            assigned = number + 1 < len(code) and code[number + 1].text == "="
            name = _name(token)
            if assigned or name.startswith(ODD_SETTINGS) or name.endswith(("_trace", "_timing", "_debug")):
                return f"`[{text}`, which sets an option"
        begins = text == "[" or (text == "," and brackets[-1:] == ["["])
    return None


def _refuse_blocks(read: Sequence[Token], *, prefix: bool) -> str | None:
    depth = 0
    for token in read:
        if token.kind == "word" and token.text in ("begin", "end"):
            depth += 1 if token.text == "begin" else -1
            if depth < 0:
                return "an `end` without a `begin`"
    return "a `begin` without an `end`" if depth and not prefix else None


def _nested(text: str, position: int, signs: re.Pattern[str], opening: tuple[str, ...], what: str) -> int:
    """Where the comment or cartouche ends whose inside begins at `position`."""
    depth = 1
    for found in signs.finditer(text, position):
        depth += 1 if found.group() in opening else -1
        if depth == 0:
            return found.end()
    raise Unreadable(f"a {what} that does not end")


def _name(token: Token) -> str:
    """The last part of what a token names, if it is a name: methods and attributes may be quoted and qualified."""
    return token.text.strip('"` \t\n\r').rpartition(".")[2]


def _kind(group: str | None) -> Kind:
    if group == "word":
        return "word"
    if group == "number":
        return "number"
    return "symbol" if group == "symbol" else "sign"
