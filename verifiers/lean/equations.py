"""Functions read from their equations: what Lean says of a function by patterns becomes a tree of matches.

A row is one equation: patterns for the arguments and what the call is equal to. Rows are tried in order, as Lean
means them. Invariant: the tree is a function of the rows up to names, and the tree's own equations give the same tree
again; a set of equations without one raises `ParseError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from domain import App, Branch, Const, Datatype, Fix, FixFunction, Forall, Function, Lambda, Match, Term, Var
from term_algebra import alpha_normal, apply, children, constants, free_variables, replace_constants, substitute
from verifiers.audit.words import ParseError
from verifiers.lean.core import DATATYPES

_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One equation; `types` are those of the variables in its patterns."""

    patterns: tuple[Term, ...]
    result: Term
    types: Mapping[str, Term]


def function(name: str, type_: Term, equations: Sequence[Term], datatypes: Mapping[str, Datatype]) -> Function:
    """The function with these equations (`∀ variables, f patterns = result`, in Lean's order). Raises `ParseError`."""
    return _Reading(name, type_, {**DATATYPES, **datatypes}).function([_row(name, one) for one in equations])


def equations(function: Function, datatypes: Mapping[str, Datatype]) -> list[Term]:
    """The equations of a function with a body, one for each case: `∀ variables, f patterns = result`."""
    reading = _Reading(function.name, function.type, {**DATATYPES, **datatypes})
    body = function.body
    if isinstance(body, Fix):
        member = body.functions[0]
        body = substitute(member.body, {member.name: Const(function.name)})
        for name, type_ in reversed(member.parameters):
            body = Lambda(name, type_, body)
    arity, rest = 0, body
    while isinstance(rest, Lambda):
        arity, rest = arity + 1, rest.body
    parameters = reading.parameters(arity)
    names = [name for name, _ in parameters]
    _, result = reading.named(parameters)
    found: list[Term] = []
    for row in reading.split([reading.only(names, body, dict(parameters))]):
        type_ = substitute(result, dict(zip(names, row.patterns, strict=True)))
        equation: Term = App(Const("eq"), (type_, apply(Const(function.name), row.patterns), row.result))
        for name, type_ in reversed([*row.types.items()]):
            equation = Forall(name, type_, equation)
        found.append(alpha_normal(equation))
    return found


def _row(name: str, equation: Term) -> Row:
    types: dict[str, Term] = {}
    while isinstance(equation, Forall):
        if equation.name in types:
            raise ParseError(f"two variables called {equation.name} in an equation of {name}")
        types[equation.name] = equation.type
        equation = equation.body
    match equation:
        case App(Const("eq"), (_, App(Const(head), patterns), result)) if head == name:
            return Row(patterns, result, types)
        case App(Const("eq"), (_, Const(head), result)) if head == name:
            return Row((), result, types)
        case _:
            raise ParseError(f"an equation of {name} is none")


class _Reading:
    def __init__(self, name: str, type_: Term, datatypes: Mapping[str, Datatype]) -> None:
        self.name = name
        self.type = type_
        self.datatypes = datatypes
        self.constructors = {c.name: datatype for datatype in datatypes.values() for c in datatype.constructors}
        self.fresh = count()

    def function(self, rows: Sequence[Row]) -> Function:
        arity = len(rows[0].patterns) if rows else 0
        if not rows or any(len(row.patterns) != arity for row in rows):
            raise ParseError(f"the equations of {self.name} do not agree in their arguments")
        parameters = self.parameters(arity)
        types = dict(parameters)
        names = [name for name, _ in parameters]
        tree: Term | None = None
        for _ in range(6):
            grown = alpha_normal(self.closed(parameters, self.tree(names, self.split(rows), types)))
            if grown == tree:
                return Function(self.name, self.type, self.body(grown, arity))
            tree = grown
            rows = self.split([self.only(names, tree, types)])
        raise ParseError(f"the patterns of {self.name} have no normal form")

    def parameters(self, arity: int) -> list[tuple[str, Term]]:
        found: list[tuple[str, Term]] = []
        rest = self.type
        for _ in range(arity):
            if not isinstance(rest, Forall):
                raise ParseError(f"{self.name} has more arguments than its type says")
            name = self.variable()
            found.append((name, rest.type))
            rest = substitute(rest.body, {rest.name: Var(name)}) if rest.name != "_" else rest.body
        return found

    def variable(self) -> str:
        return f"p{next(self.fresh)}'"

    @staticmethod
    def closed(parameters: Sequence[tuple[str, Term]], body: Term) -> Term:
        for name, type_ in reversed(parameters):
            body = Lambda(name, type_, body)
        return body

    def only(self, names: Sequence[str], tree: Term, types: Mapping[str, Term]) -> Row:
        """A tree as one row without patterns."""
        for name in names:
            assert isinstance(tree, Lambda)
            tree = substitute(tree.body, {tree.name: Var(name)}) if tree.name != "_" else tree.body
        return Row(tuple([Var(name) for name in names]), tree, types)

    # ------------------------------------------------------------------------------------------------ rows

    def split(self, rows: Sequence[Row]) -> list[Row]:
        """The rows with every match on a variable of the patterns taken apart."""
        done: list[Row] = []
        waiting = list(rows)
        while waiting:
            row = waiting.pop(0)
            scrutinee = row.result.scrutinee if isinstance(row.result, Match) else None
            if not (isinstance(row.result, Match) and isinstance(scrutinee, Var) and scrutinee.name in row.types):
                done.append(row)
            else:
                waiting[:0] = [self.chosen(row, scrutinee.name, branch) for branch in row.result.branches]
            if len(done) + len(waiting) > _MOST_ROWS:
                raise ParseError(f"{self.name} has too many cases")
        return done

    def chosen(self, row: Row, variable: str, branch: Branch) -> Row:
        """The row where `variable` is the constructor of a branch of the match on it."""
        fields = self.fields(branch.constructor, row.types[variable])
        names = branch.variables[len(branch.variables) - len(fields) :]
        fresh = [self.variable() for _ in fields]
        renamed = {old: Var(new) for old, new in zip(names, fresh, strict=True) if old != "_"}
        value = self.value(branch.constructor, row.types[variable], fresh)
        types = {name: type_ for name, type_ in row.types.items() if name != variable}
        types |= dict(zip(fresh, fields, strict=True))
        patterns = tuple([substitute(pattern, {variable: value}) for pattern in row.patterns])
        return Row(patterns, substitute(substitute(branch.body, renamed), {variable: value}), types)

    def datatype(self, type_: Term) -> tuple[Datatype, tuple[Term, ...]]:
        head = type_.function if isinstance(type_, App) else type_
        datatype = self.datatypes.get(head.name) if isinstance(head, Const) else None
        arguments = type_.arguments if isinstance(type_, App) else ()
        if datatype is None or len(arguments) != datatype.parameters:
            raise ParseError(f"{self.name} matches on something that is no datatype")
        return datatype, arguments

    def fields(self, constructor: str, type_: Term) -> list[Term]:
        """The types of a constructor's own arguments, in a datatype of this type."""
        datatype, arguments = self.datatype(type_)
        rest = next((c.type for c in datatype.constructors if c.name == constructor), None)
        if rest is None:
            raise ParseError(f"{constructor} is no constructor of {datatype.name}")
        for argument in arguments:
            assert isinstance(rest, Forall)
            rest = substitute(rest.body, {rest.name: argument}) if rest.name != "_" else rest.body
        found: list[Term] = []
        while isinstance(rest, Forall):
            if rest.name != "_" and rest.name in free_variables(rest.body):
                raise ParseError(f"{constructor} has arguments whose types depend on others")
            found.append(rest.type)
            rest = rest.body
        return found

    def value(self, constructor: str, type_: Term, fields: Sequence[str]) -> Term:
        _, arguments = self.datatype(type_)
        return apply(Const(constructor), [*arguments, *[Var(field) for field in fields]])

    # ------------------------------------------------------------------------------------------------ the tree

    def tree(self, names: Sequence[str], rows: Sequence[Row], types: Mapping[str, Term]) -> Term:
        """What a call with variables `names` is equal to."""
        if not rows:
            raise ParseError(f"the equations of {self.name} leave a case out")
        first = rows[0]
        columns = [index for index, pattern in enumerate(first.patterns) if self.is_constructor(pattern)]
        if not columns:
            return self.bound(names, first)
        decided = [c for c in columns if all(self.is_constructor(row.patterns[c]) for row in rows)]
        column = (decided or columns)[0]
        datatype, _ = self.datatype(types[names[column]])
        branches: list[Branch] = []
        for constructor in datatype.constructors:
            fields = self.fields(constructor.name, types[names[column]])
            fresh = [self.variable() for _ in fields]
            inner = [
                row for one in rows if (row := self.under(one, column, constructor.name, fresh, fields, names, types))
            ]
            new_names = [*names[:column], *fresh, *names[column + 1 :]]
            new_types = {**types, **dict(zip(fresh, fields, strict=True))}
            body = self.tree(new_names, inner, new_types)
            branches.append(Branch(constructor.name, ("_",) * datatype.parameters + tuple(fresh), body))
        return Match(Var(names[column]), tuple(branches))

    def is_constructor(self, pattern: Term) -> bool:
        head = pattern.function if isinstance(pattern, App) else pattern
        if isinstance(head, Const) and head.name not in self.constructors and head.name not in self.datatypes:
            raise ParseError(f"{self.name} has a pattern that is no constructor: {head.name}")
        return isinstance(head, Const) and head.name in self.constructors

    def under(
        self,
        row: Row,
        column: int,
        constructor: str,
        fresh: Sequence[str],
        fields: Sequence[Term],
        names: Sequence[str],
        types: Mapping[str, Term],
    ) -> Row | None:
        """The row where the argument in `column` is this constructor of variables `fresh`; None if it cannot be."""
        pattern = row.patterns[column]
        before, after = row.patterns[:column], row.patterns[column + 1 :]
        if isinstance(pattern, Var):
            value = self.value(constructor, types[names[column]], fresh)
            result = substitute(row.result, {pattern.name: value})
            patterns = (*before, *[Var(name) for name in fresh], *after)
            return Row(patterns, result, {**row.types, **dict(zip(fresh, fields, strict=True))})
        head = pattern.function if isinstance(pattern, App) else pattern
        if not isinstance(head, Const) or head.name != constructor:
            return None
        arguments = pattern.arguments if isinstance(pattern, App) else ()
        return Row((*before, *arguments[len(arguments) - len(fields) :], *after), row.result, row.types)

    def bound(self, names: Sequence[str], row: Row) -> Term:
        """The result of a row whose patterns are all variables, in the variables `names`."""
        table: dict[str, Term] = {}
        for name, pattern in zip(names, row.patterns, strict=True):
            if isinstance(pattern, Var):
                table.setdefault(pattern.name, Var(name))
        loose = free_variables(row.result) - table.keys() - {"_"}
        if loose:
            raise ParseError(f"an equation of {self.name} speaks of {min(loose)}, which its arguments do not give")
        return substitute(row.result, table)

    # ------------------------------------------------------------------------------------------------ recursion

    def body(self, closed: Term, arity: int) -> Term:
        """The tree as a body: a fixpoint if it calls itself."""
        if self.name not in constants(closed):
            return closed
        parameters: list[tuple[str, Term]] = []
        body = closed
        for index in range(arity):
            assert isinstance(body, Lambda)
            name = f"x{index}'"
            parameters.append((name, body.type))
            body = substitute(body.body, {body.name: Var(name)}) if body.name != "_" else body.body
        typed, result = self.named(parameters)
        structural = self.structural(parameters, body)
        own = "self'"
        body = replace_constants(body, lambda name: Var(own) if name == self.name else Const(name))
        return Fix((FixFunction(own, tuple(typed), structural, result, body),), own)

    def named(self, parameters: Sequence[tuple[str, Term]]) -> tuple[list[tuple[str, Term]], Term]:
        """The parameters with their types as the function's type has them, and the type of a call."""
        rest = self.type
        typed: list[tuple[str, Term]] = []
        for name, _ in parameters:
            assert isinstance(rest, Forall)
            typed.append((name, rest.type))
            rest = substitute(rest.body, {rest.name: Var(name)}) if rest.name != "_" else rest.body
        return typed, rest

    def structural(self, parameters: Sequence[tuple[str, Term]], body: Term) -> str | None:
        """The first parameter of which every recursive call takes a part."""
        for index, (name, _) in enumerate(parameters):
            if self.shrinks(body, index, name, frozenset()):
                return name
        return None

    def shrinks(self, term: Term, index: int, top: str, parts: frozenset[str]) -> bool:
        match term:
            case Match(Var(name), branches) if name == top or name in parts:
                return all(self.shrinks(b.body, index, top, parts | (set(b.variables) - {"_"})) for b in branches)
            case App(Const(name), arguments) if name == self.name:
                given = arguments[index] if index < len(arguments) else None
                smaller = isinstance(given, Var) and given.name in parts
                return smaller and all(self.shrinks(argument, index, top, parts) for argument in arguments)
            case Const(name) if name == self.name:
                return False
            case _:
                return all(self.shrinks(child, index, top, parts) for child, _ in children(term))
