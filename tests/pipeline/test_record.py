"""`record`: the steps of finished proofs, with what does not replay counted, and a folder that is gone on with."""

import json
import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from datasets.steps import Goal, Step, about, parts, read_steps, write_part
from domain import UserError
from pipeline.commands.record import record
from pipeline.corpora.recording import installed_files
from pipeline.corpora.steps import FileSteps
from pipeline.development.project.document import Document
from verifiers.audit.sandbox import GIBIBYTE, Limits, Sandbox
from verifiers.rocq.idetop import Idetop
from verifiers.rocq.replay import Ran, Replay
from verifiers.rocq.session import Session

FIRST = """Require Import List.
Import ListNotations.
Section S.
Variable A : Type.
Lemma app_nil (l : list A) : l ++ nil = l /\\ True.
Proof.
  split.
  - induction l as [|a l IH]; [reflexivity|].
    simpl. (* by induction *) rewrite   IH. auto using app_nil_end.
  - { exact I. }
Qed.
End S.
Module M.
Definition shape (n : nat) : match n with O => True | S _ => n = n end.
Proof with (auto; fail). destruct n... Defined.
End M.
Inductive box (A : Type) : Type := wrap (a : A).
Lemma pattern (b : box nat) : exists n : nat, n = match b with wrap _ m => match [m] with k :: _ => k | _ => m end end.
Proof.
exists (match b with wrap _ n => n end). match goal with |- ?g => simpl end. reflexivity. Qed.
Lemma open : True. Proof. Admitted.
Lemma wrong : 0 = 1.
Proof. simpl. reflexivity. Qed.
Lemma behind : 1 = 1 /\\ 0 = 1.
Proof. split; [reflexivity | apply wrong]. Qed.
Require Missing.
Instance never : True. Proof. exact I. Qed.
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A development and its steps."""
    folder = tmp_path_factory.mktemp("record")
    project, out = folder / "theories", folder / "steps"
    (project / "Deep").mkdir(parents=True)
    (project / "_CoqProject").write_text("-Q . Own\n")
    (project / "Deep" / "First.v").write_text(FIRST)
    (project / "Second.v").write_text("From Own Require First.\nLemma after : True. Proof. exact I. Qed.\n")
    (project / "Third.v").write_text("Lemma easy (n : nat) : n = n. Proof. reflexivity. Qed.\n")
    assert record(project, out=out, jobs=1) == 0
    return project, out


def test_each_tactic_is_recorded_with_its_goals_in_full(recorded: tuple[Path, Path]) -> None:
    steps = [step for step in read_steps(recorded[1]) if step.file == "Deep/First.v"]
    assert [(step.theorem, step.position, step.tactic) for step in steps] == [
        ("app_nil", 0, "split"),
        ("app_nil", 1, "induction l as [|a l IH]; [reflexivity|]"),
        ("app_nil", 2, "simpl"),
        ("app_nil", 3, "rewrite IH"),
        ("app_nil", 4, "auto using app_nil_end"),
        ("app_nil", 5, "exact I"),
        ("M.shape", 0, "destruct n; (auto; fail)"),
        ("pattern", 0, "exists (match b with wrap _ n => n end)"),
        ("pattern", 1, "match goal with |- ?g => simpl end"),
        ("pattern", 2, "reflexivity"),
        ("behind", 0, "split; [reflexivity | apply wrong]"),
    ]
    equation = Goal(("A : Type", "l : list A"), "@eq (list A) (@app A l (@nil A)) l")
    assert steps[0].after == (equation, Goal(("A : Type", "l : list A"), "True"))
    assert steps[1] == Step(
        *("Own", "Deep/First.v", "app_nil", 1, steps[1].tactic, equation, 1),
        after=(steps[2].goal,),
        names=(),
        local_names=("l",),
        cpu_seconds=steps[1].cpu_seconds,
    )
    assert steps[3].local_names == ("IH",)
    assert steps[4].names == ("app_nil_end",)
    assert steps[4].after == ()
    assert steps[7].names == ("wrap",)
    with Session() as session:  # as it prints them for a search
        session.load(
            "Require Import List. Import ListNotations.\n"
            + FIRST[FIRST.index("Inductive") : FIRST.index("Lemma pattern")]
        )
        here = session.run(FIRST[FIRST.index("Lemma pattern") :].partition("\n")[0]).goals[0]
    assert "| cons k _ => k" in here.conclusion
    assert steps[7].goal == Goal(here.hypotheses, here.conclusion)
    assert all(step.cpu_seconds > 0 for step in steps)


def test_what_does_not_replay_is_counted_with_its_reason(recorded: tuple[Path, Path]) -> None:
    told = {about(part)["file"]: about(part) for part in parts(recorded[1])}
    assert [(one["theorem"], one["reason"]) for one in told["Deep/First.v"]["failed"]] == [
        ("wrong", "a sentence is refused"),
        ("never", "the file does not load up to it"),
    ]
    assert told["Second.v"]["failed"][0]["reason"] == "the file does not load up to it"
    card = json.loads((recorded[1] / "card.json").read_text())
    assert (card["files"], card["theorems"], card["replayed"], card["steps"]) == (3, 8, 5, 12)
    assert list(card["files_that_stop"]) == ["Deep/First.v", "Second.v"]


def test_only_what_is_missing_or_has_changed_is_recorded(
    recorded: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    project, out = recorded
    (out / "parts" / "Second.parquet").unlink()
    assert record(project / "Second.v", out=out) == 0
    (out / "parts" / "Deep" / "First.parquet").unlink()
    assert record(project / "Deep", out=out) == 0
    (project / "Third.v").write_text("Lemma easy : True. Proof. exact I. Qed.\n")
    assert record(project, out=out, json=True) == 0
    told = capsys.readouterr()
    assert "2 of 3 files are recorded already" in told.err
    assert "1/1 Third.v: 1 of 1 theorems" in told.err
    card = json.loads(told.out.splitlines()[-1])
    assert (card["steps"], card["sources"]) == (12, [str(project)])


def test_bad_input_is_told_in_one_line(recorded: tuple[Path, Path], tmp_path: Path) -> None:
    project, out = recorded
    with pytest.raises(UserError, match="no such file or folder"):
        record(tmp_path / "nowhere", out=tmp_path)
    with pytest.raises(UserError, match=r"holds no \.v file"):
        record(tmp_path, out=tmp_path / "out")
    with pytest.raises(UserError, match="--limit 0: must be 1 or more"):
        record(project, out=out, limit=0)
    with pytest.raises(UserError, match=r"no file of .* is called so"):
        record(project, out=out, files=("None/*",))
    with pytest.raises(UserError, match="holds steps of names"):
        record(project, out=out, names=("app*",))
    with pytest.raises(UserError, match="holds no steps"):
        record(project, out=project)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is no folder"):
        record(project, out=tmp_path / "file")
    library = tmp_path / "user-contrib" / "Own"
    library.mkdir(parents=True)
    with pytest.raises(UserError, match="install the package that has the library's sources"):
        installed_files(library, tmp_path)
    (library / "A.v").touch()
    with pytest.raises(UserError, match="holds no compiled files"):
        installed_files(library, tmp_path)
    with pytest.raises(UserError, match="is no library"):
        installed_files(library.parent, tmp_path)
    (library / "A.vo").touch()
    assert [one.module for one in installed_files(library, tmp_path)] == ["Own.A"]


def test_nothing_of_others_is_overwritten(recorded: tuple[Path, Path], tmp_path: Path) -> None:
    project, own = recorded[0] / "Third.v", tmp_path / "own"
    (own / "parts").mkdir(parents=True)
    (own / "README.md").write_text("My project.")
    with pytest.raises(UserError, match="holds no steps but other files"):
        record(project, out=own)
    write_part(own / "parts" / "A.parquet", [], {})
    with pytest.raises(UserError, match="holds no steps but other files"):
        record(project, out=own)
    (own / "card.json").write_text("[]")
    with pytest.raises(UserError, match=r"card\.json is no card of steps"):
        record(project, out=own)
    (own / "card.json").write_text('{"cpu_seconds_besides": 0}')
    with pytest.raises(UserError, match=r"A\.parquet: not written by `record`"):
        record(project, out=own)
    assert (own / "README.md").read_text() == "My project."


def test_a_file_goes_on_behind_a_tactic_that_does_not_end_and_one_that_ends_the_prover(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def started() -> Idetop:
        processes.append(Idetop(Sandbox(), Limits(memory_bytes=2 * GIBIBYTE, processes=32), ("-top", "Own.Lost"), ()))
        return processes[-1]

    def step(replay: Replay, sentence: str, seconds: float, *, shown: bool) -> Ran:
        if sentence == "idtac.":
            os.kill(processes[-1].pid, signal.SIGKILL)
        return as_it_is(replay, sentence, seconds, shown=shown)

    processes: list[Idetop] = []
    as_it_is = Replay.step
    monkeypatch.setattr(Replay, "step", step)
    monkeypatch.setattr("pipeline.corpora.steps.STEP_SECONDS", 0.3)
    text = """Definition one := 1. Ltac endless := idtac; endless.
    Lemma endless : True. Proof. endless. Qed.
    Lemma kills : True. Proof. idtac. exact I. Qed.
    Lemma uses : one = 1 /\\ True. Proof. split; [reflexivity | exact kills]. Qed."""
    with closing(Replay(started)) as replay:
        found = FileSteps("Own", "Lost.v", lambda _: True).record(Document(text, "Lost.v"), replay)
    assert [(one.theorem, one.reason) for one in found.failed] == [("endless", "timeout"), ("kills", "prover_error")]
    assert [(one.theorem, one.names) for one in found.steps] == [("uses", ("kills",))]
    assert len(processes) == 2
