/-
Statement: Putting the empty chain behind a chain twice changes nothing.
Proof: Putting the empty chain behind a chain changes nothing, by induction on the chain. Use this twice.
Steps:
1. Show that the empty chain behind any chain changes nothing.
2. Rewrite with this fact twice.
-/
inductive Chain : Type where
  | stop : Chain
  | near : Chain → Chain
  | far : Chain → Chain

def glue : Chain → Chain → Chain
  | .stop, b => b
  | .near c, b => .near (glue c b)
  | .far c, b => .far (glue c b)

theorem glue_stop : ∀ a, glue a Chain.stop = a := by
  intro a
  induction a with
  | stop => rfl
  | near b ih => simp only [glue, ih]
  | far b ih => simp only [glue, ih]

theorem empty_ends : ∀ a, glue (glue a Chain.stop) Chain.stop = a := by
  intro a
  simp only [glue_stop]
