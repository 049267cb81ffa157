"""Refuting a problem: a counterexample on ground values, then an audited proof of the negation.

Invariant: `refuted` rests on as much as `proved`. The negation is the problem's own proposition with an arrow to
`False`; the prover must read it as exactly that, and an audit accept its proof in fresh processes.
"""

from __future__ import annotations

from domain import Candidate, Const, Elaboration, Forall, Problem
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import RunContext
from pipeline.proposers.conjecture.testing import ALIKE_TRIALS, TRIALS, Tester
from term_algebra import alpha_normal


def refute(context: RunContext, log: AttemptLog, elaboration: Elaboration) -> bool:
    """Whether the problem was refuted; if so that is recorded with the counterexample and the proof.

    The draws are the same in every run: whether a false problem is caught depends on no seed.
    """
    refuter = context.backend.refuter
    if refuter is None:
        return False
    tester = Tester(elaboration.definitions)
    counterexample = tester.test(elaboration.statement, 0, TRIALS, ALIKE_TRIALS).counterexample
    if counterexample is None:
        return False
    negated = refuter.negation(elaboration.problem)
    text = refuter.proof(negated, elaboration, counterexample.ground)
    if text is None or not _is_negation(context, negated, elaboration):
        return False
    verdict = context.verifier.audit([Candidate(negated, text)])[0]
    log.audited(verdict)
    if not verdict.accepted:
        return False
    shown = ", ".join(f"{name} = {value}" for name, value in counterexample.values.items())
    log.operator, log.proof = "counterexample", text
    context.library.set_problem(
        elaboration.problem.name,
        "refuted",
        reason=f"counterexample: {refuter.own_names(shown, elaboration)}",
        proof=text,
        axioms=verdict.axioms,
        operator="counterexample",
        attempt_id=log.id,
    )
    return True


def _is_negation(context: RunContext, negated: Problem, elaboration: Elaboration) -> bool:
    """Whether the prover reads the negated problem as the elaborated statement with an arrow to `False`."""
    answer = context.verifier.elaborate([negated])[0]
    expected = alpha_normal(Forall("_", elaboration.statement, Const("False")))
    return isinstance(answer, Elaboration) and answer.statement == expected
