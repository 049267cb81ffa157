"""The library: everything a run knows, in the memory of its one writer and in files that survive it.

Kept here: one writer, by a lock on the folder (design, invariant 2); every change is in the fsynced journal before the
method that makes it returns (design, invariants 3 and 9). What may enter is decided in `admission.py`.

Opening a folder loads the last snapshot that has a manifest and replays the journal of the round after it. `snapshot`
ends the round: its tables are written, its manifest last, and only then does its journal go.
"""

from __future__ import annotations

import fcntl
import gc
import os
import socket
import time
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

from domain import Attempt, Definition, Lemma, OutsideError, Request, Trust, UserError, Verdict
from library_store import journal
from library_store import snapshot as snapshots
from library_store.admission import Inserted, Proposal, Record, admit
from library_store.analysis import counts
from library_store.columns import check_version
from library_store.deduplication import DEDUP_VERSION
from library_store.pending import Pending
from library_store.reader import LibraryReader
from library_store.schema import (
    SCHEMA_VERSION,
    Edge,
    EdgeKind,
    Event,
    Metric,
    ProblemState,
    ProblemStatus,
    Row,
    attempt_to_row,
    definition_to_row,
    edge_to_row,
    event_to_row,
    lemma_to_rows,
    metric_to_row,
    problem_to_row,
    request_to_row,
)

REMEMBERED = ("definitions", "proofs", "lemmas", "requests", "problems", "attempts", "events")
"""The tables that make up the state in memory, each after those that it needs."""


class Library(LibraryReader):
    """The single writer of `directory`: a run directory, or any folder with `journal` and `rounds` in it.

    Attributes:
        round: the round that is under way, from 1.
        notices: lines about what was mended while opening; show them to the user.

    Raises:
        UserError: another process writes there, or a file is damaged; the line names it.
        OutsideError: the folder cannot be written.
    """

    def __init__(self, directory: Path, patience: float = 0.0) -> None:
        """Opens the folder; waits up to `patience` seconds for another writer, a dying one perhaps, to end."""
        super().__init__()
        self.directory = directory
        self._pending = Pending()
        self._folder = directory / "journal"
        self._lock = _lock(self._folder, patience)
        try:
            self.round, self._journal = self._open()
        except BaseException:
            os.close(self._lock)
            raise

    # ------------------------------------------------------------------------------------------------------ opening

    def _open(self) -> tuple[int, journal.Journal]:
        done = len(snapshots.manifests(self.directory))
        segments = journal.segments(self._folder)
        self._refuse_gaps(done, segments)
        if done:
            self._load()
        for path in snapshots.remove_unfinished(self.directory):
            self.notices.append(f"removed {path}: its snapshot was never finished, and the journal has its round")
        if done + 1 in segments:
            self._replay(segments[done + 1])
        for number, path in segments.items():
            if number <= done:
                path.unlink()
        return done + 1, self._segment(done + 1)

    def _load(self) -> None:
        tables = snapshots.read(self.directory, names=REMEMBERED)
        with _no_collection():
            for name in REMEMBERED:
                for row in tables.each(name):
                    self.apply(name, row)

    def _refuse_gaps(self, done: int, segments: Mapping[int, Path]) -> None:
        for path in snapshots.unfinished(self.directory):
            number = int(path.name.removeprefix("round="))
            if number not in segments:
                raise UserError(
                    f"{path / snapshots.MANIFEST} is missing and no journal has round {number}: restore it from a "
                    f"copy, or remove {path} to go back to round {number - 1}"
                )
        for number, path in segments.items():
            if number > done + 1:
                raise UserError(
                    f"{path} is of round {number}, but the last finished round is {done}: restore the rounds between "
                    f"from a copy, or remove the file to go back to round {done}"
                )

    def _replay(self, path: Path) -> None:
        with _no_collection():
            torn = journal.replay(path, lambda record: self._take_back(path, record), repair=True)
        if torn is not None:
            self.notices.append(
                f"cut {torn.bytes} bytes off {torn.path} at byte {torn.offset}: a write that was never acknowledged "
                f"(kept in {torn.kept})"
            )

    def _take_back(self, path: Path, record: Record) -> None:
        name, row = record
        if name == "schema":
            check_version(row["version"], path)
            return
        self.apply(name, row)
        self._pending.add(name, row)

    def _segment(self, number: int) -> journal.Journal:
        path = journal.segment_path(self._folder, number)
        opened = journal.Journal(path)
        if opened.size == len(journal.HEADER):
            opened.append([("schema", {"version": SCHEMA_VERSION})])
        return opened

    def close(self) -> None:
        """Let another process write. What was acknowledged is on the disk already."""
        self._journal.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _commit(self, records: Sequence[Record]) -> None:
        """One fsync for all records; memory changes only after it."""
        if not records:
            return
        self._journal.append(records)
        for name, row in records:
            self.apply(name, row)
            self._pending.add(name, row)

    # ------------------------------------------------------------------------------------------ definitions, lemmas

    def add_definitions(self, definitions: Iterable[Definition]) -> int:
        """Make definitions known, each after those that it uses; returns how many were new."""
        rows: dict[str, Row] = {}
        for definition in definitions:
            if definition.id in self.definitions or definition.id in rows:
                continue
            missing = [used for used in definition.uses if used not in self.definitions and used not in rows]
            if missing:
                raise ValueError(f"definition {definition.id} uses unknown definitions {missing}")
            rows[definition.id] = definition_to_row(definition, self.round)
        self._commit([("definitions", row) for row in rows.values()])
        return len(rows)

    def insert(self, lemma: Lemma, verdict: Verdict, needed: Collection[str] = ()) -> Inserted:
        """Admit a lemma, or say why not; see `insert_many`."""
        return self.insert_many([Proposal(lemma, verdict, needed)])[0]

    def insert_many(self, proposals: Iterable[Proposal]) -> list[Inserted]:
        """Admit lemmas in order, with one fsync for all; a proposal may use those before it.

        A new lemma is of the round under way, whatever it says itself, or of round 0 if it is imported. A statement
        that is known gains a revision only if the proposal brings origins that it lacks, or if it was retired and
        nothing in retrieval subsumes it: then it is back. Its proof stays. An open request for the same statement is
        answered.
        """
        admission = admit(self, self.round, proposals)
        self._commit(admission.records)
        return admission.answers

    def retire(self, lemma_id: str, by: str) -> None:
        """Take a lemma out of retrieval; it stays readable, and proofs that use it stay valid.

        Requests that it answered are open again, unless a lemma in retrieval subsumes it.

        Args:
            lemma_id: of the lemma; one that is retired stays retired by what it was, unless a recheck refuses it.
            by: id of the lemma that subsumes it, or a word for another reason.
        """
        lemma = self.lemmas[lemma_id]
        if lemma.retired_by == by or (lemma.retired_by is not None and self.trust[lemma_id] != "none"):
            return
        retired = replace(lemma, revision=lemma.revision + 1, retired_by=by)
        row, _ = lemma_to_rows(retired, self.round, trust=self.trust[lemma_id], dedup_version=DEDUP_VERSION)
        records: list[Record] = [("lemmas", row)]
        if by in self.lemmas:
            records.append(("edges", edge_to_row(Edge(lemma_id, "lemma", by, "lemma", "subsumed_by", self.round))))
        for request in self.requests.values():
            answer = request.answered_by if request.status == "answered" else None
            if answer and not self.stands(answer, {lemma_id: by}):
                again = replace(request, status="open", answered_by=None)
                row = request_to_row(again, self.round, self.next_revision("requests", request.id))
                records.append(("requests", row))
        self._commit(records)

    def set_trust(self, lemma_ids: Iterable[str], trust: Trust) -> int:
        """Record how far lemmas can be trusted after they were verified anew; returns for how many that changed."""
        records: list[Record] = []
        for lemma_id in dict.fromkeys(lemma_ids):
            lemma = self.lemmas[lemma_id]
            if self.trust[lemma_id] == trust:
                continue
            row, _ = lemma_to_rows(
                replace(lemma, revision=lemma.revision + 1), self.round, trust=trust, dedup_version=DEDUP_VERSION
            )
            records.append(("lemmas", row))
        self._commit(records)
        return len(records)

    # ---------------------------------------------------------------------------------------------------- requests

    def add_request(self, request: Request) -> Request:
        """Ask for a statement; returns the request as it now stands.

        A known request gains the problems that ask for it, and a conjecture becomes a request like any other; a
        statement that is a lemma already is answered at once.
        """
        known = self.requests.get(request.id)
        if known is not None:
            asked_by = tuple(dict.fromkeys((*known.asked_by, *request.asked_by)))
            gained = replace(known, asked_by=asked_by)
            if known.is_conjecture and known.status == "open":
                gained = replace(gained, origin_kind=request.origin_kind, operator=request.operator)
            return known if gained == known else self._write_request(gained)
        request = replace(request, round=self.round)
        lemma = self.lemma_for(request)
        if lemma is None or not self.stands(lemma.id):
            return self._write_request(request)
        return self._write_request(replace(request, status="answered", answered_by=lemma.id))

    def add_conjectures(self, conjectures: Iterable[Request]) -> int:
        """Keep statements that hold as far as was tested, for proofs on credit; returns how many were new.

        What is a lemma or a request already stays what it is.
        """
        fresh = {
            one.id: replace(one, round=self.round)
            for one in conjectures
            if one.id not in self.requests and self.lemma_for(one) is None
        }
        self._commit([("requests", request_to_row(one, self.round, 1)) for one in fresh.values()])
        return len(fresh)

    def close_request(
        self, request_id: str, status: Literal["answered", "refuted", "failed"], answered_by: str | None = None
    ) -> Request:
        return self._write_request(replace(self.requests[request_id], status=status, answered_by=answered_by))

    def count_try(self, request_id: str) -> Request:
        request = self.requests[request_id]
        return self._write_request(replace(request, tries=request.tries + 1))

    def want(self, request_id: str) -> Request:
        """Note that a request is worth a try, if it never had one."""
        return self.requests[request_id] if self.requests[request_id].tries else self.count_try(request_id)

    def _write_request(self, request: Request) -> Request:
        row = request_to_row(request, self.round, self.next_revision("requests", request.id))
        records: list[Record] = [("requests", row)]
        before = self.requests.get(request.id)
        if request.answered_by is not None and (before is None or before.answered_by != request.answered_by):
            edge = Edge(request.answered_by, "lemma", request.id, "request", "answers_request", self.round)
            records.append(("edges", edge_to_row(edge)))
        self._commit(records)
        return request

    # -------------------------------------------------------------------------------- problems, attempts, the record

    def add_problems(self, problems: Iterable[ProblemState]) -> int:
        """Make problems known; one whose name is known keeps its state. Returns how many were new."""
        fresh = {state.problem.name: state for state in problems if state.problem.name not in self.problems}
        self._commit([("problems", problem_to_row(state, self.round)) for state in fresh.values()])
        return len(fresh)

    def set_problem(
        self,
        name: str,
        status: ProblemStatus,
        *,
        reason: str = "",
        proof: str = "",
        uses: Sequence[str] = (),
        axioms: Sequence[str] = (),
        operator: str = "",
        attempt_id: str = "",
    ) -> ProblemState:
        """Record what became of a problem.

        Args:
            name: of the problem.
            status: its new state.
            reason: of the verdict, or why it stays open.
            proof: in canonical names.
            uses: ids or canonical names of the lemmas that the minimised proof needs: each was seen to be necessary by
                a failed replay without it. They become confirmed `proof_uses` edges.
            axioms: that the proof rests on.
            operator: what produced the proof (`automation`, `language_model`, …).
            attempt_id: of the attempt that did.
        """
        lemmas = [self.lemma_of(used) for used in uses]
        if None in lemmas:
            raise ValueError(f"the proof of {name} uses a lemma that the library lacks, among {list(uses)}")
        ids = tuple(dict.fromkeys(lemma.id for lemma in lemmas if lemma is not None))
        state = replace(
            self.problems[name],
            status=status,
            reason=reason,
            proof=proof,
            uses=ids,
            axioms=tuple(axioms),
            operator=operator,
            attempt_id=attempt_id,
        )
        row = problem_to_row(state, self.round, self.next_revision("problems", name))
        edges = [Edge(name, "problem", used, "lemma", "proof_uses", self.round, attempt_id, True) for used in ids]
        self._commit([("problems", row), *(("edges", edge_to_row(edge)) for edge in edges)])
        return state

    def add_attempt(self, attempt: Attempt) -> bool:
        """Record an attempt, with edges to what was retrieved and mentioned; False if it was recorded before."""
        if attempt.id in self.attempt_ids:
            return False
        attempt = replace(attempt, round=self.round)
        source_kind = "request" if attempt.target in self.requests else "problem"
        source_kind = "lemma" if attempt.target in self.lemmas else source_kind
        records: list[Record] = [("attempts", attempt_to_row(attempt))]
        kinds: tuple[tuple[EdgeKind, tuple[str, ...]], ...] = (
            ("retrieved", attempt.retrieved),
            ("mentioned", attempt.mentioned),
        )
        for kind, names in kinds:
            for name in names:
                lemma = self.lemma_of(name)
                target = name if lemma is None else lemma.id
                edge = Edge(attempt.target, source_kind, target, "lemma", kind, self.round, attempt.id)
                records.append(("edges", edge_to_row(edge)))
        self._commit(records)
        return True

    def add_event(
        self,
        kind: str,
        subject: str = "",
        *,
        attempt_id: str = "",
        count: int = 1,
        detail: Mapping[str, Any] | None = None,
        at: float | None = None,
    ) -> None:
        """Record that something happened, now or `at` seconds since 1970."""
        moment = time.time() if at is None else at
        event = Event(self.next_event, self.round, moment, kind, subject, attempt_id, count, detail or {})
        self._commit([("events", event_to_row(event))])

    def add_metrics(self, metrics: Iterable[Metric]) -> None:
        """Record measured numbers of this round; the round in the values is set here."""
        self._commit([("metrics", metric_to_row(replace(metric, round=self.round))) for metric in metrics])

    # ------------------------------------------------------------------------------------------------------- rounds

    def snapshot(self, *, seed: int = 0, code_version: str = "") -> snapshots.Manifest:
        """End the round: write its snapshot, then open the journal of the next round and remove this one's."""
        manifest = snapshots.write(
            self.directory, self.round, self._pending.tables(), counts=counts, seed=seed, code_version=code_version
        )
        finished = journal.segment_path(self._folder, self.round)
        self._journal.close()
        self.round += 1
        self._pending = Pending()
        self._journal = self._segment(self.round)
        finished.unlink(missing_ok=True)
        return manifest

    def at_round(self, number: int) -> snapshots.Tables:
        """The tables as of a round: a finished one from its snapshot, the one under way with what it has so far."""
        if number != self.round:
            return snapshots.read(self.directory, at_round=number)
        done = snapshots.read(self.directory, at_round=number - 1) if number > 1 else snapshots.empty(self.directory)
        return snapshots.extend(done, self._pending.tables())


@contextmanager
def _no_collection() -> Generator[None, None, None]:
    """Nothing that is loaded is garbage, and looking for some again and again takes longer than loading."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _lock(folder: Path, patience: float) -> int:
    """A lock that ends with the process, however it ends."""
    path = folder / "lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise OutsideError(f"cannot open the library {folder.parent}: {error.strerror}; nothing was changed") from error
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not _locked(handle):
        time.sleep(0.2)
    if not _locked(handle):
        owner = os.pread(handle, 300, 0).decode("utf-8", "replace").strip() or "unknown"
        age = max(0.0, time.time() - os.fstat(handle).st_mtime)
        os.close(handle)
        raise UserError(
            f"another process ({owner}, for {_duration(age)}) writes the library {folder.parent}: "
            "wait until it ends or stop it"
        )
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"pid {os.getpid()} on {socket.gethostname()}".encode(), 0)
    return handle


def _duration(seconds: float) -> str:
    """For example `12 s`, `5 min`, `3 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _locked(handle: int) -> bool:
    """Whether this handle holds the lock now."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
