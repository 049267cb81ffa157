"""What is tried where a step of an Isabelle proof fails: LEGO-Prover's list, as data.

In the order of the paper's checker (arXiv 2310.00656), ten seconds for each. Its last resort, the command
`sledgehammer`, is no method: the proof that it finds stands in a message, and would have to be asked for again.
"""

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

STEP_SECONDS = 10.0
"""For one of them at one step."""
