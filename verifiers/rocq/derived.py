"""A derivation as tactics: each step rewrites with one instance of a lemma, or says what a term computes to."""

from __future__ import annotations

from collections.abc import Iterator

from domain import Lemma
from term_algebra import free_variables
from term_algebra.rewriting import Pattern, to_term
from term_algebra.steps import Derivation, Step
from term_algebra.theory import open_statement
from verifiers.rocq.ltac import hole_pattern, instance

BULLETS = tuple(mark * times for times in (1, 2, 3) for mark in "-+*")


def derived(proof: Derivation) -> str:
    """Sentences, a step each; the cases of a variable have bullets."""
    return "\n".join(_lines(proof, 0))


def _lines(proof: Derivation, depth: int) -> Iterator[str]:
    split = proof.split
    if split is None:
        yield from (f"{_tactic(step)}." for step in proof.steps)
        yield "reflexivity."
        return
    cases = "|".join(" ".join(branch.names) for branch in split.branches)
    revert = f"revert {' '.join(split.moved)}; " if split.moved else ""
    yield f"{revert}{'induction' if split.induction else 'destruct'} {split.variable} as [{cases}]."
    for branch in split.branches:
        introduced = [f"intros {' '.join(split.moved)}."] if split.moved else []
        for number, line in enumerate([*introduced, *_lines(branch.proof, depth + 1)]):
            yield f"{'  ' if number else BULLETS[depth] + ' '}{line}"


def _tactic(step: Step) -> str:
    if step.by is None:
        return f"change {_text(step.old)} with {_text(step.new)}"
    values = {name: _text(value) for name, value in (step.values or {}).items()}
    if isinstance(step.by, Lemma):
        at = instance(step.by, open_statement(step.by.term), values)
    else:
        at = f"({' '.join([step.by.name, *(values.get(name, '_') for name in step.by.variables)])})"
    premises = "".join(f" | {'; '.join([*map(_tactic, premise), 'reflexivity'])}" for premise in step.premises)
    return f"rewrite {'<- ' if step.reverse else ''}{at}" + (f"; [{premises} ]" if premises else "")


def _text(pattern: Pattern) -> str:
    term = to_term(pattern)
    return hole_pattern(term, {name: name for name in free_variables(term)})
