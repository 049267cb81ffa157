"""Exported libraries for Lean and Isabelle: the embedded Lean accepts what is written, and takes it back."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from domain import Candidate, Const, Elaboration, Lemma, Problem, Verdict
from library_store.admission import Proposal
from library_store.library import Library
from library_store.schema import ProblemState
from library_store.snapshot import read
from pipeline.__main__ import main
from term_algebra.display import Display
from term_algebra.naming import statement_name
from tests.pipeline.exporting import check_every_line, taken_back
from verifiers.audit.isabelle import theories
from verifiers.audit.isabelle.cases import prepare
from verifiers.audit.isabelle.comparison import ACCESS
from verifiers.audit.isabelle.scan import tokens
from verifiers.audit.lean.toolchain import find
from verifiers.audit.sandbox import Limits, Sandbox
from verifiers.canonical import digest, lemma_id
from verifiers.lean.verifier import LeanVerifier

AUDITED = Verdict("accepted", "proved", "audited", prover="4.35.0")

NUM = """inductive Num : Type where
  | zero : Num
  | next : Num → Num

def sum : Num → Num → Num
  | .zero, m => m
  | .next n, m => .next (sum n m)"""

BIT = """inductive Bit : Type where
  | on : Bit
  | off : Bit

def sum : Bit → Bit → Bit
  | .on, _ => .on
  | .off, b => b"""

LEAN = {
    "a": (NUM, "∀ x : Num, Eq (sum x Num.zero) x"),
    "b": (NUM, "∀ x y : Num, Eq (sum x (Num.next y)) (Num.next (sum x y))"),
    "c": (NUM, "∀ x y : Num, Eq (sum x y) (sum y x)"),
    "d": (BIT, "∀ x : Bit, Eq (sum x x) x"),
}


def lemma_of(elaboration: Elaboration) -> Lemma:
    display = Display(elaboration.definitions)
    prover = elaboration.problem.prover
    identity = lemma_id(elaboration.prelude_id, elaboration.reached, elaboration.statement_exact, prover)
    return Lemma(
        id=identity,
        revision=1,
        prover=prover,
        name=statement_name(elaboration.statement, display.names, display.type_arguments),
        prelude_id=elaboration.prelude_id,
        definition_ids=elaboration.reached,
        statement=elaboration.statement_exact,
        statement_exact=elaboration.statement_exact,
        term=elaboration.statement,
        proof="",
        uses=(),
        dedup_key="",
        origin_kind="problem",
        origins=("p",),
        parents=(),
        operator="automation",
        round=1,
        attempt_id="",
        prover_version="4.35.0",
    )


def keep(folder: Path, elaborated: list[Elaboration], lemmas: list[Lemma]) -> Path:
    with Library(folder) as library:
        library.add_definitions(one for answer in elaborated for one in answer.definitions)
        library.add_problems(
            ProblemState(one.problem, one.prelude_id, tuple(d.id for d in one.definitions), one.statement_exact)
            for one in elaborated
        )
        library.insert_many([Proposal(lemma, AUDITED) for lemma in lemmas])
        library.snapshot()
    return folder


# --------------------------------------------------------------------------------------------------------------- Lean


@pytest.fixture(scope="module")
def lean_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    problems = [Problem(name, "lean4", header, f"theorem {name} : {text}") for name, (header, text) in LEAN.items()]
    verifier = LeanVerifier()
    try:
        answers = verifier.elaborate(problems)
    finally:
        verifier.close()
    elaborated = [answer for answer in answers if isinstance(answer, Elaboration)]
    assert len(elaborated) == len(LEAN)
    lemmas = dict(zip(LEAN, map(lemma_of, elaborated), strict=True))
    num, bit = (next(d.names for d in elaborated[at].definitions if d.kind == "datatype") for at in (0, 3))
    cases = f"induction x with\n| {num[1]} => exact Eq.refl _\n| {num[2]} z h => exact congrArg {num[0]}.{num[2]} h"
    proofs = {
        "a": f"intro x\n{cases}",
        "b": f"intro x y\n{cases}",
        "c": f"intro x y\ninduction x with\n| {num[1]} => exact Eq.symm ({lemmas['a'].canonical_name} y)\n"
        f"| {num[2]} z h => exact Eq.trans (congrArg {num[0]}.{num[2]} h) (Eq.symm ({lemmas['b'].canonical_name} y z))",
        "d": f"intro x\ncases x with\n| {bit[1]} => exact Eq.refl _\n| {bit[2]} => exact Eq.refl _",
    }
    made = {name: replace(lemma, proof=proofs[name]) for name, lemma in lemmas.items()}
    made["c"] = replace(made["c"], uses=(made["a"].canonical_name, made["b"].canonical_name))
    return keep(tmp_path_factory.mktemp("lean"), elaborated, list(made.values()))


def said_by_lean(file: Path) -> str:
    toolchain, sandbox = find(), Sandbox()
    with sandbox.folder() as folder:
        (folder / file.name).write_text(toolchain.header(file.read_text(encoding="utf-8")), encoding="utf-8")
        limits = toolchain.limits(60.0, Limits().memory_bytes)
        done = sandbox.run(toolchain.argv("-j1", file.name), folder, limits, toolchain.readable)
    return "" if done.ok else done.output


def test_the_lake_package_is_accepted_by_lean_under_readable_names(lean_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "library"
    assert main(["export", str(lean_run), "--as", "lean-lake", "--out", str(out)]) == 0
    text = (out / "Library.lean").read_text(encoding="utf-8")
    assert re.findall(r"^theorem (\w+)", text, re.MULTILINE) == [
        *("sum_zero_r", "sum_next_r", "sum_comm", "sum_idempotent"),
    ]
    assert "inductive Num" in text
    assert re.search(r"\bd[0-9a-f]{12}", text) is None
    assert "From round 1, by automation for p. -/" in text
    assert said_by_lean(out / "Library.lean") == ""
    (out / "Library.lean").write_text(text.replace("Eq.symm", "Eq.trans"), encoding="utf-8")
    assert "error" in said_by_lean(out / "Library.lean")
    lakefile = tomllib.loads((out / "lakefile.toml").read_text())
    assert lakefile["lean_lib"] == [{"name": "Library", "roots": ["Library"]}]
    assert (out / "lean-toolchain").read_text() == "leanprover/lean4:v4.35.0\n"
    assert "# A library of 4 lemmas" in (out / "README.md").read_text()


def test_every_line_of_a_lean_library_is_whole_and_is_accepted(lean_run: Path, tmp_path: Path) -> None:
    assert check_every_line(lean_run, tmp_path) == 0


@pytest.mark.usefixtures("one_ray")
def test_a_lean_library_comes_back_as_the_same_lemmas(lean_run: Path, tmp_path: Path) -> None:
    problems = [
        {"name": f"p{at}", "prover": "lean4", "header": header, "formal_statement": f"theorem p{at} : {statement}"}
        for at, (header, statement) in enumerate(
            [(NUM, "∀ x y : Num, Eq (Num.next (sum x y)) (sum y (Num.next x))"), (BIT, "∀ x : Bit, Eq (sum x .on) .on")]
        )
    ]
    before, after = read(lean_run).lemmas, taken_back(lean_run, tmp_path, problems)
    assert before.keys() <= after.keys()
    for identity, lemma in before.items():
        assert after[identity].statement_exact == lemma.statement_exact
        assert set(after[identity].uses) == set(lemma.uses)


def test_a_library_is_exported_for_its_own_prover_only(lean_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(lean_run), "--as", "coq-project"]) == 2
    assert "is a library for lean4: export it --as lean-lake" in capsys.readouterr().err


# ----------------------------------------------------------------------------------------------------------- Isabelle

NEWER = [ways[0] for ways in ACCESS.values()]

HEADER = 'theory Work imports Main "HOL-Library.Multiset" begin\nfun twice :: "nat => nat" where "twice n = n + n"'

ISABELLE = {
    "first": ('"twice n = 2 * (n::nat)"', "by (induct n) auto"),
    "second": ('fixes n :: nat assumes "0 < n" shows "n < twice n"', "using assms {first} by simp"),
    "third": ('"twice n = 2 * n"', "by (rule {first})"),
}


@pytest.fixture(scope="module")
def isabelle_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the stand-in would leave it, if the store took what a stand-in accepts."""
    elaborated = [
        Elaboration(
            Problem(name, "isabelle", HEADER, f"theorem {name}: {text}"),
            digest(f"isabelle {' '.join(HEADER.split())}"),
            *(HEADER, (), {}, Const(text), text, ()),
        )
        for name, (text, _) in ISABELLE.items()
    ]
    lemmas = dict(zip(ISABELLE, map(lemma_of, elaborated), strict=True))
    first = lemmas["first"].canonical_name
    made = [
        replace(lemma, proof=ISABELLE[name][1].format(first=first), uses=(first,) if name != "first" else ())
        for name, lemma in lemmas.items()
    ]
    return keep(tmp_path_factory.mktemp("isabelle"), elaborated, made)


def test_the_isabelle_session_is_text_that_the_scanner_reads(isabelle_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "library"
    assert main(["export", str(isabelle_run), "--as", "isabelle-session", "--out", str(out)]) == 0
    assert (out / "ROOT").read_text() == (
        'session Lemmary_Library = HOL +\n  sessions\n    "HOL-Library"\n  theories\n    Library\n'
    )
    text = (out / "Library.thy").read_text()
    assert re.findall(r"^theorem (\w+)", text, re.MULTILINE) == ["twice_2", "twice_3", "twice_4"]
    assert "using assms twice by simp" not in text
    assert re.search(r"\bl[0-9a-f]{16}", text) is None
    words = [token.text for token in tokens(text) if token.kind == "word"]
    assert words[0] == "theory"
    assert words[-1] == "end"
    assert words.count("theorem") == 3


def test_the_lines_of_an_isabelle_library_pass_the_lint(isabelle_run: Path, tmp_path: Path) -> None:
    main(["export", str(isabelle_run), "--as", "jsonl", "--out", str(tmp_path / "lemmas.jsonl")])
    records = [json.loads(line) for line in (tmp_path / "lemmas.jsonl").read_text().splitlines()]
    assert len(records) == 3
    for record in records:
        problem = Problem(record["name"], "isabelle", record["header"], record["formal_statement"])
        case = prepare(Candidate(problem, record["proof"]), NEWER, assumed=False)
        assert not isinstance(case, Verdict), case
        assert theories.parse_statement(record["formal_statement"]).name == record["name"]
        spoiled = prepare(Candidate(problem, f"{record['proof']} sorry"), NEWER, assumed=False)
        assert isinstance(spoiled, Verdict)


def test_statements_in_words_are_named_after_what_they_apply() -> None:
    assert statement_name(Const('"rev (rev xs) = xs"'), {}, {}) == "rev"
    assert statement_name(Const('fixes x :: real assumes "0 < x" shows "ln (exp x) = x"'), {}, {}) == "ln_exp"
    assert statement_name(Const('"a + b = (b::nat) + a"'), {}, {}) == "statement"
