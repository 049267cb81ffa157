Fixpoint goal (x : N) : plus x Zero = plus x Zero := eq_refl.
