theorem goal : 2 + 2 = 5 := by
  rw [<--(by run_tac (do let _ ← pure ()); exact (1 : Int))]
