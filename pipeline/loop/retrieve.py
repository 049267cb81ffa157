"""Which library lemmas a step is given: for the prover's automation, and for a prompt.

`retrieval.visibility` and `retrieval.order` in the settings say what a step may see and how an attempt chooses. A
prompt's lemmas are chosen as in LEGO-Prover (section 3.2): some for the problem, by its statement and its informal
text, some for each lemma that the plan asks for, and of these as many as the prompt may show.

Invariants: a lemma is never offered for its own statement (`rediscovered` finds it, for its proof), and to an attempt
at a problem only if it is of an earlier round, so what it gets does not depend on which worker was faster. With
`isolated` visibility every problem has a prelude of its own (`pipeline.loop.context`), so retrieval by prelude shows it
nothing that another one made.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain, zip_longest

from domain import Elaboration, Lemma
from library_store.retrieval.hybrid import fused as fuse
from pipeline.loop.context import CanonicalStatement, RunContext
from pipeline.loop.prove import Proof
from pipeline.loop.scheduler import DIRECTIONS

POOL = 24
"""Lemmas closest to a statement that are compared with a problem's informal text too."""

_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")


def retrieve(
    context: RunContext,
    statement: CanonicalStatement,
    over: Sequence[str],
    k: int,
    at_round: int | None = None,
) -> list[Lemma]:
    """The best `k` lemmas over the definitions `over` for a statement, best first."""
    settings = context.settings.retrieval
    if settings.visibility == "none":
        return []
    found = context.library.retrieve(
        *(statement.term, over, statement.prelude_id, k + 1),
        at_round=at_round,
        rankings=settings.rankings,
        without=statement.id,
    )
    return [lemma for lemma, _ in found if lemma.id != statement.id][:k]


def retrieve_for_problem(context: RunContext, name: str, number: int, seed: int) -> list[Lemma]:
    """The lemmas that an attempt at a problem gets in round `number`, chosen as `retrieval.order` says."""
    settings, statement = context.settings, context.of_problem(name)
    over = [definition.id for definition in context.elaborations[name].definitions]
    k, order = settings.prove.lemmas, settings.retrieval.order
    if order == "ranked" or settings.retrieval.visibility == "none":
        return retrieve(context, statement, over, k, number - 1)
    visible = context.library.visible(statement.prelude_id, over, number - 1)
    there = [lemma for lemma in visible if lemma.id != statement.id]
    if order == "first":
        return there[:k]
    if order == "random":
        return random.Random(seed).sample(there, min(k, len(there)))
    own = context.clusters[name]
    ranked = retrieve(context, statement, over, len(there), number - 1)
    return [one for one in ranked if all(context.clusters.get(origin) != own for origin in one.origins)][:k]


def rediscovered(context: RunContext, name: str, number: int) -> Proof | None:
    """The proof of a lemma that this run found and that states what a problem states.

    What came with an imported library does not count as found, and an order that does not choose by relevance finds
    nothing.
    """
    if context.settings.retrieval.visibility == "none" or context.settings.retrieval.order != "ranked":
        return None
    known = context.library.found_by(context.of_problem(name).id, number - 1)
    if known is None:
        return None
    lemma, *uses = known
    by_model = lemma.operator in (*DIRECTIONS, "harvest", "solve_request")
    return Proof(lemma.proof, tuple(uses), "language_model" if by_model else "rediscovered")


def for_prompt(
    context: RunContext,
    elaboration: Elaboration,
    statement: CanonicalStatement,
    wanted: Sequence[CanonicalStatement],
    at_round: int | None = None,
) -> list[Lemma]:
    """Lemmas for a prompt, the problem's and each request's in turn, best first."""
    settings = context.settings.prove
    visible = [definition.id for definition in elaboration.definitions]
    near = retrieve(context, statement, visible, max(POOL, settings.retrieved_for_problem), at_round)
    text = f"{elaboration.problem.informal_prefix or ''} {elaboration.problem.informal_proof or ''}"
    groups = [fused(near, by_words(text, near))[: settings.retrieved_for_problem]]
    groups += [retrieve(context, one, visible, settings.retrieved_for_request, at_round) for one in wanted]
    taken_in_turn = chain.from_iterable(zip_longest(*groups))
    chosen = {lemma.id: lemma for lemma in taken_in_turn if lemma is not None and lemma.id != statement.id}
    return list(chosen.values())


def by_words(text: str, lemmas: Sequence[Lemma]) -> list[Lemma]:
    """The lemmas that share words with a text, those with the rarest shared words first.

    A lemma's words are those of its statement with readable names: `joinEmpty` and `join_empty` are two.
    """
    words = {word.lower() for word in _WORD.findall(text)}
    of = {lemma.id: {word.lower() for word in _WORD.findall(f"{lemma.name} {lemma.statement}")} for lemma in lemmas}
    frequency = Counter(word for found in of.values() for word in found)
    score = {
        lemma.id: sum(math.log(1 + len(lemmas) / frequency[word]) for word in sorted(words & of[lemma.id]))
        for lemma in lemmas
    }
    return sorted((lemma for lemma in lemmas if score[lemma.id]), key=lambda lemma: -score[lemma.id])


def fused(*rankings: Sequence[Lemma]) -> list[Lemma]:
    """One ranking out of several; a lemma that one of them lacks gains nothing from it. The first one breaks ties."""
    lemmas = {lemma.id: lemma for ranking in rankings for lemma in ranking}
    return [lemmas[one] for one in fuse([[lemma.id for lemma in ranking] for ranking in rankings])]
