/-
Statement: Turning a pair of lamps, changing each, and turning back is changing each.
Proof: Turning and changing each commute, and turning twice is nothing.
Steps:
1. Move the outer turn inside.
2. Cancel the two turns.
-/
inductive Lamp : Type where
  | red : Lamp
  | amber : Lamp
  | green : Lamp

def change : Lamp → Lamp
  | .red => .green
  | .green => .amber
  | .amber => .red

inductive Two : Type where
  | both : Lamp → Lamp → Two

def turned : Two → Two
  | .both a b => .both b a

def each : Two → Two
  | .both a b => .both (change a) (change b)

theorem turned_each : ∀ p, turned (each p) = each (turned p) := by
  intro p
  cases p with
  | both a b => rfl

theorem turned_twice : ∀ p, turned (turned p) = p := by
  intro p
  cases p with
  | both a b => rfl

theorem pair_turned : ∀ p, turned (each (turned p)) = each p := by
  intro p
  simp only [turned_each, turned_twice]
