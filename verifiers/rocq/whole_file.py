"""A whole Rocq file in a warm session: its first `Require`s are the base, the rest is run behind them."""

from __future__ import annotations

import re
from dataclasses import replace

from domain import Message
from verifiers.audit.refusals import Unterminated
from verifiers.audit.rocq.sentences import Sentence, identifiers, normal_text, split
from verifiers.rocq.document import Outcome
from verifiers.rocq.session import Session
from verifiers.warm_sessions import WarmSessions
from verifiers.whole_file import FileAnswer, Hole

_IMPORT = re.compile(r"(?:From [\w.']+ )?Require\b")
_CHANGES = re.compile(
    r"(?:(?:Fail|Succeed|Time|Instructions|Timeout \d+|#\[[^\]]*\]) ?)*"
    r"(?:Declare ML|Add (?:Rec )?(?:ML|LoadPath)|Remove LoadPath|Load|Redirect|Cd|Drop|Quit|Back|BackTo|Reset|Restart|"
    r"Undo|Abort All|(?:Recursive |Separate )?Extraction|Write State|Restore State)\b"
)
_GIVES_UP = frozenset({"admit", "give_up", "Admitted"})


def run_file(text: str, seconds: float, sessions: WarmSessions[Session, Outcome]) -> FileAnswer:
    """What Rocq says of a text."""
    try:
        sentences = split(text)
    except Unterminated as error:
        return FileAnswer(False, "does_not_compile", (Message("error", str(error)),))
    imports = 0
    for sentence in sentences:
        if not _IMPORT.match(normal_text(sentence.text)):
            break
        imports = sentence.end
    alone = any(changes_its_process(sentence.text) for sentence in sentences)
    with sessions.borrowed(text[:imports], alone=alone) as session:
        return _told(session, text, imports, seconds, sentences)


def changes_its_process(sentence: str) -> bool:
    """Whether a sentence might have an effect that a return to an earlier state does not take back."""
    return "native_compute" in sentence or bool(_CHANGES.match(normal_text(sentence)))


def _told(
    session: Session | Outcome, text: str, imports: int, seconds: float, sentences: tuple[Sentence, ...]
) -> FileAnswer:
    if isinstance(session, Outcome):
        return FileAnswer(False, session.reason, session.messages, seconds=session.cpu_seconds)
    outcome = session.run(text[imports:], seconds, goals=False)
    messages = [one if one.start < 0 else _moved(one, imports) for one in outcome.messages]
    reason = outcome.reason
    if outcome.ok and outcome.proof_open:
        reason = "does_not_compile"
        messages.append(Message("error", "the proof is not finished", len(text), len(text)))
    reached = len(text) if outcome.failed_at is None else imports + outcome.failed_at
    holes = [
        Hole(sentence.start + word.start, sentence.start + word.end, "")
        for sentence in sentences
        if imports <= sentence.start < reached
        for word in identifiers(sentence.text)
        if word.text in _GIVES_UP
    ]
    return FileAnswer(reason is None, reason, tuple(messages), tuple(holes), outcome.cpu_seconds)


def _moved(message: Message, by: int) -> Message:
    return replace(message, start=message.start + by, end=message.end + by)
