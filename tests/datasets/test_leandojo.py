"""LeanDojo Benchmark 4 is read whole and in little memory, and its two graphs count what they say they count."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from datasets import leandojo
from datasets.leandojo import read_leandojo, read_steps
from datasets.leandojo_graphs import by_location, by_name
from domain import UserError
from pipeline.__main__ import main

MUL, ADD = "Mathlib/Mul.lean", "Mathlib/Add.lean"


def declared(name: str, start: int, end: int) -> dict[str, Any]:
    return {
        "full_name": name,
        "code": f"theorem {name} : True",
        "start": [start, 1],
        "end": [end, 9],
        "kind": "commanddeclaration",
    }


def named(name: str, path: str, line: int, column: int = 9) -> dict[str, Any]:
    return {"full_name": name, "def_path": path, "def_pos": [line, column], "def_end_pos": [line, column + 2]}


def theorem(name: str | None, path: str, line: int, *tactics: list[dict[str, Any]]) -> dict[str, Any]:
    traced = [
        {"tactic": f"step{n}", "annotated_tactic": [f'step{n} {{"url" [', premises], "state_before": ', {"url": '}
        for n, premises in enumerate(tactics)
    ]
    return {
        "url": "u",
        "commit": "c",
        "file_path": path,
        "full_name": name,
        "start": [line, 1],
        "end": [line + 1, 1],
        "traced_tactics": traced,
    }


FILES = [
    {"path": MUL, "imports": [], "premises": [declared("mul_one", 1, 3), declared("mul_comm", 5, 8)]},
    {"path": ADD, "imports": [MUL], "premises": [declared("twice", 1, 2), declared("thrice", 4, 6)]},
]

THEOREMS = {
    "train": [
        theorem("mul_comm", MUL, 5, [named("mul_one", MUL, 2)]),
        theorem("twice", ADD, 1, [named("mul_comm", MUL, 6), named("mul_one", MUL, 2)], [named("mul_comm", MUL, 6)]),
        theorem("thrice", ADD, 4, [named("add_comm", MUL, 6), named("twice", ADD, 1), named("gone", MUL, 9)]),
    ],
    "val": [theorem(None, ADD, 9)],
    "test": [theorem("by_term", ADD, 12)],
}
"""`add_comm` is the twin of `mul_comm`, in whose text it lies; `gone` lies in no declaration."""


def texts() -> dict[str, str]:
    """The files of the benchmark; those of `novel_premises` are never read."""
    found = {f"{leandojo.FOLDER}/corpus.jsonl": "".join(json.dumps(file) + "\n" for file in FILES)}
    for split, records in THEOREMS.items():
        found[f"{leandojo.FOLDER}/novel_premises/{split}.json"] = "not read"
        found[f"{leandojo.FOLDER}/random/{split}.json"] = json.dumps(records)
    return found


def unpacked(folder: Path) -> Path:
    for name, text in texts().items():
        file = folder / "lean_dojo-4.20.0" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder / "lean_dojo-4.20.0"


def packed(folder: Path) -> Path:
    file = folder / "lean_dojo-4.20.0.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name, text in texts().items():
            member = tarfile.TarInfo(f"lean_dojo-4.20.0/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return file


def test_an_archive_and_any_of_its_folders_are_the_same_benchmark(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    whole = read_leandojo(packed(tmp_path))
    for path in (folder, folder.parent, folder / leandojo.FOLDER):
        assert read_leandojo(path) == whole
    assert [one.name for one in whole.theorems] == ["mul_comm", "twice", "thrice", None, "by_term"]
    assert whole.theorems[1].proof == "step0\nstep1"
    assert whole.annotations == 7


def test_where_the_blocks_of_a_stream_end_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = packed(tmp_path)
    whole = read_leandojo(file)
    for size in (1, 7, 100, 501):
        monkeypatch.setattr(leandojo, "_BLOCK", size)
        assert read_leandojo(file) == whole


def test_the_graph_by_name_has_the_distinct_pairs_of_names(tmp_path: Path) -> None:
    graph = by_name(read_leandojo(unpacked(tmp_path)))
    assert set(graph.edges()) == {
        ("mul_comm", "mul_one"),
        ("twice", "mul_comm"),
        ("twice", "mul_one"),
        ("thrice", "add_comm"),
        ("thrice", "twice"),
        ("thrice", "gone"),
    }
    assert graph.edges["twice", "mul_comm", "mentioned"]["count"] == 2
    assert "by_term" not in graph, "nothing touches it"
    assert graph.nodes["twice"] == {
        "kind": "lemma",
        "name": "twice",
        "statement": "theorem twice : True",
        "proof": "step0\nstep1",
        "file": ADD,
        "line": 1,
    }


def test_the_graph_by_location_joins_twins_and_leaves_out_what_lies_nowhere(tmp_path: Path) -> None:
    graph = by_location(read_leandojo(unpacked(tmp_path)))
    pairs = {(graph.nodes[a]["name"], graph.nodes[b]["name"]) for a, b in graph.edges()}
    assert pairs == {
        ("mul_comm", "mul_one"),
        ("twice", "mul_comm"),
        ("twice", "mul_one"),
        ("thrice", "mul_comm"),
        ("thrice", "twice"),
    }
    assert f"{MUL}:5:1" in graph


def test_the_command_prints_both_graphs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["graph", f"leandojo:{packed(tmp_path)}", "--out", str(out), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((out / "summary.json").read_text())
    assert (printed["nodes"], printed["edges"], printed["sources"], printed["targets"]) == (6, 6, 3, 5)
    assert printed["top_in_degree"][0] == ["mul_one", 2]
    assert printed["longest_path"] == 3
    assert printed["critical_path"] == ["thrice", "twice", "mul_comm", "mul_one"]
    assert printed["by_name"]["edges"] == 6
    assert printed["by_location"]["edges"] == 5
    assert printed["by_location"]["top_in_degree"][0] == ["mul_comm", 2]
    assert (printed["theorems"], printed["declarations"], printed["annotations"]) == (5, 4, 7)
    assert (out / "by_location" / "nodes.parquet").exists()


def test_the_command_says_where_one_lemma_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = f"leandojo:{packed(tmp_path)}"
    assert main(["graph", source, "--lemma", "mul_comm", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["uses"], found["used_by"], found["breaks"]) == (["mul_one"], ["twice"], ["twice", "thrice"])
    assert found["needs_files"] == [[MUL, 1]]
    assert main(["graph", source, "--lemma", "twice"]) == 0
    assert "breaks without it (1): thrice" in capsys.readouterr().out
    assert main(["graph", source, "--lemma", "twise"]) == 2
    assert "did you mean twice?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda data: data[: len(data) // 2], "not all of it"),
        (lambda data: b"nothing packed", "not a whole archive"),
    ],
)
def test_a_broken_archive_is_one_line(tmp_path: Path, spoil: Any, says: str) -> None:
    file = packed(tmp_path)
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(UserError, match=says):
        read_leandojo(file)


def test_another_format_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    folder = unpacked(tmp_path)
    file = folder / leandojo.FOLDER / "random" / "val.json"
    file.write_text('[{"url": "u", "theorem": "x"}]')
    with pytest.raises(UserError, match=r"random/val\.json: not as LeanDojo Benchmark 4 writes it.*file_path"):
        read_leandojo(folder)
    file.unlink()
    with pytest.raises(UserError, match=r"has no leandojo_benchmark_4/random/val\.json"):
        read_leandojo(folder)


def test_steps_have_what_was_to_be_shown_and_only_those_that_name_premises(tmp_path: Path) -> None:
    read = read_steps(unpacked(tmp_path), ["random/train", "random/test"])
    assert [file.path for file in read.files] == [MUL, ADD]
    steps = read.parts["random/train"]
    assert [(step.theorem, len(step.premises)) for step in steps] == [
        *(("mul_comm", 1), ("twice", 2), ("twice", 1), ("thrice", 3)),
    ]
    assert {step.state for step in steps} == {', {"url": '}
    assert read.parts["random/test"] == []
    with pytest.raises(UserError, match=r"novel_premises/other\.json"):
        read_steps(tmp_path, ["novel_premises/other"])
