theorem goal (x : N) (h : Eq (plus x x) x) : Eq (plus x x) x := h
