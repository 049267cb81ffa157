"""What every backend promises, as data: each brings the same cases in its own prover's words.

`BACKENDS` lists them; one whose prover is not installed is skipped with the reason that the backend itself gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from domain import App, Candidate, Const, Forall, Lemma, Problem, Reason, Var, VerdictKind
from verifiers.protocol import Verifier


@dataclass(frozen=True)
class Refused:
    """A candidate that is not to be accepted, and the verdict that says so."""

    candidate: Candidate
    verdict: VerdictKind
    reason: Reason


@dataclass(frozen=True)
class Place:
    """A prefix of a proof: the open goals after it, those in focus, and hypotheses of the first one."""

    candidate: Candidate
    open: int
    focused: int
    hypotheses: tuple[str, ...]


@dataclass(frozen=True)
class Backend:
    """A prover under test. `make` raises `domain.OutsideError` where it is missing."""

    name: str
    make: Callable[[], Verifier]
    honest: tuple[Candidate, ...]
    refused: dict[str, Refused]
    """Under: wrong statement, incomplete, forbidden, axiom, hang, malformed, does not compile."""
    places: tuple[Place, ...]
    broken: Candidate
    """Its text says `broken_at` where it fails, and nowhere before."""
    broken_at: str
    by_lemma: Candidate
    """Needs its one lemma, and comes with a second one that it does not name."""
    goal_text: str
    """`forall x, x + 0 = x` under the names of the header, as the prover prints it in full, as a goal."""
    header: str


ROCQ_HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""


def _lemma(identity: str, prover: str, statement: str, proof: str) -> Lemma:
    zero = Const("Zero")
    term = Forall("x", Const("N"), App(Const("eq"), (Const("N"), App(Const("plus"), (Var("x"), zero)), Var("x"))))
    return Lemma(
        id=identity * 16, revision=1, prover=prover, name=identity, prelude_id="", definition_ids=(),  # pyright: ignore[reportArgumentType]
        statement=statement, statement_exact=statement, term=term, proof=proof, uses=(), dedup_key="", origin_kind="",
        origins=(), parents=(), operator="", round=1, attempt_id="", prover_version="",
    )  # fmt: skip


def _rocq() -> Backend:
    def make() -> Verifier:
        from verifiers.rocq.verifier import RocqSettings, RocqVerifier

        verifier = RocqVerifier(RocqSettings(check_seconds=1, audit_seconds=3))
        _ = verifier.version
        return verifier

    said = "Theorem goal : forall x, plus x Zero = x."
    problem = Problem("goal", "rocq", ROCQ_HEADER, said)
    block = "induction x; simpl; congruence."

    def offer(proof: str) -> Candidate:
        return Candidate(problem, proof)

    irrelevance = Problem(
        "goal",
        "rocq",
        "Require Import ProofIrrelevance.",
        "Theorem goal : forall (P : Prop) (p q : P), p = q.",
    )
    zero = _lemma("a", "rocq", "forall x : N, plus x Zero = x", block)
    succ = _lemma("b", "rocq", "forall x y : N, plus x (Succ y) = Succ (plus x y)", "induction x; simpl; congruence.")
    return Backend(
        name="rocq",
        make=make,
        honest=(
            offer(block),
            offer(f"Proof.\n{block}\nQed."),
            offer(f"Lemma h : forall y, plus y Zero = y. induction y; simpl; congruence. Qed. {said} apply h. Qed."),
        ),
        refused={
            "wrong statement": Refused(offer("Theorem goal : True. exact I. Qed."), "rejected", "wrong_statement"),
            "incomplete": Refused(offer("induction x."), "rejected", "does_not_compile"),
            "forbidden": Refused(offer("intros. Admitted."), "rejected", "forbidden_construct"),
            "axiom": Refused(Candidate(irrelevance, "exact proof_irrelevance."), "rejected", "axiom"),
            "hang": Refused(offer("assert (H : True) by exact I. repeat (pose proof H; idtac)."), "timeout", "timeout"),
            "malformed": Refused(
                Candidate(replace(problem, formal_statement="Axiom lie : False."), block), "error", "malformed"
            ),
            "does not compile": Refused(offer("exact foo."), "rejected", "does_not_compile"),
        },
        places=(
            Place(offer(""), 1, 1, ()),
            Place(offer("intros x."), 1, 1, ("x",)),
            Place(offer("induction x as [|y IH]."), 2, 2, ()),
            Place(offer("induction x as [|y IH]. reflexivity."), 1, 1, ("y", "IH")),
            Place(offer("induction x as [|y IH]. -"), 2, 1, ()),
            Place(offer("induction x as [|y IH]. - reflexivity. - simpl."), 1, 1, ("y", "IH")),
            Place(offer(block), 0, 0, ()),
        ),
        broken=offer("intros é.\n  apply nowhere."),
        broken_at="nowhere",
        by_lemma=Candidate(problem, f"intros. rewrite {zero.canonical_name}. reflexivity.", (zero, succ)),
        goal_text=f"{'=' * 28}\nforall x : N, @eq N (plus x Zero) x",
        header=ROCQ_HEADER,
    )  # fmt: skip


BACKENDS = {"rocq": _rocq}
