"""What a run begins with: the library of another run, or lemmas of the user's own from a JSONL file.

Such a file has problems with a `proof`, which `results.jsonl` of `prove` holds too.

Invariant (design, invariant 1): all of them enter as any lemma does, by an audit of this run's own. What the other
run's files say of a lemma is not believed: not its verdict, not its identity, not how its statement reads. Lemmas that
this run could not use, because it has not all definitions that they or their proofs speak of, or whose proofs are more
than tactics, or that a recheck refused, are left out. Where a lemma comes from (its name, origins, parents, operator)
is the other run's claim. A user's proof is audited as its author wrote it; then it is put into the names by content
that a library's lemmas have, auxiliary lemmas first, and each of these is admitted by an audit of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from datasets.jsonl import parse_object, problem_of, read_lines
from domain import Candidate, Const, Elaboration, Lemma, Problem, UserError, Verdict
from library_store.admission import Proposal
from library_store.snapshot import read as read_tables
from library_store.state import REFUSED
from library_store.tables import manifests
from pipeline.loop.admit import Origin, admit
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.llm_prover import by_text, harvest
from pipeline.loop.prove import Proof, Search
from pipeline.loop.stages import QUICK, STOPPED
from pipeline.loop.workers import Workers
from pipeline.proposers.language_model.naming import author_naming
from term_algebra.naming import statement_name
from verifiers.canonical import lemma_id

_NAME = re.compile(r"[\w.']{1,200}")

GIVEN = Origin("given", "given")
"""Where a lemma of the user's own comes from."""


def import_library(context: RunContext, workers: Workers, source: Path, at_round: int | None = None) -> list[str]:
    """Audits the lemmas of a run as it was after a round (its last one by default), or of a file; inserts the accepted.

    Returns lines that say how many, and of a file which not and why.
    """
    return _of_file(context, workers, source) if source.is_file() else [_of_run(context, workers, source, at_round)]


def check_library(source: Path, at_round: int | None) -> None:
    """Raises `UserError` if a run that begins now could not read `source`."""
    if source.is_file():
        _read_file(source)
        if at_round is not None:
            raise UserError(f"library {source}: a file of lemmas has no rounds: leave --at-round (library_round) out")
    elif not source.exists():
        raise UserError(f"library {source}: no such file or directory")
    elif not (source / "rounds").is_dir():
        raise UserError(f"library {source}: neither a run directory with a finished round nor a JSONL file of lemmas")
    else:
        manifests(source)


# ---------------------------------------------------------------------------------------------- another run's library


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
                name=lemma.name
                if _NAME.fullmatch(lemma.name)
                else statement_name(stated.term, display.names, display.type_arguments),
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


# ---------------------------------------------------------------------------------------------------- a user's lemmas


class Given(NamedTuple):
    """A line of the file: a lemma as its author wrote it, or why it is none."""

    name: str
    problem: Problem | None
    proof: str = ""
    why: str = ""


def _read_file(file: Path) -> list[Given]:
    """The lines of a file of lemmas.

    Raises:
        UserError: a line is malformed, or there is none; the message names it.
    """
    found = [_read_line(text, f"{file}:{number}") for number, text in read_lines(file)]
    if not found:
        raise UserError(f"{file} holds no lemma: give a problem with a `proof` in each line")
    return found


def _read_line(text: str, where: str) -> Given:
    record = parse_object(text, where)
    name = str(record.get("name") or where)
    status = record.get("status", "proved")
    if status != "proved":
        return Given(name, None, why=f"it is {status}")
    if record.get("proof") is None:
        return Given(name, None, why="it has no proof")
    problem = problem_of(record, where)
    if not isinstance(record["proof"], str):
        raise UserError(f"{where}: field `proof`: expected the text of a proof")
    return Given(name, problem, record["proof"])


def _of_file(context: RunContext, workers: Workers, file: Path) -> list[str]:
    """Takes the lemmas of a file that hold and speak of the problems' definitions; says how many, and which not."""
    refused: list[str] = []

    def refuse(name: str, why: str) -> None:
        refused.append(f"{file}: {name} is not taken: {' '.join(why.split())[:200]}")

    stated: list[tuple[CanonicalStatement, Given, Elaboration]] = []
    given = _read_file(file)
    readable = [one for one in given if one.problem is not None and one.problem.prover == context.language]
    elaborated = iter(workers.ask_verifiers("elaborate", [one.problem for one in readable]))
    for one in given:
        if one.problem is None or one.problem.prover != context.language:
            refuse(one.name, one.why or f"it is for another prover than the problems, which are for {context.language}")
            continue
        answer = next(elaborated)
        if isinstance(answer, Verdict):
            refuse(one.name, f"its statement is not read: {_said(answer)}")
        elif answer.prelude_id not in context.members:
            refuse(one.name, "no problem has the imports, notations, … of its header")
        elif not set(answer.reached) <= set(context.members[answer.prelude_id]):
            refuse(one.name, "no problem has its definitions")
        else:
            statement = context.statement(answer.statement, answer.prelude_id)
            stated.append((statement, one, answer))
    present = workers.library.known([statement.id for statement, _, _ in stated])
    fresh = [one for one, have in zip(stated, present, strict=True) if not have]
    audits = [Candidate(elaboration.problem, one.proof) for _, one, elaboration in fresh]
    taken = 0
    for (statement, one, elaboration), verdict in zip(fresh, workers.ask_verifiers("audit", audits), strict=True):
        if not verdict.accepted:
            refuse(one.name, _said(verdict))
        elif _admitted(context, statement, one, elaboration) is None:
            refuse(one.name, "its proof holds as written, but not over the problems' definitions by tactics alone")
        else:
            taken += 1
    had = len(stated) - len(fresh)
    there = f", {had} were there already" if had else ""
    return [f"{taken} of {len(given)} lemmas of {file} audited and taken{there}", *refused]


def _admitted(
    context: RunContext, statement: CanonicalStatement, given: Given, elaboration: Elaboration
) -> Lemma | None:
    """The lemma in the library, with the author's proof, or if that cannot be carried over with one by automation."""
    log = AttemptLog("", "evolve", given.name, operator="given", imported=True)
    for found in _carried_over(context, log, statement, given, elaboration):
        lemma = admit(context, log, statement, found, GIVEN, name=given.name)
        if lemma is not None:
            return lemma
    return None


def _carried_over(
    context: RunContext,
    log: AttemptLog,
    statement: CanonicalStatement,
    given: Given,
    elaboration: Elaboration,
) -> Iterator[Proof]:
    """Proofs of the statement in canonical names, best first."""
    language, automation = context.backend.prompts, context.settings.evolve
    inward = {own: canonical for canonical, own in elaboration.own_names.items()}
    naming = author_naming(elaboration.problem.formal_statement, statement.term, inward, language)
    admitted: dict[str, Lemma] = {}
    for text in dict.fromkeys([*language.proofs(given.proof), given.proof]):
        proof, auxiliary = harvest(context, log, statement, naming.proof(text), (), GIVEN)
        admitted |= {lemma.id: lemma for lemma in auxiliary}
        found = by_text(context, log, statement, proof, auxiliary)
        if found is not None:
            yield found
    lemmas = list(admitted.values())
    search = Search(context, log, statement, lemmas, most=automation.scripts, seconds=automation.cpu_seconds)
    found = search.run(*QUICK, STOPPED)
    if found is not None:
        yield found


def _said(verdict: Verdict) -> str:
    message = next((one.text for one in verdict.messages if one.level == "error"), "")
    return f"{verdict.reason.replace('_', ' ')}{': ' if message else ''}{message}"
