by ("Pure.tactic" \<open>all_tac\<close>)
