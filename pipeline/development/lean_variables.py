"""The `variable`s of a Lean file on which a statement depends, as binders of its own.

Lean takes those that the statement or the type of one that is taken mentions, those that are `include`d, and an
instance where all that it speaks of is taken. Where that is told wrong here, another statement is asked: what is found
for it goes through the judge of the whole file like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from verifiers.audit.lean.headers import BLOCKS, BRACKETS, Command
from verifiers.audit.lean.scan import scan

_CLOSING = {"(": ")", "{": "}", "[": "]", "⦃": "⦄"}


class _Binder(NamedTuple):
    """A variable, or an instance that may have no name."""

    name: str
    text: str
    mentions: frozenset[str]
    is_instance: bool


class Variables:
    """The variables in force at a place of a file, as its commands are read one after the other."""

    def __init__(self) -> None:
        self._blocks: list[list[_Binder]] = [[]]
        self._included: set[str] = set()

    def read(self, command: Command) -> None:
        """Takes the next command of the file."""
        words = command.normal.split()
        if command.word in BLOCKS:
            named = command.word == "namespace" and len(words) > 1
            self._blocks += [[] for _ in range(words[-1].count(".") + 1 if named else 1)]
        elif command.word == "end":
            count = words[1].count(".") + 1 if len(words) > 1 else 1
            del self._blocks[max(1, len(self._blocks) - count) :]
        elif command.word == "variable":
            self._blocks[-1] += _binders(command.text)
        elif command.word == "include":
            self._included |= {*words[1:]}

    def bound(self, statement: str, scene: Sequence[str], own: Sequence[str]) -> str:
        """A statement with those before its binders on which it depends.

        `scene` are the commands that stand before it with an `in`, `own` the names that it binds itself.
        """
        known = [one for block in self._blocks for one in block]
        known += [one for said in scene if said.startswith("variable") for one in _binders(said)]
        names = {one.name for one in known if one.name}
        wanted = (_mentioned(statement) | self._included) & names - {*own}

        def is_taken(one: _Binder) -> bool:
            about = one.mentions & names
            return one.name in wanted or (one.is_instance and bool(about) and about <= wanted)

        for _ in known:  # what is mentioned by one that is taken is taken too
            for one in filter(is_taken, known):
                wanted |= (one.mentions | {one.name}) & names
        taken = {one.name or one.text: one.text for one in filter(is_taken, known)}
        tokens = scan(statement).tokens
        at = tokens[1].end
        if [token.text for token in tokens[2:4]] == [".", "{"]:
            at = next(token.end for token in tokens if token.text == "}")
        return f"{statement[:at]}{''.join(f' {text}' for text in taken.values())}{statement[at:]}"


def _mentioned(text: str) -> frozenset[str]:
    """The names in a text, without what stands behind their dots."""
    return frozenset(token.text.partition(".")[0] for token in scan(text).tokens if token.kind == "word")


def _binders(text: str) -> Iterator[_Binder]:
    """The variables of a command. One that only says again how another is given is left out."""
    tokens = scan(text).tokens
    depth = start = 0
    for number, token in enumerate(tokens):
        if depth == 0:
            start = number
        depth += BRACKETS.get(token.text, 0)
        if depth or token.text not in _CLOSING.values():
            continue
        colon = next((at for at in range(start + 1, number) if tokens[at].text == ":"), None)
        begin = tokens[start]
        if begin.text == "[" and (colon is None or colon != start + 2):
            inner = text[begin.end : token.start]
            yield _Binder("", f"[{inner}]", _mentioned(inner), is_instance=True)
        elif colon is not None:
            type_ = text[tokens[colon].end : token.start].strip()
            for name in tokens[start + 1 : colon]:
                shown = f"{begin.text}{name.text} : {type_}{_CLOSING[begin.text]}"
                yield _Binder(name.text, shown, _mentioned(type_), is_instance=begin.text == "[")
