Definition other := forall x, plus x Zero = Succ x.
Notation goal := (fun x : N => eq_refl x).
