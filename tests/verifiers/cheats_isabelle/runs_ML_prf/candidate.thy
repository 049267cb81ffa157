proof -
  ML_prf \<open>val x = 1\<close>
  show ?thesis by simp
qed
