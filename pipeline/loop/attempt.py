"""One attempt at a problem: refute it, or retrieve, search with automation, ask for lemmas, ask the language model.

A proof that a warm session accepted is put back into the problem's own names, together with the proofs of the library
lemmas that it needs, and audited as one self-contained text against the problem's own statement. Only that counts.
Whatever verified on the way is harvested, also when the theorem failed; goals on which automation got stuck become
requests. Where evolution has proved exactly the problem's statement, without having seen it, that proof is taken.

Invariants: what a model wrote is text to be checked, never a claim about what it proves (design, invariant 1); a lemma
counts as used only if the proof fails without it (design, invariant 8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain import Candidate, Elaboration, Goal, Lemma, Term
from pipeline.loop.admit import Origin, closure, record, request
from pipeline.loop.attempt_log import OUT_OF_TIME, AttemptLog, Result
from pipeline.loop.budget import attempt_seconds
from pipeline.loop.conditional_proof import ConditionalProofs
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.llm_prover import Decomposition, by_model, decompose, formalization
from pipeline.loop.prove import Proof, Screen, Search
from pipeline.loop.refute import refute
from pipeline.loop.repair import repair_candidate, tactics_of
from pipeline.loop.retrieve import for_prompt, rediscovered, retrieve_for_problem
from pipeline.proposers.conjecture import generalisation

REPAIR = "repair"
"""The operator of proofs that their authors began."""


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
        name: of the problem.
        attempt_id: unique in the run.
        number: of the round; the attempt sees the library as it was when the round began, but for conjectures that it
            proves (`pipeline.loop.conditional_proof`).
        seed: of everything random in this attempt.
        before: what became of the last attempt; None if this is the first one.
    """
    settings, elaboration, statement = context.settings, context.elaborations[name], context.of_problem(name)
    log = AttemptLog(attempt_id, "problem", name, operator="automation")

    # Refute it, once.
    if before is None and refute(context, log, elaboration):
        return Result(False, frozenset(), record(context, log).cpu_seconds, refuted=True)

    # Complete the proof that its author has begun.
    begun = elaboration.problem.extra.get("begun") if before is None else None
    if isinstance(begun, str) and _complete(context, log, elaboration, begun):
        return Result(True, frozenset(), record(context, log).cpu_seconds)

    # Retrieve lemmas, and conjectures that may be assumed.
    over = [definition.id for definition in elaboration.definitions]
    stuck = before.stuck if before is not None else ()
    patient = before is not None and before.short_of > 0
    conditional = ConditionalProofs(context, log, over, patient=patient, stuck=stuck)
    lemmas = retrieve_for_problem(context, name, number, seed)
    log.retrieved.update(dict.fromkeys(lemma.id for lemma in lemmas))
    assumed = conditional.assumable(statement, number - 1) if settings.retrieval.order == "ranked" else []
    proved_since = context.library.admitted_by([one.id for one in assumed], number - 1)
    had = frozenset([*(one.id for one in lemmas), *proved_since, *(f"assumed {one.id}" for one in assumed)])
    seconds = attempt_seconds(settings, number, with_lemmas=bool(lemmas or assumed))
    conditional.until = log.prover_seconds + seconds

    # Take the proof of a lemma that states the problem, or search for one with automation.
    proved = _settle_rediscovered(context, log, elaboration, number)
    tried = _is_new(before, had, seconds, last=number == settings.rounds)
    if tried and not proved and settings.prove.scripts:
        most, bare = settings.prove.scripts, before is None or not had
        search = Search(context, log, statement, lemmas, most=most, seconds=seconds, bare=bare, stuck=stuck)
        found = conditional.prove(search, statement, lemmas, assumed)
        proved = found is not None and _settle(context, log, elaboration, found)

    if not proved and conditional.left <= 0:
        log.counts[OUT_OF_TIME] += 1

    # Ask for what it got stuck on.
    asks = settings.prove.requests and settings.prove.scripts and _asks(context, before, had, number)
    if not proved and asks:
        stuck = ask(context, log, statement, name, seed)
    spent = record(context, log).cpu_seconds

    # Ask the language model.
    if not proved and context.model is not None and settings.prove.samples:
        plan = before is None or settings.prove.style == "blocks"
        proved = _ask_model(context, f"{attempt_id}m", elaboration, lemmas, number - 1, seed, plan=plan)

    if tried:
        return Result(proved, had, spent, short_of=seconds if conditional.left <= 0 else 0.0, stuck=stuck)
    return Result(proved, had, 0.0, short_of=before.short_of if before is not None else 0.0, stuck=stuck)


def _is_new(before: Result | None, had: frozenset[str], seconds: float, *, last: bool) -> bool:
    """Whether automation has anything that it had not in the last attempt: lemmas, time, or in the end all scripts."""
    if before is None or before.retrieved != had or 0 < before.short_of < seconds:
        return True
    return last and not had


def _asks(context: RunContext, before: Result | None, had: frozenset[str], number: int) -> bool:
    """Whether stuck goals become requests: at the first attempt that had what the library can offer, once.

    Where problems can expect conjectures that is an attempt with some, or that of the second round.
    """
    asked = before is not None and bool(before.retrieved)
    return not asked and (bool(had) or number == 2 or not context.explores)


def _settle_rediscovered(context: RunContext, log: AttemptLog, elaboration: Elaboration, number: int) -> bool:
    """Whether a lemma that this run found states the problem, and its proof is accepted for it."""
    found = rediscovered(context, elaboration.problem.name, number)
    if found is None:
        return False
    rested_on = dict.fromkeys(lemma.id for lemma in found.lemmas)
    log.retrieved.update(rested_on)
    log.mentioned.update(rested_on)
    return _settle(context, log, elaboration, found)


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


def _complete(context: RunContext, log: AttemptLog, elaboration: Elaboration, begun: str) -> bool:
    """Whether the steps that are missing in a proof are found by the prover's own automation, and that is accepted."""
    problem, settings = elaboration.problem, context.settings.repair
    tactics = (*context.backend.steps.of_header(problem.header), *tactics_of(settings, problem.prover).closing)
    changes = max(settings.changes, sum(step.kind == "gap" for step in context.backend.steps.steps(begun)))
    settings = settings.model_copy(update={problem.prover: tactics, "changes": changes})
    found = repair_candidate(context.verifier, Candidate(problem, begun), settings)
    log.prover_seconds += found.seconds
    return found.proof is not None and _accept(context, log, elaboration, [found.proof], (), REPAIR)


def _settle(context: RunContext, log: AttemptLog, elaboration: Elaboration, found: Proof) -> bool:
    """Audits the self-contained proof in the problem's own names and records the verdict."""
    definitions, preamble = tuple(context.definitions.values()), context.preamble(elaboration.prelude_id)
    ways = [found] if found.script is None else [found, found.script]
    texts = (
        text
        for way in ways
        for text in context.backend.syntax.candidates(
            elaboration, way.proof, closure(context, way.lemmas), definitions, preamble
        )
    )
    return _accept(context, log, elaboration, texts, ways[-1].lemmas, found.source)


def _accept(
    context: RunContext,
    log: AttemptLog,
    elaboration: Elaboration,
    texts: Iterable[str],
    lemmas: Sequence[Lemma],
    source: str,
) -> bool:
    """Whether an audit accepts a text for the problem: the first that the prover reads."""
    problem = elaboration.problem
    text, verdict = "", None
    for text in texts:
        verdict = context.verifier.audit([Candidate(problem, text)])[0]
        log.audited(verdict)
        if verdict.reason != "does_not_compile":
            break
    assert verdict is not None
    if not verdict.accepted:
        log.stuck.extend(message.text for message in verdict.messages[:1])
        return False
    log.proof = text
    used = [lemma.id for lemma in lemmas if lemma.canonical_name in verdict.uses]
    log.uses.update(dict.fromkeys(used))
    context.library.set_problem(
        problem.name,
        "proved",
        reason=verdict.reason,
        proof=text,
        uses=used,
        axioms=verdict.axioms,
        operator=source,
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
