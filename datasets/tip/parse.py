"""From S-expressions to the syntax tree of a TIP file, or of an SMT-LIB file, which asserts that its goal is false.

What it cannot read is an error that names the file, the line and the form.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from datasets.tip.declarations import by_dependency, check
from datasets.tip.sexpr import Atom, Form, SExpr, begins, leading_comment, read, unreadable
from datasets.tip.syntax import (
    Apply,
    Binder,
    Call,
    Case,
    Constructor,
    Data,
    Datatype,
    Formula,
    Function,
    Lambda,
    Let,
    Match,
    Module,
    Number,
    Quantified,
    Term,
    Type,
    TypeVariable,
    arrow,
)
from domain import UserError

LONGEST_NUMERAL = 300
"""Digits of a numeral."""

_IGNORED = frozenset({"set-logic", "set-info", "set-option", "check-sat", "exit"})


def parse(text: str, file: str) -> Module:
    """Read one TIP file; `file` is its name in messages."""
    try:
        module = _Parser(file).module(text)
    except RecursionError:
        raise UserError(f"{file}: terms or types that are nested too deeply") from None
    check(module)
    return module


def _mentions_integers(expression: SExpr) -> bool:
    if isinstance(expression, Atom):
        return expression.text == "Int" or expression.text.isdecimal()
    return any(_mentions_integers(item) for item in expression.items)


@dataclass
class _Parser:
    file: str
    sorts: list[str] = field(default_factory=list[str])
    constants: list[str] = field(default_factory=list[str])
    free: list[Binder] = field(default_factory=list[Binder])
    """Those of the constants that have one type, with it."""
    datatypes: list[tuple[Datatype, ...]] = field(default_factory=list[tuple[Datatype, ...]])
    functions: list[tuple[Function, ...]] = field(default_factory=list[tuple[Function, ...]])
    assertions: list[Formula] = field(default_factory=list[Formula])
    goals: list[Formula] = field(default_factory=list[Formula])
    owners: dict[str, Datatype] = field(default_factory=dict[str, Datatype])
    refutes: bool = False
    """Whether it is SMT-LIB without TIP's `prove`: unsatisfiable where what `(assert (not …))` negates holds."""

    def module(self, text: str) -> Module:
        expressions = read(text, self.file)
        self.refutes = not any(begins(expression, "prove") for expression in expressions)
        for expression in expressions:
            self._declaration(expression)
        if len(self.goals) != 1:
            where = expressions[-1] if expressions else Atom("", 1)
            wanted = "`(prove …)`, or `(assert (not …))` in its place"
            raise unreadable(
                self.file, where, f"expected exactly one {wanted}, found {len(self.goals)}; the file ends with"
            )
        return Module(
            self.file,
            leading_comment(text),
            tuple(self.sorts),
            tuple(self.constants),
            tuple(self.datatypes),
            tuple(self.functions),
            *self._stated("some" if "some_" not in text else "|"),  # no symbol has a bar
            any(_mentions_integers(expression) for expression in expressions),
            self.owners,
        )

    def _stated(self, unused: str) -> tuple[tuple[Formula, ...], Formula]:
        """The assertions and the goal, for any uninterpreted constants; a sort of SMT-LIB has a value."""
        formulas, free = (*self.assertions, self.goals[0]), list(self.free)
        if self.refutes:
            free += [Binder(f"{unused}_{sort}", Data(sort)) for sort in self.sorts]
        if not free or any(formula.type_parameters for formula in formulas):
            return formulas[:-1], formulas[-1]
        body = formulas[-1].body
        for assumed in reversed(self.assertions):
            body = Call("=>", (assumed.body, body))
        return (), Formula((), Quantified("forall", tuple(free), body))

    # -------------------------------------------------------------------------------------------- declarations

    def _declaration(self, form: SExpr) -> None:
        match form:
            case Form((Atom("declare-sort"), Atom(name), Atom("0"))):
                self.sorts.append(name)
            case Form((Atom("declare-const"), Atom(name), sort)) if not begins(sort, "par"):
                self._constant(name, (), sort)
            case Form((Atom("declare-fun"), Atom(name), Form(domains), result)) if not begins(form.items[2], "par"):
                self._constant(name, domains, result)
            case Form((Atom("declare-const" | "declare-fun"), Atom(name), *_)):
                self.constants.append(name)
            case Form((Atom("declare-datatype"), Atom(name), body)):
                self._datatype_group([(name, body)], form)
            case Form((Atom("declare-datatypes"), Form(heads), Form(bodies))) if len(heads) == len(bodies):
                names = [self._sort_head(head) for head in heads]
                self._datatype_group(list(zip(names, bodies, strict=True)), form)
            case Form((Atom("define-fun" | "define-fun-rec"), Atom(), *_)):
                self.functions.append((self._function(form, form.items[1:-1], form.items[-1]),))
            case Form((Atom("define-funs-rec"), Form(heads), Form(bodies))) if len(heads) == len(bodies):
                group = [
                    self._function(head, head.items if isinstance(head, Form) else (), body)
                    for head, body in zip(heads, bodies, strict=True)
                ]
                self.functions.append(tuple(group))
            case Form((Atom("assert"), Form((Atom("not"), formula)))) if self.refutes:
                self.goals.append(self._formula(formula))
            case Form((Atom("assert"), formula)):
                self.assertions.append(self._formula(formula))
            case Form((Atom("prove"), formula)):
                self.goals.append(self._formula(formula))
            case Form((Atom(keyword), *_)) if keyword in _IGNORED:
                pass
            case _:
                raise unreadable(self.file, form, "cannot read this declaration")

    def _constant(self, name: str, domains: tuple[SExpr, ...], result: SExpr) -> None:
        types = [self._type(sort, frozenset()) for sort in (*domains, result)]
        self.constants.append(name)
        self.free.append(Binder(name, arrow(tuple(types[:-1]), types[-1])))

    def _sort_head(self, head: SExpr) -> str:
        match head:
            case Form((Atom(name), Atom())):
                return name
            case _:
                raise unreadable(self.file, head, "expected a name and its arity")

    def _datatype_group(self, members: list[tuple[str, SExpr]], where: SExpr) -> None:
        group: list[Datatype] = []
        for name, declared in members:
            parameters: tuple[str, ...] = ()
            body = declared
            match declared:
                case Form((Atom("par"), Form(names), inner)):
                    parameters, body = self._names(names), inner
                case _:
                    pass
            if not isinstance(body, Form):
                raise unreadable(self.file, where, "expected a list of constructors")
            constructors = tuple(self._constructor(item, frozenset(parameters)) for item in body.items)
            group.append(Datatype(name, parameters, constructors))
        for datatype in group:
            for constructor in datatype.constructors:
                self.owners[constructor.name] = datatype
        self.datatypes += by_dependency(group)

    def _constructor(self, form: SExpr, scope: frozenset[str]) -> Constructor:
        match form:
            case Form((Atom(name), *fields)):
                selectors: list[str] = []
                types: list[Type] = []
                for item in fields:
                    match item:
                        case Form((Atom(selector), sort)):
                            selectors.append(selector)
                            types.append(self._type(sort, scope))
                        case _:
                            raise unreadable(self.file, item, "expected a selector and its type")
                return Constructor(name, tuple(selectors), tuple(types))
            case _:
                raise unreadable(self.file, form, "cannot read this constructor")

    def _function(self, where: SExpr, head: tuple[SExpr, ...], body: SExpr) -> Function:
        match head:
            case (Atom(name), Form((Atom("par"), Form(names), Form((Form(parameters), result))))):
                variables = self._names(names)
            case (Atom(name), Form(parameters), result):
                variables = ()
            case _:
                raise unreadable(self.file, where, "expected a name, parameters and a result type")
        scope = frozenset(variables)
        binders = self._binders(parameters, scope)
        return Function(name, variables, binders, self._type(result, scope), self._term(body, scope))

    def _formula(self, form: SExpr) -> Formula:
        match form:
            case Form((Atom("par"), Form(names), body)):
                variables = self._names(names)
                return Formula(variables, self._term(body, frozenset(variables)))
            case _:
                return Formula((), self._term(form, frozenset()))

    def _names(self, items: tuple[SExpr, ...]) -> tuple[str, ...]:
        names: list[str] = []
        for item in items:
            if not isinstance(item, Atom):
                raise unreadable(self.file, item, "expected a name")
            names.append(item.text)
        self._distinct([name for name in names if name != "_"], items)
        return tuple(names)

    def _distinct(self, names: list[str], where: tuple[SExpr, ...]) -> None:
        """What is bound together must have different names, none of them a constant of the logic."""
        for name in names:
            if names.count(name) > 1 or name in {"true", "false"}:
                raise unreadable(self.file, Form(where, where[0].line), f"`{name}` cannot be bound here")

    def _binders(self, items: tuple[SExpr, ...], scope: frozenset[str]) -> tuple[Binder, ...]:
        binders: list[Binder] = []
        for item in items:
            match item:
                case Form((Atom(name), sort)):
                    binders.append(Binder(name, self._type(sort, scope)))
                case _:
                    raise unreadable(self.file, item, "expected a variable and its type")
        self._distinct([binder.name for binder in binders], items)
        return tuple(binders)

    # --------------------------------------------------------------------------------------- types and terms

    def _type(self, form: SExpr, scope: frozenset[str]) -> Type:
        match form:
            case Atom(name):
                return TypeVariable(name) if name in scope else Data(name)
            case Form((Atom("=>"), *domains, codomain)) if domains:
                return arrow(tuple(self._type(item, scope) for item in domains), self._type(codomain, scope))
            case Form((Atom(name), *arguments)) if arguments:
                return Data(name, tuple(self._type(item, scope) for item in arguments))
            case _:
                raise unreadable(self.file, form, "cannot read this type")

    def _term(self, form: SExpr, scope: frozenset[str]) -> Term:
        match form:
            case Atom(text) if text.isdecimal() and len(text) > LONGEST_NUMERAL:
                raise unreadable(self.file, form, f"a numeral of more than {LONGEST_NUMERAL} digits")
            case Atom(text):
                return Number(int(text)) if text.isdecimal() else Call(text)
            case Form((Atom("_"), Atom(name), *types)) if types:
                return Call(name, (), tuple(self._type(item, scope) for item in types))
            case Form((Form((Atom("_"), Atom(name), *types)), *arguments)) if types and arguments:
                return Call(name, self._terms(arguments, scope), tuple(self._type(item, scope) for item in types))
            case Form((Atom("@"), function, *arguments)) if arguments:
                return Apply(self._term(function, scope), self._terms(arguments, scope))
            case Form((Atom("lambda"), Form(binders), body)):
                return Lambda(self._binders(binders, scope), self._term(body, scope))
            case Form((Atom("forall" | "exists" as quantifier), Form(binders), body)):
                return Quantified(quantifier, self._binders(binders, scope), self._term(body, scope))
            case Form((Atom("let"), Form(bindings), body)):
                values = tuple(self._binding(item, scope) for item in bindings)
                self._distinct([name for name, _ in values], bindings)
                return Let(values, self._term(body, scope))
            case Form((Atom("match"), scrutinee, Form(cases))) if cases:
                return Match(self._term(scrutinee, scope), tuple(self._case(item, scope) for item in cases))
            case Form((Atom("_" | "@" | "lambda" | "forall" | "exists" | "let" | "match" | "par"), *_)):
                raise unreadable(self.file, form, "cannot read this term")
            case Form((Atom(name), *arguments)) if arguments and not name.startswith('"'):
                return Call(name, self._terms(arguments, scope))
            case _:
                raise unreadable(self.file, form, "cannot read this term")

    def _terms(self, forms: list[SExpr], scope: frozenset[str]) -> tuple[Term, ...]:
        return tuple(self._term(form, scope) for form in forms)

    def _binding(self, form: SExpr, scope: frozenset[str]) -> tuple[str, Term]:
        match form:
            case Form((Atom(name), value)):
                return name, self._term(value, scope)
            case _:
                raise unreadable(self.file, form, "expected a name and its value")

    def _case(self, form: SExpr, scope: frozenset[str]) -> Case:
        match form:
            case Form((Atom("_"), body)):
                return Case(None, (), self._term(body, scope))
            case Form((Atom(constructor), body)):
                return Case(constructor, (), self._term(body, scope))
            case Form((Form((Atom(constructor), *variables)), body)):
                return Case(constructor, self._names(tuple(variables)), self._term(body, scope))
            case _:
                raise unreadable(self.file, form, "cannot read this case")
