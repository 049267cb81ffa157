"""Folders of compiled files that one audit leaves for the next: headers and frozen statements, by their whole text.

Invariant: a folder is kept under a key that holds all that its files were compiled from, it is a trusted one, and only
after `build` has filled it without an error. It is not removed while an audit uses it.

Layer: header and frozen statement.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

from verifiers.audit import scratch
from verifiers.audit.sandbox import Sandbox

MOST = 64
"""Folders kept, beside those in use."""


class KeptFolders:
    """The folders that were used last; safe for several threads."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._folders: OrderedDict[str, Path] = OrderedDict()
        self._users: Counter[str] = Counter()
        self._lock = Lock()

    def get(self, key: str, build: Callable[[Path], None], until: ExitStack) -> Path:
        """The folder that was built under this key, or one that is built now; it stays at least `until` is closed."""
        with self._lock:
            if key not in self._folders:
                self._folders[key] = built(self._sandbox, build)
            self._folders.move_to_end(key)
            self._users[key] += 1
            until.callback(self._leave, key)
            return self._folders[key]

    def _leave(self, key: str) -> None:
        """One user less; of the folders that nobody uses, those go that were used longest ago."""
        with self._lock:
            self._users[key] -= 1
            unused = [one for one in self._folders if not self._users[one]]
            for one in unused[: max(0, len(unused) - MOST)]:
                scratch.remove(self._folders.pop(one))
                del self._users[one]

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
