by simp \<comment> \<open>@{ML \<open>1\<close>}\<close>
