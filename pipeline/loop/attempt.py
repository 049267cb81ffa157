"""One attempt at a problem: refute it, or retrieve, try automation and credit, ask the model, repair, harvest, ask.

A proof that a warm session accepted is put back into the problem's own names, together with the proofs of the library
lemmas that it needs, and audited as one self-contained text against the problem's own statement. Only that counts.
Whatever verified on the way is harvested, also when the theorem failed; goals on which automation got stuck become
requests. Where evolution has proved exactly the problem's statement, without having seen it, that proof is taken.

Invariants: what a model wrote is text to be checked, never a claim about what it proves (design, invariant 1); a lemma
counts as used only if the proof fails without it (design, invariant 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain import Candidate, Elaboration, Goal, Lemma, Term
from pipeline.loop.admit import Origin, closure, record, request
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.budget import attempt_seconds
from pipeline.loop.conditional_proof import ConditionalProofs
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.llm_prover import Decomposition, by_model, decompose, formalization
from pipeline.loop.prove import Proof, Screen, Search
from pipeline.loop.refute import refute
from pipeline.loop.retrieve import for_prompt, rediscovered, retrieve_for_problem
from pipeline.proposers.conjecture import generalisation


class Result(NamedTuple):
    """What became of the problem, what the attempt had (ids of lemmas, `assumed ID` of conjectures), and what it cost.

    `cpu_seconds` are without the model's, and 0 where automation had nothing new to try.
    """

    proved: bool
    retrieved: frozenset[str]
    cpu_seconds: float
    refuted: bool = False
    short_of: float = 0.0
    """CPU seconds that automation had, if that was no time for all that it has; otherwise 0."""
    stuck: tuple[Term, ...] = ()
    """What the goals on which automation got stuck asked for, now or in an earlier attempt."""


def attempt(
    context: RunContext,
    name: str,
    attempt_id: str,
    number: int,
    seed: int,
    before: Result | None,
) -> Result:
    """One try at a problem; everything that came of it is in the library when this returns.

    Args:
        context: of the run.
        context: to verifier, library and model.
        name: of the problem.
        attempt_id: unique in the run.
        number: of the round; the attempt sees the library as it was when the round began, but for what it proves on
            credit (`pipeline.loop.conditional_proof`).
        seed: of everything random in this attempt.
        before: what became of the last attempt; None if this is the first one.
    """
    settings, elaboration = context.settings.prove, context.elaborations[name]
    log = AttemptLog(attempt_id, "problem", name, operator="automation")
    if before is None and refute(context, log, elaboration):
        return Result(False, frozenset(), record(context, log).cpu_seconds, refuted=True)
    statement = context.of_problem(name)
    lemmas = retrieve_for_problem(context, name, number, seed)
    over = [definition.id for definition in elaboration.definitions]
    stuck = before.stuck if before is not None else ()
    credit = ConditionalProofs(context, log, over, patient=before is not None and before.short_of > 0, stuck=stuck)
    ranked = context.settings.retrieval.order == "ranked"
    assumed = credit.assumable(statement, number - 1) if ranked else []
    seconds = attempt_seconds(context.settings, number, with_lemmas=bool(lemmas or assumed))
    credit.until = log.prover_seconds + seconds
    proved_since = context.library.admitted_by([one.id for one in assumed], number - 1)
    had = frozenset([*(one.id for one in lemmas), *proved_since, *(f"assumed {one.id}" for one in assumed)])
    log.retrieved.update(dict.fromkeys(lemma.id for lemma in lemmas))
    found = rediscovered(context, name, number)
    if found is not None:
        rested_on = dict.fromkeys(lemma.id for lemma in found.lemmas)
        log.retrieved.update(rested_on)
        log.mentioned.update(rested_on)
    proved = found is not None and _settle(context, log, elaboration, found)
    last = number == context.settings.rounds
    longer = before is not None and 0 < before.short_of < seconds
    tried = before is None or longer or before.retrieved != had or (last and not had)
    if tried and not proved and settings.scripts:
        most, bare = settings.scripts, before is None or not had
        search = Search(context, log, statement, lemmas, most=most, seconds=seconds, bare=bare, stuck=stuck)
        found = credit.prove(search, statement, lemmas, assumed)
        proved = found is not None and _settle(context, log, elaboration, found)
    asks = not (before and before.retrieved) and (had or number == 2 or not context.explores)
    if not proved and asks and settings.requests and settings.scripts:
        stuck = ask(context, log, statement, name, seed)
    spent = record(context, log).cpu_seconds
    if not proved and context.model is not None and settings.samples:
        ask_for_lemmas = before is None or settings.style == "blocks"
        proved = _ask_model(context, f"{attempt_id}m", elaboration, lemmas, number - 1, seed, plan=ask_for_lemmas)
    short_of = seconds if tried and credit.left <= 0 else before.short_of if before is not None and not tried else 0.0
    return Result(proved, had, spent if tried else 0.0, short_of=short_of, stuck=stuck)


def _ask_model(
    context: RunContext,
    attempt_id: str,
    elaboration: Elaboration,
    lemmas: Sequence[Lemma],
    at_round: int,
    seed: int,
    *,
    plan: bool,
) -> bool:
    """The model's part of an attempt, recorded apart so that its share of everything can be told.

    In the style `blocks` (LEGO-Prover's) it plans first, and what it asks for is retrieved for the proof that follows;
    otherwise it is asked for lemmas when its proofs failed.
    """
    name, blocks = elaboration.problem.name, context.settings.prove.style == "blocks"
    log = AttemptLog(attempt_id, "problem", name, operator="language_model")
    log.model = context.model_card.name if context.model_card else ""
    statement = context.of_problem(name)
    planned = Decomposition()
    if blocks:
        shown = for_prompt(context, elaboration, statement, (), at_round)
        planned = decompose(context, log, elaboration, statement, shown, seed)
    shown = for_prompt(context, elaboration, statement, planned.wanted, at_round)
    if context.settings.retrieval.order != "ranked":
        shown = list(lemmas)
    log.retrieved.update(dict.fromkeys(lemma.id for lemma in shown))
    asked = formalization(context, elaboration, shown, planned, seed)
    usable = list({lemma.id: lemma for lemma in [*shown, *lemmas]}.values())
    found = by_model(context, log, elaboration, statement, usable, asked, seed)
    proved = found is not None and _settle(context, log, elaboration, found)
    if not proved and plan and not blocks:
        decompose(context, log, elaboration, statement, shown, seed)
    if log.prompts:
        record(context, log)
    return proved


def _settle(context: RunContext, log: AttemptLog, elaboration: Elaboration, found: Proof) -> bool:
    """Audits the self-contained proof in the problem's own names and records the verdict."""
    problem = elaboration.problem
    before, definitions = closure(context, found.lemmas), tuple(context.definitions.values())
    preamble = context.preamble(elaboration.prelude_id)
    text, verdict = "", None
    for text in context.backend.syntax.candidates(elaboration, found.proof, before, definitions, preamble):
        verdict = context.verifier.audit([Candidate(problem, text)])[0]
        log.audited(verdict)
        if verdict.reason != "does_not_compile":
            break
    assert verdict is not None
    if not verdict.accepted:
        log.stuck.extend(message.text for message in verdict.messages[:1])
        return False
    log.proof = text
    used = [lemma.id for lemma in found.lemmas if lemma.canonical_name in verdict.uses]
    log.uses.update(dict.fromkeys(used))
    context.library.set_problem(
        problem.name,
        "proved",
        reason=verdict.reason,
        proof=text,
        uses=used,
        axioms=verdict.axioms,
        operator=found.operator,
        attempt_id=log.id,
    )
    return True


# ---------------------------------------------------------------------------------------------------------- requests


def ask(
    context: RunContext, log: AttemptLog, statement: CanonicalStatement, problem: str, seed: int
) -> tuple[Term, ...]:
    """Turns the goals on which automation got stuck into requests: generalised, tested on ground values, ranked."""
    if not statement.reached:
        return ()
    screen = Screen(context, log, statement)

    def replay(prefix: str) -> Sequence[Goal]:
        return context.verifier.replay(Candidate(screen.problem, prefix, (), screen.preamble)).goals

    automation = context.automation(statement.prelude_id)
    wanted = generalisation.requests(statement.term, automation, replay, seed=seed)
    request(context, log, statement, wanted, Origin("goal_surgery", "problem", (problem,)))
    return tuple(wanted[: context.settings.prove.requests])
