by simp (* one (* two *) still a comment *) sorry (* and more *)
