"""What a run tells on the terminal and as JSON."""

from pathlib import Path

import pytest

from library_store.library import Library
from library_store.snapshot import read
from pipeline.report.page import write_report
from pipeline.summary import result, summarise
from tests.pipeline.sample_run import build


@pytest.mark.parametrize("said", ["bubblewrap is missing", ""])
def test_a_degraded_sandbox_is_told(tmp_path: Path, said: str) -> None:
    run = build(tmp_path / "run", rounds=1, degraded=said)
    assert ("not fully sandboxed" in summarise(run).text) == bool(said)
    assert said in summarise(run).text
    assert result(read(run))["sandbox_shortfall"] == (said or None)


def test_lemmas_that_stay_audited_are_told_with_the_reason(tmp_path: Path) -> None:
    run = build(tmp_path / "run", rounds=1)
    with Library(run) as library:
        library.add_event("rechecked", detail={"failed": 0, "not_judged": 9, "why": "there is no checker"})
        library.snapshot()
    assert "0 of them rechecked (there is no checker)" in summarise(run).text
    assert "Not every lemma is rechecked: there is no checker" in write_report(run).read_text()
