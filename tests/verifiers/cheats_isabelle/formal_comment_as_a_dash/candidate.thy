by simp ― \<open>@{ML \<open>1\<close>}\<close>
