"""From a proof that a warm session accepted to a lemma in the library: audit, then insert.

Invariant: the library is offered only what an audit accepted as exactly the recorded statement (design, invariant 1),
proved by tactics alone: a text that declares or imports anything would leak into all that is later compiled with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from domain import Candidate, Lemma, Term, Verdict
from library_store.admission import Proposal
from library_store.attempts import Attempt, Request
from library_store.schema import ATTEMPT
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.prove import Proof
from term_algebra.naming import statement_name


class Origin(NamedTuple):
    """Where a lemma comes from: what proposed it, and for whom."""

    source: str
    """What proposed the statement, as the library's column `operator` names it."""
    kind: str
    """What it was proposed for, as the column `origin_kind` names it."""
    problems: tuple[str, ...] = ()
    """Those whose definitions or goals triggered the proposal."""
    parents: tuple[str, ...] = ()
    """Ids of the lemma or request that it was made from."""


def closure(context: RunContext, lemmas: Sequence[Lemma]) -> tuple[Lemma, ...]:
    """The lemmas and all that their proofs use, each after those that it uses."""
    return tuple(context.library.closure([lemma.id for lemma in lemmas])) if lemmas else ()


class Draft(NamedTuple):
    """A proved statement that is to become a lemma."""

    statement: CanonicalStatement
    found: Proof
    origin: Origin
    name: str = ""
    """It is called after what it states if there is none."""


def admit(
    context: RunContext,
    log: AttemptLog,
    statement: CanonicalStatement,
    found: Proof,
    origin: Origin,
    *,
    name: str = "",
) -> Lemma | None:
    """Audits a proved statement and offers it to the library.

    Returns:
        The lemma, if it is in the library now. Its `uses` are the lemmas that its text needs, each seen to be needed;
        of these, only the ones that the audit saw in the proof term become confirmed edges.
    """
    return admit_together(context, log, [Draft(statement, found, origin, name)])[0]


def admit_together(context: RunContext, log: AttemptLog, drafts: Sequence[Draft]) -> list[Lemma | None]:
    """The same for several, each after those on which its proof rests: one batch of audits, which costs less.

    One whose proof rests on a draft that was refused is refused too.
    """
    drafted: dict[str, Lemma] = {}
    before: dict[str, tuple[Lemma, ...]] = {}
    refused: set[str] = set()
    for draft in drafts:
        if not refused.isdisjoint(one.id for one in draft.found.lemmas) or _refused_unseen(context, log, draft):
            refused.add(draft.statement.id)
            continue
        rests_on = [one for one in draft.found.lemmas if one.id in drafted]
        below = [part for one in rests_on for part in (*before[one.id], drafted[one.id])]
        below += closure(context, [one for one in draft.found.lemmas if one.id not in drafted])
        before[draft.statement.id] = tuple({one.id: one for one in below}.values())
        drafted[draft.statement.id] = _lemma(context, log, draft)
    asked = [draft for draft in drafts if draft.statement.id in drafted]
    everything = [*drafted.values(), *(one for below in before.values() for one in below)]
    candidates = [_candidate(context, draft, before[draft.statement.id], everything) for draft in asked]
    verdicts = context.verifier.audit(candidates)
    admitted: dict[str, Lemma | None] = {}
    for draft, verdict in zip(asked, verdicts, strict=True):
        lemma = drafted[draft.statement.id]
        log.audited(verdict, aside=log.kind != "evolve" and log.target != lemma.id)
        rests_on = [one.id for one in draft.found.lemmas if one.id in drafted]
        if any(admitted[identity] is None for identity in rests_on):
            admitted[lemma.id] = None
        elif verdict.reason == "does_not_compile" and draft.found.script is not None:
            admitted[lemma.id] = admit_together(context, log, [draft._replace(found=draft.found.script)])[0]
        else:
            admitted[lemma.id] = _inserted(context, log, draft, lemma, verdict)
    return [admitted.get(draft.statement.id) for draft in drafts]


def _refused_unseen(context: RunContext, log: AttemptLog, draft: Draft) -> bool:
    """Whether a draft is no block of tactics, or reads too much like another lemma."""
    if context.backend.syntax.refuse_block(draft.found.proof):
        log.counts["refused_not_tactics"] += 1
        return True
    if context.settings.deduplication == "difflib":
        stated = context.display(draft.statement.reached).statement(draft.statement.term)
        if context.library.reads_like_another(draft.statement.id, f"{stated}\n{draft.found.proof}"):
            log.counts["refused_alike"] += 1
            return True
    return False


def _candidate(context: RunContext, draft: Draft, before: tuple[Lemma, ...], everything: Sequence[Lemma]) -> Candidate:
    """A draft for its audit, over the definitions of all in the batch: with one header they share processes."""
    statement, proof = draft.statement, draft.found.proof
    preamble = context.preamble(statement.prelude_id, [proof, *(one.proof for one in before)])
    return Candidate(context.alone(statement, everything), proof, before, preamble)


def _lemma(context: RunContext, log: AttemptLog, draft: Draft) -> Lemma:
    """What a draft is as a lemma, but for what its audit says."""
    statement, found, origin = draft.statement, draft.found, draft.origin
    display = context.display(statement.reached)
    return Lemma(
        id=statement.id,
        revision=1,
        prover=context.language,
        name=draft.name or statement_name(statement.term, display.names, display.type_arguments),
        prelude_id=statement.prelude_id,
        definition_ids=statement.reached,
        statement=display.statement(statement.term),
        statement_exact=statement.exact,
        term=statement.term,
        proof=found.proof,
        uses=tuple(used.id for used in found.lemmas),
        dedup_key="",
        origin_kind=origin.kind,
        origins=origin.problems,
        parents=origin.parents,
        operator=origin.source,
        round=0,
        attempt_id=log.id,
        prover_version="",
    )


def _inserted(context: RunContext, log: AttemptLog, draft: Draft, lemma: Lemma, verdict: Verdict) -> Lemma | None:
    """The lemma in the library, if its audit accepted it and the library takes it."""
    if not verdict.accepted:
        return None
    judged = replace(lemma, prover_version=verdict.prover, axioms=verdict.axioms, seconds=verdict.seconds)
    in_term = [used.id for used in draft.found.lemmas if used.canonical_name in verdict.uses]
    (inserted,) = context.library.insert_many([Proposal(judged, verdict, in_term, imported=log.imported)])
    if inserted.refused:
        log.counts[f"refused_{inserted.reason}"] += 1
        return None
    if inserted.new:
        log.count("new", by_model=log.by_model)
        log.harvested[lemma.id] = None
    else:
        log.counts["duplicate"] += 1
    return context.library.get_lemma(lemma.id)


def request(
    context: RunContext,
    log: AttemptLog,
    statement: CanonicalStatement,
    wanted: Sequence[Term],
    origin: Origin,
) -> None:
    """Asks the library for statements that it does not have, best first, up to the settings' number."""
    candidates = [context.statement(term, statement.prelude_id) for term in wanted]
    fresh = [one for one in candidates if one.id != statement.id]
    present = context.library.known([one.id for one in fresh])
    missing = [one for one, have in zip(fresh, present, strict=True) if not have]
    for one in missing[: context.settings.prove.requests]:
        asked = as_request(context, one, origin)
        log.stuck.append(asked.statement)
        log.counts["requested"] += 1
        context.library.add_request(asked)


def as_request(context: RunContext, one: CanonicalStatement, origin: Origin) -> Request:
    """An open request for a statement; the library gives it its round."""
    return Request(
        id=one.id,
        prover=context.language,
        prelude_id=one.prelude_id,
        definition_ids=one.reached,
        statement=context.display(one.reached).statement(one.term),
        statement_exact=one.exact,
        term=one.term,
        origin_kind=origin.kind,
        asked_by=origin.problems,
        operator=origin.source,
        round=0,
    )


def record(context: RunContext, log: AttemptLog) -> Attempt:
    """Writes the attempt that a log has become, and when it ended."""
    attempt = log.attempt()
    context.library.add_attempt(attempt)
    context.library.add_event(ATTEMPT, log.target, attempt_id=log.id)
    return attempt
