"""Runs the body of a function on arguments of which only the shape is known.

`Symbolic.cases` splits a body into cases until no match is left outside an abstraction: a matched variable is replaced
by each constructor, of any other matched term it is noted what it equals. Definitions without recursion are put in
place of their calls, and a recursion on a constructor is followed where that leaves no match. A call that `let` names
is not written out: it is noted what the name stands for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from datasets.tip.instances import instantiate
from datasets.tip.syntax import BOOL, Data, Datatype, Type
from datasets.tip.typed import (
    Abstraction,
    Application,
    Binding,
    Branch,
    Constant,
    Local,
    Quantification,
    Selection,
    Typed,
    TypedFunction,
    children,
    map_children,
    substitute,
    substitute_type,
    type_of,
    typed_subterms,
)

MOST_CASES = 300
"""Cases of one body beyond which it is given up."""


MOST_WORK = 100_000
"""Parts of terms that are made or looked through for the cases of one body."""


class TooManyCases(Exception):  # noqa: N818 — not an error: the analysis was given up
    """A body has more cases than are looked at, or larger ones."""


class Situation(NamedTuple):
    """A case: what stands for the function's parameters, and pairs of terms that are equal."""

    parameters: tuple[Typed, ...]
    answers: tuple[tuple[Typed, Typed], ...] = ()


class Part(NamedTuple):
    """A term that a body evaluates in a situation; `result` if it is what the body yields."""

    term: Typed
    situation: Situation
    result: bool


class Symbolic:
    """`definition` answers with a function whose calls are replaced by its body; `recursion` with one that recurs on a
    single parameter, and that parameter's position."""

    def __init__(
        self,
        datatypes: Mapping[str, Datatype],
        definition: Callable[[str], TypedFunction | None],
        recursion: Callable[[str], tuple[TypedFunction, int] | None],
    ) -> None:
        self._datatypes = datatypes
        self._definition = definition
        self._recursion = recursion
        self._count = 0
        self._work = 0
        self.followed: set[str] = set()
        """The definitions and recursions that were replaced by their bodies."""

    def cases(self, function: TypedFunction) -> list[Part]:
        """What the body evaluates, in every case. Raises `TooManyCases`."""
        found: list[Part] = []
        self._work = 0
        for part in self._split(function.body, Situation(tuple(function.parameters))):
            found.append(part)
            if len(found) > MOST_CASES:
                raise TooManyCases(function.name)
        return found

    def _split(self, term: Typed, situation: Situation) -> Iterator[Part]:
        while isinstance(term := self._head(term), Binding):
            variable, value, body = term.variable, term.value, term.body
            if isinstance(value, Binding):
                term = Binding(value.variable, value.value, Binding(variable, value.body, body))
            elif _scrutinee(value) is None and isinstance(value, Constant) and value.kind == "function":
                yield Part(value, situation, result=False)
                named = Local(self._fresh(variable.name), variable.type)
                situation = Situation(situation.parameters, (*situation.answers, (named, value)))
                term = self._with(body, variable, named)
            else:
                term = self._with(body, variable, value)
        scrutinee = _scrutinee(term)
        if scrutinee is None:
            yield Part(term, situation, result=True)
            return
        yield Part(scrutinee, situation, result=False)
        for value in self._values(type_of(scrutinee)):
            if isinstance(scrutinee, Local):
                answers = tuple(
                    (self._with(one, scrutinee, value), self._with(other, scrutinee, value))
                    for one, other in situation.answers
                )
                parameters = tuple(self._with(item, scrutinee, value) for item in situation.parameters)
                yield from self._split(self._with(term, scrutinee, value), Situation(parameters, answers))
            else:
                self._spend(len(typed_subterms(term)))
                answers = (*situation.answers, (scrutinee, value))
                inside = replace_term(term, scrutinee, value)
                yield from self._split(inside, Situation(situation.parameters, answers))

    def _values(self, type_: Type) -> list[Typed]:
        """What a term of a type may be: each constructor, applied to new variables."""
        if type_ == BOOL:
            return [TRUE, FALSE]
        assert isinstance(type_, Data)
        datatype = self._datatypes[type_.name]
        table = dict(zip(datatype.parameters, type_.arguments, strict=True))
        found: list[Typed] = []
        for constructor in datatype.constructors:
            fields = tuple(Local(self._fresh("part"), substitute_type(f, table)) for f in constructor.fields)
            found.append(Constant("constructor", constructor.name, type_.arguments, fields, type_))
        return found

    def _fresh(self, name: str) -> str:
        self._count += 1
        return f"{name} {self._count}"  # no name of a file has a space

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > MOST_WORK:
            raise TooManyCases

    def _with(self, term: Typed, variable: Local, value: Typed) -> Typed:
        """`term` with `value` for a variable."""
        parts = typed_subterms(term)
        uses = sum(isinstance(part, Local) and part.name == variable.name for part in parts)
        self._spend(len(parts) + uses * len(typed_subterms(value)))
        return substitute(term, variable.name, value)

    def _body(self, function: TypedFunction, call: Constant) -> Typed:
        """The body of a function at a call."""
        parts = typed_subterms(function.body)
        uses = Counter(part.name for part in parts if isinstance(part, Local))
        given = zip(function.parameters, call.arguments, strict=True)
        self._spend(len(parts) + sum(uses[item.name] * len(typed_subterms(argument)) for item, argument in given))
        return instantiate(function, call.types, call.arguments, self._fresh)

    def _head(self, term: Typed) -> Typed:
        """`term` in normal form, but for a `let` that comes first, whose value is treated alike."""
        match term:
            case Binding(variable, value, body):
                return Binding(variable, self._head(value), body)
            case Selection(scrutinee, branches, type_):
                head = self.normal(scrutinee)
                chosen = self._chosen(head, branches)
                return self._head(chosen) if chosen is not None else Selection(head, branches, type_)
            case Constant("operator", "ite", _, (condition, then, otherwise)):
                head = self.normal(condition)
                if head in (TRUE, FALSE):
                    return self._head(then if head == TRUE else otherwise)
                return self.normal(term)
            case _:
                return self.normal(term)

    def normal(self, term: Typed) -> Typed:
        """`term` with definitions replaced by their bodies, and reduced as far as constructors are known."""
        self._spend(1)
        match term:
            case Binding(variable, value, body):
                return self.normal(self._with(body, variable, value))
            case Selection(scrutinee, branches, type_):
                head = self.normal(scrutinee)
                chosen = self._chosen(head, branches)
                return self.normal(chosen) if chosen is not None else Selection(head, branches, type_)
            case Constant("operator", "ite", types, (condition, then, otherwise), type_):
                head = self.normal(condition)
                if head in (TRUE, FALSE):
                    return self.normal(then if head == TRUE else otherwise)
                return Constant("operator", "ite", types, (head, then, otherwise), type_)
            case Constant("operator", "and", _, (left, right)):
                return self.normal(_ite(left, right, FALSE))
            case Constant("operator", "or", _, (left, right)):
                return self.normal(_ite(left, TRUE, right))
            case Constant("operator", "=>", _, (left, right)):
                return self.normal(_ite(left, right, TRUE))
            case Constant("operator", "not", _, (inner,)):
                return self.normal(_ite(inner, FALSE, TRUE))
            case Constant("function", name):
                reduced = map_children(term, self.normal)
                assert isinstance(reduced, Constant)
                return self._followed(reduced, name)
            case Application(Abstraction(binders, body), arguments, type_) if len(binders) <= len(arguments):
                for binder, argument in zip(binders, arguments, strict=False):
                    body = self._with(body, binder, argument)
                rest = arguments[len(binders) :]
                return self.normal(Application(body, rest, type_) if rest else body)
            case Abstraction() | Quantification():
                return term
            case _:
                return map_children(term, self.normal)

    def _followed(self, call: Constant, name: str) -> Typed:
        definition = self._definition(name)
        if definition is not None and len(call.arguments) == len(definition.parameters):
            self.followed.add(name)
            return self.normal(self._body(definition, call))
        recursion = self._recursion(name)
        if recursion is not None and len(call.arguments) == len(recursion[0].parameters):
            function, position = recursion
            argument = call.arguments[position]
            if isinstance(argument, Constant) and argument.kind == "constructor":
                inside = self.normal(self._body(function, call))
                if _scrutinee(inside) is None:
                    self.followed.add(name)
                    return inside
        return call

    def _chosen(self, head: Typed, branches: tuple[Branch, ...]) -> Typed | None:
        match head:
            case Constant("constructor", name, _, arguments):
                pass
            case Constant("operator", "true" | "false" as name):
                arguments = ()
            case _:
                return None
        for branch in branches:
            if branch.constructor == name:
                body = branch.body
                for variable, argument in zip(branch.variables, arguments, strict=True):
                    body = self._with(body, variable, argument)
                return body
        return next(branch.body for branch in branches if branch.constructor is None)


TRUE = Constant("operator", "true", (), (), BOOL)
FALSE = Constant("operator", "false", (), (), BOOL)


def _ite(condition: Typed, then: Typed, otherwise: Typed) -> Typed:
    return Constant("operator", "ite", (BOOL,), (condition, then, otherwise), BOOL)


def _scrutinee(term: Typed) -> Typed | None:
    """What a match outside an abstraction matches, without a match of its own inside."""
    match term:
        case Abstraction() | Quantification():
            return None
        case Selection(scrutinee) | Constant("operator", "ite", _, (scrutinee, _, _)):
            return _scrutinee(scrutinee) or scrutinee
        case _:
            return next((found for child in children(term) if (found := _scrutinee(child)) is not None), None)


def replace_term(term: Typed, target: Typed, value: Typed) -> Typed:
    """`term` with `value` in place of every `target`."""
    if term == target:
        return value
    return map_children(term, lambda item: replace_term(item, target, value))


def calls_in(term: Typed, names: frozenset[str]) -> list[Constant]:
    """The calls of functions in a term."""
    return [item for item in typed_subterms(term) if isinstance(item, Constant) and is_call(item, names)]


def is_call(term: Typed, names: frozenset[str]) -> bool:
    return isinstance(term, Constant) and term.kind == "function" and term.name in names


def under_abstraction(term: Typed, names: frozenset[str]) -> bool:
    """Whether a function of `names` stands inside an abstraction."""
    return any(
        isinstance(item, Abstraction | Quantification) and calls_in(item, names) for item in typed_subterms(term)
    )
