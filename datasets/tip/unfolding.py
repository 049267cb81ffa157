"""The equations of functions that are not the plain recursion of their bodies as written, each with its proof.

Whoever checks the translation asks the prover for them; they are no part of a problem.
"""

from __future__ import annotations

from datasets.tip.bound_proofs import BoundProofs
from datasets.tip.measured import measured_unfolding
from datasets.tip.recursion import Lexicographic, Measured, Structural
from datasets.tip.render import Owner, Renderer
from datasets.tip.rocq_text import application, explicit
from datasets.tip.typed import TypedFunction

UNFOLDING = """Lemma {name}_unfold : forall {binders},
  {left} =
  {right}.
Proof.
  intros; {cases}; try reflexivity;
  repeat match goal with |- context [match ?v with _ => _ end] => is_var v; destruct v end; reflexivity.
Qed."""


class Unfoldings:
    def __init__(self, owner: Owner) -> None:
        self.texts: list[str] = []
        self._owner = owner
        self._given: set[str] = set()
        self._proofs = BoundProofs(owner, self.equation)

    def add(self, function: str) -> None:
        """State the equation of a function in the header."""
        self.texts.append(self._unfolding(self._owner.functions.typed[function]))
        self._given.add(function)

    def equation(self, function: str) -> list[str]:
        """The equation of a function in the header, if it was not given yet."""
        if function in self._given:
            return []
        self._given.add(function)
        return [self._unfolding(self._owner.functions.typed[function])]

    def _unfolding(self, function: TypedFunction) -> str:
        """The equation of a function's own text, and its proof: both sides compute once the arguments are known."""
        functions, renderer = self._owner.functions, Renderer(self._owner)
        name = self._owner.identifiers.functions[function.name]
        binders = functions.type_binders(function) + [renderer.binder(item) for item in function.parameters]
        arguments = [*functions.own_arguments(function), *(item.name for item in function.parameters)]
        body = renderer.term(function.body).text
        match functions.forms[function.name].recursion:
            case Measured() as measured:
                return measured_unfolding(self._owner, self._proofs, function, measured, body)
            case Structural(positions):
                split = [function.parameters[positions[function.name]].name]
            case Lexicographic(structural=structural):
                split = [function.parameters[position].name for position in structural]
        left = application(explicit(name, function.type_parameters), arguments).text
        cases = "; ".join(f"destruct {item}" for item in split)
        return UNFOLDING.format(name=name, binders=" ".join(binders), left=left, right=body, cases=cases)
