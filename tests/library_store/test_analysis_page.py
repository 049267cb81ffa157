"""The example of `docs/analysis.md` runs, and the page names every figure of a summary."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

from library_store.dependencies.findings import find
from library_store.dependencies.measures import measures, summary
from library_store.dependencies.uses import Uses

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "analysis.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("coqc") is None, reason="coqc is not installed")
def test_the_example_in_python_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "edges say the same chains" in done.stdout


def test_every_figure_of_a_summary_is_described() -> None:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_node("a", kind="lemma", name="a")
    uses = Uses.of(graph)
    measured = measures(uses)
    figures = summary(graph, measured) | find(graph, uses, measured, 0).summary
    described = set(re.findall(r"`(\w+)`", PAGE))
    assert set(figures) - described == set()


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"\]\((images/[\w.]+)\)", PAGE)
    assert len(pictures) == 2
    assert all((ROOT / "docs" / picture).is_file() for picture in pictures)
