"""The bundled suite says only true things, and each problem carries exactly the definitions that it needs.

Reads the files themselves and not the loader, so that these claims hold for the published text. The reference proofs
beside this module are for tests only: nothing outside `tests/` reads them.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "datasets" / "bundled"
PROOFS = Path(__file__).parent / "bundled_proofs"
STEPS = ("step1", "step2", "step3")
KEYWORDS = {"Inductive", "Fixpoint", "Definition", "Theorem", "struct", "match", "with", "end", "forall", "fun"}
GIVEN = {"Type", "bool", "true", "false", "_"}


class Line(NamedTuple):
    name: str
    split: str
    header: str
    statement: str
    informal_prefix: str
    informal_proof: str

    @property
    def sentences(self) -> list[str]:
        return [part.strip() + "." for part in self.header.split(".") if part.strip()]


def lines() -> list[Line]:
    found: list[Line] = []
    for step in STEPS:
        for text in (SUITE / f"{step}.jsonl").read_text().splitlines():
            record = json.loads(text)
            assert set(record) == {
                *("name", "prover", "split", "header", "formal_statement", "informal_prefix", "informal_proof")
            }
            assert record["prover"] == "rocq"
            assert record["split"] == step
            found.append(
                Line(
                    *(record[key] for key in ("name", "split", "header", "formal_statement")),
                    *(record[key] for key in ("informal_prefix", "informal_proof")),
                )
            )
    return found


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z_][A-Za-z0-9_']*", text)


def introduced(sentence: str) -> set[str]:
    """The global names that a definition sentence of the suite introduces."""
    names = {words(sentence)[1]}
    if sentence.startswith("Inductive"):
        names |= set(re.findall(r"[=|]\s*(\w+)\s*:", sentence))
    return names


def proofs(step: str) -> dict[str, tuple[str, str]]:
    """Statement and proof text of each theorem and lemma in the reference proofs of a step."""
    text = (PROOFS / f"{step}.v").read_text()
    blocks = re.findall(r"^(?:Theorem|Lemma) (\w+) : (.*?)\.\nProof\.\n(.*?)\nQed\.$", text, re.MULTILINE | re.DOTALL)
    return {name: (statement, proof) for name, statement, proof in blocks}


def coqc(folder: Path, text: str) -> str:
    (folder / "suite.v").write_text(text)
    done = subprocess.run(["coqc", "-q", "suite.v"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_suite_has_sixty_problems_or_more_in_three_steps() -> None:
    suite = lines()
    assert len(suite) >= 60
    assert min(Counter(line.split for line in suite).values()) >= 20
    assert len({line.name for line in suite}) == len(suite)
    assert len({line.statement.split(":", 1)[1] for line in suite}) == len(suite)


def test_each_problem_is_told_in_one_sentence_and_its_proof_in_a_few() -> None:
    for line in lines():
        assert line.informal_prefix.find(".") == len(line.informal_prefix) - 1, line.name
        assert 1 <= line.informal_proof.count(".") <= 4, line.name


def test_a_name_means_the_same_definition_throughout_the_suite() -> None:
    meaning: dict[str, str] = {}
    for line in lines():
        for sentence in line.sentences:
            for name in introduced(sentence):
                assert meaning.setdefault(name, sentence) == sentence, f"{line.name}: {name}"


def test_headers_hold_only_definitions_and_only_those_that_the_statement_reaches() -> None:
    for line in lines():
        needed = set(words(line.statement))
        for sentence in reversed(line.sentences):
            assert sentence.split()[0] in ("Inductive", "Fixpoint", "Definition"), line.name
            assert needed & introduced(sentence), f"{line.name} does not reach: {sentence}"
            needed |= set(words(sentence))


def test_nothing_comes_from_the_standard_library_but_booleans_and_equality() -> None:
    """Every word is a keyword, a boolean, a name of the header or a bound variable."""
    for line in lines():
        text = line.header + "\n" + line.statement
        names = {name for sentence in line.sentences for name in introduced(sentence)}
        bound = {name for binder in re.findall(r"[({]([\w\s]+?):", text) for name in words(binder)}
        bound |= {name for binder in re.findall(r"forall ([\w\s]+?):", text) for name in words(binder)}
        patterns = [words(left)[1:] for left in re.findall(r"(?:with|\|)\s*([\w\s]+?)\s*=>", text)]
        bound |= {name for pattern in patterns for name in pattern}
        unknown = set(words(text)) - KEYWORDS - GIVEN - names - bound - {line.name}
        assert not unknown, f"{line.name}: {unknown}"


def test_each_header_and_statement_compiles_alone(tmp_path: Path) -> None:
    parts: list[str] = []
    for number, line in enumerate(lines()):
        claim = line.statement.split(":", 1)[1]
        parts.append(f"Module m{number}.\n{line.header}\nDefinition claim : Prop := {claim}\nEnd m{number}.")
    coqc(tmp_path, "\n".join(parts))


@pytest.mark.parametrize("step", STEPS)
def test_every_statement_has_a_proof_that_coqc_accepts_without_axioms(step: str, tmp_path: Path) -> None:
    text = (PROOFS / f"{step}.v").read_text()
    suite = [line for line in lines() if line.split == step]
    for line in suite:
        assert f"{line.statement}\nProof.\n" in text, line.name
        for sentence in line.sentences:
            assert sentence in text, f"{line.name}: {sentence}"
    said = coqc(tmp_path, text + "\n".join(f"Print Assumptions {line.name}." for line in suite))
    assert said.splitlines() == ["Closed under the global context"] * len(suite)


@pytest.mark.parametrize("step", STEPS)
def test_only_the_first_step_is_proved_without_lemmas(step: str) -> None:
    known = proofs(step)
    for line in lines():
        if line.split == step:
            lemmas = (set(words(known[line.name][1])) & set(known)) - {line.name}
            assert bool(lemmas) == (step != "step1"), f"{line.name}: {lemmas}"
