"""A fast evaluator of canonical terms: definitions are compiled to Python functions on first use.

Values are those of `term_algebra.values`. Evaluation is by value, which is right for total functions, and every
recursive call costs one unit of fuel.

Invariant: a term that is not understood raises `UnsupportedError`; the evaluator never guesses a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from domain import App, Const, Fix, FixFunction, Forall, Function, Lambda, Let, Match, Sort, Term, Var
from pipeline.proposers.conjecture.standard_values import INTEGERS, STANDARD, OutOfFuelError, curry, integer_pattern
from term_algebra.standard import INTEGER, POSITIVE
from term_algebra.theory import Theory
from term_algebra.values import UnsupportedError, Value

FUEL = 8_000
"""Recursive calls allowed for one evaluation; it also bounds how deep a value, and so the C stack, can get."""


class _Known:
    """How a bound name is called: a Python function of fixed arity."""

    def __init__(self, python: str, arity: int) -> None:
        self.python, self.arity = python, arity


_Environment = dict[str, "str | _Known"]


class _Block:
    """Lines of Python at one indentation."""

    def __init__(self, lines: list[str], depth: int) -> None:
        self.lines, self.depth = lines, depth

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def inner(self) -> _Block:
        return _Block(self.lines, self.depth + 1)


class Evaluator:
    """Compiles terms over one theory. `function(name)` and `compile(term, variables)` give Python callables."""

    def __init__(self, theory: Theory, fuel: int = FUEL) -> None:
        self.theory = theory
        self.fuel = fuel
        self._tank = [fuel]
        self._scope: dict[str, Any] = {"tank": self._tank, "OutOfFuel": OutOfFuelError, "curry": curry}
        self._known: dict[str, _Known] = {}
        self._count = 0

    def refill(self) -> None:
        """Full fuel for the next evaluation."""
        self._tank[0] = self.fuel

    @property
    def used(self) -> int:
        """Fuel used since the last refill."""
        return self.fuel - self._tank[0]

    def fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def function(self, name: str) -> tuple[Callable[..., Value], int]:
        """The global function `name`, uncurried, and its arity (type arguments included, passed as None)."""
        known = self._global(name)
        return self._scope[known.python], known.arity

    def compile(self, term: Term, variables: Sequence[str]) -> Callable[..., Value]:
        """A Python function of `variables`, in order, that computes `term`."""
        name = self.fresh("t")
        self.define(name, variables, lambda block, environment: self.emit_return(term, environment, block))
        return self._scope[name]

    def define(self, name: str, variables: Sequence[str], body: Callable[[_Block, _Environment], None]) -> None:
        """Put a global Python function into the scope; `body` emits its lines.

        Raises:
            UnsupportedError: a term is nested too deeply for Python's parser, `720 : nat` for example.
        """
        parameters = [self.fresh("v") for _ in variables]
        lines: list[str] = []
        block = _Block(lines, 0)
        block.emit(f"def {name}({', '.join(parameters)}):")
        body(block.inner(), dict(zip(variables, parameters, strict=True)))
        self._execute(lines)

    def _execute(self, lines: Sequence[str]) -> None:
        try:
            exec("\n".join(lines), self._scope)  # noqa: S102 (our own text; no name of a file enters it)
        except (MemoryError, RecursionError, SyntaxError) as error:
            if isinstance(error, SyntaxError) and not any(word in error.msg for word in ("nested", "indentation")):
                raise
            raise UnsupportedError(f"nested too deeply: {error}") from error

    def bind(self, stem: str, value: object) -> str:
        """A name in the scope for a Python object."""
        name = self.fresh(stem)
        self._scope[name] = value
        return name

    def lookup(self, name: str) -> Any:
        return self._scope[name]

    # ---------------------------------------------------------------------------------------------- global functions

    def _global(self, name: str) -> _Known:
        if name in self._known:
            return self._known[name]
        if name in self.theory.functions:
            try:
                return self._compile_global(self.theory.functions[name])
            except UnsupportedError:
                self._known.pop(name, None)  # it has no body: whoever asks again is told again
                raise
        if name in STANDARD or name in INTEGERS:
            arity, function = STANDARD.get(name) or INTEGERS[name]
            self._known[name] = _Known(self.bind("s", function), arity)
            return self._known[name]
        raise UnsupportedError(f"unknown constant {name}")

    def _compile_global(self, function: Function) -> _Known:
        parameters: list[str] = []
        body = function.body
        while isinstance(body, Lambda):
            parameters.append(body.name)
            body = body.body
        if isinstance(body, Fix) and not parameters and len(body.functions) == 1:
            inner = body.functions[0]
            names, rest = _fix_arguments(inner)
            known = self._known[function.name] = _Known(self.fresh("g"), len(names))
            environment: _Environment = {inner.name: known}
            self._emit_function(known, names, rest, environment, recursive=True)
            return known
        known = self._known[function.name] = _Known(self.fresh("g"), len(parameters))
        self._emit_function(known, parameters, body, {}, recursive=False)
        return known

    def _emit_function(
        self, known: _Known, names: list[str], body: Term, outer: _Environment, *, recursive: bool
    ) -> None:
        lines: list[str] = []
        self._emit_def(_Block(lines, 0), known.python, names, body, outer, recursive=recursive)
        self._execute(lines)

    def _emit_def(
        self, block: _Block, python: str, names: list[str], body: Term, outer: _Environment, *, recursive: bool
    ) -> None:
        environment = dict(outer)
        parameters: list[str] = []
        for name in names:
            parameters.append(self.fresh("v"))
            environment[name] = parameters[-1]
        block.emit(f"def {python}({', '.join(parameters)}):")
        inner = block.inner()
        if recursive:
            inner.emit("tank[0] -= 1")
            inner.emit("if tank[0] < 0: raise OutOfFuel")
        self.emit_return(body, environment, inner)

    # ----------------------------------------------------------------------------------------------------- statements

    def emit_return(self, term: Term, environment: _Environment, block: _Block) -> None:
        if isinstance(term, Match):
            self._emit_match(term, environment, block, target=None)
        else:
            block.emit(f"return {self.emit(term, environment, block)}")

    def _emit_match(self, term: Match, environment: _Environment, block: _Block, target: str | None) -> None:
        value = self.fresh("m")
        block.emit(f"{value} = {self.emit(term.scrutinee, environment, block)}")
        word = "if"
        for position, branch in enumerate(term.branches):
            met, fields = self._pattern(branch.constructor, value)
            last = position == len(term.branches) - 1
            block.emit("else:" if last and word == "elif" else f"{word} {met}:")
            word = "elif"
            inner_environment = dict(environment)
            inner = block.inner()
            parameters = len(branch.variables) - len(fields)
            for parameter in branch.variables[:parameters]:
                inner_environment[parameter] = "None"
            for name, field in zip(branch.variables[parameters:], fields, strict=True):
                if name != "_":
                    python = self.fresh("v")
                    inner.emit(f"{python} = {field}")
                    inner_environment[name] = python
            if target is None:
                self.emit_return(branch.body, inner_environment, inner)
            elif isinstance(branch.body, Match):
                self._emit_match(branch.body, inner_environment, inner, target)
            else:
                inner.emit(f"{target} = {self.emit(branch.body, inner_environment, inner)}")
        if not term.branches:
            block.emit("raise OutOfFuel")

    def _pattern(self, constructor: str, value: str) -> tuple[str, list[str]]:
        """When a value is made by a constructor, and its fields then, as Python's expressions."""
        info = self.theory.constructors.get(constructor)
        if info is not None:
            return f"{value}[0] == {info.index}", [f"{value}[{index + 1}]" for index in range(info.fields)]
        return integer_pattern(constructor, value)

    # ---------------------------------------------------------------------------------------------------- expressions

    def emit(self, term: Term, environment: _Environment, block: _Block) -> str:
        """Emit what `term` needs and return a Python expression for its value."""
        match term:
            case Var() | Const():
                return self._call(term, (), environment, block)
            case App(function, args):
                return self._call(function, args, environment, block)
            case Sort() | Forall():
                return "None"
            case Lambda(name, _, body):
                python = self.fresh("l")
                self._emit_def(block, python, [name], body, environment, recursive=False)
                return python
            case Let(name, value, _, body):
                python = self.fresh("v")
                block.emit(f"{python} = {self.emit(value, environment, block)}")
                return self.emit(body, {**environment, name: python}, block)
            case Match():
                python = self.fresh("r")
                self._emit_match(term, environment, block, python)
                return python
            case Fix():
                return self._call(term, (), environment, block)

    def _call(self, function: Term, args: tuple[Term, ...], environment: _Environment, block: _Block) -> str:
        if isinstance(function, Const):
            name = function.name
            if name in self.theory.datatypes or function in (INTEGER, POSITIVE):
                return "None"
            if name in self.theory.constructors:
                return self._construct(name, args, environment, block)
            return self._apply_known(self._global(name), args, environment, block)
        if isinstance(function, Var):
            entry = environment.get(function.name)
            if entry is None:
                raise UnsupportedError(f"unbound variable {function.name}")
            if isinstance(entry, _Known):
                return self._apply_known(entry, args, environment, block)
            return self._apply_value(entry, args, environment, block)
        if isinstance(function, Fix):
            inner = dict(environment)
            members: list[tuple[_Known, FixFunction]] = []
            for member in function.functions:
                names, _ = _fix_arguments(member)
                known = _Known(self.fresh("f"), len(names))
                inner[member.name] = known
                members.append((known, member))
            for known, member in members:
                names, body = _fix_arguments(member)
                self._emit_def(block, known.python, names, body, inner, recursive=True)
            chosen = inner[function.chosen]
            assert isinstance(chosen, _Known)
            return self._apply_known(chosen, args, environment, block)
        return self._apply_value(f"({self.emit(function, environment, block)})", args, environment, block)

    def _construct(self, name: str, args: tuple[Term, ...], environment: _Environment, block: _Block) -> str:
        info = self.theory.constructors[name]
        total = info.datatype.parameters + info.fields
        if len(args) > total:
            raise UnsupportedError(f"{name} has too many arguments")
        if len(args) == total:
            fields = [self.emit(a, environment, block) for a in args[info.datatype.parameters :]]
            return f"({', '.join([str(info.index), *fields])},)"

        def build(*values: Value) -> Value:
            return (info.index, *values[info.datatype.parameters :])

        return self._apply_known(_Known(self.bind("c", build), total), args, environment, block)

    def _apply_known(self, known: _Known, args: Iterable[Term], environment: _Environment, block: _Block) -> str:
        values = [self.emit(a, environment, block) for a in args]
        if len(values) >= known.arity:
            call = f"{known.python}({', '.join(values[: known.arity])})"
            return call + "".join(f"({value})" for value in values[known.arity :])
        return f"curry({known.python}, {known.arity})" + "".join(f"({value})" for value in values)

    def _apply_value(self, python: str, args: Iterable[Term], environment: _Environment, block: _Block) -> str:
        return python + "".join(f"({self.emit(a, environment, block)})" for a in args)


def _fix_arguments(function: FixFunction) -> tuple[list[str], Term]:
    """Names of the arguments of a fixpoint's function, those of leading lambdas included, and the body below."""
    names = [name for name, _ in function.parameters]
    body = function.body
    while isinstance(body, Lambda):
        names.append(body.name)
        body = body.body
    return names, body
