theorem goal:
  fixes n :: nat
  shows "n = n + 1"
  oops
