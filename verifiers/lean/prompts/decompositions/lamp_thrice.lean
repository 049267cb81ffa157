/-
Statement: A lamp that changes three times shows its first light again.
Proof: Two changes are one step back, and a change after a step back is nothing. Both by cases.
Steps:
1. Show that two changes are one step back.
2. Show that a change undoes a step back.
-/
inductive Lamp : Type where
  | red : Lamp
  | amber : Lamp
  | green : Lamp

def change : Lamp → Lamp
  | .red => .green
  | .green => .amber
  | .amber => .red

def back : Lamp → Lamp
  | .red => .amber
  | .green => .red
  | .amber => .green

theorem change_twice : ∀ c, change (change c) = back c := by
  intro c
  cases c with
  | red => rfl
  | amber => rfl
  | green => rfl

theorem change_back : ∀ c, change (back c) = c := by
  intro c
  cases c with
  | red => rfl
  | amber => rfl
  | green => rfl

theorem lamp_thrice : ∀ c, change (change (change c)) = c := by
  intro c
  simp only [change_twice, change_back]
