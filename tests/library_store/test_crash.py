"""A process that is killed at any moment loses nothing that it acknowledged (invariant 9)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from library_store import snapshot
from library_store.library import Library

ROOT = Path(__file__).parents[2]

WRITER = """
import sys
from pathlib import Path
from library_store.library import Library
from tests.library_store.samples import AUDITED, lemma, opened
library = opened(Path(sys.argv[1]))
print("opened", flush=True)
for number in range(len(library.lemmas), 100000):
    library.insert(lemma(f"lemma {number}", origins=(f"prop_{library.round}",)), AUDITED)
    print(number, flush=True)
    if number % 7 == 6:
        library.snapshot()
"""


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.31])
def test_a_killed_writer_loses_no_acknowledged_lemma(tmp_path: Path, seconds: float) -> None:
    """Killed twice, the second time after it has resumed; rounds end every seven lemmas."""
    said: list[str] = []
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "opened\n"
        time.sleep(seconds)
        os.kill(writer.pid, signal.SIGKILL)
        said += writer.stdout.read().split()
        writer.wait()
        acknowledged = {f"lemma {number}" for number in said if number.isdigit()}
        with Library(tmp_path) as library:
            names = [lemma.name for lemma in library.lemmas.values()]
            assert acknowledged <= set(names)
            assert len(names) - len(acknowledged) <= 2, "at most one lemma per kill was written and not acknowledged"
            assert names == [f"lemma {number}" for number in range(len(names))]
            assert len(library.definitions) == 2
            finished = library.round - 1
        assert len(snapshot.manifests(tmp_path)) == finished
        assert not list((tmp_path / "rounds").glob(".tmp-*"))


BOUNDARIES = """
import os, sys
from pathlib import Path
from tests.library_store.samples import three_rounds
left = 0
def dying(real):
    def call(*arguments, **keywords):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return real(*arguments, **keywords)
    return call
os.fsync = dying(os.fsync)
Path.rename = dying(Path.rename)
Path.unlink = dying(Path.unlink)
status = 9
while status:
    left += int(sys.argv[2])
    child = os.fork()
    if not child:
        three_rounds(Path(sys.argv[1], str(left)))
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
print(left)
"""


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.acceptance)])
def test_a_process_that_dies_at_any_sync_rename_or_removal_leaves_a_library_that_opens(
    tmp_path: Path, step: int
) -> None:
    """What is found after a death at any boundary is a beginning of what the whole run of three rounds does."""
    command = [sys.executable, "-c", BOUNDARIES, str(tmp_path), str(step)]
    boundaries = int(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    assert boundaries > 50
    whole = tmp_path / str(boundaries)
    expected = {number: snapshot.read(whole, number).rows("lemmas") for number in (1, 2, 3)}
    rounds_before = lemmas_before = 0
    for boundary in range(step, boundaries + 1, step):
        folder = tmp_path / str(boundary)
        with Library(folder) as library:
            rounds = len(snapshot.manifests(folder))
            assert library.round == rounds + 1
            assert rounds >= rounds_before
            assert len(library.lemmas) >= lemmas_before
            rounds_before, lemmas_before = rounds, len(library.lemmas)
            for number in range(1, rounds + 1):
                assert snapshot.read(folder, number).rows("lemmas") == expected[number]
            library.snapshot()
        assert snapshot.read(folder).round == rounds + 1
    assert (rounds_before, lemmas_before) == (3, 3)
