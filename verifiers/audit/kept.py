"""Folders of compiled files that one audit leaves for the next: headers and frozen statements, by their whole text.

Invariant: a folder is kept under a key that holds all that its files were compiled from, it is a trusted one, and only
after `build` has filled it without an error.

Layer: header and frozen statement.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from verifiers.audit import scratch
from verifiers.audit.sandbox import Sandbox

MOST = 64
"""Folders kept."""


class KeptFolders:
    """The folders that were used last; safe for several threads."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._folders: OrderedDict[str, Path] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str, build: Callable[[Path], None]) -> Path:
        """The folder that was built under this key, or one that is built now."""
        with self._lock:
            if key not in self._folders:
                self._folders[key] = built(self._sandbox, build)
            self._folders.move_to_end(key)
            while len(self._folders) > MOST:
                scratch.remove(self._folders.popitem(last=False)[1])
            return self._folders[key]

    def close(self) -> None:
        """Remove all of them."""
        while self._folders:
            scratch.remove(self._folders.popitem()[1])


def built(sandbox: Sandbox, build: Callable[[Path], None]) -> Path:
    """A trusted folder that `build` has filled; none is left where it raises."""
    folder = sandbox.make_folder(trusted=True)
    try:
        build(folder)
    except BaseException:
        scratch.remove(folder)
        raise
    return folder
