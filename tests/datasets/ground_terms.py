"""Random ground terms, as values for the interpreter and as text for Rocq, and the values of functions on them."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from datasets.tip.interpreter import Closure, Constructed, Interpreter, NoValue, Value
from datasets.tip.render import Renderer
from datasets.tip.rocq import Translator
from datasets.tip.rocq_text import integer
from datasets.tip.syntax import (
    BOOL,
    INT,
    Arrow,
    Binder,
    Call,
    Case,
    Data,
    Lambda,
    Match,
    Module,
    Number,
    Term,
    Type,
    TypeVariable,
)
from datasets.tip.typed import substitute_type

LARGEST_VALUE = 420
"""Constructors that a value may have; larger results make a file slow without testing more."""


class _Ground(NamedTuple):
    """A closed term: its value for the interpreter, and its text in Rocq."""

    value: Value
    text: str


class Evaluated(NamedTuple):
    """Different arguments with the function's values; whether there are no others; whether results were too large."""

    calls: list[tuple[tuple[str, ...], str]]
    exhaustive: bool
    outgrown: bool


class GroundTerms:
    """Random ground terms of given types."""

    def __init__(self, module: Module, translator: Translator, random: Random) -> None:
        self._interpreter = Interpreter(module, steps=5_000)
        self._translator = translator
        self._renderer = Renderer(translator)
        self._datatypes = {datatype.name: datatype for group in module.datatypes for datatype in group}
        self._choices: dict[Data, _Choices] = {}
        self._random = random

    def type(self, type_: Type) -> str:
        return self._renderer.type(type_).at(0)

    def function(self, name: str, types: list[Type]) -> str:
        """A function of the file at `types`, with the equality functions that it takes."""
        given = [
            self._renderer.equality(types[position]).at(0)
            for position in self._translator.functions.dictionaries_of(name)
        ]
        return " ".join(
            [f"@{self._translator.identifiers.functions[name]}", *(self.type(item) for item in types), *given]
        )

    def evaluate(self, name: str, domains: list[Type], result: Type, count: int) -> Evaluated:
        everything = 1
        for domain in domains:
            everything = min(everything * self._inhabitants(domain, ()), count + 1)
        found: dict[tuple[str, ...], str] = {}
        tried: set[tuple[str, ...]] = set()
        repeated = without = 0
        for _ in range(60 * count):
            if len(found) >= count or len(tried) >= everything or without > 2 * count:
                break
            largest = 4 + max(-4, repeated - 8 * without) // 2  # larger terms when small ones are used up
            size = self._random.randint(1, largest)
            arguments = [self._ground(domain, size) for domain in domains]
            key = tuple(argument.text for argument in arguments)
            if key in tried:
                repeated += 1
                continue
            tried.add(key)
            try:
                value = self._interpreter.call(name, [argument.value for argument in arguments])
            except NoValue:
                without += 1
                continue
            if _size(value) <= LARGEST_VALUE:
                found[key] = self._text(value, result)
            else:
                without += 1
        return Evaluated(list(found.items()), everything <= count, without > 0)

    def _inhabitants(self, type_: Type, seen: tuple[Type, ...]) -> int:
        """How many ground terms there are, or a large number."""
        many = 1_000_000
        if type_ == BOOL:
            return 2
        if not isinstance(type_, Data) or type_ == INT or type_ in seen or len(seen) > 6:
            return many
        total = 0
        for _, fields in self._choices_of(type_).all:
            product = 1
            for field in fields:
                product = min(many, product * self._inhabitants(field, (*seen, type_)))
            total += product
        return min(many, total)

    def _choices_of(self, type_: Data) -> _Choices:
        if type_ not in self._choices:
            datatype = self._datatypes[type_.name]
            table = dict(zip(datatype.parameters, type_.arguments, strict=True))
            every = [(c.name, [substitute_type(field, table) for field in c.fields]) for c in datatype.constructors]
            deep = [item for item in every if any(_contains(field, type_.name) for field in item[1])]
            heads = {name: self._head(name, type_) for name, _ in every}
            self._choices[type_] = _Choices(
                every, [item for item in every if item not in deep] or every[:1], deep, heads
            )
        return self._choices[type_]

    def _head(self, constructor: str, type_: Data) -> str:
        name = self._translator.identifiers.constructors[constructor]
        return " ".join([f"@{name}", *(self.type(item) for item in type_.arguments)])

    def _text(self, value: Value, type_: Type) -> str:
        match value, type_:
            case bool(), _:
                return "true" if value else "false"
            case int(), _:
                return integer(value).at(0)
            case Constructed(name, arguments), Data():
                choices = self._choices_of(type_)
                fields = dict(choices.all)[name]
                parts = [self._text(item, field) for item, field in zip(arguments, fields, strict=True)]
                return f"({' '.join([choices.heads[name], *parts])})"
            case _:
                raise AssertionError(f"no ground value of type {type_}")

    def _ground(self, type_: Type, size: int) -> _Ground:
        match type_:
            case Arrow(domain, codomain):
                term = self._function_term(domain, codomain, min(size, 3))
                text = self._renderer.term(self._translator.inference.term(term, type_)).at(0)
                return _Ground(self._interpreter.evaluate(term), text)
            case Data("Bool"):
                value = self._random.random() < 1 / 2
                return _Ground(value, "true" if value else "false")
            case Data("Int"):
                number = self._random.randint(-size, 2 * size)
                return _Ground(number, integer(number).at(0))
            case Data():
                return self._construct(type_, size)
            case TypeVariable(name):
                raise AssertionError(name)

    def _construct(self, type_: Data, size: int) -> _Ground:
        choices = self._choices_of(type_)
        go_on = size > 1 and self._random.random() < 1 - 0.3 / size
        name, fields = self._random.choice((go_on and choices.deep) or (choices.flat if size <= 1 else choices.all))
        inner = [_contains(field, type_.name) for field in fields]
        below = max(1, (size - 1) // max(1, sum(inner)))
        beside = self._random.randint(1, 3) if choices.deep else size
        parts = [self._ground(field, below if deep else beside) for field, deep in zip(fields, inner, strict=True)]
        value = Constructed(name, tuple(part.value for part in parts))
        return _Ground(value, f"({' '.join([choices.heads[name], *(part.text for part in parts)])})")

    # ------------------------------------------------------------------------------------ functional arguments

    def _function_term(self, domain: Type, codomain: Type, size: int) -> Term:
        binder = Binder("argument", domain)
        if domain == codomain and self._random.random() < 0.3:
            return Lambda((binder,), Call("argument"))
        if isinstance(domain, Data) and domain != BOOL and self._random.random() < 0.8:
            if domain == INT:
                test = Call("<=", (Call("argument"), Number(self._random.randint(0, 3))))
                branches = (self._term(codomain, size), self._term(codomain, size))
                return Lambda((binder,), Call("ite", (test, *branches)))
            cases = tuple(
                Case(name, tuple(f"part{i}" for i in range(len(fields))), self._term(codomain, size))
                for name, fields in self._choices_of(domain).all
            )
            return Lambda((binder,), Match(Call("argument"), cases))
        return Lambda((binder,), self._term(codomain, size))

    def _term(self, type_: Type, size: int) -> Term:
        if isinstance(type_, Arrow):
            return self._function_term(type_.domain, type_.codomain, size)
        return _quote(self._ground(type_, size).value)


class _Choices(NamedTuple):
    """The constructors of a type with the types of their arguments: all, those that do not recur, those that do."""

    all: list[tuple[str, list[Type]]]
    flat: list[tuple[str, list[Type]]]
    deep: list[tuple[str, list[Type]]]
    heads: dict[str, str]


def _contains(type_: Type, name: str) -> bool:
    match type_:
        case Data(head, arguments):
            return head == name or any(_contains(item, name) for item in arguments)
        case _:
            return False


def _size(value: Value) -> int:
    if isinstance(value, Constructed):
        return 1 + sum(_size(item) for item in value.arguments)
    return 1


def _quote(value: Value) -> Term:
    match value:
        case bool():
            return Call("true" if value else "false")
        case int():
            return Number(value) if value >= 0 else Call("-", (Number(-value),))
        case Constructed(name, arguments):
            return Call(name, tuple(_quote(item) for item in arguments))
        case Closure():
            raise AssertionError("a function value")
