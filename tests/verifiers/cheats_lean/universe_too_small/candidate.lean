theorem goal (α : Type) (x y : α) (h : Eq x y) : Eq y x := h.symm
