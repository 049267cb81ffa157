"""The tactic definitions of ours that Rocq proofs may call."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

TACTICS = (Path(__file__).parent / "tactics.v").read_text(encoding="utf-8")
"""For every script."""

ARITHMETIC = (Path(__file__).parent / "arithmetic.v").read_text(encoding="utf-8")
"""Imports and tactics for every script over numbers of the standard library."""


PREFIX = "lm_"
"""How the names of all these tactics begin."""


def preamble(prelude: str, texts: Iterable[str] | None = None) -> str:
    """The definitions for proofs under a prelude; nothing if none of `texts` calls any, nor what comes with numbers."""
    if over_numbers(prelude):
        return f"{ARITHMETIC}\n{TACTICS}"
    return TACTICS if texts is None or any(PREFIX in text for text in texts) else ""


def over_numbers(prelude: str) -> bool:
    """Whether a prelude imports libraries, so that the procedures for their numbers are worth a try."""
    return "Require" in prelude
