"""LeanDojo Benchmark 4 (Yang et al. 2023): the declarations of Mathlib and what the tactics of its proofs name.

It is read as a stream, from the source distribution of `lean-dojo` 4.20.0 or from its unpacked folder, and never held
as a whole: of 450 MB of JSON what stays is the declarations, and for each theorem its tactics and the distinct premises
that they name. The splits `train`, `val` and `test` of `random` are united; those of `novel_premises` hold the same
theorems. `read_steps` reads what both splits are for: single steps with what was to be shown before them.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, TypeAlias, TypeVar

import msgspec

from domain import UserError

FOLDER = "leandojo_benchmark_4"
CORPUS = f"{FOLDER}/corpus.jsonl"
SPLITS = tuple(f"{FOLDER}/random/{split}.json" for split in ("train", "val", "test"))

_BLOCK = 4 << 20
"""Bytes read at a time."""

Record = TypeVar("Record")

Position: TypeAlias = tuple[int, int]
"""Line and column, from 1."""


class Declaration(msgspec.Struct, frozen=True, gc=False):
    """A definition or theorem of a file; `code` has no proof."""

    full_name: str
    code: str
    start: Position
    end: Position


class SourceFile(msgspec.Struct, frozen=True, gc=False):
    path: str
    imports: list[str]
    premises: list[Declaration]


class Premise(msgspec.Struct, frozen=True, gc=False):
    """What a tactic names, and where that is declared."""

    full_name: str
    def_path: str
    def_pos: Position


class _Tactic(msgspec.Struct, frozen=True, gc=False):
    tactic: str
    annotated_tactic: tuple[str, list[Premise]]


class _Traced(msgspec.Struct, frozen=True, gc=False):
    file_path: str
    full_name: str | None
    start: Position
    traced_tactics: list[_Tactic]


class _StatedTactic(msgspec.Struct, frozen=True, gc=False):
    annotated_tactic: tuple[str, list[Premise]]
    state_before: str


class _Stated(msgspec.Struct, frozen=True, gc=False):
    file_path: str
    full_name: str | None
    start: Position
    traced_tactics: list[_StatedTactic]


class Step(NamedTuple):
    """A tactic that names premises: of which theorem ("": without a name), where that stands, what was to be shown."""

    theorem: str
    path: str
    start: Position
    state: str
    premises: list[Premise]


class Steps(NamedTuple):
    files: list[SourceFile]
    parts: dict[str, list[Step]]


class Theorem(NamedTuple):
    """A theorem, the tactics of its proof (none for a proof term), and how often they name each premise."""

    name: str | None
    path: str
    start: Position
    proof: str
    premises: dict[Premise, int]


class Benchmark(NamedTuple):
    files: list[SourceFile]
    theorems: list[Theorem]
    annotations: int
    """How often a tactic names a premise."""


def read_leandojo(path: Path) -> Benchmark:
    """Read the benchmark from the `.tar.gz` or its unpacked folder. Raises `UserError`."""
    files: list[SourceFile] = []
    theorems: list[Theorem] = []
    seen: set[str] = set()
    for name, stream in _streams(path, (CORPUS, *SPLITS)):
        seen.add(name)
        with _readable(f"{path}: {name}"):
            if name == CORPUS:
                files += _source_files(stream)
            else:
                theorems += map(_theorem, _records(stream, list[_Traced]))
    _refuse_missing(path, (CORPUS, *SPLITS), seen)
    return Benchmark(files, theorems, sum(sum(theorem.premises.values()) for theorem in theorems))


def read_steps(path: Path, parts: Sequence[str]) -> Steps:
    """The declarations, and the steps of parts such as `random/test` or `novel_premises/train`. Raises `UserError`."""
    names = {f"{FOLDER}/{part}.json": part for part in parts}
    files: list[SourceFile] = []
    steps: dict[str, list[Step]] = {}
    for name, stream in _streams(path, (CORPUS, *names)):
        with _readable(f"{path}: {name}"):
            if name == CORPUS:
                files += _source_files(stream)
            else:
                steps[names[name]] = [
                    Step(record.full_name or "", record.file_path, record.start, tactic.state_before, premises)
                    for record in _records(stream, list[_Stated])
                    for tactic in record.traced_tactics
                    if (premises := tactic.annotated_tactic[1])
                ]
    _refuse_missing(path, (CORPUS, *names), {CORPUS if files else "", *(f"{FOLDER}/{part}.json" for part in steps)})
    return Steps(files, steps)


def _refuse_missing(path: Path, names: Sequence[str], seen: Collection[str]) -> None:
    missing = [name for name in names if name not in seen]
    if missing:
        raise UserError(f"{path} has no {missing[0]}: it is not LeanDojo Benchmark 4, or not all of it")


def _streams(path: Path, names: Sequence[str]) -> Iterator[tuple[str, IO[bytes]]]:
    """Those of the files of the benchmark that are there, one after the other."""
    if not path.exists():
        raise UserError(f"there is nothing at {path}: give lean_dojo-4.20.0.tar.gz or the folder that it unpacks to")
    return _unpacked(path, names) if path.is_dir() else _packed(path, names)


def _unpacked(folder: Path, names: Sequence[str]) -> Iterator[tuple[str, IO[bytes]]]:
    inner = sorted(folder.glob(f"*/{FOLDER}"))
    root = folder.parent if folder.name == FOLDER else inner[0].parent if inner else folder
    for name in names:
        if (root / name).is_file():
            with (root / name).open("rb") as stream:
                yield name, stream


def _packed(file: Path, names: Sequence[str]) -> Iterator[tuple[str, IO[bytes]]]:
    with _readable(str(file)), tarfile.open(file, "r|*") as archive:
        for member in archive:
            name = member.name.partition("/")[2]
            stream = archive.extractfile(member) if name in names else None
            if stream is not None:
                yield name, stream


@contextmanager
def _readable(what: str) -> Generator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise UserError(f"{what}: not a whole archive ({error}); fetch it again") from None
    except msgspec.MsgspecError as error:
        raise UserError(f"{what}: not as LeanDojo Benchmark 4 writes it: {error}") from None


def _source_files(stream: Iterable[bytes]) -> Iterator[SourceFile]:
    decode = msgspec.json.Decoder(SourceFile).decode
    return (decode(line) for line in stream if line.strip())


def _records(stream: IO[bytes], of: type[list[Record]]) -> Iterator[Record]:
    """The records of one JSON array, decoded block by block.

    A block ends before a record that begins with the key that the first record begins with; no record nests an object
    beginning with that key, and inside a string its quotes would be escaped.
    """
    decode = msgspec.json.Decoder(of).decode
    text = stream.read(_BLOCK)
    opening = text[text.find(b"{") : text.find(b":") + 1]
    while True:
        block = stream.read(_BLOCK)
        if not block:
            break
        text += block
        cut = text.rfind(opening)
        comma = text.rfind(b",", 0, cut)
        if opening and comma > 0:
            yield from decode(text[:comma] + b"]")
            text = b"[" + text[cut:]
    yield from decode(text)


def _theorem(record: _Traced) -> Theorem:
    premises: dict[Premise, int] = {}
    for tactic in record.traced_tactics:
        for premise in tactic.annotated_tactic[1]:
            premises[premise] = premises.get(premise, 0) + 1
    proof = "\n".join(tactic.tactic for tactic in record.traced_tactics)
    return Theorem(record.full_name, record.file_path, record.start, proof, premises)
