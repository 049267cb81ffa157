"""The library of another run, or lemmas of the user's own: they enter as any lemma does, by an audit of this run's own.

Invariant (design, invariant 1): what the other run's files say of a lemma is not believed: not its verdict, not its
identity, not how its statement reads. Lemmas that this run could not use, because it has not all definitions that they
or their proofs speak of, or whose proofs are more than tactics, or that a recheck refused, are left out. Where a lemma
comes from (its name, origins, parents, operator) is the other run's claim.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from domain import Candidate, Const, Lemma, UserError, Verdict
from library_store.admission import Proposal
from library_store.snapshot import read as read_tables
from library_store.state import REFUSED
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.user_lemmas import read_given, take_given
from pipeline.loop.workers import Workers
from verifiers.canonical import lemma_id

_NAME = re.compile(r"[\w.']{1,200}")


def import_library(context: RunContext, workers: Workers, source: Path, at_round: int | None = None) -> list[str]:
    """Audits the lemmas of a run as it was after a round (its last one by default), or of a file; inserts the accepted.

    Returns lines that say how many, and of a file which not and why.
    """
    return take_given(context, workers, source) if source.is_file() else [_of_run(context, workers, source, at_round)]


def check_library(source: Path, at_round: int | None) -> None:
    """Raises `UserError` if a run that begins now could not read `source`."""
    if source.is_file():
        read_given(source)
        if at_round is not None:
            raise UserError(f"library {source}: a file of lemmas has no rounds: leave --at-round (library_round) out")
    elif not source.exists():
        raise UserError(f"library {source}: no such file or directory")
    elif not (source / "rounds").is_dir():
        raise UserError(f"library {source}: neither a run directory with a finished round nor a JSONL file of lemmas")


def _of_run(context: RunContext, workers: Workers, source: Path, at_round: int | None) -> str:
    tables = read_tables(source, at_round)
    offered = list(tables.lemmas.values())
    if not offered:
        results = source / "results.jsonl"
        proved = (
            f"; the problems that it proved are in {results}, which --library takes too" if results.is_file() else ""
        )
        return f"0 lemmas of {source} audited and taken: it has none{proved}"
    here = workers.library.all_lemmas()
    known = {lemma.id for lemma in here}
    usable = _usable(context, [lemma for lemma in offered if lemma.id not in known], known)
    candidates = [_candidate(context, lemma, [*here, *usable]) for lemma in usable]
    verdicts: list[Verdict] = workers.ask_verifiers("audit", candidates)
    proposals = [Proposal(lemma, verdict, imported=True) for lemma, verdict in zip(usable, verdicts, strict=True)]
    inserted = workers.library.insert_many(proposals)
    for one, lemma in zip(inserted, usable, strict=True):
        if lemma.retired_by is not None and not one.refused:
            workers.library.retire(lemma.id, lemma.retired_by)
    taken = sum(one.new for one in inserted)
    refused = f", {len(usable) - taken} not accepted" if taken < len(usable) else ""
    left = len(offered) - len(usable) - len(known & {lemma.id for lemma in offered})
    return f"{taken} lemmas of {source} audited and taken{refused}" + (
        f", {left} over other definitions, or not what they claim to be" if left else ""
    )


def _usable(context: RunContext, lemmas: Sequence[Lemma], known: Collection[str]) -> list[Lemma]:
    """Those over this run's definitions, with the identity that their statement has, and whose lemmas are there too.

    Each is described anew: what the other run recorded beside statement and proof may say anything.
    """
    found: dict[str, Lemma] = {}
    for lemma in lemmas:
        if lemma.prover != context.language or lemma.prelude_id not in context.preludes or lemma.retired_by == REFUSED:
            continue
        over = {one.id for one in context.over(lemma.prelude_id)}
        if not set(lemma.definition_ids) <= over or context.backend.syntax.refuse_block(lemma.proof):
            continue
        stated = context.statement(lemma.term, lemma.prelude_id)
        # Where a statement could not be read, its term is the text itself, in parentheses.
        written = {stated.exact, stated.exact[1:-1]} if isinstance(lemma.term, Const) else {stated.exact}
        if lemma.statement_exact not in written:
            continue
        named = lemma_id(lemma.prelude_id, stated.reached, lemma.statement_exact, context.language)
        if named == lemma.id and all(used in found or used in known for used in lemma.uses):
            display = context.display(stated.reached)
            found[lemma.id] = replace(
                lemma,
                name=lemma.name if _NAME.fullmatch(lemma.name) else display.name(stated.term, lemma.id),
                definition_ids=stated.reached,
                statement=display.statement(stated.term),
                term=stated.term,
                dedup_key="",
                prover_version="",
            )
    return list(found.values())


def _candidate(context: RunContext, lemma: Lemma, present: Sequence[Lemma]) -> Candidate:
    """The lemma with all that its proof uses; of `present`, each comes after those that it uses."""
    wanted = {lemma.id}
    for other in reversed(present):
        wanted |= set(other.uses) if other.id in wanted else set[str]()
    before = tuple(other for other in present if other.id in wanted and other.id != lemma.id)
    statement = CanonicalStatement.of(lemma)
    return Candidate(context.alone(statement, before), lemma.proof, before, context.preamble(lemma.prelude_id))
