"""The graph of a Rocq development is what its kernel terms contain."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from datasets.dpdgraph import read_dpd
from domain import UserError
from pipeline.__main__ import main
from pipeline.corpora.rocq import rocq_graph

BASE = """Inductive tree := leaf | node (l r : tree).
Fixpoint mirror (t : tree) := match t with leaf => leaf | node l r => node (mirror r) (mirror l) end.
Axiom wanted : forall t : tree, t = t.
"""
USER = """Require Import Base.
(* Lemma twice : a comment. *)
Lemma twice : forall t, mirror (mirror t) = t.
Proof. induction t as [|l IHl r IHr]; simpl; [reflexivity | rewrite IHl, IHr; reflexivity]. Qed.
Theorem thrice : forall t, mirror (mirror (mirror t)) = mirror t.
Proof. intros t. rewrite twice. reflexivity. Qed.
Theorem rests : forall t : tree, t = t.
Proof. exact wanted. Qed.
"""


@pytest.fixture(scope="module")
def development(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("coqc") is None:
        pytest.skip("coqc is not installed")
    folder = tmp_path_factory.mktemp("development")
    (folder / "Base.v").write_text(BASE)
    (folder / "User.v").write_text(USER)
    return folder


def test_edges_are_what_the_proof_terms_contain(development: Path) -> None:
    graph = rocq_graph(development)
    assert graph.has_edge("thrice", "twice") or graph.has_edge("User.thrice", "User.twice")
    names = {graph.nodes[node]["name"].rpartition(".")[2]: node for node in graph}
    used = {graph.nodes[node]["name"].rpartition(".")[2] for node in graph.successors(names["thrice"])}
    assert {"twice", "mirror", "tree"} <= used
    assert "wanted" not in used
    assert graph.nodes[names["twice"]]["kind"] == "lemma"
    assert graph.nodes[names["mirror"]]["kind"] == "definition"
    assert [node for node, data in graph.nodes(data=True) if data.get("status") == "open"] == [names["wanted"]]


def test_statements_and_proofs_come_from_the_sources(development: Path) -> None:
    graph = rocq_graph(development)
    twice = next(data for node, data in graph.nodes(data=True) if node.rpartition(".")[2] == "twice")
    assert twice["statement"] == "Lemma twice : forall t, mirror (mirror t) = t."
    assert twice["proof"].startswith("Proof. induction t")
    assert (twice["file"], twice["line"]) == ("User.v", 3)


def test_the_command_ranks_what_is_assumed_by_what_rests_on_it(
    development: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graph", f"rocq:{development}", "--out", str(tmp_path), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    ((name, users),) = printed["top_bottlenecks"]
    assert (name.rpartition(".")[2], users) == ("wanted", 1)
    assert not list(development.glob("*.vo")), "nothing is written into the development"


def test_what_no_root_rests_on_is_listed_and_the_exit_code_says_so(
    development: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    roots = tmp_path / "roots.txt"
    command = ["graph", f"rocq:{development}", "--unused", "--roots", str(roots)]
    roots.write_text("# what this is for\nUser.thr*  # and all that it needs\n")
    assert main(command) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == ["Base.v:3 Base.wanted (axiom)", "User.v:7 User.rests (lemma)", "2 unused"]
    assert main([*command, "--json"]) == 1
    assert [one["line"] for one in json.loads(capsys.readouterr().out)] == [3, 7]
    roots.write_text("User.thrice\nUser.rests\n")
    assert main(command) == 0
    assert capsys.readouterr().out == "everything is used\n"
    roots.write_text("User.trice\n")
    assert main(command) == 2
    assert f"{development} has nothing called User.trice; did you mean User.thrice?" in capsys.readouterr().err
    roots.write_text("# nothing\n")
    assert main(command) == 2
    assert main(command[:3]) == 2
    assert main(["graph", str(development), *command[2:]]) == 2


def test_a_file_that_does_not_compile_is_named(tmp_path: Path) -> None:
    (tmp_path / "Broken.v").write_text("Lemma x : True.\nProof. nonsense. Qed.\n")
    with pytest.raises(UserError, match=r"Broken\.v:2"):
        rocq_graph(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no"):
        rocq_graph(tmp_path / "empty")


def test_an_edge_has_the_weight_that_dpdgraph_gives() -> None:
    text = (
        'N: 1 "a" [body=yes, kind=cnst, prop=yes, path="M", ];\n'
        'N: 2 "t" [kind=inductive, prop=no, ];\n'
        "E: 1 2 [weight=3, ];\n"
    )
    graph = read_dpd(text)
    assert graph.edges["M.a", "t", "uses"]["count"] == 3
    assert graph.nodes["t"]["kind"] == "inductive"
