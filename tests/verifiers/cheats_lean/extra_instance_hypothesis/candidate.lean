theorem goal (x : N) [h : Decidable (Eq (plus x x) x)] : Eq (plus x x) (plus x x) := rfl
