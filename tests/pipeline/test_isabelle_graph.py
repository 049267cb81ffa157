"""The graph of an Isabelle session is what its server says, through the real protocol; no logic is behind it here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain import OutsideError, UserError
from pipeline.__main__ import main
from pipeline.corpora.isabelle import isabelle_graph
from tests.verifiers.isabelle_stand_in import StandIn, running
from verifiers.audit.isabelle.comparison import ACCESS
from verifiers.audit.isabelle.settings import PASSWORD_VARIABLE, SERVER_VARIABLE

FACTS = [
    "@ fact Sums.plus_zero 1 Sums.plus.simps plus n Z = n",
    "@ fact Sums.plus_comm 2 Nat.nat.induct Sums.plus_zero plus n m =\\<^sub>x plus m n",
    "@ fact Sums.plus.simps 0 plus Z n = n plus (S m) n = S (plus m n)",
    "said by nobody",
    "@ done 1 3",
]
NEWER, OLDER = ACCESS["fact"]
REFUSED = {"nodes": {"G": {"status": {"ok": False, "failed": 1}}}}


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    with running(tmp_path) as started:
        yield started


def told(lines: list[str], **more: Any) -> dict[str, Any]:
    return {"when": "Thm_Deps", "facts": lines, **more}


def test_edges_are_what_derivations_use(stand_in: StandIn) -> None:
    stand_in.play(told(FACTS))
    graph = isabelle_graph(Path("Sums"), stand_in.settings())
    assert sorted((source, target) for source, target, _ in graph.edges) == [
        ("Sums.plus_comm", "Nat.nat.induct"),
        ("Sums.plus_comm", "Sums.plus_zero"),
        ("Sums.plus_zero", "Sums.plus.simps"),
    ]
    assert graph.nodes["Sums.plus_comm"]["statement"] == r"plus n m =\<^sub>x plus m n"
    assert graph.nodes["Nat.nat.induct"] == {"kind": "declaration", "name": "Nat.nat.induct", "file": "Nat"}


def test_the_form_that_a_release_does_not_understand_is_not_read(stand_in: StandIn) -> None:
    newer = NEWER.replace("(", r"\(").replace(")", r"\)")
    stand_in.play({"when": newer, "facts": ["@ done 9 9"], **REFUSED}, told(FACTS))
    assert "Sums.plus_comm" in isabelle_graph(Path("Sums"), stand_in.settings())
    stand_in.play(told(FACTS, **REFUSED))
    with pytest.raises(OutsideError, match="does not tell the facts of Sums"):
        isabelle_graph(Path("Sums"), stand_in.settings())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (FACTS[:-1], "not whole"),
        ([*FACTS, "@ done 1 3"], "not whole"),
        ([*FACTS[:-2], "@ done 1 4"], "not whole"),
        (["@ fact Sums.plus_zero 3 Sums.plus.simps", "@ done 1 1"], "not whole"),
        (["@ done 0 0"], "no theory of a session Sums"),
    ],
)
def test_an_answer_that_is_not_whole_is_no_graph(stand_in: StandIn, lines: list[str], said: str) -> None:
    stand_in.play(told(lines))
    with pytest.raises(OutsideError, match=said):
        isabelle_graph(Path("Sums"), stand_in.settings())


def test_the_command_reads_the_session_that_a_folder_declares(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "ROOT").write_text('session "Sums" = HOL +\n  theories Sums\n')
    settings = stand_in.settings()
    monkeypatch.setenv(SERVER_VARIABLE, settings.server)
    monkeypatch.setenv(PASSWORD_VARIABLE, str(settings.password_file))
    stand_in.play({**told(FACTS), "when": r"isPrefix \"Sums\.\""})
    assert main(["graph", f"isabelle:{folder}", "--out", str(tmp_path / "graph"), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["nodes"], summary["edges"], summary["longest_path"]) == (4, 3, 2)


def test_a_folder_without_a_session_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no ROOT"):
        isabelle_graph(tmp_path)
    with pytest.raises(UserError, match="neither a folder nor"):
        isabelle_graph(Path('no "session'))
