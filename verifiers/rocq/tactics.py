"""The tactic definitions of ours that Rocq proofs may call."""

from __future__ import annotations

from pathlib import Path

TACTICS = (Path(__file__).parent / "tactics.v").read_text(encoding="utf-8")
"""For every script."""

ARITHMETIC = (Path(__file__).parent / "arithmetic.v").read_text(encoding="utf-8")
"""Imports and tactics for every script over numbers of the standard library."""


def preamble(prelude: str) -> str:
    """The definitions for proofs under a prelude."""
    return f"{ARITHMETIC}\n{TACTICS}" if over_numbers(prelude) else TACTICS


def over_numbers(prelude: str) -> bool:
    """Whether a prelude imports libraries, so that the procedures for their numbers are worth a try."""
    return "Require" in prelude
