"""The generated equality functions: structural recursion on the first argument, a match on both."""

from __future__ import annotations

from datasets.tip.identifiers import Identifiers
from datasets.tip.names import Names
from datasets.tip.render import Renderer
from datasets.tip.rocq_text import application, explicit
from datasets.tip.syntax import Constructor, Data, Datatype, TypeVariable


def equality_sentence(group: tuple[Datatype, ...], recursive: bool, identifiers: Identifiers, render: Renderer) -> str:
    """One sentence that defines the equality of every datatype of a group."""
    parts: list[str] = []
    for datatype in group:
        names = Names(identifiers.names.taken)
        left, right = names.fresh("x"), names.fresh("y")
        type_ = render.type(Data(datatype.name, tuple(TypeVariable(item) for item in datatype.parameters))).text
        binders = [f"({identifiers.variables[item]} : Type)" for item in datatype.parameters]
        for item in datatype.parameters:
            variable = identifiers.variables[item]
            binders.append(f"({identifiers.dictionaries[item]} : {variable} -> {variable} -> bool)")
        binders.append(f"({left} {right} : {type_})")
        struct = f" {{struct {left}}}" if recursive else ""
        lines = [
            f"{identifiers.equalities[datatype.name]} {' '.join(binders)}{struct} : bool :=",
            f"  match {left} with",
        ]
        blanks = ["_"] * len(datatype.parameters)
        for constructor in datatype.constructors:
            firsts = [names.fresh("x") for _ in constructor.fields]
            seconds = [names.fresh("y") for _ in constructor.fields]
            lines.append(f"  | {_pattern(constructor, firsts, blanks, identifiers)} => match {right} with")
            comparison = _comparison(constructor, firsts, seconds, render)
            lines.append(f"    | {_pattern(constructor, seconds, blanks, identifiers)} => {comparison}")
            if len(datatype.constructors) > 1:
                lines.append("    | _ => false")
            lines.append("    end")
        lines.append("  end")
        parts.append("\n".join(lines))
    return ("Fixpoint " if recursive else "Definition ") + "\nwith ".join(parts) + "."


def _pattern(constructor: Constructor, variables: list[str], blanks: list[str], identifiers: Identifiers) -> str:
    name = identifiers.constructors[constructor.name]
    return application(explicit(name, blanks), [*blanks, *variables]).text


def _comparison(constructor: Constructor, firsts: list[str], seconds: list[str], render: Renderer) -> str:
    comparisons = [
        f"{render.equality(field).text} {first} {second}"
        for field, first, second in zip(constructor.fields, firsts, seconds, strict=True)
    ]
    if not comparisons:
        return "true"
    text = comparisons[-1]
    for comparison in reversed(comparisons[:-1]):
        text = f"match {comparison} with true => {text} | false => false end"
    return text
