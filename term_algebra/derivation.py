"""Proofs of equations found outside the prover: induction, cases, then rewriting with lemmas until both sides agree.

What comes out are single steps, each an instance of one lemma, so that a prover only checks them and searches for
nothing. Where the steps get stuck in a case, the variable on which a call waits is split once more, or another
induction begins there.

Invariant: nothing is believed. A derivation is a proposal of a proof and of the lemmas that suffice, like any script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from domain import App, Const, Lemma, Term, Var
from term_algebra import apply, free_variables, substitute
from term_algebra.ordering import Precedence, Rule
from term_algebra.rewriter import Rewriter
from term_algebra.rewriting import Pattern, to_pattern, to_term
from term_algebra.simplification import waits_for
from term_algebra.steps import Branch, Derivation, Fact, Split, Way, frozen, inside_out, permutes
from term_algebra.theory import OpenStatement, Theory, arguments, as_equation, head_name

VARIABLES = 2
"""Inductions that are tried."""

SPLITS = 2
"""Variables that are split within one case, those aside whose values have no parts of their own kind."""

MOST_CASES = 300
"""Cases of one proof that are looked at."""


def derivation(
    statement: OpenStatement,
    theory: Theory,
    rule: Callable[[Lemma], Rule],
    lemmas: Sequence[Lemma],
    variables: Sequence[str],
) -> Derivation | None:
    """A proof with no lemma that it does not need: without any if it can be, then with those proved, then with all.

    `variables` are those on which an induction is worth a try, best first.
    """
    proved = tuple(lemma for lemma in lemmas if lemma.proof)
    for given in dict.fromkeys(((), proved, tuple(lemmas))):
        for variable in (None, *variables[:VARIABLES]):
            found = _Deriver(theory, rule, given).proof(statement, variable)
            if found is not None:
                return _with_fewer(found, statement, theory, rule, variable)
    return None


def _with_fewer(
    found: Derivation, statement: OpenStatement, theory: Theory, rule: Callable[[Lemma], Rule], variable: str | None
) -> Derivation:
    used = found.lemmas
    for lemma in sorted(used, key=lambda one: -len(one.statement_exact)):
        rest = [one for one in used if one is not lemma]
        shorter = _Deriver(theory, rule, rest).proof(statement, variable)
        if shorter is not None:
            used, found = shorter.lemmas, shorter
    return found


@dataclass(frozen=True)
class _Goal:
    """An equation in its context."""

    left: Term
    right: Term
    variables: Mapping[str, Term]
    """Of datatypes, with their types."""
    hypotheses: Mapping[str, tuple[Term, Term]]
    """Equations that are known."""
    own: frozenset[str]
    """The variables that the statement itself has."""
    facts: tuple[Way, ...] = ()
    """Hypotheses of an induction."""


class _Moved(NamedTuple):
    """Names of what goes back into a goal before an induction, so that its hypothesis holds of all values."""

    data: tuple[str, ...]
    hypotheses: tuple[str, ...]


@dataclass
class _Deriver:
    theory: Theory
    rule: Callable[[Lemma], Rule]
    lemmas: Sequence[Lemma]
    cases: int = 0
    """Cases that were looked at so far."""

    def proof(self, statement: OpenStatement, variable: str | None) -> Derivation | None:
        """By induction on a variable, or without one."""
        sides = as_equation(statement.conclusion)
        if sides is None:
            return None
        variables = {binder.name: binder.type for binder in statement.of_kind("data")}
        known = {binder.name: as_equation(binder.type) for binder in statement.hypotheses}
        unread = [binder.type for binder in statement.hypotheses if known[binder.name] is None]
        equations = {name: (one.left, one.right) for name, one in known.items() if one is not None}
        goal = _Goal(sides.left, sides.right, variables, equations, frozenset(variables))
        if variable is None:
            return self._joined(goal, 0)
        if any(not variables.keys().isdisjoint(free_variables(type_)) for type_ in unread):
            return None  # an induction would have to take it along
        return self._split(goal, variable, SPLITS, _moved(goal, variable))

    def _joined(self, goal: _Goal, splits: int) -> Derivation | None:
        self.cases += 1
        if self.cases > MOST_CASES:
            return None
        facts = [*goal.facts, *_known(goal.hypotheses)]
        rewriter = Rewriter(self.theory, self.rule, self.lemmas, facts)
        steps = rewriter.joined(frozen(goal.left), frozen(goal.right))
        if steps is not None:
            return Derivation(tuple(steps))
        fixed = _fixed(goal.facts)
        waiting = sorted(dict.fromkeys(self._waiting(rewriter.goal, goal.variables)), key=fixed.__contains__)
        flat = next((name for name in waiting if not self._recurs(goal.variables[name])), None)
        if flat is not None:  # where it is the statement's own, one more split may follow
            return self._split(goal, flat, max(splits, int(flat in goal.own)))
        if not waiting or splits == 0:
            return None
        variable = waiting[0]
        found = self._split(goal, variable, splits - 1)
        if found is None and variable not in fixed:
            found = self._split(goal, variable, splits - 1, _moved(goal, variable))
        return found

    def _recurs(self, type_: Term) -> bool:
        datatype = self.theory.datatype_of(type_)
        return datatype is None or self.theory.is_recursive(datatype)

    def _waiting(self, pattern: Pattern, variables: Mapping[str, Term]) -> Iterator[str]:
        """Variables on which a call waits."""
        for part in inside_out(pattern):
            term = to_term(part) if part[0] != "=" else None
            place = waits_for(term, self.theory) if isinstance(term, App) else None
            if isinstance(place, Var) and place.name in variables:
                yield place.name

    def _split(self, goal: _Goal, variable: str, splits: int, moved: _Moved | None = None) -> Derivation | None:
        """The cases of a variable; with the hypotheses of an induction if `moved` says what they bind."""
        type_ = goal.variables[variable]
        datatype = self.theory.datatype_of(type_)
        if datatype is None or not datatype.constructors:
            return None
        branches: list[Branch] = []
        for constructor in reversed(datatype.constructors):  # the last one is mostly the one that fails
            fields = self.theory.constructor_fields(type_, constructor)
            parts = [head_name(field) == datatype.name for field in fields]
            alone = sum(parts) == 1
            names = [variable if part and alone else f"{variable}_{i}" for i, part in enumerate(parts)]
            value = apply(Const(constructor.name), [*arguments(type_)[: datatype.parameters], *map(Var, names)])
            facts = list(goal.facts)
            bound: list[str] = []
            for name, part in zip(names, parts, strict=True):
                bound.append(name)
                if part and moved is not None:
                    bound.append(f"IH{name}")
                    facts += self._induction_hypothesis(goal, variable, name, moved)
            table = {variable: value}
            rest = {name: of_type for name, of_type in goal.variables.items() if name != variable}
            case = replace(
                goal,
                left=substitute(goal.left, table),
                right=substitute(goal.right, table),
                variables=rest | dict(zip(names, fields, strict=True)),
                hypotheses={k: (substitute(a, table), substitute(b, table)) for k, (a, b) in goal.hypotheses.items()},
                facts=tuple(facts),
            )
            proof = self._joined(case, splits)
            if proof is None:
                return None
            branches.insert(0, Branch(tuple(bound), proof))
        back = () if moved is None else (*moved.data, *moved.hypotheses)
        return Derivation(split=Split(variable, moved is not None, back, tuple(branches)))

    def _induction_hypothesis(self, goal: _Goal, variable: str, part: str, moved: _Moved) -> Iterator[Way]:
        """That of a part, in the direction of a rule, under what of the hypotheses was moved."""
        table: dict[str, Term] = {variable: Var(part)}
        loose = moved.data
        left, right = substitute(goal.left, table), substitute(goal.right, table)
        conditions = [goal.hypotheses[name] for name in moved.hypotheses]
        asked = tuple((frozen(substitute(a, table), loose), frozen(substitute(b, table), loose)) for a, b in conditions)
        precedence = Precedence(self.theory)
        ways = [(left, right, False), (right, left, True)]
        falls = [precedence.larger(a, b) for a, b, _ in ways]
        ordered = not any(falls) and permutes(to_pattern(left), to_pattern(right))
        if falls == [False, True]:
            ways.reverse()
        for a, b, reverse in ways:
            pattern = frozen(a, loose)
            bound = free_variables(a)
            if (
                isinstance(pattern, tuple)
                and isinstance(a, App)
                and set(loose) & _all_variables(b, conditions) <= bound
            ):
                yield Way(pattern, frozen(b, loose), Fact(f"IH{part}", loose), reverse, asked, ordered)
                if not ordered:
                    return


def _all_variables(term: Term, conditions: Sequence[tuple[Term, Term]]) -> set[str]:
    return set(free_variables(term)).union(*(free_variables(side) for sides in conditions for side in sides))


def _known(hypotheses: Mapping[str, tuple[Term, Term]]) -> Iterator[Way]:
    """Hypotheses as rules, from left to right."""
    for name, (left, right) in hypotheses.items():
        if isinstance(left, App):
            yield Way(frozen(left), frozen(right), Fact(name))


def _fixed(facts: Sequence[Way]) -> set[str]:
    """The variables of which hypotheses of an induction speak as they are now."""
    sides = [side for fact in facts for side in (fact.left, fact.right, *(s for pair in fact.conditions for s in pair))]
    heads = [part[0] for side in sides for part in inside_out(side)]
    return {head[1] for head in heads if isinstance(head, tuple) and head[0] == "@"}


def _moved(goal: _Goal, variable: str) -> _Moved:
    """What goes back into a goal before an induction: other data, unless hypotheses of an induction that it stands in
    speak of it, and equations that speak of what moves."""
    fixed = _fixed(goal.facts)
    data = tuple(name for name in goal.variables if name != variable and name not in fixed)
    moving = {variable, *data}
    speaking = (name for name, sides in goal.hypotheses.items() if any(moving & free_variables(one) for one in sides))
    return _Moved(data, tuple(speaking))
