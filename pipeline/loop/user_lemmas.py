"""Lemmas of the user's own, from a JSONL file: problems with a `proof`, which `results.jsonl` of `prove` holds too.

Invariant (design, invariant 1): a proof is a claim. It is audited as its author wrote it; then it is put into the names
by content that a library's lemmas have, auxiliary lemmas first, and each of these is admitted by an audit of its own.
What is not taken is named with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datasets.jsonl import parse_object, problem_of, read_lines
from domain import Candidate, Elaboration, Lemma, Problem, UserError, Verdict
from pipeline.loop.admit import Origin, admit
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.llm_prover import by_text, harvest
from pipeline.loop.prove import Proof, Search
from pipeline.loop.stages import QUICK, STOPPED
from pipeline.loop.workers import Workers
from pipeline.proposers.language_model.naming import author_naming

GIVEN = Origin("given", "given")
"""Where a lemma of the user's own comes from."""


class Given(NamedTuple):
    """A line of the file: a lemma as its author wrote it, or why it is none."""

    name: str
    problem: Problem | None
    proof: str = ""
    why: str = ""


def read_given(file: Path) -> list[Given]:
    """The lines of a file of lemmas.

    Raises:
        UserError: a line is malformed, or there is none; the message names it.
    """
    found = [_read(text, f"{file}:{number}") for number, text in read_lines(file)]
    if not found:
        raise UserError(f"{file} holds no lemma: give a problem with a `proof` in each line")
    return found


def _read(text: str, where: str) -> Given:
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


def take_given(context: RunContext, workers: Workers, file: Path) -> list[str]:
    """Takes the lemmas of a file that hold and speak of the problems' definitions; says how many, and which not."""
    refused: list[str] = []

    def refuse(name: str, why: str) -> None:
        refused.append(f"{file}: {name} is not taken: {' '.join(why.split())[:200]}")

    stated: list[tuple[CanonicalStatement, Given, Elaboration]] = []
    given = read_given(file)
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
        elif _admit(context, statement, one, elaboration) is None:
            refuse(one.name, "its proof holds as written, but not over the problems' definitions by tactics alone")
        else:
            taken += 1
    had = len(stated) - len(fresh)
    there = f", {had} were there already" if had else ""
    return [f"{taken} of {len(given)} lemmas of {file} audited and taken{there}", *refused]


def _admit(context: RunContext, statement: CanonicalStatement, given: Given, elaboration: Elaboration) -> Lemma | None:
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
