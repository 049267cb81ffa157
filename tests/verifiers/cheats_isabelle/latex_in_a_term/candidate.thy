proof -
  have "n = n \<^latex>\<open>x\<close>" by simp
  show ?thesis by simp
qed
