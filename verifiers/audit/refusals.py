"""How a layer of an audit says no, for every prover: what it raises, and the verdict that this stands for.

Also the one reason to refuse a text that is the same for all of them: characters that show nothing.

Invariant: nothing here has the verdict `accepted`.

Layer: none of its own.
"""

from __future__ import annotations

import unicodedata

from domain import Message, Reason, Verdict, VerdictKind


class _Unread(ValueError):  # noqa: N818 (a claim about the text)
    """A text cannot be read; `at` is the place where that is known, else negative."""

    def __init__(self, said: str, at: int = -1) -> None:
        super().__init__(said)
        self.at = at


class Malformed(_Unread):
    """A statement that is not exactly one theorem without a proof, or a header that cannot be used."""


class Unterminated(_Unread):
    """A comment, a string or a quoted name of a text has no end."""


class Unreadable(ValueError):  # noqa: N818 (what the report is)
    """A report of the kernel or the checker that says that something is unsafe, or that says something unknown."""


class Rejection(Exception):  # noqa: N818 (the ordinary way to end an audit)
    """A layer says no."""

    def __init__(self, reason: Reason, *messages: Message, kind: VerdictKind = "rejected") -> None:
        super().__init__(reason)
        self.verdict = Verdict(kind, reason, "none", messages)


REFUSALS = (Malformed, Unterminated, Unreadable, Rejection)
"""What the steps of an audit raise."""


def verdict_of(error: Malformed | Unterminated | Unreadable | Rejection) -> Verdict:
    """The verdict that what stopped an audit stands for."""
    if isinstance(error, Rejection):
        return error.verdict
    message = Message("error", str(error))
    if isinstance(error, Malformed):
        return Verdict("error", "malformed", "none", (message,))
    return Verdict(
        "rejected", "typing_flag" if isinstance(error, Unreadable) else "does_not_compile", "none", (message,)
    )


def hidden_character(text: str) -> str | None:
    """The first character that shows nothing, or reorders what is shown, or None: none has a use in a proof."""
    for character in text:
        if character in "\n\t\r" or " " <= character <= "~":
            continue
        if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp", "Zs"}:
            return f"the character U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
    return None


def refusal(refused: str) -> Verdict:
    """The verdict on a text that the lint refuses."""
    return Verdict("rejected", "forbidden_construct", "none", (Message("error", f"not allowed: {refused}"),))
