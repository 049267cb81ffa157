"""What tests of every room share: where the repository is, where its test data lies, and results on record.

`--results FILE` (with `-m acceptance`, see the Makefile) keeps a JSON record of every long check. A check that has
passed at the present commit is not run again, so an interrupted `make acceptance` goes on where it stopped. A test
puts figures on record with pytest's `record_property`.
"""

import json
import os
import platform
import signal
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from datasets import Dataset, load

REPOSITORY = Path(__file__).resolve().parents[1]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts what is in its background so
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("no deadline", deadline=None)  # a crowded machine is no failure
hypothesis.settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data(repository: Path) -> Path:
    """The folder `shared/data` beside the checkout: public benchmarks and cheats that are not in the tree."""
    folder = repository.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}")
    return folder


@pytest.fixture(scope="session")
def tip(shared_data: Path) -> Callable[[str], Dataset]:
    """TIP's suites by name, each translated once."""
    return cache(lambda name: load(name, path=shared_data / "tip"))


def git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.strip()


class Record:
    """Outcomes on disk, written after every test."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.outcomes: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.is_file() else {}
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)docs/results")
        self.commit = git("rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")

    def has_passed(self, test: str) -> bool:
        """Whether the test has passed at this commit; a tree with changes is never the same as another."""
        outcome = self.outcomes.get(test)
        if outcome is None or self.commit.endswith("-dirty"):
            return False
        return outcome["commit"] == self.commit and outcome["outcome"] == "passed"

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        passed = [item for item in items if self.has_passed(item.nodeid)]
        config.hook.pytest_deselected(items=passed)
        items[:] = [item for item in items if item not in passed]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        self.outcomes[report.nodeid] = {
            "outcome": report.outcome,
            "seconds": round(report.duration, 1),
            "commit": self.commit,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "figures": dict(report.user_properties),
        }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_suffix(".tmp")
        fresh.write_text(json.dumps(self.outcomes, indent=2, sort_keys=True) + "\n")
        fresh.replace(self.file)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--results", type=Path, help="JSON file that records outcomes; what passed is not run again")


def pytest_configure(config: pytest.Config) -> None:
    file: Path | None = config.getoption("--results")
    if file is not None:
        config.pluginmanager.register(Record(file), "record")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The check of types comes first: it is one test that takes long, beside which the other process works.

    Then come the modules that have one Ray together.
    """
    with_ray = {item.path for item in items if "one_ray" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.path.name != "test_types.py", item.path not in with_ray))
