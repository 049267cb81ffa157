"""Prompts for the language model, and its answers back in canonical names. Pure functions; no model is called here.

A prompt shows a problem as its author names things, and library lemmas in those names too; `Naming` takes what the
model writes back to the canonical names that a run works in. A prompt fits a token limit: the least relevant lemmas
go first, then the worked examples, then the definitions. The worked examples in the templates
(`pipeline/prompts/rocq/*.txt`) are ours and generic: no statement of a benchmark or of a bundled suite is among them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Literal

from jinja2 import Environment, StrictUndefined, Template

from domain import App, Const, Elaboration, Forall, Lemma, Prompt
from pipeline.display import Display
from pipeline.proposers.model_text import parse_proofs, parse_requests, parse_statements
from pipeline.proposers.naming import Naming, aliases, author_naming, letters_of, renamed
from verifiers.rocq.sentences import Unterminated, identifiers, split

__all__ = [
    "EVOLUTIONS",
    "Asked",
    "Naming",
    "decomposition_prompt",
    "estimate_tokens",
    "evolution_prompt",
    "parse_proofs",
    "parse_requests",
    "parse_statements",
    "proof_prompts",
    "repair_prompt",
]

PROMPTS = Path(__file__).resolve().parents[1] / "prompts" / "rocq"

Evolution = Literal["identify_key_concepts", "parameterize", "scale_complexity", "extend_dimensions"]

EVOLUTIONS: tuple[Evolution, ...] = ("identify_key_concepts", "parameterize", "scale_complexity", "extend_dimensions")
"""The four directions in which a lemma is evolved (LEGO-Prover, section 3.3)."""

PROOF_ENDS = ("Qed.", "Admitted.", "Abort.", "\nLemma", "\nTheorem", "```")
"""Where a continued proof ends."""

STATEMENT_ENDS = ("\nProof", "\n(*", "\n\n", "```")
"""Where a continued statement ends."""

MOST_REQUESTS = 5
"""Lemmas that one plan may ask for (LEGO-Prover, section 3.2)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Prompts, where their answers end, the ids of the lemmas that they show, and the way back to canonical names."""

    prompts: tuple[Prompt, ...]
    stop: tuple[str, ...]
    shown: tuple[str, ...]
    naming: Naming


def estimate_tokens(text: str) -> int:
    """A guess from above: code in a small vocabulary has more than two bytes a token."""
    return len(text.encode()) // 2 + 1


# --------------------------------------------------------------------------------------------------------- the prompts


def proof_prompts(
    elaboration: Elaboration,
    lemmas: Sequence[Lemma] = (),
    *,
    samples: int = 1,
    token_limit: int = 1500,
    count_tokens: Callable[[str], int] = estimate_tokens,
    continued: bool = True,
    request: bool = False,
) -> Asked:
    """Prompts that ask for a proof of the elaborated statement, one per sample.

    `lemmas` are retrieved ones, most relevant first. `continued` gives the answer an opening to go on from, which a
    small model needs; without it (a chat endpoint) the answer is free text. `request` words it as a library request.
    `prompts` is empty when not even the bare statement fits `token_limit`.
    """
    return _asked(
        "solve_request" if request else "prove",
        elaboration,
        lemmas,
        samples=samples,
        token_limit=token_limit,
        count_tokens=count_tokens,
        stop=PROOF_ENDS,
        continued=continued,
    )


def repair_prompt(
    elaboration: Elaboration,
    lemmas: Sequence[Lemma],
    failed: str,
    error: str,
    *,
    token_limit: int = 1500,
    count_tokens: Callable[[str], int] = estimate_tokens,
    continued: bool = True,
) -> Asked:
    """A prompt that shows a proof (in canonical names) and the prover's message, and asks for a better one."""
    return _asked(
        "repair",
        elaboration,
        lemmas,
        token_limit=token_limit,
        count_tokens=count_tokens,
        stop=PROOF_ENDS,
        continued=continued,
        failed=failed,
        error=error,
    )


def decomposition_prompt(
    elaboration: Elaboration,
    lemmas: Sequence[Lemma] = (),
    *,
    token_limit: int = 1500,
    count_tokens: Callable[[str], int] = estimate_tokens,
    continued: bool = True,
) -> Asked:
    """A prompt for the steps of a proof and the lemmas that it wants; `parse_requests` reads the answer."""
    return _asked(
        "decompose",
        elaboration,
        lemmas,
        token_limit=token_limit,
        count_tokens=count_tokens,
        stop=("\nProof", "\nTheorem", "```"),
        continued=continued,
    )


def evolution_prompt(
    operator: Evolution,
    lemma: Lemma,
    elaboration: Elaboration,
    lemmas: Sequence[Lemma] = (),
    *,
    token_limit: int = 1500,
    count_tokens: Callable[[str], int] = estimate_tokens,
    continued: bool = True,
) -> Asked:
    """A prompt for a new statement made from `lemma`; `elaboration` is a problem that has the lemma's definitions.

    `lemmas` are similar ones, so that the model sees what is there already. `parse_statements` reads the answer.
    """
    return _asked(
        operator,
        replace(elaboration, statement=lemma.term, reached=lemma.definition_ids),
        [other for other in lemmas if other.id != lemma.id],
        token_limit=token_limit,
        count_tokens=count_tokens,
        stop=STATEMENT_ENDS,
        continued=continued,
        parent=lemma,
    )


# ---------------------------------------------------------------------------------------------------- how they are made


@dataclass(frozen=True, slots=True)
class _Shown:
    """A lemma as a prompt shows it."""

    name: str
    statement: str
    proof: str


def _asked(
    template: str,
    elaboration: Elaboration,
    lemmas: Sequence[Lemma],
    *,
    token_limit: int,
    count_tokens: Callable[[str], int],
    stop: tuple[str, ...],
    continued: bool,
    samples: int = 1,
    failed: str = "",
    error: str = "",
    parent: Lemma | None = None,
) -> Asked:
    own = elaboration.own_names
    display = Display(
        replace(definition, readable=tuple(own.get(name, name) for name in definition.names))
        for definition in elaboration.definitions
    )
    named = aliases(lemmas, avoid={*own.values(), *_names_in(elaboration.problem.header)})
    taken = {*own.values(), *named.values()}
    outward = {**own, **named}
    shown: list[_Shown] = []
    for lemma in lemmas:
        letters = letters_of(lemma.term, taken)
        statement = renamed(display.statement(lemma.term), letters)
        proof = _indented(renamed(lemma.proof, outward | letters))
        shown.append(_Shown(named[lemma.canonical_name], statement, proof))
    letters = letters_of(elaboration.statement, taken) if elaboration.definitions else {}
    outward |= letters
    inward = {name: canonical for canonical, name in outward.items()}
    theorem, naming = _theorem(elaboration, display, letters, inward, parent)
    openings = _openings(elaboration, letters) if parent is None and elaboration.definitions else [""]
    definitions = _definitions(elaboration)
    informal = elaboration.problem.informal_prefix or "" if parent is None else ""
    for kept, proofs, examples, defined in _choices(len(shown)):
        values = {
            "theorem": theorem,
            "lemmas": [lemma if proofs else replace(lemma, proof="") for lemma in shown[:kept]],
            "definitions": definitions if defined else "",
            "examples": examples,
            "informal": _one_line(informal) if examples else "",
            "failed": _in_comment(_indented(renamed(failed, outward))),
            "error": _one_line(renamed(error, outward)),
            "requests": MOST_REQUESTS,
            "new_name": "new_lemma",
        }
        prompt, *others = (
            Prompt(*(part.render(values | {"tactics": tactics}).strip() for part in _template(template)))
            for tactics in openings
        )
        if not continued:
            prompt, others = replace(prompt, opening=""), []
        if count_tokens(f"{prompt.system}\n\n{prompt.user}\n\n{prompt.opening}") <= token_limit:
            ids = tuple(lemma.id for lemma in lemmas[:kept])
            prompts = tuple(islice(cycle([prompt, *others]), samples))
            return Asked(prompts, stop if continued else (), ids, naming)
    return Asked((), stop, (), naming)


def _choices(lemmas: int) -> Iterable[tuple[int, bool, bool, bool]]:
    """(lemmas, with their proofs, worked examples, definitions), fullest first."""
    yield lemmas, True, True, True
    for kept in range(lemmas, 0, -1):
        yield kept, False, True, True
    yield 0, False, True, True
    yield 0, False, False, True
    yield 0, False, False, False


@cache
def _template(name: str) -> tuple[Template, Template, Template]:
    """System, user and opening part of a template file."""
    text = (PROMPTS / f"{name}.txt").read_text(encoding="utf-8")
    parts = re.split(r"^== (?:system|user|opening) ==\n", text, flags=re.MULTILINE)
    environment = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)  # noqa: S701 (not HTML)
    system, user, opening = (environment.from_string(part) for part in parts[1:])
    return system, user, opening


def _theorem(
    elaboration: Elaboration,
    display: Display,
    letters: Mapping[str, str],
    inward: Mapping[str, str],
    parent: Lemma | None,
) -> tuple[str, Naming]:
    """The statement as the prompt shows it.

    With definitions of its own it is the canonical statement in the author's names. A problem whose header is opaque
    (the Reals, say) is shown as its author wrote it, since its elaborated form is unreadable; the names of its binders
    are then part of the naming.
    """
    statement = renamed(display.statement(elaboration.statement), letters)
    if parent is not None:
        return f"Lemma known : {statement}.", Naming(inward)
    if elaboration.definitions:
        return f"Theorem goal : {statement}.", Naming(inward)
    text = elaboration.problem.formal_statement.strip()
    return text, author_naming(text, elaboration.statement, inward)


def _openings(elaboration: Elaboration, letters: Mapping[str, str]) -> list[str]:
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
    plain = f"intros {' '.join(names)}."
    return [one for name in inductive for one in (plain, f"{plain} induction {name}")] or [plain]


def _definitions(elaboration: Elaboration) -> str:
    """The sentences of the author's header that introduce what the statement reaches; all but imports if opaque."""
    try:
        sentences = [sentence.text for sentence in split(elaboration.problem.header)]
    except Unterminated:
        return ""
    if not elaboration.definitions:
        skipped = re.compile(r"(?:From\s+\S+\s+)?(?:Require|Import|Export|Open|Set|Unset|Local|Global|Arguments)\b")
        return "\n".join(sentence for sentence in sentences if not skipped.match(sentence))
    reached = set(elaboration.reached)
    wanted = {
        elaboration.own_names.get(name, name)
        for definition in elaboration.definitions
        if definition.id in reached
        for name in definition.names
    }
    introduces = re.compile(r"(?:#\[[^\]]*\]\s*)?(?:Inductive|Variant|Fixpoint|Definition)\s+([^\W\d][\w']*)")
    return "\n".join(
        sentence for sentence in sentences if (found := introduces.match(sentence)) and found.group(1) in wanted
    )


def _names_in(text: str) -> set[str]:
    try:
        return {name.text for name in identifiers(text)}
    except Unterminated:
        return set()


def _in_comment(text: str) -> str:
    return text.replace("(*", "( *").replace("*)", "* )")


def _one_line(text: str) -> str:
    """For a comment: one line, and not all of a long one."""
    return _in_comment(" ".join(text.split())[:300])


def _indented(text: str) -> str:
    return text.strip().replace("\n", "\n  ")
