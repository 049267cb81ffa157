"""`prove --library RUN --at-round N`: a round that the run does not have is refused before anything starts."""

from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.pipeline.sample_run import build


@pytest.mark.parametrize(("given", "said"), [("9", "has rounds 1 to 3"), ("0", "with N at least 1")])
def test_a_round_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, said: str
) -> None:
    run = build(tmp_path / "run")
    out = tmp_path / "out"
    assert main(["prove", "bundled", "--library", str(run), "--at-round", given, "--out", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()
