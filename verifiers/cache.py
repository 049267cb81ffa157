"""Verdicts by content key, so that nothing is verified twice.

Invariant (DESIGN 3.5): a verdict is a function of its key, which holds all that can change it: the prover and its
version, the kind of verification, the header, the statement, the lemmas that the text names, the text, the limits.
Only `accepted` and `rejected` are kept, because a timeout or an error may come out otherwise the next time.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from domain import Verdict


def content_key(*parts: str) -> str:
    """The key of a verdict. Parts are kept apart by their lengths, so no two lists of parts share a key."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()


class VerdictCache:
    """The last `entries` verdicts, in memory; safe for use from several threads."""

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._verdicts: OrderedDict[str, Verdict] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._verdicts)

    def get(self, key: str) -> Verdict | None:
        """The verdict under a key, if it is kept."""
        with self._lock:
            if key in self._verdicts:
                self._verdicts.move_to_end(key)
            return self._verdicts.get(key)

    def put(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict, unless it is one that may come out otherwise."""
        if verdict.verdict not in ("accepted", "rejected"):
            return
        with self._lock:
            self._verdicts[key] = verdict
            self._verdicts.move_to_end(key)
            while len(self._verdicts) > self._entries:
                self._verdicts.popitem(last=False)
