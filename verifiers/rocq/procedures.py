"""Rocq's own decision procedures as scripts, for statements without datatypes and functions of their own.

Over numbers of the standard library each script is one closing tactic behind a common opening; which tactics close how
many statements of a public benchmark is in `docs/benchmarks.md`. The procedures for first-order logic with equality
need no import. Nothing here knows a statement: the order is that of cost and of general yield.
"""

from __future__ import annotations

_CLOSERS = (
    "easy",
    "lra",
    "lia",
    "vm_compute; reflexivity",
    "lm_parts; lra",
    "lm_parts; lia",
    "nra",
    "nia",
    "lm_parts; nra",
    "lm_parts; nia",
    "Z.to_euclidean_division_equations; nia",
    "Z.to_euclidean_division_equations; lia",
    "field; lra",
    "ring",
    "congruence",
    "intuition (subst; try lra; try lia; try nra)",
    "vm_compute; intuition congruence",
    "simpl in *; lia",
    "simpl in *; lra",
    "simpl in *; nra",
    "subst; field_simplify; lra",
    "eauto 6",
    "unfold Rdiv in *; lm_squares; nra",
    "psatz R 2",
    "psatz R 3",
)

_CASES = (
    "lm_cases; vm_compute; reflexivity",
    "lm_cases; lm_parts; lra",
    "lm_cases; lm_parts; lia",
    "lm_cases; lm_parts; nra",
    "lm_intro; lm_absolute; lra",
    "let n := fresh in intro n; induction n; simpl in *; intros; lia",
    "let n := fresh in intro n; induction n; simpl in *; intros; nia",
)


_SPLIT = "intros; repeat match goal with x : bool |- _ => destruct x | x : prod _ _ |- _ => destruct x end; simpl in *"

_LOGIC = (
    "intuition congruence",
    "firstorder congruence",
    "intuition eauto",
    f"{_SPLIT}; intuition congruence",
)


def scripts(*, numbers: bool) -> list[str]:
    """Tactic blocks in the order in which they are tried.

    Each calls only the prover's tactics, and those of `arithmetic.v` where `numbers` says that these are there.
    """
    logic = [f"{closer}." for closer in _LOGIC]
    if not numbers:
        return logic
    return [f"lm_intro; {closer}." for closer in _CLOSERS] + [f"{case}." for case in _CASES] + logic
