"""What is drawn of the generated inductive problems, and how it is counted."""

from pathlib import Path

import pytest

from bench.induction import by_family, draw, summary
from domain import UserError


def clone(folder: Path) -> Path:
    for family in ("nat/generated_add_2var", "list/generated_pref_1var", "nat/crafted_add"):
        for form in ("smt2_rec", "zf"):
            for number in range(9):
                file = folder / "benchmarks" / "dty" / family / form / f"{number}.smt2"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("")
    return folder


def test_only_even_files_of_generated_families_are_drawn_and_by_seed(tmp_path: Path) -> None:
    found = draw(clone(tmp_path), 3, 0)
    assert found.keys() == {"nat/generated_add_2var", "list/generated_pref_1var"}
    for files in found.values():
        assert len(files) == 3
        assert all(int(file.stem) % 2 == 0 and file.parent.name == "smt2_rec" for file in files)
    assert found == draw(tmp_path, 3, 0) != draw(tmp_path, 3, 1)
    assert {len(files) for files in draw(tmp_path, 99, 0).values()} == {5}
    with pytest.raises(UserError, match="give a clone of the benchmarks"):
        draw(tmp_path / "benchmarks", 3, 0)


def test_what_was_proved_is_counted_by_kind_and_by_family() -> None:
    rows = [
        {"problem": "a", "family": "nat/generated_add_2var", "alone": 0.0, "cvc4": None},
        {"problem": "b", "family": "nat/generated_add_3var", "alone": None, "cvc4": None},
        {"problem": "c", "family": "list/generated_pref_1var", "alone": 4.9, "cvc4": 0.1},
        {"problem": "d", "family": "list/generated_pref_1var", "alone": 5.1, "cvc4": None},
    ]
    assert summary(rows, ["alone", "cvc4"], 5) == [
        {"kind": "list pref", "problems": 2, "alone": 1, "cvc4": 1},
        {"kind": "nat add", "problems": 2, "alone": 1, "cvc4": 0},
        {"kind": "all", "problems": 4, "alone": 2, "cvc4": 1},
    ]
    assert by_family(rows, "alone", 5) == {
        "nat/generated_add_2var": 1,
        "nat/generated_add_3var": 0,
        "list/generated_pref_1var": 1,
    }
