"""Isabelle's methods as proof scripts.

A statement is its author's text here. What a script needs of it is read off its words (`shape`): whether it has
assumptions, which a proof must be given (`using assms`), and which names stand for variables that an induction or a
split into cases may be on. Where that is guessed wrong, a script fails and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple

from domain import Const, Lemma
from term_algebra.ordering import Rule
from term_algebra.theory import OpenStatement, Theory
from verifiers.audit.isabelle.scan import Token, Unreadable, tokens
from verifiers.scripts import Plan, Script

METHODS = (
    *("auto", "simp", "blast", "fastforce", "force", "eval", "presburger", "sos", "arith", "linarith"),
    "(auto simp: field_simps)",
)
"""Proof methods, as they stand after `by`: those of LEGO-Prover's checker in its order (arXiv 2310.00656).

A proof by `eval` rests on an oracle, which an audit refuses unless the problem allows it. The checker's last resort,
the command `sledgehammer`, is no method: the proof that it finds stands in a message, and would have to be asked again.
"""

MOST_VARIABLES = 4
"""Variables of a statement on which induction and cases are tried."""

_WITH_LEMMAS = {"simp": "simp add: {}", "auto": "auto simp: {}", "metis": "metis {}"}
"""Methods that are given lemmas, and how."""

_WITHOUT = (
    *("auto", "simp", "blast", "fastforce", "presburger", "linarith", "force", "arith"),
    *("(auto simp: field_simps)", "sos", "code_simp"),
)
"""The same methods in the order that costs least, `eval` left out, and evaluation by the simplifier, which the kernel
checks."""

_ELEMENTS = frozenset({"fixes", "assumes", "shows", "obtains", "if", "for", "when", "and"})
_VARIABLE = re.compile(r"(?<![\w'.\\<^])(?:[a-z]s?|[a-z]\d)'?(?![\w'.])")
_WORDS = frozenset({"o", "is", "as"})
_BOUND = re.compile(
    r"(?:[%!?]|\\<(?:forall|exists|lambda|And|Union|Inter|Sum|Prod)>|[∀∃λ⋀⋃⋂∑∏]|\bSOME\b|\bTHE\b)\s*([^.]*)\."
)
_BINDS = re.compile(r"(?:^|\s)([A-Za-z][\w']*)")


class Shape(NamedTuple):
    """What a proof must know of a statement: the names of the facts it assumes, and its variables, lists first."""

    facts: tuple[str, ...]
    variables: tuple[str, ...]


class IsabelleAutomation:
    """Isabelle's own means of proof."""

    quick_seconds: float | None = None
    reads_terms = False
    takes_choices = False

    def knowing(self, tactics: Sequence[str]) -> IsabelleAutomation:
        del tactics
        return self

    def writer(self, theory: Theory, rule: Callable[[Lemma], Rule]) -> IsabelleWriter:
        del theory, rule
        return IsabelleWriter()

    def procedures(self, prelude: str) -> Sequence[str]:
        del prelude
        return ("by iprover",)  # the writer has the others, since it knows a statement's assumptions


class IsabelleWriter:
    """Writes proofs by one method, at once or behind an induction or a split; a search's variable is the method."""

    def plans(self, shapes: Iterable[Plan], opened: OpenStatement, lemmas: Sequence[Lemma]) -> Iterator[Plan]:
        del shapes
        at_once = [Plan("search", method) for method in (_WITH_LEMMAS if lemmas else _WITHOUT)]
        variables = shape(_text(opened)).variables[:MOST_VARIABLES]
        behind = [Plan("induction", name, general=len(variables) > 1) for name in variables]
        behind += [Plan("cases", name) for name in variables]
        behind += [Plan("induction", name) for name in variables if len(variables) > 1]
        yield from at_once[:2]
        for one, other in zip_longest(behind, at_once[2:]):
            yield from (plan for plan in (one, other) if plan is not None)

    def script(self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma]) -> Script:
        known = shape(_text(opened))
        given = f"using {' '.join(known.facts)} " if known.facts else ""
        method = _method(plan.variable or "auto" if plan.kind == "search" else "auto", lemmas)
        if plan.kind != "search":
            others = [name for name in known.variables if name != plan.variable]
            arbitrary = f" arbitrary: {' '.join(others)}" if plan.general and others else ""
            method = f"({plan.kind} {plan.variable}{arbitrary}) {method}"
        return Script(f"{given}by {method}", tuple(lemmas), plan)

    def derived(self, *_: object) -> Script | None:
        return None

    def plainer(self, *_: object) -> str:
        return ""

    def beginnings(self, opened: OpenStatement, plan: Plan) -> Iterator[str]:
        del opened, plan
        yield from ()


def shape(text: str) -> Shape:
    """What the words of a statement tell. Variables are those that it fixes, then short names in its terms."""
    try:
        read = [token for token in tokens(text) if token.kind != "comment"]
    except Unreadable:
        return Shape((), ())
    words = {token.text for token in read if token.kind == "word"}
    facts = (*(["assms"] if "assumes" in words else []), *(["that"] if words & {"if", "when"} else []))
    terms = [token.text[1:-1] for token in _terms(read)]
    bound = {name for term in terms for found in _BOUND.finditer(term) for name in _BINDS.findall(found[1])}
    free = (found.group() for term in terms for found in _VARIABLE.finditer(term))
    names = dict.fromkeys(chain(_fixed(read), (name for name in free if name not in bound | _WORDS)))
    return Shape(facts, tuple(sorted(names, key=lambda name: not name.rstrip("'").endswith("s"))))


def _terms(read: Sequence[Token]) -> Iterator[Token]:
    """The quoted propositions, which unlike quoted types follow no `::`."""
    for before, token in zip([None, *read], read, strict=False):
        if token.kind in ("string", "cartouche") and (before is None or before.text != ":"):
            yield token


def _fixed(read: Sequence[Token]) -> Iterator[str]:
    """The names behind `fixes` and `for`, without their types."""
    element, typed = "", False
    for token in read:
        if token.kind == "word" and token.text in _ELEMENTS:
            element, typed = (element if token.text == "and" else token.text), False
        elif token.text == ":":
            typed = True
        elif element in ("fixes", "for") and token.kind == "word" and not typed:
            yield token.text


def _method(method: str, lemmas: Sequence[Lemma]) -> str:
    """A method as it stands after `by`, with lemmas where it takes some."""
    if not lemmas or method not in _WITH_LEMMAS:
        return method
    return f"({_WITH_LEMMAS[method].format(' '.join(lemma.canonical_name for lemma in lemmas))})"


def _text(opened: OpenStatement) -> str:
    return opened.conclusion.name if isinstance(opened.conclusion, Const) else ""
