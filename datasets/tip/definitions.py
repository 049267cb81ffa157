"""The sentences that define functions: plain, nested for lexicographic order, or with fuel that each call spends."""

from __future__ import annotations

from datasets.tip.recursion import Lexicographic, Measured
from datasets.tip.render import Owner, Renderer
from datasets.tip.rocq_text import application, explicit
from datasets.tip.syntax import Data, TranslationError, arrow
from datasets.tip.typed import TypedFunction


def plain(owner: Owner, function: TypedFunction, decreasing: int | None, renderer: Renderer) -> str:
    """The function as it is written, on the structure of the parameter at `decreasing` if it recurs."""
    binders = owner.functions.type_binders(function) + [renderer.binder(item) for item in function.parameters]
    struct = "" if decreasing is None else f" {{struct {function.parameters[decreasing].name}}}"
    head = " ".join([owner.identifiers.functions[function.name], *binders])
    result = renderer.type(function.result).text
    return f"{head}{struct} : {result} :=\n  {renderer.term(function.body).text}"


def nested_sentences(owner: Owner, function: TypedFunction, nested: Lexicographic, renderer: Renderer) -> list[str]:
    """Two recursions, the one inside the other; and the function, if its parameters have another order."""
    owner.functions.nested[function.name] = nested
    ids, first, second = owner.identifiers, *nested.structural
    outer = [function.parameters[position] for position in nested.outer]
    inner = [function.parameters[position] for position in nested.inner]
    result = renderer.type(function.result).text
    name = ids.functions[function.name] if nested.keeps_order else ids.nested[function.name]
    binders = owner.functions.type_binders(function)
    type_ = renderer.type(arrow(tuple(item.type for item in inner), function.result)).text
    head = " ".join([name, *binders, *(renderer.binder(item) for item in outer)])
    inner_head = " ".join([ids.inner[function.name], *(renderer.binder(item) for item in inner)])
    body = renderer.term(function.body, "    ").text
    outer_struct, inner_struct = function.parameters[first].name, function.parameters[second].name
    inner_fix = f"fix {inner_head} {{struct {inner_struct}}} : {result} :=\n    {body}"
    sentences = [f"Fixpoint {head} {{struct {outer_struct}}} : {type_} :=\n  {inner_fix}."]
    owner.functions.wrapped.add(function.name)
    if not nested.keeps_order:
        head = " ".join([ids.functions[function.name], *binders, *(renderer.binder(p) for p in function.parameters)])
        types = [ids.variables[item] for item in function.type_parameters]
        given = [ids.dictionaries[function.type_parameters[i]] for i in owner.functions.dictionaries_of(function.name)]
        call = application(explicit(name, types), [*types, *given, *(p.name for p in [*outer, *inner])]).text
        sentences.append(f"Definition {head} : {result} :=\n  {call}.")
    return sentences


def fuelled_sentences(owner: Owner, function: TypedFunction, measured: Measured, renderer: Renderer) -> list[str]:
    """The function with fuel that each call spends, and the function with as much as its arguments need."""
    ids, fuel = owner.identifiers, owner.identifiers.fuel
    default = owner.functions.inhabitant(function.result)
    if default is None:
        raise TranslationError(f"not structurally recursive: {function.name}")
    for position in measured.positions:
        type_ = function.parameters[position].type
        assert isinstance(type_, Data)
        owner.require("size", type_.name)
    types = owner.functions.type_binders(function)
    binders = [renderer.binder(item) for item in function.parameters]
    result = renderer.type(function.result).text
    head = " ".join([ids.fuelled[function.name], *types, f"({fuel.left} : {fuel.type})", *binders])
    fuelled = (
        f"Fixpoint {head} {{struct {fuel.left}}} : {result} :=\n  match {fuel.left} with\n"
        f"  | {fuel.spent} => {renderer.term(default).text}\n"
        f"  | {fuel.more} {fuel.left} => {renderer.term(function.body, '    ').text}\n  end."
    )
    arguments = [f"({fuel.more} {needed_fuel(owner, function, measured)})", *(p.name for p in function.parameters)]
    call = owner.functions.applied(function, ids.fuelled[function.name], arguments)
    head = " ".join([ids.functions[function.name], *types, *binders])
    return [fuelled, f"Definition {head} : {result} :=\n  {call}."]


def needed_fuel(owner: Owner, function: TypedFunction, measured: Measured) -> str:
    """The sum of the sizes of a function's parameters, as fuel."""
    text = owner.identifiers.fuel.spent
    for position in reversed(measured.positions):
        parameter = function.parameters[position]
        assert isinstance(parameter.type, Data)
        types = [Renderer(owner).type(item).at(0) for item in parameter.type.arguments]
        size = explicit(owner.identifiers.sizes[parameter.type.name], types)
        text = f"({application(size, [*types, parameter.name, text]).text})"
    return text
