"""The definitions behind a statement, read from the warm prover: what counterexamples and conjectures are made of.

The statement is closed over the sections around it (all their variables and hypotheses, whether it names them or not),
since that is what the file claims. Names are those that the prover prints at the hole.

Invariant: what is read is only a basis for guesses. A refutation counts when the prover accepts a proof of the
negation, a conjecture when it accepts a proof.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain import App, Const, Definition, Forall, Goal, Lambda, Message, Sort, Term, Var
from pipeline.development.project.document import Hole
from pipeline.development.search.alarm import Over, alarm, paused
from pipeline.development.search.budget import Budget, Spent
from pipeline.development.search.context import Context
from pipeline.development.search.helper_names import lettered
from pipeline.development.search.orders import decided
from pipeline.development.search.premises import symbols_of
from pipeline.proposers.automation.portfolio import Portfolio
from pipeline.proposers.conjecture import generalisation
from pipeline.proposers.conjecture.testing import ALIKE_TRIALS, Tester
from term_algebra import alpha_normal, constants, substitute, subterms
from term_algebra.reduction import unfold
from term_algebra.standard import INTEGER, INTEGER_FUNCTIONS, POSITIVE, STANDARD_DATATYPES
from term_algebra.theory import pi_binders
from verifiers.audit.rocq.layers import refuse_exact
from verifiers.audit.words import ParseError
from verifiers.rocq import refutation
from verifiers.rocq.automation import RocqAutomation
from verifiers.rocq.document import IN_FULL
from verifiers.rocq.reader import parse_goal, parse_inductive
from verifiers.rocq.tactics import TACTICS
from verifiers.rocq.terms import library_parameters, parse_definition, parse_typed, render

SECONDS = 2.0
"""CPU seconds of one question to the prover."""

STUCK_SECONDS = 0.5
"""CPU seconds in which an induction has to show where it is stuck."""

MOST_DEFINITIONS, LONGEST = 60, 10_000
"""Definitions that are read for one statement, and the characters of one of them."""

_DATATYPE = re.compile(r"(?:Inductive|Variant) ")
_LOGICAL = frozenset({"eq", "and", "or", "ex", "True", "False"})
_BOUND = re.compile(r"\(((?:[\w']+ )+):")
_PATTERN = re.compile(r"\|\s+([\w'. ]+) =>")
_SHOW = "\n".join(IN_FULL)
_STANDARD = frozenset(
    (*(datatype.name for datatype in STANDARD_DATATYPES), INTEGER.name, POSITIVE.name, *INTEGER_FUNCTIONS)
)
"""What the evaluator knows by itself."""


@dataclass(frozen=True)
class Closed:
    """A statement as the file claims it, with the definitions that it reaches; `ending` closes the sections around."""

    term: Term
    definitions: tuple[Definition, ...]
    ending: str
    taken: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Name → variables of the sections around the hole that it takes as arguments once these are closed."""
    stated: str = ""
    """The hole itself, admitted, with `ending`."""
    name: str = ""


def read_closed(context: Context, hole: Hole, seconds: float) -> Closed | None:
    """The closed statement of a hole above which `context` stands.

    None where a form is not modelled, or where reading what it rests on takes more CPU seconds.
    """
    budget = Budget(context, seconds)
    sections: list[str] = []
    for container in reversed(hole.containers):
        if container.kind != "section":
            break
        sections.append(f"End {container.name}.")
    ending = "\n".join(sections)
    using = "Proof using All." if sections else "Proof."
    stated = f"{hole.statement}\n{using}\nAdmitted.\n{ending}\n"
    outcome = context.session.run(f"Check @{hole.name}.", SECONDS, before=f"{stated}{_SHOW}", goals=False)
    said = _said(outcome.messages)
    if not outcome.ok or not said:
        return None
    try:
        term = parse_typed(said[-1]).type
    except ParseError:
        return None
    try:
        definitions = _definitions(context, term, ending, budget)
        taken = _taken(context, definitions, budget) if ending else {}
    except Spent:
        return None
    return Closed(term, definitions, ending, taken, stated, hole.name)


def _taken(context: Context, definitions: Sequence[Definition], budget: Budget) -> dict[str, tuple[str, ...]]:
    """What the names of definitions take less inside the sections than behind them."""
    types = {function.name: function.type for one in definitions for function in one.functions}
    for datatype in (datatype for one in definitions for datatype in one.datatypes):
        types |= {datatype.name: datatype.type} | {one.name: one.type for one in datatype.constructors}
    taken: dict[str, tuple[str, ...]] = {}
    for name, type_ in types.items():
        budget.check()
        outcome = context.session.run(f"Check @{name}.", SECONDS, before=_SHOW, goals=False)
        said = _said(outcome.messages)
        if not outcome.ok or not said:
            continue
        try:
            binders = len(list(pi_binders(parse_typed(said[-1]).type)))
        except ParseError:
            continue
        behind = [variable for variable, _ in pi_binders(type_)]
        if binders < len(behind):
            taken[name] = tuple(behind[: len(behind) - binders])
    return taken


def inside(closed: Closed, term: Term) -> Term | None:
    """A closed statement as it is said inside the sections around the hole; None if it is of other values of theirs.

    What was defined in a section takes none of its variables there, so such a statement is about these alone.
    """
    term = alpha_normal(term)
    parts = list(subterms(term))
    if not any(isinstance(part, Const) and part.name in closed.taken for part in parts):
        return term
    values: dict[str, Term] = {}
    applied = [part for part in parts if isinstance(part, App) and _name(part.function) in closed.taken]
    for part in applied:
        variables = closed.taken[_name(part.function)]
        if len(part.arguments) < len(variables):
            return None
        for variable, value in zip(variables, part.arguments, strict=False):
            if values.setdefault(variable, value) != value:
                return None
    if len(applied) < sum(_name(part) in closed.taken for part in parts):
        return None
    without = {name: _ignoring(len(variables), Const(name)) for name, variables in closed.taken.items()}
    said = unfold(term, without)
    binders: list[tuple[str, Term]] = []
    while isinstance(said, Forall):
        binders.append((said.name, said.type))
        said = said.body
    own = {value.name: Var(variable) for variable, value in values.items() if isinstance(value, Var)}
    if len(own) < len(values) or not own.keys() <= {name for name, _ in binders}:
        return None
    for name, type_ in reversed(binders):
        said = said if name in own else Forall(name, type_, said)
    return substitute(said, own)


def _name(term: Term) -> str:
    return term.name if isinstance(term, Const) else ""


def _ignoring(count: int, term: Term) -> Term:
    """A function of so many arguments that is `term` whatever they are."""
    for _ in range(count):
        term = Lambda("_", Sort("Type"), term)
    return term


def _definitions(context: Context, term: Term, ending: str, budget: Budget) -> tuple[Definition, ...]:
    """Definitions of what a term reaches, as far as they are understood."""
    texts: dict[str, str] = {}
    todo, seen = sorted(constants(term)), set[str](_STANDARD)
    while todo and len(texts) < MOST_DEFINITIONS:
        name = todo.pop(0)
        if name in seen:
            continue
        seen.add(name)
        budget.check()
        outcome = context.session.run(f"Print {name}.", SECONDS, before=f"{ending}\n{_SHOW}", goals=False)
        said = _said(outcome.messages)
        if outcome.ok and said and len(said[-1]) <= LONGEST:
            texts[name] = said[-1]
            todo += sorted(_global_names(said[-1]) - seen)
    found: dict[str, Definition] = {}
    parameters: dict[str, int] = {}

    def parameters_of(constructor: str) -> int:
        return parameters.get(constructor, library_parameters(constructor))

    # A pattern is understood only when it is known how many parameters its constructor has: datatypes come first.
    for name, text in sorted(texts.items(), key=lambda item: (_DATATYPE.match(item[1]) is None, item[0])):
        try:
            if _DATATYPE.match(text):
                group = parse_inductive(text, parameters_of)
                names = tuple(datatype.name for datatype in group)
                if not _LOGICAL.intersection(names):
                    found[names[0]] = Definition(name, "rocq", "datatype", names, names, "", "", (), datatypes=group)
                    parameters |= {c.name: one.parameters for one in group for c in one.constructors}
            else:
                function = parse_definition(text, parameters_of)
                found[name] = Definition(name, "rocq", "function", (name,), (name,), "", "", (), functions=(function,))
        except ParseError:
            continue
    return tuple(found.values())


def _global_names(text: str) -> frozenset[str]:
    """Names in a printed text that it does not bind itself, as far as its form shows."""
    bound = {name for group in _BOUND.findall(text) for name in group.split()}
    bound |= {name for group in _PATTERN.findall(text) for name in group.split()[1:]}
    return symbols_of(text, bound)


def _said(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages if message.level == "notice" and message.start >= 0]


# ------------------------------------------------------------------------------------------------------- refutation


def counterexample(context: Context, closed: Closed, seed: int, seconds: float) -> dict[str, str] | None:
    """Values for the statement's variables with which the prover proves that it is false, sought for CPU seconds."""
    try:
        with alarm(seconds):
            tester = Tester(closed.definitions)
            tested = decided(closed.term, tester.theory)
            met = tester.test(tested, seed, alike=ALIKE_TRIALS).counterexample
            script = None if met is None else refutation.script(tested, closed.definitions, met.ground)
    except Over:
        return None
    if met is None or script is None:
        return None
    same = f"Check (@{closed.name} : {render(closed.term)})."
    if not context.session.run(same, SECONDS, before=closed.stated, goals=False).ok:
        return None  # what was read is not what the file states
    text = f"Goal ({render(closed.term)}) -> Coq.Init.Logic.False.\nProof.\n{script}\nQed."
    outcome = context.session.run(text, SECONDS, before=f"{closed.ending}\n{refutation.TACTICS}", goals=False)
    return dict(met.values) if outcome.ok else None


# ------------------------------------------------------------------------------------------------------ conjectures


def conjectures(context: Context, closed: Closed, seed: int, most: int, seconds: float) -> list[str]:
    """Statements that may help, cut from the statement and from where induction on it gets stuck, best first.

    None if it takes this program more CPU seconds; no more goals are looked at once the prover has used as many.
    """
    statement = render(closed.term)
    last = context.session.prover_seconds + seconds

    def replay(prefix: str) -> list[Goal]:
        before = f"{closed.ending}\n{TACTICS}\nGoal {statement}.\nProof.\n"
        left = last - context.session.prover_seconds
        if left <= 0:
            return []
        with paused():
            outcome = context.session.run(prefix, min(STUCK_SECONDS, left), before=before)
        goals: list[Goal] = []
        for goal in outcome.goals:
            try:
                goals.append(parse_goal(goal.hypotheses, goal.conclusion, library_parameters))
            except ParseError:
                continue
        return goals

    portfolio = Portfolio(closed.definitions, RocqAutomation())
    try:
        with alarm(seconds):
            found = generalisation.requests(closed.term, portfolio, replay, seed=seed, most=most)
    except Over:
        return []
    said = [inside(closed, term) for term in found]
    return [render(lettered(term)) for term in said if term is not None]


def readable(context: Context, statement: str) -> str:
    """A closed statement as the prover prints it in the file's own notations, if it reads that back as the same."""
    if refuse_exact(statement):
        return statement
    outcome = context.session.run(f"Check ({statement}).", SECONDS, goals=False)
    said = _said(outcome.messages)
    if not outcome.ok or not said:
        return statement
    shown = " ".join(said[-1].rpartition("\n     : ")[0].split())
    same = f"Goal {shown}.\nProof.\nchange ({statement}).\nAbort."
    return shown if shown and context.session.run(same, SECONDS, goals=False).ok else statement
