"""One step of evolution: explore a signature, answer a request, or let the model evolve a lemma.

Each step ends in lemmas that were audited and inserted, or in a request's new state; the attempt that records it says
what was proposed and what became of it.

Invariant: a statement is tested on ground values before any proof effort, and enters the library only through
`pipeline.loop.admit.admit`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from domain import Elaboration, Lemma, Request, Term
from pipeline.loop.admit import admit, as_request, get_lemma, known, record
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.conditional_proof import ConditionalProofs
from pipeline.loop.context import CanonicalStatement, Ports, RunContext, Signature
from pipeline.loop.llm_prover import by_model, by_text, limits, read_statements
from pipeline.loop.prove import Search
from pipeline.loop.retrieve import for_prompt, retrieve
from pipeline.loop.scheduler import Action, patient
from pipeline.proposers.conjecture import exploration, testing
from pipeline.proposers.language_model import prompting


class Evolved(NamedTuple):
    """How many lemmas a step made that are new, and its CPU seconds, the prover's included."""

    new: int
    cpu_seconds: float


def evolve(world: RunContext, ports: Ports, action: Action, attempt_id: str, seed: int) -> Evolved:
    """Runs one step."""
    ledger = AttemptLog(attempt_id, "evolve", action.target, operator=action.operator)
    ledger.model = world.model_card.name if action.use_model and world.model_card else ""
    match action.kind:
        case "explore":
            _explore(world, ports, ledger, action.target)
        case "solve_request":
            ledger.kind = "request"
            _solve_request(world, ports, ledger, action.target, seed, use_model=action.use_model)
        case "evolve":
            _evolve_lemma(world, ports, ledger, action, seed)
        case "prove":
            raise ValueError("problems are attempted, not evolved")
    return Evolved(ledger.counts["new"], record(ports, ledger).cpu_seconds)


# ------------------------------------------------------------------------------------------------------- exploration


def _explore(world: RunContext, ports: Ports, ledger: AttemptLog, key: str) -> None:
    """Equations that hold on all tested values over the functions of a signature: kept, then proved smallest first.

    The tested values depend on the signature and the run's seed alone, whenever and for whom it is explored. The first
    exploration proves nothing: what it found may be assumed by proofs on credit. Each later one tries to prove some
    more of it, and again what it could not prove before.
    """
    signature = world.signatures[key]
    seed = random.Random(f"{world.settings.seed} {signature.shape}").randrange(2**31)
    conjectures = exploration.explore([world.definitions[name] for name in signature.definition_ids], seed=seed)
    ledger.counts["conjectures"] += len(conjectures)
    times = ports.library.query(_tries, key)
    _keep(world, ports, signature, conjectures)
    within = conjectures[: times * world.settings.evolve.conjectures]
    for statement in _unknown(world, ports, within, signature.prelude_id):
        _prove_and_admit(
            world,
            ports,
            ledger,
            statement,
            operator="exploration",
            origin_kind="definitions",
            origins=signature.problems,
            visible=signature.definition_ids,
        )


def _keep(world: RunContext, ports: Ports, signature: Signature, conjectures: Sequence[Term]) -> None:
    """Makes conjectures known to the library, as open requests that came from a signature's definitions."""
    statements = [world.statement(term, signature.prelude_id) for term in conjectures]
    ports.library.add_conjectures(
        [
            as_request(world, one, asked_by=signature.problems, origin_kind="definitions", operator="exploration")
            for one in statements
        ]
    )


def _tries(library: Any, target: str) -> int:
    """How many steps worked on a target (run in the library's own process)."""
    return library.attempts_on[target]


def _unknown(world: RunContext, ports: Ports, terms: Sequence[Term], prelude_id: str) -> list[CanonicalStatement]:
    statements = [world.statement(term, prelude_id) for term in terms]
    present = ports.library.query(known, [statement.id for statement in statements])
    return [statement for statement, have in zip(statements, present, strict=True) if not have]


def _prove_and_admit(
    world: RunContext,
    ports: Ports,
    ledger: AttemptLog,
    statement: CanonicalStatement,
    *,
    operator: str,
    origin_kind: str,
    origins: Sequence[str],
    visible: Sequence[str],
    parents: Sequence[str] = (),
    written: str = "",
) -> Lemma | None:
    """Proves a new statement, by what the model wrote for it if it did, otherwise by automation, and offers it."""
    lemmas = retrieve(world, ports, statement, visible, world.settings.prove.lemmas)
    ledger.retrieved.update(dict.fromkeys(lemma.id for lemma in lemmas))
    found = by_text(world, ports, ledger, statement, written, lemmas) if written else None
    if found is None:
        most, seconds = world.settings.evolve.scripts, world.settings.evolve.cpu_seconds
        found = Search(world, ports, ledger, statement, lemmas, most=most, seconds=seconds).quickly()
    if found is None:
        ledger.counts["unproved"] += 1
        return None
    return admit(
        world,
        ports,
        ledger,
        statement,
        found,
        operator=operator,
        origin_kind=origin_kind,
        origins=origins,
        parents=parents,
    )


# ---------------------------------------------------------------------------------------------------------- requests


def get_request(library: Any, identity: str) -> Request:
    """A request as the library has it (run in the library's own process)."""
    return library.requests[identity]


def _solve_request(
    world: RunContext, ports: Ports, ledger: AttemptLog, identity: str, seed: int, *, use_model: bool
) -> None:
    request: Request = ports.library.query(get_request, identity)
    statement = CanonicalStatement.of(request)
    problem = world.elaborations[request.asked_by[0]]
    visible = [definition.id for definition in problem.definitions]
    lemmas = retrieve(world, ports, statement, visible, world.settings.prove.lemmas)
    wanted = _as_problem(world, problem, statement)
    if use_model:
        lemmas = list({one.id: one for one in [*for_prompt(world, ports, wanted, statement, ()), *lemmas]}.values())
    ledger.retrieved.update(dict.fromkeys(lemma.id for lemma in lemmas))
    if use_model:
        settings = world.settings.prove
        asked = prompting.proof_prompts(
            wanted, lemmas[: settings.prompt_lemmas], limits(world), samples=settings.samples, request=True
        )
        found = by_model(world, ports, ledger, wanted, statement, lemmas, asked, seed)
    elif world.settings.evolve.scripts:
        failures = ports.library.query(_tries, identity)
        seconds = patient(world.settings.evolve.cpu_seconds, failures)
        most = world.settings.prove.scripts
        credit = ConditionalProofs(world, ports, ledger, visible, seconds, patient=failures > 0)
        search = Search(world, ports, ledger, statement, lemmas, most=most, seconds=seconds)
        found = credit.prove(search, statement, lemmas, credit.smaller(statement))
    else:
        found = None
    if found is not None:
        operator = "solve_request" if use_model else request.operator
        lemma = admit(
            world,
            ports,
            ledger,
            statement,
            found,
            operator=operator,
            origin_kind="request",
            origins=request.asked_by,
            parents=(request.id,),
        )
        if lemma is not None:
            ledger.verdict, ledger.reason = "accepted", "proved"
            return
    ports.library.count_try(identity)


def _as_problem(world: RunContext, problem: Elaboration, statement: CanonicalStatement) -> Elaboration:
    """A request in the names of a problem that asked for it, for a prompt."""
    sentence = world.dialect.theorem("goal", statement.exact)
    return Elaboration(
        problem=replace(problem.problem, formal_statement=sentence, informal_prefix=None, informal_proof=None),
        prelude_id=problem.prelude_id,
        prelude=problem.prelude,
        definitions=problem.definitions,
        own_names=problem.own_names,
        statement=statement.term,
        statement_exact=statement.exact,
        reached=statement.reached,
    )


# ---------------------------------------------------------------------------------------------------------- the model


def _evolve_lemma(world: RunContext, ports: Ports, ledger: AttemptLog, action: Action, seed: int) -> None:
    """The model writes statements from a parent lemma; those that hold on tested values go to the prover."""
    parent: Lemma = ports.library.query(get_lemma, action.target)
    home = _home(world, parent)
    if ports.model is None or home is None:
        return
    visible = [definition.id for definition in home.definitions]
    own = CanonicalStatement.of(parent)
    similar = retrieve(world, ports, own, visible, world.settings.prove.prompt_lemmas)
    settings = world.settings.model
    asked = prompting.evolution_prompt(
        action.operator,  # pyright: ignore[reportArgumentType]  (policies draw only the four directions)
        parent,
        home,
        similar,
        limits(world),
    )
    if not asked.prompts:
        return
    prompts = asked.prompts * max(1, world.settings.prove.samples)
    completions = ports.model.generate(
        prompts, max_tokens=settings.max_tokens, temperature=settings.temperature, seed=seed, stop=asked.stop
    )
    ledger.asked(prompts, completions)
    blocks = {block.statement: block for one in completions for block in asked.lemmas(one.text)}
    terms = read_statements(ports, world.goal(own), blocks)
    ledger.wrote(len(blocks), len(terms))
    ledger.by_model = True
    tester = testing.Tester(world.over(parent.prelude_id))
    proofs = {world.statement(term, parent.prelude_id).id: blocks[text].proof for text, term in terms.items()}
    for statement in _unknown(world, ports, list(terms.values()), parent.prelude_id):
        if tester.test(statement.term, seed).counterexample is not None:
            ledger.counts["refuted"] += 1
            continue
        _prove_and_admit(
            world,
            ports,
            ledger,
            statement,
            operator=action.operator,
            origin_kind="lemma",
            origins=parent.origins,
            visible=visible,
            parents=(parent.id,),
            written=proofs[statement.id],
        )


def _home(world: RunContext, lemma: Lemma) -> Elaboration | None:
    """A problem of this run that has all definitions of a lemma, one of its origins if possible."""
    needed = set(lemma.definition_ids)
    for name in [*lemma.origins, *world.elaborations]:
        elaboration = world.elaborations.get(name)
        if elaboration is None or elaboration.prelude_id != lemma.prelude_id:
            continue
        if needed <= {definition.id for definition in elaboration.definitions}:
            return elaboration
    return None
