"""States, as Rocq lemmas, that translated functions compute what the interpreter computes.

For each function that a file's statement reaches: random ground arguments, the interpreter's value, and one lemma that
all these calls have these values, proved by computation in the kernel. Type variables become a datatype of four
elements; a functional argument is a constant, the identity, or a case distinction. Functions that are not the plain
recursion of their text come with their unfolding equation. If `coqc` takes the file, both readings of TIP agree.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from datasets.tip.inference import TranslationError
from datasets.tip.interpreter import Closure, Constructed, Interpreter, NoValue, Value
from datasets.tip.render import integer
from datasets.tip.rocq import Translator
from datasets.tip.syntax import (
    BOOL,
    INT,
    Arrow,
    Binder,
    Call,
    Case,
    Constructor,
    Data,
    Datatype,
    Lambda,
    Match,
    Module,
    Number,
    Term,
    Type,
    TypeVariable,
)
from datasets.tip.typed import substitute_type

ELEMENT = Datatype("Element", (), tuple(Constructor(f"Element{digit}", (), ()) for digit in "1234"))
LARGEST_VALUE = 420
"""Constructors that a value may have; larger results make a file slow without testing more."""


@dataclass(frozen=True)
class Agreement:
    """The check of one function: what it needs, the lemmas, and on how many different inputs it was evaluated."""

    function: str
    header: str
    unfoldings: tuple[str, ...]
    lemma: str
    inputs: int
    exhaustive: bool
    """Whether these are all inputs that there are."""
    outgrown: bool
    """Whether on further inputs results were too large, or took too many steps."""


def agreements(modules: Iterable[Module], inputs: int, seed: int, share: float = 1.0) -> list[Agreement]:
    """The checks of all functions that the statements reach, each different definition once.

    `inputs` is how many different ground arguments each function is tried on, `share` the part of the functions, chosen
    by `seed`. Files without a translation are skipped.
    """
    random, seen, checks = Random(seed), set[str](), list[Agreement]()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)  # a natural number n is a term of depth n
    try:
        for module in modules:
            extended, names = _reached(module)
            for name in names:
                translator = Translator(extended)
                translator.require("function", name)
                key = f"{name}\n{translator.header()}"
                if key not in seen:
                    seen.add(key)
                    if random.random() < share:
                        checks.append(_agreement(extended, translator, name, inputs, seed))
    finally:
        sys.setrecursionlimit(limit)
    return checks


def _reached(module: Module) -> tuple[Module, list[str]]:
    """The file with the datatype for type variables, and the functions that its statement reaches."""
    extended = replace(
        module,
        datatypes=(*module.datatypes, (ELEMENT,)),
        owners=module.owners | {constructor.name: ELEMENT for constructor in ELEMENT.constructors},
    )
    translator = Translator(extended)
    try:
        translator.statement()
    except TranslationError:
        return extended, []
    return extended, translator.functions


def _agreement(module: Module, translator: Translator, name: str, inputs: int, seed: int) -> Agreement:
    function = next(f for group in module.functions for f in group if f.name == name)
    table: dict[str, Type] = dict.fromkeys(function.type_parameters, Data(ELEMENT.name))
    domains = [substitute_type(binder.type, table) for binder in function.parameters]
    result = substitute_type(function.result, table)
    while isinstance(result, Arrow):
        domains.append(result.domain)
        result = result.codomain
    samples = _Samples(module, translator, Random(f"{seed} {name}"))
    evaluated, exhaustive, outgrown = samples.evaluate(name, domains, result, inputs)
    head = samples.function(name, list(table.values()))
    type_ = samples.type(result)
    calls = _list([f"({' '.join([head, *arguments])})" for arguments, _ in evaluated], type_)
    values = _list([value for _, value in evaluated], type_)
    listed = f"(Coq.Init.Datatypes.list ({type_}))"
    lemma = (
        f"Lemma agreement : @Coq.Init.Logic.eq {listed}\n{calls}\n{values}.\n"
        f"Proof. vm_cast_no_check (@Coq.Init.Logic.eq_refl {listed}\n{values}). Qed."
    )
    return Agreement(
        name, translator.header(), tuple(translator.unfoldings), lemma, len(evaluated), exhaustive, outgrown
    )


def rocq_file(checks: Iterable[Agreement]) -> str:
    """One file that states all the checks, each in a module of its own."""
    modules: list[str] = []
    for number, check in enumerate(checks):
        header = check.header.removeprefix(IMPORT)
        body = "\n".join([header, *check.unfoldings, check.lemma])
        modules.append(f"(* {check.function.replace('*', '.')} *)\nModule M{number}.\n{body}\nEnd M{number}.\n")
    return IMPORT + "\n".join(modules)


IMPORT = "From Coq Require Import ZArith.\nFrom Coq Require Lia.\n"


def _list(items: list[str], type_: str) -> str:
    text = f"(@Coq.Init.Datatypes.nil ({type_}))"
    start = f"(@Coq.Init.Datatypes.cons ({type_}) "
    return start + f"\n{start}".join(items) + f" {text}" + ")" * len(items) if items else text


class _Ground(NamedTuple):
    """A closed term: its value for the interpreter, and its text in Rocq."""

    value: Value
    text: str


class _Evaluated(NamedTuple):
    """Different arguments with the function's values; whether there are no others; whether results were too large."""

    calls: list[tuple[tuple[str, ...], str]]
    exhaustive: bool
    outgrown: bool


class _Samples:
    """Random ground terms of given types."""

    def __init__(self, module: Module, translator: Translator, random: Random) -> None:
        self._interpreter = Interpreter(module, steps=5_000)
        self._translator = translator
        self._renderer = translator.renderer()
        self._datatypes = {datatype.name: datatype for group in module.datatypes for datatype in group}
        self._choices: dict[Data, _Choices] = {}
        self._random = random

    def type(self, type_: Type) -> str:
        return self._renderer.type(type_).at(0)

    def function(self, name: str, types: list[Type]) -> str:
        """A function of the file at `types`, with the equality functions that it takes."""
        given = [self._renderer.equality(types[position]).at(0) for position in self._translator.dictionaries_of(name)]
        return " ".join(
            [f"@{self._translator.identifiers.functions[name]}", *(self.type(item) for item in types), *given]
        )

    def evaluate(self, name: str, domains: list[Type], result: Type, count: int) -> _Evaluated:
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
        return _Evaluated(list(found.items()), everything <= count, without > 0)

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
