"""Skills of LEGO-Prover become two graphs that are never mixed: what mentions what, and what was evolved from what."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from datasets.lego import lego_graph, read_skills
from domain import UserError
from pipeline.__main__ import main


def skill(name: str, code: str, origin: str = "", checkpoint: str = "run") -> dict[str, Any]:
    return {"checkpoint": checkpoint, "skill_name": name, "full_code": code, "origin": origin}


SKILLS = [
    skill("power_mod", 'lemma power_mod:\n  shows "a"\nby auto'),
    skill(
        "user",
        'lemma user:\n  shows "b"\nproof - (* prime *)\n  show ?thesis using power_mod by simp\nqed',
        "do_request",
    ),
    skill("powerV2", 'lemma wide:\n  shows "c"\nby auto', "power_mod"),
    skill("reader", 'lemma reader:\n  shows "d"\nusing wide by auto', "power_mod"),
    skill("prime", 'lemma prime:\n  shows "e"\nby auto'),
    skill("elsewhere", 'lemma x:\n  shows "f"\nusing power_mod by auto', "power_mod", checkpoint="other"),
    skill("power_mod", 'lemma power_mod:\n  shows "g"\nby simp'),
]


def test_a_mention_is_a_word_of_the_text_and_of_the_same_library() -> None:
    graph = lego_graph(SKILLS, "mentioned")
    assert set(graph.edges()) == {("run:user", "run:power_mod"), ("run:reader", "run:powerV2")}
    assert len(graph) == len(SKILLS), "every skill is a node, used or not"


def test_an_origin_is_a_parent_only_if_it_is_a_skill_of_the_same_library() -> None:
    graph = lego_graph(SKILLS, "evolved_from")
    assert set(graph.edges()) == {("run:powerV2", "run:power_mod"), ("run:reader", "run:power_mod")}
    assert graph.nodes["run:user"]["origins"] == "do_request"
    assert graph.nodes["run:power_mod#2"]["statement"] == 'lemma power_mod:\n  shows "g"'


def test_the_command_reads_packed_skills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "skills.jsonl.gz"
    file.write_bytes(gzip.compress("".join(json.dumps(one) + "\n" for one in SKILLS).encode()))
    assert main(["graph", f"lego:{file}", "--out", str(tmp_path / "out"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["skills"], printed["checkpoints"], printed["edges"]) == (7, 2, 2)
    assert printed["evolved_from"]["edges"] == 2


@pytest.mark.parametrize(
    ("text", "says"), [("{", "skills.jsonl:1: not JSON"), ('{"checkpoint": "c"}', "skills.jsonl:1: field `skill_name`")]
)
def test_a_line_that_is_no_skill_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "skills.jsonl"
    file.write_text(text)
    with pytest.raises(UserError, match=says):
        read_skills(file)
    with pytest.raises(UserError, match="there is no file"):
        read_skills(tmp_path / "nothing.jsonl")
