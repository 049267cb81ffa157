"""The audit accepts proofs of exactly the frozen statement, and no cheat, with the lint and without it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from domain import App, Candidate, Const, Lemma, Problem, Verdict
from verifiers.audit.refusals import Malformed, Rejection
from verifiers.audit.rocq.auditor import Auditor
from verifiers.audit.rocq.headers import header_parts
from verifiers.audit.rocq.judge import RocqSettings
from verifiers.audit.rocq.processes import Work, coqchk
from verifiers.audit.rocq.source import parse_statement
from verifiers.audit.sandbox import Finished, Limits, Sandbox
from verifiers.rocq.verifier import RocqVerifier

HEADER = """Inductive N := Zero | Succ (n : N).
Fixpoint plus (a b : N) := match a with Zero => b | Succ x => Succ (plus x b) end."""
FALSE = "Theorem goal : forall x, plus x Zero = Succ x."
TRUE = "Theorem goal : forall x, plus x Zero = x."
BLOCK = "induction x; simpl; congruence."


@pytest.fixture(scope="module")
def auditor() -> Iterator[Auditor]:
    made = Auditor(Sandbox(), Limits(wall_seconds=60, cpu_seconds=5))
    yield made
    made.close()


def problem(statement: str, header: str = HEADER, allowed_axioms: tuple[str, ...] = ()) -> Problem:
    return Problem("goal", "rocq", header, statement, allowed_axioms=allowed_axioms)


def audit(auditor: Auditor, proof: str, statement: str = TRUE, header: str = HEADER) -> Verdict:
    return auditor.audit([Candidate(problem(statement, header), proof)])[0]


class Cheat(NamedTuple):
    name: str
    proof: str
    reason: str
    """What the layers after the lint say."""


def read_cheats() -> list[Cheat]:
    """The cheats of `rocq_cheats.txt`: after `==` a name and a reason, then the text."""
    cheats: list[Cheat] = []
    for block in (Path(__file__).parent / "rocq_cheats.txt").read_text().split("\n== ")[1:]:
        title, _, proof = block.partition("\n")
        name, _, reason = title.partition(" | ")
        cheats.append(Cheat(name, proof.strip(), reason))
    return cheats


CHEATS = read_cheats()


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_is_refused(auditor: Auditor, cheat: Cheat) -> None:
    candidate = Candidate(problem(FALSE), cheat.proof)
    verdict = auditor.judge_compiled(candidate)
    assert (verdict.verdict, verdict.reason) == ("rejected", cheat.reason)
    assert verdict.trust == "none"
    assert not auditor.audit([candidate])[0].accepted


@pytest.mark.parametrize(
    "proof",
    [
        BLOCK,
        f"Proof. {BLOCK} Qed.",
        f"Proof.\n  {BLOCK}\nDefined.",
        f"{TRUE} Proof. {BLOCK} Qed.",
        f"Lemma h : forall y, plus y Zero = y. Proof. induction y; simpl; congruence. Qed. {TRUE} exact h. Qed.",
        f"Lemma goal : forall k, @eq N (plus k Zero) k. Proof. {BLOCK.replace('x', 'k')} Qed.",
        f"{HEADER} {TRUE} {BLOCK} Qed.",
        f"Definition id (x : N) := x. Ltac crush := simpl; congruence. {TRUE} induction x; crush. Qed.",
    ],
)
def test_an_honest_proof_is_accepted(auditor: Auditor, proof: str) -> None:
    verdict = audit(auditor, proof)
    assert (verdict.verdict, verdict.reason, verdict.trust, verdict.axioms) == ("accepted", "proved", "audited", ())
    assert verdict.seconds > 0


def test_a_neighbour_is_not_touched_by_a_failure(auditor: Auditor) -> None:
    batch = [Candidate(problem(TRUE), proof) for proof in (BLOCK, "foo.", BLOCK + " (* again *)")]
    assert [verdict.accepted for verdict in auditor.audit(batch)] == [True, False, True]


def test_an_error_has_its_place_in_the_candidates_text(auditor: Auditor) -> None:
    for proof in ("intros é.\n  apply foo.", f"{TRUE}\nintros é.\n  apply foo. Qed."):
        error = audit(auditor, proof).messages[0]
        assert proof[error.start : error.end] == "foo"


def test_an_endless_proof_times_out() -> None:
    quick = Auditor(Sandbox(), Limits(wall_seconds=60, cpu_seconds=1))
    verdict = audit(quick, "assert (H : True) by exact I. repeat (pose proof H; idtac).")
    quick.close()
    assert (verdict.verdict, verdict.reason) == ("timeout", "timeout")


def test_a_statement_can_have_binders(auditor: Auditor) -> None:
    statement = "Theorem goal (x : N) {y : N} (e : x = y) : plus y Zero = x."
    assert audit(auditor, "subst. induction y; simpl; congruence.", statement).accepted


def test_a_header_that_does_not_compile_is_an_error(auditor: Auditor) -> None:
    assert audit(auditor, BLOCK, TRUE, "Definition a := b.").verdict == "error"
    assert audit(auditor, BLOCK, "Theorem goal : nonsense.").verdict == "error"


@pytest.mark.parametrize(
    "statement",
    [
        "Theorem goal : True. Axiom lie : False.",
        "Definition goal := 0.",
        "Theorem goal.",
        "",
        "Admitted.",
        "Theorem goal : True\0.",
    ],
)
def test_a_statement_is_one_theorem_and_nothing_else(auditor: Auditor, statement: str) -> None:
    verdict = audit(auditor, "exact I.", statement)
    assert (verdict.verdict, verdict.reason) == ("error", "malformed")
    with pytest.raises(Malformed):
        parse_statement(statement)


def test_axioms_of_the_header_may_be_used_and_are_named(auditor: Auditor) -> None:
    header = HEADER + "\nAxiom assumed : Zero = Succ Zero."
    verdict = audit(auditor, "exact assumed.", "Theorem goal : Zero = Succ Zero.", header)
    assert verdict.accepted
    assert verdict.axioms == ("Header.Part0.Body.assumed",)


def test_an_axiom_of_the_library_counts_only_if_allowed(auditor: Auditor) -> None:
    header = "Require Import Classical ProofIrrelevance."
    classic = "Theorem goal : forall P : Prop, P \\/ ~ P."
    assert audit(auditor, "exact classic.", classic, header).axioms == ("Coq.Logic.Classical_Prop.classic",)
    irrelevance = "Theorem goal : forall (P : Prop) (p q : P), p = q."
    refused = audit(auditor, "exact proof_irrelevance.", irrelevance, header)
    assert (refused.verdict, refused.reason) == ("rejected", "axiom")
    name = "Coq.Logic.ProofIrrelevance.proof_irrelevance"
    assert refused.messages[0].text == f"the proof rests on {name}, which `allowed_axioms` does not name"
    for called in (name, name.replace("Coq", "Stdlib")):
        allowed = problem(irrelevance, header, (called,))
        assert auditor.audit([Candidate(allowed, "exact proof_irrelevance.")])[0].axioms == (name,)


def test_a_text_without_the_theorem_says_so(auditor: Auditor) -> None:
    refused = audit(auditor, TRUE.replace("goal", "other") + f" {BLOCK} Qed.")
    assert (refused.reason, refused.messages[0].text) == ("wrong_statement", "the text proves nothing called goal")


def test_scopes_and_notations_of_the_header_hold_for_statement_and_candidate(auditor: Auditor) -> None:
    header = f'{HEADER} Notation "a +++ b" := (plus a b) (at level 50) : n_scope.'
    header += " Open Scope n_scope. Local Notation one := (Succ Zero)."
    statement = "Theorem goal : forall x, one +++ x = Succ x."
    assert audit(auditor, f"{statement} reflexivity. Qed.", statement, header).accepted


def test_definitions_between_imports_keep_their_meaning() -> None:
    parts = header_parts(
        "Require Import A. Inductive a := b. Notation c := b. Open Scope s. Definition d := b. Import E."
    )
    assert [part.module for part in parts] == [None, "Part0", None, "Part1", None]
    assert [part.spoken for part in parts][1::2] == [
        f"Require Header.Part{number}. Import Header.Part{number}.Body." for number in (0, 1)
    ]


LOCAL = """Import Nat.
Local Definition pred (n : nat) := n.
Let mul (n m : nat) := n.
#[local] Definition length (n : nat) := n.
Coercion of_bool (b : bool) : nat := if b then 1 else 0.
Lemma closed : True. Proof I. Lemma timed : True. Proof. exact I. Time Qed.
#[local] Notation "x + y" := (Nat.mul x y) : nat_scope.
Implicit Types b : bool."""


@pytest.mark.parametrize(
    ("holds", "fails"),
    [
        ("pred 1 = 1", "pred 1 = 0"),
        ("length 3 = 3", "forall x : list nat, length x = length x"),
        ("mul 2 3 = 2", "mul 2 3 = 6"),
        ("1 + 1 = 1", "1 + 1 = 2"),
        ("exists b, 0 < b", "exists b, 5 <= b"),
    ],
)
def test_what_is_local_to_the_header_holds_for_the_statement(auditor: Auditor, holds: str, fails: str) -> None:
    """`fails` would hold without what is local to the header."""
    proof = "try exists true; try exists 5; repeat constructor."
    assert audit(auditor, proof, f"Theorem goal : {holds}.", LOCAL).accepted
    assert not audit(auditor, proof, f"Theorem goal : {fails}.", LOCAL).accepted


@pytest.mark.parametrize(
    ("sentence", "text", "module"),
    [
        ("Local Definition d := b.", "Definition d := b.", "Part0"),
        ("#[local] Fixpoint d := b.", "Fixpoint d := b.", "Part0"),
        ("#[local, program] Definition d := b.", "#[program] Definition d := b.", "Part0"),
        ("Local Program Definition d := b.", "Program Definition d := b.", "Part0"),
        ("Let Fixpoint d := b.", "Fixpoint d := b.", "Part0"),
        ("Hypotheses (h : a).", "Axioms (h : a).", "Part0"),
        ("#[local] Open Scope s.", "#[local] Open Scope s.", None),
        ("Local Notation c := b.", "Local Notation c := b.", None),
        ("#[global] Instance i : C := b.", "#[global] Instance i : C := b.", "Part0"),
        ("Generalizable All Variables.", "Generalizable All Variables.", None),
        (
            "Section S. Let d := b. Local Open Scope s. End S.",
            "Section S.\nLet d := b.\nLocal Open Scope s.\nEnd S.",
            "Part0",
        ),
    ],
)
def test_local_sentences_are_made_for_all_or_repeated(sentence: str, text: str, module: str | None) -> None:
    (part,) = header_parts(sentence)
    assert (part.text, part.module) == (text, module)


ZERO = "Module N. Definition k := 0. End N. Import N."
ONE = "Module P. Definition k := 1. End P."


@pytest.mark.parametrize(
    "header",
    [
        "Definition k := 0. Module Import M. Definition k := 1. End M.",
        f"{ZERO} {ONE} Module Import Q := P.",
        (
            f"{ZERO} Module Type T. Parameter k : nat. End T. Module Export Q <: T with Definition k := 1."
            " Definition k := 1. End Q."
        ),
        f"{ZERO} Time Local Definition k := 1.",
        f"{ZERO} {ONE} Time Import P.",
    ],
)
def test_the_nearest_of_two_names_is_meant(auditor: Auditor, header: str) -> None:
    """As the header says it in one file, so what it imports counts where it imports it."""
    assert audit(auditor, "reflexivity.", "Theorem goal : k = 1.", header).accepted
    assert not audit(auditor, "reflexivity.", "Theorem goal : k = 0.", header).accepted


@pytest.mark.parametrize(
    ("header", "holds", "fails"),
    [
        (
            "Require Import ZArith. Open Scope Z_scope. Require Import QArith. Definition half (x : Q) := (x / 2)%Q.",
            "(1 / 2 = 1 # 2)%Q",
            "1 / 2 = 0",
        ),
        (
            (
                "Require Import ZArith. Open Scope Z_scope. Definition a := 0. Local Open Scope nat_scope."
                " Definition b := 0."
            ),
            "1 - 2 + 2 = 2",
            "1 - 2 + 2 = 1",
        ),
        (
            (
                "Module N. Definition k := 0. End N. Module P. Definition k := 1. End P. Export N. Import P."
                " Definition d := k."
            ),
            "k = 1",
            "k = 0",
        ),
        (
            (
                'Notation "x # y" := (x + y) (at level 40). Definition a := 0.'
                ' Local Notation "x # y" := (x * y) (at level 40). Definition b := 0.'
            ),
            "2 # 1 = 2",
            "2 # 1 = 3",
        ),
        (
            "Ltac v := exact 1. Definition a := 0. Open Scope nat_scope. Ltac v ::= exact 2. Definition b := 0.",
            "ltac:(v) = 2",
            "ltac:(v) = 1",
        ),
        (
            (
                "Global Set Implicit Arguments. Definition a := 0. Unset Implicit Arguments. Definition b := 0."
                " Definition same (A : Type) (x : A) := x."
            ),
            "same nat 1 = 1",
            "same 1 = 1",
        ),
    ],
)
def test_what_a_header_says_last_holds(auditor: Auditor, header: str, holds: str, fails: str) -> None:
    assert audit(auditor, "reflexivity.", f"Theorem goal : {holds}.", header).accepted
    assert not audit(auditor, "reflexivity.", f"Theorem goal : {fails}.", header).accepted


def test_a_declared_module_hides_what_was_there(auditor: Auditor) -> None:
    header = f"{ZERO} Module Type T. Parameter k : nat. End T. Declare Module Import Q : T."
    assert audit(auditor, "reflexivity.", "Theorem goal : N.k = 0.", header).accepted
    assert not audit(auditor, "reflexivity.", "Theorem goal : k = 0.", header).accepted


@pytest.mark.parametrize(
    "header",
    [
        "Context (a : b).",
        "Section S.",
        "End S.",
        "Lemma a : b. Proof.",
        f"{ZERO} {ONE} Lemma z : True. Proof. Import P. exact I. Qed.",
        "Lemma z : True. Proof. #[global] Open Scope Z_scope. exact I. Qed.",
        "Definition k := 0. Open Scope nat_scope. Definition k := 1.",
        "Inductive A := x | y. Open Scope nat_scope. Definition x := 2.",
        "Module Header. End Header.",
        "Class C := c : nat. #[export] Instance e : C := 1. Instance g : C := 2.",
        "Class C := c : nat. Section S. #[export] Instance e : C := 1. End S. #[local] Hint Resolve e. Hint Resolve e.",
    ],
)
def test_a_header_whose_surroundings_are_not_known_is_malformed(header: str) -> None:
    with pytest.raises(Malformed):
        header_parts(header)


def test_what_stands_in_the_type_of_a_constructor_is_no_constructor() -> None:
    header = "Definition P (n : nat) := n = 0. Definition b := true. Open Scope bool_scope."
    header += " Inductive A := mk : {n : nat | P n} -> true || b = true -> A | other (x : nat)."
    assert [part.module for part in header_parts(header)] == ["Part0", None, "Part1"]


def test_a_statement_may_bind_implicit_arguments(auditor: Auditor) -> None:
    assert audit(auditor, "reflexivity.", "Theorem goal {A : Type} (x : A) : x = x.", "").accepted


def lemma(name: str, statement: str, proof: str) -> Lemma:
    term = App(Const("eq"), (Const("N"), Const("Zero"), Const("Zero")))
    return Lemma(
        id=name, revision=1, prover="rocq", name=name, prelude_id="", definition_ids=(), statement=statement,
        statement_exact=statement, term=term, proof=proof, uses=(), dedup_key="", origin_kind="", origins=(),
        parents=(), operator="", round=1, attempt_id="", prover_version="",
    )  # fmt: skip


RIGHT_ZERO = lemma("a" * 16, "forall x : N, plus x Zero = x", BLOCK)
RIGHT_SUCC = lemma("b" * 16, "forall x y : N, plus x (Succ y) = Succ (plus x y)", BLOCK.replace("x;", "x; intros;"))
COMMUTES = lemma(
    "c" * 16,
    "forall x y : N, plus x y = plus y x",
    f"induction x; intros; simpl; [rewrite l{'a' * 16} | rewrite l{'b' * 16}; rewrite IHx]; reflexivity.",
)


def test_uses_are_the_lemmas_in_the_proof_term_and_not_those_below_them(auditor: Auditor) -> None:
    statement = "Theorem goal : forall x y z, plus x (plus y z) = plus (plus z y) x."
    helper = f"Lemma h : forall x y, plus x y = plus y x. Proof. exact l{'c' * 16}. Qed."
    proof = f"{helper} {statement} intros. rewrite (h y z). apply h. Qed."
    verdict = auditor.audit([Candidate(problem(statement), proof, (RIGHT_ZERO, RIGHT_SUCC, COMMUTES))])[0]
    assert verdict.accepted
    assert verdict.uses == (f"l{'c' * 16}",)


def test_a_lemma_in_an_abstracted_part_counts_as_used(auditor: Auditor) -> None:
    proof = f"{TRUE} intros. abstract (apply l{'a' * 16}). Defined."
    assert auditor.audit([Candidate(problem(TRUE), proof, (RIGHT_ZERO,))])[0].uses == (f"l{'a' * 16}",)


def test_a_lemma_that_is_named_and_not_needed_is_not_used(auditor: Auditor) -> None:
    proof = f"try exact (False_ind _ l{'a' * 16}). {BLOCK}"
    assert auditor.audit([Candidate(problem(TRUE), proof, (RIGHT_ZERO,))])[0].uses == ()


def test_a_false_lemma_does_not_help(auditor: Auditor) -> None:
    false = lemma("f" * 16, "False", "exact I.")
    assert not auditor.audit([Candidate(problem(FALSE), f"destruct l{'f' * 16}.", (false,))])[0].accepted


def test_a_recheck_has_the_highest_trust(auditor: Auditor) -> None:
    assert auditor.audit([Candidate(problem(TRUE), BLOCK)], recheck=True)[0].trust == "rechecked"


class TestVerifier:
    """Warm checks beside audits."""

    @pytest.fixture(scope="class")
    def verifier(self) -> Iterator[RocqVerifier]:
        made = RocqVerifier(RocqSettings(check_seconds=1, audit_seconds=5))
        yield made
        made.close()

    def test_a_warm_success_is_elaborated_and_not_accepted(self, verifier: RocqVerifier) -> None:
        verdict = verifier.check([Candidate(problem(TRUE), BLOCK)])[0]
        assert (verdict.reason, verdict.trust, verdict.accepted) == ("proved", "elaborated", False)
        assert verdict.prover.startswith("rocq 8.")

    def test_a_warm_check_refuses_what_an_audit_refuses(self, verifier: RocqVerifier) -> None:
        cheats = [cheat for cheat in CHEATS if cheat.name != "given up"]
        verdicts = verifier.check([Candidate(problem(FALSE), cheat.proof) for cheat in cheats])
        assert {verdict.trust for verdict in verdicts} == {"none"}

    def test_lemmas_are_assumed_and_their_uses_seen(self, verifier: RocqVerifier) -> None:
        lemmas = (RIGHT_ZERO, RIGHT_SUCC)
        verdict = verifier.check([Candidate(problem(TRUE), f"intros. rewrite l{'a' * 16}. reflexivity.", lemmas)])[0]
        assert verdict.uses == (f"l{'a' * 16}",)

    def test_an_unfinished_proof_says_so(self, verifier: RocqVerifier) -> None:
        verdict = verifier.check([Candidate(problem(TRUE), f"{TRUE} induction x.")])[0]
        assert (verdict.reason, verdict.messages[0].text) == ("does_not_compile", "the proof is not finished")

    def test_a_wrong_statement_is_seen_warm(self, verifier: RocqVerifier) -> None:
        verdict = verifier.check([Candidate(problem(TRUE), "Theorem goal : True. exact I. Qed.")])[0]
        assert verdict.reason == "wrong_statement"

    def test_a_timeout_is_not_remembered_and_a_verdict_is(self, verifier: RocqVerifier) -> None:
        endless = Candidate(problem(TRUE), "assert (H : True) by exact I. repeat (pose proof H; idtac).")
        assert verifier.check([endless])[0].verdict == "timeout"
        known = Candidate(problem(TRUE), BLOCK)
        assert verifier.audit([known])[0] == verifier.audit([known])[0]

    def test_replay_gives_goals(self, verifier: RocqVerifier) -> None:
        replay = verifier.replay(Candidate(problem(TRUE), "induction x. reflexivity."))
        assert replay.ok
        assert [[one.name for one in goal.hypotheses] for goal in replay.goals] == [["x", "IHx"]]
        failed = verifier.replay(Candidate(problem(TRUE), "induction x. foo."))
        assert (failed.ok, len(failed.goals), failed.messages[0].start) == (False, 2, 13)

    def test_tactic_definitions_stand_before_both(self, verifier: RocqVerifier) -> None:
        candidate = Candidate(problem(TRUE), "induction x; crush.", (), "Ltac crush := simpl; congruence.")
        assert verifier.check([candidate])[0].trust == "elaborated"
        assert verifier.audit([candidate])[0].accepted

    def test_a_preamble_is_linted_too(self, verifier: RocqVerifier) -> None:
        candidate = Candidate(problem(FALSE), "destruct lie.", (), "Axiom lie : False.")
        assert verifier.check([candidate])[0].reason == "forbidden_construct"
        assert verifier.audit([candidate])[0].reason == "forbidden_construct"

    def test_a_bad_header_is_an_error(self, verifier: RocqVerifier) -> None:
        assert verifier.check([Candidate(problem(TRUE, "Definition a := b."), BLOCK)])[0].verdict == "error"


@pytest.mark.parametrize("helper", ["Lemma Zero", "Lemma N_ind", "Definition plus", "Inductive M := Zero. Lemma h"])
def test_a_name_that_the_header_has_is_no_name_for_a_helper(auditor: Auditor, helper: str) -> None:
    """Compiled apart it would pass; the one file, which is also what is exported, has the name twice."""
    keyword, _, name = helper.rpartition(" ")
    same = "Theorem goal : forall x : N, x = x."
    proof = f"{keyword} {name} : True. exact I. Qed. {same} Proof. reflexivity. Qed."
    verdict = audit(auditor, proof, same)
    assert (verdict.verdict, verdict.reason) == ("rejected", "does_not_compile")
    assert re.search("^in one file with its header: .* already exists", verdict.messages[0].text)
    other = proof.replace(f"{keyword} {name}", f"{keyword} {name}_").replace("M := Zero", "M := Naught")
    assert audit(auditor, other, same).accepted


def test_what_only_our_modules_can_say_is_not_proved(auditor: Auditor) -> None:
    """The author has no name `Header.Part0.Body.Zero`: in the author's own file the statement has no meaning."""
    verdict = audit(auditor, "Proof. reflexivity. Qed.", "Theorem goal : Header.Part0.Body.Zero = Zero.")
    assert (verdict.verdict, verdict.reason) == ("rejected", "does_not_compile")
    assert audit(auditor, "Proof. reflexivity. Qed.", "Theorem goal : Zero = Zero.").accepted


def corpus(shared_data: Path) -> Iterator[tuple[str, bool, Candidate]]:
    """Name, whether it is honest, and the candidate."""
    folder = shared_data / "cheats_rocq"
    index = json.loads((folder / "index.json").read_text())
    header = index["preamble"].replace("Require Import Frozen.\n", "")
    assert len(index["cases"]) >= 40
    for case in index["cases"]:
        name = case["statement"]
        statement = problem(f"Theorem {name} : {index['statements'][name]}.", header)
        text = (folder / case["file"]).read_bytes().decode("utf-8", "replace")
        yield case["file"], case["expected"] == "accept", Candidate(statement, text)


def test_the_corpus_of_cheats_is_refused_and_its_controls_accepted(auditor: Auditor, shared_data: Path) -> None:
    cases = list(corpus(shared_data))
    verdicts = auditor.audit([candidate for _, _, candidate in cases])
    assert [
        name for (name, honest, _), verdict in zip(cases, verdicts, strict=True) if verdict.accepted != honest
    ] == []


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_the_corpus_of_cheats_is_refused_without_the_lint_too(auditor: Auditor, shared_data: Path) -> None:
    answers = {name: (honest, auditor.judge_compiled(candidate)) for name, honest, candidate in corpus(shared_data)}
    assert [name for name, (honest, verdict) in answers.items() if verdict.accepted != honest] == []


def test_a_text_that_ends_within_a_proof_does_not_compile(auditor: Auditor) -> None:
    verdict = audit(auditor, f"{TRUE} Proof. {BLOCK} Qed. Definition lie : False.")
    assert (verdict.verdict, verdict.reason) == ("rejected", "does_not_compile")


@pytest.mark.parametrize(
    ("output", "verdict"),
    [
        ("Fatal Error: Type error: IllFormedRecBody", "rejected"),
        ("bwrap: Can't find source path /gone: No such file or directory", "error"),
        ("", "error"),
    ],
)
def test_only_what_coqchk_says_refuses_a_proof(output: str, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> Finished:
        return Finished(137, output, 0.1, 0.1)

    work = Work(Sandbox(), Limits(10, 10))
    monkeypatch.setattr(Work, "run", killed)
    with pytest.raises(Rejection) as refused:
        coqchk(work, full=False)
    assert refused.value.verdict.verdict == verdict
