"""What may enter the library, and the rows that its entry writes.

Nothing enters without an accepted verdict of trust `audited` or `rechecked` (design, invariants 1 and 11): a verdict of
a warm session or of a stand-in is refused whatever it claims. A lemma names only lemmas and definitions that are in
already, so dependencies have no cycle. Identity is by id; a known statement gains at most origins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from domain import Lemma, Verdict
from library_store import graph
from library_store.deduplication import DEDUP_VERSION, dedup_key
from library_store.rows import edge_to_row, lemma_to_rows, request_to_row
from library_store.schema import Edge, EdgeKind, NodeKind, Row
from library_store.state import State, statement_key

Record: TypeAlias = tuple[str, Row]
"""A table and a row of it: what the journal holds."""

ADMITTED_TRUST = frozenset({"audited", "rechecked"})

InsertReason: TypeAlias = Literal[
    "new",
    "merged",
    "revived",
    "known",
    "not_accepted",
    "not_audited",
    "unknown_definition",
    "unknown_lemma",
    "uses_itself",
]


class Inserted(NamedTuple):
    """What became of a proposal. `new`: the statement was not in the library before.

    `revived`: it was retired and nothing in retrieval subsumes it; it is back with the proposal's proof.
    """

    id: str
    new: bool
    reason: InsertReason

    @property
    def refused(self) -> bool:
        return self.reason not in ("new", "merged", "revived", "known")


class Proposal(NamedTuple):
    """A lemma with the verdict of its audit.

    `needed` are the used lemmas without which its proof was seen to fail. `imported`: it comes with a library that the
    run begins with, hence is of round 0.
    """

    lemma: Lemma
    verdict: Verdict
    needed: Collection[str] = ()
    imported: bool = False


class Staged:
    """The lemmas of a group that are admitted and not in the library yet."""

    def __init__(self) -> None:
        self.lemmas: dict[str, Lemma] = {}
        self._ids: dict[str, str] = {}

    def add(self, lemma: Lemma) -> None:
        """A lemma, or another revision of one."""
        self.lemmas[lemma.id] = lemma
        self._ids[lemma.canonical_name] = lemma.id

    def id_of(self, name: str) -> str:
        """The id of the lemma with this canonical name; any other name as it is."""
        return self._ids.get(name, name)


class Admission(NamedTuple):
    """One answer for each proposal, in order, and the rows to write."""

    answers: list[Inserted]
    records: list[Record]


def admit(state: State, in_round: int, proposals: Iterable[Proposal]) -> Admission:
    """Judge proposals in order, each knowing those before it. Changes nothing."""
    staged = Staged()
    answers: list[Inserted] = []
    records: list[Record] = []
    for proposal in proposals:
        answer, lemma = _judge(state, in_round, proposal, staged)
        answers.append(answer)
        if lemma is None:
            continue
        staged.add(lemma)
        kept = state.trust.get(lemma.id) if answer.reason == "merged" else None
        trust = kept or proposal.verdict.trust
        row, proof = lemma_to_rows(lemma, in_round, trust=trust, dedup_version=DEDUP_VERSION)
        if answer.reason == "merged":
            records.append(("lemmas", row))
        else:
            records += [("proofs", proof), ("lemmas", row)]
            records += _edges(state, in_round, lemma, proposal.needed, staged)
            records += _answer(state, in_round, lemma)
    return Admission(answers, records)


def _judge(state: State, in_round: int, proposal: Proposal, staged: Staged) -> tuple[Inserted, Lemma | None]:
    """The answer, and the revision to write if there is one."""
    lemma, verdict = proposal.lemma, proposal.verdict

    def refused(reason: InsertReason) -> tuple[Inserted, None]:
        return Inserted(lemma.id, False, reason), None

    if verdict.verdict != "accepted":
        return refused("not_accepted")
    if verdict.trust not in ADMITTED_TRUST:
        return refused("not_audited")
    known = staged.lemmas.get(lemma.id) or state.lemmas.get(lemma.id)
    if known is not None:
        if statement_key(known) != statement_key(lemma):
            raise ValueError(f"two statements were proposed under the lemma id {lemma.id}")
        origins = tuple(dict.fromkeys((*known.origins, *lemma.origins)))
        if known.retired_by is None or state.stands(known.id):
            if origins == known.origins:
                return refused("known")
            return Inserted(lemma.id, False, "merged"), replace(known, revision=known.revision + 1, origins=origins)
    if any(used not in state.definitions for used in lemma.definition_ids):
        return refused("unknown_definition")
    if lemma.id in lemma.uses or lemma.canonical_name in lemma.uses:
        return refused("uses_itself")
    uses = _ids(state, lemma.uses, staged)
    if any(used not in state.lemmas and used not in staged.lemmas for used in uses):
        return refused("unknown_lemma")
    if known is not None:
        if any(used in staged.lemmas for used in uses) or known.id in graph.closure(state.graph, uses):
            return refused("uses_itself")
        back = replace(
            known,
            revision=known.revision + 1,
            origins=tuple(dict.fromkeys((*known.origins, *lemma.origins))),
            proof=lemma.proof,
            uses=uses,
            axioms=verdict.axioms,
            seconds=lemma.seconds,
            attempt_id=lemma.attempt_id,
            prover_version=lemma.prover_version or verdict.prover,
            retired_by=None,
        )
        return Inserted(lemma.id, False, "revived"), back
    admitted = replace(
        lemma,
        revision=1,
        round=0 if proposal.imported else in_round,
        uses=uses,
        definition_ids=tuple(sorted(lemma.definition_ids)),
        dedup_key=lemma.dedup_key or dedup_key(lemma.term),
        axioms=verdict.axioms,
        prover_version=lemma.prover_version or verdict.prover,
        retired_by=None,
    )
    return Inserted(lemma.id, True, "new"), admitted


def _ids(state: State, names: Collection[str], staged: Staged) -> tuple[str, ...]:
    """Ids for ids or canonical names; a name that nothing has stays as it is."""
    found: dict[str, None] = {}
    for name in names:
        lemma = state.lemma_of(name)
        found[lemma.id if lemma is not None else staged.id_of(name)] = None
    return tuple(found)


def _edges(state: State, in_round: int, lemma: Lemma, needed: Collection[str], staged: Staged) -> list[Record]:
    def edge(target: str, target_kind: NodeKind, kind: EdgeKind, confirmed: bool = False) -> Record:
        row = Edge(lemma.id, "lemma", target, target_kind, kind, in_round, lemma.attempt_id, confirmed)
        return "edges", edge_to_row(row)

    def kind_of(parent: str) -> NodeKind:
        if parent in state.requests:
            return "request"
        return "problem" if parent in state.problems else "lemma"

    sure = _ids(state, needed, staged)
    return [
        *(edge(used, "definition", "statement_uses") for used in lemma.definition_ids),
        *(edge(used, "lemma", "proof_uses", used in sure) for used in lemma.uses),
        *(edge(parent, kind_of(parent), "evolved_from") for parent in lemma.parents),
    ]


def _answer(state: State, in_round: int, lemma: Lemma) -> list[Record]:
    """A request for exactly this statement is answered by it."""
    request = state.request_for(lemma)
    if request is None or request.status == "answered":
        return []
    answered = replace(request, status="answered", answered_by=lemma.id)
    row = request_to_row(answered, in_round, state.next_revision("requests", request.id))
    edge = Edge(lemma.id, "lemma", request.id, "request", "answers_request", in_round, lemma.attempt_id)
    return [("requests", row), ("edges", edge_to_row(edge))]
