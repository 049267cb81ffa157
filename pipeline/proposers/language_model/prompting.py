"""Prompts for the language model. Pure functions; no model is called here.

A prompt shows a problem as its author names things, and library lemmas in those names too. A prompt fits a token limit:
the lemmas' proofs go first, then the least relevant lemmas, then the worked examples one by one, then all but the
beginning of the informal text, then the definitions. The templates are text files (`verifiers/PROVER/prompts/`). Their
worked examples, and those of `worked`, are ours and generic: no statement of a benchmark or of a bundled suite is among
them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle, islice
from typing import Any, Literal

from jinja2 import Environment, StrictUndefined, Template

from domain import App, Const, Definition, Elaboration, Forall, Lemma, Prompt, Prover
from pipeline.proposers.language_model.batch import DEFAULT_LIMITS, MOST_REQUESTS, Limits, PromptBatch
from pipeline.proposers.language_model.naming import Naming, aliases, author_naming, letters_of
from pipeline.proposers.language_model.worked import Worked, draw
from verifiers.answers import PromptLanguage, steps_of
from verifiers.backend import backend_of

Evolution = Literal["identify_key_concepts", "parameterize", "scale_complexity", "extend_dimensions"]

EVOLUTIONS: tuple[Evolution, ...] = ("identify_key_concepts", "parameterize", "scale_complexity", "extend_dimensions")
"""The four directions in which a lemma is evolved (LEGO-Prover, section 3.3)."""

WORKED = 3
"""Worked decompositions that a prompt shows, drawn by seed (LEGO-Prover, section 3.2)."""


# --------------------------------------------------------------------------------------------------------- the prompts


def proof_prompts(
    elaboration: Elaboration,
    lemmas: Sequence[Lemma] = (),
    limits: Limits = DEFAULT_LIMITS,
    *,
    samples: int = 1,
    request: bool = False,
) -> PromptBatch:
    """Prompts that ask for the tactics of one proof of the elaborated statement, one prompt per sample.

    `lemmas` are retrieved ones, most relevant first; `request` words it as a library request.
    """
    template = "solve_request" if request else "prove"
    return _asked(template, elaboration, lemmas, limits, samples=samples)


def formalization_prompts(
    elaboration: Elaboration,
    lemmas: Sequence[Lemma] = (),
    limits: Limits = DEFAULT_LIMITS,
    *,
    plan: str = "",
    samples: int = 1,
    seed: int = 0,
) -> PromptBatch:
    """Prompts that ask for a proof in blocks, auxiliary lemmas first, then the theorem (LEGO-Prover, section 3.2).

    `plan` is the answer to a decomposition prompt; its steps are shown. The answer is free text.
    """
    limits = replace(limits, continued=False)
    worked = draw(elaboration.problem.prover, WORKED, seed)
    more = {"steps": steps_of(plan)}
    return _asked("formalize", elaboration, lemmas, limits, samples=samples, worked=worked, more=more)


def repair_prompt(
    elaboration: Elaboration,
    lemmas: Sequence[Lemma],
    failed: str,
    error: str,
    limits: Limits = DEFAULT_LIMITS,
) -> PromptBatch:
    """A prompt that shows a proof (in canonical names) and the prover's message, and asks for a better one."""
    return _asked("repair", elaboration, lemmas, limits, failed=failed, error=error)


def decomposition_prompt(
    elaboration: Elaboration,
    lemmas: Sequence[Lemma] = (),
    limits: Limits = DEFAULT_LIMITS,
    *,
    seed: int = 0,
) -> PromptBatch:
    """A prompt for the steps of a proof and the lemmas that it wants; `PromptBatch.requests` reads the answer."""
    worked = draw(elaboration.problem.prover, WORKED, seed)
    return _asked("decompose", elaboration, lemmas, limits, worked=worked)


def evolution_prompt(
    operator: Evolution,
    lemma: Lemma,
    elaboration: Elaboration,
    lemmas: Sequence[Lemma] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> PromptBatch:
    """A prompt for a new lemma made from `lemma`; `elaboration` is a problem that has the lemma's definitions.

    `lemmas` are similar ones, so that the model sees what is there already. `PromptBatch.lemmas` reads the answer;
    only a free answer has proofs.
    """
    about = replace(elaboration, statement=lemma.term, reached=lemma.definition_ids)
    return _asked(operator, about, [other for other in lemmas if other.id != lemma.id], limits, parent=lemma)


# ---------------------------------------------------------------------------------------------------- how they are made


@dataclass(frozen=True, slots=True)
class Shown:
    """A lemma as a prompt shows it: `text` is its statement with a name."""

    text: str
    proof: str


def show_lemmas(elaboration: Elaboration, lemmas: Sequence[Lemma]) -> tuple[dict[str, str], list[Shown]]:
    """Lemmas in a problem's names, and the table that leads from canonical names to those."""
    language = backend_of(elaboration.problem.prover).prompts
    own, definitions = elaboration.own_names, _readable(elaboration)
    named = aliases(lemmas, avoid={*own.values(), *language.names_in(elaboration.problem.header)})
    outward = {**own, **named}
    shown: list[Shown] = []
    for lemma in lemmas:
        letters = letters_of(lemma.term, set(outward.values()))
        statement = language.rename(language.display(definitions, lemma.term), letters)
        text = language.theorem("Lemma", named[lemma.canonical_name], statement)
        shown.append(Shown(text, _indented(language.rename(lemma.proof, outward | letters))))
    return outward, shown


def _readable(elaboration: Elaboration) -> list[Definition]:
    """The definitions of a problem under its author's names."""
    own = elaboration.own_names
    return [replace(one, readable=tuple(own.get(name, name) for name in one.names)) for one in elaboration.definitions]


def _asked(
    template: str,
    elaboration: Elaboration,
    lemmas: Sequence[Lemma],
    limits: Limits,
    *,
    samples: int = 1,
    worked: Sequence[Worked] = (),
    failed: str = "",
    error: str = "",
    parent: Lemma | None = None,
    more: Mapping[str, str] | None = None,
) -> PromptBatch:
    language = backend_of(elaboration.problem.prover).prompts
    definitions = _readable(elaboration)
    outward, shown = show_lemmas(elaboration, lemmas)
    letters = letters_of(elaboration.statement, set(outward.values())) if elaboration.definitions else {}
    outward |= letters
    inward = {name: canonical for canonical, name in outward.items()}
    statement = language.rename(language.display(definitions, elaboration.statement), letters)
    naming = Naming(inward, (), language)
    theorem = language.theorem("Lemma" if parent else "Theorem", "known" if parent else "goal", statement)
    if parent is None and not elaboration.definitions:
        # Under an opaque header (the Reals, say) the elaborated form is unreadable: the author's own text is shown.
        theorem = elaboration.problem.formal_statement.strip()
        naming = author_naming(theorem, elaboration.statement, inward, language)
    openings = _openings(elaboration, letters, language) if parent is None and elaboration.definitions else [""]
    reached = _reached_names(elaboration)
    informal = [(text if parent is None else "") or "" for text in _informal(elaboration)]
    for choice in _choices(len(shown), max(1, len(worked)) if limits.instructed else 0):
        informal_text = [language.in_comment(text if choice.worked else _brief(text)) for text in informal]
        values: dict[str, Any] = {
            "theorem": theorem,
            "lemmas": [lemma if choice.proofs else replace(lemma, proof="") for lemma in shown[: choice.lemmas]],
            "definitions": language.definitions(elaboration, reached) if choice.definitions else "",
            "examples": choice.worked > 0,
            "worked": worked[: choice.worked],
            "informal": _brief(informal_text[0]) if choice.worked else "",
            "informal_statement": informal_text[0] if choice.definitions else "",
            "informal_proof": informal_text[1] if choice.definitions else "",
            "failed": language.in_comment(_indented(language.rename(failed, outward))),
            "error": language.in_comment(_brief(language.rename(error, outward))),
            "requests": MOST_REQUESTS,
            "new_name": "new_lemma",
            "continued": limits.continued,
            **{name: language.in_comment(text) for name, text in (more or {}).items()},
        }
        system, user, opening = _template(elaboration.problem.prover, template)
        prompts = [
            Prompt(
                system.render(values).strip() if limits.instructed else "",
                user.render(values).strip(),
                opening.render(values | {"tactics": one}).strip(),
            )
            for one in openings
        ]
        if not limits.continued:
            prompts = [replace(prompts[0], opening="")]
        longest = max(limits.count(f"{prompt.system}\n\n{prompt.user}\n\n{prompt.opening}") for prompt in prompts)
        if longest <= limits.tokens:
            ids = tuple(lemma.id for lemma in lemmas[: choice.lemmas])
            stop = _ends(template, language) if limits.continued else ()
            return PromptBatch(tuple(islice(cycle(prompts), samples)), stop, ids, naming)
    return PromptBatch((), (), (), naming)


def _ends(template: str, language: PromptLanguage) -> tuple[str, ...]:
    if template == "decompose":
        return language.plan_ends
    return language.statement_ends if template in EVOLUTIONS else language.proof_ends


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a prompt holds: so many lemmas, with their proofs or not, so many worked examples, definitions or not."""

    lemmas: int
    proofs: bool
    worked: int
    definitions: bool


def _choices(lemmas: int, worked: int) -> Iterable[_Choice]:
    """Fullest first."""
    yield _Choice(lemmas, True, worked, True)
    for kept in range(lemmas, 0, -1):
        yield _Choice(kept, False, worked, True)
    for examples in range(worked, -1, -1):
        yield _Choice(0, False, examples, True)
    yield _Choice(0, False, 0, False)


@cache
def _template(prover: Prover, name: str) -> tuple[Template, Template, Template]:
    """System, user and opening part of a template file."""
    text = (backend_of(prover).prompts.templates / f"{name}.txt").read_text(encoding="utf-8")
    parts = re.split(r"^== (?:system|user|opening) ==\n", text, flags=re.MULTILINE)
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)  # noqa: S701 (not HTML)
    system, user, opening = (environment.from_string(part) for part in parts[1:])
    return system, user, opening


def _informal(elaboration: Elaboration) -> tuple[str | None, str | None]:
    return elaboration.problem.informal_prefix, elaboration.problem.informal_proof


def _openings(elaboration: Elaboration, letters: Mapping[str, str], language: PromptLanguage) -> list[str]:
    """First tactics of a proof, one for each sample in turn: by cases or computing, then by induction on a variable.

    All introduce the variables up to the first hypothesis. A small model that is left the choice hardly ever tries
    induction, so every other opening makes it: on the first variable of a datatype, the second, …
    """
    own = {datatype.name for definition in elaboration.definitions for datatype in definition.datatypes}
    datatypes = own | {"nat", "list"}
    names: list[str] = []
    inductive: list[str] = []
    term = elaboration.statement
    while isinstance(term, Forall) and term.name != "_":
        name = letters.get(term.name, term.name)
        names.append(name)
        head = term.type.function if isinstance(term.type, App) else term.type
        if isinstance(head, Const) and head.name in datatypes:
            inductive.append(name)
        term = term.body
    if not names:
        return [""]
    plain = language.opening(names, None)
    return [one for name in inductive for one in (plain, language.opening(names, name))] or [plain]


def _reached_names(elaboration: Elaboration) -> set[str]:
    """The author's names of what the statement reaches."""
    reached = set(elaboration.reached)
    return {
        elaboration.own_names.get(name, name)
        for definition in elaboration.definitions
        if definition.id in reached
        for name in definition.names
    }


def _brief(text: str) -> str:
    """One line, and not all of a long one."""
    return " ".join(text.split())[:300]


def _indented(text: str) -> str:
    return text.strip("\n").rstrip().replace("\n", "\n  ")
