"""The proof that a function with enough fuel satisfies its own equation.

The proof is for whoever checks the translation, not part of a problem: it compares fuel and sizes as natural numbers,
shows that two amounts above the size of the arguments give the same value, and rewrites every recursive call with that.
"""

from __future__ import annotations

from datasets.tip.bound_proofs import BoundProofs, unfolding_of
from datasets.tip.bounds import Knowledge
from datasets.tip.definitions import needed_fuel
from datasets.tip.identifiers import Identifiers
from datasets.tip.recursion import Measured
from datasets.tip.render import Owner, Renderer
from datasets.tip.rocq_text import application, explicit
from datasets.tip.syntax import Data, Datatype
from datasets.tip.typed import TypedFunction

NUMBERS = """Fixpoint {amount} (n : {fuel.type}) : Coq.Init.Datatypes.nat :=
  match n with {fuel.spent} => Coq.Init.Datatypes.O | {fuel.more} m => Coq.Init.Datatypes.S ({amount} m) end."""

SIZE = """Lemma {lemma} : forall {binders} (x : {type}) rest,
  {amount} ({size_at} x rest) = ({number_at} + {amount} rest)%nat.
Proof.
  intros {types} x; induction x; intros; cbn [{size} {amount} {number}];
  repeat match goal with IH : forall _, _ = _ |- _ => rewrite IH end; Lia.lia.
Qed."""

SMALL = """Ltac {small} := rewrite ?{sizes}; cbn [{reduced}]; repeat {step}; Lia.lia.
Ltac {split} fuelled := match goal with
  |- context [match ?v with _ => _ end] =>
    first [is_var v; destruct v | lazymatch v with context [fuelled] => fail | _ => idtac end; destruct v eqn:?];
    cbn [{reduced}] in * end."""

ENOUGH = """Lemma {name}_enough : forall {types} (n m : {fuel.type}) {binders},
  ({amount} {needed} < {amount} n)%nat -> ({amount} {needed} < {amount} m)%nat ->
  {fuelled} n {arguments} = {fuelled} m {arguments}.
Proof.
  intros {variables} n; induction n as [|n IH]; intros m {arguments} Hn Hm; [cbn in Hn; Lia.lia|].
  destruct m as [|m]; [cbn in Hm; Lia.lia|].
  rewrite ?{sizes} in Hn, Hm; cbn [{reduced}] in Hn, Hm |- *; {unfold};
  repeat first [match goal with |- context [{fuelled} n {holes}] => rewrite (IH m {bound}) by {small} end
    | {split} ({fuelled} n)];
  reflexivity.
Qed."""

EQUATION = """Lemma {name}_equal : forall {types} (n : {fuel.type}) {binders},
  ({amount} {needed} < {amount} n)%nat -> {fuelled} n {arguments} = {call}.
Proof. intros; unfold {name}; apply {name}_enough; [assumption | cbn [{amount}]; Lia.lia]. Qed.
Lemma {name}_unfold : forall {types} {binders},
  {call} =
  {body}.
Proof.
  intros {variables} {arguments}; unfold {name} at 1; remember {needed} as n eqn:E;
  assert (Hn : {amount} n = {amount} {needed}) by (rewrite E; reflexivity);
  clear E; rewrite ?{sizes} in Hn; cbn [{reduced}] in Hn |- *; {unfold};
  repeat first [match goal with |- context [{fuelled} n {holes}] =>
    rewrite ({name}_equal {variables} n {bound}) by (cbn [{amount}]; {small}) end | {split} ({fuelled} n)];
  reflexivity.
Qed."""


def measured_unfolding(
    owner: Owner, proofs: BoundProofs, function: TypedFunction, measured: Measured, body: str
) -> str:
    """The equation of a function's own text, and its proof, with what it rests on."""
    ids, fuel, renderer = owner.identifiers, owner.identifiers.fuel, Renderer(owner)
    name = ids.functions[function.name]
    texts = proofs.once("amount", lambda given: [NUMBERS.format(amount=given, fuel=fuel)])
    amount = proofs.given("amount")
    sizes: list[str] = []
    for measure in dict.fromkeys(
        t.name for p in measured.positions if isinstance(t := function.parameters[p].type, Data)
    ):
        datatype, size = owner.functions.datatypes[measure], ids.sizes[measure]
        texts += proofs.claims.number_sentences(Data(measure))
        texts += proofs.once(
            f"amount of {size}",
            lambda given, datatype=datatype, size=size: [_size_lemma(datatype, ids, proofs, given, size)],
        )
        sizes.append(proofs.given(f"amount of {size}"))
    knowledge = owner.functions.recursion.bounds.knowledge() if measured.by_bounds else Knowledge()
    texts += proofs.sentences(knowledge)
    arguments = [item.name for item in function.parameters]
    variables = owner.functions.own_arguments(function)
    fuelled = application(explicit(ids.fuelled[function.name], function.type_parameters), variables).text
    bound = [f"?given{position}" for position in range(len(arguments))]
    reduced = [ids.fuelled[function.name], amount, *proofs.reduced(knowledge)]
    settings = {
        "name": name,
        "fuel": fuel,
        "amount": amount,
        "fuelled": fuelled,
        "types": " ".join(owner.functions.type_binders(function)),
        "binders": " ".join(renderer.binder(item) for item in function.parameters),
        "variables": " ".join(variables),
        "arguments": " ".join(arguments),
        "needed": needed_fuel(owner, function, measured),
        "sizes": ", ?".join(sizes),
        "reduced": " ".join(reduced),
        "unfold": unfolding_of(proofs.definitions(knowledge)),
        "holes": " ".join(bound),
        "bound": " ".join(item[1:] for item in bound),
        "call": application(explicit(name, function.type_parameters), [*variables, *arguments]).text,
        "body": body,
        "small": proofs.name("small"),
        "split": proofs.name("by_cases"),
    }
    own, claims = proofs.own_bounds(function, measured.bounds, settings) if measured.bounds else ([], [])
    settings["step"], step = proofs.step(own)
    return "\n".join([*texts, *claims, step, *(text.format(**settings) for text in (SMALL, ENOUGH, EQUATION))])


def _size_lemma(datatype: Datatype, ids: Identifiers, proofs: BoundProofs, lemma: str, size: str) -> str:
    variables = [ids.variables[item] for item in datatype.parameters]
    number = proofs.claims.number(datatype.name)
    return SIZE.format(
        lemma=lemma,
        amount=proofs.given("amount"),
        number=number,
        number_at=application(explicit(number, variables), [*variables, "x"]).text,
        size=size,
        binders=" ".join(f"({item} : Type)" for item in variables),
        type=application(ids.types[datatype.name], variables).text,
        size_at=application(explicit(size, variables), variables).text,
        types=" ".join(variables),
    )
