"""Prompts for public models that write whole Lean proofs. Loaded only where `model.prompt_format` names one.

Such a model is asked for the proofs of problems and for nothing else: no plan, no lemma, no repair in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from domain import Elaboration, Lemma
from pipeline.proposers.language_model.batch import Limits, PromptBatch
from pipeline.proposers.language_model.naming import author_naming
from pipeline.proposers.language_model.prompting import show_lemmas
from verifiers.backend import backend_of
from verifiers.lean.public_provers import Public, prompt, taken


def whole_proof_prompts(
    form: Public, elaboration: Elaboration, lemmas: Sequence[Lemma], limits: Limits, *, samples: int
) -> PromptBatch:
    """Prompts that show the problem's own file with as many of the lemmas, most relevant first, as fit."""
    problem = elaboration.problem
    outward, shown = show_lemmas(elaboration, lemmas)
    inward = {name: canonical for canonical, name in outward.items()}
    language = backend_of(problem.prover).prompts
    naming = author_naming(problem.formal_statement, elaboration.statement, inward, language)
    reader = partial(taken, formal_statement=problem.formal_statement)
    for kept in range(len(shown), -1, -1):
        asked = prompt(form, problem, [f"{one.text} := by\n  {one.proof}" for one in shown[:kept]])
        if limits.count(f"{asked.system}\n\n{asked.user}") <= limits.tokens:
            ids = tuple(lemma.id for lemma in lemmas[:kept])
            return PromptBatch((asked,) * samples, (), ids, naming, reader)
    return PromptBatch((), (), (), naming, reader)
