proof -
  have "n = n \<comment> \<open>@{ML \<open>1\<close>}\<close>" by simp
  show ?thesis by simp
qed
