Inductive sUnit : SProp := stt | other.
Inductive pair_with_lets : Type := pack (x y : nat) (ghost1 : sUnit := stt) (ghost2 : sUnit := stt).
Definition left (p : pair_with_lets) : nat := match p with pack x y ghost1 ghost2 => x end.
Definition right (p : pair_with_lets) : nat := match p with pack x y ghost1 ghost2 => y end.
Definition collision (p : pair_with_lets) : left p = right p := eq_refl.
Definition zero_eq_one : O = S O := collision (pack O (S O)).
Theorem goal : False.
Proof. discriminate zero_eq_one. Qed.
