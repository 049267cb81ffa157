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

from dataclasses import dataclass

from datasets.tip.definitions import fuelled_sentences, nested_sentences, plain
from datasets.tip.descent import mentions
from datasets.tip.equality import equality_sentence
from datasets.tip.functions import Functions, called_functions
from datasets.tip.identifiers import Identifiers
from datasets.tip.inference import Inference
from datasets.tip.names import identifier
from datasets.tip.recursion import Lexicographic, Measured, Structural
from datasets.tip.render import Renderer, Requirement
from datasets.tip.rocq_text import EQUIVALENCE
from datasets.tip.size_sentences import size_sentence
from datasets.tip.syntax import Data, Datatype, Formula, Module, TranslationError, TypeVariable
from datasets.tip.typed import TypedFunction
from datasets.tip.unfolding import Unfoldings

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
        self.functions = Functions(module, self.identifiers, self.inference)
        self.sorts = frozenset(module.sorts)
        self._unfoldings = Unfoldings(self)
        self._sentences: list[str] = []
        self._done: set[tuple[Requirement, str]] = set()
        self._datatypes = {datatype.name: group for group in module.datatypes for datatype in group}

    # ------------------------------------------------------------------------------------------------- results

    def header(self) -> str:
        """The sentences collected so far."""
        imports = ["From Coq Require Import ZArith."] if ("integers", "Int") in self._done else []
        return "".join(f"{sentence}\n" for sentence in [*imports, *self._sentences])

    @property
    def unfoldings(self) -> list[str]:
        """An equation to prove for every function that is not the plain recursion of its body as written."""
        return self._unfoldings.texts

    @property
    def translated(self) -> list[str]:
        """The functions of the file that are in the header so far."""
        return [name for name in self.functions.groups if ("function", name) in self._done]

    def statement(self) -> str:
        """The proposition that the file states: declared sorts, then assertions, then the goal."""
        renderer = Renderer(self)
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
        renderer = Renderer(self)
        proposition = renderer.proposition(typed.body).text
        outer.sorts_used.update(renderer.sorts_used)
        outer.equalities_used.update({name: None for name in renderer.equalities_used if name in self.sorts})
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
                renderer = Renderer(self)
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
                group = self.functions.component(name)
                self._done.update((kind, member.name) for member in group)
                self._functions_sentence(group)

    def has(self, kind: Requirement, name: str) -> bool:
        return (kind, name) in self._done

    # ---------------------------------------------------------------------------------------------- datatypes

    def _datatype_sentence(self, group: tuple[Datatype, ...]) -> str:
        renderer = Renderer(self)
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

    def _functions_sentence(self, group: tuple[TypedFunction, ...]) -> None:
        self.functions.find_dictionaries(group, lambda callee: self.require("function", callee))
        names = frozenset(function.name for function in group)
        renderer = Renderer(self)
        if not any(called_functions(function.body) & names for function in group):
            text = f"Definition {plain(self, group[0], None, renderer)}."
            self._refuse_sorts(renderer, group[0].name)
            self._sentences.append(text)
            return
        form = self.functions.recursion.form(group)
        if form is None:
            raise TranslationError(f"not structurally recursive: {', '.join(sorted(names))}")
        match form.recursion:
            case Structural(positions):
                parts = [plain(self, function, positions[function.name], renderer) for function in form.functions]
                self._sentences.append("Fixpoint " + "\nwith ".join(parts) + ".")
            case Lexicographic():
                self._sentences.extend(nested_sentences(self, form.functions[0], form.recursion, renderer))
            case Measured():
                self._sentences.extend(fuelled_sentences(self, form.functions[0], form.recursion, renderer))
        self._refuse_sorts(renderer, group[0].name)
        self.functions.forms.update((function.name, form) for function in group)
        if not form.as_written:
            self._unfoldings.add(group[0].name)


def law(equality: str, type_: str) -> str:
    """What the statement assumes of an equality function: it decides equality."""
    return f"forall x y : {type_}, {equality} x y = true <-> x = y"


def _is_recursive(group: tuple[Datatype, ...]) -> bool:
    names = frozenset(datatype.name for datatype in group)
    return any(mentions(field, names) for d in group for constructor in d.constructors for field in constructor.fields)
