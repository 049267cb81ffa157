"""Several sources of problems in one run."""

from __future__ import annotations

import pytest

from domain import UserError
from pipeline.config import ProblemSource
from pipeline.loop import problem_sources


def test_sources_with_names_in_common_need_a_prefix() -> None:
    twice = [ProblemSource(dataset="bundled", limit=2)] * 2
    with pytest.raises(UserError, match="give a `prefix`"):
        problem_sources.read(twice)
    plain, prefixed = problem_sources.read([twice[0], twice[1].model_copy(update={"prefix": "again_"})])
    assert [one.name for one in prefixed.problems] == [f"again_{one.name}" for one in plain.problems]
    assert [one.formal_statement for one in prefixed.problems] == [one.formal_statement for one in plain.problems]
