"""What the service is asked and how it answers, as JSON.

`/verify` and `/api/check` speak the language of Kimina Lean Server, whose published client can be used with both.
Places are lines from 1 and columns in characters from 0, as in Lean's REPL.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from domain import Message
from verifiers.whole_file import FileAnswer

FileProver = Literal["lean4", "rocq"]
"""The provers that are given whole files."""

LONGEST_TIMEOUT = 600


class _Request(BaseModel):
    prover: FileProver = "lean4"
    timeout: int = Field(60, ge=1, le=LONGEST_TIMEOUT, description="CPU seconds of the prover for each text")


class Code(BaseModel):
    custom_id: str | int
    proof: str | None = None
    code: str | None = None

    @model_validator(mode="after")
    def one_text(self) -> Self:
        if (self.proof is None) == (self.code is None):
            raise ValueError("give the text as `proof` (or as `code`), and not as both")
        return self

    @property
    def text(self) -> str:
        return self.proof if self.proof is not None else self.code or ""


class VerifyRequest(_Request):
    """`POST /verify`. The cache that `disable_cache` turns off elsewhere is not there."""

    codes: list[Code] = Field(min_length=1)
    infotree_type: None = None
    disable_cache: bool = False


class Snippet(BaseModel):
    id: str
    code: str


class CheckRequest(_Request):
    """`POST /api/check`. What `debug` and `reuse` ask for has no effect."""

    snippets: list[Snippet] = Field(min_length=1)
    infotree: None = None
    debug: bool = False
    reuse: bool = True


class AuditRequest(BaseModel):
    """`POST /audit`: the lines of `check --batch`."""

    candidates: list[dict[str, Any]] = Field(min_length=1)
    recheck: bool = False


class RetrieveRequest(BaseModel):
    """`POST /retrieve`: a problem, as in a problem file."""

    problem: dict[str, Any]
    k: int = Field(8, ge=1, le=100)


class Places:
    """Offsets of a text as lines and columns."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]

    def __call__(self, offset: int) -> dict[str, int]:
        line = bisect_right(self._starts, max(0, offset)) - 1
        return {"line": line + 1, "column": max(0, offset) - self._starts[line]}


def said(text: str, answer: FileAnswer) -> dict[str, Any]:
    """What the REPL's answer would be for a text."""
    place = Places(text)
    told: dict[str, Any] = {"env": 0}
    if answer.messages:
        told["messages"] = [_message(one, place) for one in answer.messages]
    if answer.holes:
        told["sorries"] = [
            {"pos": place(one.start), "endPos": place(one.end), "goal": one.goal} for one in answer.holes
        ]
    return told


def _message(message: Message, place: Places) -> dict[str, Any]:
    severity = message.level if message.level in ("error", "warning") else "info"
    ends = place(message.end) if message.end >= 0 else None
    return {"severity": severity, "pos": place(message.start), "endPos": ends, "data": message.text}


def failure(answer: FileAnswer, seconds: int) -> str | None:
    """Why there is no answer of the prover itself, or None."""
    if answer.reason in (None, "does_not_compile"):
        return None
    text = answer.messages[0].text if answer.messages else answer.reason
    return f"timed out: more than {seconds} CPU seconds" if answer.reason == "timeout" else f"{answer.reason}: {text}"
