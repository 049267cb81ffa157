"""Generalisation of goals: statements worth proving, cut from a statement and from where its proof got stuck.

Two sources: the statement itself, whose constant arguments become variables (`qrev x nil` becomes `qrev x y`) and
whose other side is then completed by a term that agrees on test values; and the goals left after induction and
simplification, whose common subterms become variables and whose hypotheses are kept or dropped.

Invariant: every statement returned is closed, differs from the one it was cut from, and no test refuted it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from domain import App, Const, Definition, Fix, Forall, Goal, Let, Match, Sort, Term, Var
from pipeline.proposers.automation.portfolio import Portfolio
from pipeline.proposers.conjecture.exploration import Explorer
from pipeline.proposers.conjecture.testing import Tester
from term_algebra import apply, children, constants, free_variables, substitute, subterms
from term_algebra.simplification import simplify
from term_algebra.theory import (
    Equation,
    OpenStatement,
    Theory,
    as_equation,
    close,
    equation,
    is_proposition,
    open_statement,
    within_constructors,
)

Replay = Callable[[str], Sequence[Goal]]
"""Runs the beginning of a proof of the statement and returns the goals that are left."""

MOST = 16
"""Statements returned at most."""

LEAST_TESTED = 10
"""Valuations under which the premises of a statement must have held."""

MOST_GROUPS = 8
"""Sets of several subterms that are generalised at once."""

MOST_CHOICES = 12
"""Ways tried to speak of a candidate's variables in the premises of the statement."""

PLANS = 3
"""Inductions whose stuck goals are looked at."""

COMPLETION_TERMS = 3_000
COMPLETION_SIZE = 6


def requests(
    statement: Term, portfolio: Portfolio, replay: Replay | None = None, *, seed: int = 0, most: int = MOST
) -> list[Term]:
    """Closed statements that may help to prove `statement`, best first; `portfolio` says over which definitions."""
    definitions = portfolio.definitions
    tester = Tester(definitions)
    kept: dict[Term, tuple[int, int]] = {}
    seen: set[Term] = {statement}
    for rank, candidate in _candidates(statement, portfolio, definitions, replay, seed):
        if candidate in seen or not _is_first_order(candidate):
            continue
        seen.add(candidate)
        if _is_computation(candidate, portfolio.theory):
            continue
        for claim in (candidate, *_under_premises(candidate, statement)):
            report = tester.test(claim, seed)
            if report.counterexample is None and report.tested >= (1 if claim is candidate else LEAST_TESTED):
                kept[claim] = (rank, sum(1 for _ in subterms(claim)))
                break
    return sorted(kept, key=lambda term: kept[term])[:most]


def _under_premises(candidate: Term, statement: Term) -> Iterator[Term]:
    """The candidate under the premises of the statement, spoken of its own variables of the same types."""
    premises = [binder.type for binder in open_statement(statement).hypotheses]
    if not premises:
        return
    needed = frozenset[str]().union(*(free_variables(premise) for premise in premises))
    theirs = {b.name: b.type for b in open_statement(statement).of_kind("data", "function") if b.name in needed}
    opened = open_statement(candidate)
    ours = {binder.name: binder.type for binder in opened.of_kind("data", "function")}
    given = [binder.type for binder in opened.hypotheses]
    fitting = ([own for own, type_ in ours.items() if _fits(wanted, type_, {})] for wanted in theirs.values())
    for choice in itertools.islice(itertools.product(*fitting), MOST_CHOICES):
        table: dict[str, Term] = {}
        pairs = zip(theirs.values(), choice, strict=True)
        if len(set(choice)) < len(choice) or not all(_fits(wanted, ours[own], table) for wanted, own in pairs):
            continue
        table |= {name: Var(own) for name, own in zip(theirs, choice, strict=True)}
        if needed <= table.keys():
            yield close([*given, *(substitute(premise, table) for premise in premises)], opened.conclusion, ours)


def _fits(wanted: Term, type_: Term, table: dict[str, Term]) -> bool:
    """Whether a type is an instance of another one, whose variables `table` then holds."""
    if isinstance(wanted, Var):
        return table.setdefault(wanted.name, type_) == type_
    parts, others = children(wanted), children(type_)
    if not parts or type(wanted) is not type(type_) or len(parts) != len(others):
        return wanted == type_
    return all(_fits(part, other, table) for (part, _), (other, _) in zip(parts, others, strict=True))


def _candidates(
    statement: Term, portfolio: Portfolio, definitions: Sequence[Definition], replay: Replay | None, seed: int
) -> Iterator[tuple[int, Term]]:
    opened = open_statement(statement)
    yield from ((0, candidate) for candidate in accumulators(opened, portfolio, definitions, seed))
    if replay is None:
        return
    for prefix in portfolio.beginnings(opened, PLANS):
        for goal in replay(prefix):
            yield from ((1, candidate) for candidate in from_goal(goal, portfolio.theory))


# ------------------------------------------------------------------------------------------------------ accumulators


def accumulators(
    opened: OpenStatement, portfolio: Portfolio, definitions: Sequence[Definition], seed: int = 0
) -> Iterator[Term]:
    """Equations with constant arguments replaced by variables and the other side completed by testing."""
    sides = as_equation(opened.conclusion)
    if sides is None or opened.hypotheses:
        return
    types = {binder.name: binder.type for binder in opened.binders}
    for left in (sides.left, sides.right):
        places = list(constant_arguments(left, portfolio))
        for chosen in ([places] if len(places) > 1 else []) + [[place] for place in places]:
            variables = dict(types)
            general = left
            for index, (path, type_) in enumerate(chosen):
                variables[f"a{index}"] = type_
                general = replace_at(general, path, Var(f"a{index}"))
            relevant = _relevant(definitions, [*variables.values(), sides.type])
            explorer = Explorer(relevant, seed, COMPLETION_TERMS, COMPLETION_SIZE)
            for completed in explorer.complete(general, variables):
                if completed != general:
                    data = {n: t for n, t in variables.items() if not isinstance(t, Sort)}
                    yield close([], equation(sides.type, general, completed), data)


def constant_arguments(
    term: Term, portfolio: Portfolio, path: tuple[int, ...] = ()
) -> Iterator[tuple[tuple[int, ...], Term]]:
    """Places of closed constructor terms as non-recursive arguments of recursive functions, with their types."""
    if not isinstance(term, App):
        return
    name = term.function.name if isinstance(term.function, Const) else None
    index = portfolio.structural_index(name) if name is not None else None
    for position, argument in enumerate(term.arguments):
        yield from constant_arguments(argument, portfolio, (*path, position))
        if index is None or position == index:
            continue
        type_ = portfolio.theory.type_of(argument, {})
        if type_ is not None and not isinstance(type_, Sort) and _is_constant(argument, portfolio.theory):
            yield (*path, position), type_


def _is_constant(term: Term, theory: Theory) -> bool:
    """A closed value: constructors and plain constants over type arguments."""
    if isinstance(term, Const):
        return term.name in theory.constructors or (
            term.name in theory.functions and not isinstance(theory.functions[term.name].type, Forall)
        )
    if not isinstance(term, App) or not isinstance(term.function, Const):
        return False
    info = theory.constructors.get(term.function.name)
    return info is not None and all(_is_constant(a, theory) for a in term.arguments[info.datatype.parameters :])


def replace_at(term: Term, path: tuple[int, ...], new: Term) -> Term:
    """`term` with the argument at `path` replaced."""
    if not path:
        return new
    assert isinstance(term, App)
    position, *rest = path
    arguments = list(term.arguments)
    arguments[position] = replace_at(arguments[position], tuple(rest), new)
    return App(term.function, tuple(arguments))


def _relevant(definitions: Sequence[Definition], types: Iterable[Term]) -> list[Definition]:
    """Datatypes, and functions that speak of no other types than these."""
    allowed = frozenset[str]().union(*(constants(type_) for type_ in types))
    return [
        d
        for d in definitions
        if d.kind == "datatype" or all(constants(function.type) <= allowed for function in d.functions)
    ]


# -------------------------------------------------------------------------------------------------------- stuck goals


def from_goal(goal: Goal, theory: Theory) -> Iterator[Term]:
    """Closed statements from an open goal: generalised, and with its facts kept, one of them kept, or none."""
    variables: dict[str, Term] = {}
    facts: list[Term] = []
    inductions: list[Equation] = []
    for hypothesis in goal.hypotheses:
        if is_proposition(hypothesis.type):
            inductive = as_equation(hypothesis.type) if hypothesis.name.startswith("IH") else None
            if inductive is not None:
                inductions.append(inductive)
            elif not isinstance(hypothesis.type, Forall):
                facts.append(hypothesis.type)
        else:
            variables[hypothesis.name] = hypothesis.type
    sides = as_equation(goal.conclusion)
    if sides is None:
        return
    plain = [fact for fact in facts if _is_first_order(fact)]
    choices: list[list[Term]] = [[]]
    if plain:
        choices += [[fact] for fact in plain] + ([plain] if len(plain) > 1 else [])
    for kept in choices:
        yield from _generalisations(sides, kept, variables, theory)
    for one in inductions:
        yield from _generalisations(sides, [equation(one.type, one.left, one.right)], variables, theory)
        for old, new in ((one.left, one.right), (one.right, one.left)):
            for changed in (
                Equation(sides.type, replace(sides.left, {old: new}), sides.right),
                Equation(sides.type, sides.left, replace(sides.right, {old: new})),
            ):
                if changed != sides:
                    yield from _generalisations(changed, [], variables, theory)


def _generalisations(
    sides: Equation, facts: Sequence[Term], variables: Mapping[str, Term], theory: Theory
) -> Iterator[Term]:
    data = {name: type_ for name, type_ in variables.items() if not isinstance(type_, Sort)}
    sides = within_constructors(sides, variables, theory)
    conclusion = equation(sides.type, sides.left, sides.right)
    yield close(facts, conclusion, data)
    told = [side for fact in facts if (told := as_equation(fact)) is not None for side in (told.left, told.right)]
    places = [set(argument_subterms(part)) for part in (sides.left, sides.right, *told)]
    common = [
        term
        for term in dict.fromkeys([*argument_subterms(sides.left), *argument_subterms(sides.right)])
        if sum(term in place for place in places) > 1 and free_variables(term) & set(data) and not isinstance(term, Var)
    ]
    maximal = [term for term in common if not any(term is not o and term in set(argument_subterms(o)) for o in common)]
    several = (itertools.combinations(maximal, count) for count in range(len(maximal), 1, -1))
    groups = itertools.chain(((term,) for term in common), itertools.islice(itertools.chain(*several), MOST_GROUPS))
    for group in groups:
        types: dict[str, Term] = {**data}
        table: dict[Term, Term] = {}
        for index, term in enumerate(group):
            type_ = theory.type_of(term, variables)
            if type_ is not None:
                types[f"g{index}"] = type_
                table[term] = Var(f"g{index}")
        if table:
            general = replace(conclusion, table)
            yield close([replace(fact, table) for fact in facts], general, types)
            if facts:
                yield close([], general, types)


def argument_subterms(term: Term) -> list[Term]:
    """Proper and improper subterms that are arguments, larger ones first."""
    found = [term]
    if isinstance(term, App):
        for argument in term.arguments:
            found.extend(argument_subterms(argument))
    return found


def replace(term: Term, table: Mapping[Term, Term]) -> Term:
    """Replace whole subterms."""
    if term in table:
        return table[term]
    if isinstance(term, App):
        return apply(replace(term.function, table), [replace(argument, table) for argument in term.arguments])
    return term


def _is_first_order(term: Term) -> bool:
    if isinstance(term, App):
        return all(_is_first_order(part) for part in (term.function, *term.arguments))
    if isinstance(term, Forall):
        return _is_first_order(term.type) and _is_first_order(term.body)
    return not isinstance(term, Match | Fix | Let)  # a function that is handed on stands for itself


def _is_computation(statement: Term, theory: Theory) -> bool:
    """Whether both sides compute to the same term, so that the prover sees it at once."""
    opened = open_statement(statement)
    sides = as_equation(opened.conclusion)
    return sides is not None and simplify(sides.left, theory) == simplify(sides.right, theory)
