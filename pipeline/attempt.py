"""One attempt at a problem: retrieve, try automation, ask the model, repair, harvest, ask for what is missing.

A proof that a warm session accepted is put back into the problem's own names, together with the proofs of the library
lemmas that it needs, and audited as one self-contained text against the problem's own statement. Only that counts.
Whatever verified on the way is harvested, also when the theorem failed; goals on which automation got stuck become
requests.

Invariants: what a model wrote is text to be checked, never a claim about what it proves (design, invariant 1); a lemma
counts as used only if the proof fails without it (invariant 8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from domain import Candidate, Elaboration, Goal, Lemma, Problem, Request, Term, Verdict
from pipeline.learning import admit, closure, known, record
from pipeline.ledger import Ledger
from pipeline.proposers import language_model, surgery, testing
from pipeline.proposers.model_text import split_blocks
from pipeline.proving import Found, Screen, by_automation, needed_lemmas
from pipeline.world import Ports, Statement, World
from verifiers.rocq.sentences import rename
from verifiers.rocq.source import Malformed, parse_statement


class Result(NamedTuple):
    """Whether the problem is proved, and the ids of the lemmas that the attempt had."""

    proved: bool
    retrieved: frozenset[str]


def attempt(
    world: World,
    ports: Ports,
    name: str,
    attempt_id: str,
    number: int,
    seed: int,
    before: frozenset[str] | None,
) -> Result:
    """One try at a problem; everything that came of it is in the library when this returns.

    Args:
        world: of the run.
        ports: to verifier, library and model.
        name: of the problem.
        attempt_id: unique in the run.
        number: of the round; the attempt sees the library as it was when the round began, so that what a round
            solves does not depend on which worker was faster.
        seed: of everything random in this attempt.
        before: ids of the lemmas that an earlier attempt had; None if this is the first one.
    """
    settings, elaboration = world.settings.prove, world.elaborations[name]
    ledger = Ledger(attempt_id, "problem", name, operator="automation")
    statement = world.of_problem(name)
    visible = [definition.id for definition in elaboration.definitions]
    lemmas = retrieve(ports, statement, visible, settings.lemmas, at_round=number - 1)
    had = frozenset(lemma.id for lemma in lemmas)
    ledger.retrieved.update(dict.fromkeys(had))
    found: Found | None = None
    if before is None or before != had:
        found = by_automation(
            world,
            ports,
            ledger,
            statement,
            lemmas,
            most=settings.scripts,
            seconds=settings.cpu_seconds,
            bare=before is None,
        )
    proved = found is not None and _settle(world, ports, ledger, elaboration, found)
    if not proved and before is None and settings.requests:
        ask(world, ports, ledger, statement, name, seed)
    record(ports, ledger)
    if not proved and ports.model is not None and settings.samples:
        first = before is None
        proved = _ask_model(world, ports, f"{attempt_id}m", elaboration, statement, lemmas, seed, first=first)
    return Result(proved, had)


def _ask_model(
    world: World,
    ports: Ports,
    attempt_id: str,
    elaboration: Elaboration,
    statement: Statement,
    lemmas: Sequence[Lemma],
    seed: int,
    *,
    first: bool,
) -> bool:
    """The model's part of an attempt, recorded apart so that its share of everything can be told."""
    ledger = Ledger(attempt_id, "problem", elaboration.problem.name, operator="language_model")
    ledger.model = world.model_card.name if world.model_card else ""
    found = by_model(world, ports, ledger, elaboration, statement, lemmas, seed)
    proved = found is not None and _settle(world, ports, ledger, elaboration, found)
    if not proved and first:
        decompose(world, ports, ledger, elaboration, statement, lemmas, seed)
    if ledger.prompts:
        record(ports, ledger)
    return proved


def retrieve(
    ports: Ports, statement: Statement, visible: Sequence[str], k: int, at_round: int | None = None
) -> list[Lemma]:
    """The best `k` lemmas over the visible definitions for a statement, best first, without the statement itself."""
    found = ports.library.retrieve(statement.term, visible, statement.prelude_id, k + 1, at_round=at_round)
    return [lemma for lemma, _ in found if lemma.id != statement.id][:k]


def _settle(world: World, ports: Ports, ledger: Ledger, elaboration: Elaboration, found: Found) -> bool:
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


# ------------------------------------------------------------------------------------------------------------- model


def by_model(
    world: World,
    ports: Ports,
    ledger: Ledger,
    elaboration: Elaboration,
    statement: Statement,
    lemmas: Sequence[Lemma],
    seed: int,
    *,
    request: bool = False,
) -> Found | None:
    """Asks the model for proofs and harvests lemmas from every answer.

    Where all fail, the prover's automation tries to repair them, and then the model is asked to mend the first.
    """
    settings, model = world.settings, ports.model
    if model is None:
        return None
    limit = settings.model.context - settings.model.max_tokens - 32
    shown = list(lemmas[: settings.prove.prompt_lemmas])
    continued = settings.model.kind == "local"
    asked = language_model.proof_prompts(
        elaboration, shown, samples=settings.prove.samples, token_limit=limit, continued=continued, request=request
    )
    ledger.by_model = True
    screen = Screen(world, ports, ledger, statement, by_model=True)
    for repair in range(settings.prove.repairs + 1):
        if not asked.prompts:
            return None
        completions = model.generate(
            asked.prompts,
            max_tokens=settings.model.max_tokens,
            temperature=settings.model.temperature,
            seed=seed + 1000 * repair,
            stop=asked.stop,
        )
        ledger.asked(asked.prompts, completions)
        if all(completion.finish == "budget" for completion in completions):
            return None
        failed: list[_Written] = []
        for proof in _proofs(completions, asked.naming):
            block, extra = harvest(world, ports, ledger, elaboration, proof, lemmas)
            written = _Written(block, [*lemmas, *extra], screen.verdict(block, [*lemmas, *extra]))
            if written.verdict.trust == "elaborated":
                return _found(screen, ledger, written.block, written.lemmas)
            failed.append(written)
        for written in failed:
            repaired = screen.repaired(*written)
            if repaired is not None:
                return _found(screen, ledger, repaired, written.lemmas)
        if not failed or repair == settings.prove.repairs:
            return None
        first = failed[0]
        error = next((one.text for one in first.verdict.messages if one.level == "error"), "no error was given")
        asked = language_model.repair_prompt(
            elaboration, shown, first.block, error, token_limit=limit, continued=continued
        )
    return None


class _Written(NamedTuple):
    """A tactic block that the model wrote, the lemmas that it may use, and what a warm session said of it."""

    block: str
    lemmas: list[Lemma]
    verdict: Verdict


def _found(screen: Screen, ledger: Ledger, block: str, lemmas: Sequence[Lemma]) -> Found:
    needed = needed_lemmas(screen, block, lemmas)
    ledger.mentioned.update(dict.fromkeys(lemma.id for lemma in needed))
    return Found(block, needed, "language_model")


def _proofs(completions: Sequence[Any], naming: language_model.Naming) -> list[str]:
    """Different candidate proofs of a batch of answers, in canonical names."""
    found: dict[str, None] = {}
    for completion in completions:
        for proof in language_model.parse_proofs(completion.text):
            found[naming.proof(proof)] = None
    return list(found)


def harvest(
    world: World,
    ports: Ports,
    ledger: Ledger,
    elaboration: Elaboration,
    text: str,
    lemmas: Sequence[Lemma],
) -> tuple[str, list[Lemma]]:
    """Admits the auxiliary lemmas of a candidate that verify on their own.

    Returns:
        The tactic block of the theorem, calling the admitted lemmas by their canonical names, and those lemmas.
    """
    blocks, last = split_blocks(text)
    admitted: list[Lemma] = []
    names: dict[str, str] = {}
    header = world.goal(world.of_problem(elaboration.problem.name)).header
    for block in blocks:
        ledger.counts["auxiliary"] += 1
        terms = read_statements(ports, header, [block.statement])
        if not terms:
            continue
        statement = world.statement(terms[0], elaboration.prelude_id)
        screen = Screen(world, ports, ledger, statement, by_model=True)
        proof = rename(block.proof, names)
        usable = [*lemmas, *admitted]
        verdict = screen.verdict(proof, usable)
        if verdict.trust != "elaborated":
            repaired = screen.repaired(proof, usable, verdict)
            if repaired is None:
                continue
            proof = repaired
        found = Found(proof, needed_lemmas(screen, proof, usable), "language_model")
        lemma = admit(
            world,
            ports,
            ledger,
            statement,
            found,
            operator="harvest",
            origin_kind="problem",
            origins=[elaboration.problem.name],
        )
        if lemma is not None:
            admitted.append(lemma)
            names[block.name] = lemma.canonical_name
    return rename(last, names), admitted


def read_statements(ports: Ports, header: str, texts: Iterable[str]) -> list[Term]:
    """What the prover reads in statements that a model wrote; none that is more than one sentence is shown to it."""
    problems: list[Problem] = []
    for text in texts:
        problem = Problem("written", "rocq", header, f"Lemma written : {text}.")
        try:
            parse_statement(problem.formal_statement)
        except Malformed:
            continue
        problems.append(problem)
    answers = ports.verifier.elaborate(problems) if problems else []
    return [answer.statement for answer in answers if isinstance(answer, Elaboration)]


# ---------------------------------------------------------------------------------------------------------- requests


def ask(world: World, ports: Ports, ledger: Ledger, statement: Statement, problem: str, seed: int) -> None:
    """Turns the goals on which automation got stuck into requests: generalised, tested on ground values, ranked."""
    if not statement.reached:
        return
    screen = Screen(world, ports, ledger, statement)

    def replay(prefix: str) -> Sequence[Goal]:
        return ports.verifier.replay(Candidate(screen.problem, prefix, (), screen.preamble)).goals

    automation = world.dialect.automation(world.over(statement.prelude_id))
    wanted = surgery.requests(statement.term, automation, replay, seed=seed)
    _request(world, ports, ledger, statement, wanted, problem, "goal_surgery")


def decompose(
    world: World,
    ports: Ports,
    ledger: Ledger,
    elaboration: Elaboration,
    statement: Statement,
    lemmas: Sequence[Lemma],
    seed: int,
) -> None:
    """Asks the model for the lemmas that a proof would want; those that hold on tested values become requests."""
    settings, model = world.settings.model, ports.model
    asked = language_model.decomposition_prompt(
        elaboration,
        lemmas[: world.settings.prove.prompt_lemmas],
        token_limit=settings.context - settings.max_tokens - 32,
        continued=settings.kind == "local",
    )
    if model is None or not asked.prompts:
        return
    answers = model.generate(
        asked.prompts,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        seed=seed,
        stop=asked.stop,
    )
    ledger.asked(asked.prompts, answers)
    texts = {asked.naming.statement(text): None for one in answers for text in language_model.parse_requests(one.text)}
    header = world.goal(statement).header
    terms = read_statements(ports, header, texts)
    tester = testing.Tester(world.over(statement.prelude_id))
    holding = [term for term in terms if tester.test(term, seed).counterexample is None]
    ledger.counts["refuted"] += len(terms) - len(holding)
    _request(world, ports, ledger, statement, holding, elaboration.problem.name, "decomposer")


def _request(
    world: World,
    ports: Ports,
    ledger: Ledger,
    statement: Statement,
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
        shown = world.display(one.reached).statement(one.term)
        ledger.stuck.append(shown)
        ledger.counts["requested"] += 1
        ports.library.add_request(
            Request(
                id=one.id,
                prover=world.language,
                prelude_id=one.prelude_id,
                definition_ids=one.reached,
                statement=shown,
                statement_exact=one.exact,
                term=one.term,
                origin_kind="problem",
                asked_by=(problem,),
                operator=operator,
                round=0,
            )
        )
