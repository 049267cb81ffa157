"""Single steps of rewriting, each by an instance of one equation, and proofs made of them.

Patterns are those of `term_algebra.rewriting`. In a goal there are no variables: what a statement binds is frozen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from domain import Lemma, Term
from term_algebra.rewriting import Pattern, fill, match, to_pattern


class Fact(NamedTuple):
    """A hypothesis in the context of a goal, that of an induction included."""

    name: str
    variables: tuple[str, ...] = ()
    """That it binds, in order."""


@dataclass(frozen=True, slots=True)
class Step:
    """All places of `old` become `new`."""

    old: Pattern
    new: Pattern
    by: Lemma | Fact | None = None
    """None: `old` computes to `new`."""
    values: Mapping[str, Pattern] | None = None
    """Of the variables of `by`."""
    reverse: bool = False
    """Whether the equation is read from right to left, as it is stated."""
    premises: tuple[tuple[Step, ...], ...] = ()
    """What joins the sides of each hypothesis of the equation."""

    @property
    def undone(self) -> Step:
        return Step(self.new, self.old, self.by, self.values, not self.reverse, self.premises)


class Way(NamedTuple):
    """An equation that is read in one direction, under conditions."""

    left: Pattern
    right: Pattern
    by: Lemma | Fact
    reverse: bool = False
    conditions: tuple[tuple[Pattern, Pattern], ...] = ()
    ordered: bool = False
    """Whether it only permutes, and is used where what comes out is smaller in `order`."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """A proof of an equation: steps after which its sides are the same, or a split into cases."""

    steps: tuple[Step, ...] = ()
    split: Split | None = None

    @property
    def lemmas(self) -> list[Lemma]:
        """All lemmas that it names."""
        found = dict.fromkeys(_lemmas(self.steps))
        for branch in self.split.branches if self.split is not None else ():
            found.update(dict.fromkeys(branch.proof.lemmas))
        return list({lemma.id: lemma for lemma in found}.values())


class Branch(NamedTuple):
    """A case: the names of what its constructor binds, hypotheses of the induction included, and its proof."""

    names: tuple[str, ...]
    proof: Derivation


class Split(NamedTuple):
    """The cases of a variable, by induction or not; before an induction what `moved` names goes back into the goal."""

    variable: str
    induction: bool
    moved: tuple[str, ...]
    branches: tuple[Branch, ...]


def _lemmas(steps: Sequence[Step]) -> Iterator[Lemma]:
    for step in steps:
        if isinstance(step.by, Lemma):
            yield step.by
        for premise in step.premises:
            yield from _lemmas(premise)


def frozen(term: Term, loose: Iterable[str] = ()) -> Pattern:
    """A term as a pattern whose variables, but for the loose ones, match nothing but themselves."""
    kept = frozenset(loose)

    def freeze(pattern: Pattern) -> Pattern:
        if isinstance(pattern, str):
            return pattern if pattern in kept else (("@", pattern),)
        return (pattern[0], *(freeze(part) for part in pattern[1:]))  # type: ignore[arg-type]

    return freeze(to_pattern(term))


def instance(way: Way, term: Pattern, premises: tuple[tuple[Step, ...], ...] = ()) -> Step:
    """The step that an equation makes of a term that it matches, given what derives its conditions."""
    values: dict[str, Pattern] = {}
    if not match(way.left, term, values):
        raise ValueError("the equation does not match")
    return Step(term, fill(way.right, values), way.by, values, way.reverse, premises)


def inside_out(term: Pattern) -> tuple[tuple[object, ...], ...]:
    """All subterms but variables, each once, the inner ones first."""
    found: dict[tuple[object, ...], None] = {}

    def visit(part: Pattern) -> None:
        if isinstance(part, tuple) and part not in found:
            for inner in part[1:]:
                visit(inner)  # type: ignore[arg-type]
            found[part] = None

    visit(term)
    return tuple(found)


def replaced(term: Pattern, step: Step) -> Pattern:
    """A term with all places of what a step rewrites changed."""
    if term == step.old:
        return step.new
    if isinstance(term, str):
        return term
    return (term[0], *(replaced(part, step) for part in term[1:]))  # type: ignore[arg-type]


def symbols(term: Pattern) -> int:
    """The symbols in a term."""
    return 1 if isinstance(term, str) else 1 + sum(symbols(part) for part in term[1:])  # type: ignore[arg-type]


def permutes(left: Pattern, right: Pattern) -> bool:
    """Whether two sides have the same symbols and variables, each as often."""
    return _letters(left) == _letters(right)


def _letters(term: Pattern) -> Counter[object]:
    if isinstance(term, str):
        return Counter([term])
    found = Counter[object]([(term[0], len(term))])
    for part in term[1:]:
        found += _letters(part)  # type: ignore[arg-type]
    return found


def order(term: Pattern) -> tuple[int, str]:
    """By which operands are sorted, and what permutes is oriented."""
    text = repr(term)
    return len(text), text
