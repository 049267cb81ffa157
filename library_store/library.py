"""The library: everything a run knows, and every way in which that changes.

Each method writes rows, all of one change with one fsync, and returns when they are on the disk (`durability.py`). What
may enter is decided in `admission.py`; what can be asked is in `reader.py`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from domain import Definition, Lemma, Trust, Verdict
from library_store import graph
from library_store.admission import Inserted, Proposal, Record, admit
from library_store.attempts import Attempt, Request
from library_store.deduplication import DEDUP_VERSION
from library_store.durability import DurableLibrary
from library_store.rows import (
    attempt_to_row,
    definition_to_row,
    edge_to_row,
    event_to_row,
    lemma_to_rows,
    metric_to_row,
    problem_to_row,
    request_to_row,
)
from library_store.schema import Edge, EdgeKind, Event, Metric, ProblemState, ProblemStatus, Row
from library_store.state import REFUSED


class Library(DurableLibrary):
    """The single writer of `directory`: a run directory, or any folder with `journal` and `rounds` in it.

    Attributes:
        round: the round that is under way, from 1.
        notices: lines about what was mended while opening; show them to the user.

    Raises:
        UserError: another process writes there, or a file is damaged; the line names it.
        OutsideError: the folder cannot be written.
    """

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
            lemma_id: of the lemma; one that is retired stays retired by what it was.
            by: id of the lemma that subsumes it, or a word for another reason.
        """
        lemma = self.lemmas[lemma_id]
        if lemma.retired_by is not None:
            return
        retired = replace(lemma, revision=lemma.revision + 1, retired_by=by)
        records = [self._lemma_row(retired, self.trust[lemma_id])]
        if by in self.lemmas:
            records.append(("edges", edge_to_row(Edge(lemma_id, "lemma", by, "lemma", "subsumed_by", self.round))))
        self._commit([*records, *self._open_again({lemma_id: by})])

    def refuse(self, reasons: Mapping[str, str]) -> None:
        """Retire lemmas that a recheck refused, or that rest on one, whatever else retired them before; all at once.

        Args:
            reasons: why, by the id of the lemma.
        """
        records: list[Record] = []
        for number, (lemma_id, reason) in enumerate(reasons.items(), self.next_event):
            lemma = self.lemmas[lemma_id]
            records.append(self._lemma_row(replace(lemma, revision=lemma.revision + 1, retired_by=REFUSED), "none"))
            event = Event(number, self.round, time.time(), "recheck_failed", lemma_id, detail={"reason": reason})
            records.append(("events", event_to_row(event)))
        self._commit([*records, *self._open_again(dict.fromkeys(reasons, REFUSED))])

    def _lemma_row(self, lemma: Lemma, trust: str) -> Record:
        return "lemmas", lemma_to_rows(lemma, self.round, trust=trust, dedup_version=DEDUP_VERSION)[0]

    def _open_again(self, retiring: Mapping[str, str]) -> list[Record]:
        """The answered requests to whose answers nothing in retrieval corresponds without these lemmas, as open."""
        records: list[Record] = []
        for request in self.requests.values():
            answer = request.answered_by if request.status == "answered" else None
            if answer and not self.stands(answer, retiring):
                again = replace(request, status="open", answered_by=None)
                row = request_to_row(again, self.round, self.next_revision("requests", request.id))
                records.append(("requests", row))
        return records

    def set_trust(self, lemma_ids: Iterable[str], trust: Trust) -> int:
        """Record how far lemmas can be trusted after they were verified anew; returns for how many that changed."""
        records: list[Record] = []
        for lemma_id in dict.fromkeys(lemma_ids):
            lemma = self.lemmas[lemma_id]
            if self.trust[lemma_id] == trust:
                continue
            records.append(self._lemma_row(replace(lemma, revision=lemma.revision + 1), trust))
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
        """Keep statements that hold as far as was tested, for conditional proofs; returns how many were new.

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
                a failed replay without it. They become confirmed `proof_uses` edges. They may be retired, since a
                retired lemma is true, but neither they nor what they rest on may be refused by a recheck.
            axioms: that the proof rests on.
            operator: what produced the proof (`automation`, `language_model`, …).
            attempt_id: of the attempt that did.
        """
        lemmas = [self.lemma_of(used) for used in uses]
        if None in lemmas:
            raise ValueError(f"the proof of {name} uses a lemma that the library lacks, among {list(uses)}")
        ids = tuple(dict.fromkeys(lemma.id for lemma in lemmas if lemma is not None))
        refused = [one for one in graph.closure(self.graph, ids) if self.refused(one)]
        if refused:
            raise ValueError(f"the proof of {name} rests on lemmas that a recheck refused: {refused}")
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
