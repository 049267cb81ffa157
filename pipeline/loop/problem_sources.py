"""The problems of a run: every source of a configuration, restricted to its names and limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from datasets import Dataset, load
from domain import UserError
from pipeline.config import ProblemSource


def read(sources: Sequence[ProblemSource]) -> list[Dataset]:
    """Reads the sources.

    Raises:
        UserError: there is no source, a name is not in it, or two problems have one name.
    """
    if not sources:
        raise UserError("the configuration names no problems: add `problems: [{dataset: bundled}]`, for example")
    datasets = [_prefixed(_restricted(source), source.prefix) for source in sources]
    names = Counter(problem.name for dataset in datasets for problem in dataset.problems)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise UserError(f"two problems are called {twice[0]!r}: rename one, choose with `names`, or give a `prefix`")
    return datasets


def _restricted(source: ProblemSource) -> Dataset:
    dataset = load(source.dataset, path=source.path, split=source.split)
    if not source.names and source.limit is None:
        return dataset
    problems = sorted(dataset.problems, key=lambda problem: problem.name)
    left_out = sorted(dataset.left_out, key=lambda left: left.name)
    if source.names:
        present = {item.name for item in [*problems, *left_out]}
        missing = [name for name in source.names if name not in present]
        if missing:
            raise UserError(f"{source.dataset} has no problem {missing[0]!r} (of `names`)")
        problems = [problem for problem in problems if problem.name in source.names]
        left_out = [left for left in left_out if left.name in source.names]
    if source.limit is not None:
        first = sorted(item.name for item in [*problems, *left_out])[: source.limit]
        problems = [problem for problem in problems if problem.name in first]
        left_out = [left for left in left_out if left.name in first]
    return replace(dataset, problems=problems, left_out=left_out, total=len(problems) + len(left_out))


def _prefixed(dataset: Dataset, prefix: str) -> Dataset:
    problems = [replace(problem, name=prefix + problem.name) for problem in dataset.problems]
    left_out = [left._replace(name=prefix + left.name) for left in dataset.left_out]
    return replace(dataset, problems=problems, left_out=left_out)
