"""What the tests of exported libraries do alike for each prover."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from domain import Lemma
from library_store.snapshot import read
from pipeline.__main__ import main


def check_every_line(run: Path, folder: Path) -> int:
    """Exports a run as JSON lines and checks them as a batch of problems with proofs; the exit code of `check`."""
    assert main(["export", str(run), "--as", "jsonl", "--out", str(folder / "lemmas.jsonl")]) == 0
    records = [json.loads(line) for line in (folder / "lemmas.jsonl").read_text(encoding="utf-8").splitlines()]
    batch = [{"problem": record, "proof": record["proof"]} for record in records]
    (folder / "batch.jsonl").write_text("".join(json.dumps(one) + "\n" for one in batch))
    return main(["check", "--batch", str(folder / "batch.jsonl")])


def taken_back(run: Path, folder: Path, problems: Sequence[Mapping[str, Any]]) -> Mapping[str, Lemma]:
    """The library of a run of `prove` on problems that begins with another run's lemmas, exported as JSON lines."""
    assert main(["export", str(run), "--as", "jsonl", "--out", str(folder / "lemmas.jsonl")]) == 0
    (folder / "problems.jsonl").write_text("".join(json.dumps(one) + "\n" for one in problems))
    command = ["prove", str(folder / "problems.jsonl"), "--library", str(folder / "lemmas.jsonl")]
    for setting in ("prove.scripts=1", "prove.workers=1", "verifiers.processes=1", "evolve.enabled=false"):
        command += ["--set", setting]
    assert main([*command, "--out", str(folder / "out")]) == 0
    return read(folder / "out").lemmas
