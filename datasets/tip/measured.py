"""Sizes of datatypes as fuel, and the proof that a function with enough fuel satisfies its own equation.

The proof is for whoever checks the translation, not part of a problem: it compares fuel and sizes as natural numbers,
shows that two amounts above the size of the arguments give the same value, and rewrites every recursive call with that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from datasets.tip.identifiers import Identifiers
from datasets.tip.names import Names
from datasets.tip.recursion import Measured
from datasets.tip.render import application, explicit
from datasets.tip.sizes import counted
from datasets.tip.syntax import Data, Datatype
from datasets.tip.typed import TypedFunction

if TYPE_CHECKING:
    from datasets.tip.rocq import Translator

NUMBERS = """Fixpoint {name}_amount (n : {fuel.type}) : Coq.Init.Datatypes.nat :=
  match n with {fuel.spent} => Coq.Init.Datatypes.O | {fuel.more} m => Coq.Init.Datatypes.S ({name}_amount m) end."""

SIZE = """Lemma {name}_{size} : forall {binders} (x : {type}) rest,
  {name}_amount ({size_at} x rest) = ({name}_number_{size} {types} x + {name}_amount rest)%nat.
Proof.
  intros {types} x; induction x; intros; cbn [{size} {name}_amount {name}_number_{size}];
  repeat match goal with IH : forall _, _ = _ |- _ => rewrite IH end; Lia.lia.
Qed."""

ENOUGH = """Lemma {name}_enough : forall {types} (n m : {fuel.type}) {binders},
  ({name}_amount {needed} < {name}_amount n)%nat -> ({name}_amount {needed} < {name}_amount m)%nat ->
  {fuelled} n {arguments} = {fuelled} m {arguments}.
Proof.
  intros {variables} n; induction n as [|n IH]; intros m {arguments} Hn Hm; [cbn in Hn; Lia.lia|].
  destruct m as [|m]; [cbn in Hm; Lia.lia|].
  rewrite ?{sizes} in Hn, Hm; cbn [{reduced}] in Hn, Hm |- *;
  repeat match goal with |- context [match ?v with _ => _ end] =>
    is_var v; destruct v; cbn [{reduced}] in Hn, Hm |- * end;
  repeat match goal with |- context [{fuelled} n {holes}] =>
    rewrite (IH m {bound}) by (rewrite ?{sizes}; cbn [{reduced}]; Lia.lia) end;
  reflexivity.
Qed."""

EQUATION = """Lemma {name}_equal : forall {types} (n : {fuel.type}) {binders},
  ({name}_amount {needed} < {name}_amount n)%nat -> {fuelled} n {arguments} = {call}.
Proof. intros; unfold {name}; apply {name}_enough; [assumption | cbn [{name}_amount]; Lia.lia]. Qed.
Lemma {name}_unfold : forall {types} {binders},
  {call} =
  {body}.
Proof.
  intros {variables} {arguments}; unfold {name} at 1; remember {needed} as n eqn:E;
  assert (Hn : {name}_amount n = {name}_amount {needed}) by (rewrite E; reflexivity);
  clear E; rewrite ?{sizes} in Hn; cbn [{reduced}] in Hn |- *;
  repeat match goal with |- context [match ?v with _ => _ end] =>
    is_var v; destruct v; cbn [{reduced}] in Hn |- * end;
  repeat match goal with |- context [{fuelled} n {holes}] =>
    rewrite ({name}_equal {variables} n {bound})
      by (cbn [{name}_amount]; rewrite ?{sizes}; cbn [{reduced}]; Lia.lia) end;
  reflexivity.
Qed."""


def size_sentence(datatype: Datatype, identifiers: Identifiers) -> str:
    """The function that puts the size of a value on top of some fuel."""
    type_, _, more, _, rest = identifiers.fuel

    def on_top(head: str, counted_parts: Sequence[str]) -> str:
        text = rest
        for part in reversed(counted_parts):
            text = f"({head} {part} {text})"
        return f"{more} {text}" if text != rest else rest

    return _recursive(datatype, identifiers, identifiers.sizes[datatype.name], f" ({rest} : {type_})", type_, on_top)


def measured_unfolding(translator: Translator, function: TypedFunction, measured: Measured, body: str) -> str:
    """The equation of a function's own text, and its proof."""
    ids, fuel, renderer = translator.identifiers, translator.identifiers.fuel, translator.renderer()
    name = ids.functions[function.name]
    texts = [NUMBERS.format(name=name, fuel=fuel)]
    measures = dict.fromkeys(t.name for p in measured.positions if isinstance(t := function.parameters[p].type, Data))
    for measure in measures:
        datatype, size = translator.datatype(measure), ids.sizes[measure]
        variables = [ids.variables[item] for item in datatype.parameters]
        number = f"{name}_number_{size}"
        texts.append(_number(datatype, ids, number))
        texts.append(
            SIZE.format(
                name=name,
                size=size,
                binders=" ".join(f"({item} : Type)" for item in variables),
                type=application(ids.types[measure], variables).text,
                size_at=application(explicit(size, variables), variables).text,
                types=" ".join(variables),
            ).replace(f"{number} ", f"{explicit(number, variables)} ", 1)
        )
    arguments = [item.name for item in function.parameters]
    fuelled_name = ids.fuelled[function.name]
    variables = translator.own_arguments(function)
    sizes = [f"{name}_{ids.sizes[measure]}" for measure in measures]
    needed = translator.needed_fuel(function, measured)
    bound = [f"?given{position}" for position in range(len(arguments))]
    settings = {
        "name": name,
        "fuel": fuel,
        "fuelled_name": fuelled_name,
        "fuelled": application(explicit(fuelled_name, function.type_parameters), variables).text,
        "types": " ".join(translator.type_binders(function)),
        "binders": " ".join(renderer.binder(item) for item in function.parameters),
        "variables": " ".join(variables),
        "arguments": " ".join(arguments),
        "needed": needed,
        "sizes": ", ?".join(sizes),
        "reduced": " ".join([fuelled_name, f"{name}_amount", *(f"{name}_number_{ids.sizes[m]}" for m in measures)]),
        "holes": " ".join(bound),
        "bound": " ".join(item[1:] for item in bound),
        "call": application(explicit(name, function.type_parameters), [*variables, *arguments]).text,
        "body": body,
    }
    return "\n".join([*texts, ENOUGH.format(**settings), EQUATION.format(**settings)])


def _number(datatype: Datatype, ids: Identifiers, name: str) -> str:
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
