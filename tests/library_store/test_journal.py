"""What was acknowledged survives every cut; damage is reported, never passed over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import OutsideError, UserError
from library_store import journal
from library_store.journal import HEADER, Journal, frame, read

RECORDS = st.lists(
    st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=8), max_size=2), min_size=1, max_size=3), max_size=4
)


def written(path: Path, groups: list[list[Any]]) -> list[int]:
    """A journal with one frame per group; the end of each frame, the header's first."""
    path.unlink(missing_ok=True)
    opened = Journal(path)
    ends = [opened.size]
    for group in groups:
        opened.append(group)
        ends.append(opened.size)
    opened.close()
    return ends


@given(RECORDS)
@settings(max_examples=20, deadline=None)
def test_records_come_back_in_order(tmp_path_factory: pytest.TempPathFactory, groups: list[list[Any]]) -> None:
    path = tmp_path_factory.mktemp("journal") / "round-0001.log"
    written(path, groups)
    assert read(path) == journal.Replayed([record for group in groups for record in group], None)


@given(RECORDS.filter(bool))
@settings(max_examples=5, deadline=None)
def test_a_cut_at_any_byte_keeps_every_record_acknowledged_before_it(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[Any]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "round-0001.log"
    ends = written(path, groups)
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        replayed = read(path)
        complete = [group for group, end in zip(groups, ends[1:], strict=True) if end <= cut]
        assert replayed.records == [record for group in complete for record in group]
        last = max((end for end in ends if end <= cut), default=0)
        assert (replayed.torn is None) == (cut in (0, last))
        if replayed.torn is not None:
            assert (replayed.torn.offset, replayed.torn.bytes) == (last, cut - last)


def test_repair_cuts_the_tail_keeps_it_aside_and_lets_appending_go_on(tmp_path: Path) -> None:
    path = tmp_path / "round-0001.log"
    ends = written(path, [["one"], ["two"]])
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    torn = read(path, repair=True).torn
    assert torn is not None
    assert torn.kept.read_bytes() == whole[ends[1] : -3]
    opened = Journal(path)
    opened.append(["three"])
    opened.close()
    assert read(path) == journal.Replayed(["one", "three"], None)


def test_a_tail_that_cannot_be_kept_aside_is_an_outside_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "round-0001.log"
    ends = written(path, [["one"], ["two"]])
    torn = path.read_bytes()[:-3]
    path.write_bytes(torn)
    path.with_name(f"{path.name}.torn-{ends[1]}").mkdir()
    with pytest.raises(OutsideError, match=r"cannot cut a torn write off the journal .*: make room"):
        read(path, repair=True)
    assert path.read_bytes() == torn


def test_a_torn_header_is_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "round-0001.log"
    path.write_bytes(HEADER[:5])
    assert read(path, repair=True).torn is not None
    opened = Journal(path)
    opened.append(["one"])
    opened.close()
    assert read(path).records == ["one"]


def test_a_flipped_bit_before_whole_frames_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "round-0001.log"
    ends = written(path, [["one"], ["two"], ["three"]])
    whole = path.read_bytes()
    for position in range(ends[1], ends[2]):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=f"{path} is damaged at byte {ends[1]} and whole again at byte {ends[2]}"):
            read(path, repair=True)
        assert path.read_bytes() == damaged, "a refused file is left as it is"


def test_a_flipped_bit_in_the_last_frame_is_reported_as_a_tail(tmp_path: Path) -> None:
    path = tmp_path / "round-0001.log"
    ends = written(path, [["one"], ["two"]])
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    replayed = read(path)
    assert replayed.records == ["one"]
    assert replayed.torn is not None
    assert replayed.torn.offset == ends[1]


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "round-0001.log"
    path.write_bytes(b"PAR1" + frame(["one"]))
    with pytest.raises(UserError, match="is not a journal"):
        read(path)


def test_a_full_disk_is_an_outside_error_and_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the system refuses the write in its middle."""
    path = tmp_path / "round-0001.log"
    program = f"""
import resource, signal, sys
from pathlib import Path
from domain import OutsideError
from library_store.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path({str(path)!r}))
journal.append(["kept"])
resource.setrlimit(resource.RLIMIT_FSIZE, (journal.size + 1000, resource.RLIM_INFINITY))
try:
    journal.append(["x" * 5000])
except OutsideError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append(["after"])
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert "cannot write the journal" in done.stdout
    assert "\n" not in done.stdout.strip()
    assert read(path) == journal.Replayed(["kept", "after"], None)


def test_a_folder_that_cannot_be_made_is_an_outside_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="cannot open the journal"):
        Journal(tmp_path / "file" / "round-0001.log")
