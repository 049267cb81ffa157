/-
Statement: Passing a reading on unchanged before looking at it makes no difference.
Proof: Passing a reading on unchanged gives that reading, by cases. Replace it.
Steps:
1. Show that passing on unchanged is nothing.
2. Rewrite with this.
-/
inductive Lamp : Type where
  | red : Lamp
  | amber : Lamp
  | green : Lamp

def change : Lamp → Lamp
  | .red => .green
  | .green => .amber
  | .amber => .red

inductive Reading : Type where
  | lost : Reading
  | seen : Lamp → Reading

def look : Reading → (Lamp → Reading) → Reading
  | .lost, _ => .lost
  | .seen c, f => f c

theorem look_seen : ∀ r, look r Reading.seen = r := by
  intro r
  cases r with
  | lost => rfl
  | seen c => rfl

theorem reading_kept : ∀ r f, look (look r Reading.seen) f = look r f := by
  intro r f
  rewrite [look_seen]
  rfl
