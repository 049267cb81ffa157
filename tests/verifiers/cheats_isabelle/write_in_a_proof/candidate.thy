proof -
  write plus (infixl "=" 50)
  show ?thesis by simp
qed
