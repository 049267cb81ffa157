"""Problems in canonical form, from the real prover, and lemmas made of them."""

from domain import Elaboration, Lemma, Problem
from verifiers.rocq.verifier import RocqVerifier

LEAN_LISTS = """inductive Lst (α : Type) where
  | nil : Lst α
  | cons (x : α) (xs : Lst α) : Lst α
open Lst
def app {α : Type} : Lst α → Lst α → Lst α
  | nil, m => m
  | cons x xs, m => cons x (app xs m)
"""
"""Lists of the reader's own in Lean, joined by `app`."""


def elaborate(*problems: Problem) -> list[Elaboration]:
    verifier = RocqVerifier()
    try:
        answers = verifier.elaborate(problems)
    finally:
        verifier.close()
    refused = [answer for answer in answers if not isinstance(answer, Elaboration)]
    assert not refused
    return [answer for answer in answers if isinstance(answer, Elaboration)]


def lemma_of(elaboration: Elaboration, proof: str) -> Lemma:
    """A library lemma with the elaborated statement, called after it."""
    from term_algebra.display import Display
    from term_algebra.naming import statement_name
    from verifiers.canonical import lemma_id

    display = Display(elaboration.definitions)
    identity = lemma_id(elaboration.prelude_id, elaboration.reached, elaboration.statement_exact)
    return Lemma(
        id=identity,
        revision=1,
        prover="rocq",
        name=statement_name(elaboration.statement, display.names, display.type_arguments),
        prelude_id=elaboration.prelude_id,
        definition_ids=elaboration.reached,
        statement=elaboration.statement_exact,
        statement_exact=elaboration.statement_exact,
        term=elaboration.statement,
        proof=proof,
        uses=(),
        dedup_key=identity,
        origin_kind="problem",
        origins=(elaboration.problem.name,),
        parents=(),
        operator="automation",
        round=1,
        attempt_id="",
        prover_version="",
    )
