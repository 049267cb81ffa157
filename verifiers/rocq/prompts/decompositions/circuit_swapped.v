(*
Statement: Swapping the inputs of every gate of a circuit keeps its output.
Proof: A gate gives the same output when its inputs are swapped, by cases. Then the claim follows by induction on the circuit.
Steps:
1. Show that one gate does not mind swapped inputs.
2. Go through the circuit by induction.
*)
Inductive level : Type := low | high.
Definition gate (a b : level) : level := match a, b with high, high => low | _, _ => high end.
Inductive circuit : Type := input (a : level) | wire (c d : circuit).
Fixpoint output (c : circuit) : level := match c with input a => a | wire c d => gate (output c) (output d) end.
Fixpoint swapped (c : circuit) : circuit := match c with input a => input a | wire c d => wire (swapped d) (swapped c) end.

Lemma gate_swaps : forall a b, gate a b = gate b a.
Proof. destruct a, b; reflexivity. Qed.

Theorem circuit_swapped : forall c, output (swapped c) = output c.
Proof. induction c; simpl; [reflexivity | rewrite IHc1, IHc2; apply gate_swaps]. Qed.
