Definition goal : Prop := forall x, plus x Zero = Succ x.
