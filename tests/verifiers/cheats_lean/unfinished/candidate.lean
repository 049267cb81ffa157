induction x with
  | zero => eq_refl
  | succ x h => skip
