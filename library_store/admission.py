"""What may enter the library, and the rows that its entry writes.

Nothing enters without an accepted verdict of trust `audited` or `rechecked` (design, invariants 1 and 11): a verdict of
a warm session or of a stand-in is refused whatever it claims. A lemma names only lemmas and definitions that are in
already, and one that comes back with another proof rests on nothing that rests on it, so dependencies have no cycle.
Nothing rests on a lemma that a recheck refused. Identity is by id; a known statement gains at most origins. A lemma has
the trust of the proof that it has: that of another proof says nothing of it.

A lemma's name says what it states and is for people: a proposal brings the name that it wishes, and where another lemma
has it a number is added, so names differ and stay. What provers read has names made of ids (`Lemma.canonical_name`),
which mean the same in every library; a name for people could hide one of a header's or of the prover's own there.
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
    "on_refused",
]


class Inserted(NamedTuple):
    """What became of a proposal. `new`: the statement was not in the library before.

    `revived`: it was retired and nothing in retrieval subsumes it; it is back with the proposal's proof.
    `on_refused`: its proof rests on a lemma that a recheck refused.
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
    run begins with, hence is of round 0, and stays retired there if what retired it stands here.
    """

    lemma: Lemma
    verdict: Verdict
    needed: Collection[str] = ()
    imported: bool = False


class Staged:
    """The library as it will be once the lemmas of a group are in it that are admitted so far."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.lemmas: dict[str, Lemma] = {}
        self.trust: dict[str, str] = {}
        self._retired_by: dict[str, str | None] = {}
        self._ids: dict[str, str] = {}
        self.names: set[str] = set()

    def add(self, lemma: Lemma, trust: str) -> None:
        """A lemma, or another revision of one."""
        self.lemmas[lemma.id] = lemma
        self.trust[lemma.id] = trust
        self._retired_by[lemma.id] = lemma.retired_by
        self._ids[lemma.canonical_name] = lemma.id
        self.names.add(lemma.name)

    def get(self, identity: str) -> Lemma | None:
        return self.lemmas.get(identity) or self.state.lemmas.get(identity)

    def ids(self, names: Collection[str]) -> tuple[str, ...]:
        """Ids for ids or canonical names; a name that nothing has stays as it is."""
        found: dict[str, None] = {}
        for name in names:
            lemma = self.state.lemma_of(name)
            found[lemma.id if lemma is not None else self._ids.get(name, name)] = None
        return tuple(found)

    def closure(self, identities: Iterable[str]) -> set[str]:
        """These lemmas and all that their proofs use."""
        found: set[str] = set()
        waiting = [*identities]
        while waiting:
            at = waiting.pop()
            lemma = self.get(at)
            if lemma is not None and at not in found:
                found.add(at)
                waiting += lemma.uses
        return found

    def refused(self, identity: str) -> bool:
        return identity not in self.lemmas and self.state.refused(identity)

    def stands(self, identity: str) -> bool:
        return self.state.stands(identity, self._retired_by)


class Admission(NamedTuple):
    """One answer for each proposal, in order, and the rows to write."""

    answers: list[Inserted]
    records: list[Record]


def admit(state: State, in_round: int, proposals: Iterable[Proposal]) -> Admission:
    """Judge proposals in order, each knowing those before it. Changes nothing."""
    staged = Staged(state)
    answers: list[Inserted] = []
    revisions: list[tuple[Inserted, Proposal, Lemma, str]] = []
    for proposal in proposals:
        answer, lemma = _judge(in_round, proposal, staged)
        answers.append(answer)
        if lemma is not None:
            trust = proposal.verdict.trust
            if answer.reason == "merged":
                trust = staged.trust.get(lemma.id) or state.trust[lemma.id]
            staged.add(lemma, trust)
            revisions.append((answer, proposal, lemma, trust))
    records: list[Record] = []

    def write(lemma: Lemma, trust: str, *, proof: bool = False) -> None:
        row, proof_row = lemma_to_rows(lemma, in_round, trust=trust, dedup_version=DEDUP_VERSION)
        records.extend([("proofs", proof_row), ("lemmas", row)] if proof else [("lemmas", row)])

    # What rests on a lemma that is back with another proof was not rechecked with that one.
    shaken = graph.resting_on(state.graph, [answer.id for answer in answers if answer.reason == "revived"])
    for one in sorted(shaken - staged.lemmas.keys()):
        if state.trust.get(one) == "rechecked":
            write(replace(state.lemmas[one], revision=state.lemmas[one].revision + 1), "audited")
    for answer, proposal, lemma, trust in revisions:
        if answer.reason == "merged":
            write(lemma, "audited" if trust == "rechecked" and lemma.id in shaken else trust)
        else:
            written = lemma if staged.stands(lemma.id) else replace(lemma, retired_by=None)
            write(written, trust, proof=True)
            records += _edges(staged, in_round, written, proposal.needed)
            records += _answer(state, in_round, written)
    return Admission(answers, records)


def _judge(in_round: int, proposal: Proposal, staged: Staged) -> tuple[Inserted, Lemma | None]:
    """The answer, and the revision to write if there is one."""
    lemma, verdict, state = proposal.lemma, proposal.verdict, staged.state

    def refused(reason: InsertReason) -> tuple[Inserted, None]:
        return Inserted(lemma.id, False, reason), None

    if verdict.verdict != "accepted":
        return refused("not_accepted")
    if verdict.trust not in ADMITTED_TRUST:
        return refused("not_audited")
    known = staged.get(lemma.id)
    if known is not None:
        if statement_key(known) != statement_key(lemma):
            raise ValueError(f"two statements were proposed under the lemma id {lemma.id}")
        origins = tuple(dict.fromkeys((*known.origins, *lemma.origins)))
        if staged.stands(known.id) and not staged.refused(known.id):
            if origins == known.origins:
                return refused("known")
            return Inserted(lemma.id, False, "merged"), replace(known, revision=known.revision + 1, origins=origins)
    if any(used not in state.definitions for used in lemma.definition_ids):
        return refused("unknown_definition")
    if lemma.id in lemma.uses or lemma.canonical_name in lemma.uses:
        return refused("uses_itself")
    uses = staged.ids(lemma.uses)
    if any(staged.get(used) is None for used in uses):
        return refused("unknown_lemma")
    below = staged.closure(uses)
    if lemma.id in below:
        return refused("uses_itself")
    if any(staged.refused(used) for used in below):
        return refused("on_refused")
    if known is not None:
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
        name=state.free_name(lemma.name, staged.names),
        round=0 if proposal.imported else in_round,
        uses=uses,
        definition_ids=tuple(sorted(lemma.definition_ids)),
        dedup_key=lemma.dedup_key or dedup_key(lemma.term),
        axioms=verdict.axioms,
        prover_version=lemma.prover_version or verdict.prover,
        retired_by=lemma.retired_by if proposal.imported else None,
    )
    return Inserted(lemma.id, True, "new"), admitted


def _edges(staged: Staged, in_round: int, lemma: Lemma, needed: Collection[str]) -> list[Record]:
    state = staged.state

    def edge(target: str, target_kind: NodeKind, kind: EdgeKind, confirmed: bool = False) -> Record:
        row = Edge(lemma.id, "lemma", target, target_kind, kind, in_round, lemma.attempt_id, confirmed)
        return "edges", edge_to_row(row)

    def kind_of(parent: str) -> NodeKind:
        if parent in state.requests:
            return "request"
        return "problem" if parent in state.problems else "lemma"

    sure = staged.ids(needed)
    general = [lemma.retired_by] if lemma.retired_by is not None and staged.get(lemma.retired_by) is not None else []
    return [
        *(edge(used, "definition", "statement_uses") for used in lemma.definition_ids),
        *(edge(used, "lemma", "proof_uses", used in sure) for used in lemma.uses),
        *(edge(parent, kind_of(parent), "evolved_from") for parent in lemma.parents),
        *(edge(one, "lemma", "subsumed_by") for one in general),
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
