"""Translates a typed TIP file to self-contained Rocq.

The header holds only what the statement reaches, as `Inductive`, `Fixpoint` and `Definition` sentences with every type
argument written out (`@cons Nat x xs`): no notation, no implicit argument, no library beyond `bool` and, for files with
integers, `Z`. Choices:

* `Bool` is `bool`; a Boolean term that stands for a proposition is `t = true` (its negation `t = false`). The operators
  are definitions in the header (`band`, `bor`, `bnot`, `bimplies`), `ite` is a match.
* `=` between terms is `=` in a proposition, pointwise at function types. Inside a term it is a generated equality
  function; for a type variable it is an argument, and the statement assumes that it decides equality.
* Recursion is plain, or nested for lexicographic order (`recursion`), with its unfolding equation to be proved.
* `Int` is `Z` with floor division, which is TIP's for the positive divisors that are accepted.
* Assertions are hypotheses; what they say of all types they say of those with a value, as TIP's types are. A declared
  sort is a type for all of which the statement is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datasets.tip.bound_proofs import BoundProofs
from datasets.tip.bounds import Knowledge
from datasets.tip.equality import equality_sentence
from datasets.tip.identifiers import Identifiers
from datasets.tip.inference import Inference, TranslationError
from datasets.tip.measured import measured_unfolding, size_sentence
from datasets.tip.names import identifier
from datasets.tip.recursion import Form, Lexicographic, Measured, Recursion, Structural, mentions
from datasets.tip.render import EQUIVALENCE, Renderer, Requirement, application, explicit
from datasets.tip.syntax import BOOL, Arrow, Data, Datatype, Formula, Function, Module, Type, TypeVariable, arrow
from datasets.tip.typed import Constant, Integer, Typed, TypedFunction, substitute_type, subterms

OPERATOR_SENTENCES = {
    "and": "Definition {} (x y : bool) : bool := match x with true => y | false => false end.",
    "or": "Definition {} (x y : bool) : bool := match x with true => true | false => y end.",
    "not": "Definition {} (x : bool) : bool := match x with true => false | false => true end.",
    "=>": "Definition {} (x y : bool) : bool := match x with true => y | false => true end.",
}

BOOL_EQUALITY = """Definition {} (x y : bool) : bool :=
  match x with
  | true => y
  | false => match y with true => false | false => true end
  end."""

UNFOLDING = """Lemma {name}_unfold : forall {binders},
  {left} =
  {right}.
Proof.
  intros; {cases}; try reflexivity;
  repeat match goal with |- context [match ?v with _ => _ end] => is_var v; destruct v end; reflexivity.
Qed."""


@dataclass(frozen=True)
class Translation:
    header: str
    statement: str


def translate(module: Module, name: str) -> Translation:
    """The problem that a file states, as a theorem called `name`. Raises `TranslationError` with the reason."""
    theorem = identifier(name)
    translator = Translator(module, theorem)
    try:
        statement = translator.statement()
    except RecursionError:
        raise TranslationError("terms or types that are nested too deeply") from None
    return Translation(translator.header(), f"Theorem {theorem} :\n  {statement}.")


class Translator:
    """Collects the sentences of a header, each after those that it needs."""

    def __init__(self, module: Module, theorem: str | None = None) -> None:
        self.module = module
        self.identifiers = Identifiers(module, () if theorem is None else (theorem,))
        self.inference = Inference(module, self.identifiers.names.taken)
        self.unfoldings: list[str] = []
        """An equation to prove for every function that is not the plain recursion of its body as written."""
        self._recursion = Recursion(module, self._component, lambda type_: self._inhabitant(type_, 3))
        self._proofs = BoundProofs(self)
        self._forms: dict[str, Form] = {}
        self._unfolded: set[str] = set()
        self._sorts = frozenset(module.sorts)
        self._sentences: list[str] = []
        self._done: set[tuple[Requirement, str]] = set()
        self._datatypes = {datatype.name: group for group in module.datatypes for datatype in group}
        self._functions = {function.name: group for group in module.functions for function in group}
        self._typed: dict[str, TypedFunction] = {}
        self._dictionaries: dict[str, tuple[int, ...]] = {}
        self._nested: dict[str, Lexicographic] = {}
        self._wrapped: set[str] = set()
        """Nested functions whose own name stands: outside their own bodies."""

    # ------------------------------------------------------------------------------------------------- results

    def header(self) -> str:
        """The sentences collected so far."""
        imports = ["From Coq Require Import ZArith."] if ("integers", "Int") in self._done else []
        return "".join(f"{sentence}\n" for sentence in [*imports, *self._sentences])

    @property
    def functions(self) -> list[str]:
        """The functions of the file that are in the header so far."""
        return [name for name in self._functions if ("function", name) in self._done]

    def renderer(self) -> Renderer:
        """Renders terms over the header; what they need is added to it."""
        return Renderer(self, self._sorts)

    def statement(self) -> str:
        """The proposition that the file states: declared sorts, then assertions, then the goal."""
        renderer = Renderer(self, self._sorts)
        goal = self._formula(self.module.goal, "prove", renderer)
        hypotheses = [self._formula(item, "assert", renderer) for item in self.module.assertions]
        statement = "".join(f"({hypothesis}) ->\n  " for hypothesis in hypotheses) + goal
        binders = [f"({self.identifiers.types[sort]} : Type)" for sort in renderer.sorts_used]
        laws: list[str] = []
        for sort in renderer.equalities_used:
            type_, equality = self.identifiers.types[sort], self.identifiers.equalities[sort]
            binders.append(f"({equality} : {type_} -> {type_} -> bool)")
            laws.append(f"({law(equality, type_)}) ->\n  ")
        prefix = f"forall {' '.join(binders)},\n  " if binders else ""
        return prefix + "".join(laws) + statement

    def _formula(self, formula: Formula, where: str, outer: Renderer) -> str:
        typed = self.inference.formula(formula, where)
        renderer = Renderer(self, self._sorts)
        proposition = renderer.proposition(typed.body).text
        outer.sorts_used.update(renderer.sorts_used)
        outer.equalities_used.update({name: None for name in renderer.equalities_used if name in self._sorts})
        binders: list[str] = []
        laws: list[str] = []
        inhabited = ""
        for parameter in formula.type_parameters:
            variable = self.identifiers.variables[parameter]
            if where == "assert":
                inhabited += f"{variable} -> "
            binders.append(f"({variable} : Type)")
            if parameter in renderer.equalities_used:
                dictionary = self.identifiers.dictionaries[parameter]
                binders.append(f"({dictionary} : {variable} -> {variable} -> bool)")
                laws.append(f"({law(dictionary, variable)}) ->\n  ")
        if not binders:
            return proposition
        if not (laws or inhabited) and proposition.startswith("forall "):
            return f"forall {' '.join(binders)} {proposition.removeprefix('forall ')}"
        return f"forall {' '.join(binders)},\n  {inhabited}{''.join(laws)}{proposition}"

    # ----------------------------------------------------------------------------------------------- the owner

    def require(self, kind: Requirement, name: str) -> None:
        """See to it that the sentence for `name` is in the header."""
        if (kind, name) in self._done:
            return
        match kind:
            case "integers":
                self._done.add((kind, name))
            case "operator":
                self._done.add((kind, name))
                self._sentences.append(OPERATOR_SENTENCES[name].format(self.identifiers.operators[name]))
            case "datatype":
                self._done.update((kind, member.name) for member in self._datatypes[name])
                self._sentences.append(self._datatype_sentence(self._datatypes[name]))
            case "equality" if name == "Bool":
                self._done.add((kind, name))
                self._sentences.append(BOOL_EQUALITY.format(self.identifiers.equalities[name]))
            case "equality":
                group = self._datatypes[name]
                self._done.update((kind, member.name) for member in group)
                self.require("datatype", name)
                renderer = Renderer(self, self._sorts)
                self._sentences.append(equality_sentence(group, _is_recursive(group), self.identifiers, renderer))
                self._refuse_sorts(renderer, name)
            case "fuel":
                self._done.add((kind, name))
                fuel = self.identifiers.fuel
                text = f"Inductive {fuel.type} : Set := {fuel.spent} : {fuel.type}"
                self._sentences.append(f"{text} | {fuel.more} : {fuel.type} -> {fuel.type}.")
            case "size":
                self._done.add((kind, name))
                self.require("datatype", name)
                self.require("fuel", "")
                self._sentences.append(size_sentence(self._datatypes[name][0], self.identifiers))
            case "function":
                group = self._component(name)
                self._done.update((kind, member.name) for member in group)
                self._functions_sentence(group)

    def datatype(self, name: str) -> Datatype:
        return next(datatype for datatype in self._datatypes[name] if datatype.name == name)

    def dictionaries_of(self, function: str) -> tuple[int, ...]:
        return self._dictionaries[function]

    def inner_call(self, function: str) -> tuple[str, tuple[int, ...]]:
        if function in self._nested:
            return self.identifiers.inner[function], self._nested[function].inner
        typed = self._typed[function]
        fuelled = self.identifiers.fuelled[function]
        return self._applied(typed, fuelled, [self.identifiers.fuel.left]), tuple(range(len(typed.parameters)))

    def outer_name(self, function: str) -> tuple[str, tuple[int, ...]] | None:
        nested = self._nested.get(function)
        if nested is None or nested.keeps_order or function in self._wrapped:
            return None
        return self.identifiers.nested[function], nested.outer + nested.inner

    # ------------------------------------------------------------------------------------- what proofs rest on

    def knowledge(self) -> Knowledge:
        return self._recursion.bounds.knowledge()

    def equation(self, function: str) -> list[str]:
        """The unfolding equation of a function in the header, if it was not given yet."""
        if function in self._unfolded:
            return []
        self._unfolded.add(function)
        return [self._unfolding(self._typed[function], self._forms[function].recursion)]

    def recurs(self, function: str) -> bool:
        return function in self._forms

    def operators_used(self) -> list[str]:
        """The Boolean operators in the header."""
        return [word for name, word in self.identifiers.operators.items() if ("operator", name) in self._done]

    def uses_integers(self) -> bool:
        return ("integers", "Int") in self._done

    def is_regular(self, type_: Data) -> bool:
        return self._recursion.bounds.is_regular(type_)

    # ---------------------------------------------------------------------------------------------- datatypes

    def _datatype_sentence(self, group: tuple[Datatype, ...]) -> str:
        renderer = Renderer(self, self._sorts)
        parts: list[str] = []
        for datatype in group:
            parameters = [self.identifiers.variables[item] for item in datatype.parameters]
            binders = "".join(f" ({item} : Type)" for item in parameters)
            result = renderer.type(Data(datatype.name, tuple(TypeVariable(item) for item in datatype.parameters)))
            lines = [f"{self.identifiers.types[datatype.name]}{binders} : {'Type' if parameters else 'Set'} :="]
            for constructor in datatype.constructors:
                fields = [renderer.type(field).at(EQUIVALENCE) for field in constructor.fields]
                signature = " -> ".join([*fields, result.text])
                lines.append(f"  | {self.identifiers.constructors[constructor.name]} : {signature}")
            parts.append("\n".join(lines))
        self._refuse_sorts(renderer, group[0].name)
        return "Inductive " + "\nwith ".join(parts) + "."

    def _refuse_sorts(self, renderer: Renderer, where: str) -> None:
        if renderer.sorts_used:
            raise TranslationError(f"a declared sort in the definition of {where}")

    # ---------------------------------------------------------------------------------------------- functions

    def _typed_function(self, function: Function) -> TypedFunction:
        if function.name not in self._typed:
            self._typed[function.name] = self.inference.function(function)
        return self._typed[function.name]

    def _component(self, name: str) -> tuple[TypedFunction, ...]:
        """The functions of a group that call each other, `name` among them."""
        group = {function.name: self._typed_function(function) for function in self._functions[name]}
        calls = {key: called_functions(function.body) & group.keys() for key, function in group.items()}
        reached = {key: _closure(key, calls) for key in group}
        return tuple(f for key, f in group.items() if key == name or (key in reached[name] and name in reached[key]))

    def _functions_sentence(self, group: tuple[TypedFunction, ...]) -> None:
        self._find_dictionaries(group)
        names = frozenset(function.name for function in group)
        if not any(called_functions(function.body) & names for function in group):
            renderer = Renderer(self, self._sorts)
            text = "Definition " + self._plain(group[0], None, renderer) + "."
            self._refuse_sorts(renderer, group[0].name)
            self._sentences.append(text)
            return
        form = self._recursion.form(group)
        if form is None:
            raise TranslationError(f"not structurally recursive: {', '.join(sorted(names))}")
        renderer = Renderer(self, self._sorts)
        match form.recursion:
            case Structural(positions):
                parts = [self._plain(function, positions[function.name], renderer) for function in form.functions]
                self._sentences.append("Fixpoint " + "\nwith ".join(parts) + ".")
            case Lexicographic():
                self._sentences.extend(self._nested_sentences(form.functions[0], form.recursion, renderer))
            case Measured():
                self._sentences.extend(self._fuelled_sentences(form.functions[0], form.recursion, renderer))
        self._refuse_sorts(renderer, group[0].name)
        self._forms.update((function.name, form) for function in group)
        if not form.as_written:
            self.unfoldings.append(self._unfolding(group[0], form.recursion))
            self._unfolded.add(group[0].name)

    def _find_dictionaries(self, group: tuple[TypedFunction, ...]) -> None:
        """Settle for which type parameters each function takes an equality function: the least solution."""
        names = frozenset(function.name for function in group)
        for function in group:
            for callee in sorted(called_functions(function.body) - names):
                self.require("function", callee)
        self._dictionaries.update(dict.fromkeys(names, ()))
        changed = True
        while changed:
            changed = False
            for function in group:
                needed: set[str] = set()
                for term in subterms(function.body):
                    match term:
                        case Constant("operator", "=", (type_,)):
                            needed |= type_variables(type_)
                        case Constant("function", name, types):
                            for position in self._dictionaries[name]:
                                needed |= type_variables(types[position])
                        case _:
                            pass
                positions = tuple(i for i, name in enumerate(function.type_parameters) if name in needed)
                if positions != self._dictionaries[function.name]:
                    self._dictionaries[function.name] = positions
                    changed = True

    def type_binders(self, function: TypedFunction) -> list[str]:
        """The binders of a function's types and of the equalities that it takes."""
        variables = [self.identifiers.variables[item] for item in function.type_parameters]
        binders = [f"({item} : Type)" for item in variables]
        for position in self._dictionaries[function.name]:
            dictionary = self.identifiers.dictionaries[function.type_parameters[position]]
            binders.append(f"({dictionary} : {variables[position]} -> {variables[position]} -> bool)")
        return binders

    def _plain(self, function: TypedFunction, decreasing: int | None, renderer: Renderer) -> str:
        binders = self.type_binders(function) + [renderer.binder(item) for item in function.parameters]
        struct = "" if decreasing is None else f" {{struct {function.parameters[decreasing].name}}}"
        head = " ".join([self.identifiers.functions[function.name], *binders])
        result = renderer.type(function.result).text
        return f"{head}{struct} : {result} :=\n  {renderer.term(function.body).text}"

    def _nested_sentences(self, function: TypedFunction, nested: Lexicographic, renderer: Renderer) -> list[str]:
        self._nested[function.name] = nested
        ids, first, second = self.identifiers, *nested.structural
        outer = [function.parameters[position] for position in nested.outer]
        inner = [function.parameters[position] for position in nested.inner]
        result = renderer.type(function.result).text
        name = ids.functions[function.name] if nested.keeps_order else ids.nested[function.name]
        binders = self.type_binders(function)
        type_ = renderer.type(arrow(tuple(item.type for item in inner), function.result)).text
        head = " ".join([name, *binders, *(renderer.binder(item) for item in outer)])
        inner_head = " ".join([ids.inner[function.name], *(renderer.binder(item) for item in inner)])
        body = renderer.term(function.body, "    ").text
        outer_struct, inner_struct = function.parameters[first].name, function.parameters[second].name
        inner_fix = f"fix {inner_head} {{struct {inner_struct}}} : {result} :=\n    {body}"
        sentences = [f"Fixpoint {head} {{struct {outer_struct}}} : {type_} :=\n  {inner_fix}."]
        self._wrapped.add(function.name)
        if not nested.keeps_order:
            head = " ".join(
                [ids.functions[function.name], *binders, *(renderer.binder(p) for p in function.parameters)]
            )
            types = [ids.variables[item] for item in function.type_parameters]
            given = [ids.dictionaries[function.type_parameters[i]] for i in self._dictionaries[function.name]]
            call = application(explicit(name, types), [*types, *given, *(p.name for p in [*outer, *inner])]).text
            sentences.append(f"Definition {head} : {result} :=\n  {call}.")
        return sentences

    def _applied(self, function: TypedFunction, name: str, arguments: Sequence[str] = ()) -> str:
        """`name` at the function's own types and equalities, and at `arguments`."""
        given = [*self.own_arguments(function), *arguments]
        return application(explicit(name, function.type_parameters), given).text

    def own_arguments(self, function: TypedFunction) -> list[str]:
        """The types and equalities that stand first in a function's own calls."""
        types = [self.identifiers.variables[item] for item in function.type_parameters]
        equalities = (function.type_parameters[position] for position in self._dictionaries[function.name])
        return [*types, *(self.identifiers.dictionaries[item] for item in equalities)]

    def _fuelled_sentences(self, function: TypedFunction, measured: Measured, renderer: Renderer) -> list[str]:
        """The function with fuel that each call spends, and the function with as much as its arguments need."""
        ids, fuel = self.identifiers, self.identifiers.fuel
        default = self._inhabitant(function.result, 3)
        if default is None:
            raise TranslationError(f"not structurally recursive: {function.name}")
        for position in measured.positions:
            type_ = function.parameters[position].type
            assert isinstance(type_, Data)
            self.require("size", type_.name)
        types = self.type_binders(function)
        binders = [renderer.binder(item) for item in function.parameters]
        result = renderer.type(function.result).text
        head = " ".join([ids.fuelled[function.name], *types, f"({fuel.left} : {fuel.type})", *binders])
        fuelled = (
            f"Fixpoint {head} {{struct {fuel.left}}} : {result} :=\n  match {fuel.left} with\n"
            f"  | {fuel.spent} => {renderer.term(default).text}\n"
            f"  | {fuel.more} {fuel.left} => {renderer.term(function.body, '    ').text}\n  end."
        )
        arguments = [f"({fuel.more} {self.needed_fuel(function, measured)})", *(p.name for p in function.parameters)]
        call = self._applied(function, ids.fuelled[function.name], arguments)
        head = " ".join([ids.functions[function.name], *types, *binders])
        return [fuelled, f"Definition {head} : {result} :=\n  {call}."]

    def needed_fuel(self, function: TypedFunction, measured: Measured) -> str:
        """The sum of the sizes of a function's parameters, as fuel."""
        text = self.identifiers.fuel.spent
        for position in reversed(measured.positions):
            parameter = function.parameters[position]
            assert isinstance(parameter.type, Data)
            types = [self.renderer().type(item).at(0) for item in parameter.type.arguments]
            size = explicit(self.identifiers.sizes[parameter.type.name], types)
            text = f"({application(size, [*types, parameter.name, text]).text})"
        return text

    def _inhabitant(self, type_: Type, depth: int) -> Typed | None:
        """A closed term of a type, with constructors at most `depth` deep; None if there is none of that kind."""
        match type_:
            case Data("Bool"):
                return Constant("operator", "false", (), (), BOOL)
            case Data("Int"):
                return Integer(0)
            case Data(name, types) if name in self._datatypes and depth:
                datatype = self.datatype(name)
                table = dict(zip(datatype.parameters, types, strict=True))
                for constructor in datatype.constructors:
                    fields = [self._inhabitant(substitute_type(f, table), depth - 1) for f in constructor.fields]
                    arguments = tuple(field for field in fields if field is not None)
                    if len(arguments) == len(fields):
                        return Constant("constructor", constructor.name, types, arguments, type_)
            case _:
                pass
        return None

    def _unfolding(self, function: TypedFunction, recursion: Structural | Lexicographic | Measured) -> str:
        """The equation of a function's own text, and its proof: both sides compute once the arguments are known."""
        renderer = Renderer(self, self._sorts)
        name = self.identifiers.functions[function.name]
        binders = self.type_binders(function) + [renderer.binder(item) for item in function.parameters]
        types = [self.identifiers.variables[item] for item in function.type_parameters]
        given = [self.identifiers.dictionaries[function.type_parameters[i]] for i in self._dictionaries[function.name]]
        arguments = [*types, *given, *(item.name for item in function.parameters)]
        body = renderer.term(function.body).text
        match recursion:
            case Measured():
                return measured_unfolding(self, self._proofs, function, recursion, body)
            case Structural(positions):
                split = [function.parameters[positions[function.name]].name]
            case Lexicographic(structural=structural):
                split = [function.parameters[position].name for position in structural]
        left = application(explicit(name, types), arguments).text
        cases = "; ".join(f"destruct {item}" for item in split)
        return UNFOLDING.format(name=name, binders=" ".join(binders), left=left, right=body, cases=cases)


def law(equality: str, type_: str) -> str:
    """What the statement assumes of an equality function: it decides equality."""
    return f"forall x y : {type_}, {equality} x y = true <-> x = y"


def type_variables(type_: Type) -> set[str]:
    match type_:
        case TypeVariable(name):
            return {name}
        case Data(arguments=arguments):
            return {name for item in arguments for name in type_variables(item)}
        case Arrow(domain, codomain):
            return type_variables(domain) | type_variables(codomain)


def called_functions(term: Typed) -> set[str]:
    return {item.name for item in subterms(term) if isinstance(item, Constant) and item.kind == "function"}


def _closure(start: str, edges: Mapping[str, set[str]]) -> set[str]:
    """What can be reached from `start` in at least one step."""
    reached: set[str] = set()
    stack = [start]
    while stack:
        for target in edges[stack.pop()] - reached:
            reached.add(target)
            stack.append(target)
    return reached


def _is_recursive(group: tuple[Datatype, ...]) -> bool:
    names = frozenset(datatype.name for datatype in group)
    return any(mentions(field, names) for d in group for constructor in d.constructors for field in constructor.fields)
