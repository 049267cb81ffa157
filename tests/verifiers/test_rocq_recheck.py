"""The independent pass over a whole library accepts all lemmas or none."""

from dataclasses import replace

import pytest

from domain import Development, Lemma, Var
from verifiers.audit.rocq.recheck import recheck
from verifiers.audit.sandbox import Limits, Sandbox

HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""
LIMITS = Limits(wall_seconds=240, cpu_seconds=60)


def lemma(number: int, statement: str, proof: str) -> Lemma:
    return Lemma(
        id=f"{number:064x}"[::-1],
        revision=1,
        prover="rocq",
        name="",
        prelude_id="",
        definition_ids=(),
        statement=statement,
        statement_exact=statement,
        term=Var("?"),
        proof=proof,
        uses=(),
        dedup_key="",
        origin_kind="",
        origins=(),
        parents=(),
        operator="",
        round=1,
        attempt_id="",
        prover_version="",
    )


ZERO = lemma(1, "forall x, plus x Zero = x", "induction x; simpl; congruence.")
SUCC = lemma(2, "forall x y, plus x (Succ y) = Succ (plus x y)", "induction x; intros; simpl; easier.")
COMMUTES = lemma(
    3,
    "forall x y, plus x y = plus y x",
    f"induction x; intros; simpl. now rewrite {ZERO.canonical_name}. rewrite IHx. now rewrite {SUCC.canonical_name}.",
)
LIBRARY = Development(HEADER, "Ltac easier := congruence.", (ZERO, SUCC, COMMUTES))


def test_a_library_is_rechecked() -> None:
    verdict = recheck(LIBRARY, Sandbox(), LIMITS)
    assert (verdict.verdict, verdict.trust, verdict.axioms) == ("accepted", "rechecked", ())
    assert verdict.seconds > 0


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (replace(ZERO, statement_exact="forall x, plus x Zero = Succ x"), "does_not_compile"),
        (replace(ZERO, proof="admit."), "forbidden_construct"),
        (replace(ZERO, proof="exact (fun x => eq_refl). Qed. Axiom more : False. Lemma l : True. Proof. exact I."), ""),
        (replace(ZERO, statement_exact="True. Axiom more : False. Lemma m : True"), "forbidden_construct"),
    ],
)
def test_one_bad_lemma_spoils_the_library(spoiled: Lemma, reason: str) -> None:
    verdict = recheck(replace(LIBRARY, lemmas=(spoiled, SUCC, COMMUTES)), Sandbox(), LIMITS)
    assert verdict.verdict == "rejected"
    assert verdict.reason == (reason or "forbidden_construct")


def test_axioms_are_allowed_by_name_alone() -> None:
    assumed = Development(
        f"{HEADER}\nAxiom odd : plus Zero Zero = Succ Zero.", "", (lemma(4, "Zero = Succ Zero", "exact odd."),)
    )
    assert recheck(assumed, Sandbox(), LIMITS).axioms == ("Header.Part0.Body.odd",)
    refused = Development(
        "Require Import Eqdep.",
        "",
        (
            lemma(
                6,
                "forall (U : Type) (p : U) (Q : U -> Type) (x : Q p) h, x = eq_rect p Q x p h",
                "intros; apply eq_rect_eq.",
            ),
        ),
    )
    assert recheck(refused, Sandbox(), LIMITS).reason == "axiom"


def test_recursion_that_is_not_plainly_structural_is_refused() -> None:
    structural = lemma(7, "N -> True", "exact (fix f (n : N) : True := match n with Zero => I | Succ m => f m end).")
    assert recheck(Development(HEADER, "", (structural,)), Sandbox(), LIMITS).trust == "rechecked"
    hidden = "exact (fix f (n : N) : True := match n with Zero => I | Succ m => f (id m) end)."
    refused = recheck(Development(HEADER, "", (replace(structural, proof=hidden),)), Sandbox(), LIMITS)
    assert refused.reason == "forbidden_construct"


def test_many_lemmas_are_listed_together() -> None:
    many = tuple(lemma(number, f"{number} = {number}", "reflexivity.") for number in range(16, 140))
    assert recheck(Development("", "", many), Sandbox(), LIMITS).trust == "rechecked"
