apply simp
  sledgehammer
  done
