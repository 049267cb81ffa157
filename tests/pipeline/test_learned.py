"""A run's lemmas in the words of a development that has the same definitions under other names. With a real prover."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain import Problem
from library_store.library import Library
from pipeline.__main__ import main
from pipeline.development.project import coq_project
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.project.source import LOAD_SECONDS, read_document
from pipeline.development.search import theory
from pipeline.development.search.context import Context
from pipeline.development.search.learned import Learned
from tests.library_store.samples import AUDITED
from tests.pipeline.elaborated import elaborate, lemma_of
from tests.pipeline.small_theory import HEADER
from verifiers.rocq.terms import render

LEARNED = {
    "join_stop": "forall (A : Type) (x : seq A), join A x (stop A) = x",
    "onto_flip": "forall (A : Type) (x y : seq A), flip_onto A x y = join A (flip A x) y",
    "sum_zero": "forall x : num, sum x zero = x",
    "twice_sum": "forall x : num, twice x = sum x x",
}

DEVELOPMENT = """Require Import List.
Import ListNotations.
Section Onto.
  Context {B : Type}.
  Fixpoint back_onto (xs ys : list B) : list B := match xs with [] => ys | b :: bs => back_onto bs (b :: ys) end.
  Lemma back_onto_back : forall xs ys, rev (back_onto xs ys) = rev ys ++ xs.
  Admitted.
End Onto.
Definition plus_two (n : nat) : nat := n + 2.
Lemma add_zero : forall n, n + 0 = n.
Admitted.
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished round with these lemmas; what a library holds as proofs is not read here."""
    folder = tmp_path_factory.mktemp("learned") / "run"
    problems = [Problem(name, "rocq", HEADER, f"Theorem {name} : {text}.") for name, text in LEARNED.items()]
    with Library(folder) as library:
        for elaboration in elaborate(*problems):
            library.add_definitions(elaboration.definitions)
            library.insert(lemma_of(elaboration, "auto."), AUDITED)
        library.snapshot()
    return folder


@pytest.fixture
def development(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "development" / "Work.v"
    file.parent.mkdir()
    file.write_text(DEVELOPMENT)
    yield file
    shutil.rmtree(file.parent)


def test_lemmas_are_told_in_the_words_of_the_file_and_never_the_statement_itself(run: Path, development: Path) -> None:
    learned = Learned(run)
    assert len(learned) == len(LEARNED)
    found = coq_project.find(development)
    told: dict[str, list[str]] = {}
    with Copy(found, LOAD_SECONDS) as copy:
        assert copy.prepare(development) is None
        document = read_document(development, "Work.v")
        context = Context(copy, found.module(development), document, LOAD_SECONDS, 2 << 30)
        for hole in document.holes:
            assert context.advance(hole.start) is None
            closed = theory.read_closed(context, hole, 60.0)
            assert closed is not None
            told[hole.name] = [theory.readable(context, render(term)) for term in learned.about(closed, 9)]
        context.close()
    assert told == {
        "back_onto_back": [
            "forall (x0 : Type) (x1 : list x0), x1 ++ [] = x1",
            "forall x1 x2 : list B, back_onto x1 x2 = rev x1 ++ x2",
        ],
        "add_zero": [],
    }


def test_a_development_is_proved_with_a_runs_lemmas(
    run: Path, development: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["prove", str(development), "--out", str(tmp_path / "out"), "--library", str(run), "--json"]
    assert main(command) == 0
    assert '"proved": 2' in capsys.readouterr().out
    assert main([*command, "--at-round", "2"]) == 2
    assert "has rounds 1 to 1, not 2" in capsys.readouterr().err
    lemmas = tmp_path / "lemmas.jsonl"
    lemmas.touch()
    assert main([*command[:-2], str(lemmas)]) == 2
    assert "give the directory of a run" in capsys.readouterr().err
