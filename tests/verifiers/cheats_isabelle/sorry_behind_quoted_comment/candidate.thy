apply (subgoal_tac "n = n (* ")
sorry (* ") *)
