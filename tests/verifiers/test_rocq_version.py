"""Reports of the kernel and the checker, of Coq 8.16 and as Rocq 9's sources print them: only the clean are read."""

import pytest

from verifiers.audit.refusals import Unreadable
from verifiers.audit.rocq.lint import refuse
from verifiers.audit.rocq.version import assumptions, checked_context, classical_name

CLEAN = """
CONTEXT SUMMARY
===============

* Theory: Set is predicative
{more}
* Axioms:
    Coq.Logic.Classical_Prop.classic

* Constants/Inductives relying on type-in-type: <none>

* Constants/Inductives relying on unsafe (co)fixpoints: <none>

* Inductives whose positivity is assumed: <none>
"""
RULES = "\n* Theory: Rewrite rules are not allowed\n"


@pytest.mark.parametrize("more", ["", RULES], ids=["8.16", "9"])
def test_a_clean_summary_is_read(more: str) -> None:
    assert checked_context(CLEAN.format(more=more)).axioms == {"Coq.Logic.Classical_Prop.classic"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Set is predicative", "Set is impredicative"),
        ("are not allowed", "are allowed (consistency might be broken)"),
        ("type-in-type: <none>", "type-in-type: Candidate.Text.lie"),
        ("(co)fixpoints: <none>", "(co)fixpoints:\n    Candidate.Text.loop"),
        ("assumed: <none>", "assumed: Candidate.Text.bad"),
        ("* Axioms:", "* Postulates:"),
        ("CONTEXT SUMMARY", "SUMMARY"),
        ("* Theory: Set is predicative\n", ""),
    ],
)
def test_any_other_summary_is_refused(old: str, new: str) -> None:
    text = CLEAN.format(more=RULES)
    assert old in text
    with pytest.raises(Unreadable):
        checked_context(text.replace(old, new))


def test_assumptions_are_read() -> None:
    assert assumptions("Closed under the global context\n") == ()
    assert assumptions("Axioms:\nclassic : forall P : Prop, P \\/ ~ P\nlong\n  : forall x,\n    x = x\n") == (
        "classic",
        "long",
    )


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Section Variables:\nx : nat",
        "Axioms:\nloop is assumed to be guarded.",
        "Axioms:\nbad is assumed to be positive.",
        "Axioms:\nU relies on an unsafe hierarchy.",
        "Axioms:\nseq relies on definitional UIP.",
        "Axioms:\nclassic : True\nTheory:\nSet is impredicative",
        "Closed under the global context\nClosed under the global context",
    ],
)
def test_other_assumptions_are_refused(said: str) -> None:
    with pytest.raises(Unreadable):
        assumptions(said)


def test_the_library_has_another_name_in_rocq_9() -> None:
    assert classical_name("Stdlib.Reals.ClassicalDedekindReals.sig_not_dec").startswith("Coq.Reals.")
    assert classical_name("Candidate.Stdlib.lie") == "Candidate.Stdlib.lie"
    for text in ("From Stdlib Require Import Lia.", "From Stdlib.Lists Require Import List.", "Require Import Lia."):
        assert refuse(text) is None
    for text in ("From Stdlib Require Import Compat.AdmitAxiom.", "From Other Require Import Lia."):
        assert refuse(text) is not None
