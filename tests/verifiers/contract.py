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
    """The closed statement of the first honest proof's problem, as the prover prints it in full, as a goal."""
    says: Callable[[str], str]
    """The formal statement that claims a proposition."""


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
        says=lambda text: f"Theorem goal : {text}.",
    )  # fmt: skip


LEAN_HEADER = """inductive N where
  | zero : N
  | succ (n : N) : N
def plus (a : N) : N → N
  | .zero => a
  | .succ b => .succ (plus a b)"""
LEAN_WALK = f"""set_option maxRecDepth 1000000
set_option maxHeartbeats 0
{LEAN_HEADER}
inductive Path where
  | here : Path
  | left (p : Path) : Path
  | right (p : Path) : Path
def both : N → N → N
  | .zero, b => b
  | .succ a, _ => a
def walk : N → Path → N
  | .zero, _ => .zero
  | .succ n, p => both (walk n (.left p)) (walk n (.right p))
def five : N := .succ (.succ (.succ (.succ (.succ .zero))))
def forty : N := plus (plus (plus five five) (plus five five)) (plus (plus five five) (plus five five))"""
"""Computing `walk forty` takes 2^40 steps and little room."""


def _lean4() -> Backend:
    def make() -> Verifier:
        from verifiers.lean.toolchain import LeanSettings
        from verifiers.lean.verifier import LeanVerifier

        verifier = LeanVerifier(LeanSettings(check_seconds=2, audit_seconds=4))
        _ = verifier.version
        return verifier

    said = "theorem goal (x : N) : Eq (plus .zero x) x"
    problem = Problem("goal", "lean4", LEAN_HEADER, said)
    split = "induction x with\n  | zero => eq_refl\n  | succ n ih => "
    block = f"{split}exact congrArg N.succ ih"
    long = Problem("goal", "lean4", LEAN_WALK, "theorem goal : Eq (walk forty .here) .zero")
    pair = Problem("goal", "lean4", "", "theorem goal (p q : Prop) (h : And p q) : And q p")

    def offer(proof: str) -> Candidate:
        return Candidate(problem, proof)

    zero = _lemma("a", "lean4", "(x : N) → Eq (plus N.zero x) x", f"intro x\n{block}")
    succ = _lemma("b", "lean4", "(x : N) → Eq (N.succ x) (N.succ x)", "intro x\neq_refl")
    return Backend(
        name="lean4",
        make=make,
        honest=(
            offer(block),
            offer(f"{said} := by\n  {block}"),
            offer(f"theorem h (x : N) : Eq (plus .zero x) x := by\n  {block}\n{said} := h x"),
        ),
        refused={
            "wrong statement": Refused(offer("theorem goal : True := True.intro"), "rejected", "wrong_statement"),
            "incomplete": Refused(offer("induction x with\n  | zero => eq_refl"), "rejected", "does_not_compile"),
            "forbidden": Refused(offer("sorry"), "rejected", "forbidden_construct"),
            "axiom": Refused(offer(f"axiom lie : False\n{said} := lie.elim"), "rejected", "forbidden_construct"),
            "hang": Refused(Candidate(long, f"{long.formal_statement} := rfl"), "timeout", "timeout"),
            "malformed": Refused(
                Candidate(replace(problem, formal_statement="axiom lie : False"), block), "error", "malformed"
            ),
            "does not compile": Refused(offer("exact foo"), "rejected", "does_not_compile"),
        },
        places=(
            Place(offer(""), 1, 1, ("x",)),
            Place(Candidate(pair, "constructor\n"), 2, 2, ("p", "q", "h")),
            Place(Candidate(pair, "constructor\nexact h.2\n"), 1, 1, ("p", "q", "h")),
            Place(Candidate(pair, "constructor\n· "), 2, 1, ("p", "q", "h")),
            Place(offer(split), 1, 1, ("n", "ih")),
            Place(offer(block), 0, 0, ()),
        ),
        broken=Candidate(pair, "constructor\nexact h.2\n-- é\nexact nowhere"),
        broken_at="nowhere",
        by_lemma=Candidate(problem, f"exact {zero.canonical_name} x", (zero, succ)),
        goal_text="⊢ ∀ (x : N), @Eq.{1} N (plus N.zero x) x",
        says=lambda text: f"theorem goal : {text}",
    )


BACKENDS = {"rocq": _rocq, "lean4": _lean4}
