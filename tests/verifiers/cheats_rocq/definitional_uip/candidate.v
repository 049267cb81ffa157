Set Definitional UIP.
Inductive seq (A : Type) (x : A) : A -> SProp := srefl : seq A x x.
Definition hide (A : Type) (x y : A) (p : x = y) : seq A x y := match p with eq_refl => srefl A x end.
Definition show (A : Type) (x y : A) (s : seq A x y) : x = y := match s with srefl _ _ => eq_refl end.
Theorem goal : forall (A : Type) (x : A) (p : x = x), p = eq_refl.
Proof. intros. exact (match p as q in _ = y return q = show A x y (hide A x y q) with eq_refl => eq_refl end). Qed.
