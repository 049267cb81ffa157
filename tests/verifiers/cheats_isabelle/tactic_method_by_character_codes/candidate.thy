by ("\116actic" \<open>all_tac\<close>)
