"""Canonical terms as first-order formulas in TPTP's `fof`, for provers whose answers are not believed.

Types are left out, so what an untyped prover concludes may rest on values that no type has. That is a loss of aim, not
of soundness: its answer only says which lemmas to try. Two things would make every set of axioms contradict itself and
are kept out: that each value is one of the constructors of a type (it is said of calls and constants of that type
alone), and lemmas that equate a variable with anything under no premise that speaks of it (see `saturation`).

A function that is a value is a constant, and `ap` applies it; a constant is made for each abstraction, a function
symbol for each match that is not at the head of a function's body, and a recursive function has an equation for each
path through its body. Left out are the equations of mutually recursive and nested functions.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from domain import App, Const, Fix, Forall, Lambda, Let, Match, Sort, Term, Var
from term_algebra import alpha_normal, apply, free_variables, substitute
from term_algebra.standard import BOOL, BOOLEAN_BODIES, FALSE, TRUE
from term_algebra.theory import Theory, arguments, as_equation, head_name, is_proposition, pi_binders

_CONNECTIVES = {"and": "&", "or": "|", "iff": "<=>"}


class UntranslatableError(Exception):
    """A term that has no place in these formulas."""


class _Symbol(NamedTuple):
    text: str
    types: tuple[bool, ...]
    """Which of its arguments are types."""

    @property
    def values(self) -> int:
        return self.types.count(False)


class Formulas:
    """Writes formulas over one theory; `axioms` are about the symbols that were written so far."""

    def __init__(self, theory: Theory) -> None:
        self._theory = theory
        self._symbols: dict[str, _Symbol] = {}
        self._lifted: dict[Term, str] = {}
        self._as_values: set[str] = set()
        self._waiting: list[str] = []
        self._datatypes: set[str] = set()
        self._axioms: list[str] = []
        self._fresh = itertools.count()

    def axioms(self) -> list[str]:
        """Formulas for every symbol written: equations of functions, and what constructors are."""
        while self._waiting:
            self._describe(self._waiting.pop())
        return list(self._axioms)

    # --------------------------------------------------------------------------------------------------- propositions

    def formula(self, term: Term, names: Mapping[str, str]) -> str:
        """A proposition; `names` has the text of each of its free variables, types apart.

        Raises:
            UntranslatableError: it speaks of predicates, or has a form that is not known.
        """
        if isinstance(term, Let):
            return self.formula(substitute(term.body, {term.name: term.value}), names)
        if isinstance(term, Forall):
            if isinstance(term.type, Sort):
                return self.formula(term.body, names)
            if is_proposition(term.type):
                if term.name != "_" and term.name in free_variables(term.body):
                    raise UntranslatableError("a proof is spoken of")
                return f"({self.formula(term.type, names)} => {self.formula(term.body, names)})"
            variable = _unused(names)
            return f"(![{variable}]: {self.formula(term.body, {**names, term.name: variable})})"
        equation = as_equation(term)
        if equation is not None:
            return f"({self.value(equation.left, names)} = {self.value(equation.right, names)})"
        name, given = head_name(term), arguments(term)
        if name in _CONNECTIVES and len(given) == 2:
            left, right = (self.formula(part, names) for part in given)
            return f"({left} {_CONNECTIVES[name]} {right})"
        if name == "not" and len(given) == 1:
            return f"(~ {self.formula(given[0], names)})"
        if name == "ex" and len(given) == 2 and isinstance(given[1], Lambda):
            variable = _unused(names)
            return f"(?[{variable}]: {self.formula(given[1].body, {**names, given[1].name: variable})})"
        if name in ("True", "False"):
            return f"${name.lower()}"
        raise UntranslatableError(f"the proposition {name}")

    # --------------------------------------------------------------------------------------------------------- values

    def value(self, term: Term, names: Mapping[str, str]) -> str:
        """A value; raises as `formula` does."""
        match term:
            case Var(name):
                if name not in names:
                    raise UntranslatableError("a type as a value")
                return names[name]
            case Const(name):
                return self._call(name, (), names)
            case App(Const(name), given):
                return self._call(name, given, names)
            case App(function, given):
                return _applied_to(self.value(function, names), [self.value(one, names) for one in given])
            case Let(name, value, _, body):
                return self.value(substitute(body, {name: value}), names)
            case Lambda() | Match():
                return self._lift(term, names)
            case _:
                raise UntranslatableError("a recursive function as a value, or a type")

    def _call(self, name: str, given: Sequence[Term], names: Mapping[str, str]) -> str:
        symbol = self._symbol(name)
        kinds = [*symbol.types, *[False] * len(given)]
        values = [self.value(one, names) for one, is_type in zip(given, kinds, strict=False) if not is_type]
        if len(values) >= symbol.values:
            return _applied_to(_called(symbol.text, values[: symbol.values]), values[symbol.values :])
        as_value = f"v{symbol.text}"
        if name not in self._as_values:
            self._as_values.add(name)
            variables = [f"X{index}" for index in range(symbol.values)]
            self._say(variables, f"{_applied_to(as_value, variables)} = {_called(symbol.text, variables)}")
        return _applied_to(as_value, values)

    def _symbol(self, name: str) -> _Symbol:
        if name not in self._symbols:
            type_ = self._theory.type_of_constant(name)
            if type_ is None:
                raise UntranslatableError(f"the constant {name}")
            kinds = tuple(isinstance(binder, Sort) for _, binder in pi_binders(type_))
            self._symbols[name] = _Symbol(f"f{len(self._symbols)}", kinds)
            self._waiting.append(name)
        return self._symbols[name]

    def _lift(self, term: Lambda | Match, names: Mapping[str, str]) -> str:
        """The call of a new symbol that stands for an abstraction or a match; equal ones have the same."""
        free = sorted(name for name in free_variables(term) if name in names)
        closed: Term = term
        for name in reversed(free):
            closed = Lambda(name, Sort("Type"), closed)
        key = alpha_normal(closed)
        if key not in self._lifted:
            name = f" {len(self._lifted)}"  # no constant's name has a space
            self._lifted[key] = name
            self._symbols[name] = _Symbol(f"f{len(self._symbols)}", (False,) * len(free))
            try:
                self._define(apply(Const(name), [Var(one) for one in free]), term, free)
            except UntranslatableError:
                del self._lifted[key]
                raise
        return self._call(self._lifted[key], [Var(one) for one in free], names)

    def _define(self, call: Term, term: Lambda | Match, free: Sequence[str]) -> None:
        if isinstance(term, Match):
            self._paths(call, term, set(free), ())
            return
        outer = {one: f"X{index}" for index, one in enumerate(free)}
        variable = f"X{len(free)}"
        left = _applied_to(self.value(call, outer), [variable])
        inner = {**outer, term.name: variable}
        self._say([*outer.values(), variable], f"{left} = {self.value(term.body, inner)}")

    # --------------------------------------------------------------------------------------------------------- axioms

    def _say(self, variables: Sequence[str], formula: str) -> None:
        self._axioms.append(_general(variables, formula))

    def _describe(self, name: str) -> None:
        if name in self._theory.constructors:
            self._constructors(self._theory.constructors[name].datatype.name)
            return
        type_ = self._theory.type_of_constant(name)
        function = self._theory.functions.get(name)
        body = BOOLEAN_BODIES.get(name) if function is None else function.body
        if type_ is not None:
            self._axioms += self.two_valued(self._symbols[name].text, type_)
        if body is not None:
            kept = len(self._axioms)
            try:
                self._equations(name, body)
            except UntranslatableError:
                del self._axioms[kept:]

    def two_valued(self, text: str, type_: Term, *, applied: bool = False) -> list[str]:
        """That a function answers with `true` or `false`, if that is its type; `applied` if it is a value itself."""
        domains = [binder for _, binder in pi_binders(type_)]
        while isinstance(type_, Forall):
            type_ = type_.body
        if type_ != BOOL:
            return []
        values = [f"X{index}" for index, binder in enumerate(domains) if not isinstance(binder, Sort)]
        call = _applied_to(text, values) if applied else _called(text, values)
        answers = f"{call} = {self.value(TRUE, {})} | {call} = {self.value(FALSE, {})}"
        return [_general(values, answers)]

    def _constructors(self, datatype: str) -> None:
        """Constructors are injective and differ from one another."""
        if datatype in self._datatypes:
            return
        self._datatypes.add(datatype)
        calls: list[tuple[str, int]] = []
        for constructor in self._theory.datatypes[datatype].constructors:
            symbol = self._symbol(constructor.name)
            calls.append((symbol.text, symbol.values))
        for place, (text, number) in enumerate(calls):
            left = [f"X{index}" for index in range(number)]
            right = [f"Y{index}" for index in range(number)]
            if left:
                same = " & ".join(f"{one} = {other}" for one, other in zip(left, right, strict=True))
                self._say([*left, *right], f"{_called(text, left)} = {_called(text, right)} => ({same})")
            for other, others in calls[place + 1 :]:
                right = [f"Y{index}" for index in range(others)]
                self._say([*left, *right], f"{_called(text, left)} != {_called(other, right)}")

    def _equations(self, name: str, body: Term) -> None:
        parameters: list[str] = []
        inside: Term = Const(name)
        while isinstance(body, Lambda | Fix):
            if isinstance(body, Lambda):
                added, rest = ((body.name, body.type),), body.body
            else:
                if len(body.functions) != 1 or parameters:
                    raise UntranslatableError("a nested or mutual recursion")
                added, rest = body.functions[0].parameters, body.functions[0].body
                rest = substitute(rest, {body.functions[0].name: inside})
            fresh = {old: Var(f"parameter {next(self._fresh)}") for old, _ in added}
            parameters += [variable.name for variable in fresh.values()]
            body = substitute(rest, fresh)
        kinds = self._symbol(name).types
        if len(parameters) > len(kinds):
            raise UntranslatableError("more parameters than its type tells")
        types = {one for one, is_type in zip(parameters, kinds, strict=False) if is_type}
        call = apply(inside, [Var(one) for one in parameters])
        self._paths(call, body, {one for one in parameters if one not in types}, ())

    def _paths(self, call: Term, body: Term, variables: set[str], premises: tuple[tuple[Term, Term], ...]) -> None:
        """An equation for each path through the matches at the head of a body."""
        if not isinstance(body, Match):
            free = sorted(variables & frozenset[str]().union(*map(free_variables, (call, body, *sum(premises, ())))))
            names = {name: f"X{index}" for index, name in enumerate(free)}
            said = [f"{self.value(one, names)} = {self.value(other, names)}" for one, other in premises]
            equal = f"{self.value(call, names)} = {self.value(body, names)}"
            self._say(list(names.values()), f"({' & '.join(said)}) => {equal}" if said else equal)
            return
        scrutinee = body.scrutinee
        for branch in body.branches:
            kinds = self._symbol(branch.constructor).types
            fields = {place: f"field {next(self._fresh)}" for place, is_type in enumerate(kinds) if not is_type}
            whole = apply(Const(branch.constructor), [Var(fields.get(place, "_")) for place in range(len(kinds))])
            start = len(kinds) - len(branch.variables)
            if start < 0:
                raise UntranslatableError("a branch with more variables than its constructor has arguments")
            named = {name: start + place for place, name in enumerate(branch.variables) if name != "_"}
            inner = {name: Var(fields[place]) for name, place in named.items() if place in fields}
            rest = substitute(branch.body, inner)
            known = variables | set(fields.values())
            if isinstance(scrutinee, Var) and scrutinee.name in variables:
                bound = {scrutinee.name: whole}
                there = tuple((substitute(one, bound), substitute(other, bound)) for one, other in premises)
                self._paths(substitute(call, bound), substitute(rest, bound), known - {scrutinee.name}, there)
            else:
                self._paths(call, rest, known, (*premises, (scrutinee, whole)))


def _unused(names: Mapping[str, str]) -> str:
    """A variable that no name in sight stands for."""
    taken = set(names.values())
    return next(variable for number in itertools.count() if (variable := f"X{number}") not in taken)


def _general(variables: Sequence[str], formula: str) -> str:
    """A formula about all values of its variables."""
    return f"![{','.join(variables)}]: ({formula})" if variables else formula


def _called(symbol: str, values: Sequence[str]) -> str:
    """A symbol on its arguments."""
    return f"{symbol}({','.join(values)})" if values else symbol


def _applied_to(function: str, values: Sequence[str]) -> str:
    """A function that is a value, applied to values one after the other."""
    for value in values:
        function = f"ap({function},{value})"
    return function
