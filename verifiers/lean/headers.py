"""A Lean problem's text taken apart: its header into prelude and definitions, its statement into name and type.

Invariant: a header is taken apart only if it is scenery (imports, `open`, `universe`, `set_option`) followed by plain
`inductive` types, structures and `def` functions, perhaps in namespaces and with instances, which the canonical form
does without (`instances`); in every other case (variables, classes, attributes, theorems, mutual blocks, …) the whole
header is the prelude, and the types and functions that it introduces are only looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from domain import Problem, UserError

_SCENERY = re.compile(r"(?:import|open|universe|set_option)\b(?!.*\bin$)")
_INTRODUCTION = re.compile(
    r"(?P<word>inductive|structure|def)\s+(?P<name>(?:[^\W\d]|_)[\w'!?]*(?:\.(?:[^\W\d]|_)[\w'!?]*)*)(?=[\s:{(\[|])"
)
_MARKED = re.compile(r"(?:@\[[^\]]*\]\s*|(?:protected|noncomputable|abbrev)\s+)*(?=inductive\s|structure\s|def\s)")
_SPARED = re.compile(r"(?:instance|deriving|namespace|section|end|open)\b(?!.*\bin$)")
_DERIVING = re.compile(r"^\s*deriving\b.*(?:\n\s+.*)*", re.MULTILINE)
_BLOCK = re.compile(r"(?P<word>namespace|section|mutual|end)\b[ \t]*(?P<name>[^\s-]*)")
_SPECIAL = re.compile(r"^\s*(?:where|mutual|deriving|decreasing_by)\b|\blet\s+rec\b|«", re.MULTILINE)
_STATEMENT = re.compile(
    r"(?:theorem|lemma|example)\b\s*(?P<name>(?:[^\W\d]|_)(?:[\w'!?]|\.(?!\{))*|«[^»]*»)?(?P<levels>\.\{[^}]*\})?"
)
_AUTO_BOUND = re.compile(r"Unknown identifier `(?P<name>[^\W\d_]\d*)`")
_MODIFIED = re.compile(r"@\[|(?:private|protected|noncomputable|nonrec)\b")
_ENDING = re.compile(r"\s*:=\s*(?:by\b)?\s*(?:sorry)?\s*$")


@dataclass(frozen=True, slots=True)
class Introduction:
    """A command that introduces a datatype, perhaps as a structure with its projections, or a function."""

    is_datatype: bool
    name: str
    is_structure: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """`prelude` comes first; `body` holds the definitions in the author's order.

    A header that stays whole is all prelude, and `whole` says why; the introductions are those in it. `spared` is what
    of it the canonical form does without.
    """

    prelude: str
    body: str
    introductions: tuple[Introduction, ...]
    whole: str = ""
    spared: str = ""


@dataclass(frozen=True, slots=True)
class AuthorStatement:
    """A formal statement without a proof: `theorem NAME BINDERS : TYPE`."""

    name: str
    sentence: str
    type_text: str
    """The proposition in the author's words, binders included."""
    bound: tuple[str, ...]
    """The variables before the colon that have names, in order."""

    levels: str = ""
    """The universes that it declares, like `.{u}`."""

    def assumed(self, index: int) -> str:
        """The statement, assumed, where no other problem's name is in the way, and as the proposition of an audit."""
        proposition = f"def _root_.Asked{index}.frozen{self.levels} : Prop :=\n  {self.type_text}"
        checked = f"#check (@_root_.Asked{index}.frozen : Prop)"
        return f"namespace Asked{index}\n{self.sentence} := sorry\nend Asked{index}\n{proposition}\n{checked}"

    def advice(self, error: str) -> str:
        """An error of Lean about the statement, with what its author can do where that is known."""
        if bound := _AUTO_BOUND.match(error):
            name = bound["name"]
            return f"{error}: if Lean is to bind `{name}` by itself, write that as a binder, like `{{{name} : Type}}`"
        if error.startswith("Failed to infer universe levels"):
            return "a universe is left open: name it, by `universe u` in the header and `Type u` in place of `Type _`"
        if ".frozen" in error:
            return "the statement depends on `variable`s of the header: write them as binders of the theorem"
        return error

    def question(self, index: int) -> str:
        """The command that shows what was assumed."""
        return f"#check @Asked{index}.{self.name.removeprefix('_root_.')}"


def without_comments(text: str) -> str:
    """The text with its comments blanked out. Raises `UserError` if one has no end."""
    parts: list[str] = []
    at = 0
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|--[^\n]*|/-', text):
        if found.start() < at:
            continue
        parts.append(text[at : found.start()])
        at = found.end()
        if found.group() == "/-":
            depth = 1
            while depth:
                mark = re.compile(r"/-|-/").search(text, at)
                if mark is None:
                    raise UserError("a comment (`/-`) has no end; close it with `-/`")
                depth += 1 if mark.group() == "/-" else -1
                at = mark.end()
        elif found.group().startswith('"'):
            parts.append(found.group())
    return "".join([*parts, text[at:]])


def take_apart(header: str) -> Header:
    """The header's parts. Raises `UserError` for a comment without an end."""
    prelude: list[str] = []
    body: list[str] = []
    introductions: list[Introduction] = []
    spaces: list[str] = []
    whole, spared = "", ""
    for command in _commands(without_comments(header)):
        if _SCENERY.match(command) and not introductions:
            prelude.append(command)
            continue
        marks = _MARKED.match(command)
        found = _INTRODUCTION.match(command, marks.end() if marks else 0)
        if found and "mutual" not in spaces:
            name = ".".join([*(space for space in spaces if space), found["name"].removeprefix("_root_.")])
            introductions.append(Introduction(found["word"] != "def", name, found["word"] == "structure"))
        body.append(command)
        derives = _DERIVING.search(command)
        if _SPARED.match(command) or (found and derives):
            spared = spared or (derives.group() if derives else command).split()[0]
        read = _DERIVING.sub("", command) if found and found["word"] != "def" else command
        plain = found and not found.start() and not _SPECIAL.search(read, found.end())
        if not (plain or _SPARED.match(command)) or "mutual" in spaces:
            whole = whole or _why(command, found)
        if block := _BLOCK.match(command):
            if block["word"] == "end":
                del spaces[-1:]
            else:
                spaces.append({"namespace": block["name"], "mutual": "mutual"}.get(block["word"], ""))
    if whole:
        return Header(header.strip(), "", tuple(introductions), whole)
    return Header("\n".join(prelude), "\n".join(body), tuple(introductions), spared=spared)


def _why(command: str, found: re.Match[str] | None) -> str:
    """Why a header with this command stays whole."""
    special = _SPECIAL.search(command, found.end()) if found and not found.start() else None
    return f"it has `{(special.group() if special else command).split()[0]}`"


def _commands(text: str) -> list[str]:
    """The text cut before every line that begins with a word or an attribute in its first column."""
    commands: list[list[str]] = []
    for line in text.splitlines():
        if re.match(r"(?!termination_by)[^\s|]", line) or (line.strip() and not commands):
            commands.append([])
        if commands and line.strip():
            commands[-1].append(line.rstrip())
    return ["\n".join(lines) for lines in commands]


def read_statement(problem: Problem) -> AuthorStatement:
    """The problem's statement. Raises `UserError` if it is none."""
    try:
        text = without_comments(problem.formal_statement).strip()
    except UserError as error:
        raise UserError(f"problem {problem.name}: {error}") from None
    found = _STATEMENT.match(text)
    if found is None or not found["name"]:
        mended = ", without attributes and modifiers" if _MODIFIED.match(text) else ""
        raise UserError(
            f"problem {problem.name}: formal_statement must be `theorem NAME : STATEMENT` (or `lemma`){mended}"
        )
    sentence = _ENDING.sub("", text)
    rest = sentence[found.end() :]
    colon = _top_colon(rest)
    if colon < 0:
        raise UserError(f"problem {problem.name}: no `:` between the theorem's name and its statement")
    binders, type_ = rest[:colon].strip(), rest[colon + 1 :].strip()
    type_text = f"∀ {binders}, {type_}" if binders else type_
    levels = found["levels"] or ""
    sentence = f"theorem {found['name']}{levels} {rest.strip()}"
    return AuthorStatement(found["name"], sentence, type_text, _bound(binders), levels)


def _bound(binders: str) -> tuple[str, ...]:
    """The names that binders like `(x y : T) {z : U} [inst : C]` introduce."""
    names: list[str] = []
    depth, start = 0, 0
    for at, character in enumerate(binders):
        if character in "([{⦃":
            start = at + 1 if depth == 0 else start
            depth += 1
        elif character in ")]}⦄":
            depth -= 1
            if depth == 0:
                group = binders[start:at].lstrip("{")
                colon = _top_colon(group)
                names += group[:colon].split() if colon >= 0 else []
    return tuple([name for name in names if name != "_"])


def _top_colon(text: str) -> int:
    """The offset of the first colon outside brackets, or -1."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([{⦃") - (character in ")]}⦄")
        if character == ":" and depth == 0:
            return at
    return -1
