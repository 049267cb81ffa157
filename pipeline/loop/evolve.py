"""One step of evolution: pick what to start from, propose statements, test them, prove them, admit them.

A step starts from a signature, whose functions are explored for equations; from a request, which somebody made; or from
a lemma, out of which the language model makes others. What each of the five parts does for these three stands below
them. A statement is proved and admitted before the next one is taken up, so that it can help there. The attempt that
records the step says what was proposed and what became of it.

Invariant: a statement is tested on ground values before any proof effort, and enters the library only through
`pipeline.loop.admit.admit`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias, cast

from domain import Elaboration, Lemma
from library_store.attempts import Request
from pipeline.loop.admit import Origin, admit, as_request, record
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.budget import patient
from pipeline.loop.conditional_proof import ConditionalProofs
from pipeline.loop.context import CanonicalStatement, RunContext, Signature
from pipeline.loop.llm_prover import by_model, by_text, limits, read_statements
from pipeline.loop.prove import Proof, Search
from pipeline.loop.retrieve import for_prompt, retrieve
from pipeline.loop.scheduler import Action
from pipeline.loop.stages import QUICK
from pipeline.proposers.conjecture import exploration, testing
from pipeline.proposers.language_model import prompting
from pipeline.proposers.language_model.prompting import Evolution

Start: TypeAlias = Signature | Request | Lemma
"""What a step starts from."""

CONJECTURES = 24
"""Of a signature, smallest first, that a later pass of `evolve.explore_first` gives to the prover; the next pass goes
as far again beyond them, and so on."""


class Evolved(NamedTuple):
    """How many lemmas a step made that are new, and its CPU seconds, the prover's included."""

    new: int
    cpu_seconds: float


class Conjecture(NamedTuple):
    """A statement that a step proposes."""

    statement: CanonicalStatement
    origin: Origin
    visible: Sequence[str]
    """Ids of the definitions over which lemmas may help to prove it."""
    written: str = ""
    """The proof that the language model wrote for it, if it did."""


def evolve(context: RunContext, action: Action, attempt_id: str, seed: int) -> Evolved:
    """Runs one step."""
    kind = "request" if action.kind == "solve_request" else "evolve"
    log = AttemptLog(attempt_id, kind, action.target, operator=action.operator)
    log.model = context.model_card.name if action.use_model and context.model_card else ""

    start = _pick(context, action)
    proposed = _propose(context, log, action, start, seed)
    tested = _test(context, log, start, proposed, seed)
    proved = _prove(context, log, action, start, tested, seed)
    _admit(context, log, start, proved)

    return Evolved(log.counts["new"], record(context, log).cpu_seconds)


# -------------------------------------------------------------------------------------------------------------- pick


def _pick(context: RunContext, action: Action) -> Start:
    """What the scheduler chose."""
    match action.kind:
        case "explore":
            return context.signatures[action.target]
        case "solve_request":
            return context.library.get_request(action.target)
        case "evolve":
            return context.library.get_lemma(action.target)
        case "prove":
            raise ValueError("problems are attempted, not evolved")


# ----------------------------------------------------------------------------------------------------------- propose


def _propose(context: RunContext, log: AttemptLog, action: Action, start: Start, seed: int) -> list[Conjecture]:
    match start:
        case Signature():
            return _explored(context, log, action.target, start)
        case Request():
            visible = [definition.id for definition in context.elaborations[start.asked_by[0]].definitions]
            source = "solve_request" if action.use_model else start.operator
            origin = Origin(source, "request", start.asked_by, (start.id,))
            return [Conjecture(CanonicalStatement.of(start), origin, visible)]
        case Lemma():
            return _written(context, log, action, start, seed)


def _explored(context: RunContext, log: AttemptLog, key: str, signature: Signature) -> list[Conjecture]:
    """Equations that hold on all tested values over the functions of a signature, those first that are smallest.

    The tested values depend on the signature and the run's seed alone, whenever and for whom it is explored. All that
    is found is kept as open requests, which conditional proofs may assume. The first exploration proposes nothing more;
    each later one proposes some more of it, and again what could not be proved before.
    """
    seed = random.Random(f"{context.settings.seed} {signature.shape}").randrange(2**31)
    found = exploration.explore([context.definitions[name] for name in signature.definition_ids], seed=seed)
    log.counts["conjectures"] += len(found)
    times = context.library.tries(key)
    origin = Origin("exploration", "definitions", signature.problems)
    statements = [context.statement(term, signature.prelude_id) for term in found]
    context.library.add_conjectures([as_request(context, one, origin) for one in statements])
    within = statements[: times * CONJECTURES]
    return [Conjecture(one, origin, signature.definition_ids) for one in within]


def _written(context: RunContext, log: AttemptLog, action: Action, parent: Lemma, seed: int) -> list[Conjecture]:
    """Statements that the model writes from a parent lemma, as far as the prover can read them."""
    home = _home(context, parent)
    if context.model is None or home is None:
        return []
    visible = [definition.id for definition in home.definitions]
    own = CanonicalStatement.of(parent)
    similar = retrieve(context, own, visible, context.settings.prove.prompt_lemmas)
    direction = cast("Evolution", action.operator)
    asked = prompting.evolution_prompt(direction, parent, home, similar, limits(context))
    if not asked.prompts:
        return []
    settings, prompts = context.settings.model, asked.prompts * max(1, context.settings.prove.samples)
    completions = context.model.generate(
        prompts, max_tokens=settings.max_tokens, temperature=settings.temperature, seed=seed, stop=asked.stop
    )
    log.asked(prompts, completions)
    blocks = {block.statement: block for one in completions for block in asked.lemmas(one.text)}
    terms = read_statements(context.verifier, context.goal(own), blocks)
    log.wrote(len(blocks), len(terms))
    log.by_model = True
    origin = Origin(action.operator, "lemma", parent.origins, (parent.id,))
    stated = [(context.statement(term, parent.prelude_id), blocks[text].proof) for text, term in terms.items()]
    proofs = {statement.id: proof for statement, proof in stated}
    return [Conjecture(statement, origin, visible, proofs[statement.id]) for statement, _ in stated]


def _home(context: RunContext, lemma: Lemma) -> Elaboration | None:
    """A problem of this run that has all definitions of a lemma, one of its origins if possible."""
    needed = set(lemma.definition_ids)
    for name in [*lemma.origins, *context.elaborations]:
        elaboration = context.elaborations.get(name)
        if elaboration is None or elaboration.prelude_id != lemma.prelude_id:
            continue
        if needed <= {definition.id for definition in elaboration.definitions}:
            return elaboration
    return None


# -------------------------------------------------------------------------------------------------------------- test


def _test(
    context: RunContext,
    log: AttemptLog,
    start: Start,
    conjectures: Sequence[Conjecture],
    seed: int,
) -> Iterator[Conjecture]:
    """Those that are no lemmas yet, and that no ground value refutes.

    What an exploration found, and what is a request, was tested when it was made.
    """
    if isinstance(start, Request):
        yield from conjectures
        return
    present = context.library.known([one.statement.id for one in conjectures])
    tester = testing.Tester(context.over(start.prelude_id)) if isinstance(start, Lemma) else None
    for one, have in zip(conjectures, present, strict=True):
        if have:
            continue
        if tester is not None and tester.test(one.statement.term, seed).counterexample is not None:
            log.counts["refuted"] += 1
            continue
        yield one


# ------------------------------------------------------------------------------------------------------------- prove


def _prove(
    context: RunContext,
    log: AttemptLog,
    action: Action,
    start: Start,
    conjectures: Iterable[Conjecture],
    seed: int,
) -> Iterator[tuple[Conjecture, Proof | None]]:
    """Each conjecture with its proof, if one was found: a request gets all means, another one a quick search."""
    for one in conjectures:
        lemmas = retrieve(context, one.statement, one.visible, context.settings.prove.lemmas)
        if not isinstance(start, Request):
            log.retrieved.update(dict.fromkeys(lemma.id for lemma in lemmas))
            yield one, _quickly(context, log, one, lemmas)
        elif action.use_model:
            yield one, _requested_of_model(context, log, start, one, lemmas, seed)
        else:
            log.retrieved.update(dict.fromkeys(lemma.id for lemma in lemmas))
            yield one, _requested(context, log, start, one, lemmas)


def _quickly(context: RunContext, log: AttemptLog, one: Conjecture, lemmas: Sequence[Lemma]) -> Proof | None:
    """By what the model wrote for it if it did, otherwise by automation within the quick limit."""
    found = by_text(context, log, one.statement, one.written, lemmas) if one.written else None
    if found is None:
        most, seconds = context.settings.evolve.scripts, context.settings.evolve.cpu_seconds
        found = Search(context, log, one.statement, lemmas, most=most, seconds=seconds).run(*QUICK)
    return found


def _requested(
    context: RunContext, log: AttemptLog, request: Request, one: Conjecture, lemmas: Sequence[Lemma]
) -> Proof | None:
    """By automation and conditional proofs, with more time after each failure."""
    if not context.settings.evolve.scripts:
        return None
    failures = context.library.tries(request.id)
    seconds = patient(context.settings.evolve.cpu_seconds, failures)
    most = context.settings.prove.scripts
    conditional = ConditionalProofs(context, log, one.visible, seconds, patient=failures > 0)
    search = Search(context, log, one.statement, lemmas, most=most, seconds=seconds)
    return conditional.prove(search, one.statement, lemmas, conditional.smaller(one.statement))


def _requested_of_model(
    context: RunContext, log: AttemptLog, request: Request, one: Conjecture, lemmas: Sequence[Lemma], seed: int
) -> Proof | None:
    """By the language model, which is shown the request in the names of a problem that asked for it."""
    problem = context.elaborations[request.asked_by[0]]
    sentence = context.backend.syntax.theorem("goal", one.statement.exact)
    wanted = Elaboration(
        problem=replace(problem.problem, formal_statement=sentence, informal_prefix=None, informal_proof=None),
        prelude_id=problem.prelude_id,
        prelude=problem.prelude,
        definitions=problem.definitions,
        own_names=problem.own_names,
        statement=one.statement.term,
        statement_exact=one.statement.exact,
        reached=one.statement.reached,
    )
    usable = list({one.id: one for one in [*for_prompt(context, wanted, one.statement, ()), *lemmas]}.values())
    log.retrieved.update(dict.fromkeys(lemma.id for lemma in usable))
    settings = context.settings.prove
    asked = prompting.proof_prompts(
        wanted, usable[: settings.prompt_lemmas], limits(context), samples=settings.samples, request=True
    )
    return by_model(context, log, wanted, one.statement, usable, asked, seed)


# ------------------------------------------------------------------------------------------------------------- admit


def _admit(
    context: RunContext,
    log: AttemptLog,
    start: Start,
    proved: Iterable[tuple[Conjecture, Proof | None]],
) -> None:
    """Offers what was proved to the library; a request that is not answered by it counts one more try."""
    for one, proof in proved:
        lemma = admit(context, log, one.statement, proof, one.origin) if proof is not None else None
        if not isinstance(start, Request):
            if proof is None:
                log.counts["unproved"] += 1
        elif lemma is not None:
            log.verdict, log.reason = "accepted", "proved"
        else:
            context.library.count_try(start.id)
