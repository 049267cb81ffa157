"""What a goal is known by, tactics of other goals in its names, and steps that other developments took."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from datasets.steps import PARTS, Goal, Step, write_part
from domain import UserError
from models.step_index import StepIndex
from pipeline.__main__ import main
from pipeline.development.search.carrying import Taken, carried_over
from pipeline.development.search.goal_features import features
from pipeline.development.search.memory import Memory
from pipeline.development.search.moves import View
from pipeline.development.search.solving import Solver
from pipeline.development.search.stored_steps import StoredSteps
from tests.pipeline.test_premises import opened

LISTS = View((("A", "Type"), ("l", "list A"), ("H", "@eq (list A) l (@nil A)")), "@eq nat (@length A l) O")


def test_a_goal_in_other_names_has_the_same_features_and_a_like_one_shares_more() -> None:
    renamed = View((("B", "Type"), ("xs", "list B"), ("E", "@eq (list B) xs (@nil B)")), "@eq nat (@length B xs) O")
    assert features(renamed) == features(LISTS)
    like = View((("n", "nat"),), "forall x : list nat, @eq nat (@length nat (@rev nat x)) (@length nat x)")
    other = View((), "forall x : nat, le x (S x)")
    index = StepIndex()
    for one in (other, like):
        index.add(features(one))
    assert [near.step for near in index.nearest(features(LISTS), 2)] == [1, 0]


@pytest.mark.parametrize(
    ("tactic", "carried"),
    [
        ("rewrite H", "rewrite E"),
        ("induction l as [|a l IHl]", "induction xs as [|a0 xs IHl]"),
        ("intros x a; exact (f a)", "intros x a0; exact (f a0)"),
        ("destruct H as [b c] eqn:a", "destruct E as [b c] eqn:a0"),
        ("assert (a : l = l)", "assert (a0 : xs = xs)"),
        ("apply a", "apply a"),
        ("match goal with _ => idtac end; apply a", "match goal with _ => idtac end; apply a"),
    ],
)
def test_hypotheses_are_those_of_the_same_role_and_new_names_give_way(tactic: str, carried: str) -> None:
    here = View(
        (("B", "Type"), ("a", "B"), ("ys", "list B"), ("xs", "list B"), ("E", "@eq (list B) xs (@nil B)")),
        "@eq nat (@length B xs) O",
    )
    assert carried_over(Taken(LISTS, tactic), here) == carried


def test_hypotheses_in_the_same_role_go_to_different_ones_and_a_missing_one_stops_a_tactic() -> None:
    two = View((("H1", "P x"), ("H2", "P y")), "Q")
    here = View((("E", "P a"), ("F", "P b")), "Q")
    assert carried_over(Taken(two, "apply H1"), here) == "apply E"
    assert carried_over(Taken(two, "apply H2"), here) == "apply F"
    assert carried_over(Taken(two, "apply H1"), View((("n", "nat"),), "Q")) is None


def stored(folder: Path, *steps: tuple[str, str, tuple[str, ...]]) -> Path:
    """A folder of steps, each a conclusion, a tactic and the global names in it."""
    rows = [
        Step("L", "A.v", "a", at, tactic, Goal(("n : nat",), claim), 1, (), names, (), 0.0)
        for at, (claim, tactic, names) in enumerate(steps)
    ]
    write_part(folder / "L" / PARTS / "A.parquet", rows, {})
    return folder


def test_recorded_steps_are_told_after_those_nearby_where_their_names_are_known(tmp_path: Path) -> None:
    steps = (
        ("@eq nat (S n) m", "rewrite absent", ("absent",)),
        ("@eq nat (S n) m", "rewrite present", ("present",)),
        ("@eq nat (S n) m", "rewrite present. Qed", ("not a name",)),
        ("le n (S n)", "constructor", ()),
        ("@eq nat (S n) m", "rewrite present", ("present",)),
    )
    recorded = StoredSteps(stored(tmp_path, *steps))
    assert [recorded[number].tactic for number in range(len(recorded))] == [steps[at][1] for at in (0, 1, 3)]
    asked: list[str] = []

    def locate(names: Sequence[str]) -> list[tuple[str, str | None]]:
        asked.extend(names)
        return [(name, f"Constant {name}" if name == "present" else f"No object of basename {name}") for name in names]

    memory = Memory(recorded, locate)
    goal = View((("k", "nat"),), "@eq nat (S k) j")
    assert memory.tactics(goal, 8) == ["rewrite present", "constructor"]
    memory.add(Taken(View((("k", "nat"),), "@eq nat (S k) O"), "lia"))
    assert memory.tactics(goal, 8) == ["lia", "rewrite present", "constructor"]
    assert sorted(asked) == ["absent", "present"]
    memory.forget()
    assert memory.tactics(goal, 1) == ["rewrite present"]


def test_only_names_of_a_damaged_index_reach_the_prover(tmp_path: Path) -> None:
    class Hostile(StoredSteps):
        def __getitem__(self, number: int) -> Taken:
            return super().__getitem__(number)._replace(names=("present", 'nat.\nRedirect "f" Print nat'))

    asked: list[str] = []

    def locate(names: Sequence[str]) -> list[tuple[str, str | None]]:
        asked.extend(names)
        return [(name, f"Constant {name}") for name in names]

    memory = Memory(Hostile(stored(tmp_path, ("True", "exact present", ("present",)))), locate)
    assert memory.tactics(View((), "True"), 8) == []
    assert asked == ["present"]


def test_what_is_no_tactic_is_not_kept_and_does_no_harm(tmp_path: Path) -> None:
    steps = StoredSteps(
        stored(tmp_path, *(("True", one, ()) for one in ("idtac (* ", 'exact "', "idtac. Check I", "exact I")))
    )
    assert [steps[number].tactic for number in range(len(steps))] == ["exact I"]
    memory = Memory()
    for tactic in ("idtac (* ", "split"):
        memory.add(Taken(View((), "True"), tactic))
    assert memory.tactics(View((), "True"), 8) == ["split"]


def test_folders_that_hold_no_index_stay(tmp_path: Path) -> None:
    for name in ("index-of-theorems", "index-0123456789abcdef"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes").touch()
    digest = StoredSteps(stored(tmp_path, ("True", "exact I", ()))).digest
    assert {one.name for one in tmp_path.iterdir()} == {"L", "index-of-theorems", f"index-{digest}"}


def test_an_index_is_of_the_steps_as_they_are(tmp_path: Path) -> None:
    first = StoredSteps(stored(tmp_path, ("True", "exact I", ())))
    assert StoredSteps(tmp_path).digest == first.digest
    second = StoredSteps(stored(tmp_path, ("True", "split", ()), ("True", "auto", ())))
    assert second.digest != first.digest
    assert second[0].tactic == "split"
    assert len([one.name for one in tmp_path.iterdir() if one.name != "L"]) == 1
    with pytest.raises(UserError, match="holds no steps"):
        StoredSteps(tmp_path / "L" / PARTS)
    index = tmp_path / f"index-{second.digest}"
    whole = (index / "steps.arrow").read_bytes()
    nothing = pa.schema([])
    with pa.ipc.new_file(str(index / "steps.arrow"), nothing) as writer:
        writer.write_table(nothing.empty_table())
    with pytest.raises(UserError, match="is damaged"):
        StoredSteps(tmp_path)
    (index / "steps.arrow").write_bytes(whole)
    lists = index / "lists.npy"
    numbers = np.load(lists)
    np.save(lists, np.full_like(numbers, 1_000_000))
    with pytest.raises(UserError, match="is damaged"):
        Memory(StoredSteps(tmp_path)).tactics(View((), "True"), 8)
    np.save(lists, numbers.astype(np.float64))
    with pytest.raises(UserError, match="is damaged"):
        StoredSteps(tmp_path)
    np.save(lists, numbers)
    lists.write_bytes(lists.read_bytes()[:-2])
    with pytest.raises(UserError, match="is damaged"):
        StoredSteps(tmp_path)


def test_a_hole_is_proved_by_a_step_that_another_development_took(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Work.v"
    file.write_text("Lemma square : exists n, n * n * n = 343.\nAdmitted.\n")
    command = ["prove", str(file), "--out", str(tmp_path / "out"), "--cpu-seconds", "1", "--json"]
    assert main(command) == 0
    assert '"proved": 0' in capsys.readouterr().out
    claim = "@ex nat (fun m : nat => @eq nat (Init.Nat.mul (Init.Nat.mul m m) m) (S O))"
    steps = stored(tmp_path / "steps", (claim, "exists 7", ()))
    assert main([*command, "--steps", str(steps)]) == 0
    assert '"proved": 1' in capsys.readouterr().out
    assert main([*command, "--steps", str(tmp_path / "out")]) == 2
    assert "holds no steps" in capsys.readouterr().err


def test_a_statement_above_that_does_not_end_here_costs_no_more_than_a_step(tmp_path: Path) -> None:
    """An instance after `done` lets the prover look for others without end."""
    text = (
        "Class C (n : nat) := c : nat.\n#[export] Instance base : C 0 | 9 := 0.\n"
        "Lemma done : @c 0 _ = 0.\nProof. reflexivity. Qed.\n"
        "#[export] Instance further n (x : C (S n)) : C n := x.\n"
        "Lemma hole : @c 0 base = 0.\nAdmitted.\n"
    )
    with opened(tmp_path, text) as context:
        hole = context.document.holes[0]
        assert context.advance(hole.start) is None
        began = context.session.cpu_seconds
        assert Solver(context, hole, 5.0).run().filling is not None
        assert context.session.cpu_seconds - began < 10
