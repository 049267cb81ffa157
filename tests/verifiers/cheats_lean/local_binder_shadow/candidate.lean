theorem goal (Eq : Nat → Nat → Prop) (h : ∀ a b, Eq a b) : Eq (Nat.add 2 2) 5 := h _ _
