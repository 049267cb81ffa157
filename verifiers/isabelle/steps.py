"""Isabelle proofs as steps: one for each command, in the blocks of `proof … qed` and of braces.

Invariant: a step begins at a word that Isabelle's outer syntax takes for a command and ends where the next one begins;
what is quoted or commented begins none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from domain import Candidate
from verifiers.audit.isabelle.keywords import ALLOWED, ENDS_OF_PROOFS, IN_PROOFS
from verifiers.audit.isabelle.scan import Token, Unreadable, tokens
from verifiers.steps import Kind, Step, replace_between_blanks

_UNKNOWN = re.compile(r'(?:Undefined|Unknown|Bad) (?:proof )?method(?: name)?:? "(?P<name>[^"]*)"')
_UNREAD = re.compile(r"Outer syntax error|Inner (?:syntax|lexical) error|Bad command|Malformed command syntax")


class IsabelleSteps:
    """Implements `verifiers.steps.StepLanguage`."""

    def steps(self, text: str) -> list[Step]:
        """The commands of a text in their blocks. Raises `ValueError` if it is not made of tokens."""
        try:
            read = [token for token in tokens(text) if token.kind != "comment"]
        except Unreadable as error:
            raise ValueError(str(error)) from error
        begins = [number for number, token in enumerate(read) if _begins(token)]
        found: list[Step] = []
        path: list[int] = []
        for first, following in zip(begins, [*begins[1:], len(read)], strict=True):
            start, end = read[first].start, read[following - 1].end
            kind = _kind(read[first].text)
            if kind in ("opens", "closes") and read[first].text in ("next", "qed", "}"):
                del path[-1:]
            elif kind == "frame":
                path = []
            found.append(Step(text[start:end], start, end, kind, tuple(path), _tails(read[first:following])))
            if kind == "opens":
                path.append(len(found))
        return found

    def closing(self, tactic: str) -> str:
        return f"by {tactic}"

    def any_of(self, tactics: Sequence[str]) -> str:
        """`fail` behind a method lets it count only if it leaves nothing."""
        return f"({' | '.join(f'({tactic}; fail)' for tactic in tactics)})"

    def moving(self, tactic: str) -> str:
        return f"apply {tactic}"

    def with_tail(self, text: str, step: Step, tail: int, tactic: str) -> str:
        return f"{text[:tail].rstrip()} {tactic}{text[step.end :]}"

    def marks(self, steps: Sequence[Step]) -> list[str]:
        """What ends the innermost open block, or goes on to its next case."""
        open_blocks = _open(steps)
        if not open_blocks:
            return []
        return ["}"] if open_blocks[-1] == "{" else ["next", "qed"]

    def replace(self, text: str, steps: Sequence[Step], begin: int, end: int, new: str) -> str:
        return replace_between_blanks(text, steps, begin, end, new)

    def finished(self, text: str, steps: Sequence[Step]) -> str:
        """The text with `qed` for each proof that is open, or `done` behind a script."""
        blocks = _open(steps)
        if blocks:
            return "\n".join([text.rstrip(), *("}" if block == "{" else "qed" for block in reversed(blocks)), ""])
        script = bool(steps) and steps[-1].text.partition(" ")[0] in ("apply", "defer", "prefer", "subgoal")
        return f"{text.rstrip()}\ndone\n" if script else text

    def unknown(self, message: str) -> str | None:
        found = _UNKNOWN.search(message)
        return found["name"] if found else None

    def unread(self, message: str) -> bool:
        return _UNREAD.search(message) is not None

    def with_imports(self, candidate: Candidate, tactics: Sequence[str], works: Callable[[Candidate], bool]) -> None:
        del candidate, tactics, works  # imports stand at the beginning of a file alone

    def of_header(self, header: str) -> Sequence[str]:
        del header
        return ()

    def without_idle_imports(self, text: str) -> str:
        return text


def _begins(token: Token) -> bool:
    if token.kind == "word":
        return token.text in ALLOWED or token.text in ("sorry", "oops")
    return token.text in ("{", "}", ".", "..", "...", "\\<proof>")


def _kind(command: str) -> Kind:
    if command in ("proof", "{", "next"):
        return "opens"
    if command in ("qed", "}"):
        return "closes"
    if command in ("sorry", "oops", "...", "\\<proof>"):
        return "gap"
    return "step" if command in IN_PROOFS or command in ENDS_OF_PROOFS else "frame"


def _open(steps: Sequence[Step]) -> list[str]:
    """The blocks open at the end of the steps, outermost first, by the words that opened them."""
    blocks: list[str] = []
    for step in steps:
        command = step.text.split(None, 1)[0]
        if step.kind == "frame":
            blocks = []
        elif step.kind == "closes":
            del blocks[-1:]
        elif step.kind == "opens" and command != "next":
            blocks.append("{" if step.text.startswith("{") else "proof")
    return blocks


def _tails(command: Sequence[Token]) -> tuple[int, ...]:
    """Where the terminal method begins: of `by (induct n) auto` and of `qed auto`."""
    if command[0].text not in ("by", "qed"):
        return ()
    depth, places = 0, list[int]()
    for token in command[1:]:
        if depth == 0 and token.text not in (")", "]"):
            places.append(token.start)
        depth += (token.text in ("(", "[")) - (token.text in (")", "]"))
    wanted = 2 if command[0].text == "by" else 1
    return (places[wanted - 1],) if len(places) == wanted else ()
