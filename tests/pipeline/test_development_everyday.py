"""What makes `prove` on a development fit for every day: lemmas given by hand. With a real prover."""

import json
from pathlib import Path

import pytest

from pipeline.__main__ import main


def written(folder: Path, **files: str) -> Path:
    """A development with these files, its logical name `Demo`."""
    folder.mkdir(exist_ok=True)
    (folder / "_CoqProject").write_text("-Q . Demo\n")
    for name, text in files.items():
        (folder / f"{name}.v").write_text(text)
    return folder


def rows(out: Path) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in map(json.loads, (out / "results.jsonl").read_text().splitlines())}


FAR = """Axiom P Q : nat -> Prop.
Definition promise := forall n, P n -> Q n.
Axiom key : promise.
Theorem opened : forall n, P n -> Q n.
Proof. Admitted.
Lemma below : True. Proof. exact I. Qed.
"""


def test_lemmas_given_by_hand_come_first(tmp_path: Path) -> None:
    folder = written(tmp_path / "dev", Base=FAR.partition("Theorem")[0], Far=f"From Demo Require Base.\n{FAR}")
    command = ["prove", str(folder), "--cpu-seconds", "6", "--out", str(tmp_path / "out"), "--limit", "1"]
    assert main([*command, "--use", "key, Base.key"]) == 0  # nothing in the goal says that `key` has to do with it
    row = rows(tmp_path / "out")["opened"]
    assert row["status"] == "proved"
    assert "key" in str(row["proof"])


@pytest.mark.parametrize(
    ("use", "said"), [("key,nowhere", "--use nowhere: "), ("below", "--use below: "), ("x. y", "--use x. y: ")]
)
def test_a_lemma_that_no_hole_can_see_is_one_line_before_any_search(
    use: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path / "dev", Far=FAR)
    assert main(["prove", str(folder), "--use", use, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith(f"error: {said}")
    assert not (tmp_path / "out" / "tried.jsonl").exists()


def test_lemmas_by_hand_go_with_a_development(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "bundled", "--use", "key", "--out", "nowhere"]) == 2
    assert "--use goes with a development" in capsys.readouterr().err
