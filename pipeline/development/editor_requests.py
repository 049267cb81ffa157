"""What an editor may ask of `suggest --server`: a line that it wrote, read as a request.

Invariant: whatever is said in a line, it is a request whose file has a name that the system takes, or a `Mistake`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any, cast

from term_algebra import read_json

if TYPE_CHECKING:
    from pipeline.development.suggesting import Suggestions

MOST_SECONDS = 1_000_000.0

MOST_SHOWN = 80
"""Characters of what was said that a message shows."""

METHODS: Mapping[str, Mapping[str, tuple[type | tuple[type, ...], bool]]] = {
    "open": {"file": (str, True), "text": (str, False)},
    "change": {"file": (str, True), "text": (str, True)},
    "close": {"file": (str, True)},
    "suggest": {"file": (str, True), "line": (int, True), "cpu_seconds": ((int, float), False), "seed": (int, False)},
    "cancel": {"request": ((int, str), True)},
    "shutdown": {},
}
"""What can be asked for, with its parameters, their types and whether they have to be there."""


class Mistake(Exception):  # noqa: N818 (what is answered, not an error of ours)
    """A request that cannot be understood."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Request:
    """What was asked, of which file, and what is known and told of it by now."""

    identity: int | str
    method: str
    parameters: Mapping[str, Any]
    path: Path = field(default_factory=Path)
    known: Suggestions | None = None
    answered: bool = False
    cancelled: bool = False
    done: bool = False
    timer: Timer | None = field(default=None)


def parsed(line: str) -> dict[str, Any]:
    """The object that a line holds."""
    try:
        told: Any = read_json(line)
    except (ValueError, RecursionError) as error:
        raise Mistake("malformed", f"this line is not JSON: {error}") from None
    if not isinstance(told, dict):
        raise Mistake("malformed", "a request is an object with id, method and params")
    return cast("dict[str, Any]", told)


def identity_of(told: Mapping[str, Any]) -> int | str:
    """The id that answers are to bear."""
    identity = told.get("id")
    if isinstance(identity, bool) or not isinstance(identity, int | str):
        raise Mistake("bad_request", "a request has an id, a number or a text")
    return identity


def request_of(identity: int | str, told: Mapping[str, Any]) -> Request:
    """The request itself, whose parameters are those that its method takes."""
    method, parameters = told.get("method"), told.get("params", {})
    if not isinstance(method, str) or method not in METHODS:
        raise Mistake("unknown_method", f"there is no method {_shown(method)}: it is one of {', '.join(METHODS)}")
    if not isinstance(parameters, dict):
        raise Mistake("bad_request", "params is an object")
    for name, (kind, needed) in METHODS[method].items():
        if name not in parameters:
            if needed:
                raise Mistake("bad_request", f"{method} needs {name}")
        elif isinstance(parameters[name], bool) or not isinstance(parameters[name], kind):
            raise Mistake("bad_request", f"{name} of {method} is of the wrong type")
        elif not _is_text(parameters[name]):
            raise Mistake("bad_request", f"{name} of {method} has half of a surrogate pair, which no file can hold")
    unknown = [name for name in parameters if name not in METHODS[method]]
    if unknown:
        raise Mistake("bad_request", f"{method} takes no {_shown(unknown[0])}")
    path = _path(parameters["file"]) if "file" in parameters else Path()
    return Request(identity, method, parameters, path)


def _is_text(value: Any) -> bool:
    """Whether a value, if it is a text, can be written."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _path(name: str) -> Path:
    """The file of this name, which need not be there."""
    if not name:
        raise Mistake("bad_request", "file is empty: give the name of a file")
    if name.endswith((".lean", ".thy")):
        raise Mistake("bad_request", f"--server is for Rocq files alone: for {name} give `suggest {name}:LINE`")
    try:
        path = Path(name).resolve()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()
    except (OSError, RuntimeError, ValueError) as error:  # a link to itself is a RuntimeError to `resolve`
        why = error.strerror if isinstance(error, OSError) else error
        raise Mistake("bad_request", f"file {_shown(name)} is not the name of a file: {_cut(str(why))}") from None
    return path


def _shown(said: object) -> str:
    return _cut(repr(said))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
