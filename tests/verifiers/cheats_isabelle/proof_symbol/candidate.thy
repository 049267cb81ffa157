proof -
  show ?thesis \<proof>
qed
