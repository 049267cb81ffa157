"""A process that is killed at any moment loses nothing that it acknowledged (design, invariant 9)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from library_store import snapshot
from library_store.library import Library
from library_store.tables import manifests

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


@pytest.mark.parametrize(
    "seed", [0, 1, 2, *(pytest.param(seed, marks=pytest.mark.acceptance) for seed in range(3, 100))]
)
def test_a_killed_writer_loses_no_acknowledged_lemma(tmp_path: Path, seed: int) -> None:
    """Killed twice at a random moment, the second time after it has resumed; rounds end every seven lemmas."""
    draw = random.Random(seed)
    said: list[str] = []
    for _ in range(2):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "opened\n"
        time.sleep(draw.uniform(0, 0.6))
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
        assert len(manifests(tmp_path)) == finished
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
def half(real):
    def call(handle, data):
        global left
        left -= 1
        if left < 0:
            real(handle, data[: len(data) // 2])
            os._exit(9)
        return real(handle, data)
    return call
os.write = half(os.write)
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


@pytest.mark.parametrize("step", [31, pytest.param(1, marks=pytest.mark.acceptance)])
def test_a_process_that_dies_at_any_sync_rename_or_removal_or_within_a_write_leaves_a_library_that_opens(
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
            rounds = len(manifests(folder))
            assert library.round == rounds + 1
            assert rounds >= rounds_before
            assert len(library.lemmas) >= lemmas_before
            rounds_before, lemmas_before = rounds, len(library.lemmas)
            for number in range(1, rounds + 1):
                assert snapshot.read(folder, number).rows("lemmas") == expected[number]
            library.snapshot()
        assert snapshot.read(folder).round == rounds + 1
    assert (rounds_before, lemmas_before) == (3, 3)


FULL = """
import sys
from pathlib import Path
from domain import OutsideError
from library_store import snapshot
from library_store.library import Library
from tests.library_store.samples import AUDITED, lemma, opened
run, ballast = Path(sys.argv[1], "run"), Path(sys.argv[1], "ballast")
ballast.write_bytes(bytes(400_000))
acknowledged = []
def grow(library, most=100000):
    for number in range(len(library.lemmas), most):
        library.insert(lemma(f"lemma {number}", proof="x" * 2000), AUDITED)
        acknowledged.append(number)
def expect_full(work):
    try:
        work()
    except OutsideError as error:
        print(error)
        return
    raise SystemExit("nothing was refused")
with opened(run) as library:
    expect_full(lambda: grow(library))
    expect_full(library.snapshot)
    assert [one.name for one in library.lemmas.values()] == [f"lemma {n}" for n in acknowledged]
ballast.unlink()
with Library(run) as library:
    assert library.notices == [], library.notices
    assert [one.name for one in library.lemmas.values()] == [f"lemma {n}" for n in acknowledged]
    grow(library, len(acknowledged) + 5)
    library.snapshot()
assert len(snapshot.read(run).lemmas) == len(acknowledged) > 50
"""


def test_a_full_disk_is_told_and_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    """A file system of one megabyte; when there is room again, the same library goes on."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["bwrap", "--dev-bind", "/", "/", "--size", "1000000", "--tmpfs", str(disk), "--chdir", str(ROOT)]
    done = subprocess.run(
        [*command, sys.executable, "-c", FULL, str(disk)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    journal, snapshot_ = done.stdout.splitlines()
    assert journal.startswith(f"cannot write the journal {disk}")
    assert journal.endswith("make room and run the same command again to resume")
    assert snapshot_.startswith(f"cannot write the snapshot {disk}")
    assert "the journal keeps the round: make room and run the same command again" in snapshot_
