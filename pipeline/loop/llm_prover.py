"""The language model's part of proving: plan, proof in blocks or tactics, repair, harvest.

Invariant: what a model wrote is text to be checked, never a claim about what it proves (design, invariant 1). Its
auxiliary lemmas enter the library one by one through `pipeline.loop.admit.admit`, also when the theorem fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from domain import Elaboration, Lemma, Problem, Prover, Term, Verdict
from pipeline.loop.admit import Origin, admit, request
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.prove import Proof, Screen, needed_lemmas
from pipeline.proposers.conjecture import testing
from pipeline.proposers.language_model import prompting
from pipeline.proposers.language_model.batch import Limits, PromptBatch
from pipeline.proposers.language_model.naming import author_naming
from term_algebra.theory import says_nothing
from verifiers.backend import backend_of
from verifiers.protocol import Verifier


class Decomposition(NamedTuple):
    """A plan as the model wrote it, and the lemmas that it asks for, as far as they hold on tested values."""

    text: str = ""
    wanted: tuple[CanonicalStatement, ...] = ()


def limits(context: RunContext) -> Limits:
    """What a prompt of this run has to fit."""
    model = context.settings.model
    continued = model.kind == "local" and context.settings.prove.style == "tactics"
    return Limits(model.context - model.max_tokens - 32, continued, model.instructed)


def formalization(
    context: RunContext, elaboration: Elaboration, lemmas: Sequence[Lemma], planned: Decomposition, seed: int
) -> PromptBatch:
    """The prompts for a problem's proof, in the run's style."""
    settings = context.settings.prove
    shown = lemmas[: settings.prompt_lemmas]
    samples, room = settings.samples, limits(context)
    form = context.settings.model.prompt_format
    if form != "lemmary":
        from pipeline.proposers.language_model.whole_proofs import whole_proof_prompts

        return whole_proof_prompts(form, elaboration, shown, room, samples=samples)
    if settings.style == "tactics":
        return prompting.proof_prompts(elaboration, shown, room, samples=samples)
    return prompting.formalization_prompts(elaboration, shown, room, plan=planned.text, samples=samples, seed=seed)


def decompose(
    context: RunContext,
    log: AttemptLog,
    elaboration: Elaboration,
    statement: CanonicalStatement,
    lemmas: Sequence[Lemma],
    seed: int,
) -> Decomposition:
    """Asks the model for a plan; the lemmas that it asks for become requests if they hold on tested values.

    One that knows whole proofs only is not asked.
    """
    settings, model = context.settings.model, context.model
    if settings.prompt_format != "lemmary":
        return Decomposition()
    shown = lemmas[: context.settings.prove.prompt_lemmas]
    asked = prompting.decomposition_prompt(elaboration, shown, limits(context), seed=seed)
    if model is None or not asked.prompts:
        return Decomposition()
    (answer,) = model.generate(
        asked.prompts, max_tokens=settings.max_tokens, temperature=settings.temperature, seed=seed, stop=asked.stop
    )
    log.asked(asked.prompts, [answer])
    terms = list(read_statements(context.verifier, context.goal(statement), asked.requests(answer.text)).values())
    tester = testing.Tester(context.over(statement.prelude_id))
    holding = [term for term in terms if tester.test(term, seed).counterexample is None]
    log.counts["refuted"] += len(terms) - len(holding)
    request(context, log, statement, holding, Origin("decomposer", "problem", (elaboration.problem.name,)))
    return Decomposition(answer.text, tuple(context.statement(term, statement.prelude_id) for term in holding))


def by_model(
    context: RunContext,
    log: AttemptLog,
    elaboration: Elaboration,
    statement: CanonicalStatement,
    lemmas: Sequence[Lemma],
    asked: PromptBatch,
    seed: int,
) -> Proof | None:
    """Asks the model for proofs and harvests lemmas from every answer.

    Where all fail, the prover's automation tries to repair them, and then the model is asked to mend the first, if it
    can be asked for more than whole proofs.

    Args:
        context: of the run.
        log: of the attempt.
        elaboration: the problem, or a request in a problem's names.
        statement: what to prove.
        lemmas: that a proof may use, the shown ones among them.
        asked: the first prompts.
        seed: of the sampling.
    """
    settings, model = context.settings, context.model
    if model is None:
        return None
    shown = [lemma for lemma in lemmas if lemma.id in asked.shown]
    log.by_model = True
    origin = Origin("harvest", "problem", (elaboration.problem.name,))
    screen = Screen(context, log, statement, by_model=True)
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
        log.asked(asked.prompts, completions)
        if all(completion.finish == "budget" for completion in completions):
            return None
        failed: list[_Written] = []
        answers = [asked.taken(one.text) for one in completions]
        log.unread(answer.refused for answer in answers)
        for proof in dict.fromkeys(proof for one in answers for proof in one.proofs):
            block, extra = harvest(context, log, statement, proof, lemmas, origin)
            written = _Written(block, [*lemmas, *extra], screen.verdict(block, [*lemmas, *extra]))
            if written.verdict.trust == "elaborated":
                return _found(screen, log, written.block, written.lemmas)
            failed.append(written)
        for written in failed:
            repaired = screen.repaired(*written)
            if repaired is not None:
                return _found(screen, log, repaired, written.lemmas)
        if not failed or repair == settings.prove.repairs or settings.model.prompt_format != "lemmary":
            return None
        first = failed[0]
        error = next((one.text for one in first.verdict.messages if one.level == "error"), "no error was given")
        asked = prompting.repair_prompt(elaboration, shown, first.block, error, limits(context))
    return None


class _Written(NamedTuple):
    """A proof that the model wrote, the lemmas that it may use, and what a warm session said of it."""

    block: str
    lemmas: list[Lemma]
    verdict: Verdict


def _found(screen: Screen, log: AttemptLog, block: str, lemmas: Sequence[Lemma]) -> Proof:
    needed = needed_lemmas(screen, block, lemmas)
    log.mentioned.update(dict.fromkeys(lemma.id for lemma in needed))
    return Proof(block, needed, "language_model")


def harvest(
    context: RunContext,
    log: AttemptLog,
    statement: CanonicalStatement,
    text: str,
    lemmas: Sequence[Lemma],
    origin: Origin,
) -> tuple[str, list[Lemma]]:
    """Admits the auxiliary lemmas of a candidate for a statement that verify on their own.

    Returns:
        The proof of the theorem, calling the admitted lemmas by their canonical names, and those lemmas.
    """
    language = context.backend.prompts
    blocks, last = language.split(text)
    admitted: list[Lemma] = []
    names: dict[str, str] = {}
    if not blocks:
        return last, admitted
    terms = read_statements(context.verifier, context.goal(statement), [block.statement for block in blocks])
    for block in blocks:
        log.counts["auxiliary"] += 1
        if block.statement not in terms:
            continue
        stated = context.statement(terms[block.statement], statement.prelude_id)
        usable = [*lemmas, *admitted]
        # The proof may speak of the statement's variables without introducing them, and these have other names now.
        naming = author_naming(language.theorem("Lemma", "written", block.statement), stated.term, names, language)
        found = by_text(context, log, stated, naming.proof(block.proof), usable)
        if found is None:
            continue
        lemma = admit(context, log, stated, found, origin)
        if lemma is not None:
            admitted.append(lemma)
            names[block.name] = lemma.canonical_name
    return language.rename(last, names), admitted


def by_text(
    context: RunContext,
    log: AttemptLog,
    statement: CanonicalStatement,
    proof: str,
    lemmas: Sequence[Lemma],
) -> Proof | None:
    """A proof that the model wrote for a statement of its own, if it holds, perhaps after repair."""
    screen = Screen(context, log, statement, by_model=True)
    verdict = screen.verdict(proof, lemmas)
    holds = proof if verdict.trust == "elaborated" else screen.repaired(proof, lemmas, verdict)
    return None if holds is None else Proof(holds, needed_lemmas(screen, holds, lemmas), "language_model")


def read_statements(verifier: Verifier, goal: Problem, texts: Iterable[str]) -> dict[str, Term]:
    """What the prover reads in statements that a model wrote, in the surroundings of a goal.

    None that is more than one statement is shown to the prover; one that it refuses, or that says nothing, is left out.
    """
    problems = {text: problem for text in texts if (problem := _written(goal.prover, goal.header, text)) is not None}
    answers = verifier.elaborate(list(problems.values())) if problems else []
    return {
        text: answer.statement
        for text, answer in zip(problems, answers, strict=False)
        if isinstance(answer, Elaboration) and not says_nothing(answer.statement)
    }


def _written(prover: Prover, header: str, text: str) -> Problem | None:
    language = backend_of(prover).prompts
    sentence = language.theorem("Lemma", "written", text)
    return Problem("written", prover, header, sentence) if text and language.is_statement(sentence) else None
