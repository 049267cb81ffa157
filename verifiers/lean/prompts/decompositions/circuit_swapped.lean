/-
Statement: Swapping the inputs of every gate of a circuit keeps its output.
Proof: A gate gives the same output when its inputs are swapped, by cases. Then the claim follows by induction on the circuit.
Steps:
1. Show that one gate does not mind swapped inputs.
2. Go through the circuit by induction.
-/
inductive Level : Type where
  | low : Level
  | high : Level

def gate : Level → Level → Level
  | .low, _ => .high
  | .high, .low => .high
  | .high, .high => .low

inductive Circuit : Type where
  | input : Level → Circuit
  | wire : Circuit → Circuit → Circuit

def output : Circuit → Level
  | .input a => a
  | .wire c d => gate (output c) (output d)

def swapped : Circuit → Circuit
  | .input a => .input a
  | .wire c d => .wire (swapped d) (swapped c)

theorem gate_swaps : ∀ a b, gate a b = gate b a := by
  intro a b
  cases a with
  | low => cases b with
    | low => rfl
    | high => rfl
  | high => cases b with
    | low => rfl
    | high => rfl

theorem circuit_swapped : ∀ c, output (swapped c) = output c := by
  intro c
  induction c with
  | input a => rfl
  | wire c d hc hd =>
    simp only [swapped, output, hc, hd]
    exact gate_swaps (output d) (output c)
