Infix "=" := (fun _ _ : N => True) : type_scope.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. exact (fun _ => I). Qed.
