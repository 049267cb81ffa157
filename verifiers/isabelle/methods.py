"""What is tried where a step of an Isabelle proof fails: LEGO-Prover's list, as data.

In the order of the paper's checker (arXiv 2310.00656): ten methods, then `auto` with the field rules, then
sledgehammer, whose proof has to be read from its message. Ten seconds for each.
"""

from __future__ import annotations

import re

METHODS = (
    "auto",
    "simp",
    "blast",
    "fastforce",
    "force",
    "eval",
    "presburger",
    "sos",
    "arith",
    "linarith",
    "(auto simp: field_simps)",
)
"""Proof methods, as they stand after `by`. A proof by `eval` rests on an oracle, which an audit refuses unless the
problem allows it."""

SLEDGEHAMMER = "sledgehammer"
"""The command tried last: it is no method, and never part of a candidate."""

STEP_SECONDS = 10.0

_TRY_THIS = re.compile(r"Try this: (?P<proof>(?:by|apply) .*?)(?: \([0-9.]+ m?s\))?$", re.MULTILINE)


def repairs() -> tuple[str, ...]:
    """The texts that may stand for a failed step's own proof, in order."""
    return tuple(f"by {method}" for method in METHODS)


def found_proofs(said: str) -> tuple[str, ...]:
    """The proofs that sledgehammer proposes in a message, in its order and each once."""
    return tuple(dict.fromkeys(found["proof"].strip() for found in _TRY_THIS.finditer(said)))
