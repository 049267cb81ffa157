"""The page of `prove`: what is solved with its proof, what is not with why; everything is text, whatever it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.report.results import write_page

COMMON: dict[str, Any] = {"uses": [], "axioms": [], "tokens": 0, "cpu_seconds": 1.25, "proof": None}
OF_A_LIST = [
    {
        "name": "sum_zero",
        "prover": "rocq",
        "header": "",
        "formal_statement": "Theorem sum_zero : forall n, n + 0 = n.",
        "status": "proved",
        "proof": "Ltac mine := auto.\nTheorem sum_zero : forall n, n + 0 = n.\nProof. induction n; mine. Qed.",
        "uses": ["plus_zero"],
    },
    {
        "name": "wrong",
        "prover": "rocq",
        "header": "",
        "formal_statement": "Theorem wrong : forall n, n = 1.",
        "status": "refuted",
        "proof": "Theorem wrong_refuted : ~ (forall n, n = 1).",
        "counterexample": "n := 0",
    },
    {
        "name": "stuck",
        "prover": "rocq",
        "header": "",
        "formal_statement": "Theorem stuck : forall n, n < 2 <-> <script>.",
        "status": "open",
        "goals": [f"goal number {number}" for number in range(8)],
    },
]
OF_A_DEVELOPMENT = [
    {
        "name": "M.walks",
        "status": "conditional",
        "file": "Walk.v",
        "line": 7,
        "statement": "Lemma walks : walk 0.",
        "proof": "exact always.",
        "lemmas": ["Lemma always_helper : True. Proof. exact I. Qed."],
        "rests_on": ["M.always"],
    },
    {"name": "lost", "status": "error", "file": "Walk.v", "line": 9, "statement": "", "reason": "line 3: no such name"},
]


def page(folder: Path, *records: dict[str, Any]) -> str:
    (folder / "proofs").mkdir()
    (folder / "proofs" / "sum_zero.v").touch()
    (folder / "results.jsonl").write_text("".join(json.dumps(COMMON | one) + "\n" for one in records))
    return write_page(folder).read_text()


def test_every_statement_is_shown_with_what_became_of_it(tmp_path: Path) -> None:
    text = page(tmp_path, *OF_A_LIST, *OF_A_DEVELOPMENT)
    for shown in (
        *("1 of 5", 'href="proofs/sum_zero.v"', "induction n; mine. Qed.", "plus_zero"),
        *("false for n := 0", "proof of the negation"),
        *("got stuck (8)", "goal number 5", "and 2 more"),
        *("Walk.v:7", "rests on M.always", "always_helper", "line 3: no such name"),
    ):
        assert shown in text
    assert "goal number 6" not in text
    assert "Ltac mine" not in text, "tactics that a proof calls are in its file"


def test_a_statement_is_text_and_the_page_needs_nothing_from_outside(tmp_path: Path) -> None:
    text = page(tmp_path, *OF_A_LIST)
    assert "&lt;-&gt; &lt;script&gt;." in text
    assert "http" not in text
