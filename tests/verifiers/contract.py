"""What every backend promises, as data: each brings the same cases in its own prover's words.

`CASES` has them for each prover of `verifiers.backend.BACKENDS`; one that is not installed is skipped with the reason
that the backend itself gives. In place of an Isabelle that is not named in the environment a stand-in answers, with
less trust (design, invariant 11), and what it cannot decide is listed with the reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from domain import App, Candidate, Const, Forall, Lemma, Problem, Reason, Var, Verdict, VerdictKind
from tests.verifiers.isabelle_stand_in import installed
from verifiers.audit.isabelle.settings import COMMAND_VARIABLE, SERVER_VARIABLE, IsabelleSettings
from verifiers.isabelle.verifier import IsabelleVerifier
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
    trust: Literal["audited", "elaborated"] = "audited"
    """The most that a verdict of its audit may have: `elaborated` where a stand-in gives it."""
    undecided: Mapping[str, str] = field(default_factory=dict[str, str])
    """Which of these cases it cannot decide, or which method it has not, and why."""

    def believes(self, verdict: Verdict) -> bool:
        """Whether a verdict says that there is a proof, with exactly the trust that an audit here may have."""
        return (verdict.verdict, verdict.trust) == ("accepted", self.trust)


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


@contextmanager
def _rocq() -> Generator[Backend]:
    def make() -> Verifier:
        from verifiers.audit.rocq.judge import RocqSettings
        from verifiers.rocq.verifier import RocqVerifier

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
    yield Backend(
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


@contextmanager
def _lean4() -> Generator[Backend]:
    def make() -> Verifier:
        from verifiers.audit.lean.toolchain import LeanSettings
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
    yield Backend(
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


@contextmanager
def _isabelle() -> Generator[Backend]:
    """The Isabelle that the environment names, or the stand-in."""
    if any(os.environ.get(name) for name in (COMMAND_VARIABLE, SERVER_VARIABLE)):
        yield _isabelle_cases(IsabelleSettings.from_environment(), stand_in=False)
        return
    with installed() as command:
        quick = IsabelleSettings(command=(command,), check_seconds=0.5, audit_seconds=0.5, start_seconds=30)
        yield _isabelle_cases(quick, stand_in=True)


def _isabelle_cases(settings: IsabelleSettings, *, stand_in: bool) -> Backend:
    def make() -> Verifier:
        verifier = IsabelleVerifier(settings)
        assert verifier.stand_in == stand_in, f"{verifier.version} is no release that the audit is written for"
        return verifier

    said = 'theorem goal:\n  fixes n :: nat\n  assumes "n > 0"\n  shows "n \\<noteq> 0"'
    header = 'theory Contract imports Main "HOL-Library.Multiset"\nbegin\n'
    problem = Problem("goal", "isabelle", header, said)
    lying = replace(problem, header=f'{header}lemma lie: "False" sorry\n')
    knows = "the stand-in knows no logic"

    def offer(proof: str) -> Candidate:
        return Candidate(problem, proof)

    positive = _lemma("a", "isabelle", '"(0::nat) < n \\<Longrightarrow> n \\<noteq> 0"', "by simp")
    other = _lemma("b", "isabelle", '"0 < Suc n"', "by simp")
    return Backend(
        name="isabelle",
        make=make,
        honest=(
            offer("using assms by simp"),
            offer("proof -\n  show ?thesis using assms by auto\nqed"),
            offer(f'lemma h: "True"\n  by simp\n\n{said}  using h assms by simp'),
            offer(f'theory T imports Main begin\ndefinition a :: nat where "a = 1"\n{said}  using assms by simp end'),
            offer(f'(* sorry *) datatype t = A | B t fun f :: "t \\<Rightarrow> nat" where "f A = 0" | "f (B x) = 0"\n'
                  f'text ‹about "ML"› {said} using assms by auto'),
        ),
        refused={
            "wrong statement": Refused(offer('theorem goal: "True" by simp'), "rejected", "wrong_statement"),
            "incomplete": Refused(offer("proof -"), "rejected", "does_not_compile"),
            "forbidden": Refused(offer("sorry"), "rejected", "forbidden_construct"),
            "axiom": Refused(Candidate(lying, "using lie by simp"), "rejected", "axiom"),
            "hang": Refused(offer("by (rule not_sym)+ (* loops_forever *)"), "timeout", "timeout"),
            "malformed": Refused(
                Candidate(replace(problem, formal_statement="axiomatization where lie: False"), "by simp"),
                "error",
                "malformed",
            ),
            "does not compile": Refused(offer("using undefined_fact by simp"), "rejected", "does_not_compile"),
        },
        places=(
            Place(offer(""), 1, 1, ()),
            Place(offer("using assms"), 1, 1, ()),
            Place(offer("proof (cases n)"), 2, 2, ()),
            Place(offer("proof (induct n)\n  case 0 then show ?case"), 1, 1, ()),
            Place(offer("using assms by simp"), 0, 0, ()),
        ),
        broken=offer("(* é ∀ \\<forall> *) proof -\n  show ?thesis using undefined_fact by simp"),
        broken_at="undefined_fact",
        by_lemma=Candidate(problem, f"by (rule {positive.canonical_name}[OF assms])", (positive, other)),
        goal_text="n \\<noteq> 0",
        says=lambda text: f"theorem goal: {text}",
        trust="elaborated" if stand_in else "audited",
        undecided={"elaborate": "terms of Isabelle are not read"}
        | ({"incomplete": knows, "places": knows} if stand_in else {}),
    )  # fmt: skip


CASES = {"rocq": _rocq, "lean4": _lean4, "isabelle": _isabelle}
