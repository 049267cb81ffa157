"""What the files of a development need: what they require, as coqdep reads it, and what they load.

Invariant: what a file needs is known, or said to be unknown; it is never taken for nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import NamedTuple, TypeAlias

from domain import UserError
from verifiers.audit.refusals import Unterminated
from verifiers.audit.rocq.sentences import normal_text, split
from verifiers.audit.sandbox import Finished

_DEPENDS = re.compile(r"^F(\d+)\.vo [^:\n]*:(.*)$", re.MULTILINE)
_WORD = re.compile(r"(?:\\.|[^\s\\])+")
_LOAD = re.compile(
    r'(?:# ?\[[^\]]*\] ?)*(?:(?:Time|Fail|Succeed|Timeout \d+|Redirect "[^"]*") ?)*'
    r"Load\b ?(?:Verbose\b ?)?(?:\"([^\"]*)\"|([^\W\d][\w']*)) ?\.?$"
)
"""A sentence, in normal form, that loads a file: a path in quotes, or a name."""


class Needs(NamedTuple):
    """What compiling a file reads besides it: sources that are compiled first, and files that are read as they are."""

    required: tuple[Path, ...]
    read: tuple[Path, ...]


Dependencies: TypeAlias = Mapping[Path, Needs | str]
"""What each file needs, or why that is unknown."""


def read_dependencies(
    files: Mapping[Path, Path], coqdep: Callable[[Mapping[str, bytes]], Finished]
) -> dict[Path, Needs | str]:
    """What each source of a project needs; one that coqdep refuses hides no other.

    Args:
        files: the project's sources and compiled files, by the places where they lie for coqdep.
        coqdep: runs it on files with these names and texts; its output then is the answers alone, unless it fails.
            It sees them without what they load, which it looks for elsewhere than the prover does.
    """
    sources = {place: file for place, file in files.items() if place.suffix == ".v"}
    texts = [(file, *_without_loads(place.read_bytes())) for place, file in sources.items()]
    loads = {file: names for file, _, names in texts}
    said = dict(_answers([(file, text) for file, text, _ in texts], coqdep))
    return {
        file: answer if isinstance(answer, str) else _needs(file, answer, loads[file], files)
        for file, answer in said.items()
    }


def _answers(
    texts: list[tuple[Path, bytes]], coqdep: Callable[[Mapping[str, bytes]], Finished]
) -> Iterator[tuple[Path, list[Path] | str]]:
    """The files that coqdep names for each text, or what it says where it fails."""
    if not texts:
        return
    finished = coqdep({f"F{number}.v": text for number, (_, text) in enumerate(texts)})
    found = {int(one[1]): _WORD.findall(one[2]) for one in _DEPENDS.finditer(finished.output)}
    if finished.ok and len(found) == len(texts):
        for number, (file, _) in enumerate(texts):
            yield file, [Path(re.sub(r"\\(.)", r"\1", word).replace("$$", "$")) for word in found[number]]
    elif len(texts) > 1:
        half = len(texts) // 2
        yield from _answers(texts[:half], coqdep)
        yield from _answers(texts[half:], coqdep)
    else:
        (file, _) = texts[0]
        said = " ".join(finished.output.rpartition("Error: ")[2].replace("F0.v", file.name).split())
        yield file, said[-500:] or f"it ended with {finished.stopped or finished.returncode}"


def _needs(file: Path, named: list[Path], loaded: list[str], files: Mapping[Path, Path]) -> Needs:
    """What coqdep names for a file, and every source of the project that the prover may find for what it loads."""
    required: dict[Path, None] = {}
    read: dict[Path, None] = {}
    for path in named:
        source = files.get(path.with_suffix(".v")) if path.suffix == ".vo" else None
        if source is not None:
            required[source] = None
        elif path in files:
            read[files[path]] = None
    for name in loaded:
        parts = tuple(part for part in PurePath(os.path.normpath(name)).parts if part != "..")
        read |= {other: None for other in files.values() if other != file and other.parts[-len(parts) :] == parts}
    return Needs(tuple(required), tuple(read))


def _without_loads(source: bytes) -> tuple[bytes, list[str]]:
    """A source without its sentences that load a file, and the names of these files with their endings."""
    if b"Load" not in source:
        return source, []
    text = source.decode("utf-8", "surrogateescape")
    kept: list[str] = []
    names: list[str] = []
    at = 0
    try:
        for sentence in split(text):
            found = _LOAD.match(normal_text(sentence.text))
            if found is not None:
                names.append((found[1] or found[2]).removesuffix(".v") + ".v")
                kept.append(text[at : sentence.start])
                at = sentence.end
    except Unterminated:  # the prover refuses such a file
        return source, []
    return "".join([*kept, text[at:]]).encode("utf-8", "surrogateescape"), names


def behind(file: Path, dependencies: Dependencies) -> dict[Path, bool]:
    """What a file needs, however far, and whether that is compiled first; those first on which others rest.

    Raises:
        UserError: some files need each other, or what one of them needs is unknown.
    """
    found: dict[Path, bool] = {}
    under_way: set[Path] = set()

    def visit(one: Path) -> None:
        needs = dependencies.get(one, Needs((), ()))
        if isinstance(needs, str):
            raise UserError(f"{one}: coqdep does not tell what this file requires ({needs}): mend the file")
        for needed in (*needs.required, *needs.read):
            if needed not in found:
                if needed in under_way:
                    raise UserError(f"{needed.name} and {one.name} need each other: break the circle")
                under_way.add(needed)
                visit(needed)
            found[needed] = found.get(needed, False) or needed in needs.required

    visit(file)
    return found


def resting_on(file: Path, dependencies: Dependencies) -> set[Path]:
    """The files that need a file, however far."""
    found: set[Path] = set()
    new = {file}
    while new:
        found |= new
        new = {
            one
            for one, needs in dependencies.items()
            if one not in found and not isinstance(needs, str) and not new.isdisjoint(needs.required + needs.read)
        }
    return found - {file}
