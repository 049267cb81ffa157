"""Which lemmas prove a case of an induction, as a saturation prover sees it (E, `eprover`): a choice among hundreds.

E proves the cases from the functions' equations, the induction hypothesis and every lemma that it is given, and tells
which axioms its proof has. Its proofs are not believed: the lemmas go to the scripts of `automation`, as any choice
of lemmas would, with the one difference that these suffice and nothing else leads astray.

Its limits are numbers of terms and of clauses, so a question has the same answer from the same release of E on every
machine on which it does not take `SECONDS`.
"""

from __future__ import annotations

import contextlib
import re
import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from domain import Const, Forall, Lemma, Term, Var
from pipeline.proposers.automation.first_order import Formulas, UntranslatableError
from pipeline.proposers.automation.portfolio import Portfolio
from term_algebra import apply, free_variables, substitute
from term_algebra.theory import (
    OpenStatement,
    Theory,
    arguments,
    as_equation,
    head_name,
    is_proposition,
    open_statement,
    quantify,
)

PROGRAM = "eprover"

MEMORY_MIB = 1024

TERMS = 200_000
"""Terms that one question may build, which takes about a tenth of a second. E's proofs for 50 problems of TIP's prod,
given what a run had found out, took a third of that."""

CLAUSES = 2000
"""Clauses that one question may process; large ones can take long before they have built many terms."""

SECONDS = 1
"""CPU seconds of one question; most end by the other limits before a tenth of that."""

WALL_SECONDS = 120
"""Wall time after which the program is killed."""

VARIABLES = 3
"""Inductions that are tried."""

_USED = re.compile(r"file\('[^']*', l(\d+)\)")


class Selection(NamedTuple):
    """Lemmas that prove a statement by induction on a variable, or without one; None if none were found."""

    variable: str | None
    lemmas: tuple[Lemma, ...] | None
    seconds: float
    """CPU time of the program."""


def available() -> bool:
    """Whether the program is there."""
    return shutil.which(PROGRAM) is not None


def version() -> str:
    """The program's own name and release, or `absent`."""
    if not available():
        return "absent"
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False, timeout=WALL_SECONDS)
    return said.stdout.strip()


def select(statement: Term, portfolio: Portfolio, lemmas: Sequence[Lemma]) -> Iterator[Selection]:
    """Choices among lemmas for a closed statement over the definitions of `portfolio`."""
    opened = open_statement(statement)
    formulas = Formulas(portfolio.theory)
    given = list(_given(lemmas, formulas))
    for variable in (None, *portfolio.induction_order(opened)[:VARIABLES]):
        try:
            cases = list(_cases(opened, variable, portfolio.theory, formulas))
        except UntranslatableError:
            return
        defined = [f"fof(d, axiom, {one})." for one in formulas.axioms()]
        used: set[int] = set()
        seconds = 0.0
        for case in reversed(cases):  # that of the last constructor is mostly the one that fails
            answer = ask("\n".join([*case, *given, *defined, ""]))
            seconds += answer.seconds
            if answer.used is None:
                yield Selection(variable, None, seconds)
                break
            used |= answer.used
        else:
            yield Selection(variable, tuple(lemmas[number] for number in sorted(used)), seconds)


# ------------------------------------------------------------------------------------------------------------ questions


def _given(lemmas: Sequence[Lemma], formulas: Formulas) -> Iterator[str]:
    """Lemmas as axioms named by their numbers, as far as they can be said."""
    for number, lemma in enumerate(lemmas):
        if not equates_a_variable(lemma.term):
            with contextlib.suppress(UntranslatableError):
                yield f"fof(l{number}, axiom, {formulas.formula(lemma.term, {})})."


def _cases(opened: OpenStatement, variable: str | None, theory: Theory, formulas: Formulas) -> Iterator[list[str]]:
    """What is to be proved, for the statement itself or for each constructor of the type of a variable."""
    if variable is None:
        yield _case(opened, {}, (), theory, formulas)
        return
    type_ = next(binder.type for binder in opened.binders if binder.name == variable)
    datatype = theory.datatype_of(type_)
    assert datatype is not None
    for constructor in datatype.constructors:
        fields = theory.constructor_fields(type_, constructor)
        names = [f"field {index}" for index in range(len(fields))]
        value = apply(Const(constructor.name), [*arguments(type_)[: datatype.parameters], *map(Var, names)])
        again = [Var(name) for name, field in zip(names, fields, strict=True) if head_name(field) == datatype.name]
        rest = [binder for binder in opened.binders if binder.name != variable]
        whole = quantify(((binder.name, binder.type) for binder in rest), opened.conclusion)
        hypotheses = [substitute(whole, {variable: one}) for one in again]
        constants = dict(zip(names, fields, strict=True))
        now = OpenStatement(
            tuple(binder._replace(type=substitute(binder.type, {variable: value})) for binder in rest),
            substitute(opened.conclusion, {variable: value}),
        )
        yield _case(now, constants, hypotheses, theory, formulas)


def _case(
    goal: OpenStatement, constants: dict[str, Term], hypotheses: Sequence[Term], theory: Theory, formulas: Formulas
) -> list[str]:
    """The variables of the goal are constants; `constants` are those of the induction, `hypotheses` speak of them."""
    values = constants | {binder.name: binder.type for binder in goal.of_kind("data", "function")}
    names = {name: f"s{index}" for index, name in enumerate(values)}
    said = [f"fof(h, axiom, {formulas.formula(one, names)})." for one in hypotheses]
    said += [f"fof(h, axiom, {formulas.formula(binder.type, names)})." for binder in goal.hypotheses]
    said.append(f"fof(g, conjecture, {formulas.formula(goal.conclusion, names)}).")
    for name, type_ in values.items():
        shapes = _shapes(names[name], type_, formulas, theory), formulas.two_valued(names[name], type_, applied=True)
        said += [f"fof(c, axiom, {one})." for told in shapes for one in told]
    return said


def _shapes(name: str, type_: Term, formulas: Formulas, theory: Theory) -> Iterator[str]:
    """That a constant of a datatype is a call of one of its constructors."""
    datatype = theory.datatype_of(type_)
    if datatype is None:
        return
    ways: list[str] = []
    for place, constructor in enumerate(datatype.constructors):
        number = len(theory.constructor_fields(type_, constructor))
        parts = [f"part {place} {index}" for index in range(number)]
        texts = {part: f"{name}_{place}_{index}" for index, part in enumerate(parts)}
        value = apply(Const(constructor.name), [*arguments(type_)[: datatype.parameters], *map(Var, parts)])
        ways.append(f"{name} = {formulas.value(value, texts)}")
    if ways:
        yield " | ".join(ways)


# --------------------------------------------------------------------------------------------------------- the program


class Answer(NamedTuple):
    """`used` are the numbers of the lemmas in a proof, None if there is none."""

    used: set[int] | None
    seconds: float
    """CPU time of the program."""


def ask(question: str) -> Answer:
    """Runs the program on a problem in TPTP whose axioms `lN` are lemmas.

    This process must reap no other child meanwhile, or its time is counted too.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [PROGRAM, "--auto", "--silent", "--proof-object=1", "--tstp-format", f"--cpu-limit={SECONDS}"]
    command += [f"--memory-limit={MEMORY_MIB}", f"--tb-insert-limit={TERMS}", f"--processed-clauses-limit={CLAUSES}"]
    try:
        finished = subprocess.run(
            command, input=question, capture_output=True, text=True, check=False, timeout=WALL_SECONDS
        )
        said = finished.stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = {int(number) for number in _USED.findall(said)} if "# Proof found!" in said else None
    return Answer(used, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def equates_a_variable(statement: Term) -> bool:
    """Whether a closed statement equates a variable with something, under no premise that speaks of it."""
    premises: list[Term] = []
    while isinstance(statement, Forall):
        if is_proposition(statement.type):
            premises.append(statement.type)
        statement = statement.body
    equation = as_equation(statement)
    sides = (equation.left, equation.right) if equation is not None else ()
    spoken = frozenset[str]().union(*map(free_variables, premises)) if premises else frozenset[str]()
    bare = [side.name for side in sides if isinstance(side, Var) and side.name not in spoken]
    return bool(bare) and (len(bare) == 2 or bare[0] not in _inside(sides))


def _inside(sides: Sequence[Term]) -> Iterator[str]:
    for side in sides:
        if not isinstance(side, Var):
            yield from free_variables(side)
