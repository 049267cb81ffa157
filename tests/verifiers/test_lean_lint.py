"""Lean's tokens, headers and statements as text, and what honest texts the lint lets pass."""

import json
from pathlib import Path

import pytest

from verifiers.audit.lean.headers import parse_header
from verifiers.audit.lean.lint import refuse
from verifiers.audit.lean.scan import scan
from verifiers.audit.lean.source import parse_statement, surround, without_header
from verifiers.audit.refusals import Malformed, Unterminated

MATHLIB = "import Mathlib\nset_option maxHeartbeats 400000\nopen BigOperators Real Nat Topology Rat\n"


def words(text: str) -> list[str]:
    return [token.text for token in scan(text).tokens]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a /- b /- c -/ d -/ e", ["a", "e"]),
        ("a -- b /-\nc", ["a", "c"]),
        ('x "a -- \\" b" y', ["x", '"a -- \\" b"', "y"]),
        ('r#"a " b"# c', ['r#"a " b"#', "c"]),
        ("Nat.add «a b».c h₁' x!", ["Nat.add", "«a b».c", "h₁'", "x!"]),
        ("'a' f'' h'", ["'a'", "f''", "h'"]),
        ("λx ∀y Πz", ["λ", "x", "∀", "y", "Π", "z"]),
        ("1axiom 2.5 0xff", ["1", "axiom", "2.5", "0xff"]),
        ("#eval", ["#", "eval"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "text",
    ["rw [<--(by native_decide)]", "{x : Int //-(by native_decide) = x} -- -/", 'r"\\" " native_decide"', "a \\/-b -/"],
)
def test_what_lean_may_read_in_another_way_is_refused(text: str) -> None:
    """Lean has longer signs than the scanner, among them `<-` and `//`; a Lean before 4.5 has no raw strings."""
    assert any(token.doubtful for token in scan(text).tokens)
    assert refuse(f"by {text}") is not None


@pytest.mark.parametrize("text", ["f(x)-- a", "(-- a\nx)", "[/- a -/x]", "x-- y", "1/- a -/", 'r"a b"', "a - -b"])
def test_comments_behind_brackets_and_words_are_in_no_doubt(text: str) -> None:
    assert not any(token.doubtful for token in scan(text).tokens)


@pytest.mark.parametrize("text", ["/- /- -/", '"a', "«a", 'r#"a"'])
def test_what_has_no_end_is_told(text: str) -> None:
    with pytest.raises(Unterminated):
        scan(text)


@pytest.mark.parametrize("ending", ["", " :=", " := by", " := sorry", " := by sorry", " := by\n  sorry -- here"])
def test_a_statement_is_cut_at_its_proof(ending: str) -> None:
    statement = parse_statement(f"theorem a.b (x : Nat) {{y : Nat}} : let z := x; Eq z y{ending}")
    assert statement.name == "a.b"
    assert statement.proposition == "∀ (x : Nat) {y : Nat}, let z := x; Eq z y"


@pytest.mark.parametrize(
    "text",
    ["", "def a : Nat := 1", "theorem : True", "theorem a", "theorem a (h : True", "axiom a : False",
     "theorem a : True := trivial theorem b : False", "example : True",
     "theorem a : (True)\n  def b : Prop := (False)", "theorem a : True /-"],
)  # fmt: skip
def test_what_is_not_one_theorem_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_statement(text)


def test_of_a_header_other_files_repeat_the_scene() -> None:
    text = 'open B\nnamespace C\n@[simp]\nprivate def d := "\n private "\nopen E in\ndef f := d\n'
    header = parse_header(f"import A\n{text}")
    assert (header.imports, header.namespace) == ("import A\n", "C")
    assert header.scene == "open B\nnamespace C\n"
    assert header.whole.split() == text.replace("private def", "def").split()
    assert header.spoken == "import A\nimport LemmaryStatement\nopen B\nnamespace C\n"


@pytest.mark.parametrize("text", ["prelude\n", "open A\nimport B\n", "namespace A\nend A\nend\n", "def a := /-"])
def test_a_header_that_cannot_be_cut_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_header(text)


def test_a_repeated_header_is_blanked_out() -> None:
    text = MATHLIB + "theorem a : True := trivial\n"
    blanked = without_header(text, MATHLIB)
    assert len(blanked) == len(text)
    assert blanked.strip() == "theorem a : True := trivial"


def test_one_import_more_than_the_header_has_is_told_with_what_to_do() -> None:
    text = "import Mathlib\nimport Aesop\nset_option maxHeartbeats 400000\ntheorem a : True := trivial\n"
    said = refuse(without_header(text, MATHLIB), MATHLIB)
    assert said == "`import Aesop`, which the problem's header does not have: add it there, before what else it has"
    assert refuse(without_header(text, text.partition("theorem")[0]), text.partition("theorem")[0]) is None


@pytest.mark.parametrize(
    "text",
    [
        "nlinarith [sq_nonneg (a - b), mul_pos ha hb]",
        "open Finset in\ntheorem a : f '' s = t := by simp [Polynomial.eval, Set.prefix]",
        "set_option maxRecDepth 4000 in\nlemma a : #s = 1 := by decide",
        "@[simp] theorem a : True := trivial -- sorry, this is a comment",
        'theorem a : True := by\n  have : "sorry" = "sorry" := rfl\n  trivial',
        "have instance_like := 1\n  exact unsafe_but_fine native.class",
        MATHLIB.partition("\n")[2] + "theorem a : True := trivial",
    ],
)
def test_honest_texts_pass(text: str) -> None:
    assert refuse(text, MATHLIB) is None


def test_every_statement_of_minif2f_is_read(shared_data: Path) -> None:
    """They need Mathlib to be checked; they are cut, surrounded and linted here."""
    lines = (shared_data / "minif2f_lean4.jsonl").read_text().splitlines()
    assert len(lines) == 366
    for line in lines:
        record = json.loads(line)
        statement = parse_statement(record["formal_statement"])
        header = parse_header(record["header"])
        assert (statement.name, header.imports) == (record["name"], "import Mathlib\n")
        assert (
            statement.text
            == record["formal_statement"].rstrip().removesuffix("by").rstrip().removesuffix(":=").rstrip()
        )
        placed = surround(statement, "  norm_num")
        assert refuse(placed.before + placed.text + placed.after, record["header"]) is None
