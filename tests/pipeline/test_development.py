"""Holes of a development: found, filled, judged by the compiled file, and nothing else touched. With a real prover."""

import json
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain import UserError
from pipeline.__main__ import main
from pipeline.development.project import coq_project, judging
from pipeline.development.project.document import Document, Hole
from pipeline.development.project.options import Options
from pipeline.development.project.scratch_copy import Copy
from pipeline.development.project.unfinished import Unfinished
from pipeline.development.search import theory
from pipeline.development.search.context import Context
from pipeline.development.search.solving import Answer, Solver
from pipeline.development.work import Work
from verifiers.audit.rocq.development import Judgement
from verifiers.audit.rocq.filling import Filling, filled, refusal
from verifiers.rocq.terms import parse_typed

DEMO = Path(__file__).parent / "demo"

TEXT = """(* Lemma not_this : False. Admitted. *)
Section S.
  Variable n : nat.
  Lemma first : n = n.
  Proof using n. (* a comment. *) Admitted.
  Lemma done : n = n. Proof. reflexivity. Qed.
End S.
Module M.
Lemma second : "Admitted." = "Admitted.".
Admitted.
End M.
Theorem third : True /\\ True.
Proof.
  split.
  - exact I.
  - admit.
Admitted.
Lemma fourth : True. Proof I.
"""


def test_holes_are_found_with_their_places() -> None:
    holes = Document(TEXT, "t.v").holes
    assert [(hole.qualified, hole.line) for hole in holes] == [("first", 4), ("M.second", 9), ("third", 12)]
    assert "split." in holes[2].proof


def test_filling_touches_nothing_but_the_proofs() -> None:
    document = Document(TEXT, "t.v")
    filled = document.filled({"first": Filling("reflexivity."), "M.second": Filling("auto.", ("Lemma aux : True.",))})
    assert filled.text == TEXT.replace(
        "  Proof using n. (* a comment. *) Admitted.", "  Proof using n.\n    reflexivity.\n  Qed."
    ).replace(
        'Lemma second : "Admitted." = "Admitted.".\nAdmitted.',
        'Lemma aux : True.\n\nLemma second : "Admitted." = "Admitted.".\nProof.\n  auto.\nQed.',
    )
    assert document.filled({}).text == TEXT


def test_two_holes_on_one_line_are_both_filled() -> None:
    filled = Document("Lemma a : True. Admitted. Lemma b : True. Admitted.\n", "t.v").filled(
        {"a": Filling("auto."), "b": Filling("exact aux.", ("Lemma aux : True. Proof. auto. Qed.",))}
    )
    assert filled.holes == ()
    assert [filled.text.count(name) for name in ("Lemma a ", "Lemma b ", "Lemma aux ")] == [1, 1, 1]
    assert filled.text.index("Lemma a ") < filled.text.index("Lemma aux ") < filled.text.index("Lemma b ")


@pytest.mark.parametrize(
    "lemma",
    [
        "Definition S (n : nat) := 3.",
        "Lemma S : nat -> nat.\nProof. exact (fun _ => 3). Defined.",
        "Lemma S : nat -> nat.\nProof. exact (fun _ => 3). Qed.",
        "Lemma t_helper1 : nat -> nat.\nProof. exact (fun _ => 3). Qed.",
        "Lemma t_helper2 : True. Proof. exact I. Qed. Lemma t_helper3 : True. Proof. exact I. Qed.",
        "From Coq Require Import ZArith.\nOpen Scope Z_scope.",
        "Ltac easy := idtac.",
        "Inductive t_helper2 : Set := A.",
    ],
)
def test_what_stands_above_a_statement_cannot_change_what_it_means(lemma: str) -> None:
    text = "Definition t_helper1 := 1.\nTheorem t : S 1 = 3.\nAdmitted.\n"
    assert refusal(Filling("reflexivity.", ("Lemma t_helper2 : True.\nProof.\n  exact I.\nQed.",)), text) is None
    assert refusal(Filling("reflexivity.", (lemma,)), text) is not None


def test_statements_are_never_overwritten() -> None:
    text = "Lemma a : True. Admitted. Lemma b : True. Admitted.\n"
    first, second = Document(text, "t.v").holes
    fillings = {"a": Filling("exact I."), "b": Filling("exact I.")}
    for places in (
        (second, first),
        (replace(first, body=second.end), second),
        (first, replace(second, start=first.body)),
    ):
        with pytest.raises(ValueError, match="does not stand behind"):
            filled(text, places, fillings)


def test_erasing_drops_every_opaque_proof() -> None:
    erased = Document(TEXT + "Lemma kept : nat. Proof. exact 0. Defined.\n", "t.v").erased()
    assert "reflexivity" not in erased.text
    assert "Proof I." not in erased.text
    assert "exact 0. Defined." in erased.text
    assert [hole.name for hole in erased.holes] == ["first", "done", "second", "third", "fourth"]


def test_options_of_the_project_file_are_read() -> None:
    found = coq_project.find(DEMO / "theories" / "Walk.v")
    assert found.module((DEMO / "theories" / "Walk.v").resolve()) == "Demo.Walk"
    assert [file.name for file in coq_project.sources(DEMO, found)] == ["Tree.v", "Walk.v"]


@pytest.fixture(scope="module")
def copy() -> Iterator[Copy]:
    with Copy(coq_project.find(DEMO), 60.0) as made:
        yield made


def judged(copy: Copy, fillings: dict[str, Filling]) -> judging.Compiled:
    file = (DEMO / "theories" / "Walk.v").resolve()
    assert copy.prepare(file) is None
    document = Document(file.read_text(), "Walk.v")
    holes = {f"Demo.Walk.{hole.qualified}" for hole in document.holes}
    holes |= {f"Demo.Tree.{hole.qualified}" for hole in Document((DEMO / "theories/Tree.v").read_text(), "").holes}
    return judging.judge(copy, file, document, fillings, frozenset(holes))


def test_only_what_the_whole_file_compiles_with_is_kept_and_what_it_rests_on_is_named(copy: Copy) -> None:
    compiled = judged(
        copy,
        {
            "even_SS": Filling("intros n H. constructor. constructor. exact H."),
            "at_ten": Filling("apply always; discriminate."),
            "uses_the_gap": Filling("intros t. symmetry. apply size_mirror."),
            "onto_twice": Filling("reflexivity."),
            "always": Filling("intros. admit."),
            "Rose.depth_positive": Filling("fix loop 1. intros r. discriminate."),
        },
    )
    assert set(compiled.dropped) == {"onto_twice", "always", "Rose.depth_positive"}
    assert compiled.judgements["even_SS"] == Judgement()
    assert compiled.judgements["at_ten"].holes == ("Demo.Walk.always",)
    assert compiled.judgements["uses_the_gap"].holes == ("Demo.Tree.size_mirror",)


def test_what_is_refused_when_another_was_taken_out_is_taken_out_too(
    monkeypatch: pytest.MonkeyPatch, copy: Copy
) -> None:
    said = {"even_SS": "it rests on one thing", "at_ten": "it rests on another"}
    answers = iter(
        [
            {"even_SS": Judgement(refused=said["even_SS"]), "at_ten": Judgement()},
            {"at_ten": Judgement(refused=said["at_ten"])},
            {},
        ]
    )
    monkeypatch.setattr(copy, "judge", lambda *_: next(answers))
    compiled = judged(copy, {"even_SS": Filling("auto."), "at_ten": Filling("auto.")})
    assert compiled == judging.Compiled({}, said, {})
    assert Judgement(refused="why").status == "open"


def test_what_is_no_tactic_is_compiled_by_no_judge(copy: Copy) -> None:
    file = (DEMO / "theories" / "Walk.v").resolve()
    with pytest.raises(ValueError, match="not allowed"):
        copy.judge(file, Document(file.read_text(), "Walk.v"), {"even_SS": Filling("Qed. Admitted.")}, ())


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the development beside the output of `prove` on it."""
    folder = tmp_path_factory.mktemp("development")
    shutil.copytree(DEMO, folder / "demo")
    assert main(["prove", str(folder / "demo"), "--out", str(folder / "out"), "--cpu-seconds", "6"]) == 0
    return folder


def results(folder: Path) -> dict[str, dict[str, object]]:
    lines = (folder / "out" / "results.jsonl").read_text().splitlines()
    return {row["name"]: row for row in map(json.loads, lines)}


def test_every_hole_gets_its_status(proved: Path) -> None:
    rows = results(proved)
    page = (proved / "out" / "index.html").read_text()
    assert all(name in page and str(row["statement"]).split()[0] in page for name, row in rows.items())
    expected = {
        "mirror_mirror": "proved",
        "mirror_moves": "refuted",
        "Rose.depth_positive": "proved",
        "even_SS": "proved",
        "always": "open",
        "at_ten": "conditional",
    }
    assert {name: rows[name]["status"] for name in expected} == expected
    assert len(rows) == len(expected) + 4
    assert rows["at_ten"]["rests_on"] == ["Demo.Walk.always"]
    assert rows["mirror_moves"]["counterexample"]
    assert rows["always"]["goals"]


def test_the_users_files_stay_as_they_are_and_the_patched_ones_compile(proved: Path) -> None:
    for file in ("Tree.v", "Walk.v"):
        assert (proved / "demo" / "theories" / file).read_text() == (DEMO / "theories" / file).read_text()
    shutil.copytree(proved / "demo", proved / "patched")
    subprocess.run(["git", "apply", proved / "out" / "patch.diff"], cwd=proved / "patched", check=True)
    for file in ("Tree.v", "Walk.v"):
        subprocess.run(["coqc", "-Q", "theories", "Demo", f"theories/{file}"], cwd=proved / "patched", check=True)
    patched = (proved / "patched" / "theories" / "Tree.v").read_text()
    assert "(* the interesting case *)" in patched  # what the user had begun is kept
    assert "(* I am sure that this holds. *)\nAdmitted." in patched


def test_the_same_command_goes_on_where_it_stopped(proved: Path) -> None:
    tried = (proved / "out" / "tried.jsonl").read_text()
    before = results(proved)
    options = Options(seconds=3.0, seed=0, memory_bytes=2 << 30)
    work = Work(proved / "demo", proved / "out", options)
    work.run(lambda _: None)
    assert (proved / "out" / "tried.jsonl").read_text() == tried
    assert results(proved) == before
    assert {path.name for path in work.apply()} == {"Tree.v", "Walk.v"}
    assert "congruence." in (proved / "demo" / "theories" / "Tree.v").read_text()


def test_without_retrieval_no_lemma_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "Work.v").write_text(
        "Axiom f : nat -> nat.\nAxiom one : f 1 = 3.\nLemma also : f 1 + f 1 = 6.\nAdmitted.\n"
    )
    status: dict[bool, str] = {}
    for retrieves in (True, False):
        options = Options(seconds=6.0, seed=0, memory_bytes=2 << 30, retrieves=retrieves)
        (result,) = Work(tmp_path / "dev" / "Work.v", tmp_path / f"out{retrieves}", options).run(lambda _: None)
        status[retrieves] = result.status
    assert status == {True: "proved", False: "open"}


OTHER = "Axiom P : nat -> Prop. Axiom said : P 4. Lemma far : forall n : nat, P (n + 100). Admitted."
UNFINISHED = """From Dev Require Import Other.
Class C := c : P 2.
Instance some_c : C. Admitted.
Fixpoint f (n : nat) : P 5. Admitted.
Lemma by_other_file : P (3 + 100). Admitted.
Lemma by_instance : P 2. Admitted.
Lemma by_function : P 5. Admitted.
Lemma by_axiom : P 4. Admitted.
"""


def test_a_proof_from_what_the_project_left_open_elsewhere_is_conditional(tmp_path: Path) -> None:
    project = tmp_path / "dev"
    project.mkdir()
    (project / "_CoqProject").write_text("-Q . Dev")
    (project / "Other.v").write_text(OTHER)
    (project / "Work.v").write_text(UNFINISHED)
    assert main(["prove", str(project / "Work.v"), "--out", str(tmp_path / "out"), "--cpu-seconds", "2"]) == 0
    rests = {name: (row["status"], row["rests_on"]) for name, row in results(tmp_path).items()}
    assert rests == {
        "by_other_file": ("conditional", ["Dev.Other.far"]),
        "by_instance": ("conditional", ["Dev.Work.some_c"]),
        "by_function": ("conditional", ["Dev.Work.f"]),
        "by_axiom": ("proved", []),
    }


BY_A_HOLE = """Axiom P : nat -> Prop.
Lemma anywhere : forall n : nat, P n. Admitted.
Axiom zero : P 0.
Axiom next : forall n : nat, P n -> P (S n).
Lemma two : P 2. Admitted.
Lemma also_two : P 1 /\\ P 2. Admitted.
"""


def test_a_proof_without_another_hole_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "Work.v").write_text(BY_A_HOLE)
    options = Options(seconds=8.0, seed=0, memory_bytes=2 << 30, names=("two", "also_two"))
    found = Work(tmp_path / "dev" / "Work.v", tmp_path / "out", options).run(lambda _: None)
    assert {result.name: (result.status, result.rests_on) for result in found} == {
        "two": ("proved", ()),
        "also_two": ("proved", ()),
    }


WRONG = """Fixpoint back (n : nat) : nat := match n with O => O | S m => S (back m) end.
Lemma never : forall n, back n = O. Admitted.
"""
BESIDE_WRONG = """From Dev Require Import Wrong.
Lemma back_back : forall n, back (back n) = back n. Admitted.
Lemma always_one : forall n, back n = 1. Admitted.
Lemma back_next : forall n, back (back (S n)) = back (S n). Admitted.
"""


def test_no_proof_rests_on_a_statement_that_was_found_false(tmp_path: Path) -> None:
    project = tmp_path / "dev"
    project.mkdir()
    (project / "_CoqProject").write_text("-Q . Dev")
    (project / "Wrong.v").write_text(WRONG)
    (project / "Work.v").write_text(BESIDE_WRONG)
    assert main(["prove", str(project), "--out", str(tmp_path / "out"), "--cpu-seconds", "9"]) == 0
    assert {name: row["status"] for name, row in results(tmp_path).items()} == {
        "never": "refuted",
        "back_back": "proved",
        "always_one": "refuted",
        "back_next": "proved",
    }


TREE = """Require Import List.
Inductive tree : Set := leaf | node (l : tree) (x : nat) (r : tree).
Fixpoint mirror (t : tree) : tree := match t with leaf => leaf | node l x r => node (mirror r) x (mirror l) end.
Fixpoint flatten (t : tree) : list nat := match t with leaf => nil | node l x r => flatten l ++ x :: flatten r end.
Lemma flatten_mirror : forall t, flatten (mirror t) = rev (flatten t). Admitted.
"""


def test_a_law_of_the_standard_library_that_makes_a_term_larger_is_used(tmp_path: Path) -> None:
    (tmp_path / "Tree.v").write_text(TREE)
    assert main(["prove", str(tmp_path / "Tree.v"), "--out", str(tmp_path / "out"), "--cpu-seconds", "9"]) == 0
    found = results(tmp_path)["flatten_mirror"]
    assert found["status"] == "proved"
    assert "rewrite rev_app_distr" in str(found["proof"])


@pytest.mark.parametrize("imports", ["List", "Arith"])
def test_a_law_of_addition_is_used_however_its_file_is_printed(imports: str, tmp_path: Path) -> None:
    (tmp_path / "Weight.v").write_text(
        f"Require Import {imports}.\nInductive rope := none | more (n : nat) (r : rope).\n"
        "Fixpoint weight (r : rope) := match r with none => 0 | more n r => n + weight r end.\n"
        "Fixpoint glue (r s : rope) := match r with none => s | more n r => more n (glue r s) end.\n"
        "Lemma weight_glue : forall r s, weight (glue r s) = weight r + weight s. Admitted.\n"
    )
    assert main(["prove", str(tmp_path / "Weight.v"), "--out", str(tmp_path / "out"), "--cpu-seconds", "9"]) == 0
    found = results(tmp_path)["weight_glue"]
    assert (found["status"], found["lemmas"]) == ("proved", [])
    assert "assoc" in str(found["proof"])


UNIVERSES = """Set Universe Polymorphism. Set Printing Universes.
Inductive row@{u} (A : Type@{u}) : Type@{u} := one (a : A) | more (a : A) (r : row A).
Axiom turned : forall A, row A -> row A.
Lemma same : forall A (r : row A), turned A r = r. Admitted.
"""


def test_universes_are_not_shown_in_goals(tmp_path: Path) -> None:
    target = written(tmp_path / "dev", Work=UNIVERSES) / "Work.v"
    (result,) = Work(target, tmp_path / "out", Options(seconds=2.0, seed=0, memory_bytes=2 << 30)).run(lambda _: None)
    assert result.status == "open"
    assert result.goals
    assert "@{" not in "".join(result.goals)


def test_an_open_statement_shows_the_goal_that_an_induction_leaves(tmp_path: Path) -> None:
    file = tmp_path / "Stuck.v"
    file.write_text(
        "Axiom g : nat -> nat.\nFixpoint f (n : nat) : nat := match n with O => O | S m => g (f m) end.\n"
        "Lemma zero : forall n, f n = O. Admitted.\n"
    )
    assert main(["prove", str(file), "--out", str(tmp_path / "out"), "--cpu-seconds", "1"]) == 0
    assert results(tmp_path)["zero"]["goals"] == ["n : nat\nIHn : f n = 0\n============================\ng (f n) = 0"]


def test_a_file_without_a_project_is_of_its_folder_alone(tmp_path: Path) -> None:
    """As plain `coqc` has it; the folder may be a home directory."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "Beside.v").write_text("Definition two := 2.")
    (tmp_path / "inner" / "Deep.v").write_text("Definition three := 3.")
    work = tmp_path / "Work.v"
    work.write_text("Require Import Beside. Lemma a : two = 2. Admitted.")
    with Copy(coq_project.find(work), 60.0) as copy:
        assert copy.prepare(work) is None
        assert sorted(file.name for file in copy.folder.rglob("*.v")) == ["Beside.v", "Work.v"]
    with Copy(coq_project.find(tmp_path), 60.0) as copy:
        assert copy.place(tmp_path / "inner" / "Deep.v").is_file()


def test_paths_and_the_patch_start_at_the_folder_of_the_project(tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "demo")
    options = Options(seconds=2.0, seed=0, memory_bytes=2 << 30, names=("mirror_mirror",))
    (result,) = Work(tmp_path / "demo" / "theories", tmp_path / "out", options).run(lambda _: None)
    assert (result.file, result.status) == ("theories/Tree.v", "proved")
    subprocess.run(["git", "apply", tmp_path / "out" / "patch.diff"], cwd=tmp_path / "demo", check=True)
    assert "congruence." in (tmp_path / "demo" / "theories" / "Tree.v").read_text()


def test_a_name_that_a_section_assumes_does_not_make_an_open_lemma_an_axiom(tmp_path: Path) -> None:
    (tmp_path / "_CoqProject").write_text("-Q . Dev")
    (tmp_path / "Other.v").write_text(f"{OTHER} Module Type T. Axiom given : P 6. End T.")
    (tmp_path / "Work.v").write_text(
        "Section S. Hypothesis far some : 0 = 0. Axiom kept : 1 = 2. Lemma a : 0 = 0. exact far. Qed. End S.\n"
        "Module F (M : T). End F. Declare Module M : T. Lemma some : 0 = 0. Admitted."
    )
    open_ = Unfinished(coq_project.find(tmp_path), [])
    assert all(name in open_ for name in ("Dev.Other.far", "Dev.Work.some"))
    assert not any(name in open_ for name in ("Dev.Other.said", "Dev.Work.kept", "Dev.Work.M.given"))


def test_what_implements_an_axiom_and_is_left_without_a_proof_is_open(tmp_path: Path) -> None:
    (tmp_path / "_CoqProject").write_text("-Q . Dev")
    (tmp_path / "Dep.v").write_text(
        "Module Type T. Parameter q : nat -> Prop. Axiom x : forall n, q n. End T.\n"
        "Module M <: T. Parameter q : nat -> Prop. Lemma x : forall n, q n. Admitted. End M.\n"
    )
    work = tmp_path / "Work.v"
    work.write_text("Require Import Dev.Dep.\nLemma a : M.q 3.\nAdmitted.\n")
    found = coq_project.find(work)
    with Copy(found, 60.0) as copy:
        assert copy.prepare(work) is None
        filling = {"a": Filling("apply M.x.")}
        compiled = judging.judge(copy, work, Document(work.read_text(), "Work.v"), filling, Unfinished(found, []))
    assert compiled.judgements["a"].holes == ("Dev.Dep.M.x",)


ALL_P = "forall n : nat, P n"
AROUND = {
    "a module whose type fixes a type": (
        (
            f"Module Type T. Parameter t : Type. End T. Lemma four : 1 = 1. Proof. reflexivity. Qed.\n"
            f"Module M <: T with Definition t := nat. Definition t := nat. Lemma far : {ALL_P}. Admitted.\n"
            "Lemma four : P 4. Admitted. End M."
        ),
        {"M.far": ("open", []), "M.four": ("conditional", ["Dev.Work.M.far"])},
    ),
    "an example with its proof as a term": (
        (
            "Example two : 1 + 1 = 2 := eq_refl. Lemma again : let y := 1 in y = 1. Admitted.\n"
            f"Module M. Definition far : {ALL_P}. Proof. Admitted.\n"
            "Lemma four : P 4. Proof. pose proof (far 4). admit. Admitted. End M."
        ),
        {"again": ("proved", []), "M.four": ("conditional", ["Dev.Work.M.far"])},
    ),
    "a section whose beginning is timed": (
        (
            "Example two : 1 + 1 = 2 := eq_refl. Time Section S. Hypothesis same : forall n m : nat, n = m.\n"
            "Lemma zero_is_one : 0 = 1. Admitted. End S."
        ),
        {"zero_is_one": ("proved", [])},
    ),
    "what implements an assumption and is left open": (
        (
            f"Module Type T. Parameter far : {ALL_P}. End T.\n"
            f"Module M <: T. Definition far : {ALL_P}. Proof. Admitted. End M.\n"
            "Lemma four : P 4. Proof. pose proof (M.far 4). admit. Admitted."
        ),
        {"four": ("conditional", ["Dev.Work.M.far"])},
    ),
    "an instance with the name of an axiom": (
        (
            "Class C (n : nat) := c : P n. Module Assumed. Axiom held : 0 = 0. End Assumed.\n"
            "Module Shown. #[global] Instance held : C 4. Proof. Admitted. End Shown.\n"
            "Lemma four : P 4. Proof. pose proof Shown.held. admit. Admitted."
        ),
        {"four": ("conditional", ["Dev.Work.Shown.held"])},
    ),
    "many lemmas of the library about the same": (
        (
            "Parameter f : nat -> bool. Lemma always : forall n, f n = true. Admitted.\n"
            "Lemma same : forall n, f n = f (S n). Admitted."
        ),
        {"always": ("open", []), "same": ("conditional", ["Dev.Work.always"])},
    ),
    "a functor": (
        (
            "Module Type T. Parameter same : forall n m : nat, n = m. End T.\n"
            "Module F (X : T). Lemma zero_is_one : 0 = 1. Admitted. End F. Lemma one : 1 = 1. Admitted."
        ),
        {"F.zero_is_one": ("open", []), "one": ("proved", [])},
    ),
}


@pytest.mark.parametrize("name", AROUND)
def test_what_stands_around_a_hole_is_seen(name: str, tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "_CoqProject").write_text("-Q . Dev")
    text, expected = AROUND[name]
    (tmp_path / "dev" / "Work.v").write_text(f"Parameter P : nat -> Prop.\n{text}\n")
    assert main(["prove", str(tmp_path / "dev"), "--out", str(tmp_path / "out"), "--cpu-seconds", "2"]) == 0
    found = {name: (row["status"], row["rests_on"]) for name, row in results(tmp_path).items()}
    assert found == expected


def test_what_a_functor_makes_of_an_erased_proof_is_open(tmp_path: Path) -> None:
    (tmp_path / "Work.v").write_text(
        "Module Type E. Parameter z : nat. End E. Module Type L. Axiom law : 0 + 0 = 0. End L.\n"
        "Module F (X : E) <: L. Lemma law : 0 + 0 = 0. Proof. reflexivity. Qed. End F.\n"
    )
    (tmp_path / "_CoqProject").write_text("-Q . Dev")
    found = coq_project.find(tmp_path)
    assert "Dev.Work.A.law" not in Unfinished(found, [])
    assert "Dev.Work.A.law" in Unfinished(found, [], erase=True)


@pytest.mark.parametrize("file", ["Term", "File", "Module", "Library", "Ltac"])
def test_a_file_may_be_called_as_a_word_of_the_prover(file: str, tmp_path: Path) -> None:
    (tmp_path / "_CoqProject").write_text("-Q . Dev")
    (tmp_path / f"{file}.v").write_text(f"Parameter P : nat -> Prop. Lemma far : {ALL_P}. Admitted.\n")
    work = tmp_path / "Work.v"
    work.write_text(f"From Dev Require Import {file}. Lemma four : P 4. Admitted.\n")
    found = coq_project.find(work)
    with Copy(found, 60.0) as copy:
        assert copy.prepare(work) is None
        filling = {"four": Filling("apply far.")}
        compiled = judging.judge(copy, work, Document(work.read_text(), "Work.v"), filling, Unfinished(found, []))
    assert compiled.judgements["four"].holes == (f"Dev.{file}.far",)


@pytest.mark.parametrize(
    ("text", "line"),
    [("Section S.\nEnd T.", "t.v, line 2: what `End T.` ends was not seen to begin"), ("Module M.", "no `End M.`")],
)
def test_a_structure_that_is_not_understood_is_one_line(text: str, line: str) -> None:
    with pytest.raises(UserError, match=line):
        Document(text, "t.v").check_closed()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_end_as_they_did_and_the_patch_applies(tmp_path: Path, end: str) -> None:
    folder = tmp_path / "dev"
    folder.mkdir()
    text = "(* a\f b\u2028c\x85 *)\nLemma a : 1 + 1 = 2.\nAdmitted.\n(* e\f *)"
    (folder / "Work.v").write_bytes(text.replace("\n", end).encode())
    work = Work(folder / "Work.v", tmp_path / "out", Options(seconds=6.0, seed=0, memory_bytes=2 << 30))
    assert [result.status for result in work.run(lambda _: None)] == ["proved"]
    wanted = text.replace("Admitted.", "Proof.\n  reflexivity.\nQed.").replace("\n", end).encode()
    shutil.copytree(folder, tmp_path / "patched")
    subprocess.run(["git", "apply", tmp_path / "out" / "patch.diff"], cwd=tmp_path / "patched", check=True)
    work.apply()
    assert [(tmp_path / name / "Work.v").read_bytes() for name in ("patched", "dev")] == [wanted, wanted]


def test_a_file_in_place_keeps_its_permissions_and_stays_a_link(tmp_path: Path) -> None:
    folder, real = tmp_path / "dev", tmp_path / "real.v"
    folder.mkdir()
    real.write_text("Lemma a : 1 + 1 = 2.\nAdmitted.\n")
    real.chmod(0o600)
    (folder / "Work.v").symlink_to(real)
    work = Work(folder / "Work.v", tmp_path / "out", Options(seconds=6.0, seed=0, memory_bytes=2 << 30))
    work.run(lambda _: None)
    work.apply()
    assert (folder / "Work.v").is_symlink()
    assert "reflexivity." in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_refutation_does_not_outlive_the_definition_that_it_is_about(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "Work.v").write_text("Require Import Base.\nLemma f_next : forall n, f n = S n.\nAdmitted.\n")
    status: list[str] = []
    for value in ("n", "S n"):
        (tmp_path / "dev" / "Base.v").write_text(f"Definition f (n : nat) : nat := {value}.\n")
        options = Options(seconds=6.0, seed=0, memory_bytes=2 << 30)
        (result,) = Work(tmp_path / "dev" / "Work.v", tmp_path / "out", options).run(lambda _: None)
        status.append(result.status)
    assert status == ["refuted", "proved"]


PREDICATES = """Require Import List.
Inductive ev : nat -> Prop := ev_O : ev 0 | ev_SS : forall n, ev n -> ev (S (S n)).
Theorem four : ev 4. Admitted.
Theorem ev_pred : forall n, ev (S (S n)) -> ev n. Admitted.
Theorem ev_plus : forall n m, ev n -> ev m -> ev (n + m). Admitted.
Inductive reach (A : Type) (R : A -> A -> Prop) : A -> A -> Prop :=
| reach_refl : forall x, reach A R x x
| reach_step : forall x y z, R x y -> reach A R y z -> reach A R x z.
Theorem reach_one : forall A (R : A -> A -> Prop) x y, R x y -> reach A R x y. Admitted.
Theorem reach_trans : forall A (R : A -> A -> Prop) x y z, reach A R x y -> reach A R y z -> reach A R x z. Admitted.
Definition trans (A : Type) (R : A -> A -> Prop) := forall x y z, R x y -> R y z -> R x z.
Theorem trans_reach : forall A (R : A -> A -> Prop), trans A (reach A R). Admitted.
Inductive swap {A B : Type} : A * B -> B * A -> Prop := swapped : forall a b, swap (a, b) (b, a).
Theorem swap_back : forall A B (p : A * B) q, swap p q <-> swap q p. Admitted.
"""


def test_predicates_of_the_file_are_built_and_inverted_and_proofs_are_plain(tmp_path: Path) -> None:
    target = written(tmp_path / "dev", Work=PREDICATES) / "Work.v"
    results = Work(target, tmp_path / "out", Options(seconds=10.0, seed=0, memory_bytes=2 << 30)).run(lambda _: None)
    assert {result.name: result.status for result in results} == dict.fromkeys([one.name for one in results], "proved")
    assert not [one.proof for one in results if "match goal" in str(one.proof) or "do 8" in str(one.proof)]


def test_a_quick_tactic_that_does_not_end_on_a_hypothesis_is_left_out(tmp_path: Path) -> None:
    stated = "Theorem less : forall A (R S : A -> A -> Prop) z, inclusion A R S -> Acc S z -> Acc R z. Admitted.\n"
    target = written(tmp_path / "dev", Work=f"Require Import Relation_Definitions.\n{stated}") / "Work.v"
    (result,) = Work(target, tmp_path / "out", Options(seconds=10.0, seed=0, memory_bytes=2 << 30)).run(lambda _: None)
    assert result.status == "proved"


IDIOMS = """Require Import Bool Arith.
Theorem tests : forall n m k, (n =? m) && (m =? k) = true -> n = k. Admitted.
Theorem least : forall A (R : A -> A -> Prop) (P : A -> Prop),
  well_founded R -> (forall x, (forall y, R y x -> P y) -> P x) -> forall x, P x. Admitted.
Inductive hue := h1 | h2 | h3 | h4 | h5 | h6 | h7 | h8 | h9 | h10 | h11 | h12 | h13 | h14.
Definition same (h : hue) : hue := match h with h1 => h1 | other => other end.
Theorem same_is_same : forall h, same h = h. Admitted.
"""


def test_tests_are_read_as_statements_wellfounded_is_inducted_on_and_many_cases_are_one_line(tmp_path: Path) -> None:
    target = written(tmp_path / "dev", Work=IDIOMS) / "Work.v"
    results = Work(target, tmp_path / "out", Options(seconds=10.0, seed=0, memory_bytes=2 << 30)).run(lambda _: None)
    proofs = {result.name: str(result.proof) for result in results}
    assert [result.status for result in results] == ["proved"] * 3
    assert "Nat.eqb_eq" in proofs["tests"]
    assert "induction (H x)" in proofs["least"]
    assert "-" not in proofs["same_is_same"]


HIDDEN = """Require Import Arith.
Module Inner.
  Definition twice (n : nat) := n + n.
  Lemma twice_lower : forall n m, n <= m -> twice n <= twice m.
  Proof. intros; apply Nat.add_le_mono; assumption. Qed.
  Opaque twice.
End Inner.
Theorem lower : forall n m k, n <= m -> m <= k -> Inner.twice n <= Inner.twice k. Admitted.
"""


def test_lemmas_of_closed_modules_are_premises_and_functions_are_none(tmp_path: Path) -> None:
    target = written(tmp_path / "dev", Work=HIDDEN) / "Work.v"
    (result,) = Work(target, tmp_path / "out", Options(seconds=10.0, seed=0, memory_bytes=2 << 30)).run(lambda _: None)
    assert (result.status, result.uses) == ("proved", ("Inner.twice_lower",))


BINARY = """Require Import ZArith NArith PArith.
Theorem order : forall x y, Z.ltb (Z.opp x) y = Z.ltb x (Z.opp y). Admitted.
Theorem largest : forall x y, Z.max x y = y. Admitted.
Theorem unsigned : forall x y, N.add x y = N.add x (N.add y 1). Admitted.
Theorem strict : forall x y, Pos.mul x y = Pos.mul x (Pos.add x y). Admitted.
Definition next (z : Z) := match z with Z0 => Zpos xH | Zpos p => Zpos (Pos.succ p) | Zneg p => Z.pos_sub xH p end.
Theorem own : forall x, next x = Z.add x 2. Admitted.
"""


def test_false_statements_about_binary_numbers_are_refuted(tmp_path: Path) -> None:
    target = written(tmp_path / "dev", Work=BINARY) / "Work.v"
    assert set(proved_again(target, tmp_path / "out").values()) == {"refuted"}


def test_a_statement_that_was_misread_is_not_refuted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def misread(context: Context, hole: Hole, seconds: float) -> theory.Closed | None:
        closed = read_closed(context, hole, seconds)
        assert closed is not None
        return replace(closed, term=parse_typed("x\n     : forall n : nat, @eq nat n O").type)

    read_closed = theory.read_closed
    target = written(tmp_path / "dev", Work="Lemma a : forall n : nat, n = n. Admitted.\n") / "Work.v"
    monkeypatch.setattr(theory, "read_closed", misread)
    assert proved_again(target, tmp_path / "out") == {"a": "proved"}


def test_a_fault_of_ours_costs_one_hole_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Solver.run

    def faulty(solver: Solver) -> Answer:
        if solver.hole.name == "a":
            raise TypeError("two\nlines")
        return run(solver)

    target = written(tmp_path / "dev", Work="Lemma a : True. Admitted.\nLemma b : True. Admitted.\n") / "Work.v"
    work = Work(target, tmp_path / "out", Options(seconds=6.0, seed=0, memory_bytes=2 << 30))
    monkeypatch.setattr(Solver, "run", faulty)
    first, second = work.run(lambda _: None)
    assert (first.status, second.status) == ("error", "proved")
    assert re.fullmatch(r"a fault of this program, please report it: TypeError: two \(\S+, line \d+\)", first.reason)
    monkeypatch.undo()
    assert proved_again(target, tmp_path / "out") == {"a": "proved", "b": "proved"}


def proved_again(target: Path, out: Path) -> dict[str, str]:
    """The statuses after `prove`, which goes on where an earlier one with the same output stopped."""
    work = Work(target, out, Options(seconds=10.0, seed=0, memory_bytes=2 << 30))
    return {result.name: result.status for result in work.run(lambda _: None)}


def written(folder: Path, **files: str) -> Path:
    """A development with these files, its logical name `Demo`; `project` is the rest of its project file."""
    folder.mkdir(exist_ok=True)
    (folder / "_CoqProject").write_text("-Q . Demo\n" + files.pop("project", ""))
    for name, text in files.items():
        (folder / f"{name}.v").write_text(text)
    return folder


ABOUT_K = "Lemma k_is_one : k = 1. Admitted. Lemma k_is_zero : k = 0. Admitted.\n"


def test_options_of_the_prover_do_not_hide_what_a_file_requires(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "dev",
        project="-arg -w\n-arg all\nLib.v\nMain.v\n",
        Lib="Definition k := 1.",
        Main=f"From Demo Require Import Lib. {ABOUT_K}",
    )
    subprocess.run(["coqc", "-Q", ".", "Demo", "Lib.v"], cwd=folder, check=True)
    assert proved_again(folder, tmp_path / "out") == {"k_is_one": "proved", "k_is_zero": "refuted"}
    (folder / "Lib.v").write_text("Definition k := 0.")
    assert proved_again(folder, tmp_path / "out") == {"k_is_one": "refuted", "k_is_zero": "proved"}


def test_what_is_tried_under_other_options_of_the_prover_is_tried_again(tmp_path: Path) -> None:
    folder = written(tmp_path / "dev", Main="Lemma a : 0 = 1. Admitted.")
    proved_again(folder, tmp_path / "out")
    written(folder, project="-arg -impredicative-set")
    proved_again(folder, tmp_path / "out")
    assert len((tmp_path / "out" / "tried.jsonl").read_text().splitlines()) == 2


def test_a_file_whose_requirements_are_unknown_is_one_line_and_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(
        tmp_path / "dev",
        Bad="Require Import 3.",
        Lib="Definition k := 1.",
        Main=f"From Demo Require Import Lib. {ABOUT_K}",
        Other=f"From Demo Require Import Bad. {ABOUT_K}",
    )
    assert proved_again(folder / "Main.v", tmp_path / "out") == {"k_is_one": "proved", "k_is_zero": "refuted"}
    assert main(["prove", str(folder / "Other.v"), "--out", str(tmp_path / "bad"), "--cpu-seconds", "1"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert f"{folder / 'Bad.v'}: coqdep does not tell what this file requires" in line


@pytest.mark.parametrize("load", ["Load Defs.", 'Load "sub/Defs.v".', "Time Load (* now *) Verbose Defs."])
@pytest.mark.parametrize("through", [False, True])
def test_a_refutation_does_not_outlive_what_a_loaded_file_says(tmp_path: Path, load: str, through: bool) -> None:
    main_file = f"From Demo Require Import Lib. {ABOUT_K}" if through else f"{load} {ABOUT_K}"
    folder = written(tmp_path / "dev", Lib=load, Main=main_file)
    (folder / "sub").mkdir()
    for value, expected in (("0", {"k_is_one": "refuted", "k_is_zero": "proved"}), ("1", None)):
        (folder / "sub" / "Base.v").write_text(f"Definition base := {value}.")
        (folder / "sub" / "Defs.v").write_text("From Demo.sub Require Import Base. Definition k := base.")
        found = proved_again(folder / "Main.v", tmp_path / "out")
        assert found == (expected or {"k_is_one": "proved", "k_is_zero": "refuted"})


def test_a_loaded_file_comes_before_the_file_that_loads_it_and_is_not_compiled_for_it(tmp_path: Path) -> None:
    folder = written(tmp_path / "dev", Main="Definition k := 1. Load Part.", Part="Definition next := S k.").resolve()
    with Copy(coq_project.find(folder), 60.0) as copy:
        assert copy.in_order([folder / "Main.v", folder / "Part.v"]) == [folder / "Part.v", folder / "Main.v"]
        assert copy.prepare(folder / "Main.v") is None
        assert copy.compile(folder / "Main.v") is None


def test_a_compiled_file_older_than_what_it_loads_is_compiled_anew(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "dev", Defs="Definition k := 0.", Lib="Load Defs.", Main=f"From Demo Require Import Lib. {ABOUT_K}"
    )
    subprocess.run(["coqc", "-Q", ".", "Demo", "Lib.v"], cwd=folder, check=True)
    (folder / "Defs.v").write_text("Definition k := 1.")
    assert proved_again(folder / "Main.v", tmp_path / "out") == {"k_is_one": "proved", "k_is_zero": "refuted"}


def test_an_answer_does_not_outlive_a_compiled_file_without_a_source_or_a_plugin(tmp_path: Path) -> None:
    folder = written(tmp_path / "dev", Lib="Definition k := 0.", Main=f"From Demo Require Import Lib. {ABOUT_K}")
    subprocess.run(["coqc", "-Q", ".", "Demo", "Lib.v"], cwd=folder, check=True)
    (folder / "Lib.v").unlink()
    (folder / "plugin.cmxs").touch()
    main_file = (folder / "Main.v").resolve()
    with Copy(coq_project.find(main_file), 60.0) as copy:
        assert copy.prepare(main_file) is None
        assert copy.read_for(main_file) == [main_file.with_name("Lib.vo"), main_file.with_name("plugin.cmxs")]


LENGTH = "Lemma length_s : String.length s = 4. Admitted.\n"
STRING = 'Require Import String.\r\nOpen Scope string_scope.\r\nDefinition s : string := "a\r\nb".\r\n'


@pytest.mark.parametrize("required", [False, True])
def test_lines_that_end_as_on_windows_are_read_as_they_are(tmp_path: Path, required: bool) -> None:
    text = f"Require Import String. From Demo Require Import Lib. {LENGTH}" if required else f"{STRING}{LENGTH}"
    folder = written(tmp_path / "dev")
    (folder / "Lib.v").write_bytes(STRING.encode())
    (folder / "Main.v").write_bytes(text.encode())
    assert proved_again(folder / "Main.v", tmp_path / "out") == {"length_s": "proved"}


def test_only_a_file_with_holes_has_to_be_utf_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path / "dev", Main=f"From Demo Require Import Lib. {ABOUT_K}")
    (folder / "Lib.v").write_bytes("Definition k := 1. (* café *)".encode("latin-1"))
    assert proved_again(folder / "Main.v", tmp_path / "out") == {"k_is_one": "proved", "k_is_zero": "refuted"}
    (folder / "Main.v").write_bytes("Definition k := 1. (* café *) Lemma a : k = 1. Admitted.".encode("latin-1"))
    assert main(["prove", str(folder / "Main.v"), "--out", str(tmp_path / "bad"), "--cpu-seconds", "1"]) == 2
    assert "Main.v: not UTF-8 text" in capsys.readouterr().err


def test_a_file_that_is_not_utf_8_stops_no_other_and_what_it_says_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(
        tmp_path / "dev",
        Main="From Demo Require Import Lib Open. Lemma a : P 1. Admitted. Lemma b : P 3. Admitted.",
        Other="Lemma c : True. Admitted.",
    )
    lib = "(* café *) Axiom P : nat -> Prop. Axiom one : P 1. Lemma two : P 0 -> P 0. Proof. exact (fun h => h). Qed."
    (folder / "Lib.v").write_bytes(lib.encode("latin-1"))
    (folder / "Open.v").write_bytes(
        "From Demo Require Import Lib. (* é *)\nLemma three : P 3. Admitted.".encode("latin-1")
    )
    assert main(["prove", str(folder), "--out", str(tmp_path / "out"), "--cpu-seconds", "2"]) == 0
    rows = results(tmp_path)
    found = {name: (row["status"], row["rests_on"]) for name, row in rows.items()}
    assert found == {
        "a": ("proved", []),
        "b": ("conditional", ["Demo.Open.three"]),
        "c": ("proved", []),
        "three": ("error", []),
    }
    assert rows["three"]["reason"] == "Open.v: not UTF-8 text"
    assert "] Open.v: not UTF-8 text; mend this and give the command again: 1 hole not tried" in capsys.readouterr().err
    erased = [str(tmp_path / "erased"), "--erase", "--names", "two", "--cpu-seconds", "1"]
    assert main(["prove", str(folder), "--out", *erased]) == 2
    assert list((tmp_path / "erased").rglob("*.v")) == []


def test_only_fix_as_a_word_is_recursion_in_a_filling() -> None:
    fine = ("rewrite prefix_nil, (List.suffix_cons a).", "exact (@fixed 1).", "apply fix_point, fix'.")
    assert [refusal(Filling(text), "") for text in fine] == [None, None, None]
    recursive = (
        "fix f 1.",
        "exact (fix f (n : nat) := 0).",
        "do 1fix f 1.",
        "cofix f.",
        "exact x²fix.",
        "exact (a \\infix f (n : nat) := 0).",  # `\\in` is a word where a notation says so
    )
    assert all("fixpoint" in (refusal(Filling(text), "") or "") for text in recursive)


def test_a_file_that_does_not_compile_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Bad.v").write_text("Lemma a : True.\nAdmitted.\nLemma b : nothing.\nAdmitted.\n")
    assert main(["prove", str(tmp_path / "Bad.v"), "--out", str(tmp_path / "out"), "--cpu-seconds", "1"]) == 2
    assert "Bad.v, line 3" in capsys.readouterr().err


def test_the_prover_speaks_of_the_users_own_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hole = "Lemma a : True.\nProof.\nAdmitted.\n"
    folder = written(
        tmp_path / "dev",
        Main=f"From Demo Require Import D.\n{hole}",
        Needs="From Demo Require Import D.",
        Other=f"From Demo Require Import Needs.\n{hole}",
    )
    for name in ("one", "two"):
        (folder / name).mkdir()
        (folder / name / "D.v").write_text("Definition k := 1.")
    assert main(["prove", str(folder), "--out", str(tmp_path / "out"), "--cpu-seconds", "2"]) == 2
    lines = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    said = [json.loads(line)["reason"] for line in lines]
    for name in ("Main", "Other"):
        assert main(["suggest", f"{folder / name}.v:3"]) == 2
        said.append(capsys.readouterr().err)
    assert len(said) == 4
    for reason in said:
        assert "Required library D matches several files in path" in reason
        assert " one/D.vo" in reason
        assert "lemmary-" not in reason


def test_files_that_cannot_be_worked_on_are_told_first_and_stop_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(
        tmp_path / "dev",
        Bad="Lemma a : True.\nAdmitted.\nLemma b : nothing.\nAdmitted.\n",
        Good="Lemma c : True.\nAdmitted.\n",
        Odd="Require Import 3.\nLemma d : True.\nAdmitted.\n",
        Rests="From Demo Require Import Bad.\nLemma e : True.\nAdmitted.\n",
    )
    assert main(["prove", str(folder), "--out", str(tmp_path / "out"), "--cpu-seconds", "2"]) == 0
    rows = results(tmp_path)
    assert {name: row["status"] for name, row in rows.items()} == dict.fromkeys("abde", "error") | {"c": "proved"}
    assert [str(rows[name]["reason"])[:14] for name in "abe"] == ["Bad.v, line 3:"] * 2 + ["Bad.v, line 3,"]
    said = capsys.readouterr().err.splitlines()
    (bad,) = [place for place, line in enumerate(said) if "] Bad.v, line 3: it does not compile" in line]
    assert said[bad].endswith("mend this and give the command again: 2 holes not tried")
    assert bad < next(place for place, line in enumerate(said) if "Good.v:1 c: a proof" in line)


def test_a_hole_that_claims_to_be_finished_is_filled(tmp_path: Path) -> None:
    folder = written(tmp_path / "dev", Main="Lemma a : True /\\ True. Proof. split. exact I. admit. Qed.")
    assert proved_again(folder, tmp_path / "out") == {"a": "proved"}


def test_development_options_need_a_development() -> None:
    assert main(["prove", "bundled", "--erase", "--out", "nowhere"]) == 2
    with pytest.raises(UserError, match="no such file"):
        coq_project.find(DEMO / "Missing.v")


GENERALISED = """Section S.
Variables (A : Type) (x : A).
Lemma sum : 1 + 1 = 2.
{begin}Admitted.
Lemma again : 1 + 1 = 2.
Admitted.
End S.
Lemma below : 1 + 1 = 2.
Proof. exact (sum nat 0). Qed.
"""


@pytest.mark.parametrize("begin", ["", "Proof.\n"])
def test_a_proof_depends_on_a_sections_variables_where_what_stands_below_counts_on_it(
    begin: str, tmp_path: Path
) -> None:
    (tmp_path / "dev").mkdir()
    file = tmp_path / "dev" / "Work.v"
    file.write_text(GENERALISED.format(begin=begin))
    options = Options(seconds=6.0, seed=0, memory_bytes=2 << 30)
    assert [result.status for result in Work(file, tmp_path / "out", options).run(lambda _: None)] == ["proved"] * 2
    kept = Work(file, tmp_path / "out", options)
    assert [result.status for result in kept.run(lambda _: None)] == ["proved"] * 2
    kept.apply()
    patched = file.read_text()
    assert patched.count("Lemma sum : 1 + 1 = 2.\nProof using All.\n") == 1
    assert "Lemma again : 1 + 1 = 2.\nProof.\n" in patched
    assert subprocess.run(["coqc", "-q", "Work.v"], cwd=file.parent, check=False).returncode == 0


@pytest.mark.parametrize(
    ("statement", "is_false"),
    [
        ("(n m : nat) : n < m", True),
        ("A (l : list A) : length l < 3", True),
        ("(n m : nat) : n <= m -> m >= S n", True),
        ("(n m : nat) : n > m \\/ m > n", True),
        ("(x y : Z) : (x <= y -> x < y)%Z", True),
        ("(n m : nat) : n <= m -> n < S m", False),
        ("(x y : Z) : (x < y -> y > x)%Z", False),
    ],
)
def test_inequalities_are_tested_on_values(statement: str, is_false: bool, tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    file = tmp_path / "dev" / "Work.v"
    file.write_text(f"Require Import ZArith List.\nLemma hole {statement}.\nAdmitted.\n")
    (result,) = Work(file, tmp_path / "out", Options(6.0, 0, 2 << 30)).run(lambda _: None)
    assert (result.status == "refuted") == is_false, result


@pytest.mark.parametrize(
    "text",
    [
        "Definition le (a b : bool) := if a then b = true else True.\nLemma hole b c : le b c -> le b (implb b c).",
        "Require Import NArith.\nModule N.\nInclude BinNat.N.\nLemma hole n m : gt n m -> lt m n.",
        "Lemma hole : ~ True <-> False.",
        "Lemma hole (n : nat) : ~ (True /\\ False) -> ~ False -> n = n.",
    ],
)
def test_a_relation_of_ones_own_with_the_name_of_an_order_is_no_fault(text: str, tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    file = tmp_path / "dev" / "Work.v"
    file.write_text(f"{text}\nAdmitted.\n{'End N.' if 'Module N' in text else ''}\n")
    (result,) = Work(file, tmp_path / "out", Options(3.0, 0, 2 << 30)).run(lambda _: None)
    assert result.status in ("proved", "open"), result
