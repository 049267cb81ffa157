"""The evolution forest says which lemma was evolved from which, and where the first ones come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from library_store.dependencies.drawing import forest_drawing
from library_store.dependencies.lineage import Forest, forest
from library_store.snapshot import read
from pipeline.__main__ import main
from tests.library_store.samples import AUDITED, lemma, opened, request, sha

A, B, C, D = (sha(f"lemma {name}") for name in "abcd")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`b` was evolved from `a`, `c` from `b` a round later; `d` answers what a proof of problem 1 asked for."""
    folder = tmp_path_factory.mktemp("run")
    with opened(folder) as library:
        asked = library.add_request(request("wanted", origin_kind="problem"))
        library.insert(lemma("a", origins=(), origin_kind="harvest", statement="<a> & co"), AUDITED)
        library.insert(lemma("b", parents=(A,), operator="parameterize"), AUDITED)
        library.snapshot()
        library.insert(lemma("c", parents=(B,), operator="scale_complexity"), AUDITED)
        library.insert(lemma("d", parents=(asked.id,), operator="solve_request"), AUDITED)
        library.snapshot()
    return folder


@pytest.fixture(scope="module")
def grown(run: Path) -> Forest:
    return forest(read(run))


def test_lemmas_stand_below_what_they_were_evolved_from(grown: Forest) -> None:
    assert list(grown.roots) == [A, D]
    assert [(depth, sprout.name) for depth, sprout in grown.below(A)] == [(0, "a"), (1, "b"), (2, "c")]
    assert [sprout.name for sprout in grown.above(C)] == ["a", "b"]
    assert grown.above(A) == []


def test_a_lineage_is_told_in_lines(grown: Forest) -> None:
    assert grown.told(B) == [
        "by parameterize in round 1",
        "evolved from a, by automation in round 1",
        "found alone",
        "evolved into c, by scale_complexity",
    ]
    assert grown.told(D) == ["by solve_request in round 2", "asked for in round 1 by a proof of prop_1"]


def test_an_earlier_round_has_a_smaller_forest(run: Path) -> None:
    assert list(forest(read(run, 1)).sprouts) == [A, B]


def test_the_drawing_has_a_column_for_each_round_a_line_to_each_parent_and_no_markup_of_a_lemma(grown: Forest) -> None:
    drawing = forest_drawing(grown, {A: 7, B: 1, C: 2, D: 3})
    assert re.findall(r">round (\d)<", drawing) == ["1", "2"]
    assert drawing.count("<path") == 2
    assert drawing.count("<circle") == 4
    assert 'href="#n=7"' in drawing
    assert "<a> & co" not in drawing
    assert "&lt;a&gt; &amp; co" in drawing


def test_show_tells_the_lineage_of_a_lemma(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(run), "b"]) == 0
    assert "lineage:\n  by parameterize in round 1\n  evolved from a" in capsys.readouterr().out
