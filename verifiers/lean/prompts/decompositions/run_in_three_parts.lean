/-
Statement: A lamp that runs along three chains put together ends as if it ran along them one after another.
Proof: Running along two chains put together is running along the first, then the second, by induction on the first. Use this twice.
Steps:
1. Show the claim for two chains.
2. Use it for the outer, then for the inner pair.
-/
inductive Chain : Type where
  | stop : Chain
  | near : Chain → Chain
  | far : Chain → Chain

def glue : Chain → Chain → Chain
  | .stop, b => b
  | .near c, b => .near (glue c b)
  | .far c, b => .far (glue c b)

inductive Lamp : Type where
  | red : Lamp
  | amber : Lamp
  | green : Lamp

def change : Lamp → Lamp
  | .red => .green
  | .green => .amber
  | .amber => .red

def run : Chain → Lamp → Lamp
  | .stop, c => c
  | .near b, c => run b c
  | .far b, c => run b (change c)

theorem run_glue : ∀ a b c, run (glue a b) c = run b (run a c) := by
  intro a b c
  induction a generalizing c with
  | stop => rfl
  | near d ih => simp only [glue, run, ih]
  | far d ih => simp only [glue, run, ih]

theorem run_in_three_parts : ∀ x y z c, run (glue x (glue y z)) c = run z (run y (run x c)) := by
  intro x y z c
  simp only [run_glue]
