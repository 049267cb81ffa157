"""An exported library builds with the bare prover, under readable names, and comes back without loss."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from domain import Elaboration, Lemma, Problem, Verdict
from library_store.admission import Proposal
from library_store.library import Library
from library_store.schema import ProblemState
from library_store.snapshot import read
from pipeline.__main__ import main
from pipeline.export.development import library_of
from tests.pipeline.elaborated import elaborate, lemma_of
from tests.pipeline.exporting import check_every_line, taken_back

AUDITED = Verdict("accepted", "proved", "audited", prover="8.16.1")

NUM = """
Inductive num : Set := zero : num | next : num -> num.
Fixpoint sum (x y : num) : num := match x with zero => y | next z => next (sum z y) end.
"""
SEQ = """
Inductive seq (A : Type) : Type := stop : seq A | push : A -> seq A -> seq A.
Fixpoint join (A : Type) (x y : seq A) : seq A := match x with stop _ => y | push _ a z => push A a (join A z y) end.
"""
ODD = "Inductive bit : Set := on | off. Definition sum (x y : bit) : bit := match x with on => on | off => y end."
SPOKEN = "Require Import Arith.\nDefinition least := 0."

STATEMENTS = {
    "a": (NUM, "forall x : num, sum x zero = x", "induction x0; simpl; congruence."),
    "b": (NUM, "forall x y : num, sum x (next y) = next (sum x y)", "intros. induction x0; simpl; congruence."),
    "c": (
        NUM,
        "forall x y : num, sum x y = sum y x",
        "induction x0; simpl; intros.\nnow rewrite {a}.\nrewrite {b}. now rewrite IHx0.",
    ),
    "d": (
        SEQ,
        "forall (A : Type) (x y z : seq A), join A (join A x y) z = join A x (join A y z)",
        "intros x0 x1 x2 x3. induction x1; simpl; congruence.",
    ),
    "e": (ODD, "forall x : bit, sum x x = x", "destruct x0; reflexivity."),
    "f": (NUM, "forall x y z : num, sum x y = z -> sum y x = z", "intros. rewrite {c}. assumption."),
    "g": (NUM, "sum zero zero = zero", "reflexivity."),
    "h": (SPOKEN, "least + 0 = least", "now rewrite Nat.add_0_r."),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Round 1 has `a` to `e`, the next `f` to `h`; `b` is retired, but `c` needs it; `g` is retired and nobody does."""
    folder = tmp_path_factory.mktemp("run")
    answers = elaborate(*(Problem(n, "rocq", h, f"Theorem {n} : {s}.") for n, (h, s, _) in STATEMENTS.items()))
    elaborated = dict(zip(STATEMENTS, answers, strict=True))
    names = {name: lemma_of(one, "").canonical_name for name, one in elaborated.items()}
    lemmas = {
        name: replace(lemma_of(one, STATEMENTS[name][2].format(**names)), dedup_key="", origins=("p",))
        for name, one in elaborated.items()
    }
    lemmas["c"] = replace(lemmas["c"], uses=(names["a"], names["b"]))
    lemmas["f"] = replace(lemmas["f"], uses=(names["c"],))
    with Library(folder) as library:
        _know(library, list(elaborated.values()))
        library.insert_many([Proposal(lemmas[name], AUDITED) for name in "abcde"])
        library.snapshot()
        library.insert_many([Proposal(lemmas[name], AUDITED) for name in "fgh"])
        library.retire(lemmas["b"].id, "unused")
        library.retire(lemmas["g"].id, "unused")
        library.snapshot()
    return folder


def _know(library: Library, elaborated: Sequence[Elaboration]) -> None:
    library.add_definitions(one for answer in elaborated for one in answer.definitions)
    library.add_problems(
        ProblemState(one.problem, one.prelude_id, tuple(d.id for d in one.definitions), one.statement_exact)
        for one in elaborated
    )


def test_the_development_builds_and_its_lemmas_have_names_that_say_what_they_state(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "library"
    assert main(["export", str(run), "--as", "coq-project", "--out", str(out)]) == 0
    first, second = (out / "theories" / "Library.v").read_text(), (out / "theories" / "Library_2.v").read_text()
    assert [line.split()[1] for line in first.splitlines() if line.startswith("Lemma")] == [
        *("sum_zero_r", "sum_next_r", "sum_comm", "join_assoc", "sum_idempotent", "sum_if_sum"),
    ]
    assert "(** [forall x0 x1, sum x0 x1 = sum x1 x0]\n    From round 1, by automation for p. *)" in first
    assert "Require Import Arith" in second
    subprocess.run(["make"], cwd=out, check=True, stdout=subprocess.DEVNULL)
    (out / "Look.v").write_text("From Lemmary Require Import Library.\nPrint Assumptions sum_if_sum.\n")
    done = subprocess.run(
        ["coqc", "-Q", "theories", "Lemmary", "Look.v"], cwd=out, check=True, capture_output=True, text=True
    )
    assert "Closed under the global context" in done.stdout
    card = (out / "README.md").read_text()
    assert "# A library of 7 lemmas" in card
    assert "| axioms | none |" in card


def test_names_are_kept_as_the_library_grows(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--as", "jsonl", "--at-round", "1", "--out", str(tmp_path / "then.jsonl")]) == 0
    assert main(["export", str(run), "--as", "jsonl", "--out", str(tmp_path / "now.jsonl")]) == 0
    assert "7 lemmas" in capsys.readouterr().out
    then, now = (
        {record["id"]: record["name"] for record in map(json.loads, (tmp_path / name).read_text().splitlines())}
        for name in ("then.jsonl", "now.jsonl")
    )
    assert len(then) == 5
    assert then.items() <= now.items()
    assert len(set(now.values())) == 7


def test_a_lemma_keeps_its_name_when_it_comes_back_with_a_proof_by_a_later_one(run: Path, tmp_path: Path) -> None:
    (turned,) = elaborate(Problem("t", "rocq", NUM, "Theorem t : forall x : num, x = sum x zero."))
    later = lemma_of(turned, STATEMENTS["a"][2])
    shutil.copytree(run, tmp_path / "run")
    with Library(tmp_path / "run") as library:
        first = next(iter(library.lemmas.values()))
        assert library.insert(later, AUDITED).new
        library.snapshot()
        library.refuse({first.id: "does_not_compile: …"})
        again = replace(first, proof=f"intros. now rewrite <- {later.canonical_name}.", uses=(later.id,))
        assert library.insert(again, AUDITED).reason == "revived"
        library.snapshot()
    for at_round in (3, 4):
        tables = read(tmp_path / "run", at_round)
        library = library_of(tables, {one.prelude_id: "" for one in tables.lemmas.values()})
        assert library.names[first.canonical_name] == "sum_zero_r"
        assert library.names[later.canonical_name] == "sum_zero_r_2"
    shown = [one.id for one in library.lemmas]
    assert shown.index(later.id) < shown.index(first.id)


def test_every_line_of_the_json_form_is_whole_and_is_accepted(run: Path, tmp_path: Path) -> None:
    assert check_every_line(run, tmp_path) == 0


@pytest.mark.usefixtures("one_ray")
def test_what_was_exported_comes_back_as_the_same_lemmas(run: Path, tmp_path: Path) -> None:
    open_ones = [
        {"name": f"p{at}", "prover": "rocq", "header": header, "formal_statement": f"Theorem p{at} : {statement}."}
        for at, (header, statement) in enumerate(
            [
                (NUM, "forall x y : num, next (sum x y) = sum y (next x)"),
                (SEQ, "forall (A : Type) (x : seq A), join A x (stop A) = x"),
                (ODD, "forall x : bit, sum x on = on"),
            ]
        )
    ]
    before, after = read(run).lemmas, taken_back(run, tmp_path, open_ones)
    left = {"sum_zero", "add_least"}  # nobody needs the one, the other is of a header that no problem has
    exported = {identity: lemma for identity, lemma in before.items() if lemma.name not in left}
    assert exported.keys() <= after.keys()

    def shape(lemmas: dict[str, Lemma]) -> dict[str, tuple[str, frozenset[str]]]:
        return {one.id: (one.statement_exact, frozenset(one.uses)) for one in lemmas.values() if one.id in exported}

    assert shape(dict(after)) == shape(dict(before))


def test_what_cannot_be_exported_is_one_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.v").write_text("")
    assert main(["export", str(run), "--as", "coq-project", "--out", str(tmp_path / "mine")]) == 2
    assert "is no development of ours" in capsys.readouterr().err
    for form, out in (("jsonl", "/proc/x"), ("coq-project", "/proc/x/y")):
        assert main(["export", str(run), "--as", form, "--out", out]) == 2
        assert capsys.readouterr().err == f"error: cannot write {out}: No such file or directory\n"
    with Library(tmp_path / "empty") as library:
        library.snapshot()
    assert main(["export", str(tmp_path / "empty"), "--as", "jsonl"]) == 2
    assert "has no lemma as of round 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("form", "theirs", "kept"),
    [
        ("coq-project", "_CoqProject", "-R theories Mine\n"),
        ("jsonl", "", '{"name": "mine", "formal_statement": "Theorem mine : True.", "proof": "exact I."}\n'),
        ("jsonl", "", "my notes\n"),
        ("jsonl", "", "[" * 100_000),
        ("jsonl", "", ""),
    ],
)
def test_what_is_not_of_an_earlier_export_is_kept(
    form: str, theirs: str, kept: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    file = out / theirs
    file.parent.mkdir(exist_ok=True)
    file.write_text(kept)
    assert main(["export", str(run), "--as", form, "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert file.read_text() == kept
    assert list(out.parent.rglob("*")) == list(dict.fromkeys([out, file]))


@pytest.mark.parametrize("form", ["coq-project", "jsonl"])
def test_an_earlier_export_is_replaced(form: str, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for at_round in ("1", "2", "1"):
        assert main(["export", str(run), "--as", form, "--out", str(out), "--at-round", at_round]) == 0
    lines = out if form == "jsonl" else out / "lemmas.jsonl"
    assert len(lines.read_text().splitlines()) == 5
