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
from pipeline.loop.admit import closure, lemmas_of, record, request
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.conditional_proof import ConditionalProofs
from pipeline.loop.context import CanonicalStatement, Ports, RunContext
from pipeline.loop.llm_prover import Decomposition, by_model, decompose, formalization
from pipeline.loop.prove import Proof, Screen, Search
from pipeline.loop.refute import refute
from pipeline.loop.retrieve import for_prompt, rediscovered, retrieve_for_problem
from pipeline.loop.scheduler import attempt_seconds
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
    world: RunContext,
    ports: Ports,
    name: str,
    attempt_id: str,
    number: int,
    seed: int,
    before: Result | None,
) -> Result:
    """One try at a problem; everything that came of it is in the library when this returns.

    Args:
        world: of the run.
        ports: to verifier, library and model.
        name: of the problem.
        attempt_id: unique in the run.
        number: of the round; the attempt sees the library as it was when the round began, but for what it proves on
            credit (`pipeline.loop.conditional_proof`).
        seed: of everything random in this attempt.
        before: what became of the last attempt; None if this is the first one.
    """
    settings, elaboration = world.settings.prove, world.elaborations[name]
    ledger = AttemptLog(attempt_id, "problem", name, operator="automation")
    if before is None and refute(world, ports, ledger, elaboration):
        return Result(False, frozenset(), record(ports, ledger).cpu_seconds, refuted=True)
    statement = world.of_problem(name)
    lemmas = retrieve_for_problem(world, ports, name, number, seed)
    over = [definition.id for definition in elaboration.definitions]
    stuck = before.stuck if before is not None else ()
    credit = ConditionalProofs(
        world, ports, ledger, over, patient=before is not None and before.short_of > 0, stuck=stuck
    )
    ranked = world.settings.retrieval.order == "ranked"
    assumed = credit.assumable(statement, number - 1) if ranked else []
    seconds = attempt_seconds(world.settings, number, with_lemmas=bool(lemmas or assumed))
    credit.until = ledger.prover_seconds + seconds
    proved_since = ports.library.query(lemmas_of, [one.id for one in assumed], number - 1)
    had = frozenset([*(one.id for one in lemmas), *proved_since, *(f"assumed {one.id}" for one in assumed)])
    ledger.retrieved.update(dict.fromkeys(lemma.id for lemma in lemmas))
    found = rediscovered(world, ports, name, number)
    if found is not None:
        rested_on = dict.fromkeys(lemma.id for lemma in found.lemmas)
        ledger.retrieved.update(rested_on)
        ledger.mentioned.update(rested_on)
    proved = found is not None and _settle(world, ports, ledger, elaboration, found)
    last = number == world.settings.rounds
    longer = before is not None and 0 < before.short_of < seconds
    tried = before is None or longer or before.retrieved != had or (last and not had)
    if tried and not proved and settings.scripts:
        most, bare = settings.scripts, before is None or not had
        search = Search(world, ports, ledger, statement, lemmas, most=most, seconds=seconds, bare=bare, stuck=stuck)
        found = credit.prove(search, statement, lemmas, assumed)
        proved = found is not None and _settle(world, ports, ledger, elaboration, found)
    asks = not (before and before.retrieved) and (had or number == 2 or not world.explores)
    if not proved and asks and settings.requests and settings.scripts:
        stuck = ask(world, ports, ledger, statement, name, seed)
    spent = record(ports, ledger).cpu_seconds
    if not proved and ports.model is not None and settings.samples:
        ask_for_lemmas = before is None or settings.style == "blocks"
        proved = _ask_model(world, ports, f"{attempt_id}m", elaboration, lemmas, number - 1, seed, plan=ask_for_lemmas)
    short_of = seconds if tried and credit.left <= 0 else before.short_of if before is not None and not tried else 0.0
    return Result(proved, had, spent if tried else 0.0, short_of=short_of, stuck=stuck)


def _ask_model(
    world: RunContext,
    ports: Ports,
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
    name, blocks = elaboration.problem.name, world.settings.prove.style == "blocks"
    ledger = AttemptLog(attempt_id, "problem", name, operator="language_model")
    ledger.model = world.model_card.name if world.model_card else ""
    statement = world.of_problem(name)
    planned = Decomposition()
    if blocks:
        shown = for_prompt(world, ports, elaboration, statement, (), at_round)
        planned = decompose(world, ports, ledger, elaboration, statement, shown, seed)
    shown = for_prompt(world, ports, elaboration, statement, planned.wanted, at_round)
    if world.settings.retrieval.order != "ranked":
        shown = list(lemmas)
    ledger.retrieved.update(dict.fromkeys(lemma.id for lemma in shown))
    asked = formalization(world, elaboration, shown, planned, seed)
    usable = list({lemma.id: lemma for lemma in [*shown, *lemmas]}.values())
    found = by_model(world, ports, ledger, elaboration, statement, usable, asked, seed)
    proved = found is not None and _settle(world, ports, ledger, elaboration, found)
    if not proved and plan and not blocks:
        decompose(world, ports, ledger, elaboration, statement, shown, seed)
    if ledger.prompts:
        record(ports, ledger)
    return proved


def _settle(world: RunContext, ports: Ports, ledger: AttemptLog, elaboration: Elaboration, found: Proof) -> bool:
    """Audits the self-contained proof in the problem's own names and records the verdict."""
    problem = elaboration.problem
    before, definitions = closure(ports, found.lemmas), tuple(world.definitions.values())
    preamble = world.preamble(elaboration.prelude_id)
    text, verdict = "", None
    for text in world.dialect.candidates(elaboration, found.proof, before, definitions, preamble):
        verdict = ports.verifier.audit([Candidate(problem, text)])[0]
        ledger.audited(verdict)
        if verdict.reason != "does_not_compile":
            break
    assert verdict is not None
    if not verdict.accepted:
        ledger.stuck.extend(message.text for message in verdict.messages[:1])
        return False
    ledger.proof = text
    used = [lemma.id for lemma in found.lemmas if lemma.canonical_name in verdict.uses]
    ledger.uses.update(dict.fromkeys(used))
    ports.library.set_problem(
        problem.name,
        "proved",
        reason=verdict.reason,
        proof=text,
        uses=used,
        axioms=verdict.axioms,
        operator=found.operator,
        attempt_id=ledger.id,
    )
    return True


# ---------------------------------------------------------------------------------------------------------- requests


def ask(
    world: RunContext, ports: Ports, ledger: AttemptLog, statement: CanonicalStatement, problem: str, seed: int
) -> tuple[Term, ...]:
    """Turns the goals on which automation got stuck into requests: generalised, tested on ground values, ranked."""
    if not statement.reached:
        return ()
    screen = Screen(world, ports, ledger, statement)

    def replay(prefix: str) -> Sequence[Goal]:
        return ports.verifier.replay(Candidate(screen.problem, prefix, (), screen.preamble)).goals

    automation = world.automation(statement.prelude_id)
    wanted = generalisation.requests(statement.term, automation, replay, seed=seed)
    request(world, ports, ledger, statement, wanted, problem, "goal_surgery")
    return tuple(wanted[: world.settings.prove.requests])
