"""Texts for an author's own file hold what they need of a preamble, and nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from verifiers.rocq.own_names import needed_tactics
from verifiers.rocq.tactics import ARITHMETIC, TACTICS


def introduced(text: str) -> list[str]:
    return re.findall(r"^(?:Ltac|with) (lm_\w+)", text, re.MULTILINE)


def test_a_proof_that_calls_no_tactic_of_the_preamble_gets_none() -> None:
    assert needed_tactics(TACTICS, ["intros x. induction x; simpl; congruence."]) == ""


def test_tactics_come_with_those_that_they_call() -> None:
    assert introduced(needed_tactics(TACTICS, ["lm_stuck."])) == [
        "lm_clean",
        "lm_open",
        "lm_norm",
        "lm_absurd",
        "lm_close",
        "lm_stuck",
    ]
    assert introduced(needed_tactics(TACTICS, ["auto.", "lm_rewrite_simplified h."])) == ["lm_rewrite_simplified"]


def test_a_name_in_a_comment_or_inside_another_name_is_no_call() -> None:
    assert needed_tactics(TACTICS, ["(* lm_stuck *) lm_stuck2 . lm_stucks."]) == ""


def test_imports_are_kept_before_the_tactics() -> None:
    lines = needed_tactics(ARITHMETIC, ["lm_parts; lra."]).splitlines()
    assert lines[0] == "Require Import Lia Lra Psatz."
    assert introduced("\n".join(lines)) == ["lm_intro", "lm_parts"]


@pytest.mark.parametrize("preamble", [TACTICS, f"{ARITHMETIC}\n{TACTICS}"])
def test_every_tactic_stands_alone_with_what_it_calls(preamble: str, tmp_path: Path) -> None:
    names = introduced(needed_tactics(preamble, [preamble]))
    assert len(names) > 15
    imports = "Require Import Lia Lra Psatz.\n"
    texts = [needed_tactics(preamble, [name]).removeprefix(imports) for name in names]
    modules = [f"Module M{number}.\n{text}\nEnd M{number}." for number, text in enumerate(texts)]
    (tmp_path / "Alone.v").write_text((imports if imports in preamble else "") + "\n".join(modules))
    done = subprocess.run(["coqc", "-q", "Alone.v"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
