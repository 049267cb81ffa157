proof - have \<open>n = n\<open>\<close> sorry
