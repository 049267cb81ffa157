Theorem goal : forall x, plus x Zero = x.
Proof. induction x; simpl; congruence. Qed.
Declare ML Module "extraction_plugin:coq-core.plugins.extraction".
