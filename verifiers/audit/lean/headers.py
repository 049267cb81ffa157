"""A Lean text cut into commands, and a problem's header cut into what other files repeat of it and what they do not.

The frozen statement stands right behind the whole header, in one module: it is read as in the author's file. Other
files import that module. For them the header is cut into commands, of which those that only set the scene (imports,
`open`, `variable`, options, `namespace`, what is local) are repeated. Where that gives a candidate other surroundings
than its author meant, what it proves is another statement, and it is refused.

Invariant: nothing in what surrounds a statement comes from a candidate, and nothing comes between it and its header.

Layer: header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from verifiers.audit.lean.scan import Scan, Token, normal_text, scan
from verifiers.audit.refusals import Malformed, Unterminated

STATEMENT_MODULE = "LemmaryStatement"
"""The header and the frozen statement."""

DECLARATIONS = frozenset({"theorem", "lemma", "def", "abbrev", "example", "inductive", "structure"})
"""What may introduce names in a candidate."""
MODIFIERS = frozenset({"private", "protected", "noncomputable", "nonrec", "public", "scoped", "local"})
_SCENE = frozenset({"import", "open", "universe", "universes", "variable", "variables", "set_option", "end", "export"})
BLOCKS = frozenset({"namespace", "section", "public section"})
MAKERS = DECLARATIONS | frozenset(
    """axiom constant opaque instance class notation infix infixl infixr prefix postfix macro macro_rules syntax elab
    elab_rules attribute deriving mutual run_cmd initialize declare_syntax_cat alias add_decl_doc unsafe partial
    local_notation omit include""".split()  # noqa: SIM905
)
STARTS = _SCENE | BLOCKS | MAKERS | MODIFIERS
_NAMING = DECLARATIONS - {"example"} | {"axiom", "opaque", "class", "instance"}
_LOCAL = frozenset({"notation", "infix", "infixl", "infixr", "prefix", "postfix", "instance", "macro", "macro_rules"})
_MUTUAL = ""
"""Stands for an open `mutual` block, beside the names of open namespaces and None for a section."""
_AXIOM = re.compile(r"\baxiom\s+(?P<name>[^\s:({\[]+)")
BRACKETS = {"(": 1, "[": 1, "{": 1, "⟨": 1, "⦃": 1, ")": -1, "]": -1, "}": -1, "⟩": -1, "⦄": -1}


class Command(NamedTuple):
    """A command of a text: its first word (past attributes and modifiers), all of it, its place, and in one line."""

    word: str
    text: str
    start: int
    end: int
    normal: str
    marks: frozenset[str]
    private: int | None
    """Where its `private` stands."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header in pieces. `whole` is all of it behind its imports, `scene` what of that other files repeat."""

    imports: str
    scene: str
    whole: str
    namespace: str
    commands: frozenset[str]
    """Its commands in one line each, which a candidate may repeat."""
    axioms: frozenset[str]
    """The full names of axioms that it states: it is the problem's author who assumes them."""

    @property
    def spoken(self) -> str:
        """What another file says, after the toolchain's own beginning, to be in these surroundings."""
        return f"{self.imports}import {STATEMENT_MODULE}\n{self.scene}"


# ------------------------------------------------------------------------------------------------------ commands


@lru_cache(maxsize=256)
def commands(text: str, *, nested: bool = False) -> tuple[Command, ...]:
    """The commands of a text: each begins in the first column with a known word. Raises `Unterminated`.

    If `nested`, also in the column in which the first one of an open block begins a line.
    """
    scanned = scan(text)
    tokens = scanned.tokens
    starts: list[int] = []
    blocks = _Columns(scanned)
    for index, token in enumerate(tokens):
        if not scanned.at_line_start(token) and not (nested and blocks.begins(index)):
            continue
        attribute = token.text == "@" and index + 1 < len(tokens) and tokens[index + 1].text == "["
        if attribute or token.text == "#" or (token.kind == "word" and token.text in STARTS):
            if starts and (tokens[index - 1].text == "in" or _only_marks(_behind_scene(tokens[starts[-1] : index]))):
                continue
            starts.append(index)
            blocks.read(index)
    if tokens and (not starts or starts[0] != 0):
        starts.insert(0, 0)
    found: list[Command] = []
    for number, index in enumerate(starts):
        last = starts[number + 1] if number + 1 < len(starts) else len(tokens)
        found.append(_command(scanned, tokens[index:last]))
    return tuple(found)


class _Columns:
    """The columns in which the commands of open blocks begin, as these are read one after the other."""

    def __init__(self, scanned: Scan) -> None:
        self._scanned = scanned
        self._open = [0]
        self._first: int | None = None
        """Where the first command of a block would stand that was just opened."""

    def begins(self, index: int) -> bool:
        """Whether a token stands where a command of the innermost block may, or its `end`."""
        text, token = self._scanned.text, self._scanned.tokens[index]
        line = text.rfind("\n", 0, token.start) + 1
        if text[line : token.start].strip():
            return False
        column = token.start - line
        if token.text == "end":
            return column in self._open
        if index == self._first and column > self._open[-1]:
            self._open[-1] = column
        return column == self._open[-1]

    def read(self, index: int) -> None:
        """Takes a command that begins with a token."""
        tokens = self._scanned.tokens
        at = next((n for n in range(index, len(tokens)) if tokens[n].text not in MODIFIERS), index)
        named = at + 1 < len(tokens) and tokens[at + 1].kind == "word" and tokens[at + 1].text not in STARTS
        self._first = None
        count = tokens[at + 1].text.count(".") + 1 if named else 1
        if tokens[at].text == "end":
            del self._open[max(1, len(self._open) - count) :]
        elif tokens[at].text in BLOCKS or tokens[at].text == "mutual":
            self._open += [self._open[-1]] * (count if tokens[at].text != "mutual" else 1)
            self._first = at + 1 + (named and tokens[at].text != "mutual")


def _command(scanned: Scan, tokens: Sequence[Token]) -> Command:
    said, rest = _marks(tokens)
    word = rest[0].text if rest else ""
    if word in _SCENE:  # `open … in def …` is about what follows
        for place in [number for number, token in enumerate(tokens, 1) if token.text == "in"]:
            marked, behind = _marks(tokens[place:])
            if behind and behind[0].text in MAKERS:
                said, word = marked, behind[0].text
                break
    marks = frozenset(one.text for one in said)
    private = next((one.start for one in said if one.text == "private"), None)
    start, end = tokens[0].start, tokens[-1].end
    return Command(word, scanned.text[start:end], start, end, normal_text(tokens), marks, private)


def _past_attributes(tokens: Sequence[Token]) -> Sequence[Token]:
    while len(tokens) > 1 and tokens[0].text == "@" and tokens[1].text == "[":
        depth = 0
        for index, token in enumerate(tokens):
            depth += BRACKETS.get(token.text, 0)
            if index and depth == 0:
                tokens = tokens[index + 1 :]
                break
        else:
            return ()
    return tokens


def _marks(tokens: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]]:
    """The modifiers with which a command begins, and what stands behind these and its attributes."""
    tokens = _past_attributes(tokens)
    end = next((number for number, one in enumerate(tokens) if one.text not in MODIFIERS), len(tokens))
    return tokens[:end], tokens[end:]


def _behind_scene(tokens: Sequence[Token]) -> Sequence[Token]:
    """Of `open … in …` and the like what stands behind the last `in`; other commands are as they are."""
    if tokens[0].text not in _SCENE:
        return tokens
    return tokens[max((number for number, one in enumerate(tokens, 1) if one.text == "in"), default=0) :]


def _only_marks(tokens: Sequence[Token]) -> bool:
    """Whether a command has hardly begun: attributes and modifiers on a line of their own."""
    return not _marks(tokens)[1]


# ------------------------------------------------------------------------------------------------------- headers


@lru_cache(maxsize=64)
def parse_header(text: str) -> Header:
    """The pieces of a header. Raises `Malformed`."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Malformed("the header holds half of a character (a lone surrogate)")
    try:
        found = commands(text)
    except Unterminated as error:
        raise Malformed(f"in the header, {error}", error.at) from None
    imports: list[str] = []
    scene: list[str] = []
    opened: list[str | None] = []
    axioms: set[str] = set()
    for number, command in enumerate(found):
        if command.word == "axiom" and (stated := _AXIOM.search(command.text)):
            axioms.add(".".join([*(name for name in opened if name), stated["name"].rstrip(".")]))
        if command.word in ("prelude", "module"):
            raise Malformed(
                f"the header begins with `{command.word}`: what a file begins with is the toolchain's to say",
                command.start,
            )
        if command.word == "import":
            if len(imports) < number:
                raise Malformed("the header has an import after other commands", command.start)
            imports.append(command.text)
            continue
        in_scene = command.word in _SCENE | BLOCKS
        if command.word in BLOCKS or command.word == "end":
            in_scene = _nest(opened, command)
        elif command.word == "mutual":
            opened.append(_MUTUAL)
        local = command.word in _LOCAL and "local" in command.marks
        attribute = command.word == "attribute" and re.match(r"attribute ?\[ ?(?:local|-)", command.normal) is not None
        if in_scene or local or attribute:
            scene.append(command.text)
    namespace = ".".join(name for name in opened if name)
    whole = f"{public(text)[found[len(imports)].start :]}\n" if len(found) > len(imports) else ""
    said = "".join(f"{line}\n" for line in imports)
    spoken = "".join(f"{line}\n" for line in scene)
    return Header(said, spoken, whole, namespace, frozenset(one.normal for one in found), frozenset(axioms))


def _nest(opened: list[str | None], command: Command) -> bool:
    """Open or close blocks; whether the command is one of the scene (the end of `mutual` is not)."""
    words = command.normal.split()
    names = words[words.index(command.word) + 1 :]
    if command.word == "end":
        for _ in range(names[0].count(".") + 1 if names else 1):
            if not opened:
                raise Malformed("the header has an `end` too many", command.start)
            if opened.pop() == _MUTUAL:
                return False
    elif command.word == "namespace" and names:
        opened += names[0].split(".")
    else:
        opened += [None] * (names[0].count(".") + 1 if names else 1)
    return True


def public(text: str, *, nested: bool = False) -> str:
    """A text whose commands (as in `commands`) are without `private`, so that other files see what they make.

    The word behind it takes its place, since Lean counts columns from where a command begins.
    """
    for command in commands(text, nested=nested):
        if (at := command.private) is not None:
            word = re.compile(r"(\s+)(\w+)").match(text, at + len("private"))
            moved = f"{word[2]}{word[1]}       " if word else "       "
            text = f"{text[:at]}{moved}{text[word.end() if word else at + len('private') :]}"
    return text


class Declared(NamedTuple):
    """A command of a text, and the full name that it gives, if it gives one."""

    command: Command
    name: str


def declared(text: str, *, nested: bool = False) -> list[Declared]:
    """The commands of a text with the names that they give. Raises `Malformed`, `Unterminated`."""
    found: list[Declared] = []
    opened: list[str | None] = []
    for command in commands(text, nested=nested):
        name = ""
        if command.word in BLOCKS or command.word == "end":
            _nest(opened, command)
        elif command.word == "mutual":
            opened.append(_MUTUAL)
        elif command.word in _NAMING:
            words = iter(scan(command.text).tokens)
            _ = next((token for token in words if token.text == command.word), None)
            following = next(words, None)
            if following is not None and following.kind == "word":
                spaces = [] if following.text.startswith("_root_.") else [space for space in opened if space]
                name = ".".join([*spaces, following.text.removeprefix("_root_.")])
        found.append(Declared(command, name))
    return found
