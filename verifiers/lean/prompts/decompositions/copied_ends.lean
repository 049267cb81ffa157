/-
Statement: Copying two chains that were put together gives the chains put together.
Proof: A copy is the same chain, by induction. So the copy may be replaced by what was copied.
Steps:
1. Show that a copy of any chain is that chain.
2. Replace the copy in the goal.
-/
inductive Chain : Type where
  | stop : Chain
  | near : Chain → Chain
  | far : Chain → Chain

def copy : Chain → Chain
  | .stop => .stop
  | .near b => .near (copy b)
  | .far b => .far (copy b)

def glue : Chain → Chain → Chain
  | .stop, b => b
  | .near c, b => .near (glue c b)
  | .far c, b => .far (glue c b)

theorem copy_same : ∀ a, copy a = a := by
  intro a
  induction a with
  | stop => rfl
  | near b ih => simp only [copy, ih]
  | far b ih => simp only [copy, ih]

theorem copied_ends : ∀ a b, copy (glue a b) = glue a b := by
  intro a b
  apply copy_same
