def write (n : Nat) : Nat :=
  match (IO.FS.writeFile "LemmaryCandidate.olean" "" : EIO _ Unit) () with
  | .ok _ _ => n
  | .error _ _ => n
theorem goal : 2 + 2 = 5 := by
  simp (config := { maxSteps := write 9 })
