"""Scripts for Rocq that use lemmas of the libraries that a header imports: by rewriting, by backward steps, as facts.

A *fact* is a premise at terms that occur in the goal or its hypotheses: `sqrt_pos : forall x, 0 <= sqrt x` at each
`sqrt t`, say. Its conditions are met by arithmetic where that can, and arithmetic goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain import App, Const, Forall, Term, Var
from term_algebra import size, subterms
from term_algebra.theory import as_equation, free_variables, substitute
from verifiers.rocq.terms import render_open

FEW = 8
"""Premises that one script is given at most."""

_END = "first [easy | lra | lia | congruence | nra | nia]"
_MEET = "first [assumption | lra | lia | easy]"


@dataclass(frozen=True, slots=True)
class Premise:
    """A lemma of a library. `at` is the application that says at which terms it becomes a fact: it holds all of the
    variables that the lemma begins with."""

    name: str
    term: Term
    at: Term | None


@dataclass(frozen=True, slots=True)
class PremiseScript:
    """A tactic block over some premises."""

    premises: tuple[Premise, ...]
    write: Callable[[Sequence[Premise]], str]

    @property
    def text(self) -> str:
        return self.write(self.premises)

    def without(self, premise: Premise) -> PremiseScript:
        return PremiseScript(tuple(other for other in self.premises if other is not premise), self.write)


def instance(term: Term, frequency: Mapping[str, int]) -> Term | None:
    """The application in a statement that holds all variables at its beginning, and whose head is rarest."""
    names = leading(term)
    wanted = frozenset(names)
    if not wanted:
        return None
    body = term
    for _ in names:
        assert isinstance(body, Forall)
        body = body.body
    found: list[tuple[int, int, str, Term]] = []
    for part in subterms(body):
        head = part.function if isinstance(part, App) else None
        if (
            isinstance(head, Const)
            and head.name not in _RELATIONS
            and free_variables(part) == wanted
            and all(isinstance(inner, App | Const | Var) for inner in subterms(part))
        ):
            found.append((frequency[head.name], size(part), render_open(part), part))
    return min(found)[3] if found else None


_RELATIONS = frozenset(("eq", "and", "or", "not", "iff", "ex"))


def leading(term: Term) -> tuple[str, ...]:
    """The variables that a statement begins with."""
    names: list[str] = []
    while isinstance(term, Forall) and term.name != "_":
        names.append(term.name)
        term = term.body
    return tuple(names)


def premise_scripts(premises: Sequence[Premise]) -> Iterator[PremiseScript]:
    """Tactic blocks, likelier ones first; each calls only the prover's tactics and those of `rocq_arithmetic.v`."""
    facts = tuple(one for one in premises if one.at is not None)
    rules = tuple(one for one in premises if _rule(one))
    if facts:
        yield PremiseScript(facts[:FEW], _each_alone)
    if rules:
        yield PremiseScript(rules[:FEW], _rewriting)
    if premises:
        yield PremiseScript(tuple(premises[:FEW]), _backward)
        yield PremiseScript(tuple(premises[:FEW]), _hints)
    if len(facts) > 1:
        yield PremiseScript(facts[:FEW], _together)
    if len(facts) > FEW:
        yield PremiseScript(facts[FEW:], _each_alone)


def _fact(premise: Premise) -> str:
    """Poses a premise at all places, four at most."""
    assert premise.at is not None
    names = leading(premise.term)
    pattern = render_open(substitute(premise.at, {name: Var(f"?v{at}") for at, name in enumerate(names)}))
    fact = f"lm_fact (@{premise.name} {' '.join([f'v{at}' for at in range(len(names))])})"
    return f"do 4 try match goal with |- context [{pattern}] => {fact} | _ : context [{pattern}] |- _ => {fact} end"


def _each_alone(premises: Sequence[Premise]) -> str:
    ways = [f"solve [{_fact(one)}; lm_meet; {_END}]" for one in premises]
    return f"lm_intro; {_first(ways)}."


def _together(premises: Sequence[Premise]) -> str:
    return (
        f"lm_intro; {'; '.join([_fact(one) for one in premises])}; lm_meet; first [lra | lia | congruence | nra | nia]."
    )


def _rewriting(premises: Sequence[Premise]) -> str:
    rules = [_rule(one) for one in premises]
    return f"lm_intro; do 6 try ({_first(rules)}); first [easy | lra | lia | ring | nra | nia]."


def _backward(premises: Sequence[Premise]) -> str:
    ways = [f"solve [eapply {one.name}; {_END}]" for one in premises]
    return f"lm_intro; {_first(ways)}."


def _hints(premises: Sequence[Premise]) -> str:
    return f"lm_intro; eauto 4 using {', '.join([one.name for one in premises])}."


def _first(ways: Sequence[str]) -> str:
    return ways[0] if len(ways) == 1 else f"first [{' | '.join(ways)}]"


def _rule(premise: Premise) -> str:
    """Rewriting with an equation towards its smaller side; empty for anything else."""
    body = premise.term
    while isinstance(body, Forall):
        body = body.body
    sides = as_equation(body)
    if sides is None or size(sides.left) == size(sides.right):
        return ""
    arrow = "" if size(sides.left) > size(sides.right) else "<- "
    return f"rewrite {arrow}{premise.name}{f' by {_MEET}' if _has_conditions(premise.term) else ''}"


def _has_conditions(term: Term) -> bool:
    while isinstance(term, Forall):
        if term.name == "_":
            return True
        term = term.body
    return False
