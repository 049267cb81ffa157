"""The size of a datatype's values as functions in Rocq: as fuel, and as a natural number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from datasets.tip.identifiers import Identifiers
from datasets.tip.names import Names
from datasets.tip.rocq_text import application, explicit
from datasets.tip.sizes import counted
from datasets.tip.syntax import Datatype


def size_sentence(datatype: Datatype, identifiers: Identifiers) -> str:
    """The function that puts the size of a value on top of some fuel."""
    type_, _, more, _, rest = identifiers.fuel

    def on_top(head: str, counted_parts: Sequence[str]) -> str:
        text = rest
        for part in reversed(counted_parts):
            text = f"({head} {part} {text})"
        return f"{more} {text}" if text != rest else rest

    return _recursive(datatype, identifiers, identifiers.sizes[datatype.name], f" ({rest} : {type_})", type_, on_top)


def number_sentence(datatype: Datatype, ids: Identifiers, name: str) -> str:
    """The size of a value as a natural number."""

    def total(head: str, counted_parts: Sequence[str]) -> str:
        sizes = [f"{head} {part}" for part in counted_parts]
        return f"Coq.Init.Datatypes.S ({' + '.join(sizes)})%nat" if sizes else "Coq.Init.Datatypes.O"

    return _recursive(datatype, ids, name, "", "Coq.Init.Datatypes.nat", total)


def _recursive(
    datatype: Datatype,
    ids: Identifiers,
    name: str,
    binder: str,
    result: str,
    branch: Callable[[str, Sequence[str]], str],
) -> str:
    """A function `name` by recursion on a value, with a binder behind it.

    `branch` makes the text of a constructor's case from the function at its types and the parts that count.
    """
    names = Names(ids.names.taken)
    value = names.fresh("x")
    variables = [ids.variables[item] for item in datatype.parameters]
    binders = "".join(f" ({item} : Type)" for item in variables)
    of = application(ids.types[datatype.name], variables).text
    head = application(explicit(name, variables), variables).text
    lines = [f"Fixpoint {name}{binders} ({value} : {of}){binder} {{struct {value}}} : {result} :="]
    lines.append(f"  match {value} with")
    for constructor in datatype.constructors:
        parts = [names.fresh("y") for _ in constructor.fields]
        blanks = ["_"] * len(variables)
        pattern = application(explicit(ids.constructors[constructor.name], blanks), [*blanks, *parts]).text
        text = branch(head, [parts[position] for position in counted(datatype, constructor)])
        lines.append(f"  | {pattern} => {text}")
    return "\n".join([*lines, "  end."])
