"""The append-only journal: a record is on the disk before anyone is told that it exists (design, invariant 3).

A segment `journal/round-0007.log` holds what happened in round 7, as frames behind a header line. One call of
`append` writes one frame with all of its records and returns after fsync, so callers that have several records share
one fsync, and a frame is either whole or was never acknowledged:

    marker 4 bytes | length of payload u32 | CRC-32 of length and payload u32 | payload, a JSON array in UTF-8

The marker holds a byte that UTF-8 never contains, hence a frame can be found again behind damage. On replay, a tail
without any whole frame in it is a torn write: it is cut off, kept beside the segment and reported. Damage that whole
frames follow is not a torn write: nothing is cut and the file and offset are named.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from domain import OutsideError, UserError
from library_store.files import sync_folder

HEADER = b"lemmary journal 1\n"
_MARKER = b"\xfaLMJ"
_PREFIX = struct.Struct("<4sII")


class TornTail(NamedTuple):
    """What replay cut off a segment: a write that was never acknowledged."""

    path: Path
    offset: int
    """Where the last whole frame ends, in bytes."""
    bytes: int
    kept: Path
    """The file that holds the bytes which were cut."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The records of a segment in the order of writing, and what was cut off its end, if anything."""

    records: list[Any]
    torn: TornTail | None


def segment_path(folder: Path, number: int) -> Path:
    """The journal segment of round `number`."""
    return folder / f"round-{number:04d}.log"


def segments(folder: Path) -> dict[int, Path]:
    """The segments that exist, by round."""
    found = {int(path.stem.removeprefix("round-")): path for path in folder.glob("round-*.log")}
    return dict(sorted(found.items()))


def frame(records: Sequence[Any]) -> bytes:
    payload = json.dumps(records, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return _PREFIX.pack(_MARKER, len(payload), _checksum(payload)) + payload


def read(path: Path, *, repair: bool = False) -> Replayed:
    """All records of a segment; see `replay`."""
    records: list[Any] = []
    torn = replay(path, records.append, repair=repair)
    return Replayed(records, torn)


def replay(path: Path, take: Callable[[Any], object], *, repair: bool = False) -> TornTail | None:
    """Gives the records of a segment to `take`, one after another, a frame in memory at a time.

    A torn tail is returned; with `repair` it is also cut off the file and kept as `*.torn-OFFSET`.

    Raises:
        UserError: the file is no journal, or is damaged before whole frames.
        OutsideError: a torn tail cannot be cut off, because the disk is full, say.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _replay(path, data, take, repair)


def _replay(path: Path, data: mmap.mmap, take: Callable[[Any], object], repair: bool) -> TornTail | None:
    if data[: len(HEADER)] != HEADER:
        if HEADER.startswith(data[: len(HEADER)]):
            return _cut(path, data, 0, repair)
        raise UserError(
            f"{path} is not a journal that this version reads (it should begin with {HEADER!r}): restore it"
        )
    offset = len(HEADER)
    while offset < len(data):
        payload = _payload(data, offset)
        if payload is None:
            _refuse_damage(path, data, offset)
            return _cut(path, data, offset, repair)
        for record in json.loads(payload.decode("utf-8", "surrogatepass")):
            take(record)
        offset += _PREFIX.size + len(payload)
    return None


def _checksum(payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(struct.pack("<I", len(payload))))


def _payload(data: mmap.mmap, offset: int) -> bytes | None:
    """The payload of the whole frame at `offset`, or None where there is none."""
    if offset + _PREFIX.size > len(data):
        return None
    marker, length, checksum = _PREFIX.unpack_from(data, offset)
    payload = data[offset + _PREFIX.size : offset + _PREFIX.size + length]
    if marker != _MARKER or len(payload) != length or _checksum(payload) != checksum:
        return None
    return payload


def _refuse_damage(path: Path, data: mmap.mmap, offset: int) -> None:
    later = data.find(_MARKER, offset + 1)
    while later >= 0:
        if _payload(data, later) is not None:
            raise UserError(
                f"{path} is damaged at byte {offset} and whole again at byte {later}: restore the file from a copy, "
                f"or give up what lies between by removing those {later - offset} bytes"
            )
        later = data.find(_MARKER, later + 1)


def _cut(path: Path, data: mmap.mmap, offset: int, repair: bool) -> TornTail:
    kept = path.with_name(f"{path.name}.torn-{offset}")
    if repair:
        try:
            kept.write_bytes(data[offset:])
            with path.open("r+b") as file:
                file.truncate(offset)
                os.fsync(file.fileno())
            sync_folder(path.parent)
        except OSError as error:
            raise OutsideError(
                f"cannot cut a torn write off the journal {path}: {error.strerror}; all that was acknowledged is kept: "
                "make room and run the same command again to resume"
            ) from error
    return TornTail(path, offset, len(data) - offset, kept)


class Journal:
    """An open segment, writable by one process. Read it with `read` first: a torn tail must be cut before appending."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._broken: str | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            self._end = os.fstat(self._file).st_size
            if self._end == 0:
                self._write(HEADER)
                sync_folder(path.parent)
        except OSError as error:
            raise OutsideError(f"cannot open the journal {path}: {error.strerror}; nothing was changed") from error

    @property
    def size(self) -> int:
        """Bytes that are surely on the disk."""
        return self._end

    def append(self, records: Iterable[Any]) -> None:
        """Write the records as one frame and return when they are on the disk.

        Raises:
            OutsideError: they are not (disk full, say); the file ends where it ended before.
        """
        if self._broken is not None:
            raise OutsideError(self._broken)
        data = frame(list(records))
        try:
            self._write(data)
        except OSError as error:
            self._take_back(error)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        os.fsync(self._file)
        self._end += len(data)

    def _take_back(self, error: OSError) -> None:
        message = f"cannot write the journal {self.path}: {error.strerror}; all that was acknowledged is kept"
        try:
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)
        except OSError:
            self._broken = f"{message}; its end could not be cut either, run again to mend it"
            raise OutsideError(self._broken) from error
        raise OutsideError(f"{message}; make room and run the same command again to resume") from error

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
