by simp (*) sorry (* *) *)
