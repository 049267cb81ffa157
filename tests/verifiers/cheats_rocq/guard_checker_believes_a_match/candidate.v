Definition not_zero n := match n with 0 => False | S _ => True end.
Definition not_one n := match n with 0 => False | S n => not_zero n end.
Fixpoint lie (n : nat) {struct n} : not_zero n -> False.
Proof.
  refine
    match n with
    | 0 => fun h => h
    | S below => fun h =>
      let f (b : bool) (e : b = true) (x : nat) (big : not_one x) :=
        let next := match (if b then x else below) with 0 => below | S one => one end in
        lie next _
      in f true eq_refl 5 I
    end.
  subst b. destruct x; cbn in big; [now exfalso | assumption].
Defined.
Theorem goal : False.
Proof. exact (lie 1 I). Qed.
