"""A whole Lean file in a warm session: its imports are the base, the rest is run behind them."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from domain import Message
from verifiers.audit.lean.headers import commands
from verifiers.audit.lean.lint import CONSTANTS, KEYWORDS, PREFIXES
from verifiers.audit.lean.scan import Token, scan
from verifiers.audit.refusals import Unterminated
from verifiers.lean.session import Outcome, Session
from verifiers.warm_sessions import WarmSessions
from verifiers.whole_file import FileAnswer, Hole

_CHANGES = ("runs code", "calls the compiler", "leaves the logic", "changes how text is read")
_HARMLESS = frozenset({"notation", "infix", "infixl", "infixr", "prefix", "postfix", "partial"})
_CODE = CONSTANTS - {"sorryAx"}
_QUERIES = frozenset({"check", "check_failure", "print", "reduce", "synth", "where"})
"""Queries that run no code of the text; `#eval` does."""


def run_file(text: str, seconds: float, sessions: WarmSessions[Session, Outcome]) -> FileAnswer:
    """What Lean says of a text."""
    try:
        imports = _end_of_imports(text)
        alone = runs_code(text)
    except Unterminated as error:
        return FileAnswer(False, "does_not_compile", (Message("error", str(error)),))
    with sessions.borrowed(text[:imports].strip(), alone=alone) as session:
        return _told(session, text, imports, seconds)


def runs_code(text: str) -> bool:
    """Whether a text might make Lean run code of its own while it reads it. Raises `Unterminated`."""
    tokens = scan(text).tokens
    return any(map(_is_code, tokens, chain(tokens[1:], [None])))


def _is_code(token: Token, after: Token | None) -> bool:
    if token.doubtful:
        return True
    if token.kind == "symbol":
        follows = after is not None and after.kind == "word" and after.start == token.end
        return token.text == "#" and follows and after is not None and after.text not in _QUERIES
    if token.kind != "word" or token.text in _HARMLESS:
        return False
    parts = token.text.replace("«", "").replace("»", "").removeprefix("_root_.").split(".")
    changes = KEYWORDS.get(token.text) in _CHANGES
    return changes or parts[0] == "Lean" or not _CODE.isdisjoint(parts) or token.text.startswith(PREFIXES)


def _end_of_imports(text: str) -> int:
    end = 0
    for command in commands(text):
        if command.word != "import":
            break
        end = command.end
    return end


def _told(session: Session | Outcome, text: str, imports: int, seconds: float) -> FileAnswer:
    if isinstance(session, Outcome):
        messages = tuple(replace(one, start=0, end=imports) for one in session.messages)
        return FileAnswer(False, session.reason, messages, seconds=session.cpu_seconds)
    body = text[imports:]
    outcome = session.run(body, seconds)
    messages = tuple(replace(one, start=imports + one.start, end=imports + one.end) for one in outcome.messages)
    placed = tuple(one if one.start >= 0 else replace(one, start=-1, end=-1) for one in messages)
    holes: tuple[Hole, ...] = ()
    if any("sorry" in one.text for one in outcome.messages if one.level == "warning"):
        holes = tuple(
            Hole(imports + token.start, imports + token.end, "\n\n".join(session.goals(token.start, seconds)))
            for token in scan(body).tokens
            if token.text == "sorry"
        )
    return FileAnswer(outcome.ok, outcome.reason, placed, holes, outcome.cpu_seconds)
