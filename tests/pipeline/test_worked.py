"""The worked decompositions: twenty for each prover, which the prover accepts as they are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from domain import Elaboration, Problem, Prover
from pipeline.proposers.language_model.worked import decompositions, draw
from verifiers.audit.isabelle.scan import refuse
from verifiers.audit.isabelle.theories import parse_header
from verifiers.audit.lean.toolchain import find
from verifiers.audit.sandbox import Limits, Sandbox
from verifiers.backend import BACKENDS, backend_of
from verifiers.lean.verifier import LeanVerifier


def sources(prover: Prover) -> dict[str, str]:
    backend = backend_of(prover)
    files = (backend.prompts.templates / "decompositions").glob(f"*{backend.syntax.suffix}")
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted(files)}


def in_rooms(texts: dict[str, str], room: str) -> str:
    """The texts in one file, each where its names are its own."""
    return "\n".join(f"{room} R{number}.\n{text}\nEnd R{number}." for number, text in enumerate(texts.values()))


@pytest.mark.parametrize("prover", BACKENDS)
def test_there_are_twenty_with_steps_and_at_most_five_lemmas(prover: Prover) -> None:
    worked = decompositions(prover)
    assert len(worked) == 20
    for one in worked:
        assert one.statement
        assert one.proof
        assert one.steps.startswith("1. ")
        assert one.name in one.theorem
        assert len(one.lemmas) <= 5
        assert all(lemma.split(":")[0].split()[1] in one.blocks for lemma in one.lemmas)
    assert sum(bool(one.lemmas) for one in worked) >= 18


def test_three_are_drawn_by_seed() -> None:
    drawn = {tuple(one.name for one in draw("rocq", 3, seed)) for seed in range(20)}
    assert all(len(set(names)) == 3 for names in drawn)
    assert len(drawn) > 10
    assert draw("rocq", 3, 7) == draw("rocq", 3, 7)


def test_rocq_accepts_them(tmp_path: Path) -> None:
    file = tmp_path / "worked.v"
    file.write_text(in_rooms(sources("rocq"), "Module"))
    done = subprocess.run(["coqc", "-q", str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_lean_accepts_them() -> None:
    toolchain, sandbox = find(), Sandbox()
    texts = [f"namespace R{n}\n{text}\nend R{n}" for n, text in enumerate(sources("lean4").values())]
    with sandbox.folder() as folder:
        (folder / "worked.lean").write_text(toolchain.header("\n\n".join(texts)))
        limits = toolchain.limits(60.0, Limits().memory_bytes)
        done = sandbox.run(toolchain.argv("-j1", "worked.lean"), folder, limits, toolchain.readable)
    assert done.ok, done.output
    assert "sorry" not in done.output


def test_isabelle_ones_pass_the_scan() -> None:
    for name, text in sources("isabelle").items():
        begin = text.index("begin\n") + len("begin\n")
        body = text[begin : text.rindex("\nend")]
        assert refuse(body) is None, name
        assert parse_header(text[text.index("theory") : begin]).imports


@pytest.mark.acceptance
def test_none_is_a_statement_of_the_bundled_suite_for_lean(repository: Path) -> None:
    from datasets import load

    verifier = LeanVerifier()
    try:
        bundled = load(str(repository / "datasets" / "bundled" / "lean4" / "small.jsonl")).problems
        examples = [
            Problem("example", "lean4", one.definitions, text)
            for one in decompositions("lean4")
            for text in (*one.lemmas, one.theorem)
        ]
        known, ours = (
            {(e.reached, e.statement_exact) for e in verifier.elaborate(list(some)) if isinstance(e, Elaboration)}
            for some in (bundled, examples)
        )
    finally:
        verifier.close()
    assert len(known) > 10
    assert len(ours) > 40
    assert not known & ours
