(*
Statement: Swapping the inputs of every gate of a circuit keeps its output.
Proof: A gate gives the same output when its inputs are swapped, by cases. Then the claim follows by induction on the circuit.
Steps:
1. Show that one gate does not mind swapped inputs.
2. Go through the circuit by induction.
*)
theory Circuit_swapped imports Main
begin

datatype level = Low | High
fun gate :: "level \<Rightarrow> level \<Rightarrow> level" where
  "gate Low b = High"
| "gate High Low = High"
| "gate High High = Low"
datatype circuit = Input level | Wire circuit circuit
fun output :: "circuit \<Rightarrow> level" where
  "output (Input a) = a"
| "output (Wire c d) = gate (output c) (output d)"
fun swapped :: "circuit \<Rightarrow> circuit" where
  "swapped (Input a) = Input a"
| "swapped (Wire c d) = Wire (swapped d) (swapped c)"

lemma gate_swaps: "gate a b = gate b a"
  by (cases a; cases b) auto

theorem circuit_swapped: "output (swapped c) = output c"
  by (induction c) (auto simp: gate_swaps)

end
