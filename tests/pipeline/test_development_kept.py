"""What is kept between two runs of `prove` on a development counts only where nothing has changed."""

import subprocess
from pathlib import Path

import pytest

from domain import UserError
from pipeline.__main__ import main
from pipeline.development.project.coq_project import find
from pipeline.development.record import installed, versions
from pipeline.development.rows import add_row, read_rows


@pytest.mark.parametrize("end", [1, 2, 3, 9])
def test_a_line_that_was_cut_short_costs_nothing_but_itself(end: int, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    add_row(file, {"key": "one"})
    add_row(file, {"key": "∀"})
    file.write_bytes(file.read_bytes()[:-end])
    add_row(file, {"key": "two"})
    whole = [{"key": "one"}, {"key": "∀"}, {"key": "two"}] if end == 1 else [{"key": "one"}, {"key": "two"}]
    assert list(read_rows(file)) == whole
    assert list(read_rows(tmp_path / "none.jsonl")) == []


def test_a_record_that_was_cut_inside_a_character_is_gone_on_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Work.v"
    file.write_text("Require Import Utf8.\nLemma all : ∀ n : nat, n = n.\nAdmitted.\n")
    command = ["prove", str(file), "--cpu-seconds", "5", "--out", str(tmp_path / "out")]
    assert main(command) == 0
    for name in ("judged.jsonl", "tried.jsonl"):
        kept = tmp_path / "out" / name
        text = kept.read_bytes()
        assert "∀".encode() in text or name == "tried.jsonl"
        at = text.find("∀".encode())
        kept.write_bytes(text[: at + 1] if at >= 0 else text[:-1])
    capsys.readouterr()
    assert main(command) == 0
    assert "1 proved" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", ['-arg "-require-import Demo.Base"', "-arg -ri -arg Demo.Base", '-arg "-w all -lv x.v"']
)
def test_what_an_option_loads_before_each_file_is_refused(words: str, tmp_path: Path) -> None:
    (tmp_path / "_CoqProject").write_text(f"-Q . Demo\n{words}\n")
    with pytest.raises(UserError, match="loads something before each of your files"):
        find(tmp_path)
    (tmp_path / "_CoqProject").write_text('-Q . Demo\n-arg "-w -notation-overridden"\n-arg -impredicative-set\n')
    assert find(tmp_path).arguments == ("-w", "-notation-overridden", "-impredicative-set")


def test_a_library_that_is_overwritten_in_place_is_another(tmp_path: Path) -> None:
    library = tmp_path / "lib" / "coq"
    plugin = tmp_path / "lib" / "coq-core" / "plugin.cmxs"
    for file in (library / "A.vo", plugin):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"one")
    first = installed(library)
    assert installed(library) == first
    (library / "A.vo").write_bytes(b"other")
    second = installed(library)
    plugin.write_bytes(b"other")
    assert first != second != installed(library) != first


def test_versions_are_of_the_prover_that_is_installed() -> None:
    where = subprocess.run(["coqc", "-where"], capture_output=True, text=True, check=True).stdout.strip()
    assert any(name.endswith("/Init/Prelude.vo") for name, _, _ in installed(Path(where)))
    assert any(name.endswith(".cmxs") for name, _, _ in installed(Path(where)))
    assert versions() == versions.__wrapped__()
