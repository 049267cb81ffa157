"""From a proof that a warm session accepted to a lemma in the library: audit, then insert.

Invariant: the library is offered only what an audit accepted as exactly the recorded statement (design, invariant 1),
proved by tactics alone: a text that declares or imports anything would leak into all that is later compiled with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain import Attempt, Candidate, Lemma, Request, Term, Verdict
from library_store.admission import Proposal
from library_store.deduplication import alike
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement, Ports, RunContext
from pipeline.loop.prove import Proof


def known(library: Any, identities: Sequence[str]) -> list[bool]:
    """Which of these statements are lemmas already that no recheck refused (run in the library's own process)."""
    return [library.trust.get(identity, "none") != "none" for identity in identities]


def lemmas_of(library: Any, identities: Sequence[str], at_round: int) -> list[str]:
    """Those of these statements that were lemmas after a round (run in the library's own process)."""
    return [one for one in identities if one in library.lemmas and library.lemmas[one].round <= at_round]


def closure(ports: Ports, lemmas: Sequence[Lemma]) -> tuple[Lemma, ...]:
    """The lemmas and all that their proofs use, each after those that it uses."""
    return tuple(ports.library.closure([lemma.id for lemma in lemmas])) if lemmas else ()


def admit(
    world: RunContext,
    ports: Ports,
    ledger: AttemptLog,
    statement: CanonicalStatement,
    found: Proof,
    *,
    operator: str,
    origin_kind: str,
    origins: Sequence[str],
    parents: Sequence[str] = (),
    name: str = "",
) -> Lemma | None:
    """Audits a proved statement and offers it to the library; without a `name` it gets a readable one.

    Returns:
        The lemma, if it is in the library now. Its `uses` are the lemmas that its text needs, each seen to be needed;
        of these, only the ones that the audit saw in the proof term become confirmed edges.
    """
    if world.dialect.refuse_block(found.proof):
        ledger.counts["refused_not_tactics"] += 1
        return None
    display = world.display(statement.reached)
    if world.settings.deduplication == "difflib":
        text = f"{display.statement(statement.term)}\n{found.proof}"
        if ports.library.query(_present, statement.id, text):
            ledger.counts["refused_alike"] += 1
            return None
    before = closure(ports, found.lemmas)
    candidate = Candidate(world.alone(statement, before), found.proof, before, world.preamble(statement.prelude_id))
    verdict: Verdict = ports.verifier.audit([candidate])[0]
    ledger.audited(verdict, aside=ledger.kind != "evolve" and ledger.target != statement.id)
    if not verdict.accepted:
        return None
    lemma = Lemma(
        id=statement.id,
        revision=1,
        prover=world.language,
        name=name or display.name(statement.term, statement.id),
        prelude_id=statement.prelude_id,
        definition_ids=statement.reached,
        statement=display.statement(statement.term),
        statement_exact=statement.exact,
        term=statement.term,
        proof=found.proof,
        uses=tuple(used.id for used in found.lemmas),
        dedup_key="",
        origin_kind=origin_kind,
        origins=tuple(origins),
        parents=tuple(parents),
        operator=operator,
        round=0,
        attempt_id=ledger.id,
        prover_version=verdict.prover,
        axioms=verdict.axioms,
        seconds=verdict.seconds,
    )
    in_term = [used.id for used in found.lemmas if used.canonical_name in verdict.uses]
    proposal = Proposal(lemma, verdict, in_term, imported=ledger.imported)
    (inserted,) = ports.library.insert_many([proposal])
    if inserted.refused:
        ledger.counts[f"refused_{inserted.reason}"] += 1
        return None
    if inserted.new:
        ledger.count("new", by_model=ledger.by_model)
        ledger.harvested[lemma.id] = None
    else:
        ledger.counts["duplicate"] += 1
    return ports.library.query(get_lemma, lemma.id)


def request(
    world: RunContext,
    ports: Ports,
    ledger: AttemptLog,
    statement: CanonicalStatement,
    wanted: Sequence[Term],
    problem: str,
    operator: str,
) -> None:
    """Asks the library for statements that it does not have, best first, up to the settings' number."""
    candidates = [world.statement(term, statement.prelude_id) for term in wanted]
    fresh = [one for one in candidates if one.id != statement.id]
    present = ports.library.query(known, [one.id for one in fresh])
    missing = [one for one, have in zip(fresh, present, strict=True) if not have]
    for one in missing[: world.settings.prove.requests]:
        asked = as_request(world, one, asked_by=(problem,), origin_kind="problem", operator=operator)
        ledger.stuck.append(asked.statement)
        ledger.counts["requested"] += 1
        ports.library.add_request(asked)


def as_request(
    world: RunContext, one: CanonicalStatement, *, asked_by: tuple[str, ...], origin_kind: str, operator: str
) -> Request:
    """An open request for a statement; the library gives it its round."""
    return Request(
        id=one.id,
        prover=world.language,
        prelude_id=one.prelude_id,
        definition_ids=one.reached,
        statement=world.display(one.reached).statement(one.term),
        statement_exact=one.exact,
        term=one.term,
        origin_kind=origin_kind,
        asked_by=asked_by,
        operator=operator,
        round=0,
    )


def _present(library: Any, identity: str, text: str) -> bool:
    """Whether another lemma reads almost like this text (run in the library's own process)."""
    return alike(text, (f"{one.statement}\n{one.proof}" for one in library.lemmas.values() if one.id != identity))


def get_lemma(library: Any, identity: str) -> Lemma:
    """A lemma as the library has it (run in the library's own process)."""
    return library.lemmas[identity]


def record(ports: Ports, ledger: AttemptLog) -> Attempt:
    """Writes the attempt that a ledger has become, and when it ended."""
    attempt = ledger.attempt()
    ports.library.add_attempt(attempt)
    ports.library.add_event("attempt", ledger.target, attempt_id=ledger.id)
    return attempt
