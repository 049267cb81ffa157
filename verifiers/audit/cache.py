"""Verdicts by content key, so that nothing is verified twice: in memory, and in a file that a machine's workers share.

Invariant (design, invariant 5): a verdict is a function of its key, which holds all that can change it: the prover and
its version, the kind of verification, the header, the statement, the lemmas that the text names, the text, the limits.
Only `accepted` and `rejected` are kept, because a timeout or an error may come out otherwise the next time. The version
is the program that this process has loaded; where its files have changed since, others do not take its verdicts.

The file is SQLite's, with a write-ahead log, so any number of processes of one machine may read and write it at once.
Each row carries a digest of its key and verdict; a damaged row, or a verdict that is none, is as good as absent. A file
that is no database is left alone and not used, and `notice` says so. What a candidate could write to must never be the
file: it belongs where no sandbox reaches, and a verifier whose sandbox is degraded has to do without it.

Layer: verdicts that are kept.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal, TypeAlias, get_args

from domain import Candidate, Lemma, Message, Reason, Trust, Verdict
from verifiers.audit.refusals import Unterminated

PRUNED_EVERY = 256
"""Verdicts that one process writes between two looks at the size of the file."""

PATIENCE_SECONDS = 10.0
"""How long a writer waits for others."""

Kind: TypeAlias = Literal["check", "audit", "recheck"]
"""What a verdict comes from: a warm session, an audit, or an audit with an independent pass."""

_TABLE = "CREATE TABLE IF NOT EXISTS verdicts (number INTEGER PRIMARY KEY, key TEXT UNIQUE, verdict TEXT, digest TEXT)"


def content_key(*parts: str) -> str:
    """The key of a verdict. Parts are kept apart by their lengths, so no two lists of parts share a key."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()


def candidate_key(kind: Kind, about: Sequence[str], candidate: Candidate, lemmas: Sequence[Lemma]) -> str:
    """The key of a verdict of some `kind` on a candidate that names `lemmas`; `about` is the judge and its limits."""
    problem = candidate.problem
    texts = [problem.header, problem.formal_statement, candidate.preamble, candidate.proof]
    known = [text for one in lemmas for text in (one.canonical_name, one.statement_exact, one.proof)]
    lists = (about, texts, sorted(problem.allowed_axioms), known)
    return content_key(kind, *(content_key(*parts) for parts in lists))


def program_files() -> list[Path]:
    """What verdicts rest on, warm ones too: the verifiers, their libraries, and what they share with other rooms."""
    verifiers = Path(__file__).resolve().parents[1]
    files = [file for kind in ("py", "lean", "v") for file in verifiers.rglob(f"*.{kind}")]
    return sorted([*files, *verifiers.parent.glob("*.py"), *verifiers.parent.glob("term_algebra/*.py")])


def _stamps() -> list[tuple[int, ...]]:
    """What changes with any change of one of the files; a file that is gone has none."""
    stamps: list[tuple[int, ...]] = []
    for file in _FILES:
        try:
            found = file.stat()
        except OSError:
            stamps.append(())
        else:
            stamps.append((found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
    return stamps


# While a process loads the program: a file that is edited later is not the one that it runs.
_FILES = program_files()
_STAMPS = _stamps()
_LOADED = content_key(*(file.read_text(encoding="utf-8") for file in _FILES))
_OWN = secrets.token_hex(16)


def program_digest() -> str:
    """A digest of the program that runs: what an older version of it accepted is asked again.

    If its files have changed since they were loaded, some may be loaded later, so nobody can tell what runs. Then this
    is a word of this process alone.
    """
    return _LOADED if _stamps() == _STAMPS else _OWN


class VerdictCache:
    """The last `entries` verdicts, in memory and in `file`; safe for several threads, the file for several processes.

    `notice` is one line that says why the file is not used, or None.
    """

    def __init__(self, entries: int, file: Path | None = None) -> None:
        self.notice: str | None = None
        self._entries = entries
        self._verdicts: OrderedDict[str, Verdict] = OrderedDict()
        self._lock = Lock()
        self._written = 0
        self._path = file
        self._file: sqlite3.Connection | None = None
        if file is not None and entries > 0:
            try:
                self._file = _open(file)
                self._prune()
            except (OSError, sqlite3.Error) as error:
                self._give_up(error)

    def __len__(self) -> int:
        return len(self._verdicts)

    def get(self, key: str) -> Verdict | None:
        """The verdict under a key, if it is kept."""
        with self._lock:
            verdict = self._verdicts.get(key)
            if verdict is not None:
                self._verdicts.move_to_end(key)
            elif (verdict := self._read(key)) is not None:
                self._remember(key, verdict)
            return verdict

    def put(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict, unless it is one that may come out otherwise."""
        if verdict.verdict not in ("accepted", "rejected"):
            return
        with self._lock:
            self._remember(key, verdict)
            self._write(key, verdict)

    def close(self) -> None:
        """Let go of the file; what is in memory stays."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _remember(self, key: str, verdict: Verdict) -> None:
        self._verdicts[key] = verdict
        self._verdicts.move_to_end(key)
        while len(self._verdicts) > self._entries:
            self._verdicts.popitem(last=False)

    def _read(self, key: str) -> Verdict | None:
        if self._file is None:
            return None
        try:
            row = self._file.execute("SELECT verdict, digest FROM verdicts WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        return _verdict(row[0]) if row is not None and row[1] == content_key(key, str(row[0])) else None

    def _write(self, key: str, verdict: Verdict) -> None:
        if self._file is None:
            return
        text = json.dumps(asdict(verdict), ensure_ascii=True, separators=(",", ":"))
        try:
            with self._file:
                self._file.execute(
                    "INSERT OR REPLACE INTO verdicts (key, verdict, digest) VALUES (?, ?, ?)",
                    (key, text, content_key(key, text)),
                )
            self._written += 1
            if self._written % PRUNED_EVERY == 0:
                self._prune()
        except sqlite3.Error as error:
            self._give_up(error)

    def _prune(self) -> None:
        """Remove the oldest verdicts beyond `entries`."""
        if self._file is not None:
            with self._file:
                self._file.execute(
                    "DELETE FROM verdicts WHERE number <= (SELECT max(number) FROM verdicts) - ?", (self._entries,)
                )

    def _give_up(self, error: Exception) -> None:
        self.notice = f"the cache of verdicts {self._path} is not used ({error}); remove it to begin a new one"
        if self._file is not None:
            with suppress(sqlite3.Error):
                self._file.close()
            self._file = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts of one prover, each question asked once. `named` are the lemmas that a candidate's texts name."""

    cache: VerdictCache
    prover: Callable[[], str]
    """Its name and version."""
    limits: str
    """All else of the settings that a verdict can depend on, but the seconds of one question."""
    named: Callable[[Candidate], Sequence[Lemma]]

    def answer(
        self, kind: Kind, seconds: float, batch: Sequence[Candidate], judge: Callable[[list[Candidate]], list[Verdict]]
    ) -> list[Verdict]:
        """Verdicts on a batch, in order: those that are kept, and `judge`'s on the rest, each distinct one once.

        Raises:
            ValueError: a check says of a candidate that it is accepted, which only audits may say.
        """
        about = (self.prover(), program_digest(), f"{seconds} {self.limits}")
        keys = [candidate_key(kind, about, candidate, self._lemmas(candidate)) for candidate in batch]
        verdicts = {key: verdict for key in keys if (verdict := self.cache.get(key)) is not None}
        new = {key: candidate for key, candidate in zip(keys, batch, strict=True) if key not in verdicts}
        judged = judge(list(new.values())) if new else []
        same_program = program_digest() == about[1]
        for key, verdict in zip(new, judged, strict=True):
            if kind == "check" and verdict.accepted:
                raise ValueError("a check accepts nothing: that takes an audit")
            verdicts[key] = replace(verdict, prover=about[0])
            if same_program:
                self.cache.put(key, verdicts[key])
        return [verdicts[key] for key in keys]

    def _lemmas(self, candidate: Candidate) -> Sequence[Lemma]:
        try:
            return self.named(candidate)
        except Unterminated:
            return candidate.lemmas


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    file = sqlite3.connect(path, timeout=PATIENCE_SECONDS, check_same_thread=False)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    with file:
        file.execute(_TABLE)
    return file


def _verdict(text: str) -> Verdict | None:
    """The verdict that a row holds, or None if it holds none that is ever kept."""
    try:
        row: dict[str, Any] = json.loads(text)
        messages = tuple(Message(**message) for message in row.pop("messages"))
        axioms, uses = (tuple(str(one) for one in row.pop(name)) for name in ("axioms", "uses"))
        verdict = Verdict(**row, messages=messages, axioms=axioms, uses=uses)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    known = verdict.trust in get_args(Trust) and verdict.reason in get_args(Reason)
    return verdict if known and verdict.verdict in ("accepted", "rejected") else None
